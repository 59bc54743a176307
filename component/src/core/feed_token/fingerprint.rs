//! Tells whether two inputs are the same without keeping them.

use sha2::{Digest, Sha256};

use super::FINGERPRINT_BYTES;

/// The first half of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; FINGERPRINT_BYTES]);

impl Fingerprint {
    /// Of several parts, in order: for a query the request body and the scope. Where one part ends and the next begins
    /// counts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut first = [0; FINGERPRINT_BYTES];
        for (to, from) in first.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(first)
    }

    pub(super) fn to_bytes(self) -> [u8; FINGERPRINT_BYTES] {
        self.0
    }
}

impl From<[u8; FINGERPRINT_BYTES]> for Fingerprint {
    fn from(bytes: [u8; FINGERPRINT_BYTES]) -> Self {
        Self(bytes)
    }
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
            Fingerprint::of(&[]).to_bytes()[..4],
            [0xe3, 0xb0, 0xc4, 0x42]
        );
    }
}
