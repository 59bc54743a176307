//! ORDER BY over random documents, against an oracle that sorts them all at once.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::random::Random;
use super::{Scene, by_range, query, query_with};
use crate::gateway::{Direction, Plan};

const CASES: u64 = 60;

/// A value of a sort key; none: undefined.
fn value(random: &mut Random) -> Option<Value> {
    let texts = ["", "a", "aa", "b", "\u{E000}", "\u{1F600}", "Z"];
    match random.below(7) {
        0 => None,
        1 => Some(Value::Null),
        2 => Some(Value::Bool(random.below(2) == 1)),
        3 => Some(json!(random.below(4))),
        4 => Some(json!(random.below(8) as f64 / 2.0 - 1.0)),
        _ => Some(json!(texts[random.below(texts.len() as u64) as usize])),
    }
}

/// Two sort keys and the order of creation.
type Row = (Vec<Option<Value>>, u64);

/// Rank of the type, number, UTF-16 units: enough for what [`value`] makes.
fn sortable(value: Option<&Value>) -> (u8, f64, Vec<u16>) {
    match value {
        Some(Value::Null) => (1, 0.0, Vec::new()),
        Some(Value::Bool(value)) => (2, f64::from(u8::from(*value)), Vec::new()),
        Some(Value::Number(value)) => (3, value.as_f64().unwrap(), Vec::new()),
        Some(Value::String(value)) => (4, 0.0, value.encode_utf16().collect()),
        _ => (0, 0.0, Vec::new()),
    }
}

fn order(left: &Row, right: &Row, directions: &[Direction]) -> Ordering {
    let turned = |order: Ordering, direction: Direction| match direction {
        Direction::Ascending => order,
        Direction::Descending => order.reverse(),
    };
    for (place, direction) in directions.iter().enumerate() {
        let [left, right] = [left, right].map(|row| sortable(row.0[place].as_ref()));
        let order = left.partial_cmp(&right).unwrap();
        if order.is_ne() {
            return turned(order, *direction);
        }
    }
    turned(left.1.cmp(&right.1), directions[0])
}

/// A container with random documents, the directions of its keys, and the rows that are expected of each range.
fn arrange(random: &mut Random) -> (Scene, Vec<Direction>, u64) {
    let scene = Scene::new(1 + random.below(4) as u32);
    let documents = random.below(40);
    for n in 0..documents {
        let mut document = json!({ "id": n.to_string(), "pk": random.below(12), "n": n });
        for name in ["a", "b"] {
            if let Some(key) = value(random) {
                document[name] = key;
            }
        }
        scene.container().put(document);
    }
    let one = |random: &mut Random| match random.below(2) {
        0 => Direction::Ascending,
        _ => Direction::Descending,
    };
    let directions = (0..1 + random.below(2)).map(|_| one(random));
    let directions: Vec<Direction> = directions.collect();
    (scene, directions, documents)
}

/// The numbers of a range's documents, in order.
fn expected(scene: &Scene, range: &str, directions: &[Direction]) -> Vec<u64> {
    let items = scene.container().items();
    let own = items
        .iter()
        .filter(|item| scene.container().range_of(&[item["pk"].clone()]) == range);
    let mut rows: Vec<Row> = own
        .map(|item| {
            (
                ["a", "b"].map(|name| item.get(name).cloned()).to_vec(),
                item["n"].as_u64().unwrap(),
            )
        })
        .collect();
    rows.sort_by(|left, right| order(left, right, directions));
    rows.into_iter().map(|(_, n)| n).collect()
}

fn numbers(rows: &[Value]) -> Vec<u64> {
    rows.iter()
        .map(|row| row["payload"].as_u64().unwrap())
        .collect()
}

/// The resume filter at a row.
fn boundary(row: &Value, excludes: bool) -> Value {
    let keys = row["orderByItems"].as_array().unwrap().iter();
    let keys: Vec<Value> = keys
        .map(|key| key.get("item").cloned().unwrap_or_else(|| json!([])))
        .collect();
    json!({ "value": keys, "rid": row["_rid"], "exclude": excludes })
}

#[tokio::test]
async fn ordered_pages_of_ranges_property() {
    let mut rows_seen = 0;
    for seed in 0..CASES {
        let mut random = Random(seed);
        let (scene, directions, documents) = arrange(&mut random);
        let mut tree = Plan::value("c.n");
        for (name, direction) in ["c.a", "c.b"].into_iter().zip(&directions) {
            tree = tree.order_by(name, *direction);
        }
        scene.gateway.register("Q", tree);
        let text = scene.rewritten("Q").await;
        let mut seen = 0;
        for range in scene.ranges() {
            let expected = expected(&scene, &range, &directions);
            scene
                .container()
                .page_size(Some(1 + random.below(7) as usize));
            scene.container().empty_pages(random.below(3));
            let rows = scene.pages(by_range(query(&text), &range)).await.concat();
            assert_eq!(numbers(&rows), expected, "seed {seed}, range {range}");
            seen += rows.len() as u64;
            for (place, row) in rows.iter().enumerate() {
                let excludes = random.below(2) == 1;
                let body = json!({ "query": text, "parameters": [], "resumeFilter": boundary(row, excludes) });
                let rest = scene
                    .pages(by_range(query_with(&body), &range))
                    .await
                    .concat();
                let start = place + usize::from(excludes);
                assert_eq!(
                    numbers(&rest),
                    expected[start..],
                    "seed {seed}, range {range}, row {place}"
                );
            }
        }
        assert_eq!(seen, documents, "seed {seed}");
        rows_seen += seen;
    }
    println!("{CASES} cases, {rows_seen} rows");
}

#[tokio::test]
async fn ordered_continuations_over_splits_property() {
    for seed in 0..CASES {
        let mut random = Random(seed ^ 0xFFFF);
        let (scene, directions, _) = arrange(&mut random);
        let mut tree = Plan::value("c.n");
        for (name, direction) in ["c.a", "c.b"].into_iter().zip(&directions) {
            tree = tree.order_by(name, *direction);
        }
        scene.gateway.register("Q", tree);
        let text = scene.rewritten("Q").await;
        scene
            .container()
            .page_size(Some(1 + random.below(7) as usize));
        let range = scene.ranges()[0].clone();
        let first = scene.send(by_range(query(&text), &range)).await;
        let before = numbers(&super::rows(&first));
        let Some(token) = first.header("x-ms-continuation") else {
            continue;
        };
        for child in scene.container().split(&range) {
            let mut expected = expected(&scene, &child, &directions);
            expected.retain(|n| !before.contains(n));
            let mut rows = Vec::new();
            let mut request = by_range(query(&text), &child).header("x-ms-continuation", token);
            loop {
                let answer = scene.send(request.clone()).await;
                rows.extend(numbers(&super::rows(&answer)));
                let Some(next) = answer.header("x-ms-continuation") else {
                    break;
                };
                request = request.header("x-ms-continuation", next);
            }
            assert_eq!(rows, expected, "seed {seed}, range {child}");
        }
    }
    println!("{CASES} cases");
}
