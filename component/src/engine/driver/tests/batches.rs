//! Transactional batches: where they go, what they are repeated for, and what their answers mean.

use crate::core::batch::class_of;
use crate::core::clock::MILLI;
use crate::core::diagnostics::{ExecutionContext, RequestSent};
use crate::core::exchange::FailureCause;
use crate::core::retry::Class;
use crate::core::{ErrorKind, MetadataMode, Operation, OperationOptions, Outcome};
use crate::engine::Driver;
use crate::engine::testing::{Reply, Seen, Sim, account, at, metadata, read as read_item};
use crate::wire::batch::{Action, BatchOperation};
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};

/// Sees and answers the batches; everything else is as it should be. The account's regions are east and west.
fn open(multi_write: bool, answer: impl Fn(&Seen) -> Reply + 'static) -> (Sim, Driver<Sim>) {
    let document = account(&["east", "west"], multi_write, "");
    let sim = Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| answer(seen)));
    let driver = sim.open(|config| config.metadata = MetadataMode::Eager);
    (sim, driver)
}

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        result: Ok((status, Vec::new(), body.to_owned())),
        ..Reply::status(status, 0)
    }
}

/// One reply after the other; the last one stays.
fn in_turn(replies: Vec<Reply>) -> impl Fn(&Seen) -> Reply + 'static {
    let next = std::cell::Cell::new(0);
    move |_| {
        let place = next.get().min(replies.len() - 1);
        next.set(place + 1);
        replies[place].clone()
    }
}

fn operation(action: Action) -> BatchOperation {
    BatchOperation {
        action,
        if_match: None,
        if_none_match: None,
    }
}

fn read() -> BatchOperation {
    operation(Action::Read("1".to_owned()))
}

fn upsert() -> BatchOperation {
    operation(Action::Upsert(br#"{"id":"2"}"#.to_vec()))
}

fn increment() -> BatchOperation {
    let step = PatchOperation::Increment(PatchValue {
        path: "/n".to_owned(),
        value: b"1".to_vec(),
    });
    operation(Action::Patch("3".to_owned(), vec![step], None))
}

fn batch(operations: &[BatchOperation]) -> Operation {
    Operation::ExecuteBatch {
        container: at(),
        key: vec![KeyComponent::Null],
        operations: operations.to_vec(),
        session_token: None,
    }
}

const TWO: &str =
    r#"[{"statusCode":200,"resourceBody":{"id":"1"},"eTag":"\"e\""},{"statusCode":201}]"#;

#[test]
fn the_results_take_the_place_of_the_body() {
    let (sim, driver) = open(false, |_| reply(200, TWO));
    let response = sim.execute(&driver, batch(&[read(), upsert()])).unwrap();
    assert_eq!((response.status, response.body.len()), (200, 0));
    let [Ok(first), Ok(second)] = response.results.as_slice() else {
        panic!("{:?}", response.results);
    };
    assert_eq!((first.status, second.status), (200, 201));
    assert_eq!(first.body.as_deref(), Some(&br#"{"id":"1"}"#[..]));
    assert_eq!(first.etag.as_deref(), Some("\"e\""));
}

#[test]
fn a_batch_goes_where_writes_go_even_if_it_only_reads() {
    let only_reads = [read(), read()];
    assert_eq!(class_of(&only_reads), Class::Read);
    for (multi_write, allowed) in [(false, None), (true, Some("true"))] {
        let (sim, driver) = open(multi_write, |_| reply(200, TWO));
        sim.execute(&driver, batch(&only_reads)).unwrap();
        let seen = sim.item_requests();
        assert_eq!((seen.len(), seen[0].region.as_str()), (1, "east"));
        assert_eq!(
            seen[0].header("x-ms-cosmos-allow-tentative-writes"),
            allowed
        );
        // As long as other writes may take.
        assert_eq!(seen[0].first_byte_timeout, 65_000 * MILLI);
    }
}

/// Reads prefer another region than the one that takes writes; batches do not.
#[test]
fn preferred_regions_hold_for_reads_only() {
    let document = account(&["east", "west"], false, "");
    let sim = Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| reply(200, TWO)));
    let driver = sim.open(|config| config.preferred_regions = vec!["west".to_owned()]);
    sim.execute(&driver, read_item()).unwrap();
    sim.execute(&driver, batch(&[read(), read()])).unwrap();
    assert_eq!(sim.trail(), "west east");
}

#[test]
fn a_region_that_takes_no_writes_any_more_is_left_even_by_reads() {
    let moved = |seen: &Seen| match seen.region.as_str() {
        "east" => Reply::status(403, 3),
        _ => reply(200, TWO),
    };
    let (sim, driver) = open(true, moved);
    sim.execute(&driver, batch(&[read(), read()])).unwrap();
    assert_eq!(sim.trail(), "east west");
}

#[test]
fn batches_carry_the_session_unlike_other_writes() {
    let document = account(
        &["east", "west"],
        false,
        r#","userConsistencyPolicy":{"defaultConsistencyLevel":"Session"}"#,
    );
    let sim = Sim::new(move |seen| {
        let item = || reply(200, TWO).with("x-ms-session-token", "0:1#7");
        metadata(seen, &document).unwrap_or_else(item)
    });
    let driver = sim.open(|_| {});
    for _ in 0..2 {
        sim.execute(&driver, batch(&[read(), upsert()])).unwrap();
    }
    let seen = sim.item_requests();
    let tokens: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("x-ms-session-token"))
        .collect();
    assert_eq!(tokens, [None, Some("0:1#7")]);
}

#[test]
fn what_one_operation_has_to_wait_for_the_batch_waits_for() {
    let throttled = r#"[{"statusCode":424},{"statusCode":429,"subStatusCode":3200,"retryAfterMilliseconds":70}]"#;
    let (sim, driver) = open(false, in_turn(vec![reply(207, throttled), reply(200, TWO)]));
    // Nothing was carried out, so that even this may be repeated.
    let response = sim.execute(&driver, batch(&[read(), increment()])).unwrap();
    assert_eq!(response.results.len(), 2);
    let seen = sim.item_requests();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at >= 70 * MILLI);
    let attempts = &response.diagnostics.attempts;
    let last: Vec<_> = attempts[attempts.len() - 2..].iter().collect();
    assert_eq!((last[0].status, last[1].status), (Some(207), Some(200)));
    assert_eq!(last[1].context, ExecutionContext::OperationRetry);
    assert!(!response.diagnostics.attempted_more_than_once);
}

#[test]
fn when_waiting_does_not_help_the_operation_is_named() {
    let busy = r#"[{"statusCode":429,"subStatusCode":3200,"retryAfterMilliseconds":7},{"statusCode":424}]"#;
    let (sim, driver) = open(false, move |_| reply(207, busy));
    let options = OperationOptions {
        max_throttle_retries: Some(2),
        ..OperationOptions::default()
    };
    let both = batch(&[increment(), read()]);
    let error = sim.run(driver.execute(both, options)).unwrap_err();
    assert_eq!(sim.items().len(), 3);
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::Throttled, Some(429))
    );
    assert_eq!(
        (error.sub_status, error.retry_after_ms),
        (Some(3200), Some(7))
    );
    assert_eq!(error.failed_operation, Some(0));
    assert_eq!(error.outcome, Outcome::NotApplied);
    let start = "execute_batch: operation 0 of 2 (Patch of \"3\"): 429/3200 ";
    assert!(error.message.starts_with(start), "{}", error.message);
}

/// After an operation was refused for now, the whole batch may be.
#[test]
fn the_last_failure_counts() {
    let busy = r#"[{"statusCode":449},{"statusCode":424}]"#;
    let replies = vec![reply(207, busy), Reply::status(401, 0)];
    let (sim, driver) = open(false, in_turn(replies));
    let error = sim
        .execute(&driver, batch(&[upsert(), read()]))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert_eq!(error.failed_operation, None);
    assert_eq!(sim.items().len(), 2);
}

#[test]
fn other_failures_of_an_operation_end_the_batch_at_once() {
    for status in [400, 403, 404, 408, 409, 410, 412, 413, 500, 503] {
        let body = format!(r#"[{{"statusCode":424}},{{"statusCode":{status}}}]"#);
        let (sim, driver) = open(false, move |_| reply(207, &body));
        let error = sim
            .execute(&driver, batch(&[read(), upsert()]))
            .unwrap_err();
        assert_eq!(
            (error.status, error.failed_operation),
            (Some(status), Some(1))
        );
        assert_eq!(error.outcome, Outcome::NotApplied, "{status}");
        assert_eq!(sim.items().len(), 1, "{status}");
    }
}

#[test]
fn a_lost_answer_is_asked_for_again_unless_repeating_would_show() {
    let lost = || Reply::failure(RequestSent::Unknown, FailureCause::Broken);
    let conflict = r#"[{"statusCode":409},{"statusCode":424}]"#;
    let unsafe_batch = [increment(), upsert()];
    let (sim, driver) = open(true, in_turn(vec![lost(), reply(200, TWO)]));
    let error = sim.execute(&driver, batch(&unsafe_batch)).unwrap_err();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Transport, Outcome::Unknown)
    );
    assert_eq!(sim.items().len(), 1);

    let (sim, driver) = open(true, in_turn(vec![lost(), reply(207, conflict)]));
    let error = sim
        .execute(&driver, batch(&[upsert(), read()]))
        .unwrap_err();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Conflict, Outcome::Unknown)
    );
    assert!(
        error
            .message
            .contains("An earlier attempt of this call may have created it")
    );
    assert_eq!(sim.trail(), "east west");

    // Not even where writes are not repeated do reads leave a doubt.
    let (sim, driver) = open(true, move |_| lost());
    let error = sim.execute(&driver, batch(&[read(), read()])).unwrap_err();
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert!(sim.items().len() > 1);
}

#[test]
fn an_answer_that_is_no_list_of_results_is_not_believed() {
    for body in ["", "{}", "[]", r#"[{"statusCode":200}]"#] {
        let (sim, driver) = open(false, move |_| reply(200, body));
        let error = sim
            .execute(&driver, batch(&[upsert(), read()]))
            .unwrap_err();
        assert_eq!(
            (error.kind, error.outcome),
            (ErrorKind::Service, Outcome::Unknown)
        );
        assert_eq!(sim.items().len(), 1, "{body}");
    }
}
