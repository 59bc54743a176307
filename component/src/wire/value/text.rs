//! Texts: escapes resolved, and the order of UTF-16.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The text between the quotes, without escapes.
pub(super) fn decode(json: &[u8]) -> Cow<'_, [u8]> {
    let inner = json.strip_prefix(b"\"").unwrap_or(json);
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    // The first half of a surrogate pair, as long as the second may follow.
    let mut high = None;
    let mut rest = inner;
    while let Some((byte, after)) = rest.split_first() {
        let (unit, after) = match (byte, after) {
            (b'\\', [b'u', hex @ ..]) => hex_unit(hex),
            (b'\\', [escape, after @ ..]) => (u32::from(plain(*escape)), after),
            _ => {
                flush(&mut out, &mut high);
                out.push(*byte);
                rest = after;
                continue;
            }
        };
        rest = after;
        match (high, unit) {
            (Some(first), 0xDC00..=0xDFFF) => {
                high = None;
                let upper = u32::from(first).wrapping_sub(0xD800) << 10;
                let lower = unit.wrapping_sub(0xDC00);
                push(&mut out, upper.wrapping_add(lower).wrapping_add(0x1_0000));
            }
            (_, 0xD800..=0xDBFF) => {
                flush(&mut out, &mut high);
                high = Some(unit as u16);
            }
            _ => {
                flush(&mut out, &mut high);
                push(&mut out, unit);
            }
        }
    }
    flush(&mut out, &mut high);
    Cow::Owned(out)
}

/// The order of texts as their UTF-16 units have it. UTF-8 orders characters beyond U+FFFF above all others, UTF-16 below
/// U+E000.
pub fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (Some(a), Some(b)) = (one.get(same), other.get(same)) else {
        return one.len().cmp(&other.len());
    };
    // Only three-byte and four-byte characters can be in the other order, and within one they are in this one.
    if *a < 0xED || *b < 0xED {
        return a.cmp(b);
    }
    units(one, same).cmp(units(other, same))
}

fn units(text: &[u8], from: usize) -> impl Iterator<Item = u16> {
    let mut rest = text.get(from..).unwrap_or_default();
    let mut low = None;
    std::iter::from_fn(move || {
        if let Some(unit) = low.take() {
            return Some(unit);
        }
        let (code, after) = first_character(rest)?;
        rest = after;
        let Some(astral) = code.checked_sub(0x1_0000) else {
            return Some(code as u16);
        };
        low = Some(0xDC00 | (astral & 0x3FF) as u16);
        Some(0xD800 | (astral >> 10) as u16)
    })
}

/// The first character's code point and the text after it.
fn first_character(text: &[u8]) -> Option<(u32, &[u8])> {
    let (lead, _) = text.split_first()?;
    let (length, head) = match lead {
        0..0xC0 => (1_usize, *lead),
        0xC0..0xE0 => (2, lead & 0x1F),
        0xE0..0xF0 => (3, lead & 0x0F),
        _ => (4, lead & 0x07),
    };
    let (character, after) = text.split_at_checked(length).unwrap_or((text, &[]));
    let mut code = u32::from(head);
    for byte in character.iter().skip(1) {
        code = code << 6 | u32::from(byte & 0x3F);
    }
    Some((code, after))
}

fn plain(escape: u8) -> u8 {
    match escape {
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    }
}

fn hex_unit(text: &[u8]) -> (u32, &[u8]) {
    let (hex, after) = text.split_at_checked(4).unwrap_or((text, &[]));
    let mut unit = 0;
    for digit in hex {
        unit = unit << 4 | char::from(*digit).to_digit(16).unwrap_or(0);
    }
    (unit, after)
}

fn flush(out: &mut Vec<u8>, high: &mut Option<u16>) {
    if let Some(high) = high.take() {
        push(out, high.into());
    }
}

/// One character as UTF-8, surrogates by the same scheme.
fn push(out: &mut Vec<u8>, code: u32) {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..0x80 => out.push(code as u8),
        0x80..0x800 => out.extend([0xC0 | (code >> 6) as u8, tail(0)]),
        0x800..0x1_0000 => out.extend([0xE0 | (code >> 12) as u8, tail(6), tail(0)]),
        _ => out.extend([0xF0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}
