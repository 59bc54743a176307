//! `COUNT` over `DISTINCT`: the rows themselves are counted (spec data-plane §3.7).

use super::aggregate::push_name;
use super::row::Row;

/// Counts rows.
#[derive(Debug)]
pub(super) struct DCount {
    /// What the count is called; empty if it is the row itself.
    alias: String,
    count: u64,
}

impl DCount {
    pub(super) fn new(alias: String) -> Self {
        Self { alias, count: 0 }
    }

    pub(super) fn add(&mut self) {
        self.count = self.count.saturating_add(1);
    }

    /// The one row.
    pub(super) fn row(&self) -> Row {
        let count = self.count.to_string();
        if self.alias.is_empty() {
            return Row::made(count.into_bytes());
        }
        let mut json = Vec::new();
        push_name(&mut json, &self.alias);
        json.extend_from_slice(count.as_bytes());
        json.push(b'}');
        Row::made(json)
    }
}
