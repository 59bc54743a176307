//! The canonical ABI: how values of `wit/types.wit` lie in the component's memory, where the host writes arguments and
//! reads results.
//!
//! The driver's own types are read straight from the arguments ([`Lift`]) and written straight into results ([`Lower`]):
//! strings and bodies that come in are taken over, those that go out are only pointed at ([`answer`]). Calls of the host
//! that may give an error code are read in the same way ([`imported`]).
//!
//! What is unsafe here rests on two promises. Each implementation names its fields and cases in the order of the WIT, so
//! that it has the layout that the host goes by; and the host has written what the types say, into blocks that it got from
//! `cabi_realloc`, which is to say from the global allocator. A case that there is not is read as the last one.
#![allow(unsafe_code)]

mod answer;
mod layout;
#[macro_use]
mod lift;
#[macro_use]
mod lower;

pub(super) use answer::{answer, release};
pub(super) use layout::{Layout, Wire};
pub(super) use lift::{Lift, arguments, imported, lift};
pub(super) use lower::{Keep, Lower};

/// Walks over the fields of a record. Where they are is known when the walk is compiled.
pub(super) struct Fields {
    record: *mut u8,
    end: usize,
}

impl Fields {
    /// Of the record at this address.
    #[inline(always)]
    pub(super) fn of(record: *const u8) -> Self {
        Self {
            record: record.cast_mut(),
            end: 0,
        }
    }

    /// Where the next field lies, which is of type `T`.
    #[inline(always)]
    fn next<T: Wire>(&mut self) -> *mut u8 {
        let offset = self.end.next_multiple_of(T::LAYOUT.align);
        self.end = offset.wrapping_add(T::LAYOUT.size);
        self.record.wrapping_add(offset)
    }

    /// Takes the next field.
    ///
    /// # Safety
    /// That of [`Lift::lift`], for a record whose next field is a `T`.
    #[inline(always)]
    pub(super) unsafe fn take<T: Lift>(&mut self) -> T {
        // SAFETY: the caller's promise.
        unsafe { lift(self.next::<T>()) }
    }

    /// Takes the next field, and puts it where it belongs.
    ///
    /// # Safety
    /// That of [`Lift::lift`], for a record whose next field is a `T`.
    #[inline(always)]
    pub(super) unsafe fn lift<T: Lift>(&mut self, into: *mut T) {
        // SAFETY: the caller's promise.
        unsafe { T::lift(self.next::<T>(), into) }
    }

    /// Writes the next field.
    ///
    /// # Safety
    /// That of [`Lower::lower`], for a record whose next field is a `T`.
    #[inline(always)]
    pub(super) unsafe fn lower<T: Lower>(&mut self, value: &T, keep: &mut Keep) {
        // SAFETY: the caller's promise.
        unsafe { value.lower(self.next::<T>(), keep) }
    }
}

/// Names the cases of enumerations in the order of the WIT.
macro_rules! enumerations {
    ($($type:ty { $($case:ident),* $(,)? })*) => { $(
        impl $crate::wasi::abi::Wire for $type {
            const LAYOUT: $crate::wasi::abi::Layout = $crate::wasi::abi::Layout::scalar(1);
        }

        const _: () = {
            enum Place { $($case),* }

            #[allow(unsafe_code)] // the order is the WIT's
            impl $crate::wasi::abi::Lift for $type {
                #[inline(always)]
                unsafe fn lift(at: *const u8, into: *mut Self) {
                    let cases = [$(Self::$case),*];
                    let [.., last] = cases;
                    // SAFETY: the caller's promise.
                    unsafe {
                        let place = usize::from(at.read());
                        into.write(cases.get(place).copied().unwrap_or(last));
                    }
                }
            }

            #[allow(unsafe_code)] // the order is the WIT's
            impl $crate::wasi::abi::Lower for $type {
                #[inline(always)]
                unsafe fn lower(&self, at: *mut u8, _: &mut $crate::wasi::abi::Keep) {
                    let place = match self { $(Self::$case => Place::$case),* };
                    // SAFETY: the caller's promise.
                    unsafe { at.write(place as u8) }
                }
            }
        };
    )* };
}
