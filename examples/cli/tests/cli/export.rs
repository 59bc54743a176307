//! `cosmos export`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use host_tests::gateway::Effect;
use host_tests::scripted::Seen;
use serde_json::Value;

use crate::account::{Stall, document, gateway, once};
use crate::process::Cosmos;

fn ids(text: &str) -> BTreeMap<String, u64> {
    let mut ids = BTreeMap::new();
    for line in text.lines() {
        let item: Value = serde_json::from_str(line).unwrap();
        *ids.entry(item["id"].as_str().unwrap().to_owned())
            .or_insert(0) += 1;
    }
    ids
}

fn is_page(request: &Seen) -> bool {
    request.path.ends_with("/docs")
}

fn left_nothing(cosmos: &Cosmos) {
    assert!(!cosmos.has("items.jsonl.partial") && !cosmos.has("items.jsonl.export.json"));
}

#[test]
fn all_items_or_some_are_exported() {
    let (gateway, cosmos) = gateway();
    (1..=500).for_each(|number| gateway.container("d", "c").put(document(number)));
    let done = cosmos.run(&["export", "items.jsonl"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.starts_with("exported: 500 items, "), "{done:?}");
    assert_eq!(ids(&cosmos.read("items.jsonl")), once(500));
    left_nothing(&cosmos);

    assert_eq!(cosmos.run(&["export", "items.jsonl"]).code, Some(2));
    cosmos.ok(&["export", "items.jsonl", "--force", "-k", "\"7\""]);
    assert_eq!(cosmos.read("items.jsonl").lines().count(), 5);
    let query = ["--query", "SELECT * FROM c WHERE c.n < 11"];
    cosmos.ok(&[&["export", "some.jsonl"], &query[..]].concat());
    assert_eq!(ids(&cosmos.read("some.jsonl")), once(10));
    assert_eq!(
        ids(&cosmos.ok(&[&["export", "-"], &query[..]].concat())),
        once(10)
    );
}

#[test]
fn an_empty_container_is_an_empty_file() {
    let (_gateway, cosmos) = gateway();
    cosmos.ok(&["export", "items.jsonl"]);
    assert_eq!(cosmos.read("items.jsonl"), "");
    left_nothing(&cosmos);
}

#[tokio::test]
async fn a_killed_export_goes_on_after_its_last_page() {
    let (gateway, cosmos) = gateway();
    (1..=1000).for_each(|number| gateway.container("d", "c").put(document(number)));
    let stall = Stall::after(&gateway, 8, is_page);
    let export = ["export", "items.jsonl", "--page-size", "50"];
    let mut child = cosmos.start(&export);
    let pages = |seen: &[Seen]| seen.iter().filter(|request| is_page(request)).count();
    gateway.wait_until(|seen| pages(seen) > 8).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!cosmos.has("items.jsonl"));
    let partial = cosmos.read("items.jsonl.partial");
    assert_eq!(partial.lines().count(), 400);
    // As if a page had been written in part, and not yet noted.
    cosmos.write("items.jsonl.partial", partial + "{\"id\":\"half");

    stall.wake();
    gateway.clear();
    let other = cosmos.run(&["export", "items.jsonl", "-k", "\"1\""]);
    assert_eq!(other.code, Some(2), "{other:?}");
    let done = cosmos.run(&export);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr.starts_with("resuming after 400 items\n"),
        "{done:?}"
    );
    assert_eq!(ids(&cosmos.read("items.jsonl")), once(1000));
    assert!(pages(&gateway.requests()) <= 16);
    left_nothing(&cosmos);
}

#[test]
fn an_export_that_begins_anew_forgets_the_one_before() {
    let (gateway, cosmos) = gateway();
    (1..=1000).for_each(|number| gateway.container("d", "c").put(document(number)));
    let answered = Arc::new(AtomicU64::new(0));
    let none_left = {
        let answered = answered.clone();
        let less = |left: u64| left.checked_sub(1);
        move |request: &Seen| {
            is_page(request)
                && answered
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                    .is_err()
        }
    };
    gateway.on(u64::MAX, none_left, Effect::refuse(403, 0));
    let export = ["export", "items.jsonl", "--page-size", "50"];
    for anew in ["--no-resume", "--restart"] {
        answered.store(8, Ordering::Relaxed);
        assert_eq!(cosmos.run(&export).code, Some(6));
        assert!(cosmos.has("items.jsonl.export.json"));
        // It ends before it has a page.
        let done = cosmos.run(&[&export[..], &[anew]].concat());
        assert_eq!(done.code, Some(6), "{done:?}");
        assert_eq!(cosmos.read("items.jsonl.partial"), "");
        assert!(!cosmos.has("items.jsonl.export.json"));
    }
    answered.store(u64::MAX, Ordering::Relaxed);
    cosmos.ok(&export);
    assert_eq!(ids(&cosmos.read("items.jsonl")), once(1000));
    left_nothing(&cosmos);
}
