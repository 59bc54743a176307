//! Tells whether two inputs are the same without keeping them.

use sha2::{Digest, Sha256};

/// The first half of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Of several parts, in order: for a query the request body and the scope. Where one part ends and the next begins
    /// counts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut first = 0_u128;
        for byte in hash.finalize().iter().take(16) {
            first = first << 8 | u128::from(*byte);
        }
        Self(first)
    }

    /// 32 hex digits.
    pub(super) fn to_hex(self) -> String {
        hex(self.0)
    }

    pub(super) fn parse(hex: &str) -> Option<Self> {
        parse_hex(hex).map(Self)
    }
}

/// 32 hex digits in lower case.
pub(super) fn hex(number: u128) -> String {
    let digits = number.to_be_bytes();
    let digits = digits.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Reads what [`hex`] wrote.
pub(super) fn parse_hex(text: &str) -> Option<u128> {
    if text.len() != 32 {
        return None;
    }
    let mut number = 0_u128;
    for byte in text.bytes() {
        let digit = match byte {
            b'0'..=b'9' | b'a'..=b'f' => char::from(byte).to_digit(16)?,
            _ => return None,
        };
        number = number << 4 | u128::from(digit);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_their_bounds_count() {
        let one = Fingerprint::of(&[b"ab", b"c"]);
        assert_eq!(one, Fingerprint::of(&[b"ab", b"c"]));
        for other in [
            &[&b"a"[..], b"bc"][..],
            &[b"abc"],
            &[b"ab"],
            &[b"ab", b"c", b""],
            &[],
        ] {
            assert_ne!(one, Fingerprint::of(other));
        }
        // SHA-256 of nothing.
        assert_eq!(
            Fingerprint::of(&[]).to_hex(),
            "e3b0c44298fc1c149afbf4c8996fb924"
        );
    }

    #[test]
    fn hex_has_one_spelling() {
        for number in [0, 1, 0xABC, u128::MAX] {
            assert_eq!(parse_hex(&hex(number)), Some(number));
        }
        assert_eq!(hex(0xA0), "000000000000000000000000000000a0");
        for text in [
            "",
            "0",
            &"A".repeat(32),
            &"g".repeat(32),
            &"0".repeat(33),
            &"+".repeat(32),
            "é",
        ] {
            assert_eq!(parse_hex(text), None, "{text}");
        }
    }
}
