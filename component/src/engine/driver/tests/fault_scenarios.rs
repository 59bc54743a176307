//! Scenarios that tests of SDKs inject, and where their operations end (spec driver-core §10.4, §14.3).

use crate::core::clock::{MILLI, Nanos};
use crate::core::diagnostics::Diagnostics;
use crate::core::faults::{FaultError, FaultOperation, FaultResult, FaultRule};
use crate::core::{Operation, Outcome};
use crate::engine::World;
use crate::engine::testing::{Reply, Sim, account, create, increment, metadata, read};

use super::faults::{add, error, hits, in_region, of, open, record, rule, times};

/// The first letters of the regions of all attempts.
fn trail(diagnostics: &Diagnostics) -> String {
    let regions = diagnostics
        .attempts
        .iter()
        .map(|attempt| attempt.region.as_deref().unwrap_or("-"));
    regions.map(|region| &region[..1]).collect()
}

/// A rule, whether all regions write, and where the attempts of a read go, of which the last succeeds.
#[rustfmt::skip]
fn cases() -> Vec<(&'static str, bool, FaultRule, &'static str)> {
    use FaultError as E;
    let first = |fault| in_region("East", error(fault));
    vec![
        ("429 twice is retried here", false, times(2, rule(error(E::TooManyRequests))), "eee"),
        ("408 goes to the satellite", true, first(E::Timeout), "ew"),
        ("500 goes to the satellite", true, first(E::InternalServerError), "ew"),
        ("503 goes to the satellite", true, first(E::ServiceUnavailable), "ew"),
        ("no connection goes to the satellite", true, first(E::ConnectionError), "eew"),
        ("no response goes to the satellite", true, first(E::ResponseTimeout), "ew"),
        ("one lost connection stays here", true, times(1, rule(error(E::ConnectionError))), "ee"),
        ("faults of writes", false, of(FaultOperation::CreateItem, rule(error(E::InternalServerError))), "e"),
    ]
}

#[test]
fn scenarios() {
    for (case, multi_write, rule, expected) in cases() {
        let (sim, driver) = open(multi_write);
        add(&driver, rule);
        let result = sim.execute(&driver, read());
        assert!(result.is_ok(), "{case}");
        assert_eq!(trail(record(&result)), expected, "{case}");
        let last = record(&result).attempts.last().unwrap();
        let region = if expected.ends_with('w') {
            "west"
        } else {
            "east"
        };
        assert_eq!(last.region.as_deref(), Some(region), "{case}");
        assert_eq!(
            last.endpoint,
            format!("https://a-{region}.example.com/"),
            "{case}"
        );
    }
}

#[test]
fn a_session_that_lags_ends_at_the_hub() {
    let document = account(&["east", "west"], false, "");
    let sim =
        Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0)));
    let driver = sim.open(|config| config.preferred_regions = vec!["West".to_owned()]);
    sim.execute(&driver, read()).unwrap();
    add(
        &driver,
        in_region("west", error(FaultError::ReadSessionNotAvailable)),
    );
    let result = sim.execute(&driver, read());
    assert!(result.is_ok());
    assert_eq!(trail(record(&result)), "we");
}

#[test]
fn a_read_that_always_fails_hits_four_times() {
    for (fault, limit) in [
        (FaultError::InternalServerError, None),
        (FaultError::ServiceUnavailable, Some(8)),
    ] {
        let (sim, driver) = open(true);
        let rule = of(FaultOperation::ReadItem, rule(error(fault)));
        add(
            &driver,
            FaultRule {
                hit_limit: limit,
                ..rule
            },
        );
        for call in 1..=2 {
            sim.execute(&driver, read()).unwrap_err();
            assert_eq!(hits(&driver), 4 * call);
        }
        assert_eq!(sim.execute(&driver, read()).is_ok(), limit.is_some());
    }
}

#[test]
fn a_delay_alone_delays() {
    let (sim, driver) = open(false);
    add(
        &driver,
        rule(FaultResult {
            delay: 700 * MILLI,
            ..FaultResult::default()
        }),
    );
    let begun = sim.now();
    let response = sim.execute(&driver, read()).unwrap();
    assert_eq!(sim.now() - begun, 701 * MILLI);
    assert_eq!(response.diagnostics.attempts[0].duration_ms, 701.0);
    assert_eq!(sim.trail(), "east");
    // Long enough, and the other region is asked.
    let (sim, driver) = open(false);
    add(
        &driver,
        in_region(
            "east",
            FaultResult {
                delay: 2_000 * MILLI,
                ..FaultResult::default()
            },
        ),
    );
    let response = sim.execute(&driver, read()).unwrap();
    assert_eq!(response.diagnostics.hedge.unwrap().ending, "alternate_won");
}

#[test]
fn a_lost_answer_of_a_write_that_was_carried_out() {
    let run = |operation: Operation, reply: u16, delay: Nanos| {
        let (sim, driver) = open(false);
        let document = account(&["east", "west"], false, "");
        sim.script(move |seen| {
            metadata(seen, &document).unwrap_or_else(|| Reply::status(reply, 0))
        });
        let result = FaultResult {
            delay,
            ..error(FaultError::ResponseTimeoutAfterService)
        };
        add(&driver, times(1, rule(result)));
        let result = sim.execute(&driver, operation);
        let outcome = result
            .as_ref()
            .err()
            .map(|error| (error.outcome, error.status));
        let evaluations: Vec<_> = record(&result)
            .attempts
            .iter()
            .map(|attempt| attempt.fault_evaluations().len())
            .collect();
        (
            sim.items().len(),
            outcome,
            hits(&driver),
            evaluations,
            record(&result).duration_ms,
        )
    };
    // Once, and nobody knows.
    let lost = run(increment(), 200, 40 * MILLI);
    assert_eq!(lost, (1, Some((Outcome::Unknown, None)), 1, vec![1], 41.0));
    // What is no success passes, and is no hit.
    let refused = run(increment(), 412, 40 * MILLI);
    assert_eq!(
        refused,
        (1, Some((Outcome::NotApplied, Some(412))), 0, vec![0], 1.0)
    );
    // A write that may be repeated is, and the second answer counts.
    let (sent, outcome, hits, ..) = run(create(), 201, 0);
    assert_eq!((sent, outcome, hits), (2, None, 1));
}
