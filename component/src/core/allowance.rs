//! What an operation may spend: request units and time (spec driver-core §5.3).

use super::clock::{MILLI, Nanos, millis};
use super::error::{Error, Result};

/// A back-off ends so long before the deadline, to leave time for one more attempt and for its record.
pub const DEADLINE_MARGIN: Nanos = millis(100);

/// No attempt has less time than this.
pub const MIN_ATTEMPT_TIMEOUT: Nanos = MILLI;

/// What one operation, or one page of a feed, may spend over all its requests: metadata, retries, hedges and sleeps.
///
/// Request units are known only when a request has been answered, so that the last request may exceed the budget.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Allowance {
    /// In RU. Default: no limit.
    pub ru: Option<f64>,
    /// An instant. Default: none.
    pub deadline: Option<Nanos>,
}

/// Whether another request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Go,
    /// The request units are spent: stop with what there is and a way to go on.
    RuSpent,
    /// The time is up: 408/20008.
    DeadlinePassed,
}

impl Allowance {
    /// The allowance of an operation that begins now. `timeout` counts from here.
    ///
    /// # Errors
    /// `invalid-argument`: a budget that is no positive number.
    pub fn new(ru: Option<f64>, timeout: Option<Nanos>, now: Nanos) -> Result<Self> {
        if ru.is_some_and(|ru| !(ru.is_finite() && ru > 0.0)) {
            return Err(Error::invalid(
                "the RU budget is no positive number: give the request units that the call may spend, or none",
            ));
        }
        Ok(Self {
            ru,
            deadline: timeout.map(|timeout| now.saturating_add(timeout)),
        })
    }

    /// Whether another request may be sent after so many RU. It may as long as something is left of both.
    pub fn may_start(&self, spent_ru: f64, now: Nanos) -> Verdict {
        if self.remaining(now) == Some(0) {
            Verdict::DeadlinePassed
        } else if self.ru.is_some_and(|ru| spent_ru >= ru) {
            Verdict::RuSpent
        } else {
            Verdict::Go
        }
    }

    /// How long an attempt may take: what its policy says, but not beyond the deadline; at least
    /// [`MIN_ATTEMPT_TIMEOUT`].
    pub fn attempt_timeout(&self, now: Nanos, policy: Nanos) -> Nanos {
        self.remaining(now)
            .map_or(policy, |remaining| policy.min(remaining))
            .max(MIN_ATTEMPT_TIMEOUT)
    }

    fn remaining(&self, now: Nanos) -> Option<Nanos> {
        self.deadline.map(|deadline| deadline.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::SECOND;
    use super::super::error::ErrorKind;
    use super::*;

    /// Ten RU and two seconds, from second 5 on.
    fn allowance() -> Allowance {
        Allowance::new(Some(10.0), Some(2 * SECOND), 5 * SECOND).unwrap()
    }

    const DEADLINE: Nanos = 7 * SECOND;

    #[test]
    fn a_budget_is_a_positive_number() {
        for ru in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = Allowance::new(Some(ru), None, 0).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
        }
        assert_eq!(Allowance::new(None, None, 0).unwrap(), Allowance::default());
        let eternal = Allowance::new(None, Some(Nanos::MAX), 1).unwrap();
        assert_eq!(eternal.deadline, Some(Nanos::MAX));
    }

    #[test]
    fn requests_start_as_long_as_something_is_left_of_both() {
        let cases = [
            (0.0, 5 * SECOND, Verdict::Go),
            (9.99, DEADLINE - 1, Verdict::Go),
            (10.0, DEADLINE - 1, Verdict::RuSpent),
            (12.5, 5 * SECOND, Verdict::RuSpent),
            (9.99, DEADLINE, Verdict::DeadlinePassed),
            (12.5, DEADLINE + 1, Verdict::DeadlinePassed),
        ];
        for (spent, now, verdict) in cases {
            assert_eq!(allowance().may_start(spent, now), verdict, "{spent} {now}");
            assert_eq!(Allowance::default().may_start(spent, now), Verdict::Go);
        }
    }

    #[test]
    fn an_attempt_takes_what_its_policy_says_within_the_deadline() {
        let cases = [
            (5 * SECOND, SECOND, SECOND),
            (5 * SECOND, 6 * SECOND, 2 * SECOND),
            (DEADLINE - 1, SECOND, MILLI),
            (DEADLINE + 1, SECOND, MILLI),
        ];
        for (now, policy, expected) in cases {
            assert_eq!(allowance().attempt_timeout(now, policy), expected, "{now}");
            assert_eq!(Allowance::default().attempt_timeout(now, policy), policy);
        }
    }
}
