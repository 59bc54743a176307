//! Single partitions that fail or move while their region is well.

use cosmosdb_driver_host::Config;
use cosmosdb_driver_host::types::{PartitionFailover, TopologyCache};
use host_tests::cluster::{ClusterOptions, Effect};
use serde_json::json;

use super::{
    Regions, THREE, TWO, as_is, attempts, create, fallback, multi_write, reads, single_write, what,
    writes,
};
use crate::build::{at, text};
use crate::face::Face;
use crate::scene::read;

on_every_face!(
    a_partition_that_fails_again_and_again_is_read_elsewhere,
    a_partition_that_fails_again_and_again_is_written_elsewhere,
    the_writes_of_a_partition_move,
    partition_key_ranges_are_read_when_they_are_missed,
);

/// Two failures are enough.
fn sensitive(config: Config) -> Config {
    config.partition_failover(PartitionFailover {
        read_failure_threshold: Some(2),
        write_failure_threshold: Some(2),
        topology_cache: Some(TopologyCache::Eager),
        ..PartitionFailover::default()
    })
}

async fn a_partition_that_fails_again_and_again_is_read_elsewhere(face: Face) {
    let account = ClusterOptions {
        ranges: 2,
        ..single_write(THREE)
    };
    let mut regions = Regions::warm(face, account, sensitive).await;
    let range = range_of(&mut regions, "a").await;
    let other = other_key(&mut regions, &range).await;
    regions.cluster.clear();
    regions
        .cluster
        .on("East US", reads().path("/docs/1"), Effect::refuse(503, 0));
    for _ in 0..2 {
        regions.ok(read()).await;
    }
    assert_eq!(
        regions.trace(),
        ["eastus read", "westus read", "eastus read", "westus read"]
    );
    let response = regions.ok(read()).await;
    assert_eq!(fallback(&response.diagnostics), Some("partition moved"));
    assert_eq!(regions.trace(), ["westus read"]);
    // The other partitions stay where they are.
    regions.ok(at(text(&other)).read("other")).await;
    assert_eq!(regions.trace(), ["eastus read"]);
}

async fn a_partition_that_fails_again_and_again_is_written_elsewhere(face: Face) {
    let mut regions = Regions::warm(face, multi_write(TWO), sensitive).await;
    regions.cluster.clear();
    regions
        .cluster
        .on("East US", writes(), Effect::refuse(503, 0));
    for id in ["2", "3"] {
        let created = regions.ok(create(id)).await;
        assert_eq!(attempts(&created.diagnostics), ["eastus 503", "westus 201"]);
    }
    let created = regions.ok(create("4")).await;
    assert_eq!(attempts(&created.diagnostics), ["westus 201"]);
    // Reads have not failed.
    let response = regions.ok(read()).await;
    assert_eq!(attempts(&response.diagnostics), ["eastus 200"]);
}

/// The account document does not tell: the regions are tried one by one, and the right one is remembered.
async fn the_writes_of_a_partition_move(face: Face) {
    let account = ClusterOptions {
        ranges: 2,
        per_partition_failover: true,
        ..single_write(THREE)
    };
    let mut regions = Regions::warm(face, account, as_is).await;
    let range = range_of(&mut regions, "a").await;
    let other = other_key(&mut regions, &range).await;
    regions.cluster.move_writes(&range, "North Europe");
    regions.cluster.clear();
    let created = regions.ok(create("2")).await;
    assert_eq!(
        attempts(&created.diagnostics),
        ["eastus 403/3", "westus 403/3", "northeurope 201"]
    );
    regions.cluster.clear();
    let created = regions.ok(create("3")).await;
    assert_eq!(fallback(&created.diagnostics), Some("partition moved"));
    let body = json!({ "id": "2", "pk": other }).to_string();
    regions.ok(at(text(&other)).create(body)).await;
    assert_eq!(regions.trace(), ["northeurope create", "eastus create"]);
}

/// Not before something has failed, and not by the operation that it happened to.
async fn partition_key_ranges_are_read_when_they_are_missed(face: Face) {
    let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
    let ranges = |regions: &Regions| {
        let requests = regions.cluster.requests();
        let ranges = requests.iter().filter(|seen| what(seen) == "ranges");
        ranges.count()
    };
    regions.ok(read()).await;
    regions
        .cluster
        .on("East US", reads().times(1), Effect::refuse(503, 0));
    regions.ok(read()).await;
    assert_eq!(ranges(&regions), 0);
    regions.ok(read()).await;
    let missed = ranges(&regions);
    assert!(
        (1..=2).contains(&missed),
        "a page, and that there is no more: {missed}"
    );
}

/// The partition key range that a key belongs to, says the service.
async fn range_of(regions: &mut Regions, key: &str) -> String {
    let id = if key == "a" { "1" } else { "other" };
    let response = regions.ok(at(text(key)).read(id)).await;
    let headers = response.headers.others;
    let range = headers
        .into_iter()
        .find(|(name, _)| name == "x-ms-documentdb-partitionkeyrangeid");
    range.expect("the range").1
}

/// A key in another range, under which there is the item `other`.
async fn other_key(regions: &mut Regions, range: &str) -> String {
    for key in ["b", "c", "d", "e", "f", "g", "h"] {
        regions.cluster.put(json!({ "id": "other", "pk": key }));
        if range_of(regions, key).await != range {
            return key.to_owned();
        }
    }
    panic!("all keys in one range")
}
