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

/// The head of the list that blocks of so many bytes belong to.
#[inline]
fn head(size: usize) -> Option<&'static Cell<*mut u8>> {
    ALLOCATOR.0.get(size.div_ceil(STEP))
}

/// The layout that a block of so many bytes really has: its class's size, or its own if it has no class.
///
/// # Safety
/// The size is one that a layout may have.
#[inline]
unsafe fn whole(size: usize) -> Layout {
    let real = match head(size) {
        Some(_) => size.next_multiple_of(STEP),
        None => size,
    };
    // SAFETY: the caller's promise; the classes are small.
    unsafe { Layout::from_size_align_unchecked(real, ALIGN) }
}

// These two take nothing but what differs between their callers, which are more than a thousand.

/// A block of so many bytes, aligned as usual.
///
/// # Safety
/// The size is not zero, and one that a layout may have.
#[inline(never)]
unsafe fn take(size: usize) -> *mut u8 {
    if let Some(head) = head(size) {
        let block = head.get();
        if !block.is_null() {
            // SAFETY: a free block begins with the next one's address.
            head.set(unsafe { block.cast::<*mut u8>().read() });
            return block;
        }
    }
    // SAFETY: the caller's promise.
    unsafe { System.alloc(whole(size)) }
}

/// Gives back a block of so many bytes.
///
/// # Safety
/// It comes from [`take`] with a size of the same class, and nobody uses it any more.
#[inline(never)]
unsafe fn give(block: *mut u8, size: usize) {
    let Some(head) = head(size) else {
        // SAFETY: the caller's promise.
        return unsafe { System.dealloc(block, whole(size)) };
    };
    // SAFETY: the block has at least a step of bytes and nobody uses it any more.
    unsafe { block.cast::<*mut u8>().write(head.get()) };
    head.set(block);
}

// SAFETY: blocks of unusual alignment are the standard allocator's own. The others lie in the list of their class,
// large and aligned enough for every layout of the class, or are the standard allocator's with the class's layout;
// which of them depends on the layout alone, and callers free with the layout that they allocated with.
unsafe impl GlobalAlloc for FreeLists {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGN {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        }
        // SAFETY: the caller's promise.
        unsafe { take(layout.size()) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() > ALIGN {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(block, layout) };
        }
        // SAFETY: the caller's promise.
        unsafe { give(block, layout.size()) }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > ALIGN {
            // SAFETY: the caller's promise.
            return unsafe { System.realloc(block, layout, size) };
        }
        let old = layout.size();
        match (head(old).is_some(), head(size).is_some()) {
            // SAFETY: the caller's promise; without a class the layouts are the blocks' own.
            (false, false) => unsafe { System.realloc(block, whole(old), size) },
            (true, true) if old.div_ceil(STEP) == size.div_ceil(STEP) => block,
            // SAFETY: both blocks hold the bytes copied, and they are distinct.
            _ => unsafe {
                let moved = take(size);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, size.min(old));
                    give(block, old);
                }
                moved
            },
        }
    }
}
