//! Items and sessions.

use http::Method;
use serde_json::json;

use super::{ITEMS, Scene, create, item, outcome, read, upsert};
use crate::testing::{Call, call};

#[tokio::test]
async fn an_item_lives_in_all_regions() {
    let scene = Scene::new();
    let created = scene.send("East US", create()).await;
    assert_eq!(outcome(&created), (201, 0));
    let read_elsewhere = scene.send("West US", read()).await;
    assert_eq!(read_elsewhere.json(), created.json());
    assert_eq!(created.json()["pk"], "a");
    let expected = [
        ("x-ms-session-token", "0:1#2#1=2"),
        ("x-ms-documentdb-partitionkeyrangeid", "0"),
        ("x-ms-alt-content-path", "dbs/d/colls/c"),
        ("x-ms-content-path", &scene.cluster.container_rid()),
        ("x-ms-request-charge", "1"),
        ("x-ms-activity-id", "00000000-0000-0000-0000-000000000000"),
        ("etag", created.header("etag").unwrap()),
        ("lsn", "2"),
    ];
    for (name, value) in expected {
        assert_eq!(read_elsewhere.header(name), Some(value), "{name}");
    }
    assert_eq!(created.json()["_etag"], created.header("etag").unwrap());
}

#[tokio::test]
async fn every_operation_has_its_statuses() {
    let scene = Scene::new();
    let body = r#"{"id":"1","pk":"a","n":2}"#;
    let replace = || item(Method::PUT, "1").body(body);
    let delete = || item(Method::DELETE, "1");
    let steps: [(Call, u16); 11] = [
        (read(), 404),
        (replace(), 404),
        (delete(), 404),
        (upsert(body), 201),
        (upsert(body), 200),
        (create(), 409),
        (replace(), 200),
        (read(), 200),
        (delete(), 204),
        (read(), 404),
        (create(), 201),
    ];
    for (number, (request, status)) in steps.into_iter().enumerate() {
        let outcome = scene.outcome("East US", request).await;
        assert_eq!(outcome, (status, 0), "step {number}");
    }
}

#[tokio::test]
async fn conditions_hold_or_refuse() {
    let scene = Scene::new();
    let etag = scene.send("East US", create()).await;
    let etag = etag.header("etag").unwrap();
    let replace = |etag: &str| {
        let request = item(Method::PUT, "1").header("if-match", etag);
        request.body(r#"{"id":"1","pk":"a"}"#)
    };
    let unless = read().header("if-none-match", etag);
    assert_eq!(scene.outcome("West US", unless.clone()).await, (304, 0));
    assert_eq!(scene.outcome("East US", replace("\"x\"")).await, (412, 0));
    assert_eq!(scene.outcome("East US", replace(etag)).await, (200, 0));
    assert_eq!(scene.outcome("East US", replace(etag)).await, (412, 0));
    assert_eq!(scene.outcome("West US", unless).await, (200, 0));
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let scene = Scene::new();
    let steps = [
        (call(Method::GET, &format!("{ITEMS}/1")), (400, 0)),
        (create().body("[]"), (400, 0)),
        (create().body(r#"{"pk":"a"}"#), (400, 0)),
        (create().body(r#"{"id":"1","pk":"b"}"#), (400, 1001)),
        (
            item(Method::PUT, "1").body(r#"{"id":"2","pk":"a"}"#),
            (400, 0),
        ),
        (item(Method::PATCH, "1"), (501, 0)),
        (create().header("x-ms-documentdb-isquery", "True"), (501, 0)),
    ];
    for (number, (request, expected)) in steps.into_iter().enumerate() {
        let outcome = scene.outcome("East US", request).await;
        assert_eq!(outcome, expected, "step {number}");
    }
}

#[tokio::test]
async fn a_minimal_answer_has_no_body() {
    let scene = Scene::new();
    let minimal = create().header("prefer", "return=minimal");
    let answer = scene.send("East US", minimal).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (201, 0));
    assert!(answer.header("etag").is_some());
}

#[tokio::test]
async fn items_are_told_apart_by_key_and_id() {
    let scene = Scene::new();
    scene
        .cluster
        .put(json!({ "id": "a b/c", "pk": "a", "n": 1 }));
    scene.cluster.put(json!({ "id": "a b/c", "pk": 5, "n": 2 }));
    scene.cluster.put(json!({ "id": "a b/c", "n": 3 }));
    for (key, n) in [(r#"["a"]"#, 1), ("[5]", 2), ("[{}]", 3)] {
        let read = call(Method::GET, &format!("{ITEMS}/a%20b%2Fc"));
        let read = read.header("x-ms-documentdb-partitionkey", key);
        assert_eq!(scene.send("West US", read).await.json()["n"], n);
    }
    assert_eq!(scene.cluster.item(5, "a b/c").unwrap()["n"], 2);
    assert_eq!(scene.cluster.item("b", "a b/c"), None);
}

#[tokio::test]
async fn a_region_that_lags_refuses_sessions_that_are_ahead() {
    let scene = Scene::new();
    let first = scene.send("East US", create()).await;
    scene.cluster.lag("West US");
    let second = scene
        .send("East US", upsert(r#"{"id":"1","pk":"a","n":2}"#))
        .await;
    let with = |token: &str| read().header("x-ms-session-token", token);
    let newer = second.header("x-ms-session-token").unwrap();
    assert_eq!(newer, "0:1#3#1=3");

    let behind = scene.send("West US", with(newer)).await;
    assert_eq!(outcome(&behind), (404, 1002));
    assert_eq!(behind.header("x-ms-session-token"), Some("0:1#2#1=2"));
    for enough in ["0:1#2#1=2", "7:1#9#1=9", "0:2", ""] {
        let answer = scene.send("West US", with(enough)).await;
        assert_eq!(answer.header("etag"), first.header("etag"), "{enough}");
        assert_eq!(answer.json()["n"], json!(null));
    }
    assert_eq!(scene.outcome("East US", with(newer)).await, (200, 0));
    let composite = format!("7:1#1#1=1,{newer}");
    assert_eq!(
        scene.outcome("West US", with(&composite)).await,
        (404, 1002)
    );

    scene.cluster.catch_up("West US");
    let caught_up = scene.send("West US", with(newer)).await;
    assert_eq!(caught_up.json()["n"], 2);
}

#[tokio::test]
async fn a_region_that_lags_has_what_it_wrote_itself() {
    let scene = Scene::multi_write();
    scene.cluster.lag("West US");
    scene.send("East US", create()).await;
    assert_eq!(scene.outcome("West US", read()).await, (404, 0));
    let other = create().body(r#"{"id":"2","pk":"a"}"#);
    let written = scene.send("West US", other).await;
    let token = written.header("x-ms-session-token").unwrap();
    let session = item(Method::GET, "2").header("x-ms-session-token", token);
    assert_eq!(scene.outcome("West US", session).await, (200, 0));
    scene.send("East US", item(Method::DELETE, "2")).await;
    assert_eq!(
        scene.outcome("West US", item(Method::GET, "2")).await,
        (200, 0)
    );
}
