//! A container and what is in it.

use serde_json::{Value, json};

use super::document::Document;
use super::epk::Epk;
use super::knobs::Knobs;
use super::path::{self, Segments};
use super::ranges::Ranges;
use super::rid;
use super::value::equal;

/// A container of one database.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) rid: String,
    /// `dbs/{rid}/colls/{rid}/`
    pub(super) link: String,
    bytes: Vec<u8>,
    /// As its client wrote it.
    pub(super) definition: Value,
    /// Counts the definition's versions.
    pub(super) version: u64,
    pub(super) keys: Keys,
    pub(super) ranges: Ranges,
    /// What the feed of ranges shows instead of the ranges.
    pub(super) held: Option<Ranges>,
    pub(super) data: Data,
    pub(super) knobs: Knobs,
    /// The texts and the parameters that plans were issued for.
    pub(super) issued: Vec<(String, Value)>,
}

/// How a container finds the partition keys of its documents.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) paths: Vec<Segments>,
    pub(super) is_hierarchical: bool,
}

/// The documents and how they came to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    /// In the order of their creation.
    pub(super) items: Vec<Item>,
    pub(super) changes: Vec<Change>,
    /// The number of the last write.
    pub(super) lsn: u64,
    made: u64,
}

/// A document and where it belongs.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) key: Vec<Value>,
    pub(super) epk: Epk,
    pub(super) id: String,
    pub(super) ordinal: u64,
    pub(super) rid: String,
    pub(super) document: Document,
}

/// A write, or a deletion.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// `create`, `replace` or `delete`.
    pub(super) operation: &'static str,
    pub(super) lsn: u64,
    pub(super) time: u64,
    pub(super) key: Vec<Value>,
    pub(super) epk: Epk,
    pub(super) id: String,
    pub(super) current: Option<Document>,
    pub(super) previous: Option<Document>,
}

impl Container {
    /// An empty container. `database` and `number` give it its resource id. None: the definition is none that it can
    /// keep: no id, no partition key, or one of version 1.
    pub(super) fn new(
        database: &[u8],
        number: u32,
        definition: Value,
        ranges: u32,
    ) -> Option<Self> {
        let bytes = rid::container(database, number);
        let text = rid::text(&bytes);
        let key = &definition["partitionKey"];
        let paths = key["paths"].as_array()?;
        let paths: Option<Vec<Segments>> = paths
            .iter()
            .map(|path| Some(path::of_key(path.as_str()?)))
            .collect();
        let keys = Keys {
            paths: paths?,
            is_hierarchical: key["kind"] == "MultiHash",
        };
        (key["version"] == 2).then_some(())?;
        Some(Self {
            id: definition["id"].as_str()?.to_owned(),
            link: format!("dbs/{}/colls/{text}/", rid::text(database)),
            rid: text,
            bytes,
            definition,
            version: 1,
            keys,
            ranges: Ranges::new(ranges),
            held: None,
            data: Data::default(),
            knobs: Knobs::default(),
            issued: Vec::new(),
        })
    }

    /// The container as a document.
    pub(super) fn document(&self) -> Value {
        let mut document = self.definition.clone();
        let system = json!({
            "_rid": self.rid,
            "_self": self.link,
            "_etag": self.etag(),
            "_docs": "docs/",
            "_sprocs": "sprocs/",
            "_triggers": "triggers/",
            "_udfs": "udfs/",
            "_conflicts": "conflicts/",
            "_ts": self.version,
        });
        if let (Some(document), Value::Object(system)) = (document.as_object_mut(), system) {
            document.extend(system);
        }
        document
    }

    /// In quotes.
    pub(super) fn etag(&self) -> String {
        format!("\"{:08x}-0000-0700-0000-000000000000\"", self.version)
    }

    /// Where a document is.
    pub(super) fn find(&self, key: &[Value], id: &str) -> Option<usize> {
        let mut items = self.data.items.iter();
        items.position(|item| item.id == id && same_key(&item.key, key))
    }

    /// Creates a document or replaces it. Returns its place; none if the text is no object.
    pub(super) fn put(&mut self, key: &[Value], id: &str, text: &str, now: u64) -> Option<usize> {
        let place = self.find(key, id);
        let (ordinal, own) = match place {
            Some(place) => {
                let known = &self.data.items[place];
                (known.ordinal, known.rid.clone())
            }
            None => {
                let ordinal = rid::ordinal(self.data.made);
                (ordinal, rid::text(&rid::document(&self.bytes, ordinal)))
            }
        };
        let document = Document::new(text, &own, &self.link, self.data.lsn + 1, now)?;
        self.data.lsn += 1;
        let previous = place.map(|place| self.data.items[place].document.clone());
        let change = Change {
            operation: if place.is_some() { "replace" } else { "create" },
            lsn: self.data.lsn,
            time: now,
            key: key.to_vec(),
            epk: Epk::of(key, self.keys.is_hierarchical),
            id: id.to_owned(),
            current: Some(document.clone()),
            previous,
        };
        let epk = change.epk.clone();
        self.data.changes.push(change);
        if let Some(place) = place {
            self.data.items[place].document = document;
            return Some(place);
        }
        self.data.made += 1;
        self.data.items.push(Item {
            key: key.to_vec(),
            epk,
            id: id.to_owned(),
            ordinal,
            rid: own,
            document,
        });
        Some(self.data.items.len() - 1)
    }

    /// Deletes the document at a place.
    pub(super) fn remove(&mut self, place: usize, now: u64) {
        let item = self.data.items.remove(place);
        self.data.lsn += 1;
        self.data.changes.push(Change {
            operation: "delete",
            lsn: self.data.lsn,
            time: now,
            key: item.key,
            epk: item.epk,
            id: item.id,
            current: None,
            previous: Some(item.document),
        });
    }
}

impl Keys {
    /// The partition key of a document; a component that is missing is `{}`. None: one of them is an array or an
    /// object.
    pub(super) fn of(&self, document: &Value) -> Option<Vec<Value>> {
        let components = self
            .paths
            .iter()
            .map(|path| match path::get(document, path) {
                None => Some(json!({})),
                Some(Value::Array(_) | Value::Object(_)) => None,
                Some(value) => Some(value.clone()),
            });
        components.collect()
    }
}

/// Whether two partition keys are the same.
pub(super) fn same_key(left: &[Value], right: &[Value]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| equal(Some(left), Some(right)))
}
