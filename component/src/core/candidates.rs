//! The targets that one attempt may go to (spec driver-core §3.6, §3.7).

use std::rc::Rc;

use super::account::Target;

/// The targets of an account's list that one attempt may go to.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// The list that serves this kind of operation, in order of preference (spec §3.4).
    pub list: &'a [Rc<Target>],
    /// Regions to leave out, in canonical form.
    pub excluded: &'a [String],
    /// Targets to pass over: they failed in this operation, or are marked unavailable.
    pub failed: &'a [Rc<Target>],
}

impl Candidates<'_> {
    /// Whether the target is one of the list, and neither excluded nor failed.
    pub fn contains(&self, target: &Rc<Target>) -> bool {
        self.list.contains(target) && self.allows(target)
    }

    /// Whether the target is neither excluded nor failed.
    pub fn allows(&self, target: &Rc<Target>) -> bool {
        !self.excludes(target) && !self.failed.contains(target)
    }

    /// The most preferred target that is neither excluded nor failed.
    pub fn first(&self) -> Option<&Rc<Target>> {
        self.list.iter().find(|target| self.allows(target))
    }

    /// The same without exclusions where they would leave nothing of the list.
    #[must_use]
    pub fn unless_all_excluded(self) -> Self {
        if self.list.iter().all(|target| self.excludes(target)) {
            Self {
                excluded: &[],
                ..self
            }
        } else {
            self
        }
    }

    /// A target without a region cannot be excluded.
    fn excludes(&self, target: &Target) -> bool {
        let region = target.region.as_ref();
        region.is_some_and(|region| self.excluded.contains(region))
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Accounts and partitions for the tests of what chooses among targets.

    use super::*;
    use crate::core::partition::Partition;
    use crate::wire::endpoint::Endpoint;

    /// One target for each region.
    pub(in crate::core) fn targets(regions: &[&str]) -> Vec<Rc<Target>> {
        let target = |region: &&str| Target {
            region: Some((*region).to_owned()),
            endpoint: Endpoint::parse(&format!("https://a-{region}.example.com"), None).unwrap(),
        };
        regions.iter().map(target).map(Rc::new).collect()
    }

    /// The whole list.
    pub(in crate::core) fn all(list: &[Rc<Target>]) -> Candidates<'_> {
        Candidates {
            list,
            excluded: &[],
            failed: &[],
        }
    }

    pub(in crate::core) fn partition(range: &str) -> Partition {
        Partition {
            container: Rc::from("rid"),
            range: Rc::from(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{all, targets};
    use super::*;
    use crate::wire::endpoint::Endpoint;

    #[test]
    fn excluded_and_failed_targets_are_passed_over() {
        let list = targets(&["eastus", "westus", "northeurope"]);
        let elsewhere = targets(&["japaneast"]);
        let excluded = ["eastus".to_owned(), "atlantis".to_owned()];
        let candidates = Candidates {
            excluded: &excluded,
            failed: &list[1..2],
            ..all(&list)
        };
        let contained = |target| candidates.contains(target);
        assert_eq!(
            list.iter().map(contained).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert!(candidates.allows(&elsewhere[0]) && !candidates.contains(&elsewhere[0]));
        assert_eq!(candidates.first(), Some(&list[2]));
        assert_eq!(all(&list).first(), Some(&list[0]));
        assert_eq!(all(&[]).first(), None);
    }

    #[test]
    fn exclusions_that_leave_nothing_can_be_lifted() {
        let list = targets(&["eastus", "westus"]);
        let both = ["eastus".to_owned(), "westus".to_owned()];
        let excluding = |excluded| Candidates {
            excluded,
            ..all(&list)
        };
        assert_eq!(excluding(&both[..]).first(), None);
        let lifted = excluding(&both[..]).unless_all_excluded();
        assert_eq!(lifted.first(), Some(&list[0]));
        let kept = excluding(&both[..1]).unless_all_excluded();
        assert_eq!(kept.first(), Some(&list[1]));
    }

    #[test]
    fn a_target_without_a_region_cannot_be_excluded() {
        let list = [Rc::new(Target {
            region: None,
            endpoint: Endpoint::parse("https://a.example.com", None).unwrap(),
        })];
        let excluded = [String::new(), "eastus".to_owned()];
        let candidates = Candidates {
            excluded: &excluded,
            ..all(&list)
        };
        assert_eq!(candidates.first(), Some(&list[0]));
    }
}
