//! Races of two regions in virtual time: when the second one is asked, who wins, and what is known afterwards (spec
//! driver-core §7.1).

use crate::core::clock::{MILLI, Nanos};
use crate::core::config::Config;
use crate::core::diagnostics::{Attempt, Diagnostics, RequestSent};
use crate::core::exchange::FailureCause;
use crate::core::options::AvailabilityStrategy;
use crate::core::runtime::RuntimeConfig;
use crate::core::{OperationOptions, Response, Result};
use crate::engine::testing::{Reply, Seen, Sim, account, metadata, read};
use crate::engine::{Driver, World};

pub(super) const REGIONS: [&str; 3] = ["east", "west", "north"];

/// How long a region takes, and what it says.
pub(super) type Region = (Nanos, Reply);

pub(super) fn says(milliseconds: u64, status: u16) -> Region {
    (milliseconds, Reply::status(status, 0))
}

fn breaks(milliseconds: u64) -> Region {
    let broken = Reply::failure(RequestSent::Unknown, FailureCause::Broken);
    (milliseconds, broken)
}

const SILENT: u64 = 1_000_000;

/// A driver that knows its account and container already; the regions answer items like this.
pub(super) fn open(regions: Vec<Region>, change: impl FnOnce(&mut Config)) -> (Sim, Driver<Sim>) {
    open_with("", RuntimeConfig::default(), regions, change)
}

pub(super) fn open_with(
    more: &str,
    runtime: RuntimeConfig,
    regions: Vec<Region>,
    change: impl FnOnce(&mut Config),
) -> (Sim, Driver<Sim>) {
    let document = account(&REGIONS[..regions.len()], false, more);
    let warm = document.clone();
    let sim = Sim::new(move |seen| metadata(seen, &warm).unwrap_or_else(|| Reply::status(200, 0)));
    let driver = sim.open_with(runtime, change);
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    sim.script(move |seen: &Seen| {
        let item = || {
            let place = REGIONS
                .iter()
                .position(|region| *region == seen.region)
                .unwrap();
            let (after, reply) = regions[place].clone();
            reply.after(after * MILLI)
        };
        metadata(seen, &document).unwrap_or_else(item)
    });
    (sim, driver)
}

pub(super) fn with(change: impl FnOnce(&mut OperationOptions)) -> OperationOptions {
    let mut options = OperationOptions::default();
    change(&mut options);
    options
}

fn timeout(milliseconds: u64) -> OperationOptions {
    with(|options| options.end_to_end_timeout_ms = Some(milliseconds))
}

fn diagnostics(result: Result<Response>) -> Box<Diagnostics> {
    match result {
        Ok(response) => response.diagnostics,
        Err(error) => error.diagnostics.unwrap(),
    }
}

/// Where attempts went and when, in milliseconds from the first: `east 0, west 1000`.
pub(super) fn timeline(sim: &Sim) -> String {
    let seen = sim.item_requests();
    let first = seen.first().map_or(0, |seen| seen.at);
    let at = |seen: &Seen| format!("{} {}", seen.region, (seen.at - first) / MILLI);
    seen.iter().map(at).collect::<Vec<_>>().join(", ")
}

/// What is on record of the attempts for items: region, context, status, error.
fn record(diagnostics: &Diagnostics) -> String {
    let own = diagnostics
        .attempts
        .iter()
        .filter(|attempt| attempt.operation_name == "read_item");
    let line = |attempt: &Attempt| {
        let region = attempt.region.as_deref().unwrap_or("-");
        let status = attempt
            .status
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        let error = attempt.error.as_deref().unwrap_or("");
        format!("{region} {} {status} {error}", attempt.context.name())
            .trim_end()
            .to_owned()
    };
    own.map(line).collect::<Vec<_>>().join("; ")
}

pub(super) fn ending(diagnostics: &Diagnostics) -> Option<&'static str> {
    diagnostics.hedge.as_ref().map(|hedge| hedge.ending)
}

/// A race: what the regions do, the deadline in milliseconds; where requests go, how the race ends, what is on record.
type Race = (
    Vec<Region>,
    u64,
    &'static str,
    Option<&'static str>,
    &'static str,
);

#[rustfmt::skip]
fn races() -> Vec<Race> {
    let slow = || says(SILENT, 200);
    vec![
        // Most races are none, and leave no record.
        (vec![says(999, 200), says(1, 200)], 9_000, "east 0", None, "east initial 200"),
        (vec![says(1_300, 200), says(900, 200)], 9_000, "east 0, west 1000", Some("primary_won_after_hedge"),
            "east initial 200; west hedging - cancelled"),
        // The alternate fails, and the primary is waited for.
        (vec![says(1_900, 404), says(100, 503)], 9_000, "east 0, west 1000", Some("primary_won_after_hedge"),
            "east initial 404; west hedging 503"),
        (vec![slow(), says(300, 409)], 9_000, "east 0, west 1000", Some("alternate_won"),
            "east initial - cancelled; west hedging 409"),
        (vec![breaks(1_100), says(300, 200)], 9_000, "east 0, west 1000", Some("alternate_won"),
            "east initial - scripted; west hedging 200"),
        // Beyond both of them.
        (vec![says(1_200, 503), breaks(100), says(1, 200)], 9_000, "east 0, west 1000, north 1200", Some("both_transient"),
            "east initial 503; west hedging - scripted; north region_failover 200"),
        // Nobody answers in time.
        (vec![slow(), slow()], 2_000, "east 0, west 1000", Some("cancelled_awaiting_partner"),
            "east initial 408 no complete answer within 2000 ms; west hedging 408 cut off at the deadline"),
        // One has failed when the last moments begin: nothing more is sent.
        (vec![slow(), says(100, 503), says(1, 200)], 2_000, "east 0, west 1000", Some("cancelled_awaiting_partner"),
            "east initial - cancelled; west hedging 503"),
        (vec![says(1_949, 200), says(100, 503)], 2_000, "east 0, west 1000", Some("primary_won_after_hedge"),
            "east initial 200; west hedging 503"),
    ]
}

#[test]
fn the_endings_of_a_race() {
    for (regions, end, trail, expected, attempts) in races() {
        let (sim, driver) = open(regions.clone(), |_| {});
        let result = sim.run(driver.execute(read(), timeout(end)));
        assert_eq!(timeline(&sim), trail, "{regions:?}");
        let diagnostics = diagnostics(result);
        assert_eq!(ending(&diagnostics), expected, "{regions:?}");
        assert_eq!(record(&diagnostics), attempts, "{regions:?}");
    }
}

#[test]
fn each_attempt_has_its_own_time() {
    let (sim, driver) = open(vec![says(SILENT, 200), says(300, 200)], |_| {});
    let response = sim.execute(&driver, read()).unwrap();
    let times: Vec<_> = response
        .diagnostics
        .attempts
        .iter()
        .map(|a| a.duration_ms)
        .collect();
    assert_eq!(times, [1_300.0, 300.0]);
    assert_eq!(response.diagnostics.duration_ms, 1_300.0);
}

#[test]
fn who_failed_in_a_race_is_blamed_for_it() {
    let (sim, driver) = open(vec![says(1_100, 503), says(300, 200)], |_| {});
    sim.execute(&driver, read()).unwrap();
    assert_eq!(timeline(&sim), "east 0, west 1000");
    sim.execute(&driver, read()).unwrap();
    assert_eq!(timeline(&sim), "west 0");
}

#[test]
fn the_deadline_may_come_before_the_second_request() {
    let late = |threshold| {
        with(|options| {
            options.end_to_end_timeout_ms = Some(2_000);
            options.availability_strategy = Some(AvailabilityStrategy::Hedging(Some(threshold)));
        })
    };
    // In the last 50 ms nothing is sent.
    for (threshold, trail, expected) in [
        (3_000, "east 0", "deadline_exceeded_pre_threshold"),
        (1_950, "east 0", "deadline_exceeded_pre_threshold"),
        (1_949, "east 0, west 1949", "cancelled_awaiting_partner"),
    ] {
        let (sim, driver) = open(vec![says(SILENT, 200), says(SILENT, 200)], |_| {});
        let error = sim
            .run(driver.execute(read(), late(threshold)))
            .unwrap_err();
        assert_eq!((error.status, error.sub_status), (Some(408), Some(20_008)));
        assert_eq!(timeline(&sim), trail);
        assert_eq!(ending(&error.diagnostics.unwrap()), Some(expected));
    }
}

#[test]
fn what_failed_last_is_the_cause_of_a_timeout() {
    let (sim, driver) = open(
        vec![says(SILENT, 200), says(100, 503), says(1, 200)],
        |_| {},
    );
    let begun = sim.now();
    let error = sim.run(driver.execute(read(), timeout(2_000))).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(408), Some(20_008)));
    assert_eq!(error.cause.unwrap().status, Some(503));
    assert_eq!(sim.now() - begun, 1_950 * MILLI);
}

#[test]
fn the_second_region_is_asked_after_the_threshold() {
    let own = |threshold| {
        with(|options| {
            options.availability_strategy = Some(AvailabilityStrategy::Hedging(Some(threshold)))
        })
    };
    for (options, threshold) in [
        (OperationOptions::default(), 1_000),
        (timeout(1_000), 500),
        (timeout(1_500), 750),
        (timeout(60_000), 1_000),
        (own(1), 1),
        (own(4_000), 4_000),
    ] {
        let (sim, driver) = open(vec![says(5_000, 200), says(10, 200), says(1, 200)], |_| {});
        let diagnostics = sim
            .run(driver.execute(read(), options))
            .unwrap()
            .diagnostics;
        // There is no third one.
        assert_eq!(timeline(&sim), format!("east 0, west {threshold}"));
        let hedge = diagnostics.hedge.unwrap();
        assert_eq!(hedge.threshold_ms, threshold as f64);
        assert_eq!(hedge.primary.as_deref(), Some("east"));
        assert_eq!(hedge.alternate.as_deref(), Some("west"));
    }
}

#[test]
fn both_failing_costs_two_failovers() {
    for (failovers, trail) in [
        (0, "east 0, west 1000"),
        (1, "east 0, west 1000"),
        (2, "east 0, west 1000, north 1020"),
        (3, "east 0, west 1000, north 1020, east 1030"),
    ] {
        let failing = vec![says(1_010, 503), says(20, 503), says(10, 503)];
        let (sim, driver) = open(failing, |config| {
            config.defaults.max_failover_retries = Some(failovers)
        });
        let error = sim.execute(&driver, read()).unwrap_err();
        assert_eq!(error.status, Some(503));
        assert_eq!(timeline(&sim), trail, "{failovers}");
    }
}
