//! Query plans that were asked for before (spec data-plane §3.3).

use std::rc::Rc;

use super::feed_token::Fingerprint;
use crate::wire::query_plan::QueryPlan;

/// How many plans are kept.
pub const MAX_PLANS: usize = 64;

/// How many bytes the gateway's answers for all of them may have together. A plan takes about as much memory as the text
/// that it was read from.
pub const MAX_BYTES: usize = 1 << 20;

/// What a plan depends on: the container's resource id, the query's text and parameters (its request body), and the
/// features asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanKey(Fingerprint);

impl PlanKey {
    /// The key of a query. A container created anew has another id, so that its plans are others.
    pub fn new(container: &str, body: &[u8], features: &str) -> Self {
        Self(Fingerprint::of(&[
            container.as_bytes(),
            body,
            features.as_bytes(),
        ]))
    }
}

/// The plans used last: at most [`MAX_PLANS`] and [`MAX_BYTES`]; the one that was not used for the longest time goes.
///
/// A plan larger than a quarter of the bytes is not kept, so that one query does not drive out all others.
#[derive(Debug, Default)]
pub struct PlanCache {
    /// The one used last is the last.
    plans: Vec<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    key: PlanKey,
    plan: Rc<QueryPlan>,
    bytes: usize,
}

impl PlanCache {
    /// The plan of a query, if it is known.
    pub fn get(&mut self, key: PlanKey) -> Option<Rc<QueryPlan>> {
        let at = self.plans.iter().rposition(|entry| entry.key == key)?;
        self.plans.get_mut(at..)?.rotate_left(1);
        self.plans.last().map(|entry| Rc::clone(&entry.plan))
    }

    /// Keeps a plan, in place of the one with the same key. `bytes` is the length of the answer that it was read from.
    pub fn insert(&mut self, key: PlanKey, plan: Rc<QueryPlan>, bytes: usize) {
        if let Some(at) = self.plans.iter().position(|entry| entry.key == key) {
            self.remove(at);
        }
        if bytes > MAX_BYTES / 4 {
            return;
        }
        while self.plans.len() >= MAX_PLANS || self.bytes.saturating_add(bytes) > MAX_BYTES {
            self.remove(0);
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.plans.push(Entry { key, plan, bytes });
    }

    fn remove(&mut self, at: usize) {
        let entry = self.plans.remove(at);
        self.bytes = self.bytes.saturating_sub(entry.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::query_plan::{Coverage, QueryInfo, Work};

    fn plan(top: u64) -> Rc<QueryPlan> {
        Rc::new(QueryPlan {
            work: Work::Query(QueryInfo {
                top: Some(top),
                ..QueryInfo::default()
            }),
            coverage: Coverage::FirstPartition,
        })
    }

    fn key(number: u64) -> PlanKey {
        PlanKey::new("rid", number.to_string().as_bytes(), "Top")
    }

    /// Which of the keys below a bound are known, without using them.
    fn known(cache: &PlanCache, bound: u64) -> Vec<u64> {
        let has = |number: &u64| cache.plans.iter().any(|entry| entry.key == key(*number));
        (0..bound).filter(has).collect()
    }

    #[test]
    fn a_plan_belongs_to_all_parts_of_its_key() {
        let mut cache = PlanCache::default();
        cache.insert(PlanKey::new("rid", b"body", "Top"), plan(1), 10);
        for (container, body, features, found) in [
            ("rid", &b"body"[..], "Top", true),
            ("rid2", b"body", "Top", false),
            ("rid", b"body2", "Top", false),
            ("rid", b"body", "Top,Distinct", false),
            ("ridbody", b"", "Top", false),
        ] {
            let plan = cache.get(PlanKey::new(container, body, features));
            assert_eq!(plan.is_some(), found, "{container} {features}");
        }
    }

    #[test]
    fn a_later_plan_replaces_an_earlier_one() {
        let mut cache = PlanCache::default();
        cache.insert(key(1), plan(1), 100);
        cache.insert(key(1), plan(2), 30);
        assert_eq!(cache.get(key(1)), Some(plan(2)));
        assert_eq!((cache.plans.len(), cache.bytes), (1, 30));
        // One that is too large drives out the old one all the same.
        cache.insert(key(1), plan(3), MAX_BYTES / 4 + 1);
        assert_eq!((cache.get(key(1)), cache.bytes), (None, 0));
        cache.insert(key(1), plan(4), MAX_BYTES / 4);
        assert_eq!(cache.get(key(1)), Some(plan(4)));
    }

    #[test]
    fn the_plan_unused_for_the_longest_time_goes() {
        let mut cache = PlanCache::default();
        let bound = MAX_PLANS as u64;
        for number in 0..bound {
            cache.insert(key(number), plan(number), 1);
        }
        assert_eq!(cache.get(key(0)), Some(plan(0)));
        assert_eq!(cache.get(key(2)), Some(plan(2)));
        for number in bound..bound + 3 {
            cache.insert(key(number), plan(number), 1);
        }
        assert_eq!(cache.plans.len(), MAX_PLANS);
        assert_eq!(known(&cache, 6), [0, 2, 5]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut cache = PlanCache::default();
        for number in 0..9 {
            cache.insert(key(number), plan(number), MAX_BYTES / 4);
            let total: usize = cache.plans.iter().map(|entry| entry.bytes).sum();
            assert!(cache.bytes == total && total <= MAX_BYTES);
        }
        assert_eq!(known(&cache, 9), [5, 6, 7, 8]);
        cache.insert(key(9), plan(9), 1);
        assert_eq!(known(&cache, 10), [6, 7, 8, 9]);
    }
}
