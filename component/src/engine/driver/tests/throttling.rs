//! Waiting where the service asks for it: 449 and 429 (spec driver-core §4.5, §4.6).

use crate::core::clock::{MILLI, SECOND};
use crate::core::{ErrorKind, OperationOptions};
use crate::engine::World as _;
use crate::engine::testing::{Reply, create, read, warm};

fn asking(milliseconds: &str) -> Reply {
    Reply::status(429, 3200).with("x-ms-retry-after-ms", milliseconds)
}

#[test]
fn retry_with_stays_at_one_endpoint_for_thirty_seconds() {
    let (sim, driver) = warm(true, |_| {});
    sim.items_say(true, |_| Reply::status(449, 0));
    let error = sim.execute(&driver, create()).unwrap_err();
    assert_eq!(
        (error.status, error.kind),
        (Some(449), ErrorKind::Unavailable)
    );
    let seen = sim.seen();
    assert!(seen.iter().all(|seen| seen.region == "east"));
    assert!((34..=37).contains(&seen.len()), "{}", seen.len());
    let pauses: Vec<_> = seen
        .windows(2)
        .map(|two| two[1].at - two[0].at - MILLI)
        .collect();
    for (n, pause) in pauses.iter().enumerate() {
        let middle = (10 << n.min(7)).min(1_000) * MILLI;
        assert!((middle..middle + 5 * MILLI).contains(pause), "{n}: {pause}");
    }
    let waited: u64 = pauses.iter().sum();
    assert!(waited <= 30 * SECOND && waited > 28 * SECOND, "{waited}");
    // Nobody was at fault.
    sim.items_say(true, |_| Reply::status(201, 0));
    sim.execute(&driver, create()).unwrap();
    assert_eq!(sim.items(), ["east"]);
}

#[test]
fn throttled_requests_come_again_when_the_service_says() {
    let (sim, driver) = warm(false, |_| {});
    sim.items_say(false, |_| asking("120"));
    let start = sim.now();
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(429), Some(3200)));
    assert_eq!(
        (error.kind, error.retry_after_ms),
        (ErrorKind::Throttled, Some(120))
    );
    let expected: Vec<_> = (0..10).map(|n| format!("east {}", 121 * n)).collect();
    assert_eq!(sim.trace(start), expected);
}

#[test]
fn one_pause_is_at_most_fifteen_seconds_all_thirty_and_one_more_attempt_is_made() {
    let (sim, driver) = warm(false, |_| {});
    sim.items_say(false, |_| asking("3600000"));
    let start = sim.now();
    assert_eq!(sim.execute(&driver, read()).unwrap_err().status, Some(429));
    assert_eq!(
        sim.trace(start),
        ["east 0", "east 15001", "east 30002", "east 30003"]
    );
    // The last one may succeed.
    sim.items_say_in_turn(
        false,
        vec![
            asking("20000"),
            asking("20000"),
            asking("20000"),
            Reply::status(200, 0),
        ],
    );
    sim.execute(&driver, read()).unwrap();
}

#[test]
fn another_region_brings_no_new_budget() {
    let (sim, driver) = warm(false, |_| {});
    let mut replies = vec![asking("10"); 5];
    replies.extend([Reply::status(503, 0), asking("10")]);
    sim.items_say_in_turn(false, replies);
    assert_eq!(sim.execute(&driver, read()).unwrap_err().status, Some(429));
    let regions = sim.items();
    let of = |name: &str| regions.iter().filter(|region| *region == name).count();
    // Nine repetitions in all: five in east, four in west.
    assert_eq!((of("east"), of("west"), regions.len()), (6, 5, 11));

    sim.pass(61 * SECOND);
    sim.items_say_in_turn(
        false,
        vec![asking("15000"), Reply::status(503, 0), asking("15000")],
    );
    let start = sim.now();
    assert_eq!(sim.execute(&driver, read()).unwrap_err().status, Some(429));
    assert_eq!(
        sim.trace(start),
        [
            "east 0",
            "east 15001",
            "west 15002",
            "west 30003",
            "west 30004"
        ]
    );
}

#[test]
fn options_bound_the_repetitions_and_the_time() {
    let (sim, driver) = warm(false, |_| {});
    sim.items_say(false, |_| asking("100"));
    let run = |max_throttle_retries, max_throttle_wait_ms| {
        let options = OperationOptions {
            max_throttle_retries,
            max_throttle_wait_ms,
            ..OperationOptions::default()
        };
        let start = sim.now();
        assert_eq!(
            sim.run(driver.execute(read(), options)).unwrap_err().status,
            Some(429)
        );
        sim.trace(start)
    };
    assert_eq!(run(Some(0), None), ["east 0"]);
    assert_eq!(run(Some(2), None), ["east 0", "east 101", "east 202"]);
    assert_eq!(
        run(None, Some(250)),
        ["east 0", "east 101", "east 202", "east 203"]
    );
    assert_eq!(run(None, Some(0)), ["east 0", "east 1"]);
    assert_eq!(run(Some(0), Some(0)), ["east 0"]);
}

#[test]
fn a_pause_beyond_the_deadline_becomes_one_attempt_in_the_middle_of_what_is_left() {
    let (sim, driver) = warm(false, |_| {});
    let run = |timeout: u64, before: u64, asked: &'static str| {
        let early = Reply::status(503, 0).after(before * MILLI);
        sim.items_say_in_turn(false, vec![early, asking(asked)]);
        let options = OperationOptions {
            end_to_end_timeout_ms: Some(timeout),
            ..OperationOptions::default()
        };
        sim.pass(61 * SECOND);
        let start = sim.now();
        assert_eq!(
            sim.run(driver.execute(read(), options)).unwrap_err().status,
            Some(429)
        );
        sim.trace(start)
    };
    assert_eq!(run(2_001, 1, "5000"), ["east 0", "west 1", "west 1001"]);
    // No pause ends later than 100 ms before the deadline.
    assert_eq!(run(1_001, 850, "500"), ["east 0", "west 850", "west 901"]);
    assert_eq!(run(1_001, 950, "500"), ["east 0", "west 950", "west 951"]);
}
