//! What comes in.

use std::alloc;
use std::mem::MaybeUninit;

use super::{Fields, Layout, Wire};

/// A type that is read from memory, straight into its place: to return it would be to copy it.
pub(in crate::wasi) trait Lift: Wire + Sized {
    /// Takes the value at this address, and puts it where it belongs.
    ///
    /// # Safety
    /// The host has written a value of this type there, and it is taken once. The place is free.
    unsafe fn lift(at: *const u8, into: *mut Self);

    /// Takes the list of such values over that is at this address.
    ///
    /// # Safety
    /// As for one.
    #[inline(never)]
    unsafe fn lift_list(at: *const u8, into: *mut Vec<Self>) {
        let Layout { size, align } = Self::LAYOUT;
        // SAFETY: the caller's promise; there is room for all values, and in the end all are taken.
        unsafe {
            let (list, count) = list(at);
            let mut values: Vec<Self> = Vec::with_capacity(count);
            for index in 0..count {
                let value = list.add(index.wrapping_mul(size));
                Self::lift(value, values.as_mut_ptr().add(index));
            }
            values.set_len(count);
            free(list, size.wrapping_mul(count), align);
            into.write(values);
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
    let [start, count] = unsafe { at.cast::<[*mut u8; 2]>().read() };
    (start, count.addr())
}

/// Takes the value at this address.
///
/// # Safety
/// That of [`Lift::lift`].
#[inline(always)]
pub(in crate::wasi) unsafe fn lift<T: Lift>(at: *const u8) -> T {
    let mut value = MaybeUninit::uninit();
    // SAFETY: the caller's promise.
    unsafe {
        T::lift(at, value.as_mut_ptr());
        value.assume_init()
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
        let arguments = lift(at);
        free(at, T::LAYOUT.size, T::LAYOUT.align);
        arguments
    }
}

/// Words of eight bytes that the result of an import may take.
const WORDS: usize = 8;

/// Calls an import that puts its result where it is told.
///
/// # Safety
/// The result is a `T`.
#[inline(always)]
pub(in crate::wasi) unsafe fn imported<T: Lift>(call: impl FnOnce(*mut u8)) -> T {
    const { assert!(T::LAYOUT.size <= size_of::<[u64; WORDS]>()) };
    let mut result = MaybeUninit::<[u64; WORDS]>::uninit();
    call(result.as_mut_ptr().cast());
    // SAFETY: the caller's promise; the host has written it.
    unsafe { lift(result.as_ptr().cast()) }
}

/// Gives back a block that the host has got. There is none if it has no bytes.
///
/// # Safety
/// The host got it for so many bytes of this alignment; nobody uses it any more.
#[inline(never)]
unsafe fn free(block: *mut u8, size: usize, align: usize) {
    if size > 0 {
        // SAFETY: the caller's promise.
        unsafe { alloc::dealloc(block, alloc::Layout::from_size_align_unchecked(size, align)) }
    }
}

impl Lift for bool {
    #[inline(always)]
    unsafe fn lift(at: *const u8, into: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe { into.write(at.read() != 0) }
    }
}

impl Lift for String {
    #[inline(never)]
    unsafe fn lift(at: *const u8, into: *mut Self) {
        // SAFETY: the caller's promise; the host gives UTF-8.
        unsafe { into.write(Self::from_utf8_unchecked(lift(at))) }
    }
}

impl<T: Lift> Lift for Vec<T> {
    #[inline(always)]
    unsafe fn lift(at: *const u8, into: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe { T::lift_list(at, into) }
    }
}

impl<T: Lift> Lift for Option<T> {
    #[inline(never)]
    unsafe fn lift(at: *const u8, into: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe {
            into.write(match at.read() {
                0 => None,
                _ => Some(lift(at.add(Self::LAYOUT.payload()))),
            });
        }
    }
}

impl<T: Lift, E: Lift> Lift for Result<T, E> {
    #[inline(always)]
    unsafe fn lift(at: *const u8, into: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe {
            let payload = at.add(Self::LAYOUT.payload());
            into.write(match at.read() {
                0 => Ok(lift(payload)),
                _ => Err(lift(payload)),
            });
        }
    }
}

macro_rules! numbers {
    ($($type:ty $({ $($list:tt)* })?)*) => { $(
        impl Wire for $type {
            const LAYOUT: Layout = Layout::scalar(size_of::<$type>());
        }

        impl Lift for $type {
            #[inline(always)]
            unsafe fn lift(at: *const u8, into: *mut Self) {
                // SAFETY: the caller's promise, alignment included.
                unsafe { into.write(at.cast::<$type>().read()) }
            }

            $($($list)*)?
        }
    )* };
}

numbers!(u16 u32 u64 f64 u8 {
    #[inline(never)]
    unsafe fn lift_list(at: *const u8, into: *mut Vec<Self>) {
        // SAFETY: the caller's promise: the block is as large as the list.
        unsafe {
            into.write(match list(at) {
                (_, 0) => Vec::new(),
                (list, count) => Vec::from_raw_parts(list, count, count),
            });
        }
    }
});

macro_rules! tuples {
    ($(($($type:ident $field:tt)*))*) => { $(
        impl<$($type: Lift),*> Lift for ($($type,)*) {
            #[inline(always)]
            unsafe fn lift(at: *const u8, into: *mut Self) {
                let mut fields = Fields::of(at);
                // SAFETY: the caller's promise.
                unsafe { $(fields.lift::<$type>(&raw mut (*into).$field);)* }
            }
        }
    )* };
}

tuples! {
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
}

impl Lift for () {
    unsafe fn lift(_: *const u8, _: *mut Self) {}
}

/// Resources of the host that the component owns.
macro_rules! owned {
    ($($type:ty),*) => { $(
        impl $crate::wasi::abi::Wire for $type {
            const LAYOUT: $crate::wasi::abi::Layout = $crate::wasi::abi::Layout::scalar(4);
        }

        #[allow(unsafe_code)] // the host gives each handle once
        impl $crate::wasi::abi::Lift for $type {
            #[inline(always)]
            unsafe fn lift(at: *const u8, into: *mut Self) {
                // SAFETY: the caller's promise.
                unsafe { into.write(Self::from_handle(at.cast::<u32>().read())) }
            }
        }
    )* };
}

/// Describes a record by its fields, in the order of the WIT, and says what is made of them: the type itself if nothing is
/// said. Consecutive fields of one alignment may be a record of their own.
macro_rules! record {
    ($type:ty { $($field:ident: $field_type:ty),* $(,)? }) => {
        record!($type, [$($field_type),*], |at, into| {
            let mut fields = $crate::wasi::abi::Fields::of(at);
            // SAFETY: the caller's promise.
            unsafe { $(fields.lift::<$field_type>(&raw mut (*into).$field);)* }
        });
    };
    ($type:ty { $($field:ident: $field_type:ty),* $(,)? } => $value:expr) => {
        record!($type, [$($field_type),*], |at, into| {
            let mut fields = $crate::wasi::abi::Fields::of(at);
            // SAFETY: the caller's promise.
            unsafe {
                $(let $field: $field_type = fields.take();)*
                into.write($value);
            }
        });
    };
    ($type:ty, [$($field_type:ty),*], |$at:ident, $into:ident| $lift:block) => {
        impl $crate::wasi::abi::Wire for $type {
            const LAYOUT: $crate::wasi::abi::Layout = $crate::wasi::abi::Layout::record([
                $(<$field_type as $crate::wasi::abi::Wire>::LAYOUT),*
            ]);
        }

        #[allow(unsafe_code)] // the order is the WIT's
        impl $crate::wasi::abi::Lift for $type {
            #[inline(never)]
            unsafe fn lift($at: *const u8, $into: *mut Self) $lift
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
            unsafe fn lift(at: *const u8, into: *mut Self) {
                use $crate::wasi::abi::{Wire, lift};
                let payload = at.wrapping_add(<Self as Wire>::LAYOUT.payload());
                // SAFETY: the caller's promise: the payload is of the case that the byte tells.
                unsafe {
                    into.write(match at.read() {
                        $($number => {
                            let $payload: $payload_type = lift(payload);
                            $value
                        })*
                    });
                }
            }
        }
    };
}
