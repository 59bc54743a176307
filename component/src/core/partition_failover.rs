//! Per-partition automatic failover: where a partition's writes go when the service moved its write region, on accounts
//! with a single write region (spec driver-core §7.4).
//!
//! A write that fails tries the next region at once. Only when the write ends there with success, or with another answer
//! that confirms the region, the partition's later writes go there first.

use std::rc::Rc;

use super::account::Target;
use super::candidates::Candidates;
use super::partition::Partition;
use super::partition_map::PartitionMap;

/// Where the writes of partitions go instead of the account's write region. Holds up to
/// [`super::partition_map::MAX_PARTITIONS`]; the one that moved first goes. Off until the account says otherwise.
#[derive(Debug, Default)]
pub struct PartitionFailover {
    enabled: bool,
    overrides: PartitionMap<Rc<Target>>,
}

impl PartitionFailover {
    /// Takes over the account's `enablePerPartitionFailoverBehavior`. A change, either way, forgets everything.
    pub fn account_read(&mut self, enabled: bool) {
        if self.enabled != enabled {
            self.enabled = enabled;
            self.overrides.clear();
        }
    }

    /// Whether it looks after such requests: writes to a partition that more than one region has and only one takes
    /// writes of.
    pub fn applies(
        &self,
        read: bool,
        multi_write: bool,
        partitioned: bool,
        read_regions: usize,
    ) -> bool {
        self.enabled && partitioned && !read && !multi_write && read_regions > 1
    }

    /// Whether every partition's writes go where the account says.
    pub fn is_empty(&self) -> bool {
        self.overrides.is_empty()
    }

    /// Where the partition's writes go, if not to the account's write region. The candidates are the account's read
    /// targets; `failed` are those that failed in this operation, not those marked unavailable. Excluded regions do not
    /// serve, unless all are excluded (spec §16, row 21).
    pub fn route(&self, partition: &Partition, candidates: &Candidates<'_>) -> Option<Rc<Target>> {
        let target = self.overrides.get(partition)?;
        let allowed = candidates.unless_all_excluded().contains(target);
        allowed.then(|| target.clone())
    }

    /// Where a write goes after it failed, with all its failed targets among the candidates' `failed`: where others found
    /// the partition, else the first read target that is left. None when no target is left.
    ///
    /// This is an attempt, which changes nothing for other operations until [`Self::confirm`].
    pub fn next(&self, partition: &Partition, candidates: &Candidates<'_>) -> Option<Rc<Target>> {
        let known = self.route(partition, candidates);
        known.or_else(|| candidates.unless_all_excluded().first().cloned())
    }

    /// A write of the partition ended at this target, with success or another answer that confirms its region
    /// ([`super::confirming`]): later ones go there. `hub` is the account's write target, to which they go anyway.
    pub fn confirm(&mut self, partition: &Partition, target: &Rc<Target>, hub: &Target) {
        if !self.enabled {
            return;
        }
        if **target != *hub {
            self.overrides.insert(partition, target.clone());
        } else if !self.overrides.is_empty() {
            self.overrides.remove(partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::candidates::testing::{all, partition, targets};
    use super::super::partition_map::MAX_PARTITIONS;
    use super::*;

    fn enabled() -> PartitionFailover {
        let mut failover = PartitionFailover::default();
        failover.account_read(true);
        failover
    }

    #[test]
    fn it_applies_to_writes_of_partitions_on_single_write_accounts() {
        for (read, multi_write, partitioned, regions, expected) in [
            (false, false, true, 2, true),
            (true, false, true, 2, false),
            (false, true, true, 2, false),
            (false, false, false, 2, false),
            (false, false, true, 1, false),
        ] {
            let applies =
                |it: &PartitionFailover| it.applies(read, multi_write, partitioned, regions);
            assert_eq!(applies(&enabled()), expected);
            assert!(!applies(&PartitionFailover::default()));
        }
    }

    #[test]
    fn a_write_walks_the_read_targets_and_stays_where_it_is_confirmed() {
        let list = targets(&["eastus", "westus", "northeurope"]);
        let (here, other) = (partition("0"), partition("1"));
        let mut failover = enabled();
        let after = |failover: &PartitionFailover, failed: &[Rc<Target>]| {
            let candidates = Candidates {
                failed,
                ..all(&list)
            };
            failover.next(&here, &candidates)
        };
        assert_eq!(failover.route(&here, &all(&list)), None);
        assert_eq!(after(&failover, &list[..1]).as_ref(), Some(&list[1]));
        assert_eq!(after(&failover, &list[..2]).as_ref(), Some(&list[2]));
        assert_eq!(after(&failover, &list), None);
        // Nothing is confirmed: the next operation begins at the hub.
        assert!(failover.is_empty());

        failover.confirm(&here, &list[2], &list[0]);
        assert_eq!(failover.route(&here, &all(&list)).as_ref(), Some(&list[2]));
        assert_eq!(failover.route(&other, &all(&list)), None);
        // One that began before goes there next, and walks on if it fails there.
        assert_eq!(after(&failover, &list[..1]).as_ref(), Some(&list[2]));
        assert_eq!(after(&failover, &list[2..]).as_ref(), Some(&list[0]));

        failover.confirm(&here, &list[1], &list[0]);
        assert_eq!(failover.route(&here, &all(&list)).as_ref(), Some(&list[1]));
        failover.confirm(&other, &list[0], &list[0]);
        failover.confirm(&here, &list[0], &list[0]);
        assert!(failover.is_empty());
    }

    #[test]
    fn an_override_serves_unless_failed_removed_or_excluded() {
        let list = targets(&["eastus", "westus", "northeurope"]);
        let mut failover = enabled();
        failover.confirm(&partition("0"), &list[1], &list[0]);
        let names = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        for (present, excluded, failed, route, next) in [
            (&list[..], names(&[]), &list[..1], Some(1), Some(1)),
            (&list[..], names(&[]), &list[1..2], None, Some(0)),
            (&list[..1], names(&[]), &list[..0], None, Some(0)),
            (&list[..], names(&["eastus"]), &list[..0], Some(1), Some(1)),
            (&list[..], names(&["westus"]), &list[..1], None, Some(2)),
            (&list[..2], names(&["westus"]), &list[..1], None, None),
            (
                &list[..2],
                names(&["westus", "eastus"]),
                &list[..1],
                Some(1),
                Some(1),
            ),
            (
                &list[..2],
                names(&["westus", "eastus"]),
                &list[1..2],
                None,
                Some(0),
            ),
        ] {
            let candidates = Candidates {
                list: present,
                excluded: &excluded,
                failed,
            };
            let place = |target: Option<Rc<Target>>| {
                list.iter().position(|known| Some(known) == target.as_ref())
            };
            let case = format!("{excluded:?} {failed:?}");
            assert_eq!(
                place(failover.route(&partition("0"), &candidates)),
                route,
                "{case}"
            );
            assert_eq!(
                place(failover.next(&partition("0"), &candidates)),
                next,
                "{case}"
            );
        }
    }

    #[test]
    fn a_flip_of_the_flag_forgets_everything() {
        let list = targets(&["eastus", "westus"]);
        let mut failover = enabled();
        failover.confirm(&partition("0"), &list[1], &list[0]);
        failover.account_read(true);
        assert!(!failover.is_empty());
        failover.account_read(false);
        assert!(failover.is_empty());
        failover.confirm(&partition("0"), &list[1], &list[0]);
        assert!(failover.is_empty());
    }

    #[test]
    fn the_number_of_overrides_is_bounded() {
        let list = targets(&["eastus", "westus"]);
        let mut failover = enabled();
        for range in 0..=MAX_PARTITIONS {
            failover.confirm(&partition(&range.to_string()), &list[1], &list[0]);
        }
        assert_eq!(failover.overrides.len(), MAX_PARTITIONS);
        assert_eq!(failover.route(&partition("0"), &all(&list)), None);
        assert!(failover.route(&partition("1"), &all(&list)).is_some());
    }
}
