//! Why attempts were made, why they went elsewhere, and how much of a storm is kept (spec driver-core §9).

use std::cell::Cell;

use crate::core::clock::SECOND;
use crate::core::config::{Config, TopologyCache};
use crate::core::diagnostics::{Attempt, Diagnostics, RequestSent, Verbosity};
use crate::core::exchange::FailureCause;
use crate::core::{Operation, OperationOptions};
use crate::engine::Driver;
use crate::engine::testing::{CONTAINER, Reply, Seen, Sim, account, create, metadata, read};

const REGIONS: [&str; 3] = ["east", "west", "north"];

type Make = fn() -> Operation;
type Change = fn(&mut Config);

/// A driver that knows its account and container; the next item requests get these answers, later ones success.
fn open(
    multi_write: bool,
    answers: Vec<Reply>,
    change: impl FnOnce(&mut Config),
) -> (Sim, Driver<Sim>) {
    let document = account(&REGIONS, multi_write, "");
    let warm = document.clone();
    let sim = Sim::new(move |seen| metadata(seen, &warm).unwrap_or_else(|| Reply::status(200, 0)));
    let driver = sim.open(change);
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    let next = Cell::new(0);
    sim.script(move |seen| {
        let item = || {
            let place = next.replace(next.get() + 1);
            answers
                .get(place)
                .cloned()
                .unwrap_or_else(|| Reply::status(200, 0))
        };
        let reply = metadata(seen, &document).unwrap_or_else(item);
        // A container that was created anew, if anybody asks.
        if seen.what() == "container" {
            Reply::json(&CONTAINER.replace("r1", "r2"))
        } else {
            reply
        }
    });
    (sim, driver)
}

fn own(diagnostics: &Diagnostics) -> impl Iterator<Item = &Attempt> {
    let name = diagnostics.operation_name;
    diagnostics
        .attempts
        .iter()
        .filter(move |attempt| attempt.operation_name == name)
}

/// The contexts of the operation's attempts, in a row.
fn contexts(diagnostics: &Diagnostics) -> String {
    let names: Vec<_> = own(diagnostics)
        .map(|attempt| attempt.context.name())
        .collect();
    names.join(" ")
}

/// The answers to an operation before success, and what its attempts are called.
#[rustfmt::skip]
fn retries() -> Vec<(Make, Vec<Reply>, &'static str)> {
    let status = Reply::status;
    let unreachable = || Reply::failure(RequestSent::NotSent, FailureCause::Connect);
    let broken = || Reply::failure(RequestSent::Unknown, FailureCause::Broken);
    vec![
        (read, vec![], "initial"),
        (read, vec![status(429, 3200), status(429, 0)], "initial operation_retry operation_retry"),
        (create, vec![status(449, 0), status(449, 0)], "initial operation_retry operation_retry"),
        (read, vec![status(404, 1002)], "initial operation_retry"),
        (read, vec![status(410, 1002)], "initial operation_retry"),
        (read, vec![status(400, 1024)], "initial operation_retry"),
        (read, vec![unreachable()], "initial transport_retry"),
        (read, vec![unreachable(), unreachable()], "initial transport_retry region_failover"),
        (read, vec![broken()], "initial region_failover"),
        (read, vec![status(408, 0)], "initial region_failover"),
        (read, vec![status(410, 1022), status(500, 0)], "initial region_failover region_failover"),
        (read, vec![status(429, 3092)], "initial region_failover"),
        (create, vec![status(403, 3)], "initial region_failover"),
        (read, vec![status(403, 1008)], "initial region_failover"),
        // Each says what it is itself, not what happened before.
        (read, vec![status(503, 0), status(429, 0), unreachable()],
            "initial region_failover operation_retry transport_retry"),
        (create, vec![status(449, 0), status(503, 0)], "initial operation_retry region_failover"),
    ]
}

#[test]
fn every_retry_says_what_it_is() {
    let eager = |config: &mut Config| {
        config.partition_failover.topology_cache = Some(TopologyCache::Eager);
    };
    for (operation, answers, expected) in retries() {
        for multi_write in [false, true] {
            let (sim, driver) = open(multi_write, answers.clone(), eager);
            let response = sim.execute(&driver, operation()).unwrap();
            let said = contexts(&response.diagnostics);
            assert_eq!(said, expected, "{answers:?} {multi_write}");
        }
    }
}

/// The regions of the operation's attempts, and why these: `west (endpoint avoided)`.
fn ways(diagnostics: &Diagnostics) -> String {
    let way = |attempt: &Attempt| {
        let region = attempt.region.clone().unwrap_or_default();
        match attempt.fallback() {
            Some(reason) => format!("{region} ({reason})"),
            None => region,
        }
    };
    own(diagnostics).map(way).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_way_that_is_not_the_preferred_one_has_a_reason() {
    let status = Reply::status;
    let excluded =
        |config: &mut Config| config.defaults.excluded_regions = Some(vec!["East".to_owned()]);
    let west = |config: &mut Config| config.preferred_regions = vec!["West".to_owned()];
    let slow = || status(200, 0).after(2 * SECOND);
    let cases: [(Make, Vec<Reply>, Change, &str); 7] = [
        (read, vec![], |_| {}, "east"),
        (read, vec![], excluded, "west (region excluded)"),
        (
            read,
            vec![status(503, 0), status(503, 0)],
            |_| {},
            "east, west (earlier attempt failed), north (earlier attempt failed)",
        ),
        // The same way again has the same reason.
        (
            read,
            vec![status(503, 0), status(429, 0)],
            |_| {},
            "east, west (earlier attempt failed), west (earlier attempt failed)",
        ),
        (read, vec![status(404, 1002)], west, "west, east (hub only)"),
        (read, vec![slow()], |_| {}, "east, west (hedge)"),
        // Writes have another list.
        (create, vec![status(503, 0)], west, "east, east"),
    ];
    for (operation, answers, change, expected) in cases {
        let (sim, driver) = open(false, answers.clone(), change);
        let response = sim.execute(&driver, operation()).unwrap();
        assert_eq!(ways(&response.diagnostics), expected, "{answers:?}");
    }
    let (sim, driver) = open(false, vec![status(503, 0)], |_| {});
    sim.execute(&driver, read()).unwrap();
    let later = sim.execute(&driver, read()).unwrap().diagnostics;
    assert_eq!(ways(&later), "west (endpoint avoided)");
    let event =
        r#"{"event_type":"routing_fallback","duration_ms":null,"details":"endpoint avoided"}"#;
    assert!(later.json(Verbosity::Detailed, 8192).contains(event));
}

/// An answer in a storm: every one differs from the one before.
fn gust(number: u32) -> Reply {
    let status = match number {
        number if number % 250 == 249 => Reply::status(449, 0),
        number => match number % 4 {
            0 => Reply::status(503, number),
            1 => Reply::status(429, 3200).with("x-ms-retry-after-ms", "0"),
            2 => Reply::status(500, 0),
            _ => Reply::status(408, 0),
        },
    };
    status.with("x-ms-session-token", &"0:1#7,".repeat(200))
}

const STORM: u32 = 5_000;

/// The record of a read whose last attempt succeeds, after thousands that did not.
fn storm() -> Box<Diagnostics> {
    let document = account(&REGIONS, true, "");
    let number = Cell::new(0);
    let sim = Sim::new(move |seen: &Seen| {
        let item = || {
            let now = number.replace(number.get() + 1);
            let over = now == STORM - 1;
            let reply = if over {
                Reply::status(200, 0)
            } else {
                gust(now)
            };
            reply.with("x-ms-request-charge", "0.25")
        };
        metadata(seen, &document).unwrap_or_else(item)
    });
    let driver = sim.open(|_| {});
    let options = OperationOptions {
        max_failover_retries: Some(STORM),
        max_throttle_retries: Some(STORM),
        hedging_enabled: Some(false),
        ..OperationOptions::default()
    };
    sim.run(driver.execute(read(), options))
        .unwrap()
        .diagnostics
}

#[test]
fn a_storm_leaves_a_bounded_record_with_exact_totals() {
    let record = storm();
    // Account and container were read first.
    let requests = STORM + 2;
    assert_eq!(record.request_count, requests);
    assert_eq!(record.request_charge, f64::from(STORM) / 4.0);
    assert_eq!(record.status, Some((200, None)));
    assert!(record.attempts.len() <= 64, "{}", record.attempts.len());
    assert_eq!(record.attempts[0].operation_name, "read_account");
    assert_eq!(record.attempts.last().unwrap().number, requests - 1);
    assert_eq!(record.regions_contacted(), REGIONS);
    let summary = record.summary();
    let counted: u32 = summary.iter().map(|region| region.request_count).sum();
    let compaction = record.compaction.as_ref().unwrap();
    assert_eq!(counted + compaction.omitted_request_count, requests);
    // The duration is that of all attempts, not of those on record.
    assert!(record.duration_ms >= f64::from(STORM));
}

#[test]
fn the_text_of_a_storm_is_bounded() {
    let record = storm();
    let summary = record.json(Verbosity::Summary, 8192);
    assert!(summary.len() <= 8192, "{}", summary.len());
    assert!(summary.contains(r#""request_count":5002"#));
    let detailed = record.json(Verbosity::Detailed, 8192);
    assert!(detailed.len() <= 64 << 10, "{}", detailed.len());
    assert!(detailed.contains(r#""total_request_charge":1250.0"#));
}
