//! Databases, containers and partition key ranges.

use http::Method;
use serde_json::{Value, json};

use super::{Scene, create, item, outcome, read};
use crate::cluster::ClusterOptions;
use crate::testing::{Answer, Call, call};

const CONTAINER: &str = "/dbs/d/colls/c";

fn ranges() -> Call {
    call(Method::GET, "/dbs/d/colls/c/pkranges").header("a-im", "Incremental Feed")
}

fn after(etag: &str) -> Call {
    ranges().header("if-none-match", etag)
}

/// The ids of the ranges in a feed.
fn ids(feed: &Answer) -> Vec<Value> {
    let feed = feed.json();
    let rows = feed["PartitionKeyRanges"].as_array().unwrap();
    assert_eq!(feed["_count"], rows.len());
    rows.iter().map(|row| row["id"].clone()).collect()
}

#[tokio::test]
async fn databases_and_containers_are_read() {
    let scene = Scene::new();
    let database = scene.get("East US", "/dbs/d").await.json();
    assert_eq!(
        (&database["id"], &database["_rid"]),
        (&json!("d"), &json!("Wx8gAA=="))
    );
    let container = scene.get("West US", CONTAINER).await;
    let document = container.json();
    assert_eq!(document["_rid"], scene.cluster.container_rid());
    assert_eq!(
        document["partitionKey"],
        json!({ "paths": ["/pk"], "kind": "Hash", "version": 2 })
    );
    assert_eq!(container.header("x-ms-alt-content-path"), Some("dbs/d"));
    assert_eq!(container.header("x-ms-session-token"), None);
}

#[tokio::test]
async fn what_is_missing_is_told_apart_from_its_owner() {
    let scene = Scene::new();
    let cases = [
        ("/dbs/x", (404, 0)),
        ("/dbs/x/colls/c", (404, 1003)),
        ("/dbs/x/colls/c/docs/1", (404, 1003)),
        ("/dbs/d/colls/x", (404, 0)),
        ("/dbs/d/colls/x/docs/1", (404, 1003)),
        ("/dbs/d/colls/x/pkranges", (404, 1003)),
        ("/dbs/d/colls/c/sprocs", (501, 0)),
        ("/offers", (501, 0)),
    ];
    for (path, expected) in cases {
        assert_eq!(
            outcome(&scene.get("East US", path).await),
            expected,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_container_is_deleted_and_created_where_writes_are_taken() {
    let scene = Scene::new();
    let old = scene.cluster.container_rid();
    let delete = || call(Method::DELETE, CONTAINER);
    let make = || call(Method::POST, "/dbs/d/colls").body(r#"{"id":"c"}"#);
    assert_eq!(scene.outcome("West US", delete()).await, (403, 3));
    assert_eq!(scene.outcome("East US", delete()).await, (204, 0));
    assert_eq!(scene.outcome("East US", delete()).await, (404, 0));
    assert_eq!(scene.outcome("East US", read()).await, (404, 1003));
    assert_eq!(scene.outcome("West US", make()).await, (403, 3));
    let made = scene.send("East US", make()).await;
    assert_eq!(outcome(&made), (201, 0));
    assert_eq!(made.json()["_rid"], scene.cluster.container_rid());
    assert_ne!(scene.cluster.container_rid(), old);
    assert_eq!(scene.outcome("East US", make()).await, (409, 0));
}

#[tokio::test]
async fn a_container_created_anew_has_another_id_and_nothing_in_it() {
    let scene = Scene::new();
    let old = scene.cluster.container_rid();
    let intends = |rid: &str| read().header("x-ms-cosmos-intended-collection-rid", rid);
    scene.send("East US", create()).await;
    let written = scene.send("East US", read()).await;
    let token = written.header("x-ms-session-token").unwrap();
    assert_eq!(scene.outcome("East US", intends(&old)).await, (200, 0));

    let new = scene.cluster.recreate_container();
    assert_eq!(scene.cluster.container_rid(), new);
    assert_eq!(scene.outcome("East US", intends(&old)).await, (400, 1024));
    assert_eq!(scene.outcome("East US", intends(&new)).await, (404, 0));
    // Its writes are counted from the start again, so a session of the old container is ahead of it for ever.
    let old_session = read().header("x-ms-session-token", token);
    assert_eq!(scene.outcome("East US", old_session).await, (404, 1002));
}

#[tokio::test]
async fn ranges_come_once_and_then_what_is_new() {
    let scene = Scene::with(ClusterOptions {
        ranges: 2,
        ..ClusterOptions::default()
    });
    let cold = scene.send("East US", ranges()).await;
    assert_eq!(ids(&cold), ["0", "1"]);
    assert_eq!(cold.header("x-ms-item-count"), Some("2"));
    let etag = cold.header("etag").unwrap();
    let unchanged = scene.send("East US", after(etag)).await;
    assert_eq!(outcome(&unchanged), (304, 0));
    assert_eq!(unchanged.header("etag"), Some(etag));

    assert_eq!(scene.cluster.split("0"), ["2", "3"]);
    let changed = scene.send("East US", after(etag)).await;
    assert_eq!(ids(&changed), ["2", "3"]);
    assert_eq!(
        changed.json()["PartitionKeyRanges"][1]["parents"],
        json!(["0"])
    );
    assert_ne!(changed.header("etag"), Some(etag));
    // An etag is worth nothing in another region, nor to another container.
    assert_eq!(
        ids(&scene.send("West US", after(etag)).await),
        ["2", "3", "1"]
    );
    scene.cluster.recreate_container();
    assert_eq!(ids(&scene.send("East US", after(etag)).await), ["0", "1"]);
}

#[tokio::test]
async fn a_split_range_is_gone_and_its_sessions_go_on() {
    let scene = Scene::new();
    let created = scene.send("East US", create()).await;
    let token = created.header("x-ms-session-token").unwrap();
    scene.cluster.lag("West US");
    scene.cluster.split("0");
    let gone = read().header("x-ms-documentdb-partitionkeyrangeid", "0");
    assert_eq!(scene.outcome("East US", gone).await, (410, 1002));
    let session = read().header("x-ms-session-token", token);
    let answer = scene.send("West US", session).await;
    assert_eq!(answer.status, 200);
    // "a" hashes into the upper half.
    assert_eq!(
        answer.header("x-ms-documentdb-partitionkeyrangeid"),
        Some("2")
    );
    assert_eq!(answer.header("x-ms-session-token"), Some("2:1#2#1=2"));
    let ahead = item(Method::GET, "1").header("x-ms-session-token", "0:1#3#1=3");
    assert_eq!(scene.outcome("West US", ahead).await, (404, 1002));
}
