//! Where the next attempt of an operation goes, and what becomes of the marks it leaves: one place that knows the
//! account's regions, their health, and the overrides of single partitions (spec driver-core §3.7, §4.7, §7).

use std::rc::Rc;

use super::account::Target;
use super::candidates::Candidates;
use super::circuit_breaker::{self, Breaker, Claim};
use super::clock::Nanos;
use super::consistency::AccountConsistency;
use super::hub_cache::HubCache;
use super::identity;
use super::options::Resolved;
use super::partition::Partition;
use super::partition_failover::PartitionFailover;
use super::retry::Direction;
use super::routing::select::{Choice, select};
use super::routing::topology::{Purpose, Topology};
use super::routing::unavailable::{Reason, Unavailable};

mod fallback;
mod marks;

/// The account's endpoints and how they fare.
#[derive(Debug)]
pub struct Router {
    topology: Option<Rc<Topology>>,
    /// The configured endpoint, which serves while the topology is unknown.
    configured: Rc<Target>,
    unavailable: Unavailable,
    breaker: Breaker,
    failover: PartitionFailover,
    hubs: HubCache,
}

/// One operation's way along the endpoints.
#[derive(Debug)]
pub struct Route {
    purpose: Purpose,
    /// A list of its own instead of the account's.
    along: Option<Vec<Rc<Target>>>,
    options: Rc<Resolved>,
    data_plane: bool,
    partition: Option<Partition>,
    /// The place in the list where the next choice begins.
    index: usize,
    /// The topology that the place belongs to.
    generation: u32,
    /// Endpoints that failed a write in this operation, or what came before it.
    failed: Vec<Rc<Target>>,
    /// Once a session lagged, only the hub will do.
    hub_only: bool,
    /// Why the last choice is not the most preferred endpoint.
    fallback: Option<&'static str>,
    pin: Option<Rc<Target>>,
    /// Where a write of a failed-over partition goes; permanent once it proves right.
    candidate: Option<Rc<Target>>,
    probe: Option<Claim>,
    /// Marks that wait for a region-confirming answer.
    deferred: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    target: Rc<Target>,
    partition: bool,
    endpoint: Option<Reason>,
    at: Nanos,
}

impl Route {
    /// The way of an operation for this purpose.
    pub fn new(purpose: Purpose, data_plane: bool, options: &Rc<Resolved>) -> Self {
        Self {
            purpose,
            along: None,
            options: Rc::clone(options),
            data_plane,
            partition: None,
            index: 0,
            generation: 0,
            failed: Vec::new(),
            hub_only: false,
            fallback: None,
            pin: None,
            candidate: None,
            probe: None,
            deferred: Vec::new(),
        }
    }

    /// A read along a list of its own.
    pub fn along(targets: Vec<Rc<Target>>, options: &Rc<Resolved>) -> Self {
        Self {
            along: Some(targets),
            ..Self::new(Purpose::Read, false, options)
        }
    }

    /// Passes over an endpoint unless there is no other.
    pub fn avoid(&mut self, target: Rc<Target>) {
        self.failed.push(target);
    }

    /// The physical partition, once it is known.
    pub fn set_partition(&mut self, partition: Option<Partition>) {
        self.partition = partition;
    }

    /// The physical partition, if it is known.
    pub fn partition(&self) -> Option<&Partition> {
        self.partition.as_ref()
    }

    /// Whether requests carry the header that only the hub answers.
    pub fn is_hub_only(&self) -> bool {
        self.hub_only && self.data_plane
    }

    /// How many endpoints its own list has, if it has one.
    pub fn own_list(&self) -> Option<usize> {
        self.along.as_ref().map(Vec::len)
    }

    /// Where the next attempt goes without a choice.
    pub fn pin(&self) -> Option<&Rc<Target>> {
        self.pin.as_ref()
    }

    /// Whether the next attempt has no choice.
    pub fn is_pinned(&self) -> bool {
        self.pin.is_some() || self.probe.is_some() || self.along.is_some()
    }

    /// Whether the next attempt finds out whether a region works again.
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Why the last choice is not the endpoint that would be preferred; none if it is (spec §9.2).
    pub fn fallback(&self) -> Option<&'static str> {
        self.fallback
    }

    /// Turns to where the next attempt goes.
    pub fn turn(&mut self, direction: Direction, from: &Rc<Target>) {
        match direction {
            Direction::Same => self.pin = Some(Rc::clone(from)),
            Direction::Next | Direction::NextHub => {
                self.pin = None;
                self.index = self.index.saturating_add(1);
            }
            Direction::Hub => {
                self.pin = None;
                self.hub_only = true;
            }
        }
    }

    fn is_write(&self) -> bool {
        self.purpose != Purpose::Read
    }
}

impl Router {
    /// A router that knows the configured endpoint alone.
    pub fn new(configured: Rc<Target>, breaker: circuit_breaker::Settings) -> Self {
        Self {
            topology: None,
            configured,
            unavailable: Unavailable::default(),
            breaker: Breaker::new(breaker),
            failover: PartitionFailover::default(),
            hubs: HubCache::default(),
        }
    }

    /// Takes over a topology that was read.
    pub fn install(&mut self, topology: Rc<Topology>) {
        self.breaker.account_read(topology.per_partition_failover);
        self.failover.account_read(topology.per_partition_failover);
        let single_write = !topology.multi_write;
        self.hubs
            .account_read(topology.per_partition_failover && single_write);
        self.topology = Some(topology);
    }

    /// What is known of the account.
    pub fn topology(&self) -> Option<&Rc<Topology>> {
        self.topology.as_ref()
    }

    /// Whether every region takes writes, as far as is known.
    pub fn multi_write(&self) -> bool {
        self.topology
            .as_ref()
            .is_some_and(|topology| topology.multi_write)
    }

    /// The account's default consistency; Session, the service's own default, while it is unknown.
    pub fn consistency(&self) -> AccountConsistency {
        self.topology
            .as_ref()
            .map_or(AccountConsistency::Session, |topology| topology.consistency)
    }

    /// Whether partitions move between regions one by one, so that operations have to know which one they go to.
    pub fn moves_partitions(&self) -> bool {
        self.topology
            .as_ref()
            .is_some_and(|topology| topology.per_partition_failover)
    }

    /// What the user agent says of routing (spec §11.4).
    pub fn features(&self) -> u32 {
        let failover = if self.moves_partitions() {
            identity::PARTITION_FAILOVER
        } else {
            0
        };
        let breaker = if self.breaker.is_enabled() {
            identity::CIRCUIT_BREAKER
        } else {
            0
        };
        failover | breaker
    }

    /// How many endpoints the route may use.
    pub fn endpoints(&self, route: &Route) -> u32 {
        u32::try_from(self.applicable(route).len()).unwrap_or(u32::MAX)
    }

    /// How many regions can be read from, as far as is known.
    pub fn read_regions(&self) -> usize {
        self.topology
            .as_ref()
            .map_or(0, |topology| topology.reads.len())
    }

    /// Whether the account turns hedging off.
    pub fn hedging_disabled(&self) -> bool {
        self.topology
            .as_ref()
            .is_some_and(|topology| topology.hedging_disabled)
    }
}

impl Router {
    /// The next attempt's endpoint. The order: an attempt that repeats the last one, the partition's own ways, the list.
    pub fn choose(&mut self, route: &mut Route, now: Nanos) -> Rc<Target> {
        if let Some(pin) = route.pin.take() {
            return pin;
        }
        if let Some(topology) = &self.topology
            && route.generation != topology.generation
            && route.along.is_none()
        {
            // The configured endpoint, which served before the account was known, stands for the hub.
            let hub_failed = route.generation == 0 && route.index > 0;
            let begins_at_hub = topology.list(route.purpose).first() == topology.hubs.first();
            route.index = usize::from(hub_failed && begins_at_hub);
            route.generation = topology.generation;
        }
        let own = self.choose_for_partition(route, now);
        let moved = own.is_some();
        let chosen = own.unwrap_or_else(|| self.choose_from_list(route, now));
        route.fallback = self.fallback(route, &chosen, moved);
        chosen
    }

    fn choose_from_list(&self, route: &Route, now: Nanos) -> Rc<Target> {
        let list = self.list(route);
        let place = select(&Choice {
            candidates: candidates(list, route),
            unavailable: &self.unavailable,
            ttl: route.options.endpoint_unavailability_ttl,
            now,
            write: route.is_write(),
            index: route.index,
        });
        let chosen = place
            .and_then(|place| list.get(place))
            .or_else(|| self.hub());
        chosen.map_or_else(|| Rc::clone(&self.configured), Rc::clone)
    }

    /// Whose writes count.
    fn hub(&self) -> Option<&Rc<Target>> {
        self.topology
            .as_ref()
            .and_then(|topology| topology.hubs.first())
    }

    /// Where single partitions go: failed-over writes, reads for the hub alone, what the circuit breaker says.
    fn choose_for_partition(&mut self, route: &mut Route, now: Nanos) -> Option<Rc<Target>> {
        if self.failover.is_empty() && self.hubs.is_empty() && self.breaker.is_empty() {
            return route.candidate.clone();
        }
        let (partition, topology) = (route.partition.as_ref()?, self.topology.clone()?);
        if self.fails_over(route) {
            let candidates = candidates(&topology.reads, route);
            let known = || self.failover.route(partition, &candidates);
            return route.candidate.clone().or_else(known);
        }
        if route.is_hub_only() && !route.is_write() {
            return self
                .hubs
                .get(partition, &candidates(&topology.reads, route));
        }
        if !self.watches(route) {
            return None;
        }
        let candidates = candidates(topology.list(route.purpose), route);
        match self
            .breaker
            .route(partition, !route.is_write(), &candidates, now)
        {
            circuit_breaker::Route::Normal => None,
            circuit_breaker::Route::Override(target) => Some(target),
            circuit_breaker::Route::Probe(target, claim) => {
                route.probe = Some(claim);
                Some(target)
            }
        }
    }

    /// The list that the route walks.
    fn list<'a>(&'a self, route: &'a Route) -> &'a [Rc<Target>] {
        match (&route.along, &self.topology) {
            (Some(own), _) => own,
            (None, None) => std::slice::from_ref(&self.configured),
            (None, Some(topology)) if route.hub_only => topology.list(Purpose::MetadataWrite),
            (None, Some(topology)) => topology.list(route.purpose),
        }
    }

    /// The endpoints that the route may use.
    pub fn applicable(&self, route: &Route) -> Vec<Rc<Target>> {
        let candidates = Candidates {
            failed: &[],
            ..candidates(self.list(route), route)
        };
        let allowed = |target: &&Rc<Target>| candidates.allows(target);
        candidates.list.iter().filter(allowed).cloned().collect()
    }

    /// Whether there is another endpoint than this to go to.
    pub fn has_other(&self, route: &Route, target: &Target) -> bool {
        let (list, failed) = match &self.topology {
            Some(topology) if self.fails_over(route) => (&topology.reads[..], &route.failed[..]),
            _ => (self.list(route), &[][..]),
        };
        let candidates = Candidates {
            failed,
            ..candidates(list, route)
        };
        let target = match self.hub() {
            Some(hub) if *target == *self.configured => hub,
            _ => target,
        };
        let another = |other: &Rc<Target>| **other != *target && candidates.allows(other);
        list.iter().any(another)
    }

    /// Whether it would matter for the route which partition it goes to.
    pub fn cares_for_partition(&self, route: &Route) -> bool {
        self.fails_over_as(route, true) || self.watches_as(route, true)
    }

    /// Whether the route's writes go to other regions partition by partition.
    pub fn fails_over(&self, route: &Route) -> bool {
        self.fails_over_as(route, route.partition.is_some())
    }

    fn fails_over_as(&self, route: &Route, partitioned: bool) -> bool {
        let regions = self
            .topology
            .as_ref()
            .map_or(0, |topology| topology.reads.len());
        let read = !route.is_write();
        self.failover
            .applies(read, self.multi_write(), partitioned, regions)
    }

    /// Whether the circuit breaker looks after the route's partition, so that no endpoint is blamed as a whole.
    pub fn watches(&self, route: &Route) -> bool {
        self.watches_as(route, route.partition.is_some())
    }

    fn watches_as(&self, route: &Route, partitioned: bool) -> bool {
        let regions = self
            .topology
            .as_ref()
            .map_or(0, |topology| topology.reads.len());
        let read = !route.is_write();
        self.breaker
            .applies(read, self.multi_write(), partitioned, regions)
    }
}

fn candidates<'a>(list: &'a [Rc<Target>], route: &'a Route) -> Candidates<'a> {
    Candidates {
        list,
        excluded: &route.options.excluded_regions,
        failed: &route.failed,
    }
}
