//! Numbers by value, without loss.

use std::cmp::Ordering;

use super::super::json::power;

/// Digits of one word.
const WORD_DIGITS: usize = 19;

/// A number in decimal, `±0.d₁d₂… · 10^exponent`, so that any two compare exactly: integers of 64 bits with each other and
/// with binary fractions, which JSON writes in at most 17 digits. Digits beyond the 38th are not seen.
///
/// Fields in the order in which they decide between two numbers of the same sign. Zero has no sign and no digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    exponent: i32,
    /// The first 19 digits, filled up with zeros.
    high: u64,
    /// The next 19 digits.
    low: u64,
}

impl Number {
    const ZERO: Self = Self {
        negative: false,
        exponent: i32::MIN,
        high: 0,
        low: 0,
    };

    /// Reads a JSON number; none if it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let (negative, digits) = match json {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let mut number = Self {
            negative,
            ..Self::ZERO
        };
        let (mut kept, mut fraction) = (0_usize, false);
        // Places before the point, less the zeros after it that precede the first digit.
        let mut exponent = 0_i32;
        let mut seen = false;
        let mut rest = digits;
        while let Some((byte, after)) = rest.split_first() {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    let digit = byte.wrapping_sub(b'0');
                    let counts = kept > 0 || digit != 0;
                    if counts {
                        number.push(kept, digit);
                        kept = kept.saturating_add(1);
                    }
                    exponent = exponent.saturating_add(match (fraction, counts) {
                        (false, true) => 1,
                        (true, false) => -1,
                        _ => 0,
                    });
                }
                b'.' if seen && !fraction => fraction = true,
                b'e' | b'E' if seen => {
                    exponent = exponent.saturating_add(power(after)?);
                    break;
                }
                _ => return None,
            }
            rest = after;
        }
        match (seen, kept) {
            (false, _) => None,
            (true, 0) => Some(Self::ZERO),
            (true, _) => Some(Self { exponent, ..number }),
        }
    }

    /// Writes what equal numbers have in common and different ones have not.
    pub(super) fn canonical(&self) -> [u8; 21] {
        let mut bytes = [0; 21];
        let fields = [u8::from(self.negative)]
            .into_iter()
            .chain(self.exponent.to_le_bytes())
            .chain(self.high.to_le_bytes())
            .chain(self.low.to_le_bytes());
        for (to, from) in bytes.iter_mut().zip(fields) {
            *to = from;
        }
        bytes
    }

    fn push(&mut self, place: usize, digit: u8) {
        let (word, place) = match place.checked_sub(WORD_DIGITS) {
            None => (&mut self.high, place),
            Some(place) => (&mut self.low, place),
        };
        let Some(scale) = WORD_DIGITS.checked_sub(place.saturating_add(1)) else {
            return;
        };
        let scale = 10_u64.checked_pow(scale as u32).unwrap_or(0);
        *word = word.saturating_add(scale.saturating_mul(digit.into()));
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |number: &Self| (number.exponent, number.high, number.low);
        match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (one, other) => other.cmp(&one),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
