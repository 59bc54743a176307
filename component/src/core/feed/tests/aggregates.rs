//! Aggregates and groups, from the parts that a service answers page by page.

use super::backend::page;
use super::random::Scalar;
use super::*;
use crate::wire::value::{elements, hash, members};

pub(super) const KINDS: [AggregateKind; 8] = [
    AggregateKind::Average,
    AggregateKind::Count,
    AggregateKind::CountIf,
    AggregateKind::MakeList,
    AggregateKind::MakeSet,
    AggregateKind::Max,
    AggregateKind::Min,
    AggregateKind::Sum,
];

/// Documents with a group and a value; values all numbers, or of any type.
pub(super) fn documents(random: &mut Random) -> Backend {
    let mut backend = Backend::new(random, 60, 2);
    let only_numbers = random.chance(2);
    for document in &mut backend.documents {
        document.keys[1] = match random.below(3) {
            0 if !only_numbers => random.scalar(),
            _ => Scalar::Halves(random.below(9) as i128 - 4),
        };
        // Sums are to be exact, so that they can be compared.
        if let Scalar::Halves(halves) = &mut document.keys[1] {
            *halves %= 100;
        }
    }
    backend
}

fn sum(values: &[Scalar]) -> Option<i128> {
    let half = |value: &Scalar| match value {
        Scalar::Halves(halves) => Some(*halves),
        _ => None,
    };
    values.iter().map(half).sum()
}

fn defined(values: &[Scalar]) -> Vec<Scalar> {
    values
        .iter()
        .filter(|value| **value != Scalar::Undefined)
        .cloned()
        .collect()
}

fn trues(values: &[Scalar]) -> usize {
    values
        .iter()
        .filter(|value| **value == Scalar::Boolean(true))
        .count()
}

fn list(values: &[Scalar], random: &mut Random) -> String {
    let values: Vec<String> = values
        .iter()
        .filter_map(|value| value.json(random))
        .collect();
    format!("[{}]", values.join(","))
}

/// What a partition answers for these values.
pub(super) fn part(kind: AggregateKind, values: &[Scalar], random: &mut Random) -> String {
    let count = values.len();
    match kind {
        AggregateKind::Count => format!("{{\"item\":{count}}}"),
        AggregateKind::CountIf => format!("{{\"item\":{}.0}}", trues(values)),
        AggregateKind::Sum => sum(values)
            .map_or(Scalar::Undefined, Scalar::Halves)
            .item(random),
        AggregateKind::Average => match sum(values) {
            Some(sum) => format!(
                "{{\"item\":{{\"sum\":{},\"count\":{count}}}}}",
                sum as f64 / 2.0
            ),
            None => format!("{{\"item\":{{\"count\":{count}}}}}"),
        },
        AggregateKind::Min | AggregateKind::Max => {
            let (name, best) = match kind {
                AggregateKind::Min => ("min", defined(values).into_iter().min()),
                _ => ("max", defined(values).into_iter().max()),
            };
            let count = defined(values).len();
            match best.and_then(|best| best.json(random)) {
                None => "{\"item2\":{\"count\":0}}".to_owned(),
                Some(best) if random.chance(2) => format!("{{\"item\":{best}}}"),
                Some(best) => {
                    format!("{{\"item\":{best},\"item2\":{{\"{name}\":{best},\"count\":{count}}}}}")
                }
            }
        }
        AggregateKind::MakeList => format!("{{\"item\":{}}}", list(values, random)),
        AggregateKind::MakeSet => {
            let mut set = defined(values);
            set.sort();
            set.dedup();
            format!("{{\"item\":{}}}", list(&set, random))
        }
    }
}

/// Checks a result against all values at once.
pub(super) fn check(
    kind: AggregateKind,
    result: Option<&str>,
    values: &[Scalar],
    random: &mut Random,
) {
    let count = values.len();
    let hashes = |list: &str| {
        let mut hashes: Vec<u128> = elements(list.as_bytes())
            .map(|value| hash(value).unwrap())
            .collect();
        hashes.sort_unstable();
        hashes
    };
    let expected = match kind {
        AggregateKind::Count => Some(count.to_string()),
        AggregateKind::CountIf => Some(trues(values).to_string()),
        AggregateKind::Sum => sum(values).map(|sum| (sum as f64 / 2.0).to_string()),
        AggregateKind::Average => {
            let average = sum(values)
                .filter(|_| count > 0)
                .map(|sum| sum as f64 / 2.0 / count as f64);
            let result: Option<f64> = result.map(|result| result.parse().unwrap());
            match (average, result) {
                (Some(average), Some(result)) => assert!((average - result).abs() < 1e-9),
                (average, result) => assert_eq!(average, result),
            }
            return;
        }
        AggregateKind::Min | AggregateKind::Max => {
            let defined = defined(values);
            let best = if kind == AggregateKind::Min {
                defined.iter().min()
            } else {
                defined.iter().max()
            };
            let hash = |json: &str| hash(json.as_bytes()).unwrap();
            let best = best.and_then(|best| best.json(random));
            assert_eq!(result.map(hash), best.as_deref().map(hash));
            return;
        }
        AggregateKind::MakeList | AggregateKind::MakeSet => {
            let mut expected = hashes(&list(values, random));
            if kind == AggregateKind::MakeSet {
                expected.dedup();
            }
            assert_eq!(hashes(result.unwrap()), expected);
            return;
        }
    };
    assert_eq!(result, expected.as_deref(), "{kind:?} {values:?}");
}

pub(super) fn values(rows: &[(&Document, usize)]) -> Vec<Scalar> {
    rows.iter()
        .map(|(document, _)| document.keys[1].clone())
        .collect()
}

pub(super) fn member(row: &str, wanted: &str) -> Option<String> {
    let found = members(row.as_bytes()).find(|(name, _)| **name == *wanted.as_bytes());
    found.map(|(_, value)| String::from_utf8(value.to_vec()).unwrap())
}

#[test]
fn aggregate_value_property() {
    for_seeds(500, |random| {
        let backend = documents(random);
        let slices = random.cut(&everything(), 16);
        let all = values(&backend.rows(&everything()));
        for kind in KINDS {
            let shape = Shape {
                aggregate: Some(kind),
                value: true,
                ..Shape::default()
            };
            let drive = random.pick(&DRIVES[..2]);
            let rows = all_rows(
                &shape,
                slices.clone(),
                drive,
                random,
                &mut |leaf, random| {
                    let (rows, continuation) = backend.page(leaf, random);
                    let part = part(kind, &values(&rows), random);
                    LeafPage {
                        continuation,
                        ..page(&[format!("[{part}]")])
                    }
                },
            );
            assert!(rows.len() <= 1);
            check(kind, rows.first().map(String::as_str), &all, random);
        }
    });
}

#[test]
fn aggregate_list_property() {
    for_seeds(300, |random| {
        let backend = documents(random);
        let slices = random.cut(&everything(), 16);
        let all = values(&backend.rows(&everything()));
        let kinds = [random.pick(&KINDS), random.pick(&KINDS)];
        let named = |at: usize| (format!("${at}"), Some(kinds[at]));
        let shape = Shape {
            aliases: vec![named(0), named(1)],
            ..Shape::default()
        };
        for drive in &DRIVES[..2] {
            let rows = all_rows(
                &shape,
                slices.clone(),
                *drive,
                random,
                &mut |leaf, random| {
                    let (rows, continuation) = backend.page(leaf, random);
                    let parts = kinds.map(|kind| part(kind, &values(&rows), random));
                    let row = format!(
                        "{{\"payload\":{{\"$1\":{},\"$0\":{}}}}}",
                        parts[1], parts[0]
                    );
                    LeafPage {
                        continuation,
                        ..page(&[row])
                    }
                },
            );
            assert_eq!(rows.len(), 1);
            let names: Vec<_> = members(rows[0].as_bytes())
                .map(|(name, _)| name.into_owned())
                .collect();
            assert!(names.is_sorted());
            for (at, kind) in kinds.into_iter().enumerate() {
                check(
                    kind,
                    member(&rows[0], &format!("${at}")).as_deref(),
                    &all,
                    random,
                );
            }
        }
    });
}

/// One row of parts from each leaf.
fn aggregate(kind: AggregateKind, value: bool, parts: &[&str]) -> Result<Vec<String>> {
    let mut shape = Shape {
        value,
        ..Shape::default()
    };
    match value {
        true => shape.aggregate = Some(kind),
        false => shape.aliases = vec![("a".to_owned(), Some(kind))],
    }
    let mut feed = Feed::new(&shape, vec![everything()], &Limits::default())?;
    let row = |part: &&str| match value {
        true => format!("[{part}]"),
        false => format!("{{\"payload\":{{\"a\":{part}}}}}"),
    };
    let rows: Vec<String> = parts.iter().map(row).collect();
    assert!(matches!(feed.next_page(9)?, Pull::Blocked));
    feed.accept(feed.wanted(1)[0].id, page(&rows))?;
    match feed.next_page(9)? {
        Pull::Page(rows) => Ok(rows.iter().map(|row| format!("{row:?}")).collect()),
        _ => Ok(Vec::new()),
    }
}

#[test]
fn aggregates_of_nothing_and_of_the_undefined() {
    use AggregateKind::*;
    let cases: &[(AggregateKind, &[&str], Option<&str>)] = &[
        (Count, &[], Some("0")),
        (CountIf, &[], Some("0")),
        (Sum, &[], Some("0")),
        (Average, &[], None),
        (Min, &[], None),
        (Max, &[], None),
        (MakeList, &[], Some("[]")),
        (MakeSet, &[], Some("[]")),
        (Sum, &[r#"{"item":1}"#, "{}", r#"{"item":1}"#], None),
        (Sum, &[r#"{"item":null}"#], None),
        (
            Sum,
            &[r#"{"item":219655.5}"#, r#"{"item":0.09}"#],
            Some("219655.59"),
        ),
        (
            Sum,
            &[r#"{"item":9223372036854775807}"#],
            Some("9223372036854775807"),
        ),
        (
            Sum,
            &[r#"{"item":9223372036854775807}"#, r#"{"item":1}"#],
            Some("9.223372036854776e18"),
        ),
        (Sum, &[r#"{"item":1.5}"#, r#"{"item":0.5}"#], Some("2")),
        (
            Average,
            &[
                r#"{"item":{"sum":1,"count":2}}"#,
                r#"{"item":{"sum":2,"count":1}}"#,
            ],
            Some("1"),
        ),
        (
            Average,
            &[r#"{"item":{"sum":1,"count":2}}"#, r#"{"item":{"count":0}}"#],
            None,
        ),
        (Average, &[r#"{"item":{"sum":0,"count":0}}"#], None),
        (Average, &[r#"{"item":{"sum":1,"count":2}}"#, "{}"], None),
        (
            Min,
            &[r#"{"item":3}"#, r#"{"item2":{"count":0}}"#],
            Some("3"),
        ),
        (
            Min,
            &[
                r#"{"item":null,"item2":{"min":2.50,"count":1}}"#,
                r#"{"item":"a"}"#,
            ],
            Some("2.50"),
        ),
        (Min, &[r#"{"item2":{"count":1}}"#, r#"{"item":3}"#], None),
        (Max, &[r#"{"item":3}"#, "{}"], None),
        (Max, &[r#"{"item":3}"#, r#"{"item":[4]}"#], None),
        (
            Max,
            &[r#"{"item":3}"#, r#"{"item":"\u0061"}"#, r#"{"item":true}"#],
            Some(r#""\u0061""#),
        ),
        (
            MakeList,
            &[r#"{"item":[1,1.0]}"#, "{}", r#"{"item":[{"x": 1}]}"#],
            Some(r#"[1,1.0,{"x": 1}]"#),
        ),
        (
            MakeSet,
            &[r#"{"item":[1,"a"]}"#, r#"{"item":[1.0,"b"]}"#],
            Some(r#"[1,"a","b"]"#),
        ),
    ];
    for (kind, parts, expected) in cases {
        let value: Vec<String> = expected.iter().map(|json| (*json).to_owned()).collect();
        assert_eq!(
            aggregate(*kind, true, parts),
            Ok(value),
            "{kind:?} {parts:?}"
        );
        let list = expected.map_or("{}".to_owned(), |json| format!("{{\"a\":{json}}}"));
        assert_eq!(
            aggregate(*kind, false, parts),
            Ok(vec![list]),
            "{kind:?} {parts:?}"
        );
    }
}

#[test]
fn parts_that_make_no_sense() {
    for (kind, part) in [
        (AggregateKind::Count, "{}"),
        (AggregateKind::CountIf, r#"{"item":"1"}"#),
        (AggregateKind::MakeList, r#"{"item":1}"#),
        (AggregateKind::MakeSet, r#"{"item":{}}"#),
    ] {
        assert!(
            matches!(aggregate(kind, true, &[part]), Err(FeedError::Malformed(_))),
            "{kind:?}"
        );
    }
}
