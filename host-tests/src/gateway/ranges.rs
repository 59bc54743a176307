//! The partition key ranges of a container (spec data-plane §2).

use serde_json::{Value, json};

use super::epk::{Epk, Slice};
use crate::cluster::epk::END;

/// One physical partition.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) id: String,
    /// The ids of the ranges that it came from, the oldest first.
    parents: Vec<String>,
    min: u128,
    max: u128,
    /// The number of its row in the feed, from 1.
    row: u64,
}

/// All ranges, in the order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    list: Vec<Range>,
    made: u32,
    rows: u64,
}

impl Ranges {
    /// So many ranges of the same size, at least one. Their ids count from 0.
    pub(super) fn new(count: u32) -> Self {
        let count = count.max(1);
        let mut ranges = Self {
            list: Vec::new(),
            made: 0,
            rows: 0,
        };
        let size = END / u128::from(count);
        for number in 0..count {
            let min = size * u128::from(number);
            let max = if number + 1 == count { END } else { min + size };
            ranges.add(min, max, Vec::new());
        }
        ranges
    }

    /// All of them, in the order of their keys.
    pub(super) fn all(&self) -> &[Range] {
        &self.list
    }

    /// The range of an effective partition key.
    pub(super) fn of(&self, key: &Epk) -> Option<&Range> {
        self.list.iter().find(|range| range.slice().has(key))
    }

    /// The range of this id; none if it never was or is gone.
    pub(super) fn find(&self, id: &str) -> Option<&Range> {
        self.list.iter().find(|range| range.id == id)
    }

    /// Replaces a range by its two halves. Returns their ids; none if there is no such range.
    pub(super) fn split(&mut self, id: &str) -> Option<[String; 2]> {
        let place = self.list.iter().position(|range| range.id == id)?;
        let parent = self.list.remove(place);
        let middle = parent.min + (parent.max - parent.min) / 2;
        let parents = parent.lineage();
        let left = self.add(parent.min, middle, parents.clone());
        let right = self.add(middle, parent.max, parents);
        Some([left, right])
    }

    /// Replaces two neighbours by one range. Returns its id; none if they are no neighbours.
    pub(super) fn merge(&mut self, left: &str, right: &str) -> Option<String> {
        let place = self.list.iter().position(|range| range.id == left)?;
        self.list.get(place + 1).filter(|range| range.id == right)?;
        let left = self.list.remove(place);
        let right = self.list.remove(place);
        let mut parents = left.lineage();
        parents.extend(right.lineage());
        Some(self.add(left.min, right.max, parents))
    }

    /// The rows behind the row of this number, at most `limit`, oldest first, and the number of the last one.
    pub(super) fn rows_after(&self, row: u64, limit: usize) -> (Vec<Value>, u64) {
        let mut rows: Vec<&Range> = self.list.iter().filter(|range| range.row > row).collect();
        rows.sort_by_key(|range| range.row);
        rows.truncate(limit);
        let last = rows.last().map_or(row, |range| range.row);
        (rows.into_iter().map(Range::json).collect(), last)
    }

    fn add(&mut self, min: u128, max: u128, parents: Vec<String>) -> String {
        let id = self.made.to_string();
        self.made += 1;
        self.rows += 1;
        self.list.push(Range {
            id: id.clone(),
            parents,
            min,
            max,
            row: self.rows,
        });
        self.list.sort_by_key(|range| range.min);
        id
    }
}

impl Range {
    /// The keys that belong to it.
    pub(super) fn slice(&self) -> Slice {
        let max = if self.max == END {
            Epk::end()
        } else {
            Epk::from_number(self.max)
        };
        Slice {
            min: Epk::from_number(self.min),
            max,
        }
    }

    fn lineage(&self) -> Vec<String> {
        let mut ids = self.parents.clone();
        ids.push(self.id.clone());
        ids
    }

    fn json(&self) -> Value {
        let Slice { min, max } = self.slice();
        json!({
            "id": self.id,
            "minInclusive": min.text(),
            "maxExclusive": max.text(),
            "parents": self.parents,
            "status": "online",
            "throughputFraction": 1,
            "ridPrefix": 0,
            "ownedArchivalPKRangeIds": [],
            "_lsn": self.row,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Ranges;

    /// `id:min-max<parents`
    fn rows(ranges: &Ranges, after: u64, limit: usize) -> (Vec<String>, u64) {
        let (rows, last) = ranges.rows_after(after, limit);
        let rows = rows.iter().map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().trim_end_matches('0').to_owned();
            let (min, max) = (text("minInclusive"), text("maxExclusive"));
            let parents = row["parents"].as_array().unwrap();
            let parents: Vec<&str> = parents.iter().map(|id| id.as_str().unwrap()).collect();
            format!(
                "{}:{min}-{max}<{}",
                row["id"].as_str().unwrap(),
                parents.join("+")
            )
        });
        (rows.collect(), last)
    }

    fn owned(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn splits_and_merges_are_told_as_new_rows() {
        let mut ranges = Ranges::new(2);
        assert_eq!(rows(&ranges, 0, 9), (owned(&["0:-2<", "1:2-FF<"]), 2));
        assert_eq!(ranges.split("1"), Some(["2".to_owned(), "3".to_owned()]));
        assert_eq!(rows(&ranges, 2, 9), (owned(&["2:2-3<1", "3:3-FF<1"]), 4));
        assert_eq!(ranges.merge("0", "2").as_deref(), Some("4"));
        assert_eq!(rows(&ranges, 4, 9), (owned(&["4:-3<0+1+2"]), 5));
        assert_eq!(rows(&ranges, 0, 1), (owned(&["3:3-FF<1"]), 4));
        assert_eq!(rows(&ranges, 5, 9), (Vec::new(), 5));
        assert_eq!((ranges.merge("3", "4"), ranges.split("0")), (None, None));
    }
}
