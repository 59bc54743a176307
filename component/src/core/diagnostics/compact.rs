//! Bounds the record of a long operation (spec driver-core §9.4).
//!
//! Attempts that end one after the other with the same operation name, region, endpoint, status and context form a run.
//! When there are too many attempts, the first and the last of each run stay. If that is not enough, a block in the
//! middle goes too, whatever it is. What goes is counted in roll-ups, one for all alike. Attempts under way, and the
//! operation's first and last, always stay.

use std::ops::Range;
use std::rc::Rc;

use super::{Attempt, Diagnostics, ExecutionContext};

/// Roll-ups kept: the smallest go.
const MAX_RUNS: usize = 32;

/// Durations kept for the median of a tally.
const MAX_SAMPLES: usize = 64;

/// Regions remembered in the order of first contact.
const MAX_REGIONS: usize = 64;

/// The `run` of an attempt on its way out.
const LEFT_OUT: u32 = u32::MAX;

/// What is known of the attempts that were left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compaction {
    /// The attempts left out, alike ones together, in the order of their first: at most 32 roll-ups, the largest.
    pub runs: Vec<Rollup>,
    /// Runs in the whole operation.
    pub total_runs: u32,
    /// Runs of which attempts were left out.
    pub collapsed_runs: u32,
    /// Whether more was left out than the middle of runs.
    pub retained_truncated: bool,
    /// Roll-ups given up.
    pub omitted_runs: u32,
    /// Attempts that no roll-up counts any more.
    pub omitted_request_count: u32,

    regions: Vec<String>,
}

/// Attempts that were left out and were alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollup {
    /// What they were for.
    pub operation_name: &'static str,
    /// Why they were made.
    pub context: ExecutionContext,
    /// Canonical region name, if known.
    pub region: Option<String>,
    /// Where they went.
    pub endpoint: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// The service's sub-status.
    pub sub_status: Option<u32>,
    /// How many there were, and what they cost.
    pub tally: Tally,
}

/// Attempts counted together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// Their sum, in RU.
    pub request_charge: f64,
    /// The shortest, in milliseconds.
    pub min_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,

    /// Durations for the median, sorted.
    samples: Vec<f64>,
    /// How often every other sample was dropped: from then on only each 2^halvings-th attempt gives one.
    halvings: u32,
}

/// What attempts of a run have in common.
#[derive(PartialEq)]
pub(super) struct Key<'a> {
    status: Option<u16>,
    sub_status: Option<u32>,
    context: ExecutionContext,
    operation_name: &'static str,
    region: Option<&'a str>,
    endpoint: &'a str,
}

impl Attempt {
    pub(super) fn key(&self) -> Key<'_> {
        Key {
            status: self.status,
            sub_status: self.sub_status,
            context: self.context,
            operation_name: self.operation_name,
            region: self.region.as_deref(),
            endpoint: &self.endpoint,
        }
    }
}

impl Rollup {
    fn of(attempt: &Attempt) -> Self {
        Self {
            operation_name: attempt.operation_name,
            context: attempt.context,
            region: attempt.region.clone(),
            endpoint: attempt.endpoint.clone(),
            status: attempt.status,
            sub_status: attempt.sub_status,
            tally: Tally::default(),
        }
    }

    fn key(&self) -> Key<'_> {
        Key {
            status: self.status,
            sub_status: self.sub_status,
            context: self.context,
            operation_name: self.operation_name,
            region: self.region.as_deref(),
            endpoint: &self.endpoint,
        }
    }
}

impl Tally {
    /// The median duration in milliseconds: of an even number the upper one. Exact up to 64 attempts, beyond that
    /// of samples spread evenly.
    pub fn p50_ms(&self) -> f64 {
        let middle = self.samples.len() / 2;
        self.samples.get(middle).copied().unwrap_or_default()
    }

    /// Counts one more.
    pub(super) fn add(&mut self, duration_ms: f64, request_charge: f64) {
        // The number of those before is a multiple of the sampling step.
        if self.count.trailing_zeros() >= self.halvings {
            self.sample(duration_ms);
        }
        self.span(duration_ms, duration_ms);
        self.count = self.count.saturating_add(1);
        self.request_charge += request_charge;
    }

    /// Counts what another tally counts.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.span(other.min_ms, other.max_ms);
        self.count = self.count.saturating_add(other.count);
        self.request_charge += other.request_charge;
        for sample in &other.samples {
            self.sample(*sample);
        }
    }

    fn span(&mut self, min_ms: f64, max_ms: f64) {
        let first = self.count == 0;
        self.min_ms = if first {
            min_ms
        } else {
            self.min_ms.min(min_ms)
        };
        self.max_ms = self.max_ms.max(max_ms);
    }

    fn sample(&mut self, duration_ms: f64) {
        let place = self.samples.partition_point(|known| *known <= duration_ms);
        self.samples.insert(place, duration_ms);
        if self.samples.len() > MAX_SAMPLES {
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
            self.halvings = self.halvings.saturating_add(1);
        }
    }
}

impl Diagnostics {
    /// Makes the attempts fewer: `limit` at most, beside those under way.
    pub(super) fn compact(&mut self, limit: usize, total_runs: u32) {
        let compaction = self.compaction.get_or_insert_default();
        let Some(compaction) = Rc::get_mut(compaction) else {
            return;
        };
        compaction.total_runs = total_runs;
        compaction.remember_regions(&self.attempts);
        compaction.leave_out(&mut self.attempts, None);
        if self.attempts.len() > limit {
            compaction.retained_truncated = true;
            // More than needed, so that it is not needed each time.
            let tail = (limit / 4).max(1);
            let block = limit.div_ceil(2)..self.attempts.len().saturating_sub(tail);
            compaction.leave_out(&mut self.attempts, Some(&block));
        }
        compaction.shrink();
    }
}

impl Compaction {
    /// The regions of attempts that were there when some were left out, in the order of first contact. At most 64.
    pub(super) fn regions(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().map(String::as_str)
    }

    fn remember_regions(&mut self, attempts: &[Attempt]) {
        for region in attempts.iter().filter_map(|a| a.region.as_ref()) {
            if self.regions.len() < MAX_REGIONS && !self.regions.contains(region) {
                self.regions.push(region.clone());
            }
        }
    }

    /// Rolls up the attempts in a block of places, or else the middle of each run.
    fn leave_out(&mut self, attempts: &mut Vec<Attempt>, block: Option<&Range<usize>>) {
        let mut place = 0_usize;
        for run in attempts.chunk_by_mut(|a, b| a.run == b.run) {
            let leave = match block {
                None => 1..run.len().saturating_sub(1),
                Some(block) => {
                    let end = block.end.saturating_sub(place).min(run.len());
                    block.start.saturating_sub(place)..end
                }
            };
            place = place.saturating_add(run.len());
            self.thin(run, leave);
        }
        attempts.retain(|attempt| attempt.run != LEFT_OUT);
    }

    fn thin(&mut self, run: &mut [Attempt], leave: Range<usize>) {
        let flying = run.first().is_none_or(Attempt::is_flying);
        if flying || leave.is_empty() {
            return;
        }
        if !run.iter().any(|attempt| attempt.thinned) {
            self.collapsed_runs = self.collapsed_runs.saturating_add(1);
        }
        for attempt in run.iter_mut() {
            attempt.thinned = true;
        }
        for attempt in run.get_mut(leave).unwrap_or_default() {
            self.roll_up(attempt);
            attempt.run = LEFT_OUT;
        }
    }

    fn roll_up(&mut self, attempt: &Attempt) {
        let known = self.runs.iter_mut().find(|run| run.key() == attempt.key());
        if let Some(run) = known {
            run.tally.add(attempt.duration_ms, attempt.request_charge);
        } else {
            let mut run = Rollup::of(attempt);
            run.tally.add(attempt.duration_ms, attempt.request_charge);
            self.runs.push(run);
        }
    }

    /// Gives up the smallest roll-ups, of equal ones the latest.
    fn shrink(&mut self) {
        while self.runs.len() > MAX_RUNS {
            let (mut smallest, mut count) = (0, u32::MAX);
            for (place, run) in self.runs.iter().enumerate() {
                if run.tally.count <= count {
                    (smallest, count) = (place, run.tally.count);
                }
            }
            self.runs.remove(smallest);
            self.omitted_runs = self.omitted_runs.saturating_add(1);
            self.omitted_request_count = self.omitted_request_count.saturating_add(count);
        }
    }
}
