//! A container of two partition key ranges.

use super::{CONTAINER, Reply, Seen, at, item};
use crate::core::Operation;
use crate::core::operation::{Conditions, ItemRef};
use crate::wire::key::KeyComponent;

/// Two partition key ranges. The key 0 belongs to the range `0`, the key null to the range `1`.
pub(in crate::engine) const TWO_RANGES: &str = r#"{"PartitionKeyRanges":[{"id":"0","minInclusive":"","maxExclusive":"20"},
    {"id":"1","minInclusive":"20","maxExclusive":"FF"}]}"#;

/// Metadata as it should be, of a container with these partition key ranges.
pub(in crate::engine) fn metadata_with(seen: &Seen, account: &str, ranges: &str) -> Option<Reply> {
    let etag = format!("\"{}\"", ranges.len());
    match seen.what() {
        "account" => Some(Reply::json(account)),
        "container" => Some(Reply::json(CONTAINER)),
        "ranges" if seen.header("if-none-match") == Some(&etag) => Some(Reply::status(304, 0)),
        "ranges" => Some(Reply::json(ranges).with("etag", &etag)),
        _ => None,
    }
}

/// The item in one of the two ranges.
fn item_of(range: &str) -> ItemRef {
    let key = if range == "0" {
        KeyComponent::Number(0.0)
    } else {
        KeyComponent::Null
    };
    ItemRef {
        key: vec![key],
        ..item()
    }
}

pub(in crate::engine) fn read_of(range: &str) -> Operation {
    Operation::ReadItem {
        item: item_of(range),
        conditions: Conditions::default(),
    }
}

pub(in crate::engine) fn create_of(range: &str) -> Operation {
    Operation::CreateItem {
        container: at(),
        key: item_of(range).key,
        body: b"{}".to_vec(),
        conditions: Conditions::default(),
    }
}

impl Seen {
    /// In which of the two ranges the item is.
    pub(in crate::engine) fn range(&self) -> &'static str {
        match self.header("x-ms-documentdb-partitionkey") {
            Some("[0]") | Some("[0.0]") => "0",
            _ => "1",
        }
    }
}
