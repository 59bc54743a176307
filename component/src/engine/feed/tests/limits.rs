//! How many partitions a feed asks, how many at a time, and how far ahead.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::json;

use super::backend::{World, values};
use crate::core::clock::MILLI;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query;
use crate::core::{ErrorKind, OperationOptions};
use crate::engine::Feed;
use crate::engine::testing::{Reply, Seen, Sim, at};

const PLAIN: &str = "SELECT * FROM c";
const COUNT: &str = "SELECT VALUE COUNT(1) FROM c";

fn open(world: &World, text: &str, options: FeedOptions) -> Feed<Sim> {
    let operation = FeedOperation::QueryItems(query::Query::new(at(), text));
    let none = OperationOptions::default();
    world.driver.feed(operation, options, none).unwrap()
}

fn ahead(prefetch: u32) -> FeedOptions {
    FeedOptions {
        prefetch: Some(prefetch),
        ..FeedOptions::default()
    }
}

/// The rows of the pages that are left.
fn rest(world: &World, feed: &mut Feed<Sim>) -> Vec<i64> {
    let mut rows = Vec::new();
    while let Some(page) = world.next(feed).unwrap() {
        rows.extend(values(&page));
    }
    rows
}

/// The partitions that were asked since the last look, by the moment.
fn moments(world: &World) -> Vec<String> {
    let mut moments: Vec<(u64, String)> = Vec::new();
    for seen in world.sim.item_requests() {
        let range = seen.header("x-ms-documentdb-partitionkeyrangeid");
        let Some(range) = range else { continue };
        match moments.last_mut() {
            Some((at, ranges)) if *at == seen.at => ranges.push_str(range),
            _ => moments.push((seen.at, range.to_owned())),
        }
    }
    moments.into_iter().map(|(_, ranges)| ranges).collect()
}

#[test]
fn a_query_of_too_many_partitions_is_refused_before_it_asks_them() {
    for (partitions, most, good) in [(100, None, true), (101, None, false), (4, Some(3), false)] {
        let world = World::new(partitions, 1, 9);
        world.plan(&json!({"aggregates": ["Count"], "hasSelectValue": true}));
        *world.backend.part.borrow_mut() = Some(json!([{"item": 1}]));
        for text in [PLAIN, COUNT] {
            let options = FeedOptions {
                max_fan_out: most,
                ..FeedOptions::default()
            };
            let mut feed = open(&world, text, options);
            let page = world.next(&mut feed);
            assert_eq!(page.is_ok(), good, "{partitions} {text}");
            if let Err(error) = page {
                assert_eq!(error.kind, ErrorKind::InvalidArgument);
                let status = (error.status, error.sub_status);
                assert_eq!(status, (Some(400), Some(20_118)));
                assert_eq!(world.page_requests(), 0);
            }
        }
    }
}

#[test]
fn splits_do_not_make_a_feed_too_wide() {
    let world = World::new(2, 9, 2);
    let two = FeedOptions {
        max_fan_out: Some(2),
        ..FeedOptions::default()
    };
    let mut feed = open(&world, PLAIN, two.clone());
    let first = values(&world.next(&mut feed).unwrap().unwrap());
    let continuation = feed.continuation().unwrap();
    world
        .backend
        .replace("1", &[("2", 120, 124), ("3", 124, 0xFF)]);
    let rows = [first.clone(), rest(&world, &mut feed)].concat();
    assert_eq!(rows, world.in_order());
    let resumed = FeedOptions {
        continuation,
        ..two
    };
    let rows = rest(&world, &mut open(&world, PLAIN, resumed));
    assert_eq!([first, rows].concat(), world.in_order());
}

#[test]
fn no_more_requests_than_allowed_are_under_way() {
    for most in [1, 3, 40] {
        let world = World::new(40, 1, 9);
        world.plan(&json!({"aggregates": ["Count"], "hasSelectValue": true}));
        *world.backend.part.borrow_mut() = Some(json!([{"item": 1}]));
        // Each takes another time, so that they do not land together.
        let latency = |number: usize| (1 + number as u64 % 7) * MILLI;
        let flights = Rc::new(std::cell::RefCell::new(Vec::<(u64, u64)>::new()));
        let log = Rc::clone(&flights);
        world.on(move |number, seen| {
            log.borrow_mut().push((seen.at, seen.at + latency(number)));
            let body = json!({"Documents": [[{"item": 1}]]}).to_string();
            Some(Reply::json(&body).after(latency(number)))
        });
        let options = FeedOptions {
            max_concurrency: Some(most),
            ..FeedOptions::default()
        };
        assert_eq!(rest(&world, &mut open(&world, COUNT, options)), [40]);
        let flights = flights.borrow();
        let under_way = |at: u64| {
            let flying = flights.iter().filter(|(from, to)| *from <= at && at < *to);
            flying.count()
        };
        let peak = flights.iter().map(|(from, _)| under_way(*from)).max();
        assert_eq!(peak, Some(most as usize));
        assert_eq!(flights.len(), 40);
    }
}

#[test]
fn nothing_is_asked_ahead_unless_wanted() {
    for (prefetch, expected) in [
        (0, &["0", "0", "1", "1", "2", "2"][..]),
        // What is there is not asked again.
        (1, &["01", "0", "12", "2"]),
        (2, &["012", "0", "1", "2"]),
        (9, &["012", "0", "1", "2"]),
    ] {
        let world = World::new(3, 4, 2);
        let rows = rest(&world, &mut open(&world, PLAIN, ahead(prefetch)));
        assert_eq!(rows, world.in_order(), "{prefetch}");
        assert_eq!(moments(&world), expected, "{prefetch}");
    }
}

#[test]
fn top_ten_asks_ahead_only_as_far_as_wanted() {
    let world = World::new(40, 4, 9);
    world.plan(&json!({"top": 10}));
    for (prefetch, pages) in [(0, 3), (1, 4), (4, 5)] {
        let options = ahead(prefetch);
        let rows = rest(&world, &mut open(&world, "SELECT TOP 10 * FROM c", options));
        assert_eq!(rows, world.in_order()[..10]);
        assert_eq!(world.page_requests(), pages, "{prefetch}");
    }
}

#[test]
fn what_was_asked_ahead_is_not_thrown_away() {
    let world = World::new(3, 2, 9);
    let slow = |seen: &Seen| seen.header("x-ms-documentdb-partitionkeyrangeid") == Some("2");
    world.on(move |_, seen| slow(seen).then(|| page_of(&[6, 7]).after(9 * MILLI)));
    let mut feed = open(&world, PLAIN, ahead(2));
    let page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&page).len(), 6);
    assert_eq!(page.diagnostics.request_count, 3 + 4);
    assert_eq!(world.next(&mut feed).unwrap(), None);
    assert_eq!(world.page_requests(), 3);
}

#[test]
fn nothing_more_is_asked_ahead_once_the_page_is_there() {
    let world = World::new(4, 1, 9);
    world.on(|number, _| (number == 1).then(|| page_of(&[7]).after(9 * MILLI)));
    let options = FeedOptions {
        max_concurrency: Some(2),
        ..ahead(3)
    };
    let mut feed = open(&world, PLAIN, options);
    let page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&page), [0, 7]);
    assert_eq!(world.page_requests(), 2);
    assert_eq!(rest(&world, &mut feed).len(), 2);
}

#[test]
fn a_failure_ahead_waits_until_it_matters() {
    let world = World::new(3, 2, 9);
    let refused = Rc::new(Cell::new(2));
    let left = Rc::clone(&refused);
    world.on(move |_, seen| {
        let second = seen.header("x-ms-documentdb-partitionkeyrangeid") == Some("1");
        (second && left.get() > 0).then(|| {
            left.set(left.get() - 1);
            Reply::status(403, 0)
        })
    });
    let mut feed = open(&world, PLAIN, ahead(2));
    let mut rows = values(&world.next(&mut feed).unwrap().unwrap());
    assert_eq!(rows, world.in_order()[..2]);
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    rows.extend(rest(&world, &mut feed));
    assert_eq!(rows, world.in_order());
    // The first and the last partition were asked once, as they had answered.
    assert_eq!(moments(&world).concat(), "01211");
}

#[test]
fn a_deadline_gives_the_rows_that_are_there() {
    let world = World::new(2, 2, 9);
    world.on(|number, _| (number == 1).then(Reply::silence));
    let operation = FeedOperation::QueryItems(query::Query::new(at(), PLAIN));
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(1_000),
        ..OperationOptions::default()
    };
    let mut feed = world.driver.feed(operation, ahead(1), options).unwrap();
    let first = values(&world.next(&mut feed).unwrap().unwrap());
    assert_eq!(first, world.in_order()[..2]);
    assert_eq!([first, rest(&world, &mut feed)].concat(), world.in_order());
}

#[test]
fn splits_ahead_lose_and_repeat_nothing() {
    for at in 0..8 {
        let world = World::new(3, 6, 2);
        let backend = Rc::clone(&world.backend);
        world.on(move |number, _| {
            if number == at {
                backend.replace("1", &[("3", 80, 83), ("4", 83, 160)]);
            }
            None
        });
        let rows = rest(&world, &mut open(&world, PLAIN, ahead(2)));
        assert_eq!(rows, world.in_order(), "{at}");
    }
}

#[test]
fn feeds_of_one_query_that_are_opened_at_once_ask_for_one_plan() {
    let world = World::new(2, 2, 9);
    world.plan(&json!({"top": 3}));
    let top = || open(&world, "SELECT TOP 3 * FROM c", FeedOptions::default());
    let (mut one, mut other) = (top(), top());
    let both = futures_util::future::join(one.next_page(), other.next_page());
    let (first, second) = world.sim.run(both);
    for page in [first, second] {
        assert_eq!(values(&page.unwrap().unwrap()), world.in_order()[..2]);
    }
    let asked = world.asked();
    assert_eq!(
        asked.iter().filter(|line| *line == "plan").count(),
        1,
        "{asked:?}"
    );
    // Another query is another plan; and both are kept.
    let mut third = open(&world, "SELECT TOP 2 * FROM c", FeedOptions::default());
    let both = futures_util::future::join(third.next_page(), one.next_page());
    let (page, _) = world.sim.run(both);
    assert_eq!(values(&page.unwrap().unwrap()).len(), 2);
    assert_eq!(rest(&world, &mut top()), world.in_order()[..3]);
    let asked = world.asked();
    assert_eq!(
        asked.iter().filter(|line| *line == "plan").count(),
        1,
        "{asked:?}"
    );
}

#[test]
fn who_waits_for_a_plan_gets_it_when_the_one_who_asked_has_gone() {
    let world = World::new(1, 2, 9);
    world.plan(&json!({"top": 2}));
    let top = || open(&world, "SELECT TOP 2 * FROM c", FeedOptions::default());
    // The account, the container.
    world.pages(super::backend::query(PLAIN));
    world.asked();
    let (mut first, mut second) = (top(), top());
    let mut waits = Box::pin(second.next_page());
    {
        let mut asks = Box::pin(first.next_page());
        assert!(crate::engine::testing::poll(asks.as_mut()).is_pending());
        assert!(crate::engine::testing::poll(waits.as_mut()).is_pending());
    }
    let page = world.sim.run(waits).unwrap().unwrap();
    assert_eq!(values(&page), world.in_order());
    assert_eq!(world.asked(), ["plan", "p0"]);
}

fn page_of(rows: &[i64]) -> Reply {
    let documents: Vec<_> = rows.iter().map(|row| json!({"v": row})).collect();
    let body = json!({"Documents": documents}).to_string();
    Reply::json(&body)
}
