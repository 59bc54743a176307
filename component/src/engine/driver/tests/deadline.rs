//! The end-to-end timeout (spec driver-core §4.1, §5.3).

use crate::core::clock::{MILLI, Nanos, SECOND};
use crate::core::runtime::RuntimeConfig;
use crate::core::throughput::GroupConfig;
use crate::core::{Error, ErrorKind, Operation, OperationOptions, Outcome};
use crate::engine::testing::{
    Reply, Sim, account, at, create, increment, metadata, read, warm, warm_with,
};
use crate::engine::{Driver, World as _};

fn within(milliseconds: u64) -> OperationOptions {
    OperationOptions {
        end_to_end_timeout_ms: Some(milliseconds),
        ..OperationOptions::default()
    }
}

/// Fails at the deadline; says after how many milliseconds.
fn late(
    sim: &Sim,
    driver: &Driver<Sim>,
    operation: Operation,
    timeout: u64,
) -> (Box<Error>, Nanos) {
    let start = sim.now();
    let error = sim
        .run(driver.execute(operation, within(timeout)))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error:?}");
    assert_eq!(
        (error.status, error.sub_status),
        (Some(408), Some(20_008)),
        "{error:?}"
    );
    assert!(
        error.retryable && error.message.contains(&format!("{timeout} ms")),
        "{error:?}"
    );
    (error, (sim.now() - start) / MILLI)
}

#[test]
fn an_attempt_under_way_is_cut() {
    let (sim, driver) = warm(true, |_| {});
    sim.items_say(true, |_| Reply::silence());
    for (operation, outcome) in [
        (read(), Outcome::NotApplied),
        (create(), Outcome::Unknown),
        (increment(), Outcome::Unknown),
    ] {
        let (error, after) = late(&sim, &driver, operation, 1_500);
        assert_eq!((error.outcome, after), (outcome, 1_500), "{error:?}");
        let diagnostics = error.diagnostics.unwrap();
        assert_eq!(diagnostics.attempts.len(), 1);
        assert!(diagnostics.attempts[0].timed_out);
        assert_eq!(diagnostics.attempts[0].status, Some(408));
        assert_eq!(diagnostics.status, Some((408, Some(20_008))));
        assert_eq!(diagnostics.duration_ms, 1_500.0);
    }
}

#[test]
fn metadata_under_way_is_cut_and_nothing_was_changed() {
    for silent in ["account", "container"] {
        let document = account(&["east", "west"], false, "");
        let sim = Sim::new(move |seen| match metadata(seen, &document) {
            Some(_) if seen.what() == silent => Reply::silence(),
            other => other.unwrap_or_else(|| Reply::status(201, 0)),
        });
        let driver = sim.open(|_| {});
        let (error, after) = late(&sim, &driver, create(), 1_000);
        assert_eq!((error.outcome, after), (Outcome::NotApplied, 1_000));
        let diagnostics = error.diagnostics.unwrap();
        let last = diagnostics.attempts.last().unwrap();
        assert!(last.timed_out && last.operation_name == format!("read_{silent}"));
        assert!(sim.items().is_empty());
    }
}

#[test]
fn what_may_have_happened_before_is_not_forgotten() {
    let (sim, driver) = warm(true, |_| {});
    // The first attempt may have been carried out; the second one was not; then the account is asked, in vain.
    let replies = std::cell::Cell::new(0);
    sim.script(
        move |seen| match (seen.what(), replies.replace(replies.get() + 1)) {
            ("item", 0) => Reply::status(500, 0),
            ("item", _) => Reply::status(403, 3),
            _ => Reply::silence(),
        },
    );
    let (error, _) = late(&sim, &driver, create(), 1_000);
    assert_eq!(error.outcome, Outcome::Unknown);
    let names: Vec<_> = error
        .diagnostics
        .unwrap()
        .attempts
        .iter()
        .map(|a| a.operation_name)
        .collect();
    assert_eq!(names, ["create_item", "create_item", "read_account"]);
}

#[test]
fn a_pause_that_would_last_too_long_ends_the_operation_at_once() {
    let (sim, driver) = warm(false, |_| {});
    sim.items_say(false, |_| Reply::status(403, 3));
    let start = sim.now();
    let (error, after) = late(&sim, &driver, create(), 2_500);
    // Attempts at once, and after a second; the two seconds after that are too long.
    assert!((750..1_300).contains(&after), "{after}");
    assert_eq!(
        sim.trace(start)
            .iter()
            .filter(|line| line.starts_with("east"))
            .count(),
        3
    );
    let cause = error.cause.unwrap();
    assert_eq!((cause.status, cause.sub_status), (Some(503), Some(20_311)));

    // The same endpoint again, after a tenth of a second: not in the last tenth but one.
    sim.pass(61 * SECOND);
    sim.items_say(false, |_| Reply::status(500, 0).after(850 * MILLI));
    let (error, after) = late(&sim, &driver, create(), 1_000);
    assert_eq!((after, error.outcome), (850, Outcome::Unknown));
    assert_eq!(error.cause.unwrap().status, Some(500));
}

#[test]
fn the_pause_of_the_ladder_is_a_pause() {
    let (sim, driver) = warm(false, |_| {});
    sim.script(|_| Reply::silence());
    let (error, after) = late(&sim, &driver, Operation::ReadContainer(at()), 6_500);
    assert_eq!(after, 6_000);
    assert!(
        error
            .cause
            .unwrap()
            .message
            .contains("nothing arrived in time")
    );
    assert_eq!(sim.seen().len(), 2);
}

#[test]
fn the_turn_in_a_throughput_group_is_part_of_it() {
    let group = GroupConfig {
        name: "g".to_owned(),
        target_ru_per_second: Some(10.0),
        is_default: true,
        ..GroupConfig::default()
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![group],
        ..RuntimeConfig::default()
    };
    let (sim, driver) = warm_with(runtime, false, |_| {});
    sim.items_say(false, |_| {
        Reply::status(201, 0).with("x-ms-request-charge", "100")
    });
    sim.execute(&driver, create()).unwrap();
    sim.seen();
    let (error, after) = late(&sim, &driver, create(), 1_000);
    assert_eq!((error.outcome, after), (Outcome::NotApplied, 1_000));
    assert_eq!(error.diagnostics.unwrap().request_count, 0);
    assert!(sim.seen().is_empty());
}

#[test]
fn a_chore_beside_a_finished_operation_is_no_part_of_it() {
    let (sim, driver) = warm(false, |_| {});
    sim.script(|seen| match seen.what() {
        "account" => Reply::silence(),
        _ => Reply::status(201, 0).after(900 * MILLI),
    });
    sim.pass(301 * SECOND);
    let start = sim.now();
    let response = sim.run(driver.execute(create(), within(1_000))).unwrap();
    assert_eq!(response.status, 201);
    assert!(sim.now() - start <= SECOND);
    assert_eq!(sim.seen().len(), 2);
}
