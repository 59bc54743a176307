//! Drains, and what goes on top of them row by row.

use super::super::shape::Distinct;
use super::random::Scalar;
use super::*;
use std::collections::BTreeSet;

fn rows_of(backend: &Backend, slices: &[EpkRange]) -> Vec<String> {
    let mut rows = Vec::new();
    for slice in slices {
        rows.extend(
            backend
                .rows(slice)
                .iter()
                .filter_map(|(document, copy)| document.payloads[*copy].clone()),
        );
    }
    rows
}

#[test]
fn drain_property() {
    for_seeds(500, |random| {
        let backend = Backend::new(random, 80, 0);
        let slices = random.cut(&everything(), 16);
        let expected = rows_of(&backend, &slices);
        for drive in DRIVES {
            let shape = Shape::default();
            let mut rows = all_rows(
                &shape,
                slices.clone(),
                drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            if drive.moves {
                let mut expected = expected.clone();
                expected.sort();
                rows.sort();
                assert_eq!(rows, expected);
            } else {
                assert_eq!(rows, expected);
            }
        }
    });
}

#[test]
fn drain_window_property() {
    for_seeds(300, |random| {
        let backend = Backend::new(random, 60, 0);
        let slices = random.cut(&everything(), 16);
        let shape = Shape {
            offset: Some(random.below(40) as u64),
            limit: random.chance(2).then_some(random.below(40) as u64),
            ..Shape::default()
        };
        let all = rows_of(&backend, &slices);
        let take = shape.limit.unwrap_or(u64::MAX) as usize;
        let expected: Vec<String> = all
            .iter()
            .skip(shape.offset.unwrap() as usize)
            .take(take)
            .cloned()
            .collect();
        for drive in DRIVES {
            let rows = all_rows(
                &shape,
                slices.clone(),
                drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            if drive.moves {
                let once: BTreeSet<&String> = rows.iter().collect();
                assert_eq!((rows.len(), once.len()), (expected.len(), expected.len()));
                assert!(rows.iter().all(|row| all.contains(row)));
            } else {
                assert_eq!(rows, expected);
            }
        }
    });
}

/// Documents that select a scalar.
fn scalars(random: &mut Random) -> (Backend, Vec<Scalar>) {
    let mut backend = Backend::new(random, 80, 0);
    let pool: Vec<Scalar> = (0..1 + random.below(20)).map(|_| random.scalar()).collect();
    let mut values = Vec::new();
    for document in &mut backend.documents {
        let value = random.pick(&pool);
        document.payloads = vec![value.json(random)];
        if value != Scalar::Undefined {
            values.push(value);
        }
    }
    (backend, values)
}

fn distinct(mut values: Vec<Scalar>) -> Vec<Scalar> {
    values.sort();
    values.dedup();
    values
}

#[test]
fn unordered_distinct_property() {
    for_seeds(300, |random| {
        let (backend, values) = scalars(random);
        let slices = random.cut(&everything(), 16);
        let shape = Shape {
            distinct: random.pick(&[Distinct::Unordered, Distinct::Ordered]),
            ..Shape::default()
        };
        for drive in &DRIVES[..2] {
            let rows = all_rows(
                &shape,
                slices.clone(),
                *drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            let spelled = |row: &String| {
                let document = backend
                    .documents
                    .iter()
                    .find(|document| document.payloads[0].as_ref() == Some(row));
                crate::wire::value::hash(document.unwrap().payloads[0].as_ref().unwrap().as_bytes())
                    .unwrap()
            };
            let once: BTreeSet<u128> = rows.iter().map(spelled).collect();
            let expected = distinct(values.clone()).len();
            assert_eq!((rows.len(), once.len()), (expected, expected));
        }
    });
}

#[test]
fn distinct_count_property() {
    for_seeds(300, |random| {
        let (backend, values) = scalars(random);
        let slices = random.cut(&everything(), 16);
        let alias = random.pick(&["", "n\""]);
        let limit = random.chance(3).then_some(random.below(5) as u64);
        let shape = Shape {
            distinct: Distinct::Unordered,
            dcount: Some(alias.to_owned()),
            limit,
            ..Shape::default()
        };
        let count = (distinct(values).len() as u64).min(limit.unwrap_or(u64::MAX));
        let expected = match alias {
            "" => count.to_string(),
            _ => format!("{{\"n\\\"\":{count}}}"),
        };
        for drive in &DRIVES[..2] {
            let rows = all_rows(
                &shape,
                slices.clone(),
                *drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            assert_eq!(rows, std::slice::from_ref(&expected));
        }
    });
}
