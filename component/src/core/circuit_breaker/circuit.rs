//! One circuit: whether one partition works in one region, for reads or for writes.

use std::rc::Rc;

use crate::core::account::Target;
use crate::core::clock::Nanos;

/// A circuit, and the counts that open it.
#[derive(Debug)]
pub(super) struct Circuit {
    target: Rc<Target>,
    pub(super) read: bool,
    pub(super) state: State,
    /// In a row, while closed.
    failures: u32,
    /// In a row, while not open.
    hedge_wins: u32,
    /// When one of the counts grew.
    counted: Nanos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The target works.
    Closed,
    /// It does not. Not to be probed before this instant.
    Open(Nanos),
    /// The next request probes.
    Due,
    /// The request with the claim of this number probes.
    Probing(u64),
}

impl Circuit {
    pub(super) fn new(target: &Rc<Target>, read: bool, now: Nanos) -> Self {
        Self {
            target: target.clone(),
            read,
            state: State::Closed,
            failures: 0,
            hedge_wins: 0,
            counted: now,
        }
    }

    /// Whether it is the circuit of this target and kind of access.
    pub(super) fn is(&self, target: &Rc<Target>, read: bool) -> bool {
        self.read == read && self.target == *target
    }

    /// Whether it is as good as none.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Closed && self.failures == 0 && self.hedge_wins == 0
    }

    /// Counts a failure: how many there are in a row.
    pub(super) fn count_failure(&mut self, now: Nanos, window: Nanos) -> u32 {
        self.age(now, window);
        self.counted = now;
        self.failures = self.failures.saturating_add(1);
        self.failures
    }

    /// Counts a hedge that the alternate won: how many there are in a row.
    pub(super) fn count_hedge_win(&mut self, now: Nanos, window: Nanos) -> u32 {
        self.age(now, window);
        self.counted = now;
        self.hedge_wins = self.hedge_wins.saturating_add(1);
        self.hedge_wins
    }

    /// Ends the row of failures.
    pub(super) fn forget_failures(&mut self) {
        self.failures = 0;
    }

    /// Ends the row of hedges that the alternate won.
    pub(super) fn forget_hedge_wins(&mut self) {
        self.hedge_wins = 0;
    }

    /// Begins to count anew if the last event is longer ago than the window.
    pub(super) fn age(&mut self, now: Nanos, window: Nanos) {
        if now.saturating_sub(self.counted) > window {
            (self.failures, self.hedge_wins) = (0, 0);
        }
    }

    /// Opens it, not to be probed before an instant.
    pub(super) fn open(&mut self, until: Nanos) {
        (self.failures, self.hedge_wins) = (0, 0);
        self.state = State::Open(until);
    }

    /// The target works again.
    pub(super) fn close(&mut self) {
        (self.failures, self.hedge_wins) = (0, 0);
        self.state = State::Closed;
    }
}
