//! Plans and rewritten texts.

use serde_json::{Value, json};

use super::{FEATURES, Scene, outcome, plan, query_with};
use crate::gateway::Direction::{Ascending, Descending};
use crate::gateway::{Aggregate, Column, Options, Plan};

/// A plan of a query that needs none.
fn plain() -> Value {
    json!({
        "partitionedQueryExecutionInfoVersion": 2,
        "queryInfo": {
            "distinctType": "None", "top": null, "offset": null, "limit": null,
            "orderBy": [], "orderByExpressions": [],
            "groupByExpressions": [], "groupByAliases": [], "aggregates": [],
            "groupByAliasToAggregateType": {}, "rewrittenQuery": "", "hasSelectValue": false,
            "dCountInfo": null, "hasNonStreamingOrderBy": false,
        },
        "queryRanges": [{ "min": "", "max": "FF", "isMinInclusive": true, "isMaxInclusive": false }],
        "hybridSearchQueryInfo": null,
    })
}

/// What differs from [`plain`].
async fn assert_plan(plan: Plan, expected: Value) {
    let scene = Scene::new(1);
    scene.gateway.register("Q", plan);
    let mut complete = plain();
    for (name, value) in expected.as_object().unwrap() {
        complete["queryInfo"][name] = value.clone();
    }
    assert_eq!(scene.plan("Q").await, complete);
    assert_eq!(scene.gateway.plan("d", "c", "Q"), complete);
}

#[tokio::test]
async fn plain_queries_are_not_rewritten() {
    let scene = Scene::new(1);
    assert_eq!(scene.plan("SELECT * FROM c WHERE c.n = 1").await, plain());
    assert_plan(Plan::all().filter("c.n > 1", |_, _| true), json!({})).await;
    assert_plan(Plan::all().top(5), json!({ "top": 5 })).await;
    assert_plan(
        Plan::value("c.b").distinct(),
        json!({ "distinctType": "Unordered", "hasSelectValue": true }),
    )
    .await;
}

#[tokio::test]
async fn orders_have_envelopes_and_a_placeholder() {
    let ordered = Plan::all().order_by("c.a", Ascending);
    let text = "SELECT c._rid, [{\"item\": c.a}] AS orderByItems, c AS payload\nFROM c\n\
                WHERE ({documentdb-formattableorderbyquery-filter})\nORDER BY c.a";
    let expected =
        json!({ "orderBy": ["Ascending"], "orderByExpressions": ["c.a"], "rewrittenQuery": text });
    assert_plan(ordered, expected).await;

    let several = Plan::list([("a", "c.a".into()), ("b", "t".into())])
        .join("t", "c.tags")
        .filter("c.n > 1", |_, _| true)
        .order_by("c.a", Descending)
        .order_by("t", Ascending)
        .top(4);
    let text = "SELECT TOP 4 c._rid, [{\"item\": c.a}, {\"item\": t}] AS orderByItems, {\"a\": c.a, \"b\": t} AS payload\n\
                FROM c\nJOIN t IN c.tags\nWHERE ((c.n > 1) AND ({documentdb-formattableorderbyquery-filter}))\n\
                ORDER BY c.a DESC, t";
    let expected = json!({
        "top": 4, "orderBy": ["Descending", "Ascending"], "orderByExpressions": ["c.a", "t"], "rewrittenQuery": text,
    });
    assert_plan(several, expected).await;

    let distinct = Plan::value("c.b")
        .distinct()
        .order_by("c.b", Ascending)
        .offset_limit(1, 2);
    let text = "SELECT c._rid, [{\"item\": c.b}] AS orderByItems, c.b AS payload\nFROM c\n\
                WHERE (({documentdb-formattableorderbyquery-filter}) AND IS_DEFINED(c.b))\nORDER BY c.b\nOFFSET 0 LIMIT 3";
    let expected = json!({
        "distinctType": "Ordered", "hasSelectValue": true, "offset": 1, "limit": 2,
        "orderBy": ["Ascending"], "orderByExpressions": ["c.b"], "rewrittenQuery": text,
    });
    assert_plan(distinct, expected).await;
}

#[tokio::test]
async fn windows_and_counts_are_rewritten() {
    let window = Plan::all().offset_limit(0, 2);
    let text = "SELECT *\nFROM c\nOFFSET 0 LIMIT 2";
    assert_plan(window, json!({ "limit": 2, "rewrittenQuery": text })).await;
    let distinct = Plan::list([("b", "c.b".into())])
        .distinct()
        .offset_limit(1, 2);
    let text = "SELECT DISTINCT c.b AS b\nFROM c";
    assert_plan(
        distinct,
        json!({ "distinctType": "Unordered", "offset": 1, "limit": 2, "rewrittenQuery": text }),
    )
    .await;
    let count = Plan::value("c.b").count_distinct("n");
    let text = "SELECT DISTINCT VALUE c.b\nFROM c";
    let expected = json!({
        "distinctType": "Unordered", "hasSelectValue": true, "rewrittenQuery": text, "dCountInfo": { "dCountAlias": "n" },
    });
    assert_plan(count, expected).await;
}

#[tokio::test]
async fn aggregates_and_groups_are_rewritten() {
    let cases = [
        (Aggregate::Count.of("1"), "Count", "{\"item\": COUNT(1)}"),
        (Aggregate::Sum.of("c.x"), "Sum", "{\"item\": SUM(c.x)}"),
        (
            Aggregate::Average.of("c.x"),
            "Average",
            "{\"item\": {\"sum\": SUM(c.x), \"count\": COUNT(c.x)}}",
        ),
        (
            Aggregate::Max.of("c.x"),
            "Max",
            "{\"item\": MAX(c.x), \"item2\": {\"max\": MAX(c.x), \"count\": COUNT(c.x)}}",
        ),
        (
            Aggregate::MakeSet.of("c.x"),
            "MakeSet",
            "{\"item\": MAKESET(c.x)}",
        ),
    ];
    for (column, name, item) in cases {
        let text = format!("SELECT VALUE [{item}]\nFROM c");
        let expected =
            json!({ "aggregates": [name], "hasSelectValue": true, "rewrittenQuery": text });
        assert_plan(Plan::value(column.clone()), expected).await;
        let text = format!("SELECT {{\"$1\": {item}}} AS payload\nFROM c");
        let expected = json!({
            "groupByAliases": ["$1"], "groupByAliasToAggregateType": { "$1": name }, "rewrittenQuery": text,
        });
        assert_plan(Plan::list([("$1", column)]), expected).await;
    }
    let list =
        Plan::list([("team", "c.team".into()), ("n", Aggregate::Count.of("1"))]).group_by("c.team");
    let text = "SELECT [{\"item\": c.team}] AS groupByItems, {\"team\": c.team, \"n\": {\"item\": COUNT(1)}} AS payload\n\
                FROM c\nGROUP BY c.team";
    let expected = json!({
        "groupByExpressions": ["c.team"], "groupByAliases": ["team", "n"],
        "groupByAliasToAggregateType": { "team": null, "n": "Count" }, "rewrittenQuery": text,
    });
    assert_plan(list, expected).await;
    let text = "SELECT [{\"item\": c.k}] AS groupByItems, [{\"item\": SUM(c.x)}] AS payload\nFROM c\nGROUP BY c.k";
    let expected = json!({
        "groupByExpressions": ["c.k"], "aggregates": ["Sum"], "hasSelectValue": true, "rewrittenQuery": text,
    });
    assert_plan(
        Plan::value(Aggregate::Sum.of("c.x")).group_by("c.k"),
        expected,
    )
    .await;
    let text = "SELECT [{\"item\": c.k}] AS groupByItems, c.k AS payload\nFROM c\nGROUP BY c.k";
    let expected =
        json!({ "groupByExpressions": ["c.k"], "hasSelectValue": true, "rewrittenQuery": text });
    assert_plan(Plan::value("c.k").group_by("c.k"), expected).await;
}

#[tokio::test]
async fn keys_narrow_the_ranges() {
    let point = "22E342F38A486A088463DFF7838A5963";
    let one = Plan::all()
        .keys([vec![json!("redmond")]])
        .offset_limit(1, 2);
    let scene = Scene::new(1);
    scene.gateway.register("Q", one);
    let mut expected = plain();
    expected["queryRanges"] =
        json!([{ "min": point, "max": point, "isMinInclusive": true, "isMaxInclusive": true }]);
    assert_eq!(
        scene.plan("Q").await,
        expected,
        "the window is left to the range"
    );

    scene.gateway.register(
        "Q",
        Plan::all().keys([vec![json!("redmond")], vec![json!("partitionKey")]]),
    );
    let ranges = scene.plan("Q").await["queryRanges"].clone();
    let mins = super::values(ranges.as_array().unwrap(), "min");
    assert_eq!(mins, ["013AEFCF77FA271571CF665A58C933F1", point]);
    scene.gateway.register("Q", Plan::constant(5));
    let ranges = scene.plan("Q").await["queryRanges"].clone();
    assert_eq!(
        ranges,
        json!([{ "min": "", "max": "", "isMinInclusive": true, "isMaxInclusive": true }])
    );

    let scene = Scene::with(Options {
        key: &["/a", "/b"],
        ..Options::default()
    });
    scene
        .gateway
        .register("Q", Plan::all().keys([vec![json!("redmond")]]));
    let ranges = scene.plan("Q").await["queryRanges"].clone();
    let max = format!("{point}FF");
    assert_eq!(
        ranges,
        json!([{ "min": point, "max": max, "isMinInclusive": true, "isMaxInclusive": false }])
    );
}

#[tokio::test]
async fn lacking_features_are_refused() {
    let grouped = || {
        Plan::list([
            ("a", Aggregate::CountIf.of("c.a")),
            ("b", Aggregate::MakeList.of("c.b")),
        ])
        .group_by("c.k")
    };
    let count: fn(&str) -> Column = |path| Aggregate::Count.of(path);
    let cases = [
        (Plan::all(), ""),
        (Plan::all().order_by("c.a", Ascending), "OrderBy"),
        (
            Plan::all()
                .order_by("c.a", Ascending)
                .order_by("c.b", Ascending),
            "MultipleOrderBy,OrderBy",
        ),
        (
            Plan::all()
                .vector("VectorDistance(c.v, [1])", "c.s", Ascending)
                .top(1),
            "NonStreamingOrderBy,Top",
        ),
        (Plan::all().offset_limit(0, 1), "OffsetAndLimit"),
        (Plan::value("c.a").count_distinct(""), "Distinct,DCount"),
        (Plan::value(count("1")), "Aggregate"),
        (
            Plan::list([("n", count("1"))]),
            "Aggregate,NonValueAggregate",
        ),
        (
            grouped(),
            "Aggregate,GroupBy,MultipleAggregates,NonValueAggregate,CountIf,ListAndSetAggregate",
        ),
    ];
    let scene = Scene::new(1);
    for (tree, features) in cases {
        scene.gateway.register("Q", tree);
        let with =
            |features: &str| plan("Q").header("x-ms-cosmos-supported-query-features", features);
        assert_eq!(scene.outcome(with(features)).await, (200, 0), "{features}");
        for needed in features.split(',').filter(|needed| !needed.is_empty()) {
            let others = FEATURES.replace(' ', "");
            let others: Vec<&str> = others.split(',').filter(|one| *one != needed).collect();
            let answer = scene.send(with(&others.join(", "))).await;
            assert_eq!(outcome(&answer), (400, 0), "{needed}");
            let message = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(message.starts_with("Query contains 1 or more unsupported features."));
            assert!(
                message.contains(&format!(
                    "\nQuery contained {needed}, which the calling client"
                )),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_for_a_plan_has_its_headers() {
    let scene = Scene::new(1);
    let text = "SELECT * FROM c";
    let body = json!({ "query": text });
    let steps = [
        (plan(text), (200, 0)),
        (
            plan(text).header("x-ms-cosmos-query-version", "2.0"),
            (400, 0),
        ),
        (
            plan(text).header("content-type", "application/json"),
            (400, 0),
        ),
        (plan("SELECT FROM c"), (400, 0)),
        (query_with(&body), (400, 1004)),
        (query_with(&json!({})), (400, 0)),
    ];
    for (number, (request, expected)) in steps.into_iter().enumerate() {
        assert_eq!(scene.outcome(request).await, expected, "step {number}");
    }
    let answer = scene.send(plan("SELECT FROM c")).await.json();
    assert!(answer["message"].as_str().unwrap().contains("SC1001"));
}
