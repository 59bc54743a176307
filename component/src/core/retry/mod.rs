//! What to do after an attempt: facts in, decision out (spec driver-core §4).
//!
//! [`table`] is the decision table, a row for each way an attempt can end. [`decide`] looks up the row, checks what is
//! left of the operation's budgets, and says what to do next. It never waits, sends, or reads a clock.

pub mod backoff;
pub mod budget;
pub mod table;

use super::clock::Nanos;
use super::diagnostics::{ExecutionContext, RequestSent};
use super::exchange::FailureCause;
use super::routing::unavailable::Reason;
pub use budget::{Limits, Spent};
use table::Then;

/// What an operation may be repeated for (spec §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Changes nothing: always repeatable.
    Read,
    /// A write whose repetition shows: the second create answers 409, the second delete 404, the second conditional
    /// write 412.
    Write,
    /// A write that must not be carried out twice: repeated only if the service certainly did not carry it out.
    UnsafeWrite,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The sub-status, 0 if there was none. It means something only together with the status.
        sub_status: u32,
    },
    /// Without one.
    Failure {
        /// Whether the service can have seen the request.
        sent: RequestSent,
        /// What failed.
        cause: FailureCause,
    },
}

/// Everything that a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// How the attempt ended.
    pub ending: Ending,
    /// What the operation may be repeated for.
    pub class: Class,
    /// Whether every region of the account takes writes.
    pub multi_write: bool,
    /// Whether the attempt carried the header that only the hub region answers.
    pub hub_only: bool,
    /// Whether a failed write may go to another region of a single-write account (PPAF).
    pub partition_failover: bool,
    /// Whether the circuit breaker watches this partition, so that the endpoint as a whole is not blamed.
    pub breaker: bool,
    /// Whether the next endpoint is another one than this.
    pub other_endpoint: bool,
    /// How many endpoints the operation may use.
    pub endpoints: u32,
    /// Whether a container created anew may be looked up again: addressed by name, no session token or continuation of
    /// the caller's, not done before in this operation.
    pub recoverable: bool,
    /// What the service asks to wait.
    pub retry_after: Option<Nanos>,
    /// What the ladder of timeouts asks to wait before the next attempt.
    pub pause: Nanos,
    /// What is left until the deadline.
    pub remaining: Option<Nanos>,
    /// 64 random bits for jitter.
    pub random: u64,
    /// The operation's budgets.
    pub limits: Limits,
    /// What it has spent of them.
    pub spent: Spent,
}

/// Where the next attempt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the same endpoint.
    Same,
    /// To the next one of the list.
    Next,
    /// To the hub, which has every write; `x-ms-cosmos-hub-region-processing-only` from now on for item operations.
    Hub,
    /// To the next candidate for the partition's hub.
    NextHub,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The operation ends with this answer or failure.
    Surface,
    /// The operation ends because its next attempt could not end before the deadline.
    OutOfTime,
    /// Another attempt.
    Retry {
        /// Where to.
        direction: Direction,
        /// After how long.
        delay: Nanos,
        /// How it is called in diagnostics.
        context: ExecutionContext,
    },
    /// Look up the container by name; if it is another one now, once more with that, else decide again.
    RecoverContainer,
    /// Read the partition key ranges again, and once more.
    RefreshRanges,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What happens next.
    pub step: Step,
    /// Whether the partition in this region gets a bad mark.
    pub mark_partition: bool,
    /// Whether, and why, the endpoint is avoided for a while.
    pub mark_endpoint: Option<Reason>,
    /// Whether another region, if there is one, may do better.
    pub elsewhere: bool,
    /// Whether the account document is read again before the next attempt.
    pub refresh_account: bool,
    /// Whether the marks wait for an attempt that proves the region, not the request, to be at fault (spec §4.7).
    pub deferred: Deferred,
    /// What the operation has spent now.
    pub spent: Spent,
}

/// Which marks wait until a later attempt succeeds or ends with a region-confirming status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferred {
    /// Both apply at once.
    None,
    /// The partition's mark waits.
    Partition,
    /// Both wait.
    Both,
}

/// Decides what follows an attempt that was no success.
pub fn decide(facts: &Facts) -> Decision {
    let row = table::row_of(facts);
    let (step, spent) = budget::apply(row.then, facts);
    let blamed = blames(step);
    let watched = row.marks.partition && facts.breaker;
    Decision {
        step,
        mark_partition: blamed && row.marks.partition,
        mark_endpoint: row.marks.endpoint.filter(|_| blamed && !watched),
        elsewhere: goes_elsewhere(row.then, step),
        refresh_account: row.refresh_account && !matches!(step, Step::Surface | Step::OutOfTime),
        deferred: deferred(facts),
        spent,
    }
}

fn goes_elsewhere(then: Then, step: Step) -> bool {
    match step {
        Step::Retry { direction, .. } => direction != Direction::Same || then == Then::Overloaded,
        _ => false,
    }
}

/// Nobody is blamed as long as the same endpoint gets another chance, or somebody else turns out to be at fault.
fn blames(step: Step) -> bool {
    match step {
        Step::Surface | Step::OutOfTime => true,
        Step::Retry { direction, .. } => direction != Direction::Same,
        Step::RecoverContainer | Step::RefreshRanges => false,
    }
}

/// Spec §4.7: on a single-write account nobody but the hub takes writes, so a failed write says little about the hub.
fn deferred(facts: &Facts) -> Deferred {
    match facts.class {
        Class::Read => Deferred::None,
        _ if facts.multi_write => Deferred::None,
        _ if facts.partition_failover => Deferred::Both,
        _ => Deferred::Partition,
    }
}
