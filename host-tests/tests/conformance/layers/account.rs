//! The options of one account's driver, but for those that operations have too.

use cosmosdb_driver_host::types::RequestTimeouts;
use host_tests::cluster::GLOBAL;

use super::{Layer, Row, check, probes};
use crate::face::Face;
use crate::lab::{EAST, Lab, cluster, options, read};
use crate::scene::config;

on_every_face!(options_of_accounts, backup_endpoints);

/// Without a row: what makes a driver at all, what other tables are about, and backup endpoints, which have a test
/// below.
pub(super) const ELSEWHERE: [&str; 6] = [
    "endpoint",
    "credential",
    "metadata",
    "defaults",
    "partition_failover",
    "backup_endpoints",
];

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row {
            option: "preferred_regions",
            layers: vec![Layer::account([|c| c.preferred_regions(["West US"]), |c| c.preferred_regions(["East US"])])],
            probe: |face, setup| Box::pin(probes::region_of_a_read(face, setup)),
            seen: ["eastus", "westus", "eastus"],
        },
        Row {
            option: "application_region",
            layers: vec![Layer::account([|c| c.application_region("West US"), |c| c.application_region("East US")])],
            probe: |face, setup| Box::pin(probes::region_of_a_read(face, setup)),
            seen: ["eastus", "westus", "eastus"],
        },
        Row {
            option: "user_agent_suffix",
            layers: vec![
                Layer::runtime([|r| r.user_agent_suffix("one"), |r| r.user_agent_suffix("two")]),
                Layer::account([|c| c.user_agent_suffix("one"), |c| c.user_agent_suffix("two")]),
            ],
            probe: |face, setup| Box::pin(probes::end_of_the_user_agent(face, setup)),
            seen: ["", "one", "two"],
        },
        Row {
            option: "max_concurrent_metadata_hedges",
            layers: vec![Layer::account([
                |c| c.max_concurrent_metadata_hedges(0),
                |c| c.max_concurrent_metadata_hedges(1),
            ])],
            probe: |face, setup| Box::pin(probes::hedge_of_a_container_read(face, setup)),
            seen: ["hedged", "alone", "hedged"],
        },
    ]
}

async fn options_of_accounts(face: Face) {
    check(face, &rows()).await;
}

async fn backup_endpoints(face: Face) {
    for backups in [0, 1, 2] {
        let cluster = cluster(false);
        cluster.offline(GLOBAL);
        let east = cluster.region(EAST).endpoint();
        let mut config = config(&cluster.endpoint());
        // What does not answer either is passed over.
        for endpoint in [cluster.endpoint(), east].iter().skip(2 - backups) {
            config = config.backup_endpoint(endpoint);
        }
        let driver = face.open(options(&cluster), &config).await.unwrap();
        let mut lab = Lab { cluster, driver };
        let answer = lab.execute(read()).await;
        let accounts = lab.cluster.requests_in(EAST);
        let accounts = accounts.iter().filter(|request| request.path == "/");
        assert_eq!(answer.is_ok(), backups > 0, "{answer:?}");
        assert_eq!(accounts.count(), usize::from(backups > 0));
    }
}

/// Metadata requests may take longer than the threshold of their hedging.
pub(super) fn patient() -> RequestTimeouts {
    RequestTimeouts {
        metadata_request_ms: Some(10_000),
        ..RequestTimeouts::default()
    }
}
