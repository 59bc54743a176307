//! Errors, allowances, and what feeds hold.

use cosmosdb_driver_host::types::{
    ErrorKind, FeedOptions, FeedScope, KeyComponent, OperationOptions, QueryItems, QueryParameter,
};
use cosmosdb_driver_host::{Error, Options};
use host_tests::gateway::Direction::Ascending;
use host_tests::gateway::{Aggregate, Effect, Plan};
use host_tests::scripted::{Gate, Seen};
use serde_json::json;

use super::stock::{BIG, bag, range_text, values};
use super::{Scene, everywhere, is_page, of_key, paged, parameter, query, rows};
use crate::build::container;
use crate::face::Face;

on_every_face!(
    a_throttled_range_is_asked_again,
    an_error_comes_after_the_rows_before_it,
    the_service_has_the_last_word_on_a_text,
    what_cannot_be_asked_is_refused_at_once,
    spent_request_units_end_a_page,
    a_deadline_ends_a_page,
    feeds_that_are_dropped_release_what_they_hold,
    a_feed_outlives_its_driver,
);

const PLAIN: &str = "SELECT * FROM c";
const SORTED: &str = "SELECT * FROM c ORDER BY c.n";
const COUNT: &str = "SELECT VALUE COUNT(1) FROM c";

async fn scene(face: Face, ranges: u32) -> Scene {
    let scene = Scene::new(face, ranges).await;
    scene.fill(60);
    let sorted = Plan::all().order_by("c.n", Ascending);
    scene.gateway.register(SORTED, sorted);
    let count = Plan::value(Aggregate::Count.of("1"));
    scene.gateway.register(COUNT, count);
    scene
}

/// A page of this range.
fn of_range(id: &'static str) -> impl Fn(&Seen) -> bool + Send + 'static {
    move |seen| is_page(seen) && seen.header("x-ms-documentdb-partitionkeyrangeid") == Some(id)
}

/// A page of this range that goes on after another.
fn further_of(id: &'static str) -> impl Fn(&Seen) -> bool + Send + 'static {
    move |seen| of_range(id)(seen) && seen.header("x-ms-continuation").is_some()
}

fn upward(least: u64, most: u64) -> Vec<u64> {
    (least..=most).collect()
}

async fn a_throttled_range_is_asked_again(face: Face) {
    let mut scene = scene(face, 4).await;
    let throttled = || Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1");
    for (text, all) in [(SORTED, upward(0, 59)), (COUNT, vec![60])] {
        scene.read(everywhere(text), FeedOptions::default()).await;
        let calm = scene.asked().len();
        scene.gateway.clear();
        let rule = scene.gateway.on(2, of_range("1"), throttled());
        let feed = scene.open(everywhere(text), FeedOptions::default()).await;
        let page = scene.next(&feed).await;
        match text {
            COUNT => assert_eq!(rows(&page), all),
            _ => assert_eq!(values(&rows(&page), "n"), all),
        }
        assert_eq!(rule.hits(), 2);
        // The plan is known, and there are two more.
        assert_eq!(scene.asked().len(), calm - 1 + 2);
        let attempts = page.diagnostics.attempts.iter();
        let refused = attempts.filter(|attempt| attempt.status == Some(429));
        assert_eq!(refused.count(), 2);
        scene.gateway.clear();
    }
}

async fn an_error_comes_after_the_rows_before_it(face: Face) {
    let mut scene = scene(face, 4).await;
    scene.container().page_size(Some(4));
    for text in [PLAIN, SORTED] {
        let forbidden = Effect::refuse(403, 0);
        scene.gateway.on(1, further_of("1"), forbidden);
        let feed = scene.open(everywhere(text), paged(50)).await;
        let (mut found, mut errors, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            match scene.try_next(&feed).await {
                Ok(page) if page.status == 204 => break,
                Ok(page) => found.extend(rows(&page)),
                Err(Error::Driver(error)) => {
                    errors.push((error.kind, error.status));
                    tokens.push((found.len(), scene.driver.continuation(&feed).await));
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(errors, [(ErrorKind::Forbidden, Some(403))], "{text}");
        assert_eq!(found.len(), 60, "the feed went on");
        assert_eq!(bag(&found), bag(&scene.stock()));
        let (given, token) = tokens.remove(0);
        assert!(given > 0, "the rows before it came first");
        let options = FeedOptions {
            continuation: token.unwrap(),
            ..paged(50)
        };
        let rest = scene.read(everywhere(text), options).await;
        assert_eq!(rest, found[given..]);
    }
}

async fn the_service_has_the_last_word_on_a_text(face: Face) {
    let mut scene = scene(face, 4).await;
    let key = |text: &str| of_key(text, BIG);
    for asked in [
        everywhere("SELEC * FROM c"),
        everywhere(""),
        everywhere("SELECT * FROM c WHERE \u{0} '😀 unknown"),
        everywhere("SELECT c.a FROM c WHERE unknown"),
        everywhere(&"SELECT (".repeat(2_000)),
        key("SELEC * FROM c"),
        key("SELECT MAX(c.unknown) FROM c"),
        key(""),
    ] {
        let text: String = asked.text.chars().take(40).collect();
        let feed = scene.open(asked, paged(5)).await;
        for _ in 0..2 {
            let error = scene.fails(&feed).await;
            let outcome = (error.kind, error.status);
            assert_eq!(outcome, (ErrorKind::InvalidArgument, Some(400)), "{text}");
            let words = "SC1001: Syntax error, or no test has registered this query.";
            assert!(error.message.contains(words), "{}", error.message);
        }
        scene.driver.release(feed).await.unwrap();
    }
    works(&mut scene).await;
}

async fn works(scene: &mut Scene) {
    let found = scene.read(everywhere(SORTED), paged(9)).await;
    assert_eq!(values(&found, "n"), upward(0, 59));
}

async fn what_cannot_be_asked_is_refused_at_once(face: Face) {
    let mut scene = scene(face, 4).await;
    let ranged = |text: &str| query(PLAIN, FeedScope::Range(text.to_owned()));
    let with = |parameter: QueryParameter| QueryItems {
        parameters: vec![parameter],
        ..everywhere(PLAIN)
    };
    let raw = |value: &[u8]| QueryParameter {
        name: "@a".to_owned(),
        value: value.to_vec(),
    };
    let none = |rows, requests| FeedOptions {
        max_item_count: rows,
        max_concurrency: requests,
        ..FeedOptions::default()
    };
    let keyed = |key: Vec<KeyComponent>| query(PLAIN, FeedScope::Key(key));
    let usual = FeedOptions::default;
    let good = parameter("@a", &json!({ "b": [1] }));
    let cases = [
        (ranged(""), usual()),
        (ranged("nonsense"), usual()),
        (ranged("e30="), usual()),
        (ranged(&range_text("40", "40")), usual()),
        (ranged(&range_text("40", "20")), usual()),
        (ranged(&range_text("", "FFFF")), usual()),
        (ranged(&range_text("xy", "FF")), usual()),
        (ranged(&"A".repeat(100_000)), usual()),
        (with(raw(b"")), usual()),
        (with(raw(b"{")), usual()),
        (with(raw(b"\"\xFF\"")), usual()),
        (with(raw(b"1 2")), usual()),
        (keyed(Vec::new()), usual()),
        (with(good.clone()), none(Some(0), None)),
        (with(good), none(None, Some(0))),
    ];
    for (number, (asked, options)) in cases.into_iter().enumerate() {
        let opened = scene.try_open(asked, options, OperationOptions::default());
        let error = super::error_of(opened.await);
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "case {number}");
        assert!(!error.message.is_empty());
    }
    assert!(scene.gateway.requests().is_empty(), "nothing was sent");

    // What only the container's definition tells is refused by the first page.
    let number = |value| keyed(vec![KeyComponent::Number(value)]);
    let two = vec![KeyComponent::Null, KeyComponent::Null];
    for asked in [number(f64::NAN), keyed(two), elsewhere()] {
        let opened = scene.try_open(asked, usual(), OperationOptions::default());
        let error = match opened.await {
            Ok(feed) => scene.fails(&feed).await,
            Err(error) => super::error_of::<()>(Err(error)),
        };
        let kinds = [ErrorKind::InvalidArgument, ErrorKind::NotFound];
        assert!(kinds.contains(&error.kind), "{error:?}");
    }
    assert!(scene.asked().is_empty(), "no page was asked for");
    works(&mut scene).await;
}

/// Of a container that is not there.
fn elsewhere() -> QueryItems {
    QueryItems {
        container: container("nowhere", "none"),
        ..everywhere(PLAIN)
    }
}

async fn spent_request_units_end_a_page(face: Face) {
    let mut scene = scene(face, 40).await;
    let thrifty = OperationOptions {
        ru_budget: Some(20.0),
        ..OperationOptions::default()
    };
    for (text, all) in [(SORTED, 60), (COUNT, 1), (PLAIN, 60)] {
        let opened = scene.try_open(everywhere(text), paged(60), thrifty.clone());
        let feed = opened.await.unwrap();
        let (mut found, mut calls) = (Vec::new(), 0);
        loop {
            let page = scene.next(&feed).await;
            if page.status == 204 {
                break;
            }
            calls += 1;
            // What was under way when it was spent is not thrown away.
            assert!(
                page.diagnostics.request_charge <= 20.0 + 32.0 * 2.5,
                "{text}"
            );
            found.extend(rows(&page));
            if text != COUNT && found.len() < all {
                let token = scene.driver.continuation(&feed).await.unwrap();
                let options = FeedOptions {
                    continuation: Some(token.unwrap()),
                    ..paged(100)
                };
                let rest = scene.read(everywhere(text), options).await;
                assert_eq!(found.len() + rest.len(), all, "{text}");
            }
        }
        assert_eq!(found.len(), all, "{text}");
        assert!(calls > 1, "{text} in one page");
    }
}

async fn a_deadline_ends_a_page(face: Face) {
    let mut scene = scene(face, 4).await;
    scene.container().page_size(Some(4));
    let hasty = OperationOptions {
        end_to_end_timeout_ms: Some(1_500),
        ..OperationOptions::default()
    };
    let gate = Gate::new();
    scene.gateway.on(1, further_of("1"), Effect::after(&gate));
    let opened = scene.try_open(everywhere(SORTED), paged(60), hasty.clone());
    let feed = opened.await.unwrap();
    let first = rows(&scene.next(&feed).await);
    assert!(!first.is_empty() && first.len() < 60, "{}", first.len());
    let token = scene.driver.continuation(&feed).await.unwrap().unwrap();
    gate.open();
    let rest = scene.pages(&feed).await.concat();
    assert_eq!(values(&[first.clone(), rest].concat(), "n"), upward(0, 59));
    let options = FeedOptions {
        continuation: Some(token),
        ..paged(60)
    };
    let rest = scene.read(everywhere(SORTED), options).await;
    assert_eq!(values(&[first, rest].concat(), "n"), upward(0, 59));

    // Without any rows it is an error, and the next call goes on.
    let gate = Gate::new();
    scene.gateway.on(1, of_range("0"), Effect::after(&gate));
    let opened = scene.try_open(everywhere(SORTED), paged(60), hasty);
    let feed = opened.await.unwrap();
    let error = scene.fails(&feed).await;
    assert_eq!(
        (error.kind, error.sub_status),
        (ErrorKind::Timeout, Some(20_008))
    );
    gate.open();
    let all = scene.pages(&feed).await.concat();
    assert_eq!(values(&all, "n"), upward(0, 59));
}

/// In an instance that has room for what a few of them hold.
async fn feeds_that_are_dropped_release_what_they_hold(face: Face) {
    let tight = Options {
        max_memory: 5 << 20,
        ..Options::default()
    };
    let mut scene = Scene::with(face, 4, tight, |config| config).await;
    let filling = "x".repeat(4_000);
    for n in 0..60 {
        let document = json!({ "id": n.to_string(), "pk": n, "n": n, "filling": filling });
        scene.container().put(document);
    }
    let sorted = Plan::all().order_by("c.n", Ascending);
    scene.gateway.register(SORTED, sorted);
    for number in 0..200 {
        // A page of each range is held.
        let feed = scene.open(everywhere(SORTED), paged(2)).await;
        assert_eq!(rows(&scene.next(&feed).await).len(), 2, "feed {number}");
        scene.driver.release(feed).await.unwrap();
    }
    let found = scene.read(everywhere(SORTED), paged(9)).await;
    assert_eq!(values(&found, "n"), upward(0, 59));
}

async fn a_feed_outlives_its_driver(face: Face) {
    let mut scene = scene(face, 4).await;
    let feed = scene.open(everywhere(SORTED), paged(9)).await;
    let first = rows(&scene.next(&feed).await);
    scene.driver.close().await.unwrap();
    let usual = OperationOptions::default();
    let refused = scene.try_open(everywhere(PLAIN), paged(9), usual).await;
    assert_eq!(super::error_of(refused).kind, ErrorKind::Closed);
    let rest = scene.pages(&feed).await.concat();
    assert_eq!(values(&[first, rest].concat(), "n"), upward(0, 59));
}
