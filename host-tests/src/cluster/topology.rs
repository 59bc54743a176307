//! The account: its regions and what they may do.

use serde_json::{Value, json};

/// One region of the account.
#[derive(Debug)]
pub(super) struct Location {
    /// As people write it: `West US 2`.
    pub(super) name: String,
    /// `http://127.0.0.1:port/`
    pub(super) endpoint: String,
}

/// What `GET /` tells, and a little more. Regions are named by their place in `regions`.
#[derive(Debug)]
pub(super) struct Topology {
    pub(super) regions: Vec<Location>,
    /// In the account's order.
    pub(super) writable: Vec<usize>,
    /// In the account's order.
    pub(super) readable: Vec<usize>,
    pub(super) multi_write: bool,
    pub(super) consistency: String,
    pub(super) per_partition_failover: bool,
    /// None: the document does not say.
    pub(super) disable_hedging: Option<bool>,
    /// Partition key ranges, by id, whose writes have moved to another region. The document does not tell.
    pub(super) moved: Vec<(String, usize)>,
    /// Counts the changes.
    pub(super) version: u64,
}

impl Topology {
    /// The region behind the global endpoint: the first that takes writes, else the first that takes reads.
    pub(super) fn home(&self) -> usize {
        let home = self.writable.first().or_else(|| self.readable.first());
        home.copied().unwrap_or_default()
    }

    /// Whether the region belongs to the account.
    pub(super) fn has(&self, region: usize) -> bool {
        self.readable.contains(&region) || self.writable.contains(&region)
    }

    /// Whether the region takes writes, to this partition key range if there is one.
    pub(super) fn takes_writes(&self, region: usize, range: Option<&str>) -> bool {
        let moved = self.moved.iter().find(|(id, _)| range == Some(id.as_str()));
        match moved {
            Some((_, to)) => *to == region,
            None => self.writable.contains(&region),
        }
    }

    /// The account document.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "_self": "",
            "id": "cluster",
            "_rid": "cluster.documents.azure.com",
            "media": "//media/",
            "addresses": "//addresses/",
            "_dbs": "//dbs/",
            "_etag": format!("\"{:08x}\"", self.version),
            "writableLocations": self.locations(&self.writable),
            "readableLocations": self.locations(&self.readable),
            "enableMultipleWriteLocations": self.multi_write,
            "enablePerPartitionFailoverBehavior": self.per_partition_failover,
            "userConsistencyPolicy": { "defaultConsistencyLevel": self.consistency },
        });
        if let Some(disabled) = self.disable_hedging {
            document["disableCrossRegionalHedging"] = Value::Bool(disabled);
        }
        document
    }

    fn locations(&self, regions: &[usize]) -> Vec<Value> {
        let regions = regions.iter().map(|region| &self.regions[*region]);
        regions
            .map(
                |region| json!({ "name": region.name, "databaseAccountEndpoint": region.endpoint }),
            )
            .collect()
    }
}

/// The form in which region names are compared: `westus2`.
pub(super) fn canonical(region: &str) -> String {
    let letters = region.chars().filter(|letter| !letter.is_whitespace());
    letters.flat_map(char::to_lowercase).collect()
}
