//! Vector and hybrid search.

use serde_json::{Value, json};

use super::{Scene, by_range, query, values};
use crate::gateway::Direction::{Ascending, Descending};
use crate::gateway::{Component, Plan};

const TOTAL: &str = "{documentdb-formattablehybridsearchquery-totaldocumentcount}";

fn scene() -> Scene {
    let scene = Scene::new(2);
    let texts = ["swim and run", "run run", "swim", "nothing", "run to swim"];
    for (n, text) in texts.into_iter().enumerate() {
        let id = n.to_string();
        scene
            .container()
            .put(json!({ "id": id, "pk": id, "text": text, "s": n * 2, "v": 10 - n }));
    }
    scene
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[tokio::test]
async fn vectors_are_ordered_by_their_score() {
    let scene = scene();
    let tree = Plan::list([("id", "c.id".into())])
        .vector("VectorDistance(c.e, [1, 2])", "c.v", Ascending)
        .top(2);
    scene.gateway.register("V", tree);
    let info = scene.plan("V").await["queryInfo"].clone();
    assert_eq!(
        (&info["hasNonStreamingOrderBy"], &info["top"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        info["orderByExpressions"],
        json!(["VectorDistance(c.e, [1, 2])"])
    );
    let text = "SELECT TOP 2 c._rid, [{\"item\": VectorDistance(c.e, [1, 2])}] AS orderByItems, {\"id\": c.id} AS payload\n\
                FROM c\nWHERE ({documentdb-formattableorderbyquery-filter})\nORDER BY VectorDistance(c.e, [1, 2])";
    assert_eq!(info["rewrittenQuery"], text);
    let text = scene.rewritten("V").await;
    for range in scene.ranges() {
        let rows = scene.pages(by_range(query(&text), &range)).await.concat();
        assert!(rows.len() <= 2);
        let scores = rows
            .iter()
            .map(|row| number(&row["orderByItems"][0]["item"]));
        assert!(scores.is_sorted());
    }
}

/// The sums of the statistics of all ranges.
async fn totals(scene: &Scene, text: &str) -> (u64, u64, Vec<u64>) {
    let rows = scene.over_ranges(text).await;
    assert_eq!(rows.len(), 2, "one document for each range");
    let (mut documents, mut words, mut hits) = (0, 0, vec![0; 2]);
    for row in &rows {
        documents += number(&row["documentCount"]);
        let statistics = &row["fullTextStatistics"][0];
        words += number(&statistics["totalWordCount"]);
        for (sum, count) in hits
            .iter_mut()
            .zip(statistics["hitCounts"].as_array().unwrap())
        {
            *sum += number(count);
        }
    }
    (documents, words, hits)
}

#[tokio::test]
async fn hybrid_components_need_the_true_totals() {
    let scene = scene();
    let components = [
        Component::vector("VectorDistance(c.e, [1])", "c.v", Ascending),
        Component::full_text("c.text", &["swim", "run"], "c.s"),
    ];
    scene.gateway.register(
        "H",
        Plan::all()
            .hybrid(components)
            .offset_limit(1, 2)
            .weights([1.0, 0.5]),
    );
    let plan = scene.plan("H").await;
    assert_eq!(plan["queryInfo"], Value::Null);
    let info = &plan["hybridSearchQueryInfo"];
    assert_eq!(
        (
            &info["skip"],
            &info["take"],
            &info["requiresGlobalStatistics"]
        ),
        (&json!(1), &json!(2), &json!(true))
    );
    assert_eq!(info["componentWeights"], json!([1.0, 0.5]));
    assert_eq!(
        info["componentQueryInfos"][1]["orderBy"],
        json!(["Descending"])
    );
    let statistics = info["globalStatisticsQuery"].as_str().unwrap();
    let (documents, words, hits) = totals(&scene, statistics).await;
    assert_eq!(
        (documents, words, hits.as_slice()),
        (5, 10, [3, 3].as_slice())
    );

    let text = info["componentQueryInfos"][1]["rewrittenQuery"]
        .as_str()
        .unwrap();
    assert!(text.contains(TOTAL) && text.contains("?? -1"));
    let fill = |count: &str| {
        text.replace(TOTAL, count)
            .replace(
                "{documentdb-formattablehybridsearchquery-totalwordcount-0}",
                "10",
            )
            .replace(
                "{documentdb-formattablehybridsearchquery-hitcountsarray-0}",
                "[3,3]",
            )
            .replace("{documentdb-formattableorderbyquery-filter}", "true")
    };
    let wrong = by_range(query(&fill("4")), "0");
    assert_eq!(scene.outcome(wrong).await, (400, 0));
    assert_eq!(scene.outcome(by_range(query(text), "0")).await, (400, 0));
    let rows = scene.over_ranges(&fill("5")).await;
    assert_eq!(rows.len(), 5);
    for row in &rows {
        let document = &row["payload"]["payload"];
        assert_eq!(
            row["payload"]["componentScores"],
            json!([document["v"], document["s"]])
        );
        assert_eq!(row["orderByItems"], json!([{ "item": document["s"] }]));
        assert_eq!(row["_rid"], document["_rid"]);
    }
    let own = by_range(query("H"), "0");
    assert_eq!(scene.outcome(own).await, (400, 1004));
}

#[tokio::test]
async fn placeholders_may_be_numbered_by_component() {
    let scene = scene();
    let components = || {
        [
            Component::vector("VectorDistance(c.e, [1])", "c.v", Descending),
            Component::full_text("c.text", &["swim"], "c.none"),
        ]
    };
    let tree = Plan::value("c.id").hybrid(components()).top(3);
    for (tree, number) in [(tree.clone(), 0), (tree.numbered_by_component(), 1)] {
        scene.gateway.register("H", tree);
        let info = scene.plan("H").await["hybridSearchQueryInfo"].clone();
        let text = info["componentQueryInfos"][1]["rewrittenQuery"]
            .as_str()
            .unwrap()
            .to_owned();
        let name = format!("totalwordcount-{number}}}");
        assert!(text.contains(&name), "{text}");
        let filled = text
            .replace(TOTAL, "5")
            .replace(
                &format!("{{documentdb-formattablehybridsearchquery-{name}"),
                "10",
            )
            .replace(
                &format!("{{documentdb-formattablehybridsearchquery-hitcountsarray-{number}}}"),
                "[3]",
            )
            .replace("{documentdb-formattableorderbyquery-filter}", "true");
        let rows = scene.over_ranges(&filled).await;
        let scores = values(&values(&rows, "payload"), "componentScores");
        assert!(
            scores.iter().all(|scores| scores[1] == -1),
            "a missing score"
        );
        assert!(rows.iter().all(|row| row["orderByItems"] == json!([{}])));
    }
}
