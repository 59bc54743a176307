//! Groups, from the parts that a service answers page by page.

use std::collections::BTreeMap;

use super::aggregates::{KINDS, check, documents, member, part, values};
use super::backend::page;
use super::random::Scalar;
use super::*;
use crate::wire::value::hash;

/// The rows of each group.
fn groups<'a>(rows: &[(&'a Document, usize)]) -> BTreeMap<Scalar, Vec<(&'a Document, usize)>> {
    let mut groups: BTreeMap<Scalar, Vec<_>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.0.keys[0].clone()).or_default().push(*row);
    }
    groups
}

#[test]
fn group_by_property() {
    for_seeds(500, |random| {
        let backend = documents(random);
        let slices = random.cut(&everything(), 16);
        let kind = random.pick(&KINDS);
        let shape = Shape {
            grouped: true,
            aliases: vec![("g".to_owned(), None), ("n".to_owned(), Some(kind))],
            ..Shape::default()
        };
        let expected = groups(&backend.rows(&everything()));
        for drive in &DRIVES[..2] {
            let rows = all_rows(
                &shape,
                slices.clone(),
                *drive,
                random,
                &mut |leaf, random| {
                    let (rows, continuation) = backend.page(leaf, random);
                    let mut parts = Vec::new();
                    for (group, rows) in groups(&rows) {
                        let part = part(kind, &values(&rows), random);
                        let item = group.item(random);
                        let name = group
                            .json(random)
                            .map(|json| format!("\"g\":{json},"))
                            .unwrap_or_default();
                        parts.push(format!(
                            "{{\"groupByItems\":[{item}],\"payload\":{{{name}\"n\":{part}}}}}"
                        ));
                    }
                    LeafPage {
                        continuation,
                        ..page(&parts)
                    }
                },
            );
            assert_eq!(rows.len(), expected.len());
            let key = |json: Option<String>| json.map(|json| hash(json.as_bytes()).unwrap());
            for (group, members) in &expected {
                let wanted = key(group.json(random));
                let found: Vec<&String> = rows
                    .iter()
                    .filter(|row| key(member(row, "g")) == wanted)
                    .collect();
                assert_eq!(found.len(), 1);
                check(
                    kind,
                    member(found[0], "n").as_deref(),
                    &values(members),
                    random,
                );
            }
        }
    });
}

#[test]
fn group_by_value_property() {
    for_seeds(300, |random| {
        let backend = documents(random);
        let slices = random.cut(&everything(), 16);
        let kind = random.chance(2).then_some(AggregateKind::Count);
        let shape = Shape {
            grouped: true,
            value: true,
            aggregate: kind,
            ..Shape::default()
        };
        let rows = all_rows(&shape, slices, DRIVES[1], random, &mut |leaf, random| {
            let (rows, continuation) = backend.page(leaf, random);
            let mut parts = Vec::new();
            for (group, rows) in groups(&rows) {
                let item = group.item(random);
                let payload = match kind {
                    Some(kind) => Some(format!("[{}]", part(kind, &values(&rows), random))),
                    None => group.json(random),
                };
                let payload = payload
                    .map(|payload| format!(",\"payload\":{payload}"))
                    .unwrap_or_default();
                parts.push(format!("{{\"groupByItems\":[{item}]{payload}}}"));
            }
            LeafPage {
                continuation,
                ..page(&parts)
            }
        });
        let mut expected: Vec<u128> = Vec::new();
        for (group, rows) in groups(&backend.rows(&everything())) {
            let row = match kind {
                Some(_) => Some(rows.len().to_string()),
                None => group.json(random),
            };
            expected.extend(row.map(|row| hash(row.as_bytes()).unwrap()));
        }
        let mut rows: Vec<u128> = rows
            .iter()
            .map(|row| hash(row.as_bytes()).unwrap())
            .collect();
        rows.sort_unstable();
        expected.sort_unstable();
        assert_eq!(rows, expected);
    });
}
