//! The account document, and what regions refuse because of it.

use serde_json::{Value, json};

use super::{Scene, create, read};
use crate::cluster::{ClusterOptions, GLOBAL};

impl Scene {
    async fn document(&self, region: &str) -> Value {
        self.get(region, "/").await.json()
    }

    /// The names of the regions in a list of the account document.
    async fn names(&self, list: &str) -> Vec<String> {
        let document = self.document(GLOBAL).await;
        let locations = document[list].as_array().unwrap();
        let names = locations.iter().map(|location| location["name"].as_str());
        names.map(|name| name.unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_document_names_the_regions_and_their_ports() {
    let scene = Scene::new();
    let location = |name: &str| {
        let endpoint = scene.cluster.region(name).endpoint();
        json!({ "name": name, "databaseAccountEndpoint": endpoint })
    };
    for region in [GLOBAL, "East US", "westus"] {
        let document = scene.document(region).await;
        let expected = [
            ("writableLocations", json!([location("East US")])),
            (
                "readableLocations",
                json!([location("East US"), location("West US")]),
            ),
            ("enableMultipleWriteLocations", json!(false)),
            ("enablePerPartitionFailoverBehavior", json!(false)),
            (
                "userConsistencyPolicy",
                json!({ "defaultConsistencyLevel": "Session" }),
            ),
            ("disableCrossRegionalHedging", Value::Null),
            ("_etag", json!("\"00000001\"")),
        ];
        for (name, value) in expected {
            assert_eq!(document[name], value, "{name} in {region}");
        }
    }
}

#[tokio::test]
async fn every_change_shows_and_gives_another_etag() {
    let scene = Scene::new();
    scene.cluster.set_multi_write(true);
    scene.cluster.set_consistency("Strong");
    scene.cluster.set_per_partition_failover(true);
    scene.cluster.set_hedging_disabled(Some(true));
    let document = scene.document(GLOBAL).await;
    assert_eq!(document["enableMultipleWriteLocations"], true);
    assert_eq!(
        document["userConsistencyPolicy"]["defaultConsistencyLevel"],
        "Strong"
    );
    assert_eq!(document["enablePerPartitionFailoverBehavior"], true);
    assert_eq!(document["disableCrossRegionalHedging"], true);
    assert_eq!(document["_etag"], "\"00000005\"");
    assert_eq!(
        scene.names("writableLocations").await,
        ["East US", "West US"]
    );
    scene.cluster.set_multi_write(false);
    assert_eq!(scene.names("writableLocations").await, ["East US"]);
    scene.cluster.set_readable(&["West US", "East US"]);
    assert_eq!(
        scene.names("readableLocations").await,
        ["West US", "East US"]
    );
}

#[tokio::test]
async fn writes_go_where_they_are_taken() {
    let scene = Scene::new();
    assert_eq!(scene.outcome("West US", create()).await, (403, 3));
    assert_eq!(scene.outcome(GLOBAL, create()).await, (201, 0));
    scene.cluster.set_writable(&["West US"]);
    assert_eq!(scene.outcome("East US", create()).await, (403, 3));
    assert_eq!(scene.outcome("West US", create()).await, (409, 0));
    assert_eq!(scene.outcome("East US", read()).await, (200, 0));
    let for_the_hub = read().header("x-ms-cosmos-hub-region-processing-only", "True");
    assert_eq!(
        scene.outcome("East US", for_the_hub.clone()).await,
        (403, 3)
    );
    assert_eq!(scene.outcome("West US", for_the_hub).await, (200, 0));
}

#[tokio::test]
async fn all_regions_of_a_multi_write_account_take_writes() {
    let scene = Scene::multi_write();
    assert_eq!(scene.outcome("West US", create()).await, (201, 0));
    assert_eq!(scene.outcome("East US", create()).await, (409, 0));
}

#[tokio::test]
async fn the_writes_of_one_partition_can_move() {
    let scene = Scene::with(ClusterOptions {
        ranges: 2,
        ..ClusterOptions::default()
    });
    let range = scene.send("East US", read()).await;
    let range = range.header("x-ms-documentdb-partitionkeyrangeid").unwrap();
    scene.cluster.move_writes(range, "West US");
    assert_eq!(scene.outcome("East US", create()).await, (403, 3));
    assert_eq!(scene.outcome("West US", create()).await, (201, 0));
    assert_eq!(scene.names("writableLocations").await, ["East US"]);
    scene.cluster.move_writes(range, "East US");
    assert_eq!(scene.outcome("East US", create()).await, (409, 0));
}

#[tokio::test]
async fn a_removed_region_refuses_and_can_come_back() {
    let scene = Scene::new();
    scene.cluster.remove_region("West US");
    assert_eq!(scene.names("readableLocations").await, ["East US"]);
    assert_eq!(scene.outcome("West US", read()).await, (403, 1008));
    assert_eq!(scene.get("West US", "/").await.status, 200);
    scene.cluster.set_readable(&["East US", "West US"]);
    assert_eq!(scene.outcome("West US", read()).await, (404, 0));
}

#[test]
#[should_panic(expected = "the account has no region Mars")]
fn unknown_regions_are_mistakes() {
    Scene::new().cluster.lag("Mars");
}
