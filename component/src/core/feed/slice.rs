//! Slices of the hash space, and what a feed has left of them.

use super::error::{FeedError, Result};
use super::shape::Shape;
use super::{SliceState, State};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;

/// Whether these follow one another, in this order, from one end of the slice to the other.
pub(super) fn is_tiled(slice: &EpkRange, parts: &[EpkRange]) -> bool {
    let mut end = &slice.min;
    for part in parts {
        if part.is_empty() || part.min != *end {
            return false;
        }
        end = &part.max;
    }
    *end == slice.max
}

impl State {
    /// Adds a slice above the last one. Slices next to each other that were not asked yet become one.
    pub(super) fn push(&mut self, next: SliceState) {
        if let Some(last) = self.slices.last_mut()
            && last.is_fresh()
            && next.is_fresh()
            && last.slice.max == next.slice.min
        {
            last.slice.max = next.slice.max;
        } else {
            self.slices.push(next);
        }
    }

    /// Checks what came from outside: slices that are not empty, ascending, and do not overlap; no more rows than the
    /// query asks for.
    pub(super) fn check(&self, shape: &Shape) -> Result<()> {
        if self.skip > shape.offset.unwrap_or(0)
            || self.take.unwrap_or(u64::MAX) > shape.take().unwrap_or(u64::MAX)
        {
            return Err(FeedError::BadState("its OFFSET or LIMIT is another one"));
        }
        let mut end = &Epk::MIN;
        for state in &self.slices {
            let slice = &state.slice;
            if slice.is_empty() || slice.min < *end {
                return Err(FeedError::BadState("its ranges are out of order"));
            }
            end = &slice.max;
        }
        Ok(())
    }
}
