//! Regions that cannot be reached, and come back.

use std::time::{Duration, Instant};

use cosmosdb_driver_host::Config;
use cosmosdb_driver_host::types::{
    ErrorKind, ExecutionContext, OperationOptions, Outcome, RequestSent,
};

use super::{
    Regions, THREE, TWO, answered_by, as_is, attempts, contexts, create, excluding, fallback,
    multi_write, single_write,
};
use crate::face::Face;
use crate::scene::read;

on_every_face!(
    reads_leave_a_region_that_is_offline,
    a_region_is_asked_again_when_its_mark_is_old,
    a_success_clears_the_mark,
    two_regions_offline_of_three,
    writes_leave_a_region_where_others_take_them,
    the_hub_cannot_be_replaced,
    a_region_offline_from_the_start,
);

/// Whatever failed a moment ago.
fn minding_no_mark() -> OperationOptions {
    OperationOptions {
        endpoint_unavailability_ttl_ms: Some(0),
        ..OperationOptions::default()
    }
}

async fn reads_leave_a_region_that_is_offline(face: Face) {
    for account in [single_write(TWO), single_write(THREE), multi_write(TWO)] {
        let mut regions = Regions::unconnected(face, account, as_is).await;
        regions.cluster.offline("East US");
        let response = regions.ok(read()).await;
        assert_eq!(
            attempts(&response.diagnostics),
            ["eastus -", "eastus -", "westus 200"]
        );
        assert_eq!(
            contexts(&response.diagnostics),
            [
                ExecutionContext::Initial,
                ExecutionContext::TransportRetry,
                ExecutionContext::RegionFailover
            ]
        );
        let [first, second, _] = &response.diagnostics.attempts[..] else {
            panic!("three requests")
        };
        for attempt in [first, second] {
            assert_eq!(attempt.request_sent, RequestSent::NotSent);
            assert_eq!(attempt.error.as_deref(), Some("connection-refused"));
        }
        assert_eq!(
            fallback(&response.diagnostics),
            Some("earlier attempt failed")
        );
        for _ in 0..3 {
            let response = regions.ok(read()).await;
            assert_eq!(attempts(&response.diagnostics), ["westus 200"]);
            assert_eq!(fallback(&response.diagnostics), Some("endpoint avoided"));
        }
        assert_eq!(regions.trace(), ["westus read"; 4]);
    }
}

async fn a_region_is_asked_again_when_its_mark_is_old(face: Face) {
    const TTL: Duration = Duration::from_millis(200);
    let change = |config: Config| config.endpoint_unavailability_ttl(TTL);
    let mut regions = Regions::unconnected(face, single_write(TWO), change).await;
    regions.cluster.offline("East US");
    let marked = Instant::now();
    assert_eq!(answered_by(&regions.ok(read()).await), "westus");
    regions.cluster.online("East US").unwrap();
    loop {
        let response = regions.ok(read()).await;
        assert_eq!(response.diagnostics.request_count, 1);
        match answered_by(&response) {
            "eastus" => break,
            region => assert_eq!(region, "westus"),
        }
    }
    assert!(marked.elapsed() >= TTL, "{:?}", marked.elapsed());
    assert_eq!(answered_by(&regions.ok(read()).await), "eastus");
}

async fn a_success_clears_the_mark(face: Face) {
    let mut regions = Regions::unconnected(face, single_write(TWO), as_is).await;
    regions.cluster.offline("East US");
    regions.ok(read()).await;
    // Whoever minds no mark finds out that it is right.
    let response = regions.ok_with(read(), minding_no_mark()).await;
    assert_eq!(
        attempts(&response.diagnostics),
        ["eastus -", "eastus -", "westus 200"]
    );
    regions.cluster.online("East US").unwrap();
    let response = regions.ok(read()).await;
    assert_eq!(attempts(&response.diagnostics), ["westus 200"]);
    let response = regions.ok_with(read(), minding_no_mark()).await;
    assert_eq!(attempts(&response.diagnostics), ["eastus 200"]);
    let response = regions.ok(read()).await;
    assert_eq!(attempts(&response.diagnostics), ["eastus 200"]);
}

async fn two_regions_offline_of_three(face: Face) {
    let mut regions = Regions::cold(face, single_write(THREE), as_is).await;
    let others = || excluding(&["East US", "West US"]);
    regions.ok_with(read(), others()).await;
    for region in ["East US", "West US"] {
        regions.cluster.offline(region);
    }
    let response = regions.ok(read()).await;
    assert_eq!(
        attempts(&response.diagnostics),
        [
            "eastus -",
            "eastus -",
            "westus -",
            "westus -",
            "northeurope 200"
        ]
    );
    let response = regions.ok(read()).await;
    assert_eq!(attempts(&response.diagnostics), ["northeurope 200"]);
}

async fn writes_leave_a_region_where_others_take_them(face: Face) {
    let mut regions = Regions::unconnected(face, multi_write(TWO), as_is).await;
    regions.cluster.offline("East US");
    let created = regions.ok(create("2")).await;
    assert_eq!(
        attempts(&created.diagnostics),
        ["eastus -", "eastus -", "westus 201"]
    );
    assert!(
        !created.diagnostics.attempted_more_than_once,
        "it had not left"
    );
    let created = regions.ok(create("3")).await;
    assert_eq!(attempts(&created.diagnostics), ["westus 201"]);
    // Reads know it too.
    let response = regions.ok(read()).await;
    assert_eq!(attempts(&response.diagnostics), ["westus 200"]);
}

/// The only region that takes writes is asked again and again, with pauses.
async fn the_hub_cannot_be_replaced(face: Face) {
    let mut regions = Regions::unconnected(face, single_write(TWO), as_is).await;
    regions.cluster.offline("East US");
    let error = regions.fails(create("2")).await;
    assert_eq!(
        (error.kind, error.outcome, error.status),
        (ErrorKind::Transport, Outcome::NotApplied, None),
        "{error:?}"
    );
    assert!(error.retryable);
    let diagnostics = error.diagnostics.as_ref().unwrap();
    assert_eq!(attempts(diagnostics), ["eastus -"; 8], "four times two");
    assert!(!diagnostics.attempted_more_than_once);
    // 100, 200 and 300 ms, each a quarter less at least.
    assert!(diagnostics.duration_ms >= 450.0, "{diagnostics:?}");
    assert_eq!(regions.cluster.item("a", "2"), None);
    // Reads go on, and so do writes when it is back.
    regions.ok(read()).await;
    regions.cluster.online("East US").unwrap();
    regions.ok(create("2")).await;
    assert_eq!(regions.trace(), ["westus read", "eastus create"]);
}

async fn a_region_offline_from_the_start(face: Face) {
    let mut regions = Regions::cold(face, single_write(TWO), as_is).await;
    regions.cluster.offline("East US");
    let response = regions.ok(read()).await;
    assert_eq!(
        regions.trace(),
        ["global account", "westus container", "westus read"]
    );
    // The request for the container has found it out.
    assert_eq!(attempts(&response.diagnostics), ["westus 200"]);
}
