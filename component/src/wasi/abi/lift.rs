//! What comes in.

use std::alloc;

use super::{Fields, Layout, Wire};

/// A type that is read from memory.
pub(in crate::wasi) trait Lift: Wire + Sized {
    /// Takes the value at this address.
    ///
    /// # Safety
    /// The host has written a value of this type there, and it is taken once.
    unsafe fn lift(at: *const u8) -> Self;

    /// Takes a list over: so many values, one at least, from this address on.
    ///
    /// # Safety
    /// The host has written them there, into a block that it holds from the allocator, and they are taken once.
    unsafe fn lift_list(list: *mut u8, count: usize) -> Vec<Self> {
        let size = Self::LAYOUT.size;
        let value = |index: usize| list.wrapping_add(index.wrapping_mul(size));
        // SAFETY: the caller's promise.
        let values = (0..count).map(|index| unsafe { Self::lift(value(index)) });
        let values = values.collect();
        // SAFETY: the caller's promise; all values are taken.
        unsafe { free(list, size.wrapping_mul(count), Self::LAYOUT.align) };
        values
    }
}

/// Takes all arguments of an export, which the host has written into a block of their own.
///
/// # Safety
/// That of [`Lift::lift`], for the record of the export's parameters.
#[inline(always)]
pub(in crate::wasi) unsafe fn arguments<T: Lift>(at: *mut u8) -> T {
    // SAFETY: the caller's promise.
    unsafe {
        let arguments = T::lift(at);
        free(at, T::LAYOUT.size, T::LAYOUT.align);
        arguments
    }
}

/// Takes arguments that came as words, put down one after the other.
///
/// # Safety
/// That of [`Lift::lift`], for a record of the export's parameters that has nothing but words.
#[inline(always)]
pub(in crate::wasi) unsafe fn lift<T: Lift>(words: *const u8) -> T {
    // SAFETY: the caller's promise.
    unsafe { T::lift(words) }
}

/// Gives back a block that the host has got.
///
/// # Safety
/// The host got it for so many bytes, more than none, of this alignment; nobody uses it any more.
unsafe fn free(block: *mut u8, size: usize, align: usize) {
    // SAFETY: the caller's promise.
    unsafe { alloc::dealloc(block, alloc::Layout::from_size_align_unchecked(size, align)) }
}

impl Lift for bool {
    unsafe fn lift(at: *const u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe { at.read() != 0 }
    }
}

impl Lift for String {
    unsafe fn lift(at: *const u8) -> Self {
        // SAFETY: the caller's promise; the host gives UTF-8.
        unsafe { Self::from_utf8_unchecked(Vec::lift(at)) }
    }
}

impl<T: Lift> Lift for Vec<T> {
    unsafe fn lift(at: *const u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let (list, count) = list(at);
            if count == 0 {
                return Self::new();
            }
            T::lift_list(list, count)
        }
    }
}

/// Where a list begins, and its length.
///
/// # Safety
/// The host has written a list there.
#[inline(always)]
unsafe fn list(at: *const u8) -> (*mut u8, usize) {
    // SAFETY: the caller's promise.
    unsafe { at.cast::<(*mut u8, usize)>().read() }
}

impl<T: Lift> Lift for Option<T> {
    unsafe fn lift(at: *const u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe { (at.read() != 0).then(|| T::lift(at.add(Self::LAYOUT.payload()))) }
    }
}

impl Wire for u8 {
    const LAYOUT: Layout = Layout::scalar(1);
}

impl Lift for u8 {
    unsafe fn lift(at: *const u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe { at.read() }
    }

    unsafe fn lift_list(list: *mut u8, count: usize) -> Vec<Self> {
        // SAFETY: the caller's promise: the block is as large as the list.
        unsafe { Vec::from_raw_parts(list, count, count) }
    }
}

macro_rules! numbers {
    ($($type:ty)*) => { $(
        impl Wire for $type {
            const LAYOUT: Layout = Layout::scalar(size_of::<$type>());
        }

        impl Lift for $type {
            #[inline(always)]
            unsafe fn lift(at: *const u8) -> Self {
                // SAFETY: the caller's promise, alignment included.
                unsafe { at.cast::<$type>().read() }
            }
        }
    )* };
}

numbers!(u16 u32 u64 f64);

macro_rules! tuples {
    ($(($($type:ident)*))*) => { $(
        impl<$($type: Lift),*> Lift for ($($type,)*) {
            #[inline(always)]
            unsafe fn lift(at: *const u8) -> Self {
                let mut fields = Fields::of(at);
                // SAFETY: the caller's promise.
                unsafe { ($(fields.lift::<$type>(),)*) }
            }
        }
    )* };
}

tuples!((A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F));

impl Lift for () {
    unsafe fn lift(_: *const u8) -> Self {}
}

/// Describes a record by its fields, in the order of the WIT, and says what is made of them: the type itself if nothing is
/// said. Consecutive fields of one alignment may be a record of their own.
macro_rules! record {
    ($type:ty { $($field:ident: $field_type:ty),* $(,)? }) => {
        record!($type { $($field: $field_type),* } => Self { $($field),* });
    };
    ($type:ty { $($field:ident: $field_type:ty),* $(,)? } => $value:expr) => {
        impl $crate::wasi::abi::Wire for $type {
            const LAYOUT: $crate::wasi::abi::Layout = $crate::wasi::abi::Layout::record([
                $(<$field_type as $crate::wasi::abi::Wire>::LAYOUT),*
            ]);
        }

        #[allow(unsafe_code)] // the order is the WIT's
        impl $crate::wasi::abi::Lift for $type {
            #[inline(never)]
            unsafe fn lift(at: *const u8) -> Self {
                let mut fields = $crate::wasi::abi::Fields::of(at);
                // SAFETY: the caller's promise.
                $(let $field: $field_type = unsafe { fields.lift() };)*
                $value
            }
        }
    };
}

/// Describes a variant by its cases, in the order of the WIT: number, payload and what is made of it. The last number is `_`.
macro_rules! variant {
    ($type:ty { $($number:tt => $payload:tt: $payload_type:ty => $value:expr),* $(,)? }) => {
        impl $crate::wasi::abi::Wire for $type {
            const LAYOUT: $crate::wasi::abi::Layout = $crate::wasi::abi::Layout::variant([
                $(<$payload_type as $crate::wasi::abi::Wire>::LAYOUT),*
            ]);
        }

        #[allow(unsafe_code)] // the order is the WIT's
        impl $crate::wasi::abi::Lift for $type {
            #[inline(never)]
            unsafe fn lift(at: *const u8) -> Self {
                use $crate::wasi::abi::{Lift, Wire};
                let payload = at.wrapping_add(<Self as Wire>::LAYOUT.payload());
                // SAFETY: the caller's promise: the payload is of the case that the byte tells.
                match unsafe { at.read() } {
                    $($number => {
                        let $payload = unsafe { <$payload_type as Lift>::lift(payload) };
                        $value
                    })*
                }
            }
        }
    };
}
