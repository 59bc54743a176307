//! Rows: slices of the page that they came with.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::error::{FeedError, Result};
use crate::wire::json;

/// A row as raw JSON, not a byte changed. Keeps its page in memory.
#[derive(Clone)]
pub struct Row {
    page: Rc<Vec<u8>>,
    start: usize,
    end: usize,
    /// Which of a feed's queries it answers.
    pub(super) query: u32,
}

impl Row {
    /// A row of the driver's own making.
    pub(in crate::core) fn made(json: Vec<u8>) -> Self {
        Self {
            start: 0,
            end: json.len(),
            page: Rc::new(json),
            query: 0,
        }
    }

    /// The JSON.
    pub fn bytes(&self) -> &[u8] {
        self.page.get(self.start..self.end).unwrap_or_default()
    }

    /// A part of this row, given as a slice of its bytes.
    pub(super) fn part(&self, part: &[u8]) -> Self {
        let (start, end) = place(&self.page, part);
        Self {
            page: Rc::clone(&self.page),
            start,
            end,
            query: self.query,
        }
    }

    /// A copy that keeps no page.
    pub(super) fn detached(&self) -> Self {
        Self {
            query: self.query,
            ..Self::made(self.bytes().to_vec())
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.bytes()))
    }
}

/// The rows of a response body: the elements of its array, whose name depends on the resource (`Documents`, `Offers`).
/// Names with an underscore (`_rid`, `_count`) are the service's own.
pub(in crate::core) fn rows(body: Vec<u8>, query: u32) -> Result<VecDeque<Row>> {
    let page = Rc::new(body);
    let mut rows = VecDeque::new();
    let found = json::rows(&page, &|name| !name.starts_with('_'), &mut |row| {
        let (start, end) = place(&page, row.get().as_bytes());
        let page = Rc::clone(&page);
        rows.push_back(Row {
            page,
            start,
            end,
            query,
        });
    });
    match found {
        Some(true) => Ok(rows),
        Some(false) => Err(FeedError::Malformed("a page holds no array of rows")),
        None => Err(FeedError::Malformed("a page is no JSON object")),
    }
}

/// Where a slice of these bytes begins and ends in them.
fn place(whole: &[u8], part: &[u8]) -> (usize, usize) {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    (start, start.wrapping_add(part.len()))
}
