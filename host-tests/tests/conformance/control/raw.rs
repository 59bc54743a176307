//! Requests that there is no operation for.

use cosmosdb_driver_host::types::{
    ErrorKind, HttpMethod, Operation, OperationOptions, Outcome, RawRequest,
};
use host_tests::gateway::Effect;
use host_tests::scripted::Step;
use serde_json::json;

use super::{AT, Scene};
use crate::build::json as parse;
use crate::face::Face;

on_every_face!(
    every_method_is_sent,
    reads_are_repeated_and_writes_are_not,
    what_the_driver_owns_is_refused,
    paths_stay_in_the_account,
    custom_headers_come_second,
);

fn raw(method: HttpMethod, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Operation {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Operation::SendRaw(RawRequest {
        method,
        path: path.to_owned(),
        headers: headers.iter().map(owned).collect(),
        body: body.map(|body| body.as_bytes().to_vec()),
    })
}

const KEY: (&str, &str) = ("X-Ms-DocumentDb-PartitionKey", r#"["a"]"#);
const QUERY: [(&str, &str); 2] = [
    ("content-type", "application/query+json"),
    ("x-ms-documentdb-isquery", "True"),
];

async fn every_method_is_sent(face: Face) {
    let mut scene = Scene::new(face).await;
    let (docs, item) = (format!("{AT}/docs"), format!("{AT}/docs/1 \u{e9}"));
    let body = r#"{"id":"1 é","pk":"a", "n":1.0}"#;
    let made = scene
        .ok(raw(HttpMethod::Post, &docs, &[KEY], Some(body)))
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.diagnostics.operation_name, "raw_request");
    let seen = scene.last();
    assert_eq!(seen.body, body.as_bytes());
    assert!(seen.header("authorization").is_some(), "it is signed");
    assert_eq!(seen.header("x-ms-version"), Some("2020-07-15"));
    let read = scene.ok(raw(HttpMethod::Get, &item, &[KEY], None)).await;
    assert_eq!((read.status, &parse(&read.body)["n"]), (200, &json!(1.0)));
    let put = raw(
        HttpMethod::Put,
        &item,
        &[KEY],
        Some(r#"{"id":"1 é","pk":"a","n":2}"#),
    );
    scene.ok(put).await;
    let patch = r#"{"operations":[{"op":"incr","path":"/n","value":1}]}"#;
    let patch_type = ("content-type", "application/json_patch+json");
    scene
        .ok(raw(
            HttpMethod::Patch,
            &item,
            &[KEY, patch_type],
            Some(patch),
        ))
        .await;
    assert_eq!(
        scene.last().header("content-type"),
        Some("application/json_patch+json")
    );
    let query = r#"{"query":"SELECT * FROM c"}"#;
    let headers = [&QUERY[..], &[KEY]].concat();
    let found = scene
        .ok(raw(HttpMethod::Post, &docs, &headers, Some(query)))
        .await;
    assert_eq!(parse(&found.body)["Documents"][0]["n"], 3);
    let gone = scene.ok(raw(HttpMethod::Delete, &item, &[KEY], None)).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(
        scene.lines(),
        [
            format!("POST {AT}/docs"),
            format!("GET {AT}/docs/1%20%C3%A9"),
            format!("PUT {AT}/docs/1%20%C3%A9"),
            format!("PATCH {AT}/docs/1%20%C3%A9"),
            format!("POST {AT}/docs"),
            format!("DELETE {AT}/docs/1%20%C3%A9"),
        ]
    );
    let account = scene.ok(raw(HttpMethod::Get, "/", &[], None)).await;
    assert_eq!(parse(&account.body)["id"], "gateway");
    let offers = scene.ok(raw(HttpMethod::Get, "/offers", &[], None)).await;
    assert_eq!(parse(&offers.body)["_count"], 0);
}

async fn reads_are_repeated_and_writes_are_not(face: Face) {
    let mut scene = Scene::new(face).await;
    let docs = format!("{AT}/docs");
    let query = [&QUERY[..], &[KEY]].concat();
    let body = r#"{"query":"SELECT * FROM c"}"#;
    for read in [
        raw(HttpMethod::Get, AT, &[], None),
        raw(HttpMethod::Post, &docs, &query, Some(body)),
    ] {
        scene.gateway.on(1, |seen| seen.path != "/", Step::reset());
        scene.ok(read).await;
        let lines = scene.lines();
        let own = lines.iter().filter(|line| !line.ends_with(" /"));
        assert_eq!(own.count(), 2, "{lines:?}");
    }
    for method in [
        HttpMethod::Post,
        HttpMethod::Put,
        HttpMethod::Patch,
        HttpMethod::Delete,
    ] {
        scene.gateway.on(1, |_| true, Step::reset());
        let error = scene.fails(raw(method, AT, &[], Some("{}"))).await;
        assert_eq!(
            (error.kind, error.outcome),
            (ErrorKind::Transport, Outcome::Unknown)
        );
        assert_eq!(scene.lines().len(), 1);
    }
    // The service says that it did not do it.
    scene.gateway.on(
        1,
        |_| true,
        Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1"),
    );
    scene
        .ok(raw(
            HttpMethod::Post,
            &docs,
            &[KEY],
            Some(r#"{"id":"1","pk":"a"}"#),
        ))
        .await;
    assert_eq!(scene.lines().len(), 2);
}

async fn what_the_driver_owns_is_refused(face: Face) {
    let mut scene = Scene::new(face).await;
    let many: Vec<(&str, &str)> = vec![("x-a", "1"); 65];
    let long = "x".repeat(17 << 10);
    for headers in [
        &[("Authorization", "type=master&sig=x")][..],
        &[("x-ms-date", "today")],
        &[("X-MS-Version", "2018-12-31")],
        &[("user-agent", "x")],
        &[("x-ms-activity-id", "x")],
        &[("Host", "elsewhere.example")],
        &[("content-length", "0")],
        &[("transfer-encoding", "chunked")],
        &[("connection", "close")],
        &[("x-a", "1\r\nx-b: 2")],
        &[("x a", "1")],
        &[("x-a", &long)],
        &many,
    ] {
        let error = scene.fails(raw(HttpMethod::Get, AT, headers, None)).await;
        assert_eq!(
            (error.kind, error.status, error.outcome),
            (ErrorKind::InvalidArgument, None, Outcome::NotApplied)
        );
        assert!(!error.message.contains("sig=x"), "{}", error.message);
        assert_eq!(error.diagnostics.unwrap().request_count, 0);
    }
    assert!(scene.lines().is_empty());
}

async fn paths_stay_in_the_account(face: Face) {
    let mut scene = Scene::new(face).await;
    for path in [
        "",
        "dbs/shop",
        "https://elsewhere.example/dbs/shop",
        "//elsewhere.example/dbs/shop",
        "/elsewhere/shop",
        "/dbs/..",
        "/dbs/shop/../x",
        "/dbs/shop/colls/",
        "/dbs/shop?x=1",
        "/dbs/shop#x",
        "/dbs/shop\\colls",
        "/dbs/shop\r\nx-a: 1",
        "/@elsewhere.example/",
    ] {
        let error = scene.fails(raw(HttpMethod::Get, path, &[], None)).await;
        assert_eq!(
            (error.kind, error.status),
            (ErrorKind::InvalidArgument, None),
            "{path}"
        );
    }
    assert!(scene.lines().is_empty());
}

async fn custom_headers_come_second(face: Face) {
    let mut scene = Scene::new(face).await;
    let options = OperationOptions {
        custom_headers: vec![
            ("x-a".to_owned(), "custom".to_owned()),
            ("x-b".to_owned(), "custom".to_owned()),
            ("authorization".to_owned(), "custom".to_owned()),
        ],
        ..OperationOptions::default()
    };
    scene
        .ok_with(raw(HttpMethod::Get, AT, &[("X-A", "raw")], None), options)
        .await;
    let seen = scene.last();
    assert_eq!(
        (seen.header("x-a"), seen.header("x-b")),
        (Some("raw"), Some("custom"))
    );
    assert_ne!(seen.header("authorization"), Some("custom"));
}
