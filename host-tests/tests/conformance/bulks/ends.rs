//! Bulks that cannot begin, and those that end before they are done.

use cosmosdb_driver_host::types::{
    BatchAction, Bulk, BulkOperation, ErrorKind, Operation, OperationOptions, Outcome,
};
use host_tests::gateway::Effect;
use host_tests::scripted::Gate;

use super::{
    Scene, bulk, create, delete, failed, increment, is_bulk, operation, patch, read, statuses,
    upsert,
};
use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, text};
use crate::face::Face;

on_every_face!(
    what_cannot_be_sent_is_not_sent,
    what_cannot_begin_is_an_error,
    the_deadline_leaves_nothing_untold,
    spent_request_units_leave_nothing_untold,
    nothing_to_do_is_a_success,
);

async fn what_cannot_be_sent_is_not_sent(face: Face) {
    let mut scene = Scene::warm(face, 2).await;
    let item = |body: &[u8]| operation(0, BatchAction::Create(body.to_vec()));
    let keyed = |key| BulkOperation { key, ..read(0) };
    let large = format!(r#"{{"id":"0","pk":"k0","p":"{}"}}"#, "x".repeat(2 << 20));
    let invalid = ErrorKind::InvalidArgument;
    let cases = [
        ("no JSON", item(b"{"), invalid),
        ("two JSONs", item(b"{},{}"), invalid),
        (
            "no id",
            operation(0, BatchAction::Read(String::new())),
            invalid,
        ),
        (
            "long id",
            operation(0, BatchAction::Delete("x".repeat(1024))),
            invalid,
        ),
        ("patch of the id", patch(0, "/id"), invalid),
        ("patch of the key", patch(0, "/pk"), invalid),
        ("no key", keyed(vec![]), invalid),
        ("long key", keyed([text("a"), text("b")].concat()), invalid),
        ("2 MiB", item(large.as_bytes()), ErrorKind::PayloadTooLarge),
    ];
    let operations: Vec<BulkOperation> = cases.iter().map(|case| case.1.clone()).collect();
    let count = operations.len();
    let done = scene.ok(operations.clone()).await;
    assert_eq!(done.status, 207);
    for ((what, _, kind), result) in cases.iter().zip(&done.results) {
        assert_eq!(failed(result), (*kind, Outcome::NotApplied), "{what}");
        assert_eq!(result.status, 0, "{what}");
    }
    assert_eq!(scene.gateway.lines(), Vec::<String>::new());
    assert_eq!(done.diagnostics.request_count, 0);

    // The others do not mind.
    let mixed = [vec![create(1)], operations, vec![create(2)]].concat();
    let done = scene.ok(mixed).await;
    let statuses = statuses(&done);
    assert_eq!((statuses[0], statuses[count + 1]), (201, 201));
    assert_eq!(scene.control().items().len(), 2);
}

async fn what_cannot_begin_is_an_error(face: Face) {
    let mut scene = Scene::new(face, 1).await;
    for max_concurrency in [0, 257] {
        let operation = Operation::ExecuteBulk(Bulk {
            container: container(DATABASE, CONTAINER),
            operations: vec![create(1)],
            max_concurrency: Some(max_concurrency),
        });
        let error = scene.fails(operation).await;
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert_eq!(error.diagnostics.unwrap().request_count, 0);
    }
    for (name, kind) in [
        ("none", ErrorKind::NotFound),
        ("a/b", ErrorKind::InvalidArgument),
    ] {
        let operation = Operation::ExecuteBulk(Bulk {
            container: container(DATABASE, name),
            operations: vec![create(1)],
            max_concurrency: None,
        });
        let error = scene.fails(operation).await;
        assert_eq!((error.kind, error.outcome), (kind, Outcome::NotApplied));
    }
    scene.driver.close().await.unwrap();
    let error = scene.fails(bulk(vec![create(1)])).await;
    assert_eq!(error.kind, ErrorKind::Closed);
    assert_eq!(scene.batches().len(), 0);
}

async fn the_deadline_leaves_nothing_untold(face: Face) {
    let mut scene = Scene::warm(face, 2).await;
    scene.fill(0..2);
    // One partition answers; the other does not any more.
    let (slow, gate) = (scene.range(0), Gate::new());
    let on = slow.clone();
    let is_slow = move |seen: &host_tests::scripted::Seen| {
        is_bulk(seen) && seen.header("x-ms-documentdb-partitionkeyrangeid") == Some(on.as_str())
    };
    scene.gateway.on(100, is_slow, Effect::after(&gate));
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(3000),
        ..OperationOptions::default()
    };
    let mut operations = vec![read(0)];
    operations.extend((0..300).map(upsert));
    let done = scene.with_options(operations, options).await;
    gate.open();
    assert_eq!(done.status, 207);
    let batches = scene.batches();
    let under_way = batches.iter().find(|(range, _)| *range == slow).unwrap();
    assert_eq!(under_way.1[0], 0);
    let own = (0..300).filter(|number| scene.range(*number) == slow);
    assert!(own.count() > 100, "some have to wait");
    for (place, result) in done.results.iter().enumerate().skip(1) {
        let number = place - 1;
        if scene.range(number) != slow {
            assert!(result.failure.is_none(), "{number}");
            continue;
        }
        let sent = under_way.1.contains(&number);
        let outcome = if sent {
            Outcome::Unknown
        } else {
            Outcome::NotApplied
        };
        assert_eq!(failed(result), (ErrorKind::Timeout, outcome), "{number}");
        assert_eq!(result.status, 408);
        assert_eq!(result.failure().unwrap().sub_status, Some(20_008));
    }
    // A read changes nothing, whatever became of it.
    assert_eq!(
        failed(&done.results[0]),
        (ErrorKind::Timeout, Outcome::NotApplied)
    );
    assert!(
        done.diagnostics
            .attempts
            .iter()
            .any(|attempt| attempt.timed_out)
    );
}

async fn spent_request_units_leave_nothing_untold(face: Face) {
    let mut scene = Scene::warm(face, 1).await;
    // Each batch costs 10.5 RU.
    let options = OperationOptions {
        ru_budget: Some(15.0),
        ..OperationOptions::default()
    };
    let operations = (0..250).map(upsert).collect();
    let done = scene.with_options(operations, options).await;
    assert_eq!((done.status, done.headers.request_charge), (207, 21.0));
    assert_eq!(statuses(&done)[..200], [201; 200]);
    for result in &done.results[200..] {
        assert_eq!(
            failed(result),
            (ErrorKind::BudgetSpent, Outcome::NotApplied)
        );
    }
    assert_eq!(scene.control().items().len(), 200);
    assert_eq!(scene.batches().len(), 2);

    // What is to be repeated counts as well, and the outcome is told.
    scene.fail(1, |number| number == 1, (429, 3200), Some(1));
    scene.fail(1, |number| number == 2, (500, 0), None);
    let options = OperationOptions {
        ru_budget: Some(1.0),
        ..OperationOptions::default()
    };
    let operations = vec![delete(0), delete(1), delete(2), increment(3)];
    let done = scene.with_options(operations, options).await;
    assert_eq!((statuses(&done)[0], statuses(&done)[3]), (204, 200));
    let spent = |outcome| (ErrorKind::BudgetSpent, outcome);
    assert_eq!(failed(&done.results[1]), spent(Outcome::NotApplied));
    assert_eq!(failed(&done.results[2]), spent(Outcome::Unknown));
}

async fn nothing_to_do_is_a_success(face: Face) {
    let mut scene = Scene::warm(face, 1).await;
    let done = scene.ok(Vec::new()).await;
    assert_eq!((done.status, done.results.len()), (200, 0));
    assert_eq!(scene.gateway.lines(), Vec::<String>::new());
}
