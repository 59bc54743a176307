//! Numbers and texts as bytes.

use super::Writer;

/// What is left to read. Where nothing can be read, that is nothing, and the cursor is broken from then on: to be asked
/// once, at the end. Nothing takes more memory than there are bytes.
#[derive(Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    broken: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        let broken = false;
        Self { rest, broken }
    }

    /// Whether all that was asked for was there.
    pub(super) fn is_whole(&self) -> bool {
        !self.broken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(never)]
    pub(super) fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                *byte
            }
            None => {
                self.broken = true;
                0
            }
        }
    }

    #[inline(never)]
    pub(super) fn number(&mut self) -> u64 {
        let mut number = 0_u64;
        for shift in (0..64_u32).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7F).wrapping_shl(shift);
            if byte < 0x80 {
                return number;
            }
        }
        self.give_up();
        0
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.number();
        self.take(length)
    }

    /// A part, which is as broken as this if it is not all there.
    pub(super) fn part(&mut self) -> Self {
        let length = match self.take(4) {
            [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => 0,
        };
        let rest = self.take(length.into());
        let broken = self.broken;
        Self { rest, broken }
    }

    #[inline(never)]
    fn take(&mut self, length: u64) -> &'a [u8] {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match self.rest.split_at_checked(length) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.give_up();
                &[]
            }
        }
    }

    #[inline(never)]
    pub(super) fn text(&mut self) -> &'a str {
        str::from_utf8(self.bytes()).unwrap_or_else(|_| {
            self.give_up();
            ""
        })
    }

    /// A text that goes into a header.
    #[inline(never)]
    pub(super) fn id(&mut self) -> &'a str {
        let text = self.text();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.give_up();
        }
        text
    }

    /// The end of what can be read.
    pub(super) fn give_up(&mut self) {
        (self.rest, self.broken) = (&[], true);
    }
}

impl Writer {
    #[inline(never)]
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    #[inline(never)]
    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.number(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    pub(super) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
}
