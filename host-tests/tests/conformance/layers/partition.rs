//! How failing partitions are handled: environment, account.

use std::time::Duration;

use cosmosdb_driver_host::types::{
    AvailabilityStrategy, ExecutionContext, PartitionFailover, TopologyCache,
};
use cosmosdb_driver_host::{Fault, RuntimeConfig};

use super::probes::unavailable;
use super::{Layer, Probe, Row, Setup, Stage, check};
use crate::face::Face;
use crate::lab::{EAST, own, upsert};

on_every_face!(options_of_partition_failover, an_override_beats_the_option);

async fn options_of_partition_failover(face: Face) {
    check(face, &rows()).await;
}

fn row(
    option: &'static str,
    variable: (&'static str, &'static str),
    values: [fn(&mut PartitionFailover); 2],
    probe: Probe,
    seen: [&'static str; 3],
) -> Row {
    Row {
        option,
        layers: vec![
            Layer::environment(variable.0, variable.1),
            Layer::partition(values),
        ],
        probe,
        seen,
    }
}

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    vec![
        row("circuit_breaker_enabled", ("PPCB_ENABLED", "no"),
            [|o| o.circuit_breaker_enabled = Some(false), |o| o.circuit_breaker_enabled = Some(true)],
            |face, setup| Box::pin(reads_that_fail_once(face, setup)), ["1", "4", "1"]),
        row("read_failure_threshold", ("PPCB_READ_FAILURE_THRESHOLD", "2"),
            [|o| o.read_failure_threshold = Some(2), |o| o.read_failure_threshold = Some(3)],
            |face, setup| Box::pin(reads_that_fail(face, setup)), ["4", "2", "3"]),
        row("write_failure_threshold", ("PPCB_WRITE_FAILURE_THRESHOLD", "2"),
            [|o| o.write_failure_threshold = Some(2), |o| o.write_failure_threshold = Some(3)],
            |face, setup| Box::pin(writes_that_fail(face, setup)), ["4", "2", "3"]),
        row("counter_reset_window_ms", ("PPCB_COUNTER_RESET_WINDOW_MS", "1000"),
            [|o| o.counter_reset_window_ms = Some(1_000), |o| o.counter_reset_window_ms = Some(60_000)],
            |face, setup| Box::pin(failures_far_apart(face, setup)), ["2", "3", "2"]),
        row("partition_unavailability_ms", ("PPCB_PARTITION_UNAVAILABILITY_DURATION_MS", "1"),
            [|o| o.partition_unavailability_ms = Some(1), |o| o.partition_unavailability_ms = Some(60_000)],
            |face, setup| Box::pin(trial_of_the_due(face, setup)), ["none", "made", "none"]),
        row("failback_sweep_interval_ms", ("PPCB_FAILBACK_SWEEP_INTERVAL_MS", "1"),
            [|o| o.failback_sweep_interval_ms = Some(1), |o| o.failback_sweep_interval_ms = Some(60_000)],
            |face, setup| Box::pin(trial_when_swept(face, setup)), ["none", "made", "none"]),
        row("consecutive_hedge_wins", ("PPCB_CONSECUTIVE_HEDGE_WIN_THRESHOLD", "1"),
            [|o| o.consecutive_hedge_wins = Some(1), |o| o.consecutive_hedge_wins = Some(2)],
            |face, setup| Box::pin(hedges_that_are_won(face, setup)), ["3", "1", "2"]),
        row("topology_cache", ("PARTITION_TOPOLOGY_CACHE_MODE", "Eager"),
            [|o| o.topology_cache = Some(TopologyCache::Eager), |o| o.topology_cache = Some(TopologyCache::Lazy)],
            |face, setup| Box::pin(first_requests(face, setup)),
            ["account, container, item", "account, container, ranges, ranges, item", "account, container, item"]),
    ]
}

/// A stage that knows the partitions, and blames nothing but these.
async fn watched(face: Face, mut setup: Setup) -> Stage {
    setup.partition.topology_cache = Some(TopologyCache::Eager);
    setup.runtime = setup.runtime.endpoint_unavailability_ttl(Duration::ZERO);
    setup.open(face, true).await
}

/// How many of so many operations went to the first region, where they are slow or fail.
async fn went_east(stage: &mut Stage, operations: u32, read: bool) -> u32 {
    let mut went = 0;
    for _ in 0..operations {
        let answer = if read {
            stage.read().await
        } else {
            stage.execute(upsert()).await
        };
        let record = answer.expect("the other region is well").diagnostics;
        let first = own(&record)[0].region.as_deref() == Some("eastus");
        went += u32::from(first);
    }
    went
}

/// How many of four reads try a region that is down.
async fn reads_that_fail(face: Face, setup: Setup) -> String {
    let mut stage = watched(face, setup).await;
    let down = unavailable().read_item().region(EAST);
    stage.lab.add(down).await;
    went_east(&mut stage, 4, true).await.to_string()
}

/// The same where one failure is enough.
async fn reads_that_fail_once(face: Face, mut setup: Setup) -> String {
    setup.partition.read_failure_threshold = Some(1);
    reads_that_fail(face, setup).await
}

/// The same for writes, where all regions take them.
async fn writes_that_fail(face: Face, mut setup: Setup) -> String {
    setup.multi_write = true;
    let mut stage = watched(face, setup).await;
    let down = unavailable().upsert_item().region(EAST);
    stage.lab.add(down).await;
    went_east(&mut stage, 4, false).await.to_string()
}

/// How many of three reads try a region that is down until two fail in a row, with more than a second after the first.
async fn failures_far_apart(face: Face, mut setup: Setup) -> String {
    setup.partition.read_failure_threshold = Some(2);
    let mut stage = watched(face, setup).await;
    let down = unavailable().read_item().region(EAST);
    stage.lab.add(down).await;
    let first = went_east(&mut stage, 1, true).await;
    stage.pass(Duration::from_millis(1_100)).await;
    let rest = went_east(&mut stage, 2, true).await;
    (first + rest).to_string()
}

/// Whether a region that failed is tried again, a moment later.
async fn trial(face: Face, mut setup: Setup) -> String {
    setup.partition.read_failure_threshold = Some(1);
    let mut stage = watched(face, setup).await;
    let down = unavailable().read_item().region(EAST);
    stage.lab.add(down).await;
    went_east(&mut stage, 1, true).await;
    stage.pass(Duration::from_millis(10)).await;
    let record = stage.read().await.unwrap().diagnostics;
    let probe = own(&record)[0].execution_context == ExecutionContext::CircuitBreakerProbe;
    let made = if probe { "made" } else { "none" };
    made.to_owned()
}

/// The same where open breakers are looked at often.
async fn trial_of_the_due(face: Face, mut setup: Setup) -> String {
    setup.partition.failback_sweep_interval_ms = Some(1);
    trial(face, setup).await
}

/// The same where they are due soon.
async fn trial_when_swept(face: Face, mut setup: Setup) -> String {
    setup.partition.partition_unavailability_ms = Some(1);
    trial(face, setup).await
}

/// How many of three reads try a region that is slow.
async fn hedges_that_are_won(face: Face, mut setup: Setup) -> String {
    let soon = AvailabilityStrategy::Hedging(Some(1));
    setup.runtime = setup.runtime.availability_strategy(soon);
    let mut stage = watched(face, setup).await;
    let slow = Fault::new("slow").read_item().region(EAST);
    stage.lab.add(slow.delay(Duration::from_secs(5))).await;
    went_east(&mut stage, 3, true).await.to_string()
}

/// What the first read of all asks for.
async fn first_requests(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, false).await;
    stage.read().await.unwrap();
    let what = |path: &str| match path {
        "/" => "account",
        path if path.ends_with("/pkranges") => "ranges",
        path if path.contains("/docs/") => "item",
        _ => "container",
    };
    let seen = stage.lab.cluster.requests();
    let seen: Vec<_> = seen.iter().map(|request| what(&request.path)).collect();
    seen.join(", ")
}

async fn an_override_beats_the_option(face: Face) {
    let setup = Setup {
        runtime: RuntimeConfig::new().environment("AZURE_COSMOS_PPCB_ENABLED_OVERRIDE", "0"),
        partition: PartitionFailover {
            circuit_breaker_enabled: Some(true),
            ..PartitionFailover::default()
        },
        ..Setup::default()
    };
    assert_eq!(reads_that_fail_once(face, setup).await, "4");
}
