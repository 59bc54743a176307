//! Feeds: what many partitions answer becomes one sequence of rows (spec data-plane §3.7 to §3.10).
//!
//! A [`Feed`] asks and is fed; it sends nothing itself. Whoever drives it repeats
//!
//! 1. [`Feed::next_page`], until it is [`Pull::Blocked`];
//! 2. [`Feed::wanted`]: send the requests of these leaves, but those under way already;
//! 3. [`Feed::accept`] with each answer, or [`Feed::replace`] when the service says that the partition is gone.
//!
//! Held in memory: a page for each leaf that was asked ahead, and what [`Limits`] allows of groups, distinct values and rows
//! to sort.

mod aggregate;
mod best;
mod buffered;
mod dcount;
mod distinct;
mod drain;
mod envelope;
mod error;
mod group;
mod hybrid;
mod lanes;
mod ordered;
mod pipeline;
mod row;
mod shape;
mod slice;
mod table;
#[cfg(test)]
mod tests;
mod window;

pub use error::{FeedError, NotResumable, Result};
pub use hybrid::{Component, Hybrid};
pub use pipeline::{Feed, Pull};
pub use row::Row;
pub(in crate::core) use row::rows;
pub use shape::{AggregateKind, Distinct, Limits, Order, Shape};
pub use window::leaf_page_size;

use std::rc::Rc;

use crate::wire::epk_range::EpkRange;

/// Names a leaf: a sequence of requests to one slice. Never used again within a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeafId(pub u32);

/// What the next request of a leaf asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Which leaf it is.
    pub id: LeafId,
    /// Where to.
    pub slice: EpkRange,
    /// The query to send instead of the plan's: only hybrid search has several. Order-by filters are filled in.
    pub query: Option<Rc<str>>,
    /// The service's continuation, sent as it is.
    pub continuation: Option<String>,
    /// The `resumeFilter` to put in the body, next to the query. The same in all requests of a leaf.
    pub boundary: Option<Boundary>,
}

/// What came back from a leaf. Charge, diagnostics and session tokens are the driving side's.
#[derive(Debug, Clone, Default)]
pub struct LeafPage {
    /// The response body: an object with an array of rows.
    pub body: Vec<u8>,
    /// The service's continuation; the leaf is at its end without one. Empty is none.
    pub continuation: Option<String>,
    /// The header `x-ms-cosmos-query-execution-info`.
    pub execution_info: Option<String>,
}

/// The last row that a leaf of an ordered feed has given (spec data-plane §3.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// Its sort keys as JSON, one for each column; `[]` if undefined.
    pub values: Vec<String>,
    /// Its `_rid`.
    pub rid: String,
    /// How many rows with these keys and this `_rid` were given, at least 1: a join yields several.
    pub skip: u64,
}

/// Where a feed stands, for its continuation token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// What is not drained yet, in ascending order. None at the end of the feed.
    pub slices: Vec<SliceState>,
    /// Rows still to be skipped.
    pub skip: u64,
    /// Rows still to be given; absent without a limit.
    pub take: Option<u64>,
    /// Hash of the last distinct row, for `DISTINCT` over an ordered feed.
    pub last: Option<u128>,
}

/// Where one slice stands: nowhere yet without continuation and boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceState {
    /// Which slice it is.
    pub slice: EpkRange,
    /// The service's continuation of the plain body. If there is one, it decides where to go on, and the boundary only
    /// says what the row before was.
    pub continuation: Option<String>,
    /// The last row given; of ordered feeds only.
    pub boundary: Option<Boundary>,
}

impl SliceState {
    /// A slice that was not asked yet.
    pub fn fresh(slice: EpkRange) -> Self {
        Self {
            slice,
            continuation: None,
            boundary: None,
        }
    }

    fn is_fresh(&self) -> bool {
        self.continuation.is_none() && self.boundary.is_none()
    }
}
