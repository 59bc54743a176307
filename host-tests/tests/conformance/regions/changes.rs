//! Accounts that change while the driver works.

use std::time::{Duration, Instant};

use cosmosdb_driver_host::types::{ErrorKind, Outcome};
use cosmosdb_driver_host::{Config, RuntimeConfig};
use host_tests::cluster::{ANYWHERE, Effect, GLOBAL};

use super::{
    Regions, THREE, TWO, answered_by, as_is, attempts, create, multi_write, single_write, writes,
};
use crate::face::Face;
use crate::scene::{PATIENCE, read};

on_every_face!(
    the_write_region_moves,
    the_write_region_moves_and_nobody_tells,
    nobody_takes_writes,
    a_region_is_removed,
    the_write_region_is_removed,
    a_region_comes_back_to_the_account,
    one_write_region_becomes_many,
);

async fn the_write_region_moves(face: Face) {
    for account in [single_write(TWO), single_write(THREE)] {
        let mut regions = Regions::warm(face, account, as_is).await;
        regions.cluster.set_writable(&["West US"]);
        let created = regions.ok(create("2")).await;
        assert_eq!(
            regions.trace(),
            ["eastus create", "global account", "westus create"]
        );
        assert_eq!(
            attempts(&created.diagnostics),
            ["eastus 403/3", "westus 201"]
        );
        assert!(
            !created.diagnostics.attempted_more_than_once,
            "it was refused"
        );
        // Reads stay, and so does what was learned.
        regions.ok(read()).await;
        regions.ok(create("3")).await;
        assert_eq!(regions.trace(), ["eastus read", "westus create"]);
    }
}

/// The account document is late: the hub is asked until it is the hub again.
async fn the_write_region_moves_and_nobody_tells(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    let refusals = Effect::refuse(403, 3);
    regions.cluster.on("East US", writes().times(2), refusals);
    let started = Instant::now();
    let created = regions.ok(create("2")).await;
    // At once, and after a second; the account is not read for every answer.
    assert_eq!(
        regions.trace(),
        [
            "eastus create",
            "global account",
            "eastus create",
            "eastus create"
        ]
    );
    assert!(started.elapsed() >= Duration::from_millis(750));
    assert!(!created.diagnostics.attempted_more_than_once);
}

async fn nobody_takes_writes(face: Face) {
    let mut regions = Regions::warm(face, multi_write(TWO), as_is).await;
    let refusals = Effect::refuse(403, 3);
    let rule = regions.cluster.on(ANYWHERE, writes(), refusals);
    let started = Instant::now();
    let error = regions.fails(create("2")).await;
    assert_eq!(
        (error.kind, error.status, error.sub_status),
        (ErrorKind::Unavailable, Some(503), Some(20311)),
        "{error:?}"
    );
    assert!(error.retryable && error.outcome == Outcome::NotApplied);
    let cause = error.cause.expect("the last answer");
    assert_eq!((cause.status, cause.sub_status), (Some(403), Some(3)));
    let waited = started.elapsed();
    assert!(
        (Duration::from_secs(5)..PATIENCE).contains(&waited),
        "{waited:?}"
    );
    assert!((5..=6).contains(&rule.hits()), "{}", rule.hits());
    rule.stop();
    regions.ok(create("2")).await;
}

async fn a_region_is_removed(face: Face) {
    for account in [single_write(TWO), multi_write(THREE)] {
        let change = |config: Config| config.preferred_regions(["West US"]);
        let mut regions = Regions::warm(face, account, change).await;
        regions.cluster.remove_region("West US");
        let response = regions.ok(read()).await;
        assert_eq!(
            regions.trace(),
            ["westus read", "global account", "eastus read"]
        );
        assert_eq!(
            attempts(&response.diagnostics),
            ["westus 403/1008", "eastus 200"]
        );
        let response = regions.ok(read()).await;
        assert_eq!(attempts(&response.diagnostics), ["eastus 200"]);
        regions.ok(create("2")).await;
        assert_eq!(regions.trace(), ["eastus read", "eastus create"]);
    }
}

async fn the_write_region_is_removed(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    regions.cluster.set_writable(&["West US"]);
    regions.cluster.remove_region("East US");
    regions.ok(create("2")).await;
    regions.ok(read()).await;
    assert_eq!(
        regions.trace(),
        [
            "eastus create",
            "global account",
            "westus create",
            "westus read"
        ]
    );
    // Nor is the global endpoint needed for what is known.
    regions.cluster.offline(GLOBAL);
    regions.ok(create("3")).await;
    assert_eq!(regions.trace(), ["westus create"]);
}

/// The driver sees it when it reads the account the next time, beside an operation.
async fn a_region_comes_back_to_the_account(face: Face) {
    let change = |config: Config| {
        let runtime = RuntimeConfig::new().account_refresh_interval(Duration::from_millis(100));
        config
            .preferred_regions(["West US"])
            .endpoint_unavailability_ttl(Duration::from_millis(1))
            .runtime(runtime)
    };
    let mut regions = Regions::warm(face, single_write(TWO), change).await;
    regions.cluster.remove_region("West US");
    assert_eq!(answered_by(&regions.ok(read()).await), "eastus");
    regions.cluster.set_readable(&["East US", "West US"]);
    let started = Instant::now();
    while answered_by(&regions.ok(read()).await) != "westus" {
        assert!(started.elapsed() < PATIENCE);
    }
    let trace = regions.trace();
    assert!(trace.iter().any(|line| line == "global account"));
}

async fn one_write_region_becomes_many(face: Face) {
    let change = |config: Config| {
        let runtime = RuntimeConfig::new().account_refresh_interval(Duration::from_millis(100));
        config.preferred_regions(["West US"]).runtime(runtime)
    };
    let mut regions = Regions::warm(face, single_write(TWO), change).await;
    let created = regions.ok(create("2")).await;
    assert_eq!(answered_by(&created), "eastus");
    regions.cluster.set_multi_write(true);
    let started = Instant::now();
    for number in 0.. {
        let created = regions.ok(create(&format!("new {number}"))).await;
        if answered_by(&created) == "westus" {
            break;
        }
        assert!(started.elapsed() < PATIENCE);
    }
}
