//! What an operation may spend on repetitions, and what it has spent (spec driver-core §4.5).

use super::backoff;
use super::table::Then;
use super::{Direction, Facts, Step};
use crate::core::allowance::DEADLINE_MARGIN;
use crate::core::clock::{Nanos, SECOND};
use crate::core::diagnostics::ExecutionContext;

/// Repetitions of a request that provably never left, at the same endpoint.
pub const LOCAL_CONNECTIVITY_RETRIES: u32 = 1;

/// Repetitions after the partition key ranges were read again.
const RANGES_RETRIES: u32 = 1;

/// Budgets of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Repetitions at other endpoints, 3 by default.
    pub failovers: u32,
    /// Repetitions for a lagging session; none means 2 where one region writes, and the number of endpoints where all
    /// do.
    pub sessions: Option<u32>,
    /// Repetitions for 429, 9 by default.
    pub throttles: u32,
    /// All pauses for 429 together, 30 s by default.
    pub throttle_wait: Nanos,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failovers: 3,
            sessions: None,
            throttles: 9,
            throttle_wait: 30 * SECOND,
        }
    }
}

/// What an operation has spent. All attempts share it, wherever they went: a failover brings no new budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Repetitions at other endpoints.
    pub failovers: u32,
    /// Repetitions for a lagging session.
    pub sessions: u32,
    /// Repetitions on a fresh connection since the last change of endpoint.
    pub local: u32,
    /// Repetitions after ranges were read again.
    pub ranges: u32,
    /// Repetitions for 403/3 and 403/1008, and their pauses.
    pub moved: (u32, Nanos),
    /// Repetitions for 429, and their pauses.
    pub throttled: (u32, Nanos),
    /// Whether the one repetition beyond the 429 budget is spent too.
    pub forced: bool,
    /// Repetitions for 449, and their pauses.
    pub retried_with: (u32, Nanos),
}

/// What a row comes to, given what was spent.
pub(super) fn apply(then: Then, facts: &Facts) -> (Step, Spent) {
    let spent = facts.spent;
    let surface = (Step::Surface, spent);
    match then {
        Then::Surface => surface,
        Then::Reconnect => reconnect(facts),
        Then::Throttle => throttle(facts),
        Then::Overloaded if facts.other_endpoint => failover(facts, Direction::Next),
        Then::Overloaded => throttle(facts),
        Then::RetryWith => retry_with(facts),
        Then::Failover => failover(facts, Direction::Next),
        Then::NextHub => failover(facts, Direction::NextHub),
        Then::Moved => moved(facts),
        Then::Session => session(facts),
        Then::Recover(_) if facts.recoverable => (Step::RecoverContainer, spent),
        Then::Recover(otherwise) => apply(*otherwise, facts),
        Then::Ranges if spent.ranges < RANGES_RETRIES => {
            let ranges = spent.ranges.saturating_add(1);
            (Step::RefreshRanges, Spent { ranges, ..spent })
        }
        Then::Ranges => surface,
    }
}

fn retry(direction: Direction, delay: Nanos, context: ExecutionContext) -> Step {
    Step::Retry {
        direction,
        delay,
        context,
    }
}

/// The step, unless its pause would outlast the deadline.
fn in_time(facts: &Facts, step: Step, spent: Spent) -> (Step, Spent) {
    match step {
        Step::Retry { delay, .. } if delay > 0 && too_late(facts, delay) => {
            (Step::OutOfTime, facts.spent)
        }
        _ => (step, spent),
    }
}

fn too_late(facts: &Facts, delay: Nanos) -> bool {
    facts
        .remaining
        .is_some_and(|remaining| delay > remaining.saturating_sub(DEADLINE_MARGIN))
}

fn reconnect(facts: &Facts) -> (Step, Spent) {
    let spent = facts.spent;
    if spent.local >= LOCAL_CONNECTIVITY_RETRIES {
        return failover(facts, Direction::Next);
    }
    let local = spent.local.saturating_add(1);
    let step = retry(Direction::Same, 0, ExecutionContext::TransportRetry);
    (step, Spent { local, ..spent })
}

fn failover(facts: &Facts, direction: Direction) -> (Step, Spent) {
    let spent = facts.spent;
    if spent.failovers >= facts.limits.failovers {
        return (Step::Surface, spent);
    }
    let delay = if facts.other_endpoint {
        0
    } else {
        backoff::same_endpoint(spent.failovers, facts.random)
    }
    .max(facts.pause);
    let failovers = spent.failovers.saturating_add(1);
    let next = Spent {
        failovers,
        local: 0,
        ..spent
    };
    let step = retry(direction, delay, ExecutionContext::RegionFailover);
    in_time(facts, step, next)
}

fn moved(facts: &Facts) -> (Step, Spent) {
    let (count, waited) = facts.spent.moved;
    let Some(pause) = backoff::moved(count, waited, facts.random) else {
        return (Step::Surface, facts.spent);
    };
    // One partition alone has moved to a region that is there already: nothing to wait for (§7.4).
    let walks = facts.partition_failover && facts.other_endpoint;
    let delay = if walks { 0 } else { pause };
    let moved = (count.saturating_add(1), waited.saturating_add(delay));
    let next = Spent {
        moved,
        local: 0,
        ..facts.spent
    };
    let step = retry(Direction::Next, delay, ExecutionContext::RegionFailover);
    in_time(facts, step, next)
}

fn session(facts: &Facts) -> (Step, Spent) {
    let spent = facts.spent;
    let (direction, usual) = if facts.multi_write {
        (Direction::Next, facts.endpoints)
    } else {
        (Direction::Hub, 2)
    };
    if spent.sessions < facts.limits.sessions.unwrap_or(usual) {
        let sessions = spent.sessions.saturating_add(1);
        let step = retry(direction, 0, ExecutionContext::OperationRetry);
        return (step, Spent { sessions, ..spent });
    }
    // A token of a container that is gone is waited for in vain everywhere.
    apply(Then::Recover(&Then::Surface), facts)
}

fn retry_with(facts: &Facts) -> (Step, Spent) {
    let (count, waited) = facts.spent.retried_with;
    let Some(delay) = backoff::retry_with(count, waited, facts.random) else {
        return (Step::Surface, facts.spent);
    };
    let retried_with = (count.saturating_add(1), waited.saturating_add(delay));
    let next = Spent {
        retried_with,
        ..facts.spent
    };
    let step = retry(Direction::Same, delay, ExecutionContext::OperationRetry);
    in_time(facts, step, next)
}

/// Spec §4.6. When the pauses, not the repetitions, are used up, one more attempt is made, in the middle of the time
/// that is left.
fn throttle(facts: &Facts) -> (Step, Spent) {
    let spent = facts.spent;
    let (count, waited) = spent.throttled;
    if spent.forced || count >= facts.limits.throttles {
        return (Step::Surface, spent);
    }
    let pause = backoff::throttle(count, facts.retry_after, facts.random);
    let total = waited.saturating_add(pause);
    let fits = total <= facts.limits.throttle_wait && !too_late(facts, pause);
    let (delay, forced) = if fits {
        (pause, false)
    } else {
        (half_of(facts.remaining), true)
    };
    let next = Spent {
        throttled: (count.saturating_add(1), waited.saturating_add(delay)),
        forced,
        ..spent
    };
    let step = retry(Direction::Same, delay, ExecutionContext::OperationRetry);
    (step, next)
}

/// But not so much that the last moment would begin.
fn half_of(remaining: Option<Nanos>) -> Nanos {
    let remaining = remaining.unwrap_or(0);
    (remaining / 2).min(remaining.saturating_sub(DEADLINE_MARGIN))
}
