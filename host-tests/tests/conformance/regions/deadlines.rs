//! The end-to-end timeout, over all regions.

use std::time::{Duration, Instant};

use cosmosdb_driver_host::types::{Error, ErrorKind, OperationOptions, Outcome};
use host_tests::cluster::{ANYWHERE, Effect, Match};
use host_tests::scripted::Step;

use super::{
    Regions, THREE, TWO, as_is, attempts, create, items, multi_write, reads, single_write, writes,
};
use crate::face::Face;
use crate::scene::{PATIENCE, read};

on_every_face!(
    silence_ends_at_the_deadline,
    a_hedged_read_ends_at_the_deadline,
    metadata_counts_too,
    a_pause_that_would_outlast_it_is_not_made,
    it_does_not_cut_what_is_done_in_time,
);

const DEADLINE: Duration = Duration::from_secs(1);

fn one_second() -> OperationOptions {
    OperationOptions {
        end_to_end_timeout_ms: Some(1_000),
        ..OperationOptions::default()
    }
}

fn is_over(error: &Error, outcome: Outcome) {
    assert_eq!(
        (error.kind, error.status, error.sub_status),
        (ErrorKind::Timeout, Some(408), Some(20008)),
        "{error:?}"
    );
    assert_eq!((error.retryable, error.outcome), (true, outcome));
}

async fn silence_ends_at_the_deadline(face: Face) {
    for (operation, line, outcome) in [
        (read(), "eastus read", Outcome::NotApplied),
        (create("2"), "eastus create", Outcome::Unknown),
    ] {
        let mut regions = Regions::warm(face, multi_write(THREE), as_is).await;
        let rule = regions.cluster.on(ANYWHERE, items(), Step::silent());
        let started = Instant::now();
        let error = regions.fails_with(operation, one_second()).await;
        let took = started.elapsed();
        assert!((DEADLINE..PATIENCE).contains(&took), "{took:?}");
        is_over(&error, outcome);
        regions.given_up("eastus").await;
        assert_eq!(regions.trace(), [line]);
        rule.stop();
        regions.ok(read()).await;
    }
}

async fn a_hedged_read_ends_at_the_deadline(face: Face) {
    let change = |config: cosmosdb_driver_host::Config| config.hedging_enabled(true);
    let mut regions = Regions::warm(face, single_write(THREE), change).await;
    regions.cluster.on(ANYWHERE, items(), Step::silent());
    let error = regions.fails_with(read(), one_second()).await;
    is_over(&error, Outcome::NotApplied);
    let diagnostics = error.diagnostics.unwrap();
    let hedge = diagnostics.hedge.as_ref().expect("a race");
    assert_eq!(hedge.ending, "cancelled_awaiting_partner");
    assert_eq!(hedge.threshold_ms, 500.0, "half of the time");
    regions.given_up("eastus").await;
    regions.given_up("westus").await;
    assert_eq!(regions.trace(), ["eastus read", "westus read"]);
}

async fn metadata_counts_too(face: Face) {
    let mut regions = Regions::cold(face, single_write(TWO), as_is).await;
    regions
        .cluster
        .on(ANYWHERE, Match::account(), Step::silent());
    let error = regions.fails_with(create("2"), one_second()).await;
    is_over(&error, Outcome::NotApplied);
    regions.given_up("global").await;
    assert_eq!(regions.trace(), ["global account"]);
}

async fn a_pause_that_would_outlast_it_is_not_made(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    regions
        .cluster
        .on(ANYWHERE, writes(), Effect::refuse(403, 3));
    let error = regions.fails_with(create("2"), one_second()).await;
    is_over(&error, Outcome::NotApplied);
    let cause = error.cause.expect("the last answer");
    assert_eq!((cause.status, cause.sub_status), (Some(503), Some(20311)));
    let diagnostics = error.diagnostics.unwrap();
    // At once; and after a second, if that turns out short enough.
    let sent = attempts(&diagnostics);
    assert!(
        matches!(sent.len(), 2 | 3) && sent.iter().all(|one| one == "eastus 403/3"),
        "{sent:?}"
    );
    if sent.len() == 2 {
        let took = diagnostics.duration_ms;
        assert!(took < 750.0, "it does not wait for its end: {took}");
    }
    let trace = regions.trace();
    assert_eq!(
        trace[..3],
        ["eastus create", "global account", "eastus create"]
    );
}

async fn it_does_not_cut_what_is_done_in_time(face: Face) {
    let mut regions = Regions::warm(face, multi_write(TWO), as_is).await;
    regions
        .cluster
        .on("East US", reads().times(1), Effect::refuse(503, 0));
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(20_000),
        ..OperationOptions::default()
    };
    let response = regions.ok_with(read(), options).await;
    assert_eq!(
        attempts(&response.diagnostics),
        ["eastus 503", "westus 200"]
    );
}
