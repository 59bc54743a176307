//! What the driver remembers of physical partitions: a small sorted map that forgets its oldest entry when full.

use super::partition::Partition;

/// How many partitions a map holds.
pub const MAX_PARTITIONS: usize = 1024;

/// A map by partition, at most [`MAX_PARTITIONS`]: the one that came in first goes.
#[derive(Debug)]
pub struct PartitionMap<T> {
    /// Sorted by partition.
    entries: Vec<Entry<T>>,
    arrivals: u64,
}

#[derive(Debug)]
struct Entry<T> {
    partition: Partition,
    arrival: u64,
    value: T,
}

impl<T> Default for PartitionMap<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            arrivals: 0,
        }
    }
}

impl<T> PartitionMap<T> {
    /// Whether there is nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many partitions there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// What is known of the partition.
    pub fn get(&self, partition: &Partition) -> Option<&T> {
        let entry = self.entries.get(self.find(partition).ok()?)?;
        Some(&entry.value)
    }

    /// What is known of the partition, to change it.
    pub fn get_mut(&mut self, partition: &Partition) -> Option<&mut T> {
        let at = self.find(partition).ok()?;
        let entry = self.entries.get_mut(at)?;
        Some(&mut entry.value)
    }

    /// Replaces what is known of the partition. A partition that is here already keeps its age.
    pub fn insert(&mut self, partition: &Partition, value: T) {
        if let Some(known) = self.get_mut(partition) {
            *known = value;
            return;
        }
        if self.entries.len() >= MAX_PARTITIONS {
            self.remove_oldest();
        }
        self.arrivals = self.arrivals.saturating_add(1);
        let at = self.find(partition).unwrap_or_else(|at| at);
        let entry = Entry {
            partition: partition.clone(),
            arrival: self.arrivals,
            value,
        };
        self.entries.insert(at, entry);
    }

    /// Forgets the partition.
    pub fn remove(&mut self, partition: &Partition) {
        if let Ok(at) = self.find(partition) {
            self.entries.remove(at);
        }
    }

    /// Forgets the partitions for which `keep`, which may change them, says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        self.entries.retain_mut(|entry| keep(&mut entry.value));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    fn find(&self, partition: &Partition) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| entry.partition.cmp(partition))
    }

    fn remove_oldest(&mut self) {
        let entries = self.entries.iter().enumerate();
        if let Some((at, _)) = entries.min_by_key(|(_, entry)| entry.arrival) {
            self.entries.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::candidates::testing::partition;
    use super::*;
    use std::rc::Rc;

    #[test]
    fn a_map_holds_the_last_value_of_each_partition() {
        let mut map = PartitionMap::default();
        assert!(map.is_empty());
        for (range, value) in [("2", 1), ("10", 2), ("1", 3), ("10", 4)] {
            map.insert(&partition(range), value);
        }
        let elsewhere = Partition {
            container: Rc::from("other"),
            range: Rc::from("1"),
        };
        assert_eq!(map.get(&partition("10")), Some(&4));
        assert_eq!(map.get(&partition("3")), None);
        assert_eq!(map.get(&elsewhere), None);
        *map.get_mut(&partition("1")).unwrap() = 5;
        map.remove(&partition("2"));
        map.remove(&partition("2"));
        assert_eq!((map.len(), map.get(&partition("1"))), (2, Some(&5)));
        map.retain(|value| *value == 4);
        assert_eq!((map.len(), map.get(&partition("10"))), (1, Some(&4)));
        map.clear();
        assert!(map.is_empty());
    }

    #[test]
    fn the_oldest_goes_when_the_map_is_full() {
        let mut map = PartitionMap::default();
        let ranges: Vec<_> = (0..=MAX_PARTITIONS + 1).map(|n| n.to_string()).collect();
        for range in &ranges[..MAX_PARTITIONS] {
            map.insert(&partition(range), 0);
        }
        map.insert(&partition("0"), 1);
        assert_eq!(map.len(), MAX_PARTITIONS);
        map.insert(&partition(&ranges[MAX_PARTITIONS]), 0);
        assert_eq!(map.get(&partition("0")), None);
        assert_eq!(map.get(&partition("1")), Some(&0));
        map.insert(&partition(&ranges[MAX_PARTITIONS + 1]), 0);
        assert_eq!(map.get(&partition("1")), None);
        assert_eq!(map.len(), MAX_PARTITIONS);
    }
}
