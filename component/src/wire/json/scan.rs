//! Finds where JSON values end, and whether they are well-formed (RFC 8259).

use super::Json;

/// How deep values may be nested. The service allows 128 levels.
const MAX_DEPTH: u32 = 256;

/// A place in a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// The brackets that are open.
#[derive(Default)]
struct Open {
    depth: u32,
    /// A bit for each level: whether it is an object.
    objects: [u64; 4],
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Begins in the midst of a text.
    pub(super) fn at(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// How far it has got.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Goes past space: where the next thing begins.
    pub(super) fn begin(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// Whether nothing but space is left.
    pub(super) fn end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Goes past this byte and the space before it, if it comes next.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at = self.at.saturating_add(found.into());
        found
    }

    /// The string that comes next, with its quotes.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        self.peek();
        let begin = self.at;
        self.skip_string()?;
        self.text.get(begin..self.at)
    }

    /// The value that comes next.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.peek();
        let begin = self.at;
        let mut open = Open::default();
        loop {
            match self.peek()? {
                b'{' => {
                    open.push(true)?;
                    self.bump();
                    if !self.take(b'}') {
                        self.name()?;
                        continue;
                    }
                    open.pop();
                }
                b'[' => {
                    open.push(false)?;
                    self.bump();
                    if !self.take(b']') {
                        continue;
                    }
                    open.pop();
                }
                _ => self.scalar()?,
            }
            if !self.next(&mut open)? {
                return self.text.get(begin..self.at);
            }
        }
    }

    /// Whether another value follows a complete one; if not, all brackets are closed.
    fn next(&mut self, open: &mut Open) -> Option<bool> {
        while open.depth > 0 {
            let object = open.is_object();
            if self.take(b',') {
                if object {
                    self.name()?;
                }
                return Some(true);
            }
            let end = if object { b'}' } else { b']' };
            self.take(end).then_some(())?;
            open.pop();
        }
        Some(false)
    }

    /// Goes past an array, and shows its elements.
    pub(super) fn elements(&mut self, element: &mut dyn FnMut(Json<'a>)) -> Option<()> {
        self.take(b'[').then_some(())?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            element(Json(self.value()?));
            if !self.take(b',') {
                return self.take(b']').then_some(());
            }
        }
    }

    fn name(&mut self) -> Option<()> {
        self.string()?;
        self.take(b':').then_some(())
    }

    fn scalar(&mut self) -> Option<()> {
        match self.byte()? {
            b'"' => self.skip_string(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        rest.starts_with(word).then_some(())?;
        self.at = self.at.saturating_add(word.len());
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let begin = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.bump();
        }
        (self.at > begin).then_some(())
    }

    fn skip_string(&mut self) -> Option<()> {
        self.skip(b'"').then_some(())?;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            self.at = self.at.saturating_add(plain_length(rest));
            let byte = self.byte()?;
            self.bump();
            match byte {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<()> {
        let byte = self.byte()?;
        self.bump();
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let end = self.at.saturating_add(4);
                let hex = self.text.as_bytes().get(self.at..end)?;
                self.at = end;
                hex.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    /// Goes past space. What comes then?
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.bump();
        }
        self.byte()
    }

    /// Goes past this byte, if it comes next.
    fn skip(&mut self, wanted: u8) -> bool {
        let found = self.byte() == Some(wanted);
        self.at = self.at.saturating_add(found.into());
        found
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn bump(&mut self) {
        self.at = self.at.saturating_add(1);
    }
}

impl Open {
    fn push(&mut self, object: bool) -> Option<()> {
        (self.depth < MAX_DEPTH).then_some(())?;
        let bit = 1 << (self.depth % 64);
        let bits = self.objects.get_mut(self.depth as usize / 64)?;
        *bits = if object { *bits | bit } else { *bits & !bit };
        self.depth = self.depth.saturating_add(1);
        Some(())
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Whether the innermost bracket is an object's.
    fn is_object(&self) -> bool {
        let level = self.depth.saturating_sub(1);
        let bits = self.objects.get(level as usize / 64).copied();
        bits.unwrap_or(0) >> (level % 64) & 1 == 1
    }
}

/// A bit for each byte of a word, its lowest.
const ONES: u64 = u64::MAX / 255;

/// How many bytes there are before the next quote, backslash or control character: word by word, because most of what
/// passes through is text.
#[inline]
pub(in crate::wire) fn plain_length(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let mut length = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // The highest bit of each byte that is below `limit`; nonsense only in bytes after the first of them.
        let below = |word: u64, limit: u64| {
            word.wrapping_sub(ONES.wrapping_mul(limit)) & !word & (ONES << 7)
        };
        let equals = |byte: u8| below(word ^ ONES.wrapping_mul(byte.into()), 1);
        let special = equals(b'"') | equals(b'\\') | below(word, 0x20);
        if special != 0 {
            return length.saturating_add(special.trailing_zeros() as usize / 8);
        }
        length = length.saturating_add(8);
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    let found = rest.iter().position(special);
    length.saturating_add(found.unwrap_or(rest.len()))
}
