//! Errors, budgets, deadlines, and calls that are dropped.

use std::pin::pin;

use serde_json::json;

use super::backend::{Query, World, query, values};
use crate::core::clock::{MILLI, SECOND};
use crate::core::{ErrorKind, OperationOptions};
use crate::engine::Feed;
use crate::engine::testing::{Reply, Sim, poll};

const PLAIN: &str = "SELECT * FROM c";
const SORTED: &str = "SELECT * FROM c ORDER BY c.v";

fn with(world: &World, query: Query, change: impl FnOnce(&mut OperationOptions)) -> Feed<Sim> {
    let mut options = OperationOptions::default();
    change(&mut options);
    query.open(&world.driver, options).unwrap()
}

/// The rows of all pages that are left.
fn rest(world: &World, feed: &mut Feed<Sim>) -> Vec<i64> {
    let mut rows = Vec::new();
    while let Some(page) = world.next(feed).unwrap() {
        rows.extend(values(&page));
    }
    rows
}

#[test]
fn a_throttled_leaf_is_asked_again() {
    let world = World::new(3, 2, 9);
    world.sort(json!({}));
    let throttled = || Reply::status(429, 3200).with("x-ms-retry-after-ms", "20");
    world.on(move |number, _| (number == 1).then(throttled));
    let mut feed = world.feed(query(SORTED));
    let page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&page), [0, 1, 2, 3, 4, 5]);
    assert_eq!(world.page_requests(), 4);
    assert_eq!(page.request_charge, 6.0);
    let statuses = page
        .diagnostics
        .attempts
        .iter()
        .map(|attempt| attempt.status);
    assert_eq!(statuses.filter(|status| *status == Some(429)).count(), 1);
}

#[test]
fn an_error_comes_after_the_rows_before_it_and_the_feed_goes_on() {
    let world = World::new(2, 6, 2);
    world.sort(json!({}));
    let forbidden = || Reply::status(403, 0);
    world.on(move |number, _| (number == 3).then(forbidden));
    let mut feed = world.feed(query(SORTED));
    let mut rows = values(&world.next(&mut feed).unwrap().unwrap());
    assert!(!rows.is_empty() && rows.len() < 12, "{rows:?}");
    let resumed = feed.continuation().unwrap();
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::Forbidden, Some(403))
    );
    let begun = rows.len() as i64;
    rows.extend(rest(&world, &mut feed));
    assert_eq!(rows, (0..12).collect::<Vec<_>>());
    // Or from where the rows ended.
    let mut feed = world.feed(Query {
        continuation: resumed,
        ..query(SORTED)
    });
    assert_eq!(rest(&world, &mut feed), (begun..12).collect::<Vec<_>>());
}

#[test]
fn an_error_without_rows_is_the_answer() {
    let world = World::new(2, 3, 9);
    let syntax = || Reply {
        result: Ok((
            400,
            Vec::new(),
            r#"{"code":"BadRequest","message":"SC1001"}"#.to_owned(),
        )),
        ..Reply::status(400, 0)
    };
    world.on(move |number, _| (number == 1).then(syntax));
    let mut feed = world.feed(query(PLAIN));
    let first = values(&world.next(&mut feed).unwrap().unwrap());
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("SC1001"));
    assert_eq!(error.diagnostics.unwrap().request_count, 1);
    let rows = [first, rest(&world, &mut feed)].concat();
    assert_eq!(rows, world.in_order());
}

#[test]
fn rows_that_make_no_sense_end_the_feed() {
    let world = World::new(2, 3, 9);
    world.on(|number, _| (number == 1).then(|| Reply::json("[]")));
    let mut feed = world.feed(query(PLAIN));
    world.next(&mut feed).unwrap();
    for _ in 0..2 {
        let error = world.next(&mut feed).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Service);
    }
    assert!(feed.continuation().is_err());
}

#[test]
fn a_plan_that_is_refused_is_asked_for_again() {
    let world = World::new(1, 3, 9);
    *world.backend.plan.borrow_mut() = json!({});
    let mut feed = world.feed(query(SORTED));
    assert_eq!(world.next(&mut feed).unwrap_err().kind, ErrorKind::Service);
    world.sort(json!({}));
    assert_eq!(rest(&world, &mut feed), [0, 1, 2]);
}

#[test]
fn a_call_that_is_dropped_takes_its_requests_with_it() {
    for sorted in [false, true] {
        let world = World::new(3, 4, 2);
        if sorted {
            world.sort(json!({}));
        }
        let mut feed = world.feed(Query {
            max_item_count: Some(2),
            ..query(if sorted { SORTED } else { PLAIN })
        });
        let mut rows = Vec::new();
        for polls in 0..40 {
            {
                let mut call = pin!(feed.next_page());
                for _ in 0..polls % 4 {
                    if let std::task::Poll::Ready(page) = world.sim.step(call.as_mut()) {
                        rows.extend(page.unwrap().map(|page| values(&page)).unwrap_or_default());
                        break;
                    }
                }
            }
            world.sim.pass(MILLI);
        }
        rows.extend(rest(&world, &mut feed));
        let expected: Vec<i64> = match sorted {
            true => (0..12).collect(),
            false => world.in_order(),
        };
        assert_eq!(rows, expected, "sorted {sorted}");
    }
}

#[test]
fn the_account_is_read_again_beside_a_page_which_does_not_wait_for_it() {
    let world = World::new(3, 1, 9);
    let mut feed = world.feed(query(PLAIN));
    let mut rows = values(&world.next(&mut feed).unwrap().unwrap());
    world.sim.seen();
    world.sim.pass(3_600 * SECOND);
    let begun = crate::engine::World::now(&world.sim);
    let page = world.next(&mut feed).unwrap().unwrap();
    rows.extend(values(&page));
    assert_eq!(world.asked(), ["p1", "account"]);
    assert_eq!(crate::engine::World::now(&world.sim) - begun, MILLI);
    rows.extend(rest(&world, &mut feed));
    assert_eq!(rows, world.in_order());
}

#[test]
fn nothing_is_sent_before_the_first_page_or_after_a_drop() {
    let world = World::new(1, 1, 9);
    let mut feed = world.feed(query(PLAIN));
    drop(feed.next_page());
    assert!(world.sim.seen().is_empty());
    assert!(poll(pin!(feed.next_page())).is_pending());
    assert_eq!(world.asked(), ["account"]);
    world.driver.close();
    assert_eq!(rest(&world, &mut feed), [0]);
    let closed = query(PLAIN).open(&world.driver, OperationOptions::default());
    assert_eq!(closed.err().unwrap().kind, ErrorKind::Closed);
}

#[test]
fn spent_request_units_end_a_page() {
    let world = World::new(40, 1, 9);
    world.plan(&json!({"aggregates": ["Count"], "hasSelectValue": true}));
    *world.backend.part.borrow_mut() = Some(json!([{"item": 1}]));
    let mut feed = with(&world, query("SELECT VALUE COUNT(1) FROM c"), |options| {
        options.ru_budget = Some(5.0);
    });
    let first = world.next(&mut feed).unwrap().unwrap();
    assert!(values(&first).is_empty());
    // Those that were under way are not thrown away.
    assert_eq!(first.request_charge, 2.0 * 34.0);
    assert_eq!(rest(&world, &mut feed), [40]);
    assert_eq!(world.page_requests(), 40);
}

#[test]
fn a_deadline_ends_a_page_with_the_rows_there_are() {
    let world = World::new(2, 6, 2);
    world.sort(json!({}));
    let slow = || Reply::silence();
    world.on(move |number, _| (number == 3).then(slow));
    let mut feed = with(&world, query(SORTED), |options| {
        options.end_to_end_timeout_ms = Some(1_000);
    });
    let begun = crate::engine::World::now(&world.sim);
    let first = values(&world.next(&mut feed).unwrap().unwrap());
    assert!(!first.is_empty() && first.len() < 12);
    assert!(crate::engine::World::now(&world.sim) - begun <= SECOND);
    let rows = [first, rest(&world, &mut feed)].concat();
    assert_eq!(rows, (0..12).collect::<Vec<_>>());
}

#[test]
fn a_deadline_without_rows_is_an_error() {
    let world = World::new(1, 2, 9);
    world.on(|number, _| (number == 0).then(Reply::silence));
    let mut feed = with(&world, query(PLAIN), |options| {
        options.end_to_end_timeout_ms = Some(1_000);
    });
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(
        (error.kind, error.sub_status),
        (ErrorKind::Timeout, Some(20_008))
    );
    assert!(error.diagnostics.unwrap().request_count > 0);
    assert_eq!(rest(&world, &mut feed), world.in_order());
}

#[test]
fn what_cannot_be_sent_is_refused_at_once() {
    let world = World::new(1, 1, 9);
    let none = Query {
        max_item_count: Some(0),
        ..query(PLAIN)
    };
    let refused = none.open(&world.driver, OperationOptions::default());
    assert_eq!(refused.err().unwrap().kind, ErrorKind::InvalidArgument);
    let options = OperationOptions {
        ru_budget: Some(0.0),
        ..OperationOptions::default()
    };
    assert!(query(PLAIN).open(&world.driver, options).is_err());
}
