//! The inputs of a bulk that have no outcome yet, or one that nobody took: a window that moves over all inputs.

use std::fmt;

use super::Outcome;
use crate::core::clock::Nanos;
use crate::core::error::Result;
use crate::core::retry::{Class, Spent};
use crate::wire::batch::OperationResult;
use crate::wire::epk::Epk;

/// An input on its way.
pub(super) struct Item {
    /// As it goes into bodies. Empty once there is an outcome.
    pub(super) operation: Vec<u8>,
    /// Where its key lies.
    pub(super) point: Epk,
    /// What it may be repeated for.
    pub(super) class: Class,
    /// When it came.
    pub(super) since: Nanos,
    /// It is not sent before.
    pub(super) not_before: Nanos,
    /// The most operations that a batch with it may hold.
    pub(super) share: usize,
    /// What its repetitions have spent.
    pub(super) spent: Spent,
    /// Whether an earlier attempt may have been carried out.
    pub(super) tainted: bool,
    outcome: Option<Result<OperationResult>>,
}

// Keys and items are the user's data: they stay out of logs.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

impl Item {
    pub(super) fn new(operation: Vec<u8>, point: Epk, class: Class, since: Nanos) -> Self {
        Self {
            operation,
            point,
            class,
            since,
            not_before: 0,
            share: usize::MAX,
            spent: Spent::default(),
            tainted: false,
            outcome: None,
        }
    }

    /// The bytes that it holds on to.
    fn size(&self) -> usize {
        let body = match &self.outcome {
            Some(Ok(result)) => result.body.as_ref().map_or(0, Vec::len),
            _ => 0,
        };
        self.operation.len().saturating_add(body)
    }
}

/// Inputs in order. Those whose outcomes were taken stay until they are the half: moving the others is not for free.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The index of the first item.
    first: u64,
    /// How many items have no outcome any more.
    taken: usize,
    items: Vec<Item>,
    /// Without an outcome.
    open: usize,
    bytes: usize,
}

impl Window {
    /// Adds an input; its index.
    pub(super) fn push(&mut self, item: Item) -> u64 {
        let index = self.first.saturating_add(self.items.len() as u64);
        self.bytes = self.bytes.saturating_add(item.size());
        self.open = self.open.saturating_add(1);
        self.items.push(item);
        index
    }

    pub(super) fn get(&self, index: u64) -> Option<&Item> {
        self.items.get(self.place(index)?)
    }

    pub(super) fn get_mut(&mut self, index: u64) -> Option<&mut Item> {
        let place = self.place(index)?;
        self.items.get_mut(place)
    }

    /// How many inputs there are.
    pub(super) fn len(&self) -> usize {
        self.items.len().saturating_sub(self.taken)
    }

    /// The bytes of all operations and results.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every input has its outcome.
    pub(super) fn is_settled(&self) -> bool {
        self.open == 0
    }

    /// All inputs without an outcome, in order.
    pub(super) fn open(&self) -> Vec<u64> {
        let indexed = (self.first..).zip(&self.items).skip(self.taken);
        let open = indexed.filter(|(_, item)| item.outcome.is_none());
        open.map(|(index, _)| index).collect()
    }

    /// Gives an input its outcome. The first one stays.
    pub(super) fn settle(&mut self, index: u64, outcome: Result<OperationResult>) {
        let Some(item) = self.get_mut(index) else {
            return;
        };
        if item.outcome.is_some() {
            return;
        }
        let before = item.size();
        item.operation = Vec::new();
        item.outcome = Some(outcome);
        let after = item.size();
        self.bytes = self.bytes.saturating_sub(before).saturating_add(after);
        self.open = self.open.saturating_sub(1);
    }

    /// Takes the outcomes up to the first input that has none.
    pub(super) fn take(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while let Some(item) = self.items.get_mut(self.taken) {
            let size = item.size();
            let Some(result) = item.outcome.take() else {
                break;
            };
            let index = self.first.saturating_add(self.taken as u64);
            outcomes.push(Outcome { index, result });
            self.bytes = self.bytes.saturating_sub(size);
            self.taken = self.taken.saturating_add(1);
        }
        if self.taken > self.items.len() / 2 {
            self.items.drain(..self.taken);
            self.first = self.first.saturating_add(self.taken as u64);
            self.taken = 0;
        }
        outcomes
    }

    fn place(&self, index: u64) -> Option<usize> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        (place >= self.taken).then_some(place)
    }
}
