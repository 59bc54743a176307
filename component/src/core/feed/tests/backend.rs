//! A tiny service: documents, and leaves that page through them with continuations and resume filters.

use std::cmp::Ordering;

use super::super::{Leaf, LeafPage};
use super::random::{Random, Scalar, number};
use super::rid;
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;

#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Where it lies.
    pub(super) point: Epk,
    /// Its place among all documents by age.
    pub(super) number: u64,
    /// What it is sorted by.
    pub(super) keys: Vec<Scalar>,
    /// The same as JSON items, in the spelling that this document has.
    pub(super) items: Vec<String>,
    /// What is selected of it, once for each row that a join makes of it; none if that is undefined.
    pub(super) payloads: Vec<Option<String>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Backend {
    /// In the order in which a partition has them.
    pub(super) documents: Vec<Document>,
    /// Directions of the columns; none of them for rows without envelope, in the order of age.
    pub(super) descending: Vec<bool>,
    /// Whether documents with equal keys come youngest first.
    pub(super) youngest_first: bool,
    /// Whether the service looks at resume filters at all.
    pub(super) ignores_filters: bool,
    /// Whether rows of a page come in any order.
    pub(super) shuffled: bool,
}

impl Backend {
    pub(super) fn new(random: &mut Random, most: usize, columns: usize) -> Self {
        let documents = random.below(most);
        let scalars: Vec<Scalar> = (0..1 + random.below(12)).map(|_| random.scalar()).collect();
        let mut backend = Self {
            descending: (0..columns).map(|_| random.chance(2)).collect(),
            youngest_first: random.chance(2),
            ignores_filters: random.chance(4),
            ..Self::default()
        };
        for at in 0..documents {
            // Numbers beyond a byte, so that their order is not that of their texts.
            let number = 3 + 97 * at as u64;
            let keys: Vec<Scalar> = (0..columns).map(|_| random.pick(&scalars)).collect();
            let items = keys.iter().map(|key| key.item(random)).collect();
            let copies = if random.chance(5) {
                1 + random.below(4)
            } else {
                1
            };
            let mut payload = |copy| {
                (!random.chance(12)).then(|| format!("{{ \"id\": {number} , \"row\":{copy}}}"))
            };
            let payloads = (0..copies).map(&mut payload).collect();
            backend.documents.push(Document {
                point: random.point(),
                number,
                keys,
                items,
                payloads,
            });
        }
        let mut documents = std::mem::take(&mut backend.documents);
        documents.sort_by(|one, other| backend.compare(one, other));
        Self {
            documents,
            ..backend
        }
    }

    /// The order of the query.
    pub(super) fn compare_keys(&self, one: &Document, other: &Document) -> Ordering {
        for ((one, other), descending) in one.keys.iter().zip(&other.keys).zip(&self.descending) {
            let order = one.cmp(other);
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    }

    /// The order in which a partition has its documents.
    fn compare(&self, one: &Document, other: &Document) -> Ordering {
        let age = one.number.cmp(&other.number);
        let age = if self.youngest_first {
            age.reverse()
        } else {
            age
        };
        self.compare_keys(one, other).then(age)
    }

    /// The rows of a slice, sorted: each as the place of its document and its place in the join.
    fn places(&self, slice: &EpkRange) -> Vec<(usize, usize)> {
        let (min, max) = (number(&slice.min), number(&slice.max));
        let mut places = Vec::new();
        for (place, document) in self.documents.iter().enumerate() {
            if (min..max).contains(&number(&document.point)) {
                places.extend((0..document.payloads.len()).map(|copy| (place, copy)));
            }
        }
        places
    }

    /// The rows of a slice, sorted, with the place of each in the join.
    pub(super) fn rows(&self, slice: &EpkRange) -> Vec<(&Document, usize)> {
        let rows = self.places(slice);
        rows.into_iter()
            .map(|(place, copy)| (&self.documents[place], copy))
            .collect()
    }

    /// The next rows for a leaf, and the continuation after them.
    pub(super) fn page(
        &self,
        leaf: &Leaf,
        random: &mut Random,
    ) -> (Vec<(&Document, usize)>, Option<String>) {
        let mut rows = self.places(&leaf.slice);
        // What makes its body another one than that of the other leaves.
        let body = leaf
            .boundary
            .as_ref()
            .map(|boundary| format!("{} {}", boundary.rid, boundary.values.join(" ")));
        if let Some(boundary) = &leaf.boundary {
            let is_last = |document: &Document| rid(document.number) == boundary.rid;
            let place = self
                .documents
                .iter()
                .position(is_last)
                .expect("a boundary is a document");
            let last = &self.documents[place];
            let value = |item: &String| match item.as_str() {
                "{}" => "[]".to_owned(),
                item => item["{\"item\":".len()..item.len() - 1].to_owned(),
            };
            assert_eq!(
                boundary.values,
                last.items.iter().map(value).collect::<Vec<_>>()
            );
            assert!((1..=last.payloads.len() as u64).contains(&boundary.skip));
            if !self.ignores_filters {
                rows.retain(|(at, _)| *at >= place);
            }
        }
        if let Some(continuation) = &leaf.continuation {
            let (last, of_body): (Option<(usize, usize)>, Option<String>) =
                serde_json::from_str(continuation).unwrap();
            assert_eq!(of_body, body, "a continuation belongs to its body");
            rows.retain(|row| Some(*row) > last);
        }
        let size = if random.chance(6) {
            0
        } else {
            1 + random.below(7)
        };
        let more = rows.len() > size || random.chance(4);
        rows.truncate(size);
        let continuation = match (more, rows.last()) {
            (false, _) => None,
            // An empty page goes on where it was.
            (true, None) if leaf.continuation.is_some() => leaf.continuation.clone(),
            (true, last) => serde_json::to_string(&(last, body)).ok(),
        };
        if self.shuffled {
            random.shuffle(&mut rows);
        }
        let rows = rows
            .into_iter()
            .map(|(place, copy)| (&self.documents[place], copy));
        (rows.collect(), continuation)
    }

    /// A page of envelopes, or of bare rows if there is no order.
    pub(super) fn answer(&self, leaf: &Leaf, random: &mut Random) -> LeafPage {
        let (rows, continuation) = self.page(leaf, random);
        let rows: Vec<String> = rows
            .iter()
            .filter_map(|(document, copy)| self.row(document, *copy))
            .collect();
        LeafPage {
            continuation,
            execution_info: Some(format!(
                "{{\"reverseRidEnabled\":false,\"reverseIndexScan\":{}}}",
                self.youngest_first
            )),
            ..page(&rows)
        }
    }

    fn row(&self, document: &Document, copy: usize) -> Option<String> {
        let payload = document.payloads[copy].clone();
        if self.descending.is_empty() {
            return payload;
        }
        let payload = payload
            .map(|payload| format!(", \"payload\": {payload}"))
            .unwrap_or_default();
        let items = document.items.join(" , ");
        Some(format!(
            "{{\"_rid\":\"{}\",\"orderByItems\":[{items}]{payload}}}",
            rid(document.number)
        ))
    }
}

/// A last page with these rows.
pub(super) fn page(rows: &[String]) -> LeafPage {
    let rows_text = rows.join(", ");
    LeafPage {
        body: format!(
            "{{\"_rid\":\"x==\", \"Documents\" : [{rows_text}],\"_count\":{}}}",
            rows.len()
        )
        .into_bytes(),
        ..LeafPage::default()
    }
}
