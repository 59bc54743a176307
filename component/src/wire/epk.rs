//! Effective partition keys: where in the container's hash space a partition key lies (spec data-plane §1.4).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::Invalid;
use super::key::{KeyComponent, normalized};
use super::murmur;

#[cfg(test)]
mod tests;

/// Keys of version 1 cover this many UTF-16 units of a text, and then this many bytes plus one of those.
const V1_TEXT_LIMIT: usize = 100;

/// How a container hashes its partition keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyHash {
    /// Kind `Hash` of version 1: 32 bits of hash, then the values themselves. The default of old containers.
    #[default]
    V1,
    /// Kind `Hash` of version 2: 16 bytes for all components together.
    V2,
    /// Kind `MultiHash` (hierarchical keys): 16 bytes per component.
    Multi,
}

/// A point in the hash space, which reaches from [`Epk::MIN`] (inclusive) to [`Epk::MAX`] (exclusive).
///
/// Prints as upper-case hex, as the service writes it, and reads both cases. Trailing zero bytes do not count when
/// comparing, because the service trims or pads the bounds of its ranges.
#[derive(Debug, Clone)]
pub struct Epk(Cow<'static, [u8]>);

impl Epk {
    /// The lowest point; its text is empty.
    pub const MIN: Self = Self(Cow::Borrowed(&[]));

    /// The end of the space, above every key; its text is `FF`.
    pub const MAX: Self = Self(Cow::Borrowed(&[0xFF]));

    /// The text form: upper-case hex of all bytes.
    pub fn to_hex(&self) -> String {
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xF])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .map(|digit| digit.to_ascii_uppercase())
            .collect()
    }

    /// The bytes, as many as it was made of: the text form spells them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The next point at `width` bytes (zero-extended if shorter, never shortened), which turns the closed point
    /// range `[x, x]` into the half-open one `[x, successor)`. Widths are 16 for V2, 16 per path for MultiHash, and
    /// 0 (keep the width) for V1. [`Epk::MAX`] if there is no such point.
    pub fn successor(&self, width: usize) -> Self {
        let mut bytes = self.0.to_vec();
        bytes.resize(width.max(bytes.len()), 0);
        for byte in bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return Self(bytes.into());
            }
        }
        Self::MAX
    }

    fn significant(&self) -> &[u8] {
        let zeros = self.0.iter().rev().take_while(|byte| **byte == 0).count();
        self.0
            .get(..self.0.len().saturating_sub(zeros))
            .unwrap_or_default()
    }
}

impl fmt::Display for Epk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl From<Vec<u8>> for Epk {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl FromStr for Epk {
    type Err = Invalid;

    fn from_str(hex: &str) -> Result<Self, Invalid> {
        let digit = |c: u8| char::from(c).to_digit(16);
        let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
        let bytes = pairs
            .iter()
            .map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8))
            .collect::<Option<Vec<u8>>>();
        match bytes {
            Some(bytes) if odd.is_empty() => Ok(Self(bytes.into())),
            _ => Err(Invalid::new(
                "an effective partition key is not an even number of hex digits: \
                 pass it on as the service or an earlier call gave it",
            )),
        }
    }
}

impl Ord for Epk {
    fn cmp(&self, other: &Self) -> Ordering {
        self.significant().cmp(other.significant())
    }
}

impl PartialOrd for Epk {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Epk {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for Epk {}

impl Hash for Epk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.significant().hash(state);
    }
}

/// The point of a complete key; [`Epk::MIN`] for no components. Errors: NaN or infinity.
pub fn effective_partition_key(components: &[KeyComponent], hash: KeyHash) -> Result<Epk, Invalid> {
    if components.is_empty() {
        return Ok(Epk::MIN);
    }
    let bytes = match hash {
        KeyHash::V1 => v1(components)?,
        KeyHash::V2 => v2(components)?.to_vec(),
        KeyHash::Multi => multi(components)?,
    };
    Ok(Epk(bytes.into()))
}

/// The range, from inclusive to exclusive, of all keys of a MultiHash container that begin with these components.
/// Errors: NaN or infinity.
pub fn prefix_range(components: &[KeyComponent]) -> Result<(Epk, Epk), Invalid> {
    let bytes = multi(components)?;
    // Every component's first byte is at most 3F, so FF lies above all keys with this prefix.
    let mut end = bytes.clone();
    end.push(0xFF);
    Ok((Epk(bytes.into()), Epk(end.into())))
}

fn multi(components: &[KeyComponent]) -> Result<Vec<u8>, Invalid> {
    let hashes: Vec<[u8; 16]> = components
        .iter()
        .map(|component| v2(std::slice::from_ref(component)))
        .collect::<Result<_, _>>()?;
    Ok(hashes.concat())
}

fn v2(components: &[KeyComponent]) -> Result<[u8; 16], Invalid> {
    let mut hashed = Vec::with_capacity(64);
    for component in components {
        push_hashed(&mut hashed, component, 0xFF)?;
    }
    let mut hash = murmur::x64_128(&hashed).to_be_bytes();
    hash[0] &= 0x3F;
    Ok(hash)
}

fn v1(components: &[KeyComponent]) -> Result<Vec<u8>, Invalid> {
    let (mut hashed, mut values) = (Vec::new(), Vec::new());
    for component in components {
        match component {
            KeyComponent::Text(text) => {
                let text = v1_truncated(text);
                push_text(&mut hashed, &text, 0);
                push_v1_text(&mut values, text.as_bytes());
            }
            KeyComponent::Number(number) => {
                push_hashed(&mut hashed, component, 0)?;
                push_v1_number(&mut values, normalized(*number)?);
            }
            _ => {
                push_hashed(&mut hashed, component, 0)?;
                push_hashed(&mut values, component, 0)?;
            }
        }
    }
    let mut bytes = Vec::with_capacity(values.len().saturating_add(9));
    push_v1_number(&mut bytes, murmur::x86_32(&hashed).into());
    bytes.append(&mut values);
    Ok(bytes)
}

/// What the hashes cover: a marker of the type, then the value.
fn push_hashed(out: &mut Vec<u8>, component: &KeyComponent, end: u8) -> Result<(), Invalid> {
    match component {
        KeyComponent::Undefined => out.push(0),
        KeyComponent::Null => out.push(1),
        KeyComponent::Boolean(false) => out.push(2),
        KeyComponent::Boolean(true) => out.push(3),
        KeyComponent::Number(number) => {
            out.push(5);
            out.extend_from_slice(&normalized(*number)?.to_le_bytes());
        }
        KeyComponent::Text(text) => push_text(out, text, end),
    }
    Ok(())
}

fn push_text(out: &mut Vec<u8>, text: &str, end: u8) {
    out.push(8);
    out.extend_from_slice(text.as_bytes());
    out.push(end);
}

/// The first 100 UTF-16 units; a surrogate pair cut in half becomes a replacement character.
fn v1_truncated(text: &str) -> Cow<'_, str> {
    let mut units = 0_usize;
    for (at, c) in text.char_indices() {
        let with_this = units.saturating_add(c.len_utf16());
        if with_this > V1_TEXT_LIMIT {
            let head = text.get(..at).unwrap_or_default();
            return if units < V1_TEXT_LIMIT {
                Cow::Owned([head, "\u{FFFD}"].concat())
            } else {
                Cow::Borrowed(head)
            };
        }
        units = with_this;
    }
    Cow::Borrowed(text)
}

/// Order-preserving: every byte one up, so that the terminator 0 sorts before all of them.
fn push_v1_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(8);
    let kept = text.iter().take(V1_TEXT_LIMIT.saturating_add(1));
    out.extend(kept.map(|byte| byte.wrapping_add(1)));
    if text.len() <= V1_TEXT_LIMIT {
        out.push(0);
    }
}

/// Order-preserving and of variable length: the bits made monotonic, one byte of them, then groups of seven, where
/// a set lowest bit says that another group follows.
fn push_v1_number(out: &mut Vec<u8>, number: f64) {
    const SIGN: u64 = 1 << 63;
    let bits = number.to_bits();
    let mut bits = if bits & SIGN == 0 {
        bits ^ SIGN
    } else {
        bits.wrapping_neg()
    };
    out.extend([5, (bits >> 56) as u8]);
    bits <<= 8;
    loop {
        let group = (bits >> 56) as u8;
        bits <<= 7;
        if bits == 0 {
            // Its lowest bit is clear, or it would have stayed in the rest.
            out.push(group);
            return;
        }
        out.push(group | 1);
    }
}
