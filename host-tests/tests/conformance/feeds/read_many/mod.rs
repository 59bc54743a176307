//! Many items at once: in how few requests, and in which order.

mod ends;
mod moves;

use std::collections::BTreeSet;

use cosmosdb_driver_host::types::{ErrorKind, FeedOptions, KeyComponent, ReadManyInput};
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use crate::build::{json as parse, text};
use crate::face::Face;
use crate::feeds::scene::{
    Scene, assert_each_once, ids, item_id, items, line, many, numbers, paged, rows,
};

on_every_face!(
    a_thousand_items_are_one_query_for_each_partition,
    a_query_asks_for_a_thousand_items_at_most,
    an_item_alone_in_its_partition_is_a_point_read,
    what_does_not_exist_is_left_out,
    input_order_shows_misses_and_duplicates,
    all_count_keys_and_of_their_beginnings,
    values_that_no_list_can_hold,
    where_the_key_is_the_id_it_may_be_left_out_but_not_differ,
    a_session_token_goes_along,
);

/// The values of a query's parameters.
fn parameters(seen: &Seen) -> Vec<Value> {
    let body = parse(&seen.body);
    let parameters = body["parameters"].as_array().unwrap().iter();
    parameters.map(|one| one["value"].clone()).collect()
}

fn text_of(seen: &Seen) -> String {
    parse(&seen.body)["query"].as_str().unwrap().to_owned()
}

async fn a_thousand_items_are_one_query_for_each_partition(face: Face) {
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(1000);
        scene.container().page_size(Some(1000));
        let pages = scene.all(items(0..1000), FeedOptions::default()).await;
        assert_each_once(&pages, 0..1000);
        let [page] = &*pages else {
            panic!("one page, not {}", pages.len())
        };
        let asked = scene.asked();
        let places: BTreeSet<String> = asked.iter().map(line).collect();
        assert_eq!((asked.len(), places.len()), (ranges as usize, asked.len()));
        for seen in &asked {
            let range = seen.header("x-ms-documentdb-partitionkeyrangeid");
            assert_eq!(
                seen.header("x-ms-documentdb-query-enablecrosspartition"),
                Some("True")
            );
            for value in parameters(seen) {
                let is_key = value.as_str().is_some_and(|text| text.starts_with('k'));
                let own = is_key.then(|| scene.container().range_of(&[value]));
                assert!(own.is_none() || own.as_deref() == range, "of its own alone");
            }
        }
        // One record of all of it: queries, and what the driver had to learn first.
        let record = &page.diagnostics;
        assert_eq!(record.operation_name, "read_many_items");
        assert_eq!(
            record.request_count as usize,
            scene.gateway.requests().len()
        );
        assert_eq!(record.request_charge, page.headers.request_charge);
        if record.omitted_attempts == 0 {
            let charges = record.attempts.iter().map(|one| one.request_charge);
            assert!((charges.sum::<f64>() - record.request_charge).abs() < 1e-6);
        }
        let queries = 2.5 * f64::from(ranges);
        assert!(record.request_charge >= queries, "{record:?}");
        assert!(page.headers.session_token.is_some());
    }
}

async fn a_query_asks_for_a_thousand_items_at_most(face: Face) {
    let mut scene = Scene::new(face, 1).await.warm().await;
    for n in [0, 999, 1000, 2499] {
        scene.put(n, &format!("k{n}"));
    }
    let pages = scene.all(items(0..2500), FeedOptions::default()).await;
    let mut found = numbers(&pages);
    found.sort_unstable();
    assert_eq!(found, [0, 999, 1000, 2499]);
    let mut asked: Vec<usize> = scene
        .asked()
        .iter()
        .map(|seen| parameters(seen).len())
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, [1000, 2000, 2000], "an id and a key for each");
}

/// As many numbers of items as wanted that lie in this partition.
fn some_of(scene: &Scene, range: &str, count: usize) -> Vec<i64> {
    let all = (0..).filter(|n| scene.range_of(*n) == range);
    all.take(count).collect()
}

async fn an_item_alone_in_its_partition_is_a_point_read(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(100);
    for n in [0, 7] {
        scene.gateway.clear();
        let pages = scene.all(items([n]), FeedOptions::default()).await;
        assert_eq!(numbers(&pages), [n]);
        assert_eq!(scene.trace(), [format!("read {n}")]);
        assert_eq!(scene.gateway.requests().len(), 1);
        assert_eq!(pages[0].diagnostics.request_count, 1);
    }
    // One, five and two: a read and two queries.
    let one = some_of(&scene, "0", 1);
    let mut all = one.clone();
    all.extend(some_of(&scene, "1", 5));
    all.extend(some_of(&scene, "3", 2));
    scene.gateway.clear();
    let pages = scene.all(items(all.clone()), FeedOptions::default()).await;
    let mut found = numbers(&pages);
    let mut expected = all;
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let mut trace = scene.trace();
    trace.sort_unstable();
    let read = format!("read {}", one[0]);
    assert_eq!(trace, ["query 1", "query 3", read.as_str()]);
    assert_eq!(pages[0].diagnostics.request_count, 3);
    assert_eq!(pages[0].headers.request_charge, 2.5 + 2.5 + 1.0);
}

async fn what_does_not_exist_is_left_out(face: Face) {
    for ranges in [1, 4, 40] {
        let mut scene = Scene::new(face, ranges).await.warm().await;
        scene.fill(10);
        for (wanted, expected) in [
            (vec![900], vec![]),
            (vec![3, 900, 5, 901, 902], vec![3, 5]),
            (vec![900, 901, 902, 903, 904], vec![]),
        ] {
            let pages = scene.all(items(wanted), FeedOptions::default()).await;
            let mut found = numbers(&pages);
            found.sort_unstable();
            assert_eq!(found, expected);
            assert!(!pages.is_empty(), "what was asked is told");
            assert!(pages[0].diagnostics.request_count > 0);
        }
    }
}

async fn input_order_shows_misses_and_duplicates(face: Face) {
    for ranges in [1, 4, 40] {
        let mut scene = Scene::new(face, ranges).await.warm().await;
        scene.fill(5);
        let wanted = [3, 900, 1, 3, 2, 900];
        let pages = scene.all(many(ids(wanted), true), paged(4)).await;
        let sizes: Vec<usize> = pages.iter().map(|page| rows(page).len()).collect();
        assert_eq!(sizes, [4, 2]);
        let found = pages.iter().flat_map(rows).map(|row| row["n"].as_i64());
        let expected = wanted.map(|n| Some(n).filter(|n| *n < 5));
        assert_eq!(found.collect::<Vec<_>>(), expected);
        // Each is asked for once.
        let asked = scene.asked();
        let queried = asked.iter().filter(|seen| line(seen).starts_with("query"));
        let ids = queried.flat_map(parameters);
        let ids = ids.filter(|id| id.as_str().is_some_and(|id| !id.starts_with('k')));
        let reads = asked.iter().filter(|seen| line(seen).starts_with("read"));
        assert_eq!(ids.count() + reads.count(), 4);

        let pages = scene.all(items(wanted), FeedOptions::default()).await;
        assert_each_once(&pages, 1..4);
    }
}

async fn all_count_keys_and_of_their_beginnings(face: Face) {
    for ranges in [4, 40] {
        let key = ["/tenant", "/user"];
        let mut scene = Scene::with(face, ranges, &key, |config| config).await;
        for n in 0..20 {
            let (tenant, user) = (format!("t{}", n / 5), format!("u{}", n % 5));
            let document = json!({ "id": n.to_string(), "tenant": tenant, "user": user, "n": n });
            scene.container().put(document);
        }
        let key = |parts: &[&str]| parts.iter().flat_map(|part| text(part)).collect();
        for (keys, expected) in [
            (vec![key(&["t1"])], vec![5, 6, 7, 8, 9]),
            (vec![key(&["t1", "u2"])], vec![7]),
            (
                vec![key(&["t0", "u4"]), key(&["t1"])],
                vec![4, 5, 6, 7, 8, 9],
            ),
            (
                vec![key(&["t1"]), key(&["t1", "u1"]), key(&["t1"])],
                vec![5, 6, 7, 8, 9],
            ),
            (vec![key(&["t9"]), key(&["t0", "u9"])], vec![]),
        ] {
            scene.gateway.clear();
            let operation = many(ReadManyInput::Keys(keys), false);
            let pages = scene.all(operation, FeedOptions::default()).await;
            let mut found = numbers(&pages);
            found.sort_unstable();
            assert_eq!(found, expected);
            let trace = scene.trace();
            let queries = trace.iter().filter(|line| line.starts_with("query"));
            assert_eq!(
                queries.count(),
                trace.len(),
                "how many there are is not known"
            );
        }
        // Items by id have complete keys.
        let short = item_id("1", key(&["t0"]));
        let operation = many(ReadManyInput::Items(vec![short]), false);
        let error = scene.refused(operation, FeedOptions::default()).await;
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error:?}");
    }
}

async fn values_that_no_list_can_hold(face: Face) {
    for ranges in [1, 4] {
        let mut scene = Scene::new(face, ranges).await;
        let documents = [
            json!({ "id": "0", "n": 0 }),
            json!({ "id": "1", "pk": null, "n": 1 }),
            json!({ "id": "2", "pk": 5, "n": 2 }),
            json!({ "id": "3", "pk": true, "n": 3 }),
            json!({ "id": "4", "pk": "\"é\\", "n": 4 }),
            json!({ "id": "5", "pk": "nobody", "n": 5 }),
        ];
        let keys = [
            KeyComponent::Undefined,
            KeyComponent::Null,
            KeyComponent::Number(5.0),
            KeyComponent::Boolean(true),
            KeyComponent::Text("\"é\\".to_owned()),
        ];
        for document in documents {
            scene.container().put(document);
        }
        let by_key = keys.iter().map(|key| vec![key.clone()]).collect();
        let by_id = keys.iter().enumerate();
        let by_id = by_id.map(|(n, key)| item_id(&n.to_string(), vec![key.clone()]));
        for input in [
            ReadManyInput::Keys(by_key),
            ReadManyInput::Items(by_id.collect()),
        ] {
            let pages = scene.all(many(input, false), FeedOptions::default()).await;
            assert_each_once(&pages, 0..5);
        }
    }
}

async fn where_the_key_is_the_id_it_may_be_left_out_but_not_differ(face: Face) {
    let scene = Scene::with(face, 2, &["/id"], |config| config).await;
    let mut scene = scene;
    for n in 0..6 {
        scene
            .container()
            .put(json!({ "id": n.to_string(), "n": n }));
    }
    let without = (0..6).map(|n: i64| item_id(&n.to_string(), Vec::new()));
    let with = (0..6).map(|n: i64| item_id(&n.to_string(), text(&n.to_string())));
    for input in [without.collect(), with.collect()] {
        scene.gateway.clear();
        let operation = many(ReadManyInput::Items(input), false);
        let pages = scene.all(operation, FeedOptions::default()).await;
        assert_each_once(&pages, 0..6);
        let asked = scene.asked();
        assert!(asked.len() <= 2);
        for seen in asked.iter().filter(|seen| line(seen).starts_with("query")) {
            let (query, ids) = (text_of(seen), parameters(seen));
            assert!(
                query.contains(" IN (") && !query.contains(" OR "),
                "{query}"
            );
            assert!(ids.len() > 1);
        }
    }
    scene.gateway.clear();
    let input = vec![item_id("1", text("1")), item_id("2", text("other"))];
    let operation = many(ReadManyInput::Items(input), false);
    let error = scene.refused(operation, FeedOptions::default()).await;
    assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error:?}");
    assert!(error.message.contains("the key is the id"), "{error:?}");
    assert!(scene.gateway.requests().is_empty(), "nothing is sent");
}

async fn a_session_token_goes_along(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(20);
    let options = FeedOptions {
        session_token: Some("0:1#7#1=7".to_owned()),
        ..FeedOptions::default()
    };
    for count in [20, 1] {
        scene.gateway.clear();
        scene.all(items(0..count), options.clone()).await;
        let asked = scene.asked();
        assert!(!asked.is_empty());
        for seen in asked {
            assert_eq!(seen.header("x-ms-session-token"), Some("0:1#7#1=7"));
        }
    }
}
