//! Containers and items. Every version of an item is kept, so that a region that lags shows what it had.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ranges::Ranges;

/// The property that is the partition key.
pub(super) const KEY_PROPERTY: &str = "pk";

/// The bytes of the database's resource id. Containers' and items' ids begin with them.
const DATABASE_RID: [u8; 4] = [0x5B, 0x1F, 0x20, 0x00];

/// What the account stores.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) database: String,
    pub(super) containers: Vec<Container>,
    /// Containers made so far.
    made: u32,
    /// How many partition key ranges a new container has.
    ranges: u32,
    /// The number of the account's regions.
    regions: usize,
}

/// A container with the partition key `/pk`.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) rid: String,
    pub(super) ranges: Ranges,
    /// The number of the last write, from 1 on: what a new container has.
    lsn: u64,
    /// For each region, the last write that it has; none: all of them.
    lagging: Vec<Option<u64>>,
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    /// The components of its partition key.
    key: Vec<Value>,
    id: String,
    rid: String,
    versions: Vec<Version>,
}

/// What a write made of an item.
#[derive(Debug)]
pub(super) struct Version {
    /// The write's number.
    pub(super) lsn: u64,
    /// As it stands in headers, in quotes.
    pub(super) etag: String,
    /// None: deleted.
    document: Option<Value>,
}

impl Store {
    /// A database without containers.
    pub(super) fn new(database: &str, ranges: u32, regions: usize) -> Self {
        Self {
            database: database.to_owned(),
            containers: Vec::new(),
            made: 0,
            ranges,
            regions,
        }
    }

    /// Creates a container, in place of one of the same name. Returns its resource id. Regions that lagged have the
    /// container, and lag from there on.
    pub(super) fn create(&mut self, container: &str) -> String {
        let replaced = self.container(container);
        let lagging = replaced.map(|old| old.lagging.iter().map(|lag| lag.map(|_| 1)).collect());
        self.containers.retain(|known| known.id != container);
        self.made += 1;
        let mut bytes = DATABASE_RID.to_vec();
        bytes.extend((0x8000_0000 | self.made).to_be_bytes());
        let rid = rid(&bytes);
        self.containers.push(Container {
            id: container.to_owned(),
            rid: rid.clone(),
            ranges: Ranges::new(self.ranges),
            lsn: 1,
            lagging: lagging.unwrap_or_else(|| vec![None; self.regions]),
            items: Vec::new(),
        });
        rid
    }

    /// The container of this name.
    pub(super) fn container(&mut self, container: &str) -> Option<&mut Container> {
        self.containers
            .iter_mut()
            .find(|known| known.id == container)
    }

    /// The database as a document.
    pub(super) fn document(&self) -> Value {
        let rid = database_rid();
        json!({
            "id": self.database,
            "_rid": rid,
            "_self": format!("dbs/{rid}/"),
            "_etag": "\"00000001\"",
            "_colls": "colls/",
            "_users": "users/",
            "_ts": 0,
        })
    }
}

impl Container {
    /// The container as a document.
    pub(super) fn document(&self) -> Value {
        json!({
            "id": self.id,
            "partitionKey": { "paths": [format!("/{KEY_PROPERTY}")], "kind": "Hash", "version": 2 },
            "_rid": self.rid,
            "_self": format!("dbs/{}/colls/{}/", database_rid(), self.rid),
            "_etag": format!("\"{}\"", self.rid),
            "_docs": "docs/",
            "_ts": 0,
        })
    }

    /// The number of the last write that a region has.
    pub(super) fn lsn(&self, region: usize) -> u64 {
        self.lagging[region].unwrap_or(self.lsn)
    }

    /// Holds a region at what it has, or no longer.
    pub(super) fn hold(&mut self, region: usize, held: bool) {
        self.lagging[region] = held.then(|| self.lsn(region));
    }

    /// The item as it is after all writes, or was after the last write that a region has; none if there was none.
    pub(super) fn item(&self, key: &[Value], id: &str, region: Option<usize>) -> Option<&Version> {
        let lsn = region.map_or(self.lsn, |region| self.lsn(region));
        let item = self.items.iter().find(|item| item.is(key, id))?;
        let version = item.versions.iter().rfind(|version| version.lsn <= lsn);
        version.filter(|version| version.document.is_some())
    }

    /// Writes an item, or deletes it. The region that did it, if one did, has the write even if it lags.
    pub(super) fn write(
        &mut self,
        key: &[Value],
        id: &str,
        document: Option<Value>,
        region: Option<usize>,
    ) {
        self.lsn += 1;
        let lsn = self.lsn;
        if let Some(last) = region.and_then(|region| self.lagging[region].as_mut()) {
            *last = lsn;
        }
        let etag = format!("\"{}-{lsn:08x}\"", self.rid);
        let known = self.items.iter().position(|item| item.is(key, id));
        let place = known.unwrap_or_else(|| self.add(key, id));
        let item = &mut self.items[place];
        let document = document.map(|mut document| {
            document["_rid"] = Value::from(item.rid.as_str());
            document["_etag"] = Value::from(etag.as_str());
            document["_ts"] = Value::from(lsn);
            document
        });
        item.versions.push(Version {
            lsn,
            etag,
            document,
        });
    }

    fn add(&mut self, key: &[Value], id: &str) -> usize {
        let mut bytes = STANDARD
            .decode(self.rid.replace('-', "/"))
            .unwrap_or_default();
        bytes.extend((self.items.len() as u64 + 1).to_le_bytes());
        self.items.push(Item {
            key: key.to_vec(),
            id: id.to_owned(),
            rid: rid(&bytes),
            versions: Vec::new(),
        });
        self.items.len() - 1
    }
}

impl Item {
    fn is(&self, key: &[Value], id: &str) -> bool {
        self.id == id && self.key == key
    }
}

impl Version {
    /// The item with what the service adds to it.
    pub(super) fn document(&self) -> &Value {
        self.document.as_ref().unwrap_or(&Value::Null)
    }
}

/// The partition key of a document, as the header has it.
pub(super) fn key_of(document: &Value) -> Vec<Value> {
    let key = document.get(KEY_PROPERTY).cloned();
    vec![key.unwrap_or_else(|| json!({}))]
}

/// The database's resource id.
pub(super) fn database_rid() -> String {
    rid(&DATABASE_RID)
}

fn rid(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('/', "-")
}
