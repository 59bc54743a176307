//! What is sent for a page, and what comes back.

use cosmosdb_driver_host::types::{FeedOptions, FeedScope, OperationOptions};
use host_tests::gateway::Direction::{Ascending, Descending};
use host_tests::gateway::{Aggregate, Component, Plan};
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use super::stock::{BIG, bag, equal, sorted, values};
use super::{Scene, everywhere, is_page, is_plan, of_key, paged, parameter, query, rows};
use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;

on_every_face!(
    one_key_is_one_request_a_page,
    requests_to_ranges_say_what_they_are,
    a_window_reads_no_more_than_it_needs,
    aggregates_and_searches_ask_every_range_once,
    rows_are_untouched,
    empty_pages_are_not_the_end,
    pages_say_what_they_cost,
    a_plan_is_asked_for_once,
    what_the_caller_gives_is_sent,
);

pub(super) const SORTED: &str = "SELECT * FROM c WHERE c.n < @most ORDER BY c.n DESC";

pub(super) fn header<'a>(seen: &'a Seen, name: &str) -> &'a str {
    seen.header(name).unwrap_or("-")
}

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// The one id that all requests have in common.
fn correlated(seen: &[Seen]) -> String {
    let ids = seen
        .iter()
        .map(|seen| header(seen, "x-ms-cosmos-correlated-activityid"));
    let mut ids: Vec<&str> = ids.collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_ne!(ids[0], "-");
    ids[0].to_owned()
}

async fn one_key_is_one_request_a_page(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    for n in 0..5 {
        scene
            .container()
            .put(json!({ "id": n.to_string(), "pk": "a", "n": n }));
    }
    let text = "SELECT * FROM c";
    let feed = scene.open(of_key(text, "a"), paged(2)).await;
    assert!(scene.gateway.requests().is_empty(), "nothing is sent yet");
    let pages = scene.pages(&feed).await;
    assert_eq!(values(&pages.concat(), "n"), [0, 1, 2, 3, 4]);
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let seen = scene.asked();
    assert_eq!(seen.len(), 3, "one request for a page");
    correlated(&seen);
    for (number, seen) in seen.iter().enumerate() {
        assert_eq!(header(seen, "x-ms-documentdb-partitionkey"), r#"["a"]"#);
        assert_eq!(header(seen, "content-type"), "application/query+json");
        assert_eq!(header(seen, "x-ms-documentdb-isquery"), "True");
        assert_eq!(header(seen, "x-ms-max-item-count"), "2");
        assert_eq!(body(seen), json!({ "query": text, "parameters": [] }));
        for absent in [
            "x-ms-documentdb-partitionkeyrangeid",
            "x-ms-start-epk",
            "x-ms-end-epk",
            "x-ms-read-key-type",
            "x-ms-cosmos-is-query-plan-request",
        ] {
            assert_eq!(header(seen, absent), "-");
        }
        let goes_on = seen.header("x-ms-continuation").is_some();
        assert_eq!(goes_on, number > 0);
    }
    scene.driver.release(feed).await.unwrap();
}

/// A scene of sorted rows with a parameter, and the query for a scope.
pub(super) async fn sorted_scene(face: Face, ranges: u32) -> Scene {
    let scene = Scene::new(face, ranges).await;
    scene.fill(60);
    let plan = Plan::all()
        .matching("c.n < @most")
        .order_by("c.n", Descending);
    scene.gateway.register(SORTED, plan);
    scene
}

async fn requests_to_ranges_say_what_they_are(face: Face) {
    let mut scene = sorted_scene(face, 4).await;
    let plan = scene.gateway.plan(DATABASE, CONTAINER, SORTED);
    let rewritten = plan["queryInfo"]["rewrittenQuery"].as_str().unwrap();
    let rewritten = rewritten.replace("{documentdb-formattableorderbyquery-filter}", "true");
    for (scope, documents) in [(FeedScope::Container, scene.stock()), scene.part()] {
        let is_part = matches!(scope, FeedScope::Range(_));
        let mut asked = query(SORTED, scope);
        asked.parameters = vec![parameter("@most", &json!(50))];
        scene.gateway.clear();
        let found = scene.read(asked, paged(8)).await;
        let mut expected = sorted(&scene, documents, &[("n", Descending)]);
        expected.retain(|document| document["n"].as_u64() < Some(50));
        assert!(equal(&found, &expected));
        let seen = scene.asked();
        correlated(&seen);
        let parameters = json!([{ "name": "@most", "value": 50 }]);
        for page in seen.iter().filter(|seen| is_page(seen)) {
            let expected = json!({ "query": rewritten, "parameters": parameters });
            assert_eq!(body(page), expected);
            assert_eq!(header(page, "x-ms-documentdb-partitionkey"), "-");
            assert_ne!(header(page, "x-ms-documentdb-partitionkeyrangeid"), "-");
            assert_eq!(
                header(page, "x-ms-documentdb-query-enablecrosspartition"),
                "True"
            );
            // Twice five, or all of the page.
            assert_eq!(header(page, "x-ms-max-item-count"), "8");
        }
        let narrow = seen
            .iter()
            .filter(|seen| seen.header("x-ms-start-epk").is_some());
        let narrow: Vec<&Seen> = narrow.collect();
        assert_eq!(narrow.is_empty(), !is_part);
        for page in narrow {
            assert_ne!(header(page, "x-ms-start-epk"), "", "refused by gateways");
            assert_ne!(header(page, "x-ms-end-epk"), "-");
            let kind = header(page, "x-ms-read-key-type");
            assert_eq!(kind, "EffectivePartitionKeyRange");
        }
        for plan in seen.iter().filter(|seen| is_plan(seen)) {
            assert_eq!(
                body(plan),
                json!({ "query": SORTED, "parameters": parameters })
            );
            assert_eq!(header(plan, "x-ms-cosmos-query-version"), "1.0");
            assert_eq!(header(plan, "x-ms-documentdb-partitionkeyrangeid"), "-");
        }
    }
}

/// Of the requests, those for pages.
fn page_requests(scene: &Scene) -> usize {
    scene.asked().iter().filter(|seen| is_page(seen)).count()
}

async fn a_window_reads_no_more_than_it_needs(face: Face) {
    let mut scene = Scene::new(face, 40).await;
    scene.fill(400);
    let stock = scene.stock();
    let places = stock.iter().take(10).map(|document| {
        let own = scene.container().range_of(&[document["pk"].clone()]);
        scene.ranges().iter().position(|range| *range == own)
    });
    let needed = places.max().flatten().unwrap() + 1;
    let top = || Plan::all().top(10);
    for (text, plan, most) in [
        ("SELECT TOP 10 * FROM c", top(), needed),
        // Each range once, and twice where the least ten are.
        (
            "SELECT TOP 10 * FROM c ORDER BY c.n",
            top().order_by("c.n", Ascending),
            42,
        ),
        (
            "SELECT TOP 0 * FROM c ORDER BY c.n",
            Plan::all().top(0).order_by("c.n", Ascending),
            0,
        ),
    ] {
        scene.gateway.register(text, plan);
        scene.gateway.clear();
        let found = scene.read(everywhere(text), FeedOptions::default()).await;
        assert_eq!(found.len(), if most == 0 { 0 } else { 10 });
        let sent = page_requests(&scene);
        assert!(sent <= most, "{text}: {sent} requests");
        let sizes = scene.asked().into_iter().filter(is_page);
        let sizes: Vec<String> = sizes
            .map(|seen| header(&seen, "x-ms-max-item-count").to_owned())
            .collect();
        if text.contains("ORDER BY") {
            assert!(sizes.iter().all(|size| size == "5"), "{sizes:?}");
        }
    }
}

async fn aggregates_and_searches_ask_every_range_once(face: Face) {
    let components = || {
        [
            Component::full_text("c.text", &["swim"], "c.s"),
            Component::vector("VectorDistance(c.e, [1])", "c.t", Ascending),
        ]
    };
    for (text, plan, queries) in [
        (
            "SELECT VALUE COUNT(1) FROM c",
            Plan::value(Aggregate::Count.of("1")),
            1,
        ),
        (
            "SELECT TOP 3 * FROM c ORDER BY RANK RRF(FullTextScore(c.text, 'swim'), VectorDistance(c.e, [1]))",
            Plan::all().hybrid(components()).top(3),
            // The statistics, and each ranking.
            3,
        ),
    ] {
        for ranges in [4, 40] {
            let mut scene = Scene::new(face, ranges).await;
            scene.fill(40);
            scene.gateway.register(text, plan.clone());
            let feed = scene.open(everywhere(text), paged(10)).await;
            assert_eq!(scene.pages(&feed).await.len(), 1);
            let asked = scene.asked();
            assert_eq!(page_requests(&scene), queries * ranges as usize);
            correlated(&asked);
            let ids = asked.iter().filter(|seen| is_page(seen));
            let ids = ids.map(|seen| header(seen, "x-ms-documentdb-partitionkeyrangeid"));
            let mut ids: Vec<&str> = ids.collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), ranges as usize);
        }
    }
}

async fn rows_are_untouched(face: Face) {
    const TEXTS: [&str; 3] = [
        r#"{ "id" :"1", "pk":"a","n": 1.50e+0, "big":12345678901234567890123, "s":"\u0041\/" }"#,
        "{\"pk\":\"b\",\t\"id\":\"2\",\"n\":1.0,\"n2\":-0.0,\"é\":\"\\ud83d\\ude00 😀\"}",
        r#"{"id":"3","pk":"c","n":3,"deep":[[[{"a":{}}]]],"dup":1,"dup":2}"#,
    ];
    let mut scene = Scene::new(face, 4).await;
    for text in TEXTS {
        scene.container().put_text(text);
    }
    let sorted = "SELECT * FROM c ORDER BY c.id";
    let plan = Plan::all().order_by("c.id", Ascending);
    scene.gateway.register(sorted, plan);
    for asked in [
        everywhere("SELECT * FROM c"),
        everywhere(sorted),
        of_key("SELECT * FROM c", "b"),
    ] {
        let is_key = matches!(asked.scope, FeedScope::Key(_));
        let feed = scene.open(asked, FeedOptions::default()).await;
        let mut found = Vec::new();
        loop {
            let page = scene.next(&feed).await;
            if page.status == 204 {
                break;
            }
            found.extend(page.body);
        }
        let found = String::from_utf8(found).unwrap();
        for (number, text) in TEXTS.iter().enumerate() {
            // The service puts its own properties before the last brace.
            let own = text.trim_end_matches('}');
            let expected = !is_key || number == 1;
            assert_eq!(found.contains(own), expected, "{own} in {found}");
        }
    }
}

async fn empty_pages_are_not_the_end(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    scene.container().empty_pages(2);
    let feed = scene.open(of_key("SELECT * FROM c", BIG), paged(6)).await;
    let sizes = scene.pages(&feed).await;
    let sizes: Vec<usize> = sizes.iter().map(Vec::len).collect();
    assert_eq!(sizes, [0, 0, 6, 4], "the service's pages, as they are");

    scene.container().empty_pages(5);
    let feed = scene.open(everywhere("SELECT * FROM c"), paged(6)).await;
    let pages = scene.pages(&feed).await;
    assert!(pages.iter().all(|page| !page.is_empty()));
    assert_eq!(bag(&pages.concat()), bag(&scene.stock()));
}

async fn pages_say_what_they_cost(face: Face) {
    let mut scene = sorted_scene(face, 4).await;
    let mut asked = everywhere(SORTED);
    asked.parameters = vec![parameter("@most", &json!(50))];
    asked.query_metrics = true;
    asked.index_metrics = true;
    let feed = scene.open(asked, FeedOptions::default()).await;
    let page = scene.next(&feed).await;
    assert_eq!(rows(&page).len(), 50);
    let answers = page_requests(&scene);
    assert!(answers >= 4);
    let lines = |text: &Option<String>| text.as_deref().unwrap().lines().count();
    assert_eq!(lines(&page.headers.query_metrics), answers);
    assert_eq!(lines(&page.headers.index_metrics), answers);
    let sent = scene.gateway.requests().len();
    assert_eq!(page.diagnostics.request_count as usize, sent);
    let charge = page.diagnostics.request_charge;
    assert_eq!(page.headers.request_charge, charge);
    let others = (sent - answers) as f64;
    assert_eq!(charge, others + 2.5 * answers as f64);
    let sessions = page.headers.session_token.unwrap();
    let mut ranges: Vec<&str> = sessions
        .split(',')
        .map(|one| one.split(':').next().unwrap())
        .collect();
    ranges.sort_unstable();
    assert_eq!(ranges, ["0", "1", "2", "3"]);
    let end = scene.next(&feed).await;
    assert_eq!((end.status, end.headers.request_charge), (204, 0.0));
}

async fn a_plan_is_asked_for_once(face: Face) {
    let mut scene = sorted_scene(face, 4).await;
    for (most, plans) in [(50, 1), (50, 0), (20, 1)] {
        let mut asked = everywhere(SORTED);
        asked.parameters = vec![parameter("@most", &json!(most))];
        scene.gateway.clear();
        assert_eq!(scene.read(asked, paged(9)).await.len(), most);
        let sent = scene.asked();
        assert_eq!(sent.iter().filter(|seen| is_plan(seen)).count(), plans);
    }
}

async fn what_the_caller_gives_is_sent(face: Face) {
    let mut scene = sorted_scene(face, 4).await;
    let given = OperationOptions {
        activity_id: Some("11111111-2222-3333-4444-555555555555".to_owned()),
        ..OperationOptions::default()
    };
    for asked in [
        everywhere("SELECT * FROM c"),
        of_key("SELECT * FROM c", BIG),
    ] {
        let options = FeedOptions {
            session_token: Some("0:-1#77".to_owned()),
            ..paged(9)
        };
        scene.gateway.clear();
        let opened = scene.try_open(asked, options, given.clone());
        let feed = opened.await.unwrap();
        scene.pages(&feed).await;
        let seen = scene.asked();
        assert_eq!(Some(correlated(&seen)), given.activity_id);
        for page in seen {
            assert_eq!(header(&page, "x-ms-session-token"), "0:-1#77");
        }
    }
}
