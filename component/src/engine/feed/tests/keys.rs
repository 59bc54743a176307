//! Queries of one partition key.

use serde_json::json;

use super::backend::{Query, World, query, values};
use crate::core::query::Target;
use crate::core::{ErrorKind, MetadataMode};
use crate::engine::testing::{Reply, Sim};
use crate::wire::key::KeyComponent;

fn of_key(text: &str) -> Query {
    Query {
        target: Target::Key(vec![KeyComponent::Null]),
        ..query(text)
    }
}

#[test]
fn each_page_is_one_request_and_comes_as_it_is() {
    let world = World::new(1, 5, 2);
    for text in ["SELECT * FROM c", "SELECT TOP 9 * FROM c ORDER BY c.v"] {
        let mut feed = world.feed(of_key(text));
        let first = world.next(&mut feed).unwrap().unwrap();
        assert_eq!(feed.continuation().unwrap().as_deref(), Some("2"));
        assert!(first.body.starts_with(b"{\"Documents\":["));
        assert!(String::from_utf8_lossy(&first.body).contains("\"_rid\":\"r1\""));
        assert_eq!(first.session_token.as_deref(), Some("0:1#255"));
        let mut rows = values(&first);
        while let Some(page) = world.next(&mut feed).unwrap() {
            assert_eq!(
                (page.request_charge, page.diagnostics.request_count),
                (2.0, 1)
            );
            rows.extend(values(&page));
        }
        assert_eq!(rows, world.in_order());
        assert_eq!(feed.continuation().unwrap(), None);
        let asked = world.asked();
        let pages = asked.iter().filter(|line| *line == "[null]").count();
        assert!(pages == 3 && !asked.iter().any(|line| line == "plan" || line == "ranges"));
    }
}

#[test]
fn the_services_continuation_passes_through() {
    let world = World::new(1, 5, 2);
    let query = of_key("SELECT * FROM c");
    assert_eq!(world.resumed(&query, |_| ()), world.in_order());
    let sent: Vec<_> = world.sim.item_requests();
    let sent: Vec<_> = sent
        .iter()
        .map(|seen| seen.header("x-ms-continuation"))
        .collect();
    assert_eq!(sent, [None, Some("2"), Some("4")]);
}

#[test]
fn an_empty_page_is_not_the_end() {
    let world = World::new(1, 1, 2);
    let empty = || Reply::json(r#"{"Documents":[],"_count":0}"#).with("x-ms-continuation", "0");
    world.on(move |number, _| (number == 0).then(empty));
    assert_eq!(world.pages(of_key("SELECT * FROM c")), [vec![], vec![0]]);
}

#[test]
fn parts_of_one_key_are_put_together_too() {
    let world = World::new(1, 5, 2);
    world.plan(
        &json!({"aggregates": ["Sum"], "hasSelectValue": true, "rewrittenQuery": "SELECT part"}),
    );
    let part = |continued: bool| {
        let page = Reply::json(r#"{"Documents":[[{"item":5}]]}"#);
        match continued {
            true => page.with("x-ms-continuation", "more"),
            false => page,
        }
    };
    world.on(move |number, _| Some(part(number % 3 < 2)));
    let sum = of_key("SELECT VALUE SUM(c.v) FROM c");
    assert_eq!(world.pages(sum.clone()), [[15]]);
    let expected = "account container plan [null] [null] [null]";
    assert_eq!(world.asked().join(" "), expected);
    // A plan for one key is not the one for all.
    world.pages(Query {
        target: Target::Container,
        ..sum
    });
    assert_eq!(world.asked()[0], "plan");
}

#[test]
fn a_lean_driver_asks_for_nothing_else() {
    let world = World::new(1, 1, 9);
    let driver = world
        .sim
        .open(|config| config.metadata = MetadataMode::Lean);
    let mut feed = of_key("SELECT * FROM c")
        .open(&driver, crate::core::OperationOptions::default())
        .unwrap();
    let page = world.sim.run(feed.next_page()).unwrap().unwrap();
    assert_eq!(values(&page), [0]);
    assert_eq!(world.asked(), ["[null]"]);
}

#[test]
fn a_lean_driver_keeps_sessions_by_partition_too() {
    let world = World::new(2, 1, 9);
    let driver = world
        .sim
        .open(|config| config.metadata = MetadataMode::Lean);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let options = crate::core::OperationOptions::default();
        let mut feed = query("SELECT * FROM c").open(&driver, options).unwrap();
        while world.sim.run(feed.next_page()).unwrap().is_some() {}
        let seen = world.sim.item_requests();
        let token = |seen: &crate::engine::testing::Seen| {
            let token = seen.header("x-ms-session-token");
            token.unwrap_or("none").to_owned()
        };
        tokens.extend(seen.iter().map(token));
    }
    // The second partition is new to the session when it is asked first.
    assert_eq!(tokens, ["none", "none", "0:1#120", "1:1#255"]);
}

#[test]
fn a_slow_region_is_raced_for_one_key_only() {
    let world = World::new(1, 1, 9);
    world.on(|_, seen| (seen.region == "east").then(Reply::silence));
    let driver = world
        .sim
        .open(|config| config.partition_failover.circuit_breaker_enabled = Some(false));
    for (query, hedged) in [
        (of_key("SELECT * FROM c"), true),
        (query("SELECT * FROM c"), false),
    ] {
        let options = crate::core::OperationOptions::default();
        let mut feed = query.open(&driver, options).unwrap();
        let begun = crate::engine::World::now(&world.sim);
        let page = world.sim.run(feed.next_page()).unwrap().unwrap();
        assert_eq!(values(&page), [0]);
        assert_eq!(world.sim.trail(), "east west");
        assert_eq!(page.diagnostics.hedge.is_some(), hedged);
        let waited = crate::engine::World::now(&world.sim) - begun;
        assert_eq!(waited < 2 * crate::core::clock::SECOND, hedged);
    }
}

#[test]
fn a_region_that_lags_behind_a_partitions_session_is_not_the_last_word() {
    let world = World::new(2, 1, 9);
    world.pages(query("SELECT * FROM c"));
    world.sim.seen();
    world.on(|number, _| (number == 1).then(|| Reply::status(404, 1002)));
    let rows = world.pages(query("SELECT * FROM c")).concat();
    assert_eq!(rows, world.in_order());
    let seen = world.sim.item_requests();
    let hub = |seen: &crate::engine::testing::Seen| {
        let hub = seen.header("x-ms-cosmos-hub-region-processing-only");
        (
            seen.header("x-ms-session-token").map(str::to_owned),
            hub.is_some(),
        )
    };
    let of = |token: &str, hub| (Some(token.to_owned()), hub);
    let expected = [
        of("0:1#120", false),
        of("1:1#255", false),
        of("1:1#255", true),
    ];
    assert_eq!(seen.iter().map(hub).collect::<Vec<_>>(), expected);
}

#[test]
fn the_first_components_of_a_hierarchical_key_are_a_range() {
    let sim = Sim::new(|seen| match seen.what() {
        "container" => Reply::json(
            r#"{"_rid":"r1","partitionKey":{"paths":["/a","/b"],"kind":"MultiHash","version":2}}"#,
        ),
        _ => {
            let document = crate::engine::testing::account(&["east"], false, "");
            let page = || Reply::json(r#"{"Documents":[],"_count":0}"#);
            crate::engine::testing::metadata(seen, &document).unwrap_or_else(page)
        }
    });
    let driver = sim.open(|_| {});
    let mut feed = of_key("SELECT * FROM c")
        .open(&driver, crate::core::OperationOptions::default())
        .unwrap();
    let page = sim.run(feed.next_page()).unwrap().unwrap();
    assert!(values(&page).is_empty());
    let seen = sim.item_requests();
    let prefix = "378867E4430E67857ACE5C908374FE16";
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("x-ms-start-epk"), Some(prefix));
    assert_eq!(
        seen[0].header("x-ms-end-epk"),
        Some(&*format!("{prefix}FF"))
    );
    assert_eq!(seen[0].header("x-ms-documentdb-partitionkey"), None);
    assert_eq!(sim.run(feed.next_page()).unwrap(), None);
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let world = World::new(1, 1, 9);
    let query = Query {
        target: Target::Key(vec![KeyComponent::Null; 2]),
        ..query("SELECT * FROM c")
    };
    let mut feed = world.feed(query);
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("2 component(s)"));
}
