//! What attempts leave behind: marks, at once or when something proves them right, and what was learned of partitions (spec
//! driver-core §4.7).

use std::rc::Rc;

use super::{Mark, Route, Router, candidates};
use crate::core::account::Target;
use crate::core::clock::Nanos;
use crate::core::confirming::region_confirming;
use crate::core::retry::{Decision, Deferred, Direction, Step};
use crate::core::routing::topology::Purpose;
use crate::core::routing::unavailable::Reason;
use crate::wire::endpoint::Endpoint;

impl Router {
    /// An attempt did not do; the decision says who is to blame. Marks count at once, or when the operation has proved
    /// that it was not the request.
    pub fn failed(
        &mut self,
        route: &mut Route,
        target: &Rc<Target>,
        decision: &Decision,
        now: Nanos,
        random: u64,
    ) {
        let endpoint_waits = decision.deferred == Deferred::Both;
        let partition_waits = decision.deferred != Deferred::None;
        let mark = |partition, endpoint| Mark {
            target: Rc::clone(target),
            partition,
            endpoint,
            at: now,
        };
        let at_once = mark(
            decision.mark_partition && !partition_waits,
            decision.mark_endpoint.filter(|_| !endpoint_waits),
        );
        let later = mark(
            decision.mark_partition && partition_waits,
            decision.mark_endpoint.filter(|_| endpoint_waits),
        );
        self.apply(route, &at_once, random);
        if later.partition || later.endpoint.is_some() {
            route.deferred.push(later);
        }
        if route.is_write() && (decision.mark_partition || decision.mark_endpoint.is_some()) {
            route.failed.push(Rc::clone(target));
        }
        self.next_candidate(route, decision);
        self.next_hub(route, target, decision);
        self.release_probe(route);
    }

    /// Whether a read for the hub alone may look for the hub in another region than this.
    pub fn has_other_hub(&self, route: &Route, target: &Target) -> bool {
        let Some(topology) = &self.topology else {
            return false;
        };
        let candidates = candidates(&topology.reads, route);
        let another = |other: &Rc<Target>| **other != *target && candidates.allows(other);
        self.looks_for_hub(route) && topology.reads.iter().any(another)
    }

    /// Whether it is known, or found out, which region is the hub of the route's partition.
    fn looks_for_hub(&self, route: &Route) -> bool {
        let read = route.is_hub_only() && !route.is_write();
        read && self.hubs.is_enabled() && route.partition.is_some()
    }

    /// A read for the hub alone was told that this region is not it: looks for the partition's hub in the next one.
    fn next_hub(&mut self, route: &Route, target: &Rc<Target>, decision: &Decision) {
        let refused = matches!(
            decision.step,
            Step::Retry {
                direction: Direction::NextHub,
                ..
            }
        );
        if refused
            && self.looks_for_hub(route)
            && let (Some(partition), Some(topology)) = (&route.partition, &self.topology)
        {
            self.hubs
                .rotate(partition, target, &candidates(&topology.reads, route));
        }
    }

    /// A write of a partition that may have moved tries the next region.
    fn next_candidate(&self, route: &mut Route, decision: &Decision) {
        let Some(topology) = &self.topology else {
            return;
        };
        let blamed = decision.mark_partition || decision.mark_endpoint.is_some();
        if blamed
            && self.fails_over(route)
            && let Some(partition) = &route.partition
        {
            route.candidate = self
                .failover
                .next(partition, &candidates(&topology.reads, route));
        }
    }

    /// The target answered, well or in a way that is its own: whatever waited for that counts now.
    pub fn answered(
        &mut self,
        route: &mut Route,
        target: &Rc<Target>,
        answer: (u16, Option<u32>),
        success: bool,
        random: u64,
    ) {
        let quiet =
            self.unavailable.is_empty() && self.breaker.is_empty() && route.deferred.is_empty();
        if quiet && route.candidate.is_none() && !route.hub_only {
            return;
        }
        let (status, sub_status) = answer;
        if !region_confirming(status, sub_status) {
            return;
        }
        for mark in std::mem::take(&mut route.deferred) {
            if mark.target != *target {
                self.apply(route, &mark, random);
            }
        }
        let watched = self.watches(route);
        if let Some(partition) = &route.partition {
            // A failure inside the service confirms its region, but speaks against the partition there.
            if watched && status < 500 {
                self.breaker.success(partition, target, !route.is_write());
            }
            if route.candidate.is_some()
                && let Some(hub) = self.hub().cloned()
            {
                self.failover.confirm(partition, target, &hub);
            }
            if success && route.is_hub_only() && !route.is_write() {
                self.hubs.learn(partition, target);
            }
        }
        if success {
            self.unavailable.clear(&target.endpoint, route.is_write());
        }
        self.release_probe(route);
    }

    /// The route ends, however it does.
    pub fn leave(&mut self, route: &mut Route) {
        self.release_probe(route);
    }

    fn release_probe(&mut self, route: &mut Route) {
        if let Some(claim) = route.probe.take() {
            self.breaker.release(&claim);
        }
    }

    fn apply(&mut self, route: &Route, mark: &Mark, random: u64) {
        if let Some(reason) = mark.endpoint {
            self.unavailable
                .mark(&mark.target.endpoint, reason, mark.at);
        }
        if mark.partition
            && self.watches(route)
            && let (Some(partition), Some(topology)) = (&route.partition, &self.topology)
        {
            let list = topology.list(route.purpose);
            self.breaker.failure(
                partition,
                &mark.target,
                !route.is_write(),
                list,
                mark.at,
                random,
            );
        }
    }

    /// The endpoints that are avoided, for a snapshot: whether only by writes, and since when.
    pub fn avoided(&self) -> impl Iterator<Item = (&Endpoint, bool, Nanos)> {
        self.unavailable.marks()
    }

    /// Takes over a mark from a snapshot, unless there is one here.
    pub fn avoid(&mut self, endpoint: &Endpoint, writes_only: bool, at: Nanos) -> bool {
        let known = self
            .avoided()
            .any(|(own, own_writes, _)| own == endpoint && own_writes == writes_only);
        if !known {
            let reason = if writes_only {
                Reason::WriteForbidden
            } else {
                Reason::ServiceUnavailable
            };
            self.unavailable.mark(endpoint, reason, at);
        }
        !known
    }

    /// The primary of a hedged read lost to another region.
    pub fn hedge_won(&mut self, route: &Route, primary: &Rc<Target>, now: Nanos, random: u64) {
        if let (Some(partition), Some(topology)) = (&route.partition, &self.topology) {
            self.breaker.hedge_won(
                partition,
                primary,
                topology.list(Purpose::Read),
                now,
                random,
            );
        }
    }

    /// The primary of a read that might have been hedged, or was, has won.
    pub fn hedge_lost(&mut self, route: &Route, primary: &Rc<Target>) {
        if let Some(partition) = &route.partition {
            self.breaker.hedge_lost(partition, primary);
        }
    }
}

#[cfg(test)]
impl Router {
    /// Which of the account's regions are avoided at `now`, by reads or by writes, and how many partitions the circuit
    /// breaker has something against.
    pub fn marks(&self, write: bool, now: Nanos, ttl: Nanos) -> (Vec<String>, bool) {
        let reads = self
            .topology
            .as_ref()
            .map_or(&[][..], |topology| &topology.reads);
        let avoided =
            |target: &&Rc<Target>| self.unavailable.avoids(&target.endpoint, write, now, ttl);
        let names = reads
            .iter()
            .filter(avoided)
            .filter_map(|target| target.region.clone());
        (names.collect(), !self.breaker.is_empty())
    }
}
