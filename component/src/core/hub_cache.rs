//! The hub of partitions: the region that takes a partition's writes, where reads go that ask for it alone (spec
//! driver-core §7.5).
//!
//! It matters on accounts with a single write region and per-partition failover, whose partitions may have moved.

use std::rc::Rc;

use super::account::Target;
use super::candidates::Candidates;
use super::partition::Partition;
use super::partition_map::PartitionMap;

/// What reads found out about the hubs of partitions. Holds up to [`super::partition_map::MAX_PARTITIONS`]; the one that
/// was met first goes. Off until the account says otherwise.
#[derive(Debug, Default)]
pub struct HubCache {
    enabled: bool,
    hubs: PartitionMap<Rc<Target>>,
}

impl HubCache {
    /// Takes over whether the account has per-partition failover and a single write region. A change, either way, forgets
    /// everything.
    pub fn account_read(&mut self, enabled: bool) {
        if self.enabled != enabled {
            self.enabled = enabled;
            self.hubs.clear();
        }
    }

    /// Whether no partition's hub is known apart from the account's.
    pub fn is_empty(&self) -> bool {
        self.hubs.is_empty()
    }

    /// Where a read that needs the hub begins, if not at the account's write target. The candidates are the account's
    /// read targets.
    pub fn get(&self, partition: &Partition, candidates: &Candidates<'_>) -> Option<Rc<Target>> {
        let hub = self.hubs.get(partition)?;
        candidates.contains(hub).then(|| hub.clone())
    }

    /// A read for the hub alone succeeded at this target.
    pub fn learn(&mut self, partition: &Partition, target: &Rc<Target>) {
        if self.enabled {
            self.hubs.insert(partition, target.clone());
        }
    }

    /// A read for the hub alone was refused by this target (403 with sub-status 3): where to look next. That is what
    /// others found out meanwhile, else the read target after this one, in a circle. None, and the partition forgotten,
    /// when no target is left.
    ///
    /// The place to look next is kept, so that the search of the next operation goes on there. It speaks against no
    /// target: nothing is marked.
    pub fn rotate(
        &mut self,
        partition: &Partition,
        refused: &Rc<Target>,
        candidates: &Candidates<'_>,
    ) -> Option<Rc<Target>> {
        if !self.enabled {
            return None;
        }
        if let Some(hub) = self.get(partition, candidates)
            && hub != *refused
        {
            return Some(hub);
        }
        let next = after(refused, candidates);
        match &next {
            Some(target) => self.hubs.insert(partition, target.clone()),
            None => self.hubs.remove(partition),
        }
        next
    }
}

/// The next candidate in the circle of the list; the first if the target is not in it.
fn after(target: &Rc<Target>, candidates: &Candidates<'_>) -> Option<Rc<Target>> {
    let list = candidates.list;
    let at = list.iter().position(|known| known == target);
    let (before, rest) = list.split_at(at.unwrap_or(0));
    let mut circle = rest.iter().chain(before);
    let allowed = |known: &&Rc<Target>| *known != target && candidates.allows(known);
    circle.find(allowed).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::candidates::testing::{all, partition, targets};
    use super::super::partition_map::MAX_PARTITIONS;
    use super::*;

    fn enabled() -> HubCache {
        let mut cache = HubCache::default();
        cache.account_read(true);
        cache
    }

    #[test]
    fn a_hub_is_learned_for_its_partition() {
        let list = targets(&["eastus", "westus"]);
        let mut cache = enabled();
        assert_eq!(cache.get(&partition("0"), &all(&list)), None);
        cache.learn(&partition("0"), &list[1]);
        cache.learn(&partition("1"), &list[0]);
        cache.learn(&partition("1"), &list[1]);
        assert_eq!(
            cache.get(&partition("0"), &all(&list)).as_ref(),
            Some(&list[1])
        );
        assert_eq!(
            cache.get(&partition("1"), &all(&list)).as_ref(),
            Some(&list[1])
        );
        assert_eq!(cache.get(&partition("2"), &all(&list)), None);
    }

    #[test]
    fn a_hub_that_is_excluded_failed_or_removed_does_not_serve() {
        let list = targets(&["eastus", "westus"]);
        let mut cache = enabled();
        cache.learn(&partition("0"), &list[1]);
        let (east, west) = (["eastus".to_owned()], ["westus".to_owned()]);
        for (present, excluded, failed, expected) in [
            (&list[..], &east, &list[..0], true),
            (&list[..], &west, &list[..0], false),
            (&list[..], &east, &list[1..], false),
            (&list[..1], &east, &list[..0], false),
        ] {
            let candidates = Candidates {
                list: present,
                excluded,
                failed,
            };
            let hub = cache.get(&partition("0"), &candidates);
            assert_eq!(hub.is_some(), expected, "{excluded:?} {failed:?}");
        }
    }

    #[test]
    fn a_refusal_turns_to_the_next_target_in_a_circle() {
        let list = targets(&["eastus", "westus", "northeurope"]);
        let here = partition("0");
        let excluded = ["westus".to_owned()];
        let mut cache = enabled();
        // Where the search has got to stays known; a second refusal from the same target does not move it again.
        assert_eq!(
            cache.rotate(&here, &list[0], &all(&list)).as_ref(),
            Some(&list[1])
        );
        assert_eq!(cache.get(&here, &all(&list)).as_ref(), Some(&list[1]));
        assert_eq!(
            cache.rotate(&here, &list[0], &all(&list)).as_ref(),
            Some(&list[1])
        );
        assert_eq!(
            cache.rotate(&here, &list[1], &all(&list)).as_ref(),
            Some(&list[2])
        );
        assert_eq!(
            cache.rotate(&here, &list[2], &all(&list)).as_ref(),
            Some(&list[0])
        );
        let without = Candidates {
            excluded: &excluded,
            ..all(&list)
        };
        assert_eq!(
            cache.rotate(&here, &list[0], &without).as_ref(),
            Some(&list[2])
        );
        // All have refused.
        let exhausted = Candidates {
            failed: &list,
            ..all(&list)
        };
        assert_eq!(cache.rotate(&here, &list[2], &exhausted), None);
        assert!(cache.is_empty());
        // The account's write target need not be among the read targets.
        let hub = &targets(&["japaneast"])[0];
        assert_eq!(
            cache.rotate(&here, hub, &all(&list)).as_ref(),
            Some(&list[0])
        );
        assert_eq!(cache.rotate(&here, &list[0], &all(&list[..1])), None);
    }

    #[test]
    fn without_per_partition_failover_nothing_is_kept() {
        let list = targets(&["eastus", "westus"]);
        let mut cache = enabled();
        cache.learn(&partition("0"), &list[1]);
        cache.account_read(true);
        assert!(!cache.is_empty());
        cache.account_read(false);
        assert!(cache.is_empty());
        cache.learn(&partition("0"), &list[1]);
        assert_eq!(cache.rotate(&partition("0"), &list[0], &all(&list)), None);
        assert!(cache.is_empty());
    }

    #[test]
    fn the_number_of_hubs_is_bounded() {
        let list = targets(&["eastus"]);
        let mut cache = enabled();
        for range in 0..=MAX_PARTITIONS {
            cache.learn(&partition(&range.to_string()), &list[0]);
        }
        assert_eq!(cache.hubs.len(), MAX_PARTITIONS);
        assert_eq!(cache.get(&partition("0"), &all(&list)), None);
    }
}
