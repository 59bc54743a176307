//! A container's physical partitions, and which of them holds a key (spec driver-core §12.3, data-plane §2.3, §2.4).

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use super::account::Target;
use crate::wire::epk::Epk;
use crate::wire::epk_range::{EpkRange, earlier, later};
use crate::wire::ranges::{PartitionKeyRange, Status};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

/// Partition key ranges of one container, and rows of one read.
pub const MAX_RANGES: usize = 100_000;

/// All partition key ranges of one container: without gap and overlap they make up the whole hash space.
#[derive(Debug, Clone)]
pub struct RangeMap {
    /// In ascending order of their lowest points.
    ranges: Vec<Rc<PartitionKeyRange>>,
    mark: Option<Mark>,
}

/// Where the next incremental read starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What the last page said.
    pub etag: String,
    /// Who said it. To others the etag means nothing.
    pub source: Rc<Target>,
}

/// A part of the hash space that lies within one range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The range.
    pub range: Rc<PartitionKeyRange>,
    /// The part.
    pub slice: EpkRange,
}

impl Tile {
    /// Whether it is all of the range, so that a request to the range needs no bounds.
    pub fn is_whole(&self) -> bool {
        self.slice.min == self.range.min && self.slice.max == self.range.max
    }
}

/// What was read is no complete map: a split or merge was under way. Read again, from the start if this was an
/// incremental read; never keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incomplete {
    /// A part of the hash space belongs to no range.
    Gap,
    /// A part of it belongs to two.
    Overlap,
    /// There are more than [`MAX_RANGES`].
    TooMany,
}

impl RangeMap {
    /// The map that a read from the start gives: the rows of all its pages, in order, and what the last one said.
    ///
    /// The last row of an id counts. Ranges that another row names as a parent are gone.
    ///
    /// # Errors
    /// The rows do not make up the whole hash space.
    pub fn build(rows: Vec<PartitionKeyRange>, mark: Option<Mark>) -> Result<Self, Incomplete> {
        Self::assemble(Vec::new(), rows, mark)
    }

    /// A single range that holds everything and has no name: for feeds of one key, whose partition the gateway finds.
    pub fn whole() -> Self {
        let range = PartitionKeyRange {
            id: Rc::from(""),
            min: Epk::MIN,
            max: Epk::MAX,
            parents: Vec::new(),
            status: Status::Online,
        };
        Self {
            ranges: vec![Rc::new(range)],
            mark: None,
        }
    }

    /// This map after an incremental read: the rows that came since its mark, and the new mark.
    ///
    /// # Errors
    /// Together they do not make up the whole hash space. This map stays as good as it was.
    pub fn merge(
        &self,
        rows: Vec<PartitionKeyRange>,
        mark: Option<Mark>,
    ) -> Result<Self, Incomplete> {
        Self::assemble(self.ranges.clone(), rows, mark)
    }

    fn assemble(
        mut ranges: Vec<Rc<PartitionKeyRange>>,
        rows: Vec<PartitionKeyRange>,
        mark: Option<Mark>,
    ) -> Result<Self, Incomplete> {
        if rows.len() > MAX_RANGES {
            return Err(Incomplete::TooMany);
        }
        if !rows.is_empty() {
            ranges.reserve(rows.len());
            for row in rows {
                ranges.push(Rc::new(row));
            }
            keep_live(&mut ranges);
        }
        check(&ranges)?;
        Ok(Self { ranges, mark })
    }

    /// Where the next incremental read starts; none if the service said nothing of it.
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// All ranges in ascending order.
    pub fn ranges(&self) -> &[Rc<PartitionKeyRange>] {
        &self.ranges
    }

    /// The range that holds a point; none for [`Epk::MAX`] and beyond, which no key has.
    pub fn lookup(&self, point: &Epk) -> Option<&Rc<PartitionKeyRange>> {
        let place = self.place(point)?;
        let range = self.ranges.get(place)?;
        (*point < range.max).then_some(range)
    }

    /// The ranges that hold the points from `min` to `max` (exclusive), in ascending order; none if `min` is not below
    /// `max`. A single point needs [`Self::lookup`].
    pub fn overlapping(&self, min: &Epk, max: &Epk) -> &[Rc<PartitionKeyRange>] {
        if min >= max {
            return &[];
        }
        let from = self.place(min).unwrap_or_default();
        let to = self.ranges.partition_point(|range| range.min < *max);
        let found = self.ranges.get(from..to).unwrap_or_default();
        match found {
            // All of it lies beyond the end of the space.
            [only] if only.max <= *min => &[],
            _ => found,
        }
    }

    /// The slice cut at the bounds of the ranges: what each of them holds of it, in ascending order. Together the tiles
    /// are the slice again, up to the end of the space. A merge since the slice was made shows as a tile that is not the
    /// whole of its range, a split as several tiles.
    pub fn tiles(&self, slice: &EpkRange) -> Vec<Tile> {
        let ranges = self.overlapping(&slice.min, &slice.max);
        let mut tiles = Vec::with_capacity(ranges.len());
        for range in ranges {
            let slice = EpkRange {
                min: later(&range.min, &slice.min).clone(),
                max: earlier(&range.max, &slice.max).clone(),
            };
            let range = Rc::clone(range);
            tiles.push(Tile { range, slice });
        }
        tiles
    }

    /// The range with this id. A pass over all ranges.
    pub fn by_id(&self, id: &str) -> Option<&Rc<PartitionKeyRange>> {
        self.ranges.iter().find(|range| *range.id == *id)
    }

    /// The last range whose lowest point is not above this one.
    fn place(&self, point: &Epk) -> Option<usize> {
        let above = self.ranges.partition_point(|range| range.min <= *point);
        above.checked_sub(1)
    }
}

/// Reduces rows to the ranges that are live, in ascending order.
fn keep_live(ranges: &mut Vec<Rc<PartitionKeyRange>>) {
    sort(ranges, |one, other| one.id.cmp(&other.id));
    ranges.dedup_by(|later, kept| {
        let same = later.id == kept.id;
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
    let mut gone = vec![false; ranges.len()];
    for range in ranges.iter() {
        for parent in &range.parents {
            if let Ok(place) = ranges.binary_search_by(|range| range.id.cmp(parent))
                && let Some(gone) = gone.get_mut(place)
            {
                *gone = true;
            }
        }
    }
    let mut gone = gone.into_iter();
    ranges.retain(|_| gone.next() != Some(true));
    sort(ranges, |one, other| one.min.cmp(&other.min));
}

/// A stable merge sort. The standard library's would be eight kilobytes of code.
fn sort(
    ranges: &mut Vec<Rc<PartitionKeyRange>>,
    order: fn(&PartitionKeyRange, &PartitionKeyRange) -> Ordering,
) {
    let mut width = 1_usize;
    while width < ranges.len() {
        let wider = width.saturating_mul(2);
        let mut sorted = Vec::with_capacity(ranges.len());
        for run in ranges.chunks(wider) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let ([one, ones @ ..], [other, others @ ..]) = (left, right) {
                if order(other, one).is_lt() {
                    sorted.push(Rc::clone(other));
                    right = others;
                } else {
                    sorted.push(Rc::clone(one));
                    left = ones;
                }
            }
            sorted.extend_from_slice(left);
            sorted.extend_from_slice(right);
        }
        *ranges = sorted;
        width = wider;
    }
}

/// Whether sorted ranges make up the whole space.
fn check(ranges: &[Rc<PartitionKeyRange>]) -> Result<(), Incomplete> {
    if ranges.len() > MAX_RANGES {
        return Err(Incomplete::TooMany);
    }
    let mut end = &Epk::MIN;
    for range in ranges {
        meet(end, &range.min)?;
        if range.max <= range.min {
            return Err(Incomplete::Overlap);
        }
        end = &range.max;
    }
    meet(end, &Epk::MAX)
}

fn meet(end: &Epk, next: &Epk) -> Result<(), Incomplete> {
    match end.cmp(next) {
        Ordering::Less => Err(Incomplete::Gap),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Incomplete::Overlap),
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gap => "the container's partition key ranges leave a gap",
            Self::Overlap => "the container's partition key ranges overlap",
            Self::TooMany => "the container has more partition key ranges than the driver handles",
        })
    }
}

impl std::error::Error for Incomplete {}
