//! JSON taken apart without copies: objects into members, arrays into elements, each as the text it came as; and the
//! little that is written.
//!
//! A reader of its own, because most of what passes through is never looked into, and a general one costs the
//! component 30 KiB: decoding of all types, and an account of every mistake.

use std::fmt::Write as _;

pub use level::{Level, index, level};
pub use number::number;
pub(super) use number::power;
use scan::Scanner;

mod level;
mod number;
mod scan;

pub(super) use scan::plain_length;

/// A JSON value as the text it came as, without the space around it. It is well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// A document of one value; none if it is no JSON (RFC 8259), not UTF-8, or nested deeper than 256 levels.
    pub fn parse(document: &'a [u8]) -> Option<Self> {
        let mut scanner = Scanner::new(std::str::from_utf8(document).ok()?);
        let value = scanner.value()?;
        scanner.end().then_some(Self(value))
    }

    /// The value at the beginning of a text; whatever follows it is not looked at.
    pub fn first(text: &'a str) -> Option<Self> {
        Scanner::new(text).value().map(Self)
    }

    /// The text.
    pub fn get(self) -> &'a str {
        self.0
    }
}

/// Calls `member` with the name and value of each member of an object, in order. None if the text is no JSON object;
/// the members before the mistake have been shown by then.
pub fn members<'a>(json: &'a [u8], member: &mut dyn FnMut(&str, Json<'a>)) -> Option<()> {
    walk(json, &mut |name, scanner| {
        member(name, Json(scanner.value()?));
        Some(())
    })
}

/// Calls `row` with each element of the first array whose name is `wanted`, without reading any of them twice. Whether there
/// is such an array; none if the text is no JSON object.
pub fn rows<'a>(
    json: &'a [u8],
    wanted: &dyn Fn(&str) -> bool,
    row: &mut dyn FnMut(Json<'a>),
) -> Option<bool> {
    let mut found = false;
    walk(json, &mut |name, scanner| {
        if found || !wanted(name) || scanner.peek() != Some(b'[') {
            return scanner.value().map(drop);
        }
        found = true;
        scanner.elements(row)
    })?;
    Some(found)
}

/// Calls `member` with the name of each member of an object; it goes past the value.
fn walk<'a>(
    json: &'a [u8],
    member: &mut dyn FnMut(&str, &mut Scanner<'a>) -> Option<()>,
) -> Option<()> {
    let mut scanner = Scanner::new(std::str::from_utf8(json).ok()?);
    scanner.take(b'{').then_some(())?;
    if !scanner.take(b'}') {
        loop {
            let name = scanner.string()?;
            scanner.take(b':').then_some(())?;
            match unquoted(name) {
                Some(plain) => member(plain, &mut scanner)?,
                None => member(&text(Json(name))?, &mut scanner)?,
            }
            if !scanner.take(b',') {
                break;
            }
        }
        scanner.take(b'}').then_some(())?;
    }
    scanner.end().then_some(())
}

/// The elements of an array, none if the value is no array.
pub fn elements(json: Json<'_>) -> Option<Vec<Json<'_>>> {
    let mut elements = Vec::new();
    Scanner::new(json.0).elements(&mut |element| elements.push(element))?;
    Some(elements)
}

/// A string's text, none if the value is no string or holds half of a surrogate pair.
pub fn text(json: Json<'_>) -> Option<String> {
    if let Some(plain) = unquoted(json.0) {
        return Some(plain.to_owned());
    }
    let mut rest = json.0.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at)?;
        text.push_str(plain);
        let (c, length) = escaped(escape)?;
        text.push(c);
        rest = escape.get(length..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// Whether the value is `true`.
pub fn is_true(json: Json<'_>) -> bool {
    json.0 == "true"
}

/// Writes a string with its quotes.
pub fn push_text(json: &mut String, text: &str) {
    push(json, text, |byte| {
        byte >= b' ' && byte != b'"' && byte != b'\\'
    });
}

/// Writes a string with its quotes in ASCII, as headers need it: everything else becomes UTF-16 units in hex.
pub fn push_ascii(json: &mut String, text: &str) {
    let plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    push(json, text, plain);
}

fn push(json: &mut String, text: &str, is_plain: fn(u8) -> bool) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        json.push_str(plain);
        let mut characters = special.chars();
        if let Some(c) = characters.next() {
            push_escaped(json, c);
        }
        rest = characters.as_str();
    }
    json.push_str(rest);
    json.push('"');
}

fn push_escaped(json: &mut String, c: char) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(json, "\\u{unit:04x}");
            }
            return;
        }
    };
    json.push_str(short);
}

/// A string's text where it is written without escapes.
fn unquoted(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    (!text.as_bytes().contains(&b'\\')).then_some(text)
}

/// The character that an escape stands for, and the escape's length.
fn escaped(escape: &str) -> Option<(char, usize)> {
    let c = match escape.as_bytes().get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = unit(escape)?;
            if let Some(c) = char::from_u32(high.into()) {
                return Some((c, 6));
            }
            let low = unit(escape.get(6..)?)?;
            let pair = char::decode_utf16([high, low]).next()?.ok()?;
            return Some((pair, 12));
        }
        // Quotes and slashes.
        other => char::from(*other),
    };
    Some((c, 2))
}

/// The UTF-16 unit of `\u0041`.
fn unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests;
