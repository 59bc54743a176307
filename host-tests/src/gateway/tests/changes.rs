//! The change feed.

use http::Method;
use serde_json::{Value, json};

use super::{ITEMS, Scene, by_key, by_range, outcome, rows, values};
use crate::testing::{Answer, Call, call};

fn changes(range: &str) -> Call {
    by_range(call(Method::GET, ITEMS), range).header("a-im", "Incremental Feed")
}

fn versions(range: &str) -> Call {
    changes(range)
        .header("a-im", "Full-Fidelity Feed")
        .header("x-ms-cosmos-changefeed-wire-format-version", "2021-09-15")
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

fn put(scene: &Scene, id: &str, n: u64) {
    scene
        .container()
        .put(json!({ "id": id, "pk": "a", "n": n }));
}

#[tokio::test]
async fn the_latest_versions_come_once() {
    let scene = Scene::new(1);
    for (id, n) in [("1", 1), ("2", 2), ("3", 3), ("1", 4)] {
        put(&scene, id, n);
    }
    let first = scene
        .send(changes("0").header("x-ms-max-item-count", "2"))
        .await;
    assert_eq!(values(&rows(&first), "n"), [json!(2), json!(3)]);
    let next = changes("0").header("if-none-match", &etag(&first));
    let second = scene.send(next).await;
    assert_eq!(values(&rows(&second), "n"), [json!(4)]);
    let next = changes("0").header("if-none-match", &etag(&second));
    let nothing = scene.send(next.clone()).await;
    assert_eq!(
        (outcome(&nothing), etag(&nothing)),
        ((304, 0), etag(&second))
    );
    assert!(etag(&nothing).starts_with('"') && nothing.body.is_empty());
    put(&scene, "2", 5);
    assert_eq!(values(&rows(&scene.send(next).await), "n"), [json!(5)]);
}

#[tokio::test]
async fn feeds_start_where_they_are_told() {
    let scene = Scene::new(1);
    put(&scene, "1", 1);
    let now = scene.send(changes("0").header("if-none-match", "*")).await;
    assert_eq!((outcome(&now), etag(&now).as_str()), ((304, 0), "\"1\""));
    scene.gateway.advance(60);
    put(&scene, "2", 2);
    let after = changes("0").header("if-none-match", &etag(&now));
    assert_eq!(values(&rows(&scene.send(after).await), "id"), ["2"]);
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(scene.gateway.now());
    let since = changes("0").header("if-modified-since", &httpdate::fmt_http_date(time));
    let since_then = scene.send(since.clone()).await;
    assert_eq!(values(&rows(&since_then), "id"), ["2"]);
    let both = since.header("if-none-match", "\"0\"");
    assert_eq!(values(&rows(&scene.send(both).await), "id"), ["2"]);
    let key = by_key(call(Method::GET, ITEMS), r#"["b"]"#).header("a-im", "Incremental Feed");
    assert_eq!(scene.outcome(key).await, (304, 0));
}

#[tokio::test]
async fn etags_survive_splits_and_pages_may_be_empty() {
    let scene = Scene::filled(1, 20);
    let first = scene
        .send(changes("0").header("x-ms-max-item-count", "5"))
        .await;
    let mut found = values(&rows(&first), "n");
    let token = etag(&first);
    for range in scene.container().split("0") {
        scene.container().empty_pages(1);
        let request = changes(&range).header("if-none-match", &token);
        let empty = scene.send(request.clone()).await;
        assert_eq!((outcome(&empty), etag(&empty)), ((304, 0), token.clone()));
        found.extend(values(&rows(&scene.send(request).await), "n"));
    }
    let mut found: Vec<u64> = found.iter().map(|n| n.as_u64().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, (0..20).collect::<Vec<u64>>());
    assert_eq!(scene.outcome(changes("0")).await, (410, 1002));
}

#[tokio::test]
async fn all_versions_have_envelopes() {
    let scene = Scene::new(1);
    let start = scene.send(versions("0").header("if-none-match", "*")).await;
    put(&scene, "1", 1);
    put(&scene, "1", 2);
    let item = by_key(call(Method::DELETE, &format!("{ITEMS}/1")), r#"["a"]"#);
    assert_eq!(scene.outcome(item).await, (204, 0));
    let page = versions("0").header("if-none-match", &etag(&start));
    let rows = rows(&scene.send(page).await);
    let metadata: Vec<Value> = values(&rows, "metadata");
    assert_eq!(
        values(&metadata, "operationType"),
        ["create", "replace", "delete"]
    );
    assert_eq!(values(&metadata, "lsn"), [1, 2, 3]);
    assert_eq!(
        values(&metadata, "previousImageLSN"),
        [json!(null), json!(1), json!(2)]
    );
    assert_eq!(
        values(&values(&rows, "current"), "n"),
        [json!(1), json!(2), json!(null)]
    );
    assert_eq!(
        values(&values(&rows, "previous"), "n"),
        [json!(null), json!(1), json!(2)]
    );
    assert_eq!(
        (&metadata[2]["id"], &metadata[2]["partitionKey"]),
        (&json!("1"), &json!(["a"]))
    );
    assert_eq!(rows[2]["current"], json!({}));

    put(&scene, "2", 3);
    let wrapped = changes("0").header("x-ms-cosmos-changefeed-wire-format-version", "2021-09-15");
    let latest = super::rows(&scene.send(wrapped).await);
    assert_eq!(latest[0]["current"]["id"], "2");
    assert_eq!(latest[0]["metadata"]["lsn"], 4);
}

#[tokio::test]
async fn what_no_feed_is_is_refused() {
    let scene = Scene::new(1);
    let date = "Tue, 01 Jul 2025 12:34:56 GMT";
    let bare = changes("0").header("a-im", "Full-Fidelity Feed");
    for (number, request) in [
        versions("0"),
        versions("0")
            .header("if-none-match", "*")
            .header("if-modified-since", date),
        bare.header("if-none-match", "*"),
        changes("0").header("a-im", "Feed"),
        changes("0").header("if-none-match", "5"),
        changes("0").header("if-modified-since", "yesterday"),
        changes("0").header("x-ms-continuation", "\"1\""),
        changes("0").header("x-ms-cosmos-changefeed-wire-format-version", "1"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(scene.outcome(request).await, (400, 0), "step {number}");
    }
}
