//! Random ids from one seed, so that an operation needs no host call for its activity id.

use std::cell::Cell;

use uuid::{Builder, Uuid};

/// Makes version 4 UUIDs. Two independent 64-bit streams: unguessable it is not, unique it is, across instances too
/// because the seed is 128 random bits.
#[derive(Debug)]
pub struct IdSource {
    streams: Cell<(u64, u64)>,
}

impl IdSource {
    /// Begins with 128 random bits.
    pub fn new(seed: (u64, u64)) -> Self {
        Self {
            streams: Cell::new(seed),
        }
    }

    /// 64 random bits, for jitter and dice.
    pub fn next_random(&self) -> u64 {
        mix(self.step().0)
    }

    /// The next id as text.
    pub fn next_id(&self) -> String {
        let next = self.step();
        let bits = (u128::from(mix(next.0)) << 64) | u128::from(mix(next.1));
        let uuid = Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        uuid.hyphenated()
            .encode_lower(&mut Uuid::encode_buffer())
            .to_owned()
    }

    fn step(&self) -> (u64, u64) {
        let (high, low) = self.streams.get();
        // The golden ratio step of SplitMix64 visits every 64-bit state.
        let step = 0x9E37_79B9_7F4A_7C15;
        let next = (high.wrapping_add(step), low.wrapping_add(step));
        self.streams.set(next);
        next
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_version_4_and_do_not_repeat() {
        let source = IdSource::new((1, 2));
        let ids: BTreeSet<_> = (0..10_000).map(|_| source.next_id()).collect();
        assert_eq!(ids.len(), 10_000);
        for id in &ids {
            let uuid = uuid::Uuid::parse_str(id).unwrap();
            assert_eq!(uuid.get_version_num(), 4, "{id}");
        }
        assert_ne!(
            IdSource::new((1, 2)).next_id(),
            IdSource::new((1, 3)).next_id()
        );
    }
}
