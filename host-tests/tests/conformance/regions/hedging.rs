//! Slow regions: a read is sent to a second one, and whoever answers first has won.

use cosmosdb_driver_host::types::{
    AvailabilityStrategy, Diagnostics, ExecutionContext, Operation, OperationOptions,
    PartitionFailover, RequestSent, RequestTimeouts, TopologyCache,
};
use cosmosdb_driver_host::{Config, RuntimeConfig};
use host_tests::cluster::{ClusterOptions, Effect, Request};
use host_tests::scripted::{Gate, Step};
use tokio::join;

use super::{
    Regions, THREE, TWO, answered_by, as_is, attempts, contexts, create, excluding, execute,
    fallback, multi_write, reads, single_write, told, unhedged, writes,
};
use crate::build::{at, text};
use crate::face::{Driver, Face};
use crate::scene::read;

on_every_face!(
    a_slow_region_loses_against_the_next,
    a_slow_region_may_win_after_all,
    both_fail_and_a_third_answers,
    the_second_fails_and_the_first_answers,
    an_answer_that_counts_everywhere_ends_the_race,
    a_write_is_never_hedged,
    a_read_is_not_hedged_if_told_so,
    a_region_that_loses_again_and_again,
    a_silent_region_is_given_up,
    a_write_to_a_silent_region_is_repeated,
);

const THRESHOLD_MS: u64 = 50;

/// Hedges soon.
fn hedging(config: Config) -> Config {
    let strategy = AvailabilityStrategy::Hedging(Some(THRESHOLD_MS));
    config.hedging_enabled(true).availability_strategy(strategy)
}

/// What was told of the race: its ending, the first and the second region.
fn race(diagnostics: &Diagnostics) -> (&str, &str, &str) {
    let hedge = diagnostics.hedge.as_ref().expect("a race");
    assert_eq!(hedge.threshold_ms, THRESHOLD_MS as f64);
    let (primary, alternate) = (hedge.primary.as_deref(), hedge.alternate.as_deref());
    (&hedge.ending, primary.unwrap(), alternate.unwrap())
}

async fn a_slow_region_loses_against_the_next(face: Face) {
    for account in [single_write(TWO), single_write(THREE), multi_write(TWO)] {
        let mut regions = Regions::warm(face, account, hedging).await;
        let never = Effect::serve().after(&Gate::new());
        regions.cluster.on("East US", reads().times(1), never);
        let response = regions.ok(read()).await;
        assert_eq!(response.status, 200);
        let diagnostics = &response.diagnostics;
        assert_eq!(race(diagnostics), ("alternate_won", "eastus", "westus"));
        assert_eq!(
            contexts(diagnostics),
            [ExecutionContext::Initial, ExecutionContext::Hedging]
        );
        assert_eq!(attempts(diagnostics), ["eastus -", "westus 200"]);
        assert_eq!(fallback(diagnostics), Some("hedge"));
        // Whoever lost is not waited for.
        regions.given_up("eastus").await;
        assert_eq!(regions.trace(), ["eastus read", "westus read"]);
        // It has not failed.
        let response = regions.ok_with(read(), unhedged()).await;
        assert_eq!(attempts(&response.diagnostics), ["eastus 200"]);
        assert!(response.diagnostics.hedge.is_none());
    }
}

async fn a_slow_region_may_win_after_all(face: Face) {
    let regions = Regions::warm(face, single_write(TWO), hedging).await;
    let gate = Gate::new();
    let late = Effect::serve().after(&gate);
    let never = Effect::serve().after(&Gate::new());
    regions.cluster.on("East US", reads().times(1), late);
    regions.cluster.on("West US", reads().times(1), never);
    let mut driver = regions.another(hedging).await;
    let both = async {
        regions.saw("westus read").await;
        gate.open();
    };
    let (response, ()) = join!(
        execute(&mut driver, read(), OperationOptions::default()),
        both
    );
    let response = response.unwrap();
    assert_eq!(
        race(&response.diagnostics),
        ("primary_won_after_hedge", "eastus", "westus")
    );
    assert_eq!(answered_by(&response), "eastus");
    regions.given_up("westus").await;
}

async fn both_fail_and_a_third_answers(face: Face) {
    let regions = Regions::warm(face, single_write(THREE), hedging).await;
    let mut driver = regions.another(hedging).await;
    let gate = Gate::new();
    let late = Effect::refuse(503, 0).after(&gate);
    regions.cluster.on("East US", reads(), late);
    regions
        .cluster
        .on("West US", reads(), Effect::refuse(503, 0));
    let both = async {
        regions.saw("westus read").await;
        gate.open();
    };
    let (response, ()) = join!(
        execute(&mut driver, read(), OperationOptions::default()),
        both
    );
    let response = response.unwrap();
    assert_eq!(
        race(&response.diagnostics),
        ("both_transient", "eastus", "westus")
    );
    assert_eq!(
        attempts(&response.diagnostics),
        ["eastus 503", "westus 503", "northeurope 200"]
    );
}

async fn the_second_fails_and_the_first_answers(face: Face) {
    let regions = Regions::warm(face, single_write(THREE), hedging).await;
    let mut driver = regions.another(hedging).await;
    let gate = Gate::new();
    let late = Effect::serve().after(&gate);
    regions.cluster.on("East US", reads(), late);
    regions.cluster.on("West US", reads(), Step::reset());
    let both = async {
        regions.saw("westus read").await;
        gate.open();
    };
    let (response, ()) = join!(
        execute(&mut driver, read(), OperationOptions::default()),
        both
    );
    let response = response.unwrap();
    assert_eq!(race(&response.diagnostics).0, "primary_won_after_hedge");
    assert_eq!(answered_by(&response), "eastus");
    assert!(
        regions.cluster.requests_in("North Europe").is_empty(),
        "two at the most"
    );
}

/// There is no such item, here or anywhere.
async fn an_answer_that_counts_everywhere_ends_the_race(face: Face) {
    let mut regions = Regions::warm(face, single_write(THREE), hedging).await;
    let never = Effect::serve().after(&Gate::new());
    regions.cluster.on("East US", reads(), never);
    let error = regions.fails(at(text("a")).read("none")).await;
    assert_eq!(error.status, Some(404));
    assert_eq!(race(&error.diagnostics.unwrap()).0, "alternate_won");
    regions.given_up("eastus").await;
    assert_eq!(regions.trace(), ["eastus read", "westus read"]);
}

/// Returns when the threshold of everything that has begun has passed: a read that begins now is hedged. Its item is not
/// there, and the first region does not answer for it.
async fn threshold_passes(driver: &mut Driver) {
    let clock = at(text("a")).read("clock");
    let late = execute(driver, clock, OperationOptions::default()).await;
    let late = late.unwrap_err();
    let diagnostics = late.driver().and_then(|error| error.diagnostics.as_ref());
    assert_eq!(race(diagnostics.unwrap()).0, "alternate_won");
}

/// A region does not answer this operation until the threshold has passed; no other region hears of it.
async fn waits_for_its_region(
    face: Face,
    account: ClusterOptions<'static>,
    change: impl FnOnce(Config) -> Config,
    (operation, line): (Operation, &str),
    options: OperationOptions,
) {
    let mut regions = Regions::warm(face, account, hedging).await;
    let mut driver = regions.another(change).await;
    let known = execute(&mut driver, read(), unhedged()).await;
    known.unwrap();
    let (gate, id) = (Gate::new(), "/docs/clock");
    let never = Effect::serve().after(&Gate::new());
    regions.cluster.on("East US", reads().path(id), never);
    let late = || Effect::serve().after(&gate);
    regions.cluster.on("East US", reads(), late());
    regions.cluster.on("East US", writes(), late());
    regions.cluster.clear();
    let held = async {
        regions.saw(line).await;
        threshold_passes(&mut regions.driver).await;
        gate.open();
    };
    let (response, ()) = join!(execute(&mut driver, operation, options), held);
    let response = response.unwrap();
    assert_eq!(attempts(&response.diagnostics).len(), 1);
    assert!(response.diagnostics.hedge.is_none());
    let own = |seen: &Request| !seen.path.ends_with(id);
    let mut seen = regions.cluster.requests();
    seen.retain(own);
    assert_eq!(told(&seen), [line]);
}

async fn a_write_is_never_hedged(face: Face) {
    let write = (create("2"), "eastus create");
    let options = OperationOptions::default();
    waits_for_its_region(face, multi_write(TWO), hedging, write, options).await;
}

async fn a_read_is_not_hedged_if_told_so(face: Face) {
    type Change = fn(Config) -> Config;
    let off = |strategy| OperationOptions {
        availability_strategy: Some(strategy),
        ..OperationOptions::default()
    };
    let cases: [(Change, OperationOptions); 4] = [
        (as_is, OperationOptions::default()),
        (
            |config| config.availability_strategy(AvailabilityStrategy::Hedging(Some(1))),
            OperationOptions::default(),
        ),
        (
            |config| {
                let runtime = RuntimeConfig::new()
                    .environment("AZURE_COSMOS_HEDGING_ENABLED_OVERRIDE", "false");
                hedging(config).runtime(runtime)
            },
            off(AvailabilityStrategy::Hedging(Some(1))),
        ),
        (hedging, excluding(&["West US"])),
    ];
    for (change, options) in cases {
        let read = (read(), "eastus read");
        waits_for_its_region(face, single_write(TWO), change, read, options).await;
    }
}

/// The circuit breaker lets the other region have the partition.
async fn a_region_that_loses_again_and_again(face: Face) {
    let change = |config: Config| {
        hedging(config).partition_failover(PartitionFailover {
            consecutive_hedge_wins: Some(2),
            topology_cache: Some(TopologyCache::Eager),
            ..PartitionFailover::default()
        })
    };
    let mut regions = Regions::warm(face, single_write(TWO), change).await;
    let never = Effect::serve().after(&Gate::new());
    regions.cluster.on("East US", reads(), never);
    for _ in 0..2 {
        let response = regions.ok(read()).await;
        assert_eq!(race(&response.diagnostics).0, "alternate_won");
    }
    let response = regions.ok(read()).await;
    assert_eq!(attempts(&response.diagnostics), ["westus 200"]);
    assert_eq!(fallback(&response.diagnostics), Some("partition moved"));
}

/// Half a second for each request.
fn impatient(config: Config) -> Config {
    let runtime = RuntimeConfig::new().timeouts(RequestTimeouts {
        data_plane_request_ms: Some(500),
        ..RequestTimeouts::default()
    });
    config.runtime(runtime)
}

async fn a_silent_region_is_given_up(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), impatient).await;
    regions
        .cluster
        .on("East US", reads().times(1), Step::silent());
    let response = regions.ok(read()).await;
    let diagnostics = &response.diagnostics;
    let [first, second] = &attempts(diagnostics)[..] else {
        panic!("two requests")
    };
    assert_eq!(first, "eastus 408/20008");
    assert_eq!(second, "westus 200");
    assert_eq!(
        contexts(diagnostics),
        [ExecutionContext::Initial, ExecutionContext::RegionFailover]
    );
    let first = &diagnostics.attempts[0];
    assert_eq!(first.request_sent, RequestSent::Unknown);
    assert!(first.duration_ms >= 499.0, "{first:?}");
    regions.given_up("eastus").await;
    assert_eq!(regions.trace(), ["eastus read", "westus read"]);
}

async fn a_write_to_a_silent_region_is_repeated(face: Face) {
    for (account, second) in [(single_write(TWO), "eastus"), (multi_write(TWO), "westus")] {
        let mut regions = Regions::warm(face, account, impatient).await;
        regions
            .cluster
            .on("East US", writes().times(1), Step::silent());
        let created = regions.ok(create("2")).await;
        assert!(created.diagnostics.attempted_more_than_once);
        regions.given_up("eastus").await;
        assert_eq!(
            regions.trace(),
            ["eastus create".to_owned(), format!("{second} create")]
        );
        assert!(created.diagnostics.duration_ms >= 500.0);
    }
}
