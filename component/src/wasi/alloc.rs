//! The allocator: free lists for small blocks in front of the standard one.
//!
//! An operation allocates some hundred short texts (header names and values above all, each by a call of the host),
//! and with the standard allocator alone that is a quarter of its instructions. Freed small blocks stay in their
//! list, so memory never shrinks below its peak; blocks over a kilobyte go straight through.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

/// Sizes are rounded up to a multiple of this; it holds the link of a free block.
const STEP: usize = 16;

/// What the standard allocator aligns to without extra work.
const ALIGN: usize = 8;

/// The largest class, in steps.
const CLASSES: usize = 64;

#[global_allocator]
static ALLOCATOR: FreeLists = FreeLists([const { Cell::new(ptr::null_mut()) }; CLASSES + 1]);

/// The heads of the free lists, one for each class. A free block begins with the address of the next one.
struct FreeLists([Cell<*mut u8>; CLASSES + 1]);

// SAFETY: the component has one thread.
unsafe impl Sync for FreeLists {}

impl FreeLists {
    /// The head of the list that blocks of this layout belong to.
    #[inline]
    fn head(&self, layout: Layout) -> Option<&Cell<*mut u8>> {
        let class = layout.size().div_ceil(STEP);
        self.0.get(class).filter(|_| layout.align() <= ALIGN)
    }
}

/// The layout that a block of this size class really has.
#[inline]
fn whole(layout: Layout) -> Layout {
    let size = layout.size().next_multiple_of(STEP);
    Layout::from_size_align(size, ALIGN).unwrap_or(layout)
}

// SAFETY: a block is either the standard allocator's own, or lies in the list of its class, large and aligned enough
// for every layout of the class; which of both depends on the layout alone, and callers free with the layout that
// they allocated with.
unsafe impl GlobalAlloc for FreeLists {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(head) = self.head(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        };
        let block = head.get();
        if block.is_null() {
            // SAFETY: the size is not zero, because the caller's is not.
            return unsafe { System.alloc(whole(layout)) };
        }
        // SAFETY: a free block begins with the next one's address.
        head.set(unsafe { block.cast::<*mut u8>().read() });
        block
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(head) = self.head(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(block, layout) };
        };
        // SAFETY: the block has at least a step of bytes and nobody uses it any more.
        unsafe { block.cast::<*mut u8>().write(head.get()) };
        head.set(block);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size fits.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (self.head(layout).is_some(), self.head(wanted).is_some()) {
            // SAFETY: the caller's promise.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            (true, true) if whole(layout) == whole(wanted) => block,
            // SAFETY: both blocks hold the bytes copied, and they are distinct.
            _ => unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}
