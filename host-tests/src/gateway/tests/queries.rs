//! Rows of queries.

use serde_json::{Value, json};

use super::{Scene, by_key, by_range, by_slice, outcome, plan, query, query_with, values};
use crate::gateway::Direction::{Ascending, Descending};
use crate::gateway::{Aggregate, Plan, TieOrder};
use crate::testing::Call;

fn resumed(text: &str, filter: &Value) -> Call {
    by_range(
        query_with(&json!({ "query": text, "parameters": [], "resumeFilter": filter })),
        "0",
    )
}

#[tokio::test]
async fn plain_texts_pass_through() {
    let scene = Scene::filled(3, 30);
    let all = scene.over_ranges("SELECT * FROM c").await;
    assert_eq!(all.len(), 30);
    let one = by_key(query("SELECT * FROM c"), r#"["p2"]"#).header("x-ms-max-item-count", "2");
    let pages = scene.pages(one).await;
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2]);
    assert_eq!(values(&pages.concat(), "n"), [2, 9, 16, 23]);
}

#[tokio::test]
async fn a_query_is_sent_as_the_plan_says() {
    let scene = Scene::filled(1, 5);
    let text = "SELECT * FROM c WHERE c.n > @n ORDER BY c.n DESC";
    let tree = Plan::all()
        .filter("c.n > @n", |document, parameters| {
            document["n"].as_u64() > parameters.get("@n").as_u64()
        })
        .order_by("c.n", Descending);
    scene.gateway.register(text, tree);
    let with = |text: &str, n: u64| {
        let parameters = json!([{ "name": "@n", "value": n }]);
        query_with(&json!({ "query": text, "parameters": parameters }))
    };
    let rewritten = scene.gateway.plan("d", "c", text)["queryInfo"]["rewrittenQuery"].clone();
    let placeholder = rewritten.as_str().unwrap();
    let rewritten = placeholder.replace("{documentdb-formattableorderbyquery-filter}", "true");
    let data = |text: &str, n: u64| by_range(with(text, n), "0");
    assert_eq!(
        scene.outcome(data(&rewritten, 2)).await,
        (400, 0),
        "no plan was issued"
    );
    let mut planned = plan(text);
    planned = planned
        .body(json!({ "query": text, "parameters": [{ "name": "@n", "value": 2 }] }).to_string());
    assert_eq!(scene.outcome(planned).await, (200, 0));
    let answer = scene.send(data(&rewritten, 2)).await;
    assert_eq!(answer.header("x-ms-item-count"), Some("2"));
    let rows = super::rows(&answer);
    assert_eq!(values(&values(&rows, "payload"), "n"), [4, 3]);
    assert_eq!(rows[0]["orderByItems"], json!([{ "item": 4 }]));
    assert_eq!(rows[0]["_rid"], rows[0]["payload"]["_rid"]);
    for (request, expected) in [
        (data(&rewritten, 3), (400, 0)),
        (data(placeholder, 2), (400, 0)),
        (data(&rewritten.replace("\n", " "), 2), (400, 0)),
        (data(text, 2), (400, 1004)),
        (with(text, 2), (400, 1004)),
        (by_key(data(text, 2), "[1]"), (400, 1004)),
    ] {
        assert_eq!(scene.outcome(request).await, expected);
    }
    let refused = scene.send(with(text, 2)).await.json();
    let info: Value =
        serde_json::from_str(refused["additionalErrorInfo"].as_str().unwrap()).unwrap();
    assert_eq!(info, scene.gateway.plan("d", "c", text));
}

#[tokio::test]
async fn aggregates_are_partial_for_ranges_and_final_for_keys() {
    let scene = Scene::filled(1, 6);
    let [low, high] = scene.container().split("0");
    let cases = [
        (Aggregate::Count.of("1"), json!({ "item": 0 }), json!(1)),
        (Aggregate::Sum.of("c.n"), json!({ "item": 0 }), json!(2)),
        (
            Aggregate::Average.of("c.n"),
            json!({ "item": { "sum": 0, "count": 0 } }),
            json!(2.0),
        ),
        (
            Aggregate::Min.of("c.n"),
            json!({ "item2": { "count": 0 } }),
            json!(2),
        ),
        (
            Aggregate::Max.of("c.n"),
            json!({ "item2": { "count": 0 } }),
            json!(2),
        ),
    ];
    for (column, empty, value) in cases {
        scene.gateway.register("Q", Plan::value(column.clone()));
        let text = scene.rewritten("Q").await;
        let nobody = by_slice(query(&text), &low, "00", "0000000001");
        assert_eq!(scene.pages(nobody).await, [[json!([empty])]], "{column:?}");
        let both = scene.over_ranges(&text).await;
        assert_eq!(both.len(), 2, "{column:?}");
        let last = scene.pages(by_key(query("Q"), r#"["p2"]"#)).await;
        assert_eq!(last, [[value]], "{column:?}");
    }
    let missing = scene.pages(by_key(query("Q"), r#"["none"]"#)).await;
    assert_eq!(
        missing,
        [Vec::<Value>::new()],
        "the maximum of nothing is undefined"
    );

    scene.gateway.register(
        "Q",
        Plan::list([
            ("n", Aggregate::Count.of("1")),
            ("x", Aggregate::Max.of("c.x")),
        ]),
    );
    let text = scene.rewritten("Q").await;
    let rows = scene.pages(by_key(query(&text), r#"["p2"]"#)).await;
    assert_eq!(
        rows,
        [[json!({ "payload": { "n": { "item": 1 }, "x": { "item2": { "count": 0 } } } })]]
    );
    let rows = scene.pages(by_key(query("Q"), r#"["p2"]"#)).await;
    assert_eq!(rows, [[json!({ "n": 1 })]]);
    assert_ne!(low, high);
}

#[tokio::test]
async fn a_page_may_be_a_part_of_an_aggregate() {
    let scene = Scene::filled(1, 10);
    scene.container().scan(Some(4));
    scene
        .gateway
        .register("Q", Plan::value(Aggregate::Sum.of("c.n")));
    let text = scene.rewritten("Q").await;
    let pages = scene.pages(by_range(query(&text), "0")).await;
    let sums = [6, 22, 17].map(|sum| vec![json!([{ "item": sum }])]);
    assert_eq!(pages, sums);
    scene.gateway.register(
        "G",
        Plan::list([("m", "c.m".into()), ("n", Aggregate::Count.of("1"))]).group_by("c.m"),
    );
    let text = scene.rewritten("G").await;
    let pages = scene.pages(by_range(query(&text), "0")).await;
    let group = |m: u64, n: u64| json!({ "groupByItems": [{ "item": m }], "payload": { "m": m, "n": { "item": n } } });
    let expected = [
        vec![group(0, 2), group(1, 1), group(2, 1)],
        vec![group(1, 2), group(2, 1), group(0, 1)],
        vec![group(2, 1), group(0, 1)],
    ];
    assert_eq!(pages, expected);
    scene.container().scan(None);
    scene.container().page_size(Some(2));
    let pages = scene.pages(by_range(query(&text), "0")).await;
    assert_eq!(pages[0], [group(0, 1), group(1, 1)]);
    let total = pages
        .iter()
        .flatten()
        .map(|row| row["payload"]["n"]["item"].as_u64().unwrap());
    assert_eq!(total.sum::<u64>(), 10);
}

#[tokio::test]
async fn distinct_and_windows() {
    let scene = Scene::filled(1, 10);
    scene.gateway.register("D", Plan::value("c.m").distinct());
    scene.plan("D").await;
    assert_eq!(scene.pages(by_range(query("D"), "0")).await, [[0, 1, 2]]);
    scene.container().scan(Some(5));
    assert_eq!(
        scene.pages(by_range(query("D"), "0")).await,
        [[0, 1, 2], [2, 0, 1]]
    );
    scene.container().scan(None);

    scene
        .gateway
        .register("W", Plan::value("c.n").offset_limit(1, 3));
    let text = scene.rewritten("W").await;
    assert_eq!(
        scene.pages(by_range(query(&text), "0")).await,
        [[0, 1, 2, 3]]
    );
    scene.container().page_size(Some(3));
    let pages = scene.pages(by_range(query(&text), "0")).await;
    assert_eq!(pages.concat(), [0, 1, 2, 3]);
    scene.gateway.register("T", Plan::value("c.n").top(4));
    assert_eq!(
        scene.pages(by_range(query("T"), "0")).await.concat(),
        [0, 1, 2, 3]
    );
    scene.container().page_size(None);
    scene
        .gateway
        .register("N", Plan::value("c.m").count_distinct("n"));
    assert_eq!(
        scene.pages(by_key(query("N"), r#"["p0"]"#)).await,
        [[json!({ "n": 2 })]]
    );
    let text = scene.rewritten("N").await;
    assert_eq!(
        scene.pages(by_range(query(&text), "0")).await.concat(),
        [0, 1, 2]
    );
    scene.gateway.register("5", Plan::constant(5));
    assert_eq!(scene.pages(by_range(query("5"), "0")).await, [[5]]);
    let key = Plan::value("c.n").matching("c.pk = 'p0'");
    scene
        .gateway
        .register("K", key.keys([vec![json!("p0")]]).offset_limit(1, 1));
    assert_eq!(
        scene.pages(by_range(query("K"), "0")).await,
        [[7]],
        "the range does it alone"
    );
}

#[tokio::test]
async fn a_key_gets_the_rows_of_the_query_itself() {
    let scene = Scene::filled(2, 30);
    let ordered = Plan::value("c.n").order_by("c.n", Descending);
    scene.gateway.register("O", ordered.offset_limit(1, 3));
    let pages = scene
        .pages(by_key(query("O"), r#"["p1"]"#).header("x-ms-max-item-count", "2"))
        .await;
    assert_eq!(pages, [vec![22, 15], vec![8]]);
    let groups = Plan::list([("m", "c.m".into()), ("s", Aggregate::Sum.of("c.n"))]).group_by("c.m");
    scene.gateway.register("G", groups);
    let rows = scene.pages(by_key(query("G"), r#"["p1"]"#)).await.concat();
    assert_eq!(values(&rows, "m"), [1, 2, 0]);
    assert_eq!(values(&rows, "s"), [23, 37, 15]);
}

#[tokio::test]
async fn undefined_keys_have_no_item() {
    let scene = Scene::new(1);
    for (id, a) in [
        ("1", json!({})),
        ("2", json!({ "a": null })),
        ("3", json!({ "a": "x" })),
    ] {
        let mut document = a;
        document["id"] = json!(id);
        document["pk"] = json!(1);
        scene.container().put(document);
    }
    scene
        .gateway
        .register("O", Plan::value("c.a").order_by("c.a", Ascending));
    let text = scene.rewritten("O").await;
    let rows = scene.over_ranges(&text).await;
    let keys = values(&rows, "orderByItems");
    assert_eq!(
        keys,
        [
            json!([{}]),
            json!([{ "item": null }]),
            json!([{ "item": "x" }])
        ]
    );
    assert_eq!(
        (rows[0].get("payload"), &rows[1]["payload"]),
        (None, &Value::Null)
    );
}

#[tokio::test]
async fn joins_repeat_documents_and_resume_at_them() {
    let scene = Scene::new(1);
    for (id, tags) in [
        ("1", json!(["b", "a"])),
        ("2", json!(["a", "a"])),
        ("3", json!([])),
    ] {
        scene
            .container()
            .put(json!({ "id": id, "pk": 1, "tags": tags, "k": 1 }));
    }
    let tree = Plan::list([("id", "c.id".into()), ("t", "t".into())]).join("t", "c.tags");
    scene.gateway.register("J", tree.order_by("c.k", Ascending));
    let text = scene.rewritten("J").await;
    let rows = scene.over_ranges(&text).await;
    let payloads = values(&rows, "payload");
    assert_eq!(values(&payloads, "id"), ["1", "1", "2", "2"]);
    assert_eq!(values(&payloads, "t"), ["b", "a", "a", "a"]);
    let filter = json!({ "value": [1], "rid": rows[2]["_rid"], "exclude": false });
    let rest = scene.pages(resumed(&text, &filter)).await.concat();
    assert_eq!(rest, rows[2..]);
}

#[tokio::test]
async fn resume_filters_begin_at_their_boundary() {
    let scene = Scene::filled(1, 9);
    scene
        .gateway
        .register("O", Plan::value("c.n").order_by("c.m", Descending));
    let text = scene.rewritten("O").await;
    let rows = scene.over_ranges(&text).await;
    assert_eq!(
        values(&rows, "payload"),
        [8, 5, 2, 7, 4, 1, 6, 3, 0],
        "ties as the direction"
    );
    let rid = rows[4]["_rid"].clone();
    let cases = [
        (json!({ "value": [1], "rid": rid, "exclude": false }), 4),
        (json!({ "value": [1], "rid": rid, "exclude": true }), 5),
        (json!({ "value": [1], "exclude": false }), 3),
        (json!({ "value": [1], "exclude": true }), 6),
        (json!({ "value": [[]], "exclude": false }), 9),
        (json!({ "value": [null], "exclude": true }), 9),
        (json!({ "value": ["z"], "exclude": true }), 0),
    ];
    for (filter, skipped) in cases {
        let rest = scene.pages(resumed(&text, &filter)).await.concat();
        assert_eq!(rest, rows[skipped..], "{filter}");
    }
    for filter in [
        json!({}),
        json!({ "value": [1, 2], "exclude": false }),
        json!({ "value": [1], "rid": "x", "exclude": true }),
        json!({ "value": [1] }),
    ] {
        assert_eq!(
            scene.outcome(resumed(&text, &filter)).await,
            (400, 0),
            "{filter}"
        );
    }
    assert_eq!(
        scene
            .outcome(resumed(
                "SELECT * FROM c",
                &json!({ "value": [], "exclude": true })
            ))
            .await,
        (400, 0)
    );
    scene.container().ties(TieOrder::Ascending);
    let answer = scene.send(by_range(query(&text), "0")).await;
    assert_eq!(
        values(&super::rows(&answer), "payload"),
        [2, 5, 8, 1, 4, 7, 0, 3, 6]
    );
    let info = answer.header("x-ms-cosmos-query-execution-info").unwrap();
    assert_eq!(
        info,
        r#"{"reverseIndexScan":false,"reverseRidEnabled":false}"#
    );
}

#[tokio::test]
async fn metrics_come_on_demand() {
    let scene = Scene::filled(1, 3);
    let request = by_range(query("SELECT * FROM c"), "0");
    let answer = scene.send(request.clone()).await;
    assert_eq!(outcome(&answer), (200, 0));
    assert_eq!(answer.header("x-ms-documentdb-query-metrics"), None);
    let request = request
        .header("x-ms-documentdb-populatequerymetrics", "true")
        .header("x-ms-cosmos-populateindexmetrics", "true");
    let answer = scene.send(request).await;
    let metrics = answer.header("x-ms-documentdb-query-metrics").unwrap();
    assert!(metrics.contains("retrievedDocumentCount=3"));
    assert!(answer.header("x-ms-cosmos-index-utilization").is_some());
}
