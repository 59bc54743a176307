//! Partition key ranges that split and merge, told as the service does.

use std::cell::RefCell;

use serde_json::json;

use super::{Reply, Seen};
use crate::wire::epk_range::EpkRange;

/// All ranges that a container ever had, in the order of their making. An etag is their number.
#[derive(Default)]
pub(in crate::engine) struct RangeFeed(RefCell<Vec<(String, EpkRange)>>);

impl RangeFeed {
    /// What came since the etag of a request, when these ranges are live; 304 if nothing did.
    pub(in crate::engine) fn answer(&self, seen: &Seen, live: &[(String, EpkRange)]) -> Reply {
        let mut ever = self.0.borrow_mut();
        for range in live {
            if !ever.contains(range) {
                ever.push(range.clone());
            }
        }
        let known = seen.header("if-none-match");
        let known = known.map_or(0, |etag| etag.trim_matches('"').parse().unwrap());
        let row = |(id, range): &(String, EpkRange)| {
            let gone = ever.iter().filter(|one| !live.contains(one));
            let parents = gone.filter(|(_, gone)| gone.intersection(range).is_some());
            let parents: Vec<_> = parents.map(|(id, _)| id).collect();
            let (min, max) = (range.min.to_hex(), range.max.to_hex());
            json!({"id": id, "minInclusive": min, "maxExclusive": max, "parents": parents})
        };
        let new = ever.iter().skip(known).filter(|one| live.contains(one));
        let rows: Vec<_> = new.map(row).collect();
        let reply = match rows.is_empty() {
            true => Reply::status(304, 0),
            false => Reply::json(&json!({ "PartitionKeyRanges": rows }).to_string()),
        };
        reply.with("etag", &format!("\"{}\"", ever.len()))
    }

    /// As if there had been none.
    pub(in crate::engine) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
