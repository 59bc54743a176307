//! Regions that have not caught up with what the session has seen.

use cosmosdb_driver_host::Config;
use cosmosdb_driver_host::types::{ErrorKind, ExecutionContext, Operation, OperationOptions};
use host_tests::cluster::{ANYWHERE, Effect};
use serde_json::json;

use super::{
    Regions, THREE, TWO, attempts, contexts, create, execute, fallback, multi_write, reads,
    single_write,
};
use crate::account::lean;
use crate::build::{at, json, text};
use crate::face::Face;
use crate::scene::read;

on_every_face!(
    the_hub_has_what_a_region_lacks,
    another_region_has_what_a_region_lacks,
    nobody_has_what_the_session_has_seen,
    nobody_has_what_the_caller_has_seen,
    nobody_has_it_and_every_region_writes,
    who_asks_for_nothing_gets_what_is_there,
    a_lean_driver_finds_out_that_the_container_is_another_one,
);

const HUB_ONLY: &str = "x-ms-cosmos-hub-region-processing-only";

fn west(config: Config) -> Config {
    config.preferred_regions(["West US"])
}

fn replace() -> Operation {
    at(text("a")).replace("1", r#"{"id":"1","pk":"a","n":2}"#)
}

async fn the_hub_has_what_a_region_lacks(face: Face) {
    let mut regions = Regions::warm(face, single_write(THREE), west).await;
    regions.cluster.lag("West US");
    regions.ok(replace()).await;
    assert_eq!(regions.trace(), ["eastus replace"]);
    let response = regions.ok(read()).await;
    assert_eq!(json(&response.body)["n"], json!(2), "its own write");
    assert_eq!(
        attempts(&response.diagnostics),
        ["westus 404/1002", "eastus 200"]
    );
    assert_eq!(
        contexts(&response.diagnostics),
        [ExecutionContext::Initial, ExecutionContext::OperationRetry]
    );
    assert_eq!(fallback(&response.diagnostics), Some("hub only"));
    let seen = regions.cluster.requests();
    assert_eq!(seen[0].header(HUB_ONLY), None);
    assert_eq!(seen[1].header(HUB_ONLY), Some("True"));
    let token = |at: usize| seen[at].header("x-ms-session-token");
    assert!(token(0).is_some() && token(0) == token(1));
    assert_eq!(regions.trace(), ["westus read", "eastus read"]);
    // The next operation begins where it would.
    regions.cluster.catch_up("West US");
    let response = regions.ok(read()).await;
    assert_eq!(json(&response.body)["n"], json!(2));
    assert_eq!(regions.cluster.requests()[0].header(HUB_ONLY), None);
    assert_eq!(regions.trace(), ["westus read"]);
}

async fn another_region_has_what_a_region_lacks(face: Face) {
    let mut regions = Regions::warm(face, multi_write(THREE), west).await;
    let mut writer = regions
        .another(|config| config.preferred_regions(["North Europe"]))
        .await;
    for region in ["West US", "East US"] {
        regions.cluster.lag(region);
    }
    let written = execute(&mut writer, replace(), OperationOptions::default()).await;
    let token = written.unwrap().headers.session_token.expect("a token");
    regions.cluster.clear();
    let response = regions.ok(at(text("a")).session(&token).read("1")).await;
    assert_eq!(json(&response.body)["n"], json!(2));
    for seen in regions.cluster.requests() {
        assert_eq!(seen.header(HUB_ONLY), None, "every region is a hub");
        assert_eq!(seen.header("x-ms-session-token"), Some(token.as_str()));
    }
    assert_eq!(
        regions.trace(),
        ["westus read", "eastus read", "northeurope read"]
    );
    assert_eq!(
        contexts(&response.diagnostics)[1..],
        [ExecutionContext::OperationRetry; 2]
    );
}

/// 404/1002 of all, whatever they have.
fn nobody_has_it(regions: &Regions) {
    regions
        .cluster
        .on(ANYWHERE, reads(), Effect::refuse(404, 1002));
}

async fn is_told(regions: &mut Regions, operation: Operation, options: OperationOptions) {
    let error = regions.fails_with(operation, options).await;
    assert_eq!(
        (error.kind, error.status, error.sub_status),
        (ErrorKind::Unavailable, Some(503), Some(20310)),
        "{error:?}"
    );
    assert!(error.retryable);
    let cause = error.cause.expect("the last answer");
    assert_eq!((cause.status, cause.sub_status), (Some(404), Some(1002)));
}

async fn nobody_has_what_the_session_has_seen(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), west).await;
    nobody_has_it(&regions);
    is_told(&mut regions, read(), OperationOptions::default()).await;
    // Perhaps the container is another one by now? It is not.
    assert_eq!(
        regions.trace(),
        [
            "westus read",
            "eastus read",
            "eastus read",
            "westus container"
        ]
    );
    for (retries, expected) in [
        (0, &["westus read"][..]),
        (1, &["westus read", "eastus read"]),
    ] {
        let options = OperationOptions {
            max_session_retries: Some(retries),
            ..OperationOptions::default()
        };
        is_told(&mut regions, read(), options).await;
        let mut expected = expected.to_vec();
        expected.push("westus container");
        assert_eq!(regions.trace(), expected);
    }
}

/// The caller's token speaks of the caller's container.
async fn nobody_has_what_the_caller_has_seen(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), west).await;
    nobody_has_it(&regions);
    let read = at(text("a")).session("0:1#99#1=99").read("1");
    is_told(&mut regions, read, OperationOptions::default()).await;
    assert_eq!(
        regions.trace(),
        ["westus read", "eastus read", "eastus read"]
    );
}

async fn nobody_has_it_and_every_region_writes(face: Face) {
    let mut regions = Regions::warm(face, multi_write(THREE), west).await;
    nobody_has_it(&regions);
    let read = at(text("a")).session("0:1#99#1=99").read("1");
    is_told(&mut regions, read, OperationOptions::default()).await;
    // As many repetitions as there are regions.
    assert_eq!(
        regions.trace(),
        [
            "westus read",
            "eastus read",
            "northeurope read",
            "westus read"
        ]
    );
}

async fn who_asks_for_nothing_gets_what_is_there(face: Face) {
    let change = |config: Config| west(config).session_capturing_disabled(true);
    let mut regions = Regions::warm(face, single_write(TWO), change).await;
    regions.cluster.lag("West US");
    regions.ok(replace()).await;
    regions.ok(create("2")).await;
    let response = regions.ok(read()).await;
    assert_eq!(json(&response.body)["n"], json!(null), "as it was");
    assert_eq!(attempts(&response.diagnostics), ["westus 200"]);
}

/// It does not know which container its session tokens are of, until no region has what they say.
async fn a_lean_driver_finds_out_that_the_container_is_another_one(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), lean).await;
    regions.cluster.recreate_container();
    is_told(&mut regions, read(), OperationOptions::default()).await;
    assert_eq!(
        regions.trace(),
        [
            "global read",
            "global account",
            "eastus read",
            "eastus read",
            "eastus container"
        ]
    );
    // The session begins anew.
    assert_eq!(regions.fails(read()).await.status, Some(404));
    regions.ok(create("1")).await;
    regions.ok(read()).await;
    assert_eq!(
        regions.trace(),
        ["eastus read", "eastus create", "eastus read"]
    );
}
