//! A tiny service: documents, and leaves that page through them with continuations and resume filters.

use std::cmp::Ordering;

use super::super::{Leaf, LeafPage, Slice};
use super::random::{Random, Scalar, number};
use super::rid;

#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Where it lies.
    pub(super) point: String,
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
            let payload = |copy| {
                (!random.chance(12)).then(|| format!("{{ \"id\": {number} , \"row\":{copy}}}"))
            };
            backend.documents.push(Document {
                point: random.point(),
                number,
                keys,
                items,
                payloads: (0..copies).map(payload).collect(),
            });
        }
        backend
    }

    /// The order in which a partition has its documents.
    pub(super) fn compare(&self, one: &Document, other: &Document) -> Ordering {
        for ((one, other), descending) in one.keys.iter().zip(&other.keys).zip(&self.descending) {
            let order = one.cmp(other);
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        let age = one.number.cmp(&other.number);
        if self.youngest_first {
            age.reverse()
        } else {
            age
        }
    }

    /// The documents of a slice, sorted, with the number of each row of theirs.
    pub(super) fn rows(&self, slice: &Slice) -> Vec<(&Document, usize)> {
        let (min, max) = (number(&slice.min), number(&slice.max));
        let inside = |document: &&Document| (min..max).contains(&number(&document.point));
        let mut documents: Vec<&Document> = self.documents.iter().filter(inside).collect();
        documents.sort_by(|one, other| self.compare(one, other));
        let of =
            |document| (0..Document::payloads(document).len()).map(move |copy| (document, copy));
        documents.into_iter().flat_map(of).collect()
    }

    /// The next rows for a leaf, and the continuation after them.
    pub(super) fn page(
        &self,
        leaf: &Leaf,
        random: &mut Random,
    ) -> (Vec<(&Document, usize)>, Option<String>) {
        let mut rows = self.rows(&leaf.slice);
        let body = leaf
            .boundary
            .as_ref()
            .map(|boundary| boundary.resume_filter());
        if let Some(boundary) = &leaf.boundary {
            let last = self
                .documents
                .iter()
                .find(|document| rid(document.number) == boundary.rid);
            let last = last.expect("a boundary is a document");
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
                rows.retain(|(document, _)| self.compare(document, last).is_ge());
            }
        }
        if let Some(continuation) = &leaf.continuation {
            let (number, copy, of_body): (u64, usize, Option<String>) =
                serde_json::from_str(continuation).unwrap();
            assert_eq!(of_body, body, "a continuation belongs to its body");
            if let Some(last) = self
                .documents
                .iter()
                .find(|document| document.number == number)
            {
                rows.retain(|(document, at)| {
                    self.compare(document, last).then(at.cmp(&copy)).is_gt()
                });
            }
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
            (true, Some((document, copy))) => {
                Some(serde_json::to_string(&(document.number, copy, body)).unwrap())
            }
            // An empty page: from where it was, or from the start, which is before every document.
            (true, None) => leaf
                .continuation
                .clone()
                .or_else(|| serde_json::to_string(&(0, 0, body)).ok()),
        };
        if self.shuffled {
            random.shuffle(&mut rows);
        }
        (rows, continuation)
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
