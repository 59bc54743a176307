//! What goes out.

use super::{Fields, Wire};

/// What a lowered value points at besides itself.
#[derive(Default)]
pub(in crate::wasi) struct Keep {
    /// Lists of what is more than bytes.
    lists: Vec<Vec<u64>>,
    texts: Vec<String>,
}

impl Keep {
    /// Room for a list of so many bytes.
    fn list(&mut self, bytes: usize) -> *mut u8 {
        let mut list = Vec::with_capacity(bytes.div_ceil(size_of::<u64>()));
        let start = list.as_mut_ptr();
        self.lists.push(list);
        start.cast()
    }

    /// Keeps a text that was made for the answer, and points at nothing itself.
    pub(in crate::wasi) fn text(&mut self, text: String) {
        self.texts.push(text);
    }
}

/// A type that is written to memory.
pub(in crate::wasi) trait Lower: Wire {
    /// Writes the value at this address. It points at what the value itself holds, and at what is kept.
    ///
    /// # Safety
    /// There is room for a value of this type. Until it has been read, this value and what is kept stay as they are.
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep);

    /// Writes a list at this address.
    ///
    /// # Safety
    /// As for one.
    #[inline(never)]
    unsafe fn lower_list(list: &[Self], at: *mut u8, keep: &mut Keep)
    where
        Self: Sized,
    {
        let size = Self::LAYOUT.size;
        let start = keep.list(size.wrapping_mul(list.len()));
        let mut place = start;
        for value in list {
            // SAFETY: the list has room for all values.
            unsafe { value.lower(place, keep) };
            place = place.wrapping_add(size);
        }
        // SAFETY: the caller's promise.
        unsafe { put_list(at, start, list.len()) }
    }
}

/// Writes where a list begins, and its length.
///
/// # Safety
/// There is room for a list.
#[inline(always)]
unsafe fn put_list(at: *mut u8, start: *const u8, count: usize) {
    let place = at.cast::<*const u8>();
    // SAFETY: the caller's promise.
    unsafe {
        place.write(start);
        place.add(1).cast::<usize>().write(count);
    }
}

impl<T: Lower + ?Sized> Lower for &T {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { (**self).lower(at, keep) }
    }
}

impl<T: Lower> Lower for Box<T> {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { (**self).lower(at, keep) }
    }
}

impl<T: Lower> Lower for Option<T> {
    #[inline(never)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe {
            at.write(u8::from(self.is_some()));
            if let Some(value) = self {
                value.lower(at.add(Self::LAYOUT.payload()), keep);
            }
        }
    }
}

impl<T: Lower> Lower for [T] {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { T::lower_list(self, at, keep) }
    }
}

impl<T: Lower> Lower for Vec<T> {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { T::lower_list(self, at, keep) }
    }
}

impl Lower for str {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, _: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { put_list(at, self.as_ptr(), self.len()) }
    }
}

impl Lower for String {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { self.as_str().lower(at, keep) }
    }
}

impl Lower for bool {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, _: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { at.write(u8::from(*self)) }
    }
}

impl Lower for u8 {
    #[inline(always)]
    unsafe fn lower(&self, at: *mut u8, _: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { at.write(*self) }
    }

    #[inline(always)]
    unsafe fn lower_list(list: &[Self], at: *mut u8, _: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { put_list(at, list.as_ptr(), list.len()) }
    }
}

macro_rules! numbers {
    ($($type:ty)*) => { $(
        impl Lower for $type {
            #[inline(always)]
            unsafe fn lower(&self, at: *mut u8, _: &mut Keep) {
                // SAFETY: the caller's promise, alignment included.
                unsafe { at.cast::<$type>().write(*self) }
            }
        }
    )* };
}

numbers!(u16 u32 u64 f64);

impl<T: Lower, E: Lower> Lower for Result<T, E> {
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        let payload = at.wrapping_add(Self::LAYOUT.payload());
        // SAFETY: the caller's promise.
        unsafe {
            at.write(u8::from(self.is_err()));
            match self {
                Ok(value) => value.lower(payload, keep),
                Err(error) => error.lower(payload, keep),
            }
        }
    }
}

impl<A: Lower, B: Lower> Lower for (A, B) {
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        let mut fields = Fields::of(at);
        // SAFETY: the caller's promise.
        unsafe {
            fields.lower(&self.0, keep);
            fields.lower(&self.1, keep);
        }
    }
}

impl Lower for () {
    unsafe fn lower(&self, _: *mut u8, _: &mut Keep) {}
}

/// Describes a record that goes out by its fields, in the order of the WIT: value and type of each.
macro_rules! outgoing {
    ($type:ty, |$own:ident| { $($value:expr => $field_type:ty),* $(,)? }) => {
        impl $crate::wasi::abi::Wire for $type {
            const LAYOUT: $crate::wasi::abi::Layout = $crate::wasi::abi::Layout::record([
                $(<$field_type as $crate::wasi::abi::Wire>::LAYOUT),*
            ]);
        }

        #[allow(unsafe_code)] // the order is the WIT's
        impl $crate::wasi::abi::Lower for $type {
            #[inline(never)]
            unsafe fn lower(&self, at: *mut u8, keep: &mut $crate::wasi::abi::Keep) {
                let $own = self;
                let mut fields = $crate::wasi::abi::Fields::of(at);
                $({
                    let value: &$field_type = &$value;
                    // SAFETY: the caller's promise; what is made here points at what stays.
                    unsafe { fields.lower(value, keep) };
                })*
            }
        }
    };
}
