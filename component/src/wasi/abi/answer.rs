//! What an export returns, until the host has read it.

use std::mem::{MaybeUninit, offset_of};

use super::{Keep, Lower};

/// Words of eight bytes that the largest answer takes.
const WORDS: usize = 50;

/// A value and how it lies in memory. The host has the address.
#[repr(C)]
struct Answer<T> {
    lowered: MaybeUninit<[u64; WORDS]>,
    free: unsafe fn(*mut u8),
    value: T,
    keep: Keep,
}

/// Makes an answer of a value; the host is told where it is, and [`release`] lets go of it.
pub(in crate::wasi) fn answer<T: Lower>(value: T) -> *mut u8 {
    const { assert!(T::LAYOUT.size <= size_of::<[u64; WORDS]>()) };
    let mut answer = Box::new(Answer {
        lowered: MaybeUninit::uninit(),
        free: free::<T>,
        value,
        keep: Keep::default(),
    });
    let lowered = answer.lowered.as_mut_ptr().cast();
    // SAFETY: there is room, and the answer stays as it is until it is let go of.
    unsafe { answer.value.lower(lowered, &mut answer.keep) };
    Box::into_raw(answer).cast()
}

/// Lets go of an answer.
///
/// # Safety
/// It is one of [`answer`], and nobody reads it any more.
pub(in crate::wasi) unsafe fn release(at: *mut u8) {
    // SAFETY: the caller's promise. What comes before `value` lies alike in all answers.
    unsafe {
        let free = at.add(offset_of!(Answer<()>, free));
        free.cast::<unsafe fn(*mut u8)>().read()(at);
    }
}

/// # Safety
/// It is an answer that holds a `T`, and nobody reads it any more.
unsafe fn free<T>(at: *mut u8) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(at.cast::<Answer<T>>()) });
}
