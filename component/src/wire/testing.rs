//! Pseudo-random input for the parsers' smoke tests: the same on every run.

/// A xorshift generator.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.next().checked_rem(bound as u64).unwrap_or(0) as usize
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// Fewer than `bound` pieces in a row: near-valid input when the pieces are a grammar's tokens.
    pub(super) fn text(&mut self, pieces: &[&str], bound: usize) -> String {
        (0..self.below(bound)).map(|_| self.pick(pieces)).collect()
    }

    /// Fewer than `bound` characters from all over Unicode, half of them ASCII.
    pub(super) fn unicode(&mut self, bound: usize) -> String {
        (0..self.below(bound))
            .map(|_| {
                let bound = if self.next() & 1 == 0 {
                    0x80
                } else {
                    0x11_0000
                };
                char::from_u32(self.below(bound) as u32).unwrap_or('\u{fffd}')
            })
            .collect()
    }

    /// Fewer than `bound` bytes of any kind.
    pub(super) fn bytes(&mut self, bound: usize) -> Vec<u8> {
        (0..self.below(bound)).map(|_| self.next() as u8).collect()
    }
}
