//! What a test has set a container to do.

use std::fmt;

use serde_json::Value;

use super::answer::Answer;
use super::call::{Call, PAGE};

/// The order of documents with equal sort keys, and what the header `x-ms-cosmos-query-execution-info` tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TieOrder {
    /// As the direction of the first sort key; the header is absent.
    #[default]
    Untold,
    /// As the direction of the first sort key; the header says `reverseRidEnabled`.
    Reversible,
    /// Always ascending; the header says neither.
    Ascending,
    /// Always descending; the header says `reverseIndexScan`.
    Descending,
}

/// The settings of one container.
#[derive(Debug, Default)]
pub(super) struct Knobs {
    /// The most items of a page, whatever the request says, and their number if it says nothing.
    pub(super) page_size: Option<usize>,
    /// The most documents that one page looks at.
    pub(super) scan: Option<usize>,
    /// How many pages are still to be empty.
    pub(super) empty_pages: u64,
    /// Ranges that are said to be gone: id, sub-status, how many times still.
    pub(super) gone: Vec<(String, u32, u64)>,
    /// Whether the feed of ranges is in reverse order.
    pub(super) reversed: bool,
    /// The most rows of a page of the feed of ranges.
    pub(super) ranges_page: Option<usize>,
    /// A range that the feed of ranges leaves out of what is new.
    pub(super) lost: Option<String>,
    /// How often the etags of the feed of ranges were forgotten.
    pub(super) etags: u64,
    pub(super) ties: TieOrder,
    pub(super) operations: Vec<OperationRule>,
}

/// An outcome of operations in batches.
pub(super) struct OperationRule {
    pub(super) about: Box<dyn Fn(&Value) -> bool + Send>,
    pub(super) status: u16,
    pub(super) sub_status: u32,
    /// In milliseconds.
    pub(super) retry_after: Option<u64>,
    pub(super) times: u64,
}

impl Knobs {
    /// The most rows of the page that a request asks for. Errors: the request has no valid number.
    pub(super) fn size(&self, call: &Call<'_>) -> Result<usize, Answer> {
        let wanted = call.wanted_items()?;
        Ok(match (wanted, self.page_size) {
            (Some(wanted), Some(most)) => wanted.min(most),
            (wanted, most) => wanted.or(most).unwrap_or(PAGE),
        })
    }

    /// The sub-status with which a range is said to be gone this time.
    pub(super) fn is_gone(&mut self, range: &str) -> Option<u32> {
        let mut rules = self.gone.iter_mut();
        let rule = rules.find(|(id, _, times)| id == range && *times > 0)?;
        rule.2 -= 1;
        Some(rule.1)
    }

    /// Whether this page is to be empty.
    pub(super) fn is_empty_page(&mut self) -> bool {
        let is_empty = self.empty_pages > 0;
        self.empty_pages = self.empty_pages.saturating_sub(1);
        is_empty
    }

    /// The outcome that an operation of a batch has this time.
    pub(super) fn outcome(&mut self, operation: &Value) -> Option<&OperationRule> {
        let mut open = self.operations.iter_mut().filter(|rule| rule.times > 0);
        let rule = open.find(|rule| (rule.about)(operation))?;
        rule.times -= 1;
        Some(rule)
    }
}

impl fmt::Debug for OperationRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} {} times",
            self.status, self.sub_status, self.times
        )
    }
}
