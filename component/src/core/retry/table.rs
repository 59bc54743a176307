//! The decision table (spec driver-core §4.4). The first row that fits applies.

use super::{Class, Ending, Facts};
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::FailureCause;
use crate::core::routing::unavailable::Reason;

/// What a row says to do. How often, and after how long, is up to the budget that it draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Give the answer to the caller.
    Surface,
    /// Here again on a fresh connection, then like [`Then::Failover`].
    Reconnect,
    /// Here again as the service asks (429).
    Throttle,
    /// Elsewhere at once if there is another endpoint, else like [`Then::Throttle`].
    Overloaded,
    /// Here again, soon (449).
    RetryWith,
    /// At the next endpoint.
    Failover,
    /// At the next endpoint, with pauses that grow: the region list may just be changing.
    Moved,
    /// At the next hub candidate.
    NextHub,
    /// Where the session's writes have arrived.
    Session,
    /// Look the container up again; where that is not possible, the inner rule.
    Recover(&'static Self),
    /// Read the partition key ranges again.
    Ranges,
}

/// Who is blamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// The partition in this region.
    pub(super) partition: bool,
    /// The endpoint, and why.
    pub(super) endpoint: Option<Reason>,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    on: On,
    who: Who,
    pub(super) then: Then,
    pub(super) marks: Marks,
    pub(super) refresh_account: bool,
}

/// What a row is about.
#[derive(Debug, Clone, Copy)]
enum On {
    /// A status with one of these sub-statuses; an empty list stands for any.
    Status(u16, &'static [u32]),
    /// Statuses from the first to the last.
    Statuses(u16, u16),
    /// No answer, and the service cannot have seen the request.
    NotSent,
    /// No answer, and the same request would fare the same.
    Hopeless,
    /// No answer; the service may have carried the request out.
    Unanswered,
}

/// Whom a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Any,
    Writes,
    /// Reads, and writes that may be repeated.
    Repeatable,
    /// Reads that only the hub answers.
    HubReads,
}

const NOBODY: Marks = Marks {
    partition: false,
    endpoint: None,
};

const PARTITION: Marks = Marks {
    partition: true,
    endpoint: None,
};

const fn both(reason: Reason) -> Marks {
    Marks {
        partition: true,
        endpoint: Some(reason),
    }
}

const fn row(on: On, who: Who, then: Then, marks: Marks) -> Row {
    Row {
        on,
        who,
        then,
        marks,
        refresh_account: false,
    }
}

const fn refreshing(row: Row) -> Row {
    Row {
        refresh_account: true,
        ..row
    }
}

const SURFACE: Row = row(On::Statuses(0, u16::MAX), Who::Any, Then::Surface, NOBODY);

/// The sub-statuses of 410 that tell of moved partition key ranges: gone, splitting, migrating.
const RANGES_MOVED: &[u32] = &[1002, 1007, 1008];

/// From the most particular to the most general. What fits no row goes to the caller.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // The container was deleted and created anew.
    row(On::Status(400, &[1024]), Who::Any, Then::Recover(&Then::Surface), NOBODY),
    // The region takes no writes (any more), or is no part of the account (any more).
    row(On::Status(403, &[3]), Who::HubReads, Then::NextHub, NOBODY),
    refreshing(row(On::Status(403, &[3]), Who::Writes, Then::Moved, both(Reason::WriteForbidden))),
    refreshing(row(On::Status(403, &[1008]), Who::Any, Then::Moved, both(Reason::AccountNotFound))),
    // The region lags behind the session token.
    row(On::Status(404, &[1002]), Who::Any, Then::Session, NOBODY),
    row(On::Status(408, &[]), Who::Repeatable, Then::Failover, both(Reason::RequestTimeout)),
    row(On::Status(410, &[1000]), Who::Any, Then::Recover(&Then::Failover), both(Reason::ServiceUnavailable)),
    row(On::Status(410, RANGES_MOVED), Who::Any, Then::Ranges, NOBODY),
    row(On::Status(410, &[]), Who::Any, Then::Failover, both(Reason::ServiceUnavailable)),
    // A system resource ran out; waiting here helps less than going elsewhere.
    row(On::Status(429, &[3092]), Who::Any, Then::Overloaded, both(Reason::ServiceUnavailable)),
    row(On::Status(429, &[]), Who::Any, Then::Throttle, NOBODY),
    row(On::Status(449, &[]), Who::Any, Then::RetryWith, NOBODY),
    // Not carried out, says the service.
    row(On::Status(503, &[]), Who::Any, Then::Failover, both(Reason::ServiceUnavailable)),
    // What it does not implement, or which version of HTTP, will not change.
    row(On::Status(501, &[]), Who::Any, Then::Surface, NOBODY),
    row(On::Status(505, &[]), Who::Any, Then::Surface, NOBODY),
    row(On::Statuses(500, 599), Who::Repeatable, Then::Failover, both(Reason::InternalServerError)),
    // Without an answer.
    row(On::Hopeless, Who::Any, Then::Surface, NOBODY),
    row(On::NotSent, Who::Any, Then::Reconnect, Marks { partition: false, endpoint: Some(Reason::Transport) }),
    row(On::Unanswered, Who::Repeatable, Then::Failover, PARTITION),
];

/// The row that applies.
pub(super) fn row_of(facts: &Facts) -> Row {
    let fits = |row: &&Row| row.on.is(facts.ending) && row.who.is(facts);
    ROWS.iter().find(fits).copied().unwrap_or(SURFACE)
}

impl On {
    fn is(self, ending: Ending) -> bool {
        match (self, ending) {
            (Self::Status(own, subs), Ending::Answer { status, sub_status }) => {
                own == status && (subs.is_empty() || subs.contains(&sub_status))
            }
            (Self::Statuses(first, last), Ending::Answer { status, .. }) => {
                (first..=last).contains(&status)
            }
            (Self::Hopeless, Ending::Failure { cause, .. }) => matches!(
                cause,
                FailureCause::Denied | FailureCause::Refused | FailureCause::TooLarge
            ),
            (Self::NotSent, Ending::Failure { sent, .. }) => sent == RequestSent::NotSent,
            (Self::Unanswered, Ending::Failure { sent, .. }) => sent != RequestSent::NotSent,
            _ => false,
        }
    }
}

impl Who {
    fn is(self, facts: &Facts) -> bool {
        match self {
            Self::Any => true,
            Self::Writes => facts.class != Class::Read,
            Self::Repeatable => facts.class != Class::UnsafeWrite,
            Self::HubReads => facts.class == Class::Read && facts.hub_only && !facts.multi_write,
        }
    }
}
