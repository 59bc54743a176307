//! Single documents.

use http::Method;
use serde_json::json;

use super::{Scene, by_key, create, item, outcome};
use crate::gateway::{Effect, Options};
use crate::scripted::{Gate, Step};
use crate::testing::{Call, call};

const BODY: &str = r#"{"id":"1","pk":"a"}"#;

#[tokio::test]
async fn every_operation_has_its_statuses() {
    let scene = Scene::new(3);
    let upsert = || create(BODY).header("x-ms-documentdb-is-upsert", "True");
    let patch = r#"{"operations":[{"op":"incr","path":"/n","value":2}]}"#;
    let steps: [(Call, u16); 13] = [
        (item(Method::GET, "1"), 404),
        (item(Method::PUT, "1").body(BODY), 404),
        (item(Method::DELETE, "1"), 404),
        (item(Method::PATCH, "1").body(patch), 404),
        (upsert(), 201),
        (upsert(), 200),
        (create(BODY), 409),
        (item(Method::PUT, "1").body(BODY), 200),
        (item(Method::PATCH, "1").body(patch), 200),
        (item(Method::GET, "1"), 200),
        (item(Method::DELETE, "1"), 204),
        (item(Method::GET, "1"), 404),
        (create(BODY), 201),
    ];
    for (number, (request, status)) in steps.into_iter().enumerate() {
        let outcome = scene.outcome(request).await;
        assert_eq!(outcome, (status, 0), "step {number}");
    }
    assert_eq!(scene.gateway.requests().len(), 13);
    assert_eq!(scene.gateway.lines()[4], "POST /dbs/d/colls/c/docs");
}

#[tokio::test]
async fn an_item_has_what_the_service_adds() {
    let scene = Scene::new(4);
    let created = scene
        .send(create(r#"{ "id":"1","pk":"a","n":1.50e0 }"#))
        .await;
    let read = scene.send(item(Method::GET, "1")).await;
    assert_eq!(read.body, created.body);
    assert!(
        read.body
            .starts_with(br#"{ "id":"1","pk":"a","n":1.50e0 ,"_rid":""#)
    );
    let document = read.json();
    let etag = read.header("etag").unwrap();
    assert_eq!(document["_etag"], etag);
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let range = scene.container().range_of(&[json!("a")]);
    let range_header = read.header("x-ms-documentdb-partitionkeyrangeid");
    assert_eq!(range_header, Some(range.as_str()));
    let token = format!("{range}:1#1#1=1");
    assert_eq!(read.header("x-ms-session-token"), Some(token.as_str()));
    assert_eq!(scene.container().item(&[json!("a")], "1"), Some(document));
    assert_eq!(scene.container().items().len(), 1);
}

#[tokio::test]
async fn conditions_hold_or_refuse() {
    let scene = Scene::new(1);
    let etag = scene.send(create(BODY)).await;
    let etag = etag.header("etag").unwrap();
    let replace = |etag: &str| item(Method::PUT, "1").body(BODY).header("if-match", etag);
    let unless = item(Method::GET, "1").header("if-none-match", etag);
    assert_eq!(scene.outcome(unless.clone()).await, (304, 0));
    assert_eq!(scene.outcome(replace("\"x\"")).await, (412, 0));
    assert_eq!(scene.outcome(replace(etag)).await, (200, 0));
    assert_eq!(scene.outcome(replace(etag)).await, (412, 0));
    assert_eq!(scene.outcome(unless).await, (200, 0));
    let patch = |condition: &str| {
        let operations = json!([{ "op": "set", "path": "/n", "value": 1 }]);
        let body = json!({ "condition": condition, "operations": operations });
        item(Method::PATCH, "1").body(body.to_string())
    };
    assert_eq!(
        scene.outcome(patch("from c where c.n = 1")).await,
        (412, 1110)
    );
    assert_eq!(
        scene.outcome(patch("from c where c.pk = 'a'")).await,
        (200, 0)
    );
    assert_eq!(scene.outcome(patch("from c where c.n = 1")).await, (200, 0));
    assert_eq!(scene.outcome(patch("where")).await, (400, 0));
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let scene = Scene::new(1);
    let path = "/dbs/d/colls/c/docs/1";
    let steps = [
        (call(Method::GET, path), (400, 0)),
        (by_key(call(Method::GET, path), r#"["a","b"]"#), (400, 0)),
        (create("[]"), (400, 0)),
        (create(r#"{"pk":"a"}"#), (400, 0)),
        (create(r#"{"id":"a/b","pk":"a"}"#), (400, 0)),
        (create(r#"{"id":"1","pk":"b"}"#), (400, 1001)),
        (
            item(Method::PUT, "1").body(r#"{"id":"2","pk":"a"}"#),
            (400, 0),
        ),
        (
            create(BODY).header("x-ms-cosmos-intended-collection-rid", "x"),
            (400, 1024),
        ),
        (
            by_key(call(Method::GET, "/dbs/d/colls/x/docs/1"), "[1]"),
            (404, 1003),
        ),
        (call(Method::GET, "/dbs/d/clientencryptionkeys"), (501, 0)),
    ];
    for (number, (request, expected)) in steps.into_iter().enumerate() {
        let outcome = scene.outcome(request).await;
        assert_eq!(outcome, expected, "step {number}");
    }
}

#[tokio::test]
async fn hierarchical_keys_have_all_their_components() {
    let scene = Scene::with(Options {
        key: &["/t", "/u/x"],
        ranges: 4,
        ..Options::default()
    });
    scene
        .container()
        .put(json!({"id": "1", "t": "a", "u": {"x": 5}}));
    let read = |key: &str| by_key(call(Method::GET, "/dbs/d/colls/c/docs/1"), key);
    assert_eq!(scene.outcome(read(r#"["a",5.0]"#)).await, (200, 0));
    assert_eq!(scene.outcome(read(r#"["a",6]"#)).await, (404, 0));
    assert_eq!(scene.outcome(read(r#"["a"]"#)).await, (400, 0));
}

#[tokio::test]
async fn rules_hold_refuse_and_lose() {
    let scene = Scene::new(1);
    let gate = Gate::new();
    let reads = |seen: &crate::scripted::Seen| seen.method == Method::GET;
    let throttled = Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "7");
    let throttling = scene.gateway.on(1, reads, throttled);
    scene.gateway.on(1, reads, Effect::after(&gate));
    let lost = Effect::served_then(Step::respond(503, &[], ""));
    scene
        .gateway
        .on(1, |seen| seen.method == Method::POST, lost);

    let answer = scene.send(item(Method::GET, "1")).await;
    assert_eq!(outcome(&answer), (429, 3200));
    assert_eq!(answer.header("x-ms-retry-after-ms"), Some("7"));
    assert_eq!(throttling.hits(), 1);
    assert_eq!(scene.outcome(create(BODY)).await, (503, 0));
    let held = async {
        scene.gateway.wait_until(|seen| seen.len() == 3).await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(scene.send(item(Method::GET, "1")), held);
    assert_eq!(outcome(&answer), (200, 0));
    scene.gateway.clear();
    assert_eq!(
        (
            scene.gateway.requests().len(),
            scene.gateway.connections() > 0
        ),
        (0, true)
    );
}
