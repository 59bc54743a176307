//! Storms of 429.

use std::time::{Duration, Instant};

use cosmosdb_driver_host::types::{ErrorKind, ExecutionContext, OperationOptions, Outcome};
use host_tests::cluster::{ANYWHERE, Effect};

use super::{Regions, TWO, as_is, attempts, contexts, create, items, multi_write, single_write};
use crate::face::Face;
use crate::scene::{PATIENCE, read};

on_every_face!(
    a_throttled_request_waits_as_long_as_it_is_told,
    a_storm_that_does_not_end_comes_through,
    repetitions_are_limited_as_told,
    pauses_are_limited_as_told,
    a_pause_beyond_the_deadline_is_cut,
    an_exhausted_region_is_left_at_once,
);

/// Refuses, and asks for a pause.
fn throttled(retry_after_ms: u64) -> Effect {
    Effect::refuse(429, 3200).header("x-ms-retry-after-ms", &retry_after_ms.to_string())
}

async fn a_throttled_request_waits_as_long_as_it_is_told(face: Face) {
    for account in [single_write(TWO), multi_write(TWO)] {
        for operation in [read(), create("2")] {
            let mut regions = Regions::warm(face, account, as_is).await;
            regions
                .cluster
                .on("East US", items().times(3), throttled(20));
            let started = Instant::now();
            let response = regions.ok(operation).await;
            assert!(started.elapsed() >= Duration::from_millis(60));
            let [first, second, third, last] = &attempts(&response.diagnostics)[..] else {
                panic!("{:?}", regions.trace())
            };
            assert_eq!([first, second, third], ["eastus 429/3200"; 3]);
            assert!(last == "eastus 200" || last == "eastus 201", "{last}");
            assert_eq!(
                contexts(&response.diagnostics)[1..],
                [ExecutionContext::OperationRetry; 3]
            );
            assert!(!response.diagnostics.attempted_more_than_once);
            assert_eq!(regions.cluster.requests_in("West US").len(), 0);
            assert_eq!(regions.trace().len(), 4);
        }
    }
}

async fn a_storm_that_does_not_end_comes_through(face: Face) {
    for operation in [read(), create("2")] {
        let mut regions = Regions::warm(face, multi_write(TWO), as_is).await;
        let storm = regions.cluster.on(ANYWHERE, items(), throttled(1));
        let error = regions.fails(operation).await;
        assert_eq!(
            (error.kind, error.status, error.sub_status),
            (ErrorKind::Throttled, Some(429), Some(3200))
        );
        assert_eq!(
            (error.retry_after_ms, error.retryable, error.outcome),
            (Some(1), true, Outcome::NotApplied)
        );
        assert_eq!(error.diagnostics.unwrap().request_count, 10);
        assert_eq!(regions.cluster.requests_in("East US").len(), 10);
        assert_eq!((regions.trace().len(), storm.hits()), (10, 10));
        storm.stop();
        regions.ok(read()).await;
        assert_eq!(regions.trace(), ["eastus read"], "nobody is to blame");
    }
}

async fn repetitions_are_limited_as_told(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    let storm = regions.cluster.on(ANYWHERE, items(), throttled(1));
    for retries in [0, 1, 4] {
        let options = OperationOptions {
            max_throttle_retries: Some(retries),
            ..OperationOptions::default()
        };
        let before = storm.hits();
        let error = regions.fails_with(read(), options).await;
        assert_eq!(error.kind, ErrorKind::Throttled);
        assert_eq!(storm.hits() - before, u64::from(retries) + 1);
    }
}

/// When the pauses are used up, one more attempt is made.
async fn pauses_are_limited_as_told(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    let storm = regions.cluster.on(ANYWHERE, items(), throttled(20));
    let options = OperationOptions {
        max_throttle_wait_ms: Some(50),
        ..OperationOptions::default()
    };
    let error = regions.fails_with(read(), options).await;
    assert_eq!(error.kind, ErrorKind::Throttled);
    assert_eq!(storm.hits(), 4, "two pauses fit, and the last attempt");
}

async fn a_pause_beyond_the_deadline_is_cut(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    let storm = regions.cluster.on(ANYWHERE, items(), throttled(60_000));
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(1_000),
        ..OperationOptions::default()
    };
    let started = Instant::now();
    let error = regions.fails_with(read(), options).await;
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(
        (error.kind, error.status, error.retry_after_ms),
        (ErrorKind::Throttled, Some(429), Some(60_000)),
        "{error:?}"
    );
    assert_eq!(storm.hits(), 2, "one more in the middle of the time left");
}

async fn an_exhausted_region_is_left_at_once(face: Face) {
    let exhausted = Effect::refuse(429, 3092).header("x-ms-retry-after-ms", "60000");
    let mut regions = Regions::warm(face, multi_write(TWO), as_is).await;
    regions.cluster.on("East US", items().times(2), exhausted);
    let response = regions.ok(read()).await;
    assert_eq!(
        attempts(&response.diagnostics),
        ["eastus 429/3092", "westus 200"]
    );
    // It is left alone for a while, by writes too.
    regions.ok(create("2")).await;
    regions.ok(read()).await;
    assert_eq!(
        regions.trace(),
        ["eastus read", "westus read", "westus create", "westus read"]
    );
}
