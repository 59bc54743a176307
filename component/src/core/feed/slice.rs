//! Slices of the hash space.

use std::cmp::Ordering;

use super::error::{FeedError, Result};
use super::shape::Shape;
use super::{SliceState, State};

/// A range of effective partition keys, from `min` (inclusive) to `max` (exclusive), in upper-case hex. Everything is
/// `""` to `FF`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The lowest key.
    pub min: String,
    /// The first key above.
    pub max: String,
}

/// The order of effective partition keys: zeros at the end do not count (spec data-plane §1.4).
pub fn order(one: &str, other: &str) -> Ordering {
    let significant = |key: &str| key.trim_end_matches('0').len();
    let one = one.get(..significant(one)).unwrap_or_default();
    one.cmp(other.get(..significant(other)).unwrap_or_default())
}

impl Slice {
    fn is_empty(&self) -> bool {
        order(&self.min, &self.max) != Ordering::Less
    }

    fn intersection(&self, other: &Self) -> Option<Self> {
        let min = match order(&self.min, &other.min) {
            Ordering::Less => &other.min,
            _ => &self.min,
        };
        let max = match order(&self.max, &other.max) {
            Ordering::Greater => &other.max,
            _ => &self.max,
        };
        let common = Self {
            min: min.clone(),
            max: max.clone(),
        };
        (!common.is_empty()).then_some(common)
    }

    /// Whether these follow one another, in this order, from one end of this slice to the other.
    pub(super) fn is_tiled_by(&self, parts: &[Self]) -> bool {
        let mut end = &self.min;
        for part in parts {
            if part.is_empty() || order(&part.min, end) != Ordering::Equal {
                return false;
            }
            end = &part.max;
        }
        order(end, &self.max) == Ordering::Equal
    }
}

/// Cuts saved slices along the partitions of today, given in ascending order: what was split yields several slices that
/// begin alike; what was merged stays apart.
///
/// # Errors
/// A saved slice that the partitions do not cover.
pub fn fit(saved: &[SliceState], partitions: &[Slice]) -> Result<Vec<SliceState>> {
    let mut fitted = Vec::new();
    for state in saved {
        let mut parts = Vec::new();
        for partition in partitions {
            parts.extend(state.slice.intersection(partition));
        }
        if !state.slice.is_tiled_by(&parts) {
            return Err(FeedError::BadReplacement);
        }
        for slice in parts {
            let state = state.clone();
            fitted.push(SliceState { slice, ..state });
        }
    }
    Ok(fitted)
}

impl State {
    /// Adds a slice above the last one. Slices next to each other that were not asked yet become one.
    pub(super) fn push(&mut self, next: SliceState) {
        if let Some(last) = self.slices.last_mut()
            && last.is_fresh()
            && next.is_fresh()
            && order(&last.slice.max, &next.slice.min) == Ordering::Equal
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
        let mut end = None;
        for state in &self.slices {
            let slice = &state.slice;
            let overlaps = end.is_some_and(|end| order(end, &slice.min) == Ordering::Greater);
            if slice.is_empty() || overlaps {
                return Err(FeedError::BadState("its ranges are out of order"));
            }
            end = Some(&slice.max);
        }
        Ok(())
    }
}
