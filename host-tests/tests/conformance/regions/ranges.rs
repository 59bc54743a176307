//! Partition key ranges that are known, and the region that said so: its etag means nothing elsewhere.

use cosmosdb_driver_host::types::{OperationOptions, PartitionFailover, TopologyCache};
use host_tests::cluster::{ANYWHERE, ClusterOptions, Effect, Match, Request};

use super::{Regions, THREE, excluding, reads, single_write, unhedged};
use crate::face::Face;
use crate::scene::read;

on_every_face!(
    the_region_that_told_the_ranges_tells_what_changed,
    another_region_tells_everything,
    where_the_region_fails_another_tells_everything,
);

/// A driver that has read the ranges in East US.
async fn scene(face: Face) -> Regions {
    let account = ClusterOptions {
        ranges: 3,
        ..single_write(THREE)
    };
    let mut regions = Regions::cold(face, account, |config| {
        config.partition_failover(PartitionFailover {
            circuit_breaker_enabled: Some(false),
            topology_cache: Some(TopologyCache::Eager),
            ..PartitionFailover::default()
        })
    })
    .await;
    regions.ok_with(read(), unhedged()).await;
    assert_eq!(regions.looks(), ["eastus", "eastus after eastus 1"]);
    regions
}

impl Regions {
    /// The requests for ranges since the last look: where, and the etag.
    fn looks(&self) -> Vec<String> {
        let mut seen = self.cluster.requests();
        seen.retain(|seen| seen.path.ends_with("/pkranges"));
        self.cluster.clear();
        let rid = self.cluster.container_rid();
        let look = |seen: &Request| match seen.header("if-none-match") {
            None => seen.region.clone(),
            Some(etag) => {
                let etag = etag.trim_matches('"').replace(&format!("-{rid}-"), " ");
                format!("{} after {etag}", seen.region)
            }
        };
        seen.iter().map(look).collect()
    }

    /// Reads an item whose partition has moved.
    async fn miss(&mut self, options: OperationOptions) {
        let moved = Effect::refuse(410, 1002);
        self.cluster.on(ANYWHERE, reads().times(1), moved);
        self.ok_with(read(), options).await;
    }
}

async fn the_region_that_told_the_ranges_tells_what_changed(face: Face) {
    let mut regions = scene(face).await;
    regions.miss(unhedged()).await;
    assert_eq!(regions.looks(), ["eastus after eastus 1"]);
    regions.cluster.split("1");
    regions.miss(unhedged()).await;
    assert_eq!(
        regions.looks(),
        ["eastus after eastus 1", "eastus after eastus 2"]
    );
    regions.miss(unhedged()).await;
    assert_eq!(regions.looks(), ["eastus after eastus 2"]);
}

async fn another_region_tells_everything(face: Face) {
    let mut regions = scene(face).await;
    regions.miss(excluding(&["East US"])).await;
    assert_eq!(regions.looks(), ["westus", "westus after westus 1"]);
    // Its etag is the one that counts now.
    regions.miss(excluding(&["East US"])).await;
    assert_eq!(regions.looks(), ["westus after westus 1"]);
    regions.miss(unhedged()).await;
    assert_eq!(regions.looks(), ["eastus", "eastus after eastus 1"]);
}

async fn where_the_region_fails_another_tells_everything(face: Face) {
    let mut regions = scene(face).await;
    let changes = Match::any().path("/pkranges").header("if-none-match");
    let rule = regions
        .cluster
        .on("East US", changes, Effect::refuse(400, 0));
    regions.miss(unhedged()).await;
    assert_eq!(
        regions.looks(),
        ["eastus after eastus 1", "westus", "westus after westus 1"]
    );
    assert_eq!(rule.hits(), 1);
}
