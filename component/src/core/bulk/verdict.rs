//! What becomes of an operation after a batch: a decision for each, whatever the others got (spec data-plane §6.3).

use super::Settings;
use crate::core::clock::{Nanos, millis};
use crate::core::error::{Error, ErrorKind, Outcome};
use crate::core::explain;
use crate::core::retry::{Class, Spent, backoff};
use crate::wire::batch::OperationResult;

/// Partition key ranges are read again for one operation at most so often.
pub(super) const MAX_REROUTES: u32 = 10;

/// One logical partition is throttled, not the physical one.
const HOT_KEY: u32 = 3214;

/// The answer would be too large.
const RESPONSE_TOO_LARGE: u32 = 3402;

/// How an operation fared in a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    /// The status, if there was one.
    pub(super) status: Option<u16>,
    /// The sub-status, 0 if there was none.
    pub(super) sub_status: u32,
    /// What the service asks to wait.
    pub(super) retry_after: Option<Nanos>,
    /// Whether a write may have been carried out.
    pub(super) ambiguous: bool,
    /// Whether the same may succeed later.
    pub(super) passing: bool,
}

/// What happens to the operation next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: this is its outcome.
    Final,
    /// Another batch, after so long.
    Again(Nanos),
    /// Another batch, after so long, as for all operations of the partition.
    Throttled(Nanos),
    /// Another batch, of at most half as many operations.
    Smaller,
    /// Another batch, to the partition that has the key after the ranges were read again.
    Reroute(Nanos),
    /// The same after the container was looked up again.
    Recover(Nanos),
}

impl Ending {
    /// Of an operation that has a result.
    pub(super) fn of_result(result: &OperationResult) -> Self {
        let (status, sub_status) = (result.status, result.sub_status.unwrap_or(0));
        Self {
            status: Some(status),
            sub_status,
            retry_after: result.retry_after_ms.map(millis),
            // As for a single operation; and a response may have become too large after the write.
            ambiguous: explain::is_ambiguous(status)
                || (status, sub_status) == (413, RESPONSE_TOO_LARGE),
            passing: true,
        }
    }

    /// Of the operations of a batch of this class that failed as a whole. Whoever sent it has repeated it as often as such
    /// batches may be, but for what this scheduler does better.
    pub(super) fn of_error(error: &Error, batch: Class, settings: &Settings) -> Self {
        let over = matches!(
            error.kind,
            ErrorKind::Cancelled | ErrorKind::Closed | ErrorKind::BudgetSpent
        );
        let sub_status = error.sub_status.unwrap_or(0);
        let late = (error.status, sub_status) == (Some(408), 20_008);
        let ours = matches!(
            (error.status.unwrap_or(0), sub_status),
            (413 | 429 | 449, _) | (410, 1000 | 1002 | 1007 | 1008) | (400, 1024)
        );
        let ambiguous = error.outcome == Outcome::Unknown;
        let held_back = error.retryable && ambiguous && !repeats_when_unsure(batch, settings);
        Self {
            status: error.status,
            sub_status,
            retry_after: error.retry_after_ms.map(millis),
            ambiguous,
            passing: !over && !late && (ours || held_back),
        }
    }
}

/// Decides for an operation that was one of `operations` in its batch, and counts what it has spent.
pub(super) fn judge(
    ending: &Ending,
    class: Class,
    spent: &mut Spent,
    operations: usize,
    settings: &Settings,
    random: u64,
) -> Verdict {
    let status = ending.status.unwrap_or(0);
    if explain::is_success(class == Class::Read, status) || !ending.passing {
        return Verdict::Final;
    }
    if ending.ambiguous && !repeats_when_unsure(class, settings) {
        return Verdict::Final;
    }
    match (status, ending.sub_status) {
        (429, sub_status) => {
            throttle(ending, spent, settings, random).map_or(Verdict::Final, |pause| {
                match sub_status {
                    HOT_KEY => Verdict::Again(pause),
                    _ => Verdict::Throttled(pause),
                }
            })
        }
        (449, _) => retry_with(spent, random).map_or(Verdict::Final, Verdict::Again),
        (410, 1000) | (400, 1024) => {
            reroute(spent, random).map_or(Verdict::Final, Verdict::Recover)
        }
        (410, 1002 | 1007 | 1008) => {
            reroute(spent, random).map_or(Verdict::Final, Verdict::Reroute)
        }
        (413, _) if operations > 1 => Verdict::Smaller,
        (0 | 408 | 410 | 500 | 502..=504 | 506..=599, _) => {
            fail(spent, settings, random).map_or(Verdict::Final, Verdict::Again)
        }
        _ => Verdict::Final,
    }
}

fn repeats_when_unsure(class: Class, settings: &Settings) -> bool {
    match class {
        Class::Read => true,
        Class::Write => settings.retry_ambiguous_writes,
        Class::UnsafeWrite => false,
    }
}

fn throttle(ending: &Ending, spent: &mut Spent, settings: &Settings, random: u64) -> Option<Nanos> {
    let (count, waited) = spent.throttled;
    let pause = backoff::throttle(count, ending.retry_after, random);
    let total = waited.saturating_add(pause);
    let limits = &settings.limits;
    if count >= limits.throttles || total > limits.throttle_wait {
        return None;
    }
    spent.throttled = (count.saturating_add(1), total);
    Some(pause)
}

fn retry_with(spent: &mut Spent, random: u64) -> Option<Nanos> {
    let (count, waited) = spent.retried_with;
    let pause = backoff::retry_with(count, waited, random)?;
    spent.retried_with = (count.saturating_add(1), waited.saturating_add(pause));
    Some(pause)
}

/// At once the first time, then after pauses that grow.
fn reroute(spent: &mut Spent, random: u64) -> Option<Nanos> {
    let count = spent.ranges;
    if count >= MAX_REROUTES {
        return None;
    }
    spent.ranges = count.saturating_add(1);
    let pause = |count| backoff::same_endpoint(count, random);
    Some(count.checked_sub(1).map_or(0, pause))
}

fn fail(spent: &mut Spent, settings: &Settings, random: u64) -> Option<Nanos> {
    let count = spent.failovers;
    if count >= settings.limits.failovers {
        return None;
    }
    spent.failovers = count.saturating_add(1);
    Some(backoff::same_endpoint(count, random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::clock::{MILLI, SECOND};

    const ALL: [Class; 3] = [Class::Read, Class::Write, Class::UnsafeWrite];

    fn result(status: u16, sub_status: u32, retry_after_ms: Option<u64>) -> Ending {
        Ending::of_result(&OperationResult {
            status,
            sub_status: Some(sub_status),
            retry_after_ms,
            ..OperationResult::default()
        })
    }

    fn first(ending: &Ending, class: Class, operations: usize) -> Verdict {
        let settings = Settings::default();
        judge(
            ending,
            class,
            &mut Spent::default(),
            operations,
            &settings,
            0,
        )
    }

    /// The verdicts until the final one.
    fn run(ending: &Ending, class: Class, random: u64) -> Vec<Verdict> {
        let (mut spent, mut verdicts) = (Spent::default(), Vec::new());
        loop {
            match judge(ending, class, &mut spent, 9, &Settings::default(), random) {
                Verdict::Final => return verdicts,
                verdict => verdicts.push(verdict),
            }
        }
    }

    #[test]
    fn what_each_status_comes_to() {
        use Verdict::{Again, Final, Recover, Reroute, Smaller, Throttled};
        // A read, a write, one that must not be repeated. Random numbers are 0: the shortest pauses.
        let soon = Again(75 * MILLI);
        let same = |verdict| [verdict; 3];
        let table = [
            (200, 0, same(Final)),
            (201, 0, same(Final)),
            (304, 0, same(Final)),
            (400, 0, same(Final)),
            (400, 1024, same(Recover(0))),
            (403, 0, same(Final)),
            (404, 0, same(Final)),
            (408, 0, [soon, soon, Final]),
            (409, 0, same(Final)),
            (410, 0, same(soon)),
            (410, 1000, same(Recover(0))),
            (410, 1002, same(Reroute(0))),
            (410, 1007, same(Reroute(0))),
            (410, 1008, same(Reroute(0))),
            (412, 0, same(Final)),
            (413, 0, same(Smaller)),
            (413, 3402, [Smaller, Smaller, Final]),
            (424, 0, same(Final)),
            (429, 3200, same(Throttled(7 * MILLI))),
            (429, 3214, same(Again(7 * MILLI))),
            (449, 0, same(Again(10 * MILLI))),
            (500, 0, [soon, soon, Final]),
            (501, 0, [Final, Final, Final]),
            (503, 0, same(soon)),
            (504, 0, [soon, soon, Final]),
            (505, 0, same(Final)),
        ];
        for (status, sub_status, expected) in table {
            let ending = result(status, sub_status, Some(7));
            let verdicts = ALL.map(|class| first(&ending, class, 2));
            assert_eq!(verdicts, expected, "{status}/{sub_status}");
        }
        for sub_status in [0, 3402] {
            assert_eq!(first(&result(413, sub_status, None), Class::Read, 1), Final);
        }
    }

    #[test]
    fn writes_are_repeated_when_unsure_unless_forbidden() {
        let settings = Settings {
            retry_ambiguous_writes: false,
            ..Settings::default()
        };
        let verdict = |status, class| {
            let ending = result(status, 0, None);
            judge(&ending, class, &mut Spent::default(), 2, &settings, 0)
        };
        assert_eq!(verdict(500, Class::Write), Verdict::Final);
        assert_ne!(verdict(500, Class::Read), Verdict::Final);
        assert_ne!(verdict(503, Class::UnsafeWrite), Verdict::Final);
    }

    #[test]
    fn every_budget_ends() {
        let throttled = run(&result(429, 3200, Some(100)), Class::Write, 0);
        assert_eq!(throttled, [Verdict::Throttled(100 * MILLI); 9]);
        // Two of 15 seconds are all that fits into 30.
        let long = run(&result(429, 3200, Some(60_000)), Class::Write, 0);
        assert_eq!(long, [Verdict::Throttled(15 * SECOND); 2]);
        let met = run(&result(449, 0, None), Class::UnsafeWrite, 0);
        assert!((30..40).contains(&met.len()), "{}", met.len());
        let failed = run(&result(503, 0, None), Class::UnsafeWrite, 25 * MILLI);
        let pauses = [100, 200, 275].map(|pause| Verdict::Again(pause * MILLI));
        assert_eq!(failed.len(), 3);
        assert_eq!(failed[0], pauses[0]);
        let moved = run(&result(410, 1002, None), Class::Write, 25 * MILLI);
        assert_eq!(moved.len(), 10);
        assert_eq!(
            moved[..2],
            [Verdict::Reroute(0), Verdict::Reroute(100 * MILLI)]
        );
    }

    #[test]
    fn a_batch_that_failed_as_a_whole_was_repeated_by_whoever_sent_it() {
        let (unknown, not) = (Outcome::Unknown, Outcome::NotApplied);
        let (soon, last) = (Verdict::Again(75 * MILLI), Verdict::Final);
        // An operation of each class in a batch of this class.
        let of = |batch, kind, status: Option<(u16, u32)>, retryable, outcome| {
            let mut error = Error::new(kind, "so");
            (error.status, error.sub_status) = status.unzip();
            (error.retryable, error.outcome) = (retryable, outcome);
            let ending = Ending::of_error(&error, batch, &Settings::default());
            ALL.map(|class| first(&ending, class, 2))
        };
        let kind = ErrorKind::Transport;
        for batch in ALL {
            assert_eq!(of(batch, kind, None, true, not), [last; 3]);
            assert_eq!(of(batch, kind, Some((503, 0)), true, not), [last; 3]);
            assert_eq!(of(batch, kind, Some((403, 0)), false, not), [last; 3]);
            let large = of(batch, kind, Some((413, 0)), false, not);
            assert_eq!(large, [Verdict::Smaller; 3]);
            let moved = of(batch, kind, Some((410, 1002)), true, not);
            assert_eq!(moved, [Verdict::Reroute(0); 3]);
            for kind in [
                ErrorKind::Cancelled,
                ErrorKind::BudgetSpent,
                ErrorKind::Closed,
            ] {
                assert_eq!(of(batch, kind, Some((429, 0)), true, not), [last; 3]);
            }
            // Throttled after an attempt that may have been carried out.
            let throttled = of(batch, kind, Some((429, 0)), true, unknown);
            assert_eq!(throttled[2], last);
            assert_ne!(throttled[1], last);
            let late = of(batch, kind, Some((408, 20_008)), true, unknown);
            assert_eq!(late, [last; 3]);
        }
        // It was not repeated for the sake of one of its operations.
        assert_eq!(of(Class::Write, kind, None, true, unknown), [last; 3]);
        let held_back = of(Class::UnsafeWrite, kind, None, true, unknown);
        assert_eq!(held_back, [soon, soon, last]);
    }
}
