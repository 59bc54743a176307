//! A set of hashes, numbered in the order of their arrival.

use super::error::{FeedError, Result};

/// Open addressing with linear probing, at most half full. Costs 24 to 32 bytes an entry.
#[derive(Debug)]
pub(super) struct Table {
    hashes: Vec<u128>,
    /// The number of an entry plus one, 0 if free. A power of two of them.
    slots: Vec<u32>,
    limit: usize,
    /// What there would be too many of.
    what: &'static str,
}

impl Table {
    pub(super) fn new(limit: usize, what: &'static str) -> Self {
        Self {
            hashes: Vec::new(),
            slots: vec![0; 16],
            limit: limit.min(u32::MAX as usize >> 1),
            what,
        }
    }

    /// The number of this hash, and whether it is new.
    pub(super) fn insert(&mut self, hash: u128) -> Result<(usize, bool)> {
        let slot = match self.find(hash) {
            Ok(number) => return Ok((number, false)),
            Err(slot) => slot,
        };
        let number = self.hashes.len();
        if number >= self.limit {
            return Err(FeedError::TooMuch(self.what));
        }
        self.hashes.push(hash);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = self.hashes.len() as u32;
        }
        if self.hashes.len() > self.slots.len() >> 1 {
            self.grow();
        }
        Ok((number, true))
    }

    /// Bytes of memory, about.
    pub(super) fn size(&self) -> usize {
        let slots = self.slots.len().saturating_mul(size_of::<u32>());
        let hashes = self.hashes.len().saturating_mul(size_of::<u128>());
        slots.saturating_add(hashes)
    }

    /// The number of the hash, else the free slot for it.
    fn find(&self, hash: u128) -> std::result::Result<usize, usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let taken = self.slots.get(at).copied().unwrap_or(0);
            let Some(number) = (taken as usize).checked_sub(1) else {
                return Err(at);
            };
            if self.hashes.get(number) == Some(&hash) {
                return Ok(number);
            }
            at = at.wrapping_add(1) & mask;
        }
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() << 1];
        for number in 0..self.hashes.len() {
            let hash = self.hashes.get(number).copied().unwrap_or(0);
            if let Err(slot) = self.find(hash)
                && let Some(slot) = self.slots.get_mut(slot)
            {
                *slot = number.saturating_add(1) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hash_has_one_number() {
        let mut table = Table::new(1000, "values");
        // Half of them collide in all slots that the low bits choose.
        let hash = |at: u128| if at & 1 == 0 { at << 64 } else { at };
        for round in [true, false] {
            for at in 0..1000 {
                assert_eq!(table.insert(hash(at)), Ok((at as usize, round)));
            }
        }
        assert_eq!(table.insert(5 << 100), Err(FeedError::TooMuch("values")));
    }
}
