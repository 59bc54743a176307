//! All versions and deletes, and the envelopes around changes.

use cosmosdb_driver_host::types::{ChangeFeed, ErrorKind, FeedOperation, FeedOptions, FeedScope};
use serde_json::{Value, json};

use super::{
    AllVersionsAndDeletes, At, Beginning, LatestVersion, assert_unchanged, changes, versions,
};
use crate::account::{CONTAINER, DATABASE};
use crate::build::{at, container, text};
use crate::face::Face;
use crate::feeds::scene::{Scene, paged, rows};

on_every_face!(
    all_versions_and_deletes_come_in_envelopes,
    all_versions_begin_now_and_say_so,
    latest_versions_come_in_envelopes_on_demand,
);

async fn all_versions_and_deletes_come_in_envelopes(face: Face) {
    for ranges in [1, 4, 40] {
        let mut scene = Scene::new(face, ranges).await.warm().await;
        scene.fill(3);
        let feed = scene.open(versions(), FeedOptions::default()).await;
        let first = scene.next(&feed).await;
        assert_unchanged(&first);
        // A request to each partition fixes where it starts.
        assert_eq!(first.diagnostics.request_count, ranges);
        let asked = scene.asked();
        assert_eq!(asked.len(), ranges as usize);
        for seen in &asked {
            assert_eq!(seen.header("if-none-match"), Some("*"));
            assert_eq!(seen.header("a-im"), Some("Full-Fidelity Feed"));
            let format = seen.header("x-ms-cosmos-changefeed-wire-format-version");
            assert_eq!(format, Some("2021-09-15"));
        }
        let token = scene.token(&feed).await;

        for operation in [
            at(text("a")).create(r#"{"id":"x","pk":"a","n":1}"#),
            at(text("a")).replace("x", r#"{"id":"x","pk":"a","n":2}"#),
            at(text("a")).delete("x"),
        ] {
            scene.driver.execute(operation).await.unwrap();
        }
        let resumed = FeedOptions {
            continuation: token,
            ..paged(1)
        };
        let live = scene.rest(feed).await;
        let later = scene.all(versions(), resumed).await;
        for pages in [live, later] {
            let rows: Vec<Value> = pages.iter().flat_map(rows).collect();
            let kinds = rows.iter().map(|row| &row["metadata"]["operationType"]);
            assert!(kinds.eq(["create", "replace", "delete"]), "{rows:?}");
            assert_eq!(
                (&rows[0]["current"]["n"], &rows[1]["current"]["n"]),
                (&json!(1), &json!(2))
            );
            assert_eq!(rows[1]["previous"]["n"], 1);
            let metadata = &rows[2]["metadata"];
            assert_eq!(
                (&metadata["id"], &metadata["partitionKey"]),
                (&json!("x"), &json!(["a"]))
            );
            assert_eq!(rows[2]["previous"]["n"], 2);
        }
    }
}

async fn all_versions_begin_now_and_say_so(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    for start in [Beginning, At(0), At(1)] {
        let operation = changes(FeedScope::Container, AllVersionsAndDeletes, start);
        let refused = scene.try_open(operation, paged(1)).await.err();
        let refused = refused.expect("refused at its opening");
        assert_eq!(
            refused.kind(),
            Some(ErrorKind::InvalidArgument),
            "{refused}"
        );
    }
    let feed = scene.open(versions(), paged(1)).await;
    let refused = scene.driver.continuation(&feed).await.unwrap_err();
    assert_eq!(refused.kind(), Some(ErrorKind::NotResumable), "{refused}");
    assert!(scene.gateway.requests().is_empty(), "nothing is sent");

    // Splits and merges move the places along.
    assert_unchanged(&scene.next(&feed).await);
    let mut pages = Vec::new();
    for step in 0..4 {
        scene.put(0, "a");
        scene.put(1, "b");
        scene.unsettle(step as usize);
        pages.extend(scene.pages(&feed).await);
    }
    scene.driver.release(feed).await.unwrap();
    let of = |key: &str| {
        let rows = pages.iter().flat_map(rows);
        let own = rows.filter(|row| row["current"]["pk"] == key);
        let kinds = own.map(|row| row["metadata"]["operationType"].clone());
        kinds.collect::<Vec<Value>>()
    };
    for key in ["a", "b"] {
        assert_eq!(of(key), ["create", "replace", "replace", "replace"]);
    }
}

async fn latest_versions_come_in_envelopes_on_demand(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(5);
    for with_metadata in [false, true] {
        scene.gateway.clear();
        let operation = FeedOperation::ChangeFeed(ChangeFeed {
            container: container(DATABASE, CONTAINER),
            scope: FeedScope::Container,
            mode: LatestVersion,
            start: Beginning,
            with_metadata,
        });
        let pages = scene.all(operation, FeedOptions::default()).await;
        let rows: Vec<Value> = pages.iter().flat_map(rows).collect();
        assert_eq!(rows.len(), 5);
        for row in rows {
            let (item, metadata) = (&row["current"], &row["metadata"]);
            if with_metadata {
                assert!(item["n"].is_i64() && metadata["lsn"].is_u64(), "{row}");
                assert_eq!(metadata["crts"], scene.gateway.now());
            } else {
                assert!(row["n"].is_i64() && metadata.is_null(), "{row}");
            }
        }
        for seen in scene.asked() {
            let format = seen.header("x-ms-cosmos-changefeed-wire-format-version");
            assert_eq!(format, with_metadata.then_some("2021-09-15"));
        }
    }
}
