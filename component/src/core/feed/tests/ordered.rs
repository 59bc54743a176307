//! Streaming merges.

use super::super::shape::Distinct;
use super::random::Scalar;
use super::*;
use std::collections::HashMap;

fn shape(backend: &Backend) -> Shape {
    let order = |descending: &bool| Order {
        descending: *descending,
    };
    Shape {
        order: backend.descending.iter().map(order).collect(),
        ..Shape::default()
    }
}

/// All rows in the order of the query: by keys, then leaf by leaf as each has them.
fn sorted<'a>(backend: &'a Backend, slices: &[EpkRange]) -> Vec<&'a Document> {
    let mut rows = Vec::new();
    for slice in slices {
        rows.extend(backend.rows(slice));
    }
    rows.sort_by(|(one, _), (other, _)| backend.compare_keys(one, other));
    rows.retain(|(document, copy)| document.payloads[*copy].is_some());
    rows.into_iter().map(|(document, _)| document).collect()
}

fn payloads(backend: &Backend, slices: &[EpkRange]) -> Vec<String> {
    let mut copies: HashMap<u64, usize> = HashMap::new();
    let payload = |document: &Document| {
        let copy = copies.entry(document.number).or_default();
        let left = document
            .payloads
            .iter()
            .flatten()
            .nth(*copy)
            .unwrap()
            .clone();
        *copy += 1;
        left
    };
    sorted(backend, slices).into_iter().map(payload).collect()
}

#[test]
fn ordered_merge_property() {
    for_seeds(300, |random| {
        let columns = 1 + random.below(3);
        let backend = Backend::new(random, 60, columns);
        let slices = random.cut(&everything(), 16);
        let shape = shape(&backend);
        let expected = payloads(&backend, &slices);
        let keys: HashMap<&String, &Vec<Scalar>> = backend
            .documents
            .iter()
            .flat_map(|document| {
                document
                    .payloads
                    .iter()
                    .flatten()
                    .map(move |row| (row, &document.keys))
            })
            .collect();
        for drive in DRIVES {
            let rows = all_rows(
                &shape,
                slices.clone(),
                drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            if !drive.moves {
                assert_eq!(rows, expected);
            }
            // Where partitions were cut decides between equal keys; nothing else may differ.
            let order: Vec<_> = rows.iter().map(|row| keys[row]).collect();
            assert_eq!(
                order,
                expected.iter().map(|row| keys[row]).collect::<Vec<_>>()
            );
            assert_eq!(multiset(&rows), multiset(&expected), "{drive:?}");
        }
    });
}

fn multiset(rows: &[String]) -> Vec<&String> {
    let mut rows: Vec<&String> = rows.iter().collect();
    rows.sort();
    rows
}

#[test]
fn ordered_window_property() {
    for_seeds(300, |random| {
        let backend = Backend::new(random, 40, 1);
        let slices = random.cut(&everything(), 8);
        let (offset, limit) = (random.below(30) as u64, random.below(30) as u64);
        let shape = Shape {
            offset: (offset > 0).then_some(offset),
            limit: Some(limit),
            top: random.chance(3).then_some(5),
            ..shape(&backend)
        };
        let take = if shape.top.is_some() {
            limit.min(5)
        } else {
            limit
        };
        let whole = payloads(&backend, &slices);
        let expected: Vec<String> = whole
            .into_iter()
            .skip(offset as usize)
            .take(take as usize)
            .collect();
        for resumes in [false, true] {
            // Ties go by partition, so the partitions stay as they are.
            let limits = Limits::default();
            let mut feed = Feed::new(&shape, slices.clone(), &limits).unwrap();
            let mut rows = Vec::new();
            let answer: Answer<'_> = &mut |leaf, random| backend.answer(leaf, random);
            while let Some(page) = next_page(&mut feed, Drive::default(), random, answer) {
                rows.extend(page);
                if resumes {
                    let mut state = feed.state().unwrap();
                    state.slices = fit(&state.slices, &slices);
                    feed = Feed::resume(&shape, state, &limits).unwrap();
                }
            }
            assert_eq!(rows, expected);
        }
    });
}

#[test]
fn ordered_distinct_property() {
    for_seeds(300, |random| {
        let mut backend = Backend::new(random, 60, 1);
        for document in &mut backend.documents {
            let value = document.keys[0].json(random);
            document.payloads = vec![value];
        }
        let slices = random.cut(&everything(), 16);
        let shape = Shape {
            distinct: Distinct::Ordered,
            value: true,
            ..shape(&backend)
        };
        let mut expected: Vec<&Scalar> = sorted(&backend, &slices)
            .into_iter()
            .map(|document| &document.keys[0])
            .collect();
        expected.dedup();
        let spelled: HashMap<&String, &Scalar> = backend
            .documents
            .iter()
            .flat_map(|document| {
                document.payloads[0]
                    .as_ref()
                    .map(|row| (row, &document.keys[0]))
            })
            .collect();
        for drive in DRIVES {
            let rows = all_rows(
                &shape,
                slices.clone(),
                drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            assert_eq!(
                rows.iter().map(|row| spelled[row]).collect::<Vec<_>>(),
                expected,
                "{drive:?}"
            );
        }
    });
}

#[test]
fn non_streaming_order_property() {
    for_seeds(300, |random| {
        let mut backend = Backend::new(random, 60, 1);
        backend.shuffled = true;
        for document in &mut backend.documents {
            document.payloads = vec![Some(document.number.to_string())];
        }
        let slices = random.cut(&everything(), 16);
        let shape = Shape {
            non_streaming: true,
            offset: random.chance(2).then_some(random.below(9) as u64),
            top: Some(random.below(40) as u64),
            ..shape(&backend)
        };
        let (skip, take) = (
            shape.offset.unwrap_or(0) as usize,
            shape.top.unwrap() as usize,
        );
        let best: Vec<&Scalar> = sorted(&backend, &slices)
            .iter()
            .skip(skip)
            .take(take)
            .map(|row| &row.keys[0])
            .collect();
        for drive in &DRIVES[..2] {
            let rows = all_rows(
                &shape,
                slices.clone(),
                *drive,
                random,
                &mut |leaf, random| backend.answer(leaf, random),
            );
            let key = |row: &String| {
                let number: u64 = row.parse().unwrap();
                &backend
                    .documents
                    .iter()
                    .find(|document| document.number == number)
                    .unwrap()
                    .keys[0]
            };
            assert_eq!(rows.iter().map(key).collect::<Vec<_>>(), best);
            let mut once = multiset(&rows);
            once.dedup();
            assert_eq!(once.len(), rows.len());
        }
    });
}
