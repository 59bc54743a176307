//! Read feeds, the feed of ranges, scopes and continuations.

use http::Method;
use serde_json::{Value, json};

use super::{ITEMS, Scene, by_key, by_range, by_slice, outcome, query, rows, values};
use crate::testing::{Call, call};

fn feed() -> Call {
    call(Method::GET, ITEMS)
}

fn ranges(etag: Option<&str>) -> Call {
    let request = call(Method::GET, "/dbs/d/colls/c/pkranges").header("a-im", "Incremental Feed");
    match etag {
        Some(etag) => request.header("if-none-match", etag),
        None => request,
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_ranges_are_told_once() {
    let scene = Scene::new(2);
    let first = scene.send(ranges(None)).await;
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(
        values(first.json()["PartitionKeyRanges"].as_array().unwrap(), "id"),
        ["0", "1"]
    );
    assert!(etag.starts_with('"'));
    assert_eq!(scene.outcome(ranges(Some(&etag))).await, (304, 0));
    let [left, right] = scene.container().split("0");
    let news = scene.send(ranges(Some(&etag))).await.json();
    let news = news["PartitionKeyRanges"].as_array().unwrap();
    assert_eq!(values(news, "id"), [left.clone(), right.clone()]);
    assert_eq!(values(news, "parents"), [json!(["0"]), json!(["0"])]);
    let merged = scene.container().merge(&left, &right);
    let all = scene.send(ranges(Some("\"stale\""))).await.json();
    let all = all["PartitionKeyRanges"].as_array().unwrap();
    assert_eq!(values(all, "id"), ["1".to_owned(), merged]);
    assert_eq!(all[1]["parents"], json!(["0", "2", "0", "3"]));
}

#[tokio::test]
async fn ranges_come_as_a_test_wants_them() {
    let scene = Scene::new(3);
    scene.container().reverse_ranges(true);
    let reversed = scene.send(ranges(None)).await.json();
    assert_eq!(
        values(reversed["PartitionKeyRanges"].as_array().unwrap(), "id"),
        ["2", "1", "0"]
    );
    scene.container().reverse_ranges(false);
    scene.container().ranges_page(2);
    let first = scene.send(ranges(None)).await;
    assert_eq!(first.json()["_count"], 2);
    let second = scene.send(ranges(first.header("etag"))).await;
    assert_eq!(second.json()["_count"], 1);
    let etag = second.header("etag").unwrap().to_owned();
    scene.container().hold_ranges();
    scene.container().split("1");
    assert_eq!(scene.outcome(ranges(Some(&etag))).await, (304, 0));
    assert_eq!(scene.outcome(by_range(feed(), "1")).await, (410, 1002));
    scene.container().release_ranges();
    assert_eq!(scene.outcome(ranges(Some(&etag))).await, (200, 0));
    scene.container().lose_range("4");
    let news = scene.send(ranges(Some(&etag))).await.json();
    let news = news["PartitionKeyRanges"].as_array().unwrap();
    assert_eq!(values(news, "id"), ["3"]);
    scene.container().ranges_page(9);
    scene.container().forget_range_etags();
    let all = scene.send(ranges(Some(&etag))).await;
    assert_eq!(all.json()["_count"], 4);
    assert_eq!(scene.outcome(ranges(all.header("etag"))).await, (304, 0));
}

#[tokio::test]
async fn documents_lie_where_their_key_hashes() {
    let scene = Scene::filled(4, 40);
    let mut all = Vec::new();
    for range in scene.ranges() {
        let pages = scene
            .pages(by_range(feed(), &range).header("x-ms-max-item-count", "3"))
            .await;
        assert!(pages.iter().all(|page| page.len() <= 3));
        for row in pages.into_iter().flatten() {
            assert_eq!(scene.container().range_of(&[row["pk"].clone()]), range);
            all.push(row["id"].as_str().unwrap().parse::<u64>().unwrap());
        }
    }
    all.sort_unstable();
    assert_eq!(all, (0..40).collect::<Vec<u64>>());
    let one = scene.pages(by_key(feed(), r#"["p3"]"#)).await.concat();
    assert_eq!(ids(&one), ["3", "10", "17", "24", "31", "38"]);
}

#[tokio::test]
async fn scopes_are_one_key_or_one_range() {
    let scene = Scene::filled(2, 10);
    let [(_, _, middle), _] = scene.container().ranges().try_into().unwrap();
    let steps = [
        (feed(), (400, 1004)),
        (by_key(by_range(feed(), "0"), r#"["p1"]"#), (400, 0)),
        (by_range(feed(), "7"), (410, 1002)),
        (by_slice(feed(), "0", "00", &middle), (200, 0)),
        (by_slice(feed(), "0", "", &middle), (400, 0)),
        (by_slice(feed(), "0", "00", "FF"), (400, 0)),
        (by_slice(feed(), "0", "10", "10"), (400, 0)),
        (
            by_slice(feed(), "0", "00", "10").header("x-ms-read-key-type", "EffectivePartitionKey"),
            (400, 0),
        ),
        (
            by_range(feed(), "0").header("x-ms-start-epk", "00"),
            (400, 0),
        ),
        (
            by_range(feed(), "0").header("x-ms-max-item-count", "0"),
            (400, 0),
        ),
        (
            by_range(feed(), "0").header("x-ms-continuation", "x"),
            (400, 0),
        ),
    ];
    for (number, (request, expected)) in steps.into_iter().enumerate() {
        let outcome = scene.outcome(request).await;
        assert_eq!(outcome, expected, "step {number}");
    }
}

#[tokio::test]
async fn slices_tile_a_range() {
    let scene = Scene::new(1);
    for n in 0..40 {
        scene
            .container()
            .put(json!({ "id": n.to_string(), "pk": n }));
    }
    let mut found = Vec::new();
    for (min, max) in [("00", "0F"), ("0F", "1FAB"), ("1FAB", "FF")] {
        let pages = scene.pages(by_slice(feed(), "0", min, max)).await;
        assert!(!pages[0].is_empty(), "{min}");
        found.extend(ids(&pages.concat()));
    }
    let mut all = ids(&scene.container().items());
    found.sort();
    all.sort();
    assert_eq!(found, all);
}

#[tokio::test]
async fn continuations_survive_splits_and_merges() {
    let scene = Scene::filled(1, 30);
    let page = |call: Call| call.header("x-ms-max-item-count", "4");
    let first = scene.send(page(by_range(feed(), "0"))).await;
    let token = first.header("x-ms-continuation").unwrap().to_owned();
    let mut found = ids(&rows(&first));

    let [left, right] = scene.container().split("0");
    let stale = by_range(feed(), "0").header("x-ms-continuation", &token);
    assert_eq!(scene.outcome(stale).await, (410, 1002));
    let rest = page(by_range(feed(), &left)).header("x-ms-continuation", &token);
    let rest = scene.send(rest).await;
    let left_token = rest.header("x-ms-continuation").unwrap().to_owned();
    found.extend(ids(&rows(&rest)));
    let [(_, _, middle), _] = scene.container().ranges().try_into().unwrap();

    let merged = scene.container().merge(&left, &right);
    for (min, max, token) in [
        ("00", middle.as_str(), &left_token),
        (&middle, "FF", &token),
    ] {
        let mut request = by_slice(feed(), &merged, min, max).header("x-ms-continuation", token);
        loop {
            let answer = scene.send(request.clone()).await;
            found.extend(ids(&rows(&answer)));
            let Some(next) = answer.header("x-ms-continuation") else {
                break;
            };
            request = request.header("x-ms-continuation", next);
        }
    }
    assert_eq!(found.len(), 30);
    found.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(
        found,
        (0..30).map(|n| n.to_string()).collect::<Vec<String>>()
    );
}

#[tokio::test]
async fn a_continuation_is_bound_to_its_request() {
    let scene = Scene::filled(2, 30);
    scene.container().page_size(Some(2));
    let text = "SELECT * FROM c";
    let first = scene.send(by_range(query(text), "0")).await;
    let token = first.header("x-ms-continuation").unwrap();
    let with = |call: Call| call.header("x-ms-continuation", token);
    assert_eq!(
        scene.outcome(with(by_range(query(text), "0"))).await,
        (200, 0)
    );
    assert_eq!(
        scene
            .outcome(with(by_range(query("SELECT * FROM d"), "0")))
            .await,
        (400, 0)
    );
    assert_eq!(scene.outcome(with(by_range(feed(), "0"))).await, (400, 0));
    assert_eq!(
        scene.outcome(with(by_range(query(text), "1"))).await,
        (400, 0)
    );
    let key = scene.container().items()[0]["pk"].to_string();
    assert_eq!(
        scene
            .outcome(with(by_key(query(text), &format!("[{key}]"))))
            .await,
        (400, 0)
    );
    scene.container().recreate();
    assert_eq!(
        scene.outcome(with(by_range(query(text), "0"))).await,
        (400, 0)
    );
}

#[tokio::test]
async fn pages_are_empty_and_ranges_gone_on_demand() {
    let scene = Scene::filled(1, 5);
    scene.container().empty_pages(2);
    for request in [
        by_range(feed(), "0"),
        by_range(query("SELECT * FROM c"), "0"),
    ] {
        scene.container().empty_pages(2);
        let sizes: Vec<usize> = scene.pages(request).await.iter().map(Vec::len).collect();
        assert_eq!(sizes, [0, 0, 5]);
    }
    scene.container().say_gone("0", 1007, 1);
    let gone = scene.send(by_range(feed(), "0")).await;
    assert_eq!(outcome(&gone), (410, 1007));
    assert_eq!(scene.outcome(by_range(feed(), "0")).await, (200, 0));
}
