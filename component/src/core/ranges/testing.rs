//! Partitions and parts of the hash space for tests.

use super::RangeMap;
use crate::wire::epk_range::EpkRange;
use crate::wire::ranges::{PartitionKeyRange, Status};

/// A slice by the text of its bounds.
pub(crate) fn slice(min: &str, max: &str) -> EpkRange {
    EpkRange {
        min: min.parse().unwrap(),
        max: max.parse().unwrap(),
    }
}

/// Partitions with these borders between them, numbered from `first`.
pub(crate) fn ranges(first: usize, borders: &[&str]) -> RangeMap {
    let mut rows = Vec::new();
    let mut min = "";
    for (id, max) in (first..).zip(borders.iter().copied().chain(["FF"])) {
        let EpkRange { min: from, max: to } = slice(min, max);
        rows.push(PartitionKeyRange {
            id: id.to_string().into(),
            min: from,
            max: to,
            parents: Vec::new(),
            status: Status::Online,
        });
        min = max;
    }
    RangeMap::build(rows, None).unwrap()
}
