//! Sizes and alignments.
#![allow(clippy::arithmetic_side_effects)] // all of it is computed by the compiler, which refuses to overflow

/// What a type takes in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wasi) struct Layout {
    /// How much, a multiple of the alignment.
    pub(in crate::wasi) size: usize,
    /// Its address is a multiple of this.
    pub(in crate::wasi) align: usize,
}

impl Layout {
    /// Pointers and lengths have 32 bits.
    pub(super) const LIST: Self = Self { size: 8, align: 4 };

    /// A number of so many bytes.
    pub(in crate::wasi) const fn scalar(size: usize) -> Self {
        Self { size, align: size }
    }

    /// Fields one after the other, each aligned.
    pub(in crate::wasi) const fn record<const N: usize>(fields: [Self; N]) -> Self {
        let (mut size, mut align) = (0_usize, 1);
        let mut rest: &[Self] = &fields;
        while let [field, others @ ..] = rest {
            size = size.next_multiple_of(field.align) + field.size;
            align = larger(align, field.align);
            rest = others;
        }
        Self {
            size: size.next_multiple_of(align),
            align,
        }
    }

    /// A byte that tells the case, and room for the payload of any.
    pub(in crate::wasi) const fn variant<const N: usize>(cases: [Self; N]) -> Self {
        let (mut size, mut align) = (0, 1);
        let mut rest: &[Self] = &cases;
        while let [case, others @ ..] = rest {
            size = larger(size, case.size);
            align = larger(align, case.align);
            rest = others;
        }
        Self {
            size: (align + size).next_multiple_of(align),
            align,
        }
    }

    /// Where the payload of a variant of this layout begins: behind the byte, aligned.
    pub(in crate::wasi) const fn payload(self) -> usize {
        self.align
    }
}

const fn larger(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

/// A type of the WIT.
pub(in crate::wasi) trait Wire {
    /// What it takes.
    const LAYOUT: Layout;
}

impl<T: Wire + ?Sized> Wire for &T {
    const LAYOUT: Layout = T::LAYOUT;
}

impl<T: Wire> Wire for Box<T> {
    const LAYOUT: Layout = T::LAYOUT;
}

impl<T: Wire> Wire for Option<T> {
    const LAYOUT: Layout = Layout::variant([T::LAYOUT]);
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    const LAYOUT: Layout = Layout::variant([T::LAYOUT, E::LAYOUT]);
}

impl<T> Wire for [T] {
    const LAYOUT: Layout = Layout::LIST;
}

impl<T> Wire for Vec<T> {
    const LAYOUT: Layout = Layout::LIST;
}

impl Wire for str {
    const LAYOUT: Layout = Layout::LIST;
}

impl Wire for String {
    const LAYOUT: Layout = Layout::LIST;
}

impl Wire for bool {
    const LAYOUT: Layout = Layout::scalar(1);
}

macro_rules! tuples {
    ($(($($type:ident)*))*) => { $(
        impl<$($type: Wire),*> Wire for ($($type,)*) {
            const LAYOUT: Layout = Layout::record([$($type::LAYOUT),*]);
        }
    )* };
}

tuples!(() (A) (A B) (A B C) (A B C D) (A B C D E));
