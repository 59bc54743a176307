//! A walk over JSON that is known to be valid. On anything else it ends early, without panic and without end.

use std::borrow::Cow;

use super::text;
use crate::wire::json::plain_length;

/// The elements of an array, each as it came; none if the value is no array.
pub fn elements(json: &[u8]) -> Elements<'_> {
    Elements(Scanner::inside(json, b'['))
}

/// The names and values of an object's members in order, names without escapes; none if the value is no object.
pub fn members(json: &[u8]) -> Members<'_> {
    Members(Scanner::inside(json, b'{'))
}

/// The value of the first member with this name; none if the value is no object.
pub fn member<'a>(json: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    for (name, value) in members(json) {
        if *name == *wanted {
            return Some(value);
        }
    }
    None
}

/// See [`elements`].
pub struct Elements<'a>(Scanner<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    // Small enough to be copied to every caller, which all together is not small.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.item()
    }
}

/// See [`members`].
pub struct Members<'a>(Scanner<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, [u8]>, &'a [u8]);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.item()?;
        self.0.eat(b':');
        Some((text::decode(name), self.0.value()?))
    }
}

/// A place in the text.
pub(super) struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(super) fn new(json: &'a [u8]) -> Self {
        Self { rest: json }
    }

    #[inline(never)]
    fn inside(json: &'a [u8], bracket: u8) -> Self {
        let mut scanner = Self::new(json);
        if !scanner.eat(bracket) {
            scanner.rest = &[];
        }
        scanner
    }

    /// The next byte that is no space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    /// Passes this byte if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        if next {
            self.take(1);
        }
        next
    }

    /// The next value of a list, commas passed over; none at its end.
    pub(super) fn item(&mut self) -> Option<&'a [u8]> {
        self.eat(b',');
        match self.peek()? {
            b']' | b'}' => None,
            _ => self.value(),
        }
    }

    /// The next value, whatever it is; none if there is none.
    pub(super) fn value(&mut self) -> Option<&'a [u8]> {
        match self.peek()? {
            b'"' => Some(self.text()),
            b'[' | b'{' => Some(self.nested()),
            _ => self.token(),
        }
    }

    /// A text with its quotes.
    pub(super) fn text(&mut self) -> &'a [u8] {
        let length = text_length(self.rest);
        self.take(length)
    }

    /// A number, `true`, `false` or `null`.
    pub(super) fn token(&mut self) -> Option<&'a [u8]> {
        let ends = |byte: &u8| matches!(byte, b',' | b':' | b']' | b'}' | b'[' | b'{' | b'"');
        let end = |byte: &u8| ends(byte) || byte.is_ascii_whitespace();
        let length = self.rest.iter().position(end).unwrap_or(self.rest.len());
        (length > 0).then(|| self.take(length))
    }

    fn nested(&mut self) -> &'a [u8] {
        let (mut depth, mut at) = (0_usize, 0_usize);
        while let Some(byte) = self.rest.get(at) {
            let mut length = 1;
            match byte {
                b'"' => length = text_length(self.rest.get(at..).unwrap_or_default()),
                b'[' | b'{' => depth = depth.saturating_add(1),
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => (),
            }
            at = at.saturating_add(length);
            if depth == 0 {
                break;
            }
        }
        self.take(at)
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }
}

/// The bytes up to and with the closing quote.
fn text_length(json: &[u8]) -> usize {
    let mut at = 1_usize;
    while let Some(rest) = json.get(at..) {
        at = at.saturating_add(plain_length(rest));
        match json.get(at) {
            None => break,
            Some(b'\\') => at = at.saturating_add(2),
            Some(b'"') => return at.saturating_add(1),
            Some(_) => at = at.saturating_add(1),
        }
    }
    json.len()
}
