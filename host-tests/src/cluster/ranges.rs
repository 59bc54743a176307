//! The partition key ranges of a container (spec data-plane §2).

use serde_json::{Value, json};

use super::epk;

/// One physical partition.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) id: String,
    /// The ids of the ranges that it came from, the oldest first.
    pub(super) parents: Vec<String>,
    /// The first effective partition key that belongs to it.
    min: u128,
    /// The first one that does not.
    max: u128,
    /// The version of the list that brought it.
    since: u64,
}

/// All ranges, in the order of their keys.
#[derive(Debug)]
pub(super) struct Ranges {
    list: Vec<Range>,
    made: u32,
    version: u64,
}

impl Ranges {
    /// So many ranges of the same size, at least one. Their ids count from 0.
    pub(super) fn new(count: u32) -> Self {
        let count = count.max(1);
        let size = epk::END / u128::from(count);
        let list = (0..count).map(|number| Range {
            id: number.to_string(),
            parents: Vec::new(),
            min: size * u128::from(number),
            max: if number + 1 == count {
                epk::END
            } else {
                size * u128::from(number + 1)
            },
            since: 1,
        });
        Self {
            list: list.collect(),
            made: count,
            version: 1,
        }
    }

    /// The range of an effective partition key. The ranges leave no gap.
    pub(super) fn of(&self, key: u128) -> &Range {
        let behind = self.list.partition_point(|range| range.min <= key);
        &self.list[behind - 1]
    }

    /// The range of this id; none if it never was or has been split.
    pub(super) fn find(&self, id: &str) -> Option<&Range> {
        self.list.iter().find(|range| range.id == id)
    }

    /// Replaces a range by its two halves. Returns their ids; none if there is no such range.
    pub(super) fn split(&mut self, id: &str) -> Option<[String; 2]> {
        let place = self.list.iter().position(|range| range.id == id)?;
        let parent = self.list.remove(place);
        let middle = parent.min + (parent.max - parent.min) / 2;
        let mut parents = parent.parents;
        parents.push(parent.id);
        self.version += 1;
        let ids = [self.made.to_string(), (self.made + 1).to_string()];
        self.made += 2;
        let bounds = [(parent.min, middle), (middle, parent.max)];
        for (half, (min, max)) in bounds.into_iter().enumerate() {
            let range = Range {
                id: ids[half].clone(),
                parents: parents.clone(),
                min,
                max,
                since: self.version,
            };
            self.list.insert(place + half, range);
        }
        Some(ids)
    }

    /// Counts the changes of the list, from 1.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The rows that a version of the list did not have.
    pub(super) fn rows_after(&self, version: u64) -> Vec<Value> {
        self.list
            .iter()
            .filter(|range| range.since > version)
            .map(Range::row)
            .collect()
    }
}

impl Range {
    /// Whether a session token of the other range speaks of this one too.
    pub(super) fn descends_from(&self, id: &str) -> bool {
        self.id == id || self.parents.iter().any(|parent| parent == id)
    }

    fn row(&self) -> Value {
        json!({
            "id": self.id,
            "minInclusive": epk::text(self.min),
            "maxExclusive": epk::text(self.max),
            "parents": self.parents,
            "status": "online",
            "throughputFraction": 1,
            "ridPrefix": 0,
            "_lsn": self.since,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ranges, epk};

    /// `id:min-max`
    fn rows(ranges: &Ranges, after: u64) -> Vec<String> {
        let rows = ranges.rows_after(after);
        let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
        rows.iter()
            .map(|row| {
                let id = text(row, "id");
                let (min, max) = (text(row, "minInclusive"), text(row, "maxExclusive"));
                format!("{id}:{}-{}", short(&min), short(&max))
            })
            .collect()
    }

    fn short(bound: &str) -> &str {
        bound.trim_end_matches('0')
    }

    #[test]
    fn ranges_tile_the_key_space_before_and_after_a_split() {
        let mut ranges = Ranges::new(2);
        assert_eq!(rows(&ranges, 0), ["0:-2", "1:2-FF"]);
        assert_eq!(ranges.split("1"), Some(["2".to_owned(), "3".to_owned()]));
        assert_eq!(rows(&ranges, 0), ["0:-2", "2:2-3", "3:3-FF"]);
        assert_eq!(rows(&ranges, 1), ["2:2-3", "3:3-FF"]);
        assert_eq!(rows(&ranges, 2), Vec::<String>::new());
        assert!(ranges.split("1").is_none() && ranges.find("1").is_none());
        let [_, last] = ranges.split("3").unwrap();
        let last = ranges.find(&last).unwrap();
        assert_eq!(last.parents, ["1", "3"]);
        assert!(last.descends_from("1") && last.descends_from("5") && !last.descends_from("2"));
    }

    #[test]
    fn a_key_lies_in_the_range_from_its_minimum_on() {
        let ranges = Ranges::new(3);
        let third = epk::END / 3;
        let cases = [
            (0, "0"),
            (third - 1, "0"),
            (third, "1"),
            (2 * third, "2"),
            (epk::END - 1, "2"),
        ];
        for (key, id) in cases {
            assert_eq!(ranges.of(key).id, id, "{key:X}");
        }
    }
}
