//! A small client that reads a query leaf by leaf while ranges split and merge under it.

use serde_json::{Value, json};

use super::random::Random;
use super::{Scene, by_range, by_slice, outcome, query, rows};
use crate::gateway::{Aggregate, Plan};

const CASES: u64 = 80;

/// A slice that is still to be read.
#[derive(Clone)]
struct Leaf {
    min: String,
    max: String,
    token: Option<String>,
}

/// The ranges that a leaf lies in, with the part of the leaf in each. A bound that is the range's own is kept.
fn resolve(scene: &Scene, leaf: &Leaf) -> Vec<(String, Leaf, bool)> {
    let later = |left: &str, right: &str| {
        if left > right {
            left.to_owned()
        } else {
            right.to_owned()
        }
    };
    let mut parts = Vec::new();
    for (id, min, max) in scene.container().ranges() {
        let part = Leaf {
            min: later(&leaf.min, &min),
            max: if leaf.max < max {
                leaf.max.clone()
            } else {
                max.clone()
            },
            token: leaf.token.clone(),
        };
        if part.min < part.max {
            let is_whole = part.min == min && part.max == max;
            parts.push((id, part, is_whole));
        }
    }
    parts
}

/// Splits a range, or merges two.
fn shake(scene: &Scene, random: &mut Random) {
    let ranges = scene.ranges();
    let place = random.below(ranges.len() as u64) as usize;
    match ranges.get(place + 1) {
        Some(right) if random.below(2) == 0 => {
            scene.container().merge(&ranges[place], right);
        }
        _ if ranges.len() < 9 => {
            scene.container().split(&ranges[place]);
        }
        _ => {}
    }
}

/// All rows of a text.
async fn read(scene: &Scene, text: &str, random: &mut Random) -> Vec<Value> {
    let mut leaves = vec![Leaf {
        min: String::new(),
        max: "FF".to_owned(),
        token: None,
    }];
    let mut found = Vec::new();
    while let Some(leaf) = leaves.pop() {
        let mut parts = resolve(scene, &leaf);
        parts.reverse();
        let (range, part, is_whole) = parts.pop().unwrap();
        leaves.extend(parts.into_iter().map(|(_, part, _)| part));
        let mut request = if is_whole {
            by_range(query(text), &range)
        } else {
            let min = if part.min.is_empty() { "00" } else { &part.min };
            by_slice(query(text), &range, min, &part.max)
        };
        if let Some(token) = &part.token {
            request = request.header("x-ms-continuation", token);
        }
        if random.below(4) == 0 {
            shake(scene, random);
        }
        let answer = scene.send(request).await;
        if outcome(&answer) == (410, 1002) {
            leaves.push(part);
            continue;
        }
        assert_eq!(outcome(&answer), (200, 0), "{answer:?}");
        found.extend(rows(&answer));
        if let Some(token) = answer.header("x-ms-continuation") {
            leaves.push(Leaf {
                token: Some(token.to_owned()),
                ..part
            });
        }
    }
    found
}

fn sorted(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_over_splits_and_merges_property() {
    for seed in 0..CASES {
        let mut random = Random(seed);
        let scene = Scene::new(1 + random.below(4) as u32);
        let documents = random.below(60);
        for n in 0..documents {
            let pk = random.below(20);
            scene
                .container()
                .put(json!({ "id": n.to_string(), "pk": pk, "n": n, "m": n % 4 }));
        }
        scene
            .container()
            .page_size(Some(1 + random.below(7) as usize));
        scene.container().scan(Some(1 + random.below(5) as usize));
        scene.container().empty_pages(random.below(4));

        scene
            .gateway
            .register("P", Plan::value("c.n").matching("c.n >= 0"));
        let plain = read(&scene, "P", &mut random).await;
        assert_eq!(
            sorted(plain.iter().map(number)),
            (0..documents).collect::<Vec<u64>>(),
            "seed {seed}"
        );

        scene.gateway.register("D", Plan::value("c.m").distinct());
        let mut distinct = sorted(read(&scene, "D", &mut random).await.iter().map(number));
        distinct.dedup();
        assert_eq!(
            distinct,
            (0..documents.min(4)).collect::<Vec<u64>>(),
            "seed {seed}"
        );

        scene
            .gateway
            .register("A", Plan::value(Aggregate::Sum.of("c.n")));
        let text = scene.rewritten("A").await;
        let sum: u64 = read(&scene, &text, &mut random)
            .await
            .iter()
            .map(|row| number(&row[0]["item"]))
            .sum();
        assert_eq!(sum, (0..documents).sum::<u64>(), "seed {seed}");

        let groups =
            Plan::list([("m", "c.m".into()), ("n", Aggregate::Count.of("1"))]).group_by("c.m");
        scene.gateway.register("G", groups);
        let text = scene.rewritten("G").await;
        let mut counts = [0; 4];
        for row in read(&scene, &text, &mut random).await {
            let group = number(&row["groupByItems"][0]["item"]);
            counts[group as usize] += number(&row["payload"]["n"]["item"]);
        }
        let expected = [0, 1, 2, 3].map(|m| (0..documents).filter(|n| n % 4 == m).count() as u64);
        assert_eq!(counts, expected, "seed {seed}");
    }
    println!("{CASES} cases");
}
