//! Bulks: how many requests at one time, where they go, and how they end early.

use std::cell::Cell;
use std::pin::pin;

use crate::core::clock::{MILLI, SECOND};
use crate::core::diagnostics::RequestSent;
use crate::core::error::Result;
use crate::core::exchange::FailureCause;
use crate::core::operation::BulkOperations;
use crate::core::{ErrorKind, Operation, OperationOptions, Outcome, Response};
use crate::engine::testing::{
    CONTAINER, Reply, Seen, Sim, TWO_RANGES, account, at, metadata_with, poll,
};
use crate::engine::{Driver, World as _};
use crate::wire::batch::{Action, BatchOperation, OperationResult};
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};

/// What a batch of one operation comes to.
const DONE: &str = r#"[{"statusCode":201}]"#;

/// Answers the batches; the container has two ranges, the account the regions east and west, which all take writes. The
/// driver knows them.
fn open(answer: impl Fn(&Seen) -> Reply + 'static) -> (Sim, Driver<Sim>) {
    let document = account(&["east", "west"], true, "");
    let sim = Sim::new(|_| Reply::json(DONE));
    let metadata = move |seen: &Seen| metadata_with(seen, &document, TWO_RANGES);
    let known = metadata.clone();
    sim.script(move |seen| known(seen).unwrap_or_else(|| Reply::json(DONE)));
    let driver = sim.open(|config| {
        config.partition_failover.circuit_breaker_enabled = Some(false);
    });
    sim.execute(&driver, bulk(vec![create("0")])).unwrap();
    sim.script(move |seen| metadata(seen).unwrap_or_else(|| answer(seen)));
    sim.seen();
    (sim, driver)
}

fn operation(range: &str, action: Action) -> (Vec<KeyComponent>, BatchOperation) {
    let key = match range {
        "0" => KeyComponent::Number(0.0),
        _ => KeyComponent::Null,
    };
    let operation = BatchOperation {
        action,
        if_match: None,
        if_none_match: None,
    };
    (vec![key], operation)
}

/// An item that lies in this range.
fn create(range: &str) -> (Vec<KeyComponent>, BatchOperation) {
    operation(range, Action::Create(br#"{"id":"1"}"#.to_vec()))
}

fn increment(range: &str) -> (Vec<KeyComponent>, BatchOperation) {
    let step = PatchOperation::Increment(PatchValue {
        path: "/n".to_owned(),
        value: b"1".to_vec(),
    });
    operation(range, Action::Patch("1".to_owned(), vec![step], None))
}

fn bulk(operations: Vec<(Vec<KeyComponent>, BatchOperation)>) -> Operation {
    Operation::ExecuteBulk(BulkOperations {
        container: at(),
        operations,
        max_concurrency: None,
    })
}

fn within(timeout_ms: u64) -> OperationOptions {
    OperationOptions {
        end_to_end_timeout_ms: Some(timeout_ms),
        ..OperationOptions::default()
    }
}

/// Status and outcome of each result; 0 for an error without a status.
fn said(results: &[Result<OperationResult>]) -> Vec<(u16, Option<Outcome>)> {
    let one = |result: &Result<OperationResult>| match result {
        Ok(result) => (result.status, None),
        Err(error) => (error.status.unwrap_or(0), Some(error.outcome)),
    };
    results.iter().map(one).collect()
}

fn lost() -> Reply {
    Reply::failure(RequestSent::Unknown, FailureCause::Broken)
}

fn ok(response: Result<Response>) -> Vec<(u16, Option<Outcome>)> {
    said(&response.unwrap().results)
}

#[test]
fn partitions_are_asked_side_by_side_as_far_as_that_is_wanted() {
    for (max_concurrency, together) in [(None, true), (Some(1), false)] {
        let (sim, driver) = open(|_| Reply::json(DONE));
        let both = Operation::ExecuteBulk(BulkOperations {
            container: at(),
            operations: vec![create("0"), create("1")],
            max_concurrency,
        });
        assert_eq!(ok(sim.execute(&driver, both)), [(201, None); 2]);
        let seen = sim.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].at == seen[1].at, together);
    }
}

#[test]
fn a_lost_answer_is_asked_for_in_the_next_region_unless_repeating_would_show() {
    let unknown = Some(Outcome::Unknown);
    for (operation, trail, expected) in [
        (create("0"), "east west", (201, None)),
        (increment("0"), "east", (0, unknown)),
    ] {
        let (sim, driver) = open(|seen| match seen.region.as_str() {
            "east" => lost(),
            _ => Reply::json(DONE),
        });
        assert_eq!(ok(sim.execute(&driver, bulk(vec![operation]))), [expected]);
        assert_eq!(sim.trail(), trail);
    }
}

/// The last attempt was refused for sure, but an earlier one may have been carried out.
#[test]
fn a_doubt_stays_whatever_comes_after_it() {
    for (last, status) in [
        (Reply::status(503, 0), 503),
        (Reply::json(r#"[{"statusCode":409}]"#), 409),
        (Reply::json(r#"[{"statusCode":403}]"#), 403),
    ] {
        let first = Cell::new(true);
        let (sim, driver) = open(move |_| match first.replace(false) {
            true => lost(),
            false => last.clone(),
        });
        let response = sim.execute(&driver, bulk(vec![create("0")]));
        assert_eq!(ok(response), [(status, Some(Outcome::Unknown))]);
    }
    let refused = |_: &Seen| Reply::status(503, 0);
    let (sim, driver) = open(refused);
    let response = sim.execute(&driver, bulk(vec![create("0")]));
    assert_eq!(ok(response), [(503, Some(Outcome::NotApplied))]);
    // One budget, not one for the batch and one for its operation.
    assert_eq!(sim.items().len(), 4);
}

/// What the scheduler repeats, the sender of a batch does not repeat as well.
#[test]
fn a_batch_that_is_refused_for_now_has_the_budget_of_its_operations() {
    let of = |status: u16, sub_status: u32| {
        let (sim, driver) = open(move |_| Reply::status(status, sub_status));
        let options = OperationOptions {
            max_throttle_retries: Some(2),
            ..OperationOptions::default()
        };
        let response = sim.run(driver.execute(bulk(vec![create("0")]), options));
        assert_eq!(ok(response), [(status, Some(Outcome::NotApplied))]);
        sim.items().len()
    };
    assert_eq!(of(429, 3200), 3);
    assert!((30..40).contains(&of(449, 0)));
    assert_eq!(of(410, 1002), 11);
    assert_eq!(of(413, 0), 1);
    assert_eq!(of(400, 1024), 11);
}

#[test]
fn nobody_waits_for_what_would_come_too_late() {
    let busy = r#"[{"statusCode":429,"retryAfterMilliseconds":9000}]"#;
    let (sim, driver) = open(move |_| Reply::json(busy));
    let begin = sim.now();
    let response = sim.run(driver.execute(bulk(vec![create("0")]), within(5000)));
    assert_eq!(ok(response), [(408, Some(Outcome::NotApplied))]);
    assert!(sim.now() - begin < SECOND);
    assert_eq!(sim.items().len(), 1);
}

#[test]
fn the_deadline_cuts_what_is_under_way() {
    let (sim, driver) = open(
        |seen| match seen.header("x-ms-documentdb-partitionkeyrangeid") {
            Some("0") => Reply::silence(),
            _ => Reply::json(DONE),
        },
    );
    let begin = sim.now();
    let operations = bulk(vec![create("0"), create("1")]);
    let response = sim.run(driver.execute(operations, within(2000))).unwrap();
    assert_eq!(sim.now() - begin, 2000 * MILLI);
    let expected = [(408, Some(Outcome::Unknown)), (201, None)];
    assert_eq!(said(&response.results), expected);
    assert_eq!(response.status, 207);
}

#[test]
fn without_a_container_in_time_there_is_no_bulk() {
    let document = account(&["east"], true, "");
    let sim = Sim::new(move |seen| match seen.what() {
        "account" => Reply::json(&document),
        _ => Reply::silence(),
    });
    let driver = sim.open(|_| {});
    let error = sim
        .run(driver.execute(bulk(vec![create("0")]), within(2000)))
        .unwrap_err();
    assert_eq!(
        (error.kind, error.status, error.outcome),
        (ErrorKind::Timeout, Some(408), Outcome::NotApplied)
    );
}

#[test]
fn a_bulk_that_is_dropped_sends_no_more() {
    let (sim, driver) = open(|_| Reply::json(r#"[{"statusCode":503}]"#));
    {
        let mut running = pin!(sim_future(&driver));
        assert!(poll(running.as_mut()).is_pending());
        assert_eq!(sim.items().len(), 2);
    }
    sim.pass(SECOND);
    sim.script(|_| Reply::json(DONE));
    let response = sim.execute(&driver, bulk(vec![create("0")]));
    assert_eq!(ok(response), [(201, None)]);
    assert_eq!(sim.seen().len(), 1);
}

async fn sim_future(driver: &Driver<Sim>) -> Result<Response> {
    let both = bulk(vec![create("0"), create("1")]);
    driver.execute(both, OperationOptions::default()).await
}

#[test]
fn a_container_with_another_key_is_not_written_to() {
    let (sim, driver) = open(|_| Reply::status(400, 1024));
    let document = account(&["east", "west"], true, "");
    sim.script(move |seen| match seen.what() {
        "container" => Reply::json(&CONTAINER.replace("r1", "r2").replace("/pk", "/tenant")),
        _ => metadata_with(seen, &document, TWO_RANGES).unwrap_or_else(|| Reply::status(400, 1024)),
    });
    let response = sim
        .execute(&driver, bulk(vec![create("0"), create("1")]))
        .unwrap();
    for result in &response.results {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("another partition key"));
        assert!(error.retryable);
    }
    assert!(sim.items().len() <= 2);
}

#[test]
fn an_account_that_is_due_is_read_beside_a_bulk() {
    let (sim, driver) = open(|_| Reply::json(DONE));
    sim.pass(301 * SECOND);
    sim.execute(&driver, bulk(vec![create("0")])).unwrap();
    let seen = sim.seen();
    let mut what: Vec<&str> = seen.iter().map(Seen::what).collect();
    what.sort_unstable();
    assert_eq!(what, ["account", "item"]);
}
