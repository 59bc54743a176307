//! How an operation ends that has tried more than once (spec driver-core §4.9).

use crate::core::clock::{MILLI, Nanos};
use crate::core::error::{Error, ErrorKind, Outcome};

/// No region accepted what the session has seen.
const SESSION_LAGS: (u16, u32) = (503, 20_310);

/// No region took the write.
const NOBODY_WRITES: (u16, u32) = (503, 20_311);

/// No region knew the account.
const NOBODY_AT_HOME: (u16, u32) = (503, 20_312);

/// The operation's own deadline.
const TIME_IS_UP: (u16, u32) = (408, 20_008);

/// Gives errors their last form: failures of a region that persisted everywhere become failures of the service, with
/// the last of them as the cause. `repeated` says that a write was sent again although it may have been carried out.
pub fn terminal(mut error: Box<Error>, repeated: bool) -> Box<Error> {
    if repeated {
        error.message.push_str(hint(error.status));
    }
    let (status, message) = match (error.status, error.sub_status) {
        (Some(404), Some(1002)) => (
            SESSION_LAGS,
            "no region has caught up with the session token: call again after a moment, or read with another consistency.",
        ),
        (Some(403), Some(3)) => (
            NOBODY_WRITES,
            "no region takes writes at the moment: the write region is moving; call again after a moment.",
        ),
        (Some(403), Some(1008)) => (
            NOBODY_AT_HOME,
            "no region that was asked belongs to the account: regions were removed; call again after a moment, and check \
             the endpoint.",
        ),
        _ => return error,
    };
    error.retryable = true;
    error.summed_up(ErrorKind::Unavailable, status, message.to_owned())
}

/// What an answer may mean that a repeated write got.
fn hint(status: Option<u16>) -> &'static str {
    match status {
        Some(409) => {
            " An earlier attempt of this call may have created it: read it before you decide."
        }
        Some(404) => " An earlier attempt of this call may have deleted it.",
        Some(412) => {
            " An earlier attempt of this call may have changed it: read it before you decide."
        }
        _ => "",
    }
}

/// The container that an item operation needs is not there: 404/1003, to be told from a missing item (spec §12.2).
pub fn no_container(mut error: Box<Error>) -> Box<Error> {
    error.sub_status = Some(1003);
    error.message.push_str(
        " It is the container that is missing, or its database: create it, or check its name.",
    );
    error
}

/// The operation's deadline has come; `cause` is what happened last.
pub fn out_of_time(name: &str, timeout: Option<Nanos>, cause: Box<Error>) -> Box<Error> {
    let message = time_is_up(name, timeout);
    let mut error = cause.summed_up(ErrorKind::Timeout, TIME_IS_UP, message);
    error.retryable = true;
    error
}

/// The operation's deadline came while it waited for an answer; `unknown` if a write was under way.
pub fn cut_off(name: &str, timeout: Option<Nanos>, unknown: bool) -> Box<Error> {
    let mut error = Error::new(ErrorKind::Timeout, time_is_up(name, timeout));
    (error.status, error.sub_status) = (Some(TIME_IS_UP.0), Some(TIME_IS_UP.1));
    error.retryable = true;
    if unknown {
        error.outcome = Outcome::Unknown;
    }
    error
}

fn time_is_up(name: &str, timeout: Option<Nanos>) -> String {
    format!(
        "{name}: the end-to-end timeout of {} ms has passed: call again, or allow more time. Read before you write again.",
        timeout.unwrap_or(0) / MILLI
    )
}

/// The caller's RU budget is spent; `cause` is what happened last.
pub fn ru_budget_spent(name: &str, cause: Box<Error>) -> Box<Error> {
    let message = budget_is_spent(name);
    let status = (cause.status.unwrap_or(0), cause.sub_status.unwrap_or(0));
    let (had_status, had_sub_status) = (cause.status, cause.sub_status);
    let mut error = cause.summed_up(ErrorKind::BudgetSpent, status, message);
    (error.status, error.sub_status) = (had_status, had_sub_status);
    error
}

/// The caller's RU budget was spent before all operations of a bulk were carried out.
pub fn bulk_budget_spent(name: &str) -> Box<Error> {
    Error::new(ErrorKind::BudgetSpent, budget_is_spent(name))
}

fn budget_is_spent(name: &str) -> String {
    [
        name,
        ": the attempts so far have used up the RU budget of this call: raise the budget, or call again later.",
    ]
    .concat()
}

/// The partition key ranges do not cover the container, again and again.
pub fn incomplete_ranges() -> Box<Error> {
    let mut error = Error::new(
        ErrorKind::Unavailable,
        "read_partition_key_ranges: the ranges have gaps: the container is being split; call again after a moment.",
    );
    (error.status, error.sub_status) = (Some(503), Some(20_305));
    error.retryable = true;
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, sub_status: u32) -> Box<Error> {
        let mut error = Error::new(ErrorKind::Service, "it was so");
        (error.status, error.sub_status) = (Some(status), Some(sub_status));
        error
    }

    #[test]
    fn failures_everywhere_are_failures_of_the_service() {
        for (status, sub_status, expected) in
            [(404, 1002, 20_310), (403, 3, 20_311), (403, 1008, 20_312)]
        {
            let error = terminal(error(status, sub_status), false);
            assert_eq!(
                (error.status, error.sub_status),
                (Some(503), Some(expected))
            );
            assert_eq!(error.kind, ErrorKind::Unavailable);
            assert!(error.retryable);
            let cause = error.cause.unwrap();
            assert_eq!(
                (cause.status, cause.sub_status),
                (Some(status), Some(sub_status))
            );
            assert_eq!(cause.message, "it was so");
        }
        // The same numbers mean other things under other statuses.
        for (status, sub_status) in [(410, 1002), (410, 1008), (404, 1003), (404, 3), (403, 1002)] {
            let error = terminal(error(status, sub_status), false);
            assert_eq!((error.status, error.cause), (Some(status), None));
        }
    }

    #[test]
    fn a_repeated_write_says_that_it_may_have_been_its_own() {
        for status in [404, 409, 412] {
            let message = |repeated| terminal(error(status, 0), repeated).message;
            assert_eq!(message(false), "it was so");
            assert!(message(true).contains("earlier attempt"), "{status}");
        }
        assert_eq!(terminal(error(400, 0), true).message, "it was so");
    }

    #[test]
    fn the_deadline_keeps_what_happened_last_and_what_is_known() {
        let mut last = error(503, 0);
        last.outcome = Outcome::Unknown;
        let late = out_of_time("create_item", Some(2_000 * MILLI), last);
        assert_eq!((late.status, late.sub_status), (Some(408), Some(20_008)));
        assert_eq!(
            (late.kind, late.outcome),
            (ErrorKind::Timeout, Outcome::Unknown)
        );
        assert!(late.message.contains("2000 ms"), "{}", late.message);
        assert_eq!(late.cause.unwrap().status, Some(503));
        assert_eq!(cut_off("x", None, true).outcome, Outcome::Unknown);
        assert_eq!(cut_off("x", None, false).outcome, Outcome::NotApplied);
    }

    #[test]
    fn a_spent_budget_keeps_the_status() {
        let spent = ru_budget_spent("read_item", error(429, 3200));
        assert_eq!((spent.status, spent.sub_status), (Some(429), Some(3200)));
        assert_eq!(spent.kind, ErrorKind::BudgetSpent);
        assert!(spent.cause.is_some());
    }
}
