//! Containers that change, and how they are divided.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosmosdb_driver_host::types::{
    ErrorKind, FeedRangeScope, KeyComponent, Operation, OperationOptions, Outcome, ReplaceContainer,
};
use host_tests::gateway::Effect;
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use super::{AT, Scene, names};
use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, create_container, json as parse, text};
use crate::face::Face;

on_every_face!(
    a_definition_is_replaced_whole,
    a_merge_keeps_what_it_does_not_name,
    a_merge_loses_nobody_elses_change,
    an_etag_of_the_caller_is_the_guard,
    what_is_no_definition_is_not_sent,
    a_container_is_divided_into_ranges,
    a_key_has_a_range,
    ranges_of_nothing,
);

fn replace(definition: &Value, if_match: Option<&str>, merge: bool) -> Operation {
    Operation::ReplaceContainer(ReplaceContainer {
        container: container(DATABASE, CONTAINER),
        definition: definition.to_string().into_bytes(),
        if_match: if_match.map(str::to_owned),
        merge,
    })
}

fn read() -> Operation {
    Operation::ReadContainer(container(DATABASE, CONTAINER))
}

fn whole() -> Value {
    let key = json!({ "paths": ["/pk"], "kind": "Hash", "version": 2 });
    json!({ "id": CONTAINER, "partitionKey": key, "defaultTtl": 60, "unknown": { "x": 1 } })
}

fn ranges(key: Vec<KeyComponent>) -> Operation {
    Operation::ReadFeedRanges(FeedRangeScope {
        container: container(DATABASE, CONTAINER),
        key,
    })
}

/// The bounds of feed ranges.
fn bounds(body: &[u8]) -> Vec<(String, String)> {
    let texts: Vec<String> = serde_json::from_slice(body).unwrap();
    let bounds = |text: &String| {
        let range = parse(&STANDARD.decode(text).unwrap())["Range"].clone();
        assert_eq!(
            (&range["isMinInclusive"], &range["isMaxInclusive"]),
            (&json!(true), &json!(false))
        );
        let end = |name: &str| range[name].as_str().unwrap().to_owned();
        (end("min"), end("max"))
    };
    texts.iter().map(bounds).collect()
}

fn is_put(seen: &Seen) -> bool {
    seen.method == "PUT"
}

async fn a_definition_is_replaced_whole(face: Face) {
    let mut scene = Scene::new(face).await;
    let done = scene.ok(replace(&whole(), None, false)).await;
    assert_eq!(
        (done.status, &parse(&done.body)["defaultTtl"]),
        (200, &json!(60))
    );
    assert_eq!(scene.last().header("if-match"), None);
    let mut less = whole();
    less.as_object_mut().unwrap().remove("unknown");
    let etag = done.headers.etag.unwrap();
    let done = scene.ok(replace(&less, Some(&etag), false)).await;
    assert_eq!(parse(&done.body)["unknown"], Value::Null);
    assert_eq!(scene.lines(), [format!("PUT {AT}"), format!("PUT {AT}")]);
    let late = scene.fails(replace(&less, Some(&etag), false)).await;
    assert_eq!(
        (late.kind, late.outcome),
        (ErrorKind::PreconditionFailed, Outcome::NotApplied)
    );
    let mut other_key = whole();
    other_key["partitionKey"]["paths"] = json!(["/other"]);
    let refused = scene.fails(replace(&other_key, None, false)).await;
    assert_eq!(
        (refused.kind, refused.status),
        (ErrorKind::InvalidArgument, Some(400))
    );
}

async fn a_merge_keeps_what_it_does_not_name(face: Face) {
    let mut scene = Scene::new(face).await;
    let before = scene.ok(replace(&whole(), None, false)).await;
    scene.gateway.clear();
    let change = json!({ "defaultTtl": 30, "indexingPolicy": { "indexingMode": "none" } });
    let done = scene.ok(replace(&change, None, true)).await;
    let now = parse(&done.body);
    assert_eq!(
        (&now["defaultTtl"], &now["unknown"]),
        (&json!(30), &json!({ "x": 1 }))
    );
    assert_eq!(now["indexingPolicy"]["indexingMode"], "none");
    assert_eq!(
        scene.last().header("if-match"),
        before.headers.etag.as_deref()
    );
    assert_eq!(scene.lines(), [format!("GET {AT}"), format!("PUT {AT}")]);
    assert_eq!(names(&done), ["read_container", "replace_container"]);
    assert_eq!(done.diagnostics.operation_name, "replace_container");
}

async fn a_merge_loses_nobody_elses_change(face: Face) {
    let mut scene = Scene::new(face).await;
    let change = json!({ "defaultTtl": 30 });
    scene.gateway.on(2, is_put, Effect::refuse(412, 0));
    let done = scene.ok(replace(&change, None, true)).await;
    assert_eq!(parse(&done.body)["defaultTtl"], 30);
    let (get, put) = (format!("GET {AT}"), format!("PUT {AT}"));
    assert_eq!(scene.lines(), [&get[..], &put, &get, &put, &get, &put]);
    // Not for ever.
    scene.gateway.on(6, is_put, Effect::refuse(412, 0));
    let error = scene.fails(replace(&change, None, true)).await;
    assert_eq!(error.kind, ErrorKind::PreconditionFailed);
    assert_eq!(scene.lines().len(), 12);
}

async fn an_etag_of_the_caller_is_the_guard(face: Face) {
    let mut scene = Scene::new(face).await;
    let etag = scene.ok(read()).await.headers.etag.unwrap();
    let change = json!({ "defaultTtl": 30 });
    scene.ok(replace(&change, Some(&etag), true)).await;
    scene.gateway.clear();
    let late = scene.fails(replace(&change, Some(&etag), true)).await;
    assert_eq!(late.kind, ErrorKind::PreconditionFailed);
    assert_eq!(scene.lines(), [format!("GET {AT}"), format!("PUT {AT}")]);
}

async fn what_is_no_definition_is_not_sent(face: Face) {
    let mut scene = Scene::new(face).await;
    let merge = |definition: &Value, if_match| replace(definition, if_match, true);
    for operation in [
        merge(&json!([]), None),
        merge(&json!("x"), None),
        merge(&json!({}), Some("a\nb")),
        replace(&json!({}), Some(""), false),
    ] {
        let error = scene.fails(operation).await;
        assert_eq!(
            (error.kind, error.status),
            (ErrorKind::InvalidArgument, None)
        );
    }
    assert!(scene.lines().is_empty());
}

async fn a_container_is_divided_into_ranges(face: Face) {
    let mut scene = Scene::new(face).await;
    let control = |scene: &Scene| {
        let ranges = scene.gateway.container(DATABASE, CONTAINER).ranges();
        ranges
            .into_iter()
            .map(|(_, min, max)| (min, max))
            .collect::<Vec<_>>()
    };
    let found = scene.ok(ranges(Vec::new())).await;
    assert_eq!(bounds(&found.body), control(&scene));
    assert_eq!(
        (found.status, found.diagnostics.request_count > 0),
        (200, true)
    );
    assert_eq!(found.diagnostics.operation_name, "read_feed_ranges");
    assert!(
        scene
            .lines()
            .iter()
            .all(|line| *line == format!("GET {AT}/pkranges"))
    );
    // They are known now.
    let again = scene.ok(ranges(Vec::new())).await;
    assert_eq!(
        (&again.body, again.diagnostics.request_count),
        (&found.body, 0)
    );
    assert!(scene.lines().is_empty());
}

async fn a_key_has_a_range(face: Face) {
    let mut scene = Scene::new(face).await;
    let found = scene.ok(ranges(text("redmond"))).await;
    // Spec: the hash of "redmond", and the point after it.
    let expected = (
        "22E342F38A486A088463DFF7838A5963",
        "22E342F38A486A088463DFF7838A5964",
    );
    let [(min, max)] = bounds(&found.body).try_into().unwrap();
    assert_eq!((min.as_str(), max.as_str()), expected);
    assert_eq!(scene.lines(), [format!("GET {AT}")]);
    let wrong = scene.fails(ranges([text("a"), text("b")].concat())).await;
    assert_eq!(
        (wrong.kind, wrong.status),
        (ErrorKind::InvalidArgument, None)
    );
    assert!(scene.lines().is_empty());
    // The beginning of a hierarchical key is a range of many points.
    scene
        .ok(create_container(DATABASE, "h", &["/a", "/b"], 2))
        .await;
    let prefix = Operation::ReadFeedRanges(FeedRangeScope {
        container: container(DATABASE, "h"),
        key: text("tenant1"),
    });
    let found = scene.ok(prefix).await;
    let min = "0DAE0B8467B011E957BC0B8B0DEB5ACA".to_owned();
    let max = format!("{min}FF");
    assert_eq!(bounds(&found.body), [(min, max)]);
}

async fn ranges_of_nothing(face: Face) {
    let mut scene = Scene::new(face).await;
    for key in [Vec::new(), text("a")] {
        let nothing = Operation::ReadFeedRanges(FeedRangeScope {
            container: container(DATABASE, "none"),
            key,
        });
        let error = scene.fails(nothing).await;
        assert_eq!((error.kind, error.status), (ErrorKind::NotFound, Some(404)));
    }
    // A deadline holds for what is read, too.
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(1000),
        ..OperationOptions::default()
    };
    scene
        .gateway
        .on(9, |_| true, host_tests::scripted::Step::silent());
    let error = scene
        .driver
        .execute_with(ranges(Vec::new()), options)
        .await
        .unwrap_err();
    let error = error.driver().unwrap();
    assert_eq!(
        (error.kind, error.sub_status),
        (ErrorKind::Timeout, Some(20_008))
    );
}
