//! Which rows come, in which order, and how many requests that takes.

use serde_json::json;

use super::backend::{Query, World, query, values};
use crate::core::query::Target;
use crate::engine::testing::Reply;
use crate::wire::epk_range::EpkRange;

const PLAIN: &str = "SELECT * FROM c";
const SORTED: &str = "SELECT * FROM c ORDER BY c.v";

#[test]
fn a_plain_query_drains_partition_after_partition_without_a_plan() {
    let world = World::new(3, 5, 2);
    let pages = world.pages(query(PLAIN));
    assert_eq!(pages.concat(), world.in_order());
    assert!(pages.iter().all(|page| page.len() <= 2));
    let expected = "account container ranges ranges p0 p0 p0 p1 p1 p1 p2 p2 p2";
    assert_eq!(world.asked().join(" "), expected);
    // Everything is known now.
    world.pages(query(PLAIN));
    assert_eq!(world.asked().join(" "), "p0 p0 p0 p1 p1 p1 p2 p2 p2");
}

#[test]
fn requests_say_what_they_are() {
    let world = World::new(2, 1, 9);
    let mut feed = world.feed(Query {
        max_item_count: Some(5),
        query_metrics: true,
        ..query(PLAIN)
    });
    world.next(&mut feed).unwrap();
    world.next(&mut feed).unwrap();
    let seen = world.sim.item_requests();
    let header = |name: &str| {
        let of = seen
            .iter()
            .map(|seen| seen.header(name).unwrap_or_default());
        of.collect::<Vec<_>>()
    };
    assert_eq!(header("x-ms-max-item-count"), ["5", "5"]);
    assert_eq!(
        header("x-ms-documentdb-populatequerymetrics"),
        ["true", "true"]
    );
    assert_eq!(header("x-ms-cosmos-intended-collection-rid"), ["r1", "r1"]);
    assert_eq!(header("x-ms-start-epk"), ["", ""]);
    let ids = header("x-ms-cosmos-correlated-activityid");
    assert!(ids[0] == ids[1] && ids[0].len() == 36);
    assert_ne!(header("x-ms-activity-id")[0], header("x-ms-activity-id")[1]);
}

#[test]
fn a_plan_is_asked_for_once() {
    let world = World::new(2, 2, 9);
    world.plan(&json!({"top": 3}));
    let top = query("SELECT TOP 3 * FROM c");
    assert_eq!(world.pages(top.clone()).concat(), world.in_order()[..3]);
    assert_eq!(
        world.asked().join(" "),
        "account container plan ranges ranges p0 p1"
    );
    world.pages(top);
    assert_eq!(world.asked().join(" "), "p0 p1");
    world.pages(query("SELECT TOP 4 * FROM c"));
    assert_eq!(world.asked().join(" "), "plan p0 p1");
}

#[test]
fn top_ten_of_forty_partitions_reads_no_more_than_it_needs() {
    let world = World::new(40, 4, 9);
    world.plan(&json!({"top": 10}));
    let rows = world.pages(query("SELECT TOP 10 * FROM c")).concat();
    assert_eq!(rows, world.in_order()[..10]);
    assert_eq!(world.page_requests(), 3);
    // In order every partition has to be asked, but once.
    world.sort(json!({"top": 10}));
    let rows = world
        .pages(query("SELECT TOP 10 * FROM c ORDER BY c.v"))
        .concat();
    assert_eq!(rows, (0..10).collect::<Vec<_>>());
    assert_eq!(world.page_requests(), 40);
    // Nothing at all.
    world.plan(&json!({"top": 0}));
    assert!(
        world
            .pages(query("SELECT TOP 0 * FROM c"))
            .concat()
            .is_empty()
    );
    assert_eq!(world.page_requests(), 0);
}

#[test]
fn an_ordered_query_merges_what_the_rewritten_text_gives() {
    let world = World::new(4, 9, 2);
    world.sort(json!({}));
    let pages = world.pages(Query {
        max_item_count: Some(10),
        ..query(SORTED)
    });
    assert_eq!(pages.concat(), (0..36).collect::<Vec<_>>());
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 10, 6]);
    // Five pages each.
    assert_eq!(world.page_requests(), 20);
    let bodies = world.sim.bodies();
    assert!(bodies[0].contains("ORDER BY"), "the plan is the query's");
    let rewritten = r#"{"query":"SELECT sorted true","parameters":[]}"#;
    assert!(bodies[1..].iter().all(|body| body == rewritten));
}

#[test]
fn offset_and_limit_count_over_all_partitions() {
    let world = World::new(4, 9, 3);
    world.sort(json!({"offset": 5, "limit": 20}));
    let rows = world.pages(query("SELECT * FROM c ORDER BY c.v OFFSET 5 LIMIT 20"));
    assert_eq!(rows.concat(), (5..25).collect::<Vec<_>>());
}

#[test]
fn an_aggregate_asks_all_partitions_side_by_side() {
    let world = World::new(40, 1, 9);
    world.plan(&json!({"aggregates": ["Count"], "hasSelectValue": true}));
    *world.backend.part.borrow_mut() = Some(json!([{"item": 3}]));
    let mut feed = world.feed(query("SELECT VALUE COUNT(1) FROM c"));
    let start = std::cell::Cell::new(None);
    world.on(move |_, seen| {
        let first = start.get().unwrap_or(seen.at);
        start.set(Some(first));
        assert!(
            seen.at - first <= 2 * crate::core::clock::MILLI,
            "not one by one"
        );
        None
    });
    let page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&page), [120]);
    assert_eq!(page.request_charge, 80.0);
    // The account, the container, two pages of ranges, the plan.
    assert_eq!(page.diagnostics.request_count, 45);
    let token = page.session_token.unwrap();
    assert_eq!(token.split(',').count(), 40);
    assert!(token.starts_with("0:1#6,1:1#12,"));
    assert_eq!(world.next(&mut feed).unwrap(), None);
}

#[test]
fn sessions_are_kept_by_partition() {
    let world = World::new(2, 1, 9);
    world.pages(query(PLAIN));
    world.sim.seen();
    world.pages(query(PLAIN));
    let seen = world.sim.item_requests();
    let tokens: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("x-ms-session-token"))
        .collect();
    assert_eq!(tokens, [Some("0:1#120"), Some("1:1#255")]);
    let own = Query {
        session_token: Some("0:1#9".to_owned()),
        ..query(PLAIN)
    };
    world.pages(own);
    let seen = world.sim.item_requests();
    assert!(
        seen.iter()
            .all(|seen| seen.header("x-ms-session-token") == Some("0:1#9"))
    );
}

#[test]
fn a_part_of_the_container_needs_bounds() {
    let world = World::new(2, 100, 1000);
    let range = EpkRange {
        min: "10".parse().unwrap(),
        max: "80".parse().unwrap(),
    };
    let part = Query {
        target: Target::Range(range),
        ..query(PLAIN)
    };
    let rows = world.pages(part).concat();
    assert_eq!(rows, world.in_order()[16..108]);
    let seen = world.sim.item_requests();
    let bounds: Vec<_> = seen
        .iter()
        .map(|seen| (seen.header("x-ms-start-epk"), seen.header("x-ms-end-epk")))
        .collect();
    assert_eq!(bounds, [(Some("10"), Some("78")), (Some("78"), Some("80"))]);
}

#[test]
fn a_plan_narrows_the_query_to_what_it_covers() {
    let world = World::new(4, 9, 99);
    *world.backend.plan.borrow_mut() = json!({"queryInfo": {}, "queryRanges":
        [{"min": "3C", "max": "78", "isMinInclusive": true, "isMaxInclusive": false}]});
    let rows = world.pages(query("SELECT * FROM c JOIN t IN c.t WHERE c.pk = 1"));
    assert_eq!(rows.concat(), world.in_order()[9..18]);
    assert_eq!(world.page_requests(), 1);
    // Without FROM each partition would answer the same.
    *world.backend.plan.borrow_mut() =
        json!({"queryInfo": {}, "queryRanges": [{"min": [], "max": []}]});
    world.pages(query("SELECT 5"));
    assert_eq!(world.page_requests(), 1);
}

#[test]
fn a_hybrid_search_counts_everywhere_and_sends_each_ranking() {
    let world = World::new(2, 1, 9);
    let component = |number: u8| {
        let total = "{documentdb-formattablehybridsearchquery-totaldocumentcount}";
        json!({"rewrittenQuery": format!("ranking {number} of {total}"), "orderBy": ["Descending"], "top": 9})
    };
    *world.backend.plan.borrow_mut() = json!({"hybridSearchQueryInfo": {
        "globalStatisticsQuery": "statistics", "requiresGlobalStatistics": true, "take": 2,
        "componentQueryInfos": [component(0), component(1)]}});
    world.on(|number, seen| {
        // Whatever the feed's pages are.
        assert_eq!(seen.header("x-ms-max-item-count"), Some("-1"));
        let range = seen.header("x-ms-documentdb-partitionkeyrangeid");
        let first = range.is_none_or(|range| range == "0");
        let row = match number {
            0 | 1 => json!({"documentCount": 21, "fullTextStatistics": []}),
            _ => json!({"_rid": if first { "AAAAAAAAAAEAAAAAAAAAAA==" } else { "AAAAAAAAAAIAAAAAAAAAAA==" },
                "orderByItems": [{"item": if first { 2 } else { 1 }}],
                "payload": {"componentScores": [1, 1], "payload": {"v": if first { 10 } else { 20 }}}}),
        };
        Some(Reply::json(&json!({"Documents": [row]}).to_string()))
    });
    let search = "SELECT TOP 2 * FROM c ORDER BY RANK RRF(a, b)";
    let paged = Query {
        max_item_count: Some(7),
        ..query(search)
    };
    assert_eq!(world.pages(paged), [[10, 20]]);
    assert_eq!(world.page_requests(), 6);
    let bodies = world.sim.bodies();
    let sent = |text: &str| bodies.iter().filter(|body| body.contains(text)).count();
    assert_eq!(sent("\"statistics\""), 2);
    assert_eq!((sent("ranking 0 of 42"), sent("ranking 1 of 42")), (2, 2));
    // With a key only the rankings are of that key.
    world.sim.seen();
    world.on(|number, seen| {
        let of_key = seen.header("x-ms-documentdb-partitionkey").is_some();
        assert_eq!(of_key, number > 1);
        let row = match of_key {
            false => json!({"documentCount": 21, "fullTextStatistics": []}),
            true => json!({"_rid": "AAAAAAAAAAEAAAAAAAAAAA==", "orderByItems": [{"item": 2}],
                "payload": {"componentScores": [1, 1], "payload": {"v": 10}}}),
        };
        Some(Reply::json(&json!({"Documents": [row]}).to_string()))
    });
    let of_key = Query {
        target: Target::Key(vec![crate::wire::key::KeyComponent::Null]),
        ..query(search)
    };
    assert_eq!(world.pages(of_key), [[10]]);
}
