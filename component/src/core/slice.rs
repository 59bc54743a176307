//! A part of a container's hash space (spec data-plane §1.4, §2.4).

use std::rc::Rc;

use super::ranges::RangeMap;
use crate::wire::epk::Epk;
use crate::wire::ranges::PartitionKeyRange;

/// The points from `min` to `max` (exclusive).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The lowest point.
    pub min: Epk,
    /// The end.
    pub max: Epk,
}

impl Slice {
    /// The whole space.
    pub const ALL: Self = Self {
        min: Epk::MIN,
        max: Epk::MAX,
    };

    /// All points of a physical partition.
    pub fn of(range: &PartitionKeyRange) -> Self {
        Self {
            min: range.min.clone(),
            max: range.max.clone(),
        }
    }

    /// Whether no point is in it.
    pub fn is_empty(&self) -> bool {
        self.min >= self.max
    }

    /// Whether the point is in it.
    pub fn contains(&self, point: &Epk) -> bool {
        self.min <= *point && *point < self.max
    }

    /// The points that both hold; empty if there are none. Where both have the same bound, it is spelled as in this one.
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            min: (&other.min).max(&self.min).clone(),
            max: (&self.max).min(&other.max).clone(),
        }
    }

    /// The slice cut at the borders of the physical partitions: together the parts are the slice, in ascending order.
    pub fn tiles(&self, ranges: &RangeMap) -> Vec<(Rc<PartitionKeyRange>, Self)> {
        let found = ranges.overlapping(&self.min, &self.max);
        let part = |range: &Rc<PartitionKeyRange>| {
            let part = self.intersection(&Self::of(range));
            (Rc::clone(range), part)
        };
        found.iter().map(part).collect()
    }
}

/// Whether the parts, in ascending order, are the slice without gap and overlap.
pub fn is_tiled(slice: &Slice, parts: &[Slice]) -> bool {
    let mut end = &slice.min;
    for part in parts {
        if part.min != *end || part.is_empty() {
            return false;
        }
        end = &part.max;
    }
    *end == slice.max && !slice.is_empty()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A slice by the text of its bounds.
    pub(crate) fn slice(min: &str, max: &str) -> Slice {
        Slice {
            min: min.parse().unwrap(),
            max: max.parse().unwrap(),
        }
    }

    /// Partitions with these borders between them, numbered from `first`.
    pub(crate) fn ranges(first: usize, borders: &[&str]) -> RangeMap {
        let mut rows = Vec::new();
        let mut min = "";
        for (id, max) in (first..).zip(borders.iter().copied().chain(["FF"])) {
            let Slice { min: from, max: to } = slice(min, max);
            rows.push(PartitionKeyRange {
                id: id.to_string().into(),
                min: from,
                max: to,
                parents: Vec::new(),
                status: crate::wire::ranges::Status::Online,
            });
            min = max;
        }
        RangeMap::build(rows, None).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{ranges, slice};
    use super::*;

    #[test]
    fn slices_are_cut_at_the_borders_of_partitions() {
        let map = ranges(0, &["10", "20"]);
        for (whole, expected) in [
            (
                slice("", "FF"),
                vec![("0", "", "10"), ("1", "10", "20"), ("2", "20", "FF")],
            ),
            (slice("08", "10"), vec![("0", "08", "10")]),
            (
                slice("08", "18"),
                vec![("0", "08", "10"), ("1", "10", "18")],
            ),
            (slice("1000", "20"), vec![("1", "1000", "20")]),
            (slice("18", "18"), vec![]),
        ] {
            let tiles = whole.tiles(&map);
            let found: Vec<_> = tiles
                .iter()
                .map(|(range, part)| (range.id.to_string(), part.min.to_hex(), part.max.to_hex()))
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(id, min, max)| ((*id).to_owned(), (*min).to_owned(), (*max).to_owned()))
                .collect();
            assert_eq!(found, expected);
            let parts: Vec<_> = tiles.into_iter().map(|(_, part)| part).collect();
            assert_eq!(is_tiled(&whole, &parts), !whole.is_empty());
        }
    }

    #[test]
    fn gaps_and_overlaps_are_no_tiling() {
        let whole = slice("10", "30");
        for (parts, expected) in [
            (vec![slice("10", "30")], true),
            (vec![slice("1000", "20"), slice("20", "30")], true),
            (vec![], false),
            (vec![slice("10", "20")], false),
            (vec![slice("10", "20"), slice("21", "30")], false),
            (vec![slice("10", "22"), slice("20", "30")], false),
            (vec![slice("10", "10"), slice("10", "30")], false),
            (vec![slice("10", "40")], false),
        ] {
            assert_eq!(is_tiled(&whole, &parts), expected, "{parts:?}");
        }
        assert!(whole.contains(&whole.min) && !whole.contains(&whole.max));
    }
}
