//! The circuit breaker of partitions: where one keeps failing in a region, its requests go to another (spec driver-core
//! §7.2).
//!
//! There is a circuit for each partition, target, and kind of access (reading or writing). It is closed while the target
//! works, opens after so many failures in a row, and becomes due for a probe some time later: one request goes there and
//! decides whether it closes or opens again.

use std::rc::Rc;

use super::account::Target;
use super::candidates::Candidates;
use super::clock::{Nanos, SECOND};
use super::partition::Partition;
use super::partition_map::PartitionMap;
use circuit::{Circuit, State};

mod circuit;
#[cfg(test)]
mod tests;

/// Circuits of one partition; beyond that the one that changed least recently goes.
const MAX_CIRCUITS: usize = 32;

/// The tuning of the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `AZURE_COSMOS_PPCB_ENABLED_OVERRIDE`: beats the option and the account.
    pub enabled_override: Option<bool>,
    /// The option. Default: on. An account with per-partition failover turns the breaker on in any case.
    pub enabled: bool,
    /// Failures in a row that open a circuit for reads. Default: 10.
    pub read_threshold: u32,
    /// The same for writes. Default: 5.
    pub write_threshold: u32,
    /// A count begins anew when its last event is longer ago. Default: 5 min.
    pub reset_window: Nanos,
    /// How long a circuit stays open at least, before a random addition of up to its half. Default: 5 s.
    pub unavailability: Nanos,
    /// How often open circuits are looked through for those that are due. Default: 300 s.
    pub sweep_interval: Nanos,
    /// Hedges in a row that the alternate wins, which open a circuit for reads. Default: 5.
    pub hedge_win_threshold: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled_override: None,
            enabled: true,
            read_threshold: 10,
            write_threshold: 5,
            reset_window: 300 * SECOND,
            unavailability: 5 * SECOND,
            sweep_interval: 300 * SECOND,
            hedge_win_threshold: 5,
        }
    }
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// Where it would go anyway.
    Normal,
    /// To this target, because the circuits of better ones are open.
    Override(Rc<Target>),
    /// To this target, to find out whether it works again. Whatever becomes of the request, [`Breaker::release`] the
    /// claim afterwards.
    Probe(Rc<Target>, Claim),
}

/// The right to probe a target. While it is held, other requests stay away.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    partition: Partition,
    number: u64,
}

/// The circuits of a driver. Holds up to [`super::partition_map::MAX_PARTITIONS`] partitions; the one that failed first
/// goes.
#[derive(Debug)]
pub struct Breaker {
    settings: Settings,
    enabled: bool,
    partitions: PartitionMap<Vec<Circuit>>,
    next_sweep: Nanos,
    claims: u64,
}

impl Breaker {
    /// A breaker for an account whose document has not been read yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            enabled: settings.enabled_override.unwrap_or(settings.enabled),
            partitions: PartitionMap::default(),
            next_sweep: 0,
            claims: 0,
        }
    }

    /// Takes over the account's per-partition failover flag. Turning the breaker off forgets everything.
    pub fn account_read(&mut self, per_partition_failover: bool) {
        let settings = &self.settings;
        let wanted = settings.enabled || per_partition_failover;
        self.enabled = settings.enabled_override.unwrap_or(wanted);
        if !self.enabled {
            self.partitions.clear();
        }
    }

    /// Whether the breaker looks after such requests: reads, and writes where every region takes them, of a partition
    /// that more than one region has.
    pub fn applies(
        &self,
        read: bool,
        multi_write: bool,
        partitioned: bool,
        read_regions: usize,
    ) -> bool {
        self.enabled && partitioned && (read || multi_write) && read_regions > 1
    }

    /// Whether it is on.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether nothing has failed: every route is normal then.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Where a request to the partition goes. Of the candidates' list, the first whose circuit is closed, or due and now
    /// claimed.
    pub fn route(
        &mut self,
        partition: &Partition,
        read: bool,
        candidates: &Candidates<'_>,
        now: Nanos,
    ) -> Route {
        if self.partitions.is_empty() {
            return Route::Normal;
        }
        self.sweep(now);
        let Some(circuits) = self.partitions.get_mut(partition) else {
            return Route::Normal;
        };
        let mut bypassed = false;
        for target in candidates.list {
            if !candidates.allows(target) {
                continue;
            }
            let circuit = circuits.iter_mut().find(|circuit| circuit.is(target, read));
            match circuit {
                Some(circuit) if circuit.state == State::Due => {
                    self.claims = self.claims.wrapping_add(1);
                    circuit.state = State::Probing(self.claims);
                    let claim = Claim {
                        partition: partition.clone(),
                        number: self.claims,
                    };
                    return Route::Probe(target.clone(), claim);
                }
                Some(circuit) if circuit.state != State::Closed => bypassed = true,
                _ if bypassed => return Route::Override(target.clone()),
                _ => return Route::Normal,
            }
        }
        Route::Normal
    }

    /// A request that the breaker looks after failed at the target in a way that speaks against the partition there (the
    /// "mark P" rows of spec §4.4). `list` is the whole list for this kind of access, excluded regions too: when all of
    /// it has failed, routing is normal again. `random` is any number.
    pub fn failure(
        &mut self,
        partition: &Partition,
        target: &Rc<Target>,
        read: bool,
        list: &[Rc<Target>],
        now: Nanos,
        random: u64,
    ) {
        if !self.enabled {
            return;
        }
        let threshold = if read {
            self.settings.read_threshold
        } else {
            self.settings.write_threshold
        };
        let mut circuit = self.take_or_make(partition, target, read, now);
        let opens = match circuit.state {
            State::Closed => circuit.count_failure(now, self.settings.reset_window) >= threshold,
            // Sent before the circuit opened, or with nowhere else to go: that tells nothing new.
            State::Open(_) => false,
            State::Due | State::Probing(_) => true,
        };
        if opens {
            circuit.open(self.open_until(now, random));
        }
        self.put(partition, circuit);
        if opens {
            self.reset_if_exhausted(partition, read, list);
        }
    }

    /// The target answered a request in a way that does not speak against it. Ends a row of failures, and a probe.
    pub fn success(&mut self, partition: &Partition, target: &Rc<Target>, read: bool) {
        let Some(mut circuit) = self.take(partition, target, read) else {
            return;
        };
        match circuit.state {
            State::Closed => circuit.forget_failures(),
            // Sent before the circuit opened: the probe will tell.
            State::Open(_) => {}
            State::Due | State::Probing(_) => circuit.close(),
        }
        self.put(partition, circuit);
    }

    /// The alternate of a hedged read won against this primary. `list` and `random` are those of [`Self::failure`].
    pub fn hedge_won(
        &mut self,
        partition: &Partition,
        primary: &Rc<Target>,
        list: &[Rc<Target>],
        now: Nanos,
        random: u64,
    ) {
        if !self.enabled {
            return;
        }
        let mut circuit = self.take_or_make(partition, primary, true, now);
        let opens = match circuit.state {
            State::Open(_) => false,
            _ => {
                let wins = circuit.count_hedge_win(now, self.settings.reset_window);
                wins >= self.settings.hedge_win_threshold
            }
        };
        if opens {
            circuit.open(self.open_until(now, random));
        }
        self.put(partition, circuit);
        if opens {
            self.reset_if_exhausted(partition, true, list);
        }
    }

    /// The primary of a read that could have hedged won, whether or not the alternate was asked.
    pub fn hedge_lost(&mut self, partition: &Partition, primary: &Rc<Target>) {
        if let Some(mut circuit) = self.take(partition, primary, true) {
            circuit.forget_hedge_wins();
            self.put(partition, circuit);
        }
    }

    /// Gives the right to probe back. Does nothing if the probe has succeeded or failed meanwhile; else (it was
    /// cancelled, or its answer tells nothing) the next request probes.
    pub fn release(&mut self, claim: &Claim) {
        let Some(circuits) = self.partitions.get_mut(&claim.partition) else {
            return;
        };
        for circuit in circuits {
            if circuit.state == State::Probing(claim.number) {
                circuit.state = State::Due;
            }
        }
    }

    /// Makes open circuits due whose time has come, and forgets counts that are outdated.
    fn sweep(&mut self, now: Nanos) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now.saturating_add(self.settings.sweep_interval);
        let window = self.settings.reset_window;
        self.partitions.retain(|circuits| {
            for circuit in circuits.iter_mut() {
                match circuit.state {
                    State::Closed => circuit.age(now, window),
                    State::Open(until) if now >= until => circuit.state = State::Due,
                    _ => {}
                }
            }
            circuits.retain(|circuit| !circuit.is_idle());
            !circuits.is_empty()
        });
    }

    /// Where every target's circuit is open there is no better place than the normal one: forget them.
    fn reset_if_exhausted(&mut self, partition: &Partition, read: bool, list: &[Rc<Target>]) {
        let Some(circuits) = self.partitions.get_mut(partition) else {
            return;
        };
        let works = |target: &Rc<Target>| {
            let circuit = circuits.iter().find(|circuit| circuit.is(target, read));
            circuit.is_none_or(|circuit| circuit.state == State::Closed)
        };
        if list.iter().any(works) {
            return;
        }
        circuits.retain(|circuit| circuit.read != read);
        if circuits.is_empty() {
            self.partitions.remove(partition);
        }
    }

    fn open_until(&self, now: Nanos, random: u64) -> Nanos {
        let span = self.settings.unavailability;
        // Partitions that failed together come back one after the other.
        let jitter = random.checked_rem(span / 2).unwrap_or(0);
        now.saturating_add(span).saturating_add(jitter)
    }

    fn take_or_make(
        &mut self,
        partition: &Partition,
        target: &Rc<Target>,
        read: bool,
        now: Nanos,
    ) -> Circuit {
        if self.partitions.is_empty() {
            self.next_sweep = now.saturating_add(self.settings.sweep_interval);
        }
        self.take(partition, target, read)
            .unwrap_or_else(|| Circuit::new(target, read, now))
    }

    /// Takes a circuit out, to be changed and [`put`](Self::put) back.
    fn take(&mut self, partition: &Partition, target: &Rc<Target>, read: bool) -> Option<Circuit> {
        let circuits = self.partitions.get_mut(partition)?;
        let at = circuits
            .iter()
            .position(|circuit| circuit.is(target, read))?;
        Some(circuits.remove(at))
    }

    fn put(&mut self, partition: &Partition, circuit: Circuit) {
        let idle = circuit.is_idle();
        match self.partitions.get_mut(partition) {
            Some(circuits) if idle => {
                if circuits.is_empty() {
                    self.partitions.remove(partition);
                }
            }
            Some(circuits) => {
                if circuits.len() >= MAX_CIRCUITS {
                    circuits.remove(0);
                }
                circuits.push(circuit);
            }
            None if idle => {}
            None => self.partitions.insert(partition, vec![circuit]),
        }
    }
}
