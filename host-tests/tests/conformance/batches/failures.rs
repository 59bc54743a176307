//! Batches that are throttled, lost, or answered with nonsense.

use cosmosdb_driver_host::Error;
use cosmosdb_driver_host::types::{ErrorKind, ExecutionContext, OperationOptions, Outcome};
use host_tests::gateway::Effect;
use host_tests::scripted::Step;
use serde_json::{Value, json};

use super::{Scene, batch, create, increment, read, statuses, upsert};
use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;

on_every_face!(
    a_throttled_batch_is_sent_again,
    a_batch_with_a_throttled_operation_is_sent_again,
    an_increment_is_not_sent_twice,
    a_repeated_batch_may_meet_its_own_success,
    an_answer_that_makes_no_sense,
);

async fn a_throttled_batch_is_sent_again(face: Face) {
    let mut scene = Scene::new(face).await;
    scene.on_batch(Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1"));
    // It was not carried out: even an increment may be repeated.
    let done = scene.ok(batch([create("1"), increment("1")])).await;
    assert_eq!(statuses(&done), [201, 200]);
    assert_eq!(scene.batches().len(), 2);
    assert_eq!(scene.item("1").unwrap()["n"], 6);
    let context = done.diagnostics.attempts[1].execution_context;
    assert_eq!(context, ExecutionContext::OperationRetry);
}

async fn a_batch_with_a_throttled_operation_is_sent_again(face: Face) {
    let mut scene = Scene::new(face).await;
    let throttle = |scene: &Scene, times| {
        let about = |operation: &Value| operation["operationType"] == "Patch";
        let container = scene.gateway.container(DATABASE, CONTAINER);
        container.fail_operations(times, about, (429, 3200), Some(1));
    };
    throttle(&scene, 1);
    let done = scene.ok(batch([create("1"), increment("1")])).await;
    assert_eq!(statuses(&done), [201, 200]);
    assert_eq!(scene.item("1").unwrap()["n"], 6);
    assert_eq!(scene.batches().len(), 2);

    throttle(&scene, 2);
    scene.gateway.clear();
    let options = OperationOptions {
        max_throttle_retries: Some(1),
        ..OperationOptions::default()
    };
    let again = batch([read("1"), increment("1")]);
    let error = scene.driver.execute_with(again, options).await.unwrap_err();
    assert!(error.is_throttled() && error.is_retryable(), "{error}");
    assert_eq!(error.failed_operation(), Some(1));
    let error = error.driver().unwrap();
    assert_eq!(
        (error.sub_status, error.retry_after_ms),
        (Some(3200), Some(1))
    );
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert_eq!(scene.batches().len(), 2);
    assert_eq!(scene.item("1").unwrap()["n"], 6);
}

async fn an_increment_is_not_sent_twice(face: Face) {
    for lost in [
        Effect::from(Step::close()),
        Effect::served_then(Step::close()),
    ] {
        let mut scene = Scene::new(face).await;
        scene.put(json!({ "id": "1", "pk": "a", "n": 1 }));
        scene.on_batch(lost);
        let error = scene.fails(batch([upsert("2", 1), increment("1")])).await;
        assert_eq!(
            (error.kind, error.outcome, error.failed_operation),
            (ErrorKind::Transport, Outcome::Unknown, None)
        );
        assert_eq!(scene.batches().len(), 1);
        assert_eq!(error.diagnostics.unwrap().request_count, 1);
    }
}

async fn a_repeated_batch_may_meet_its_own_success(face: Face) {
    let mut scene = Scene::new(face).await;
    let lost = || Effect::served_then(Step::close());
    scene.on_batch(lost());
    let done = scene.ok(batch([upsert("1", 1), upsert("2", 2)])).await;
    assert_eq!(statuses(&done), [200, 200]);
    assert!(done.diagnostics.attempted_more_than_once);
    assert_eq!(scene.batches().len(), 2);

    scene.on_batch(lost());
    let error = scene.fails(batch([upsert("1", 3), create("3")])).await;
    assert_eq!(
        (error.kind, error.failed_operation),
        (ErrorKind::Conflict, Some(1))
    );
    // The first attempt was carried out, for all that the caller knows.
    assert_eq!(error.outcome, Outcome::Unknown);
    assert!(error.message.contains("An earlier attempt of this call"));
    assert_eq!(scene.item("1").unwrap()["n"], 3);

    // One that only reads changes nothing.
    let options = OperationOptions {
        max_failover_retries: Some(0),
        ..OperationOptions::default()
    };
    scene.on_batch(Step::close());
    let reads = batch([read("1"), read("2")]);
    let Err(Error::Driver(error)) = scene.driver.execute_with(reads, options).await else {
        panic!("an error of the driver");
    };
    assert_eq!(error.outcome, Outcome::NotApplied);
}

async fn an_answer_that_makes_no_sense(face: Face) {
    for (answer, operations, outcome) in [
        ("{}", vec![create("1")], Outcome::Unknown),
        ("[]", vec![create("1")], Outcome::Unknown),
        (
            r#"[{"statusCode":200}]"#,
            vec![read("1"), read("2")],
            Outcome::NotApplied,
        ),
    ] {
        let mut scene = Scene::new(face).await;
        scene.on_batch(Step::respond(200, &[], answer));
        let error = scene.fails(batch(operations)).await;
        assert_eq!(
            (error.kind, error.outcome),
            (ErrorKind::Service, outcome),
            "{answer}"
        );
        assert_eq!(scene.batches().len(), 1);
    }
}
