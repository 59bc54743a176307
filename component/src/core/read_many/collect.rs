//! What was found (spec data-plane §4.1, rows 15 to 17).

use std::collections::VecDeque;

use crate::core::feed::Row;

/// Stands for an item that does not exist.
const MISSING: &[u8] = b"null";

/// Rows that wait to be taken.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// In order of arrival, if nothing else is asked.
    rows: VecDeque<Row>,
    in_order: Option<InOrder>,
    any_taken: bool,
}

#[derive(Debug)]
struct InOrder {
    /// What is known of each entry.
    slots: Vec<Slot>,
    /// Which entry each input is.
    entry_of: Vec<u32>,
    /// Inputs that were answered.
    taken: usize,
    /// Inputs that can be answered, up to the first that cannot.
    known: usize,
}

#[derive(Debug, Clone)]
enum Slot {
    Unknown,
    Known(Row),
}

impl Collected {
    /// Collects rows in the order of the inputs.
    pub(super) fn in_order(entries: usize, entry_of: Vec<u32>) -> Self {
        let in_order = InOrder {
            slots: vec![Slot::Unknown; entries],
            entry_of,
            taken: 0,
            known: 0,
        };
        Self {
            in_order: Some(in_order),
            ..Self::default()
        }
    }

    /// A row, and the entry that it is.
    pub(super) fn add(&mut self, entry: Option<u32>, row: Row) {
        match &mut self.in_order {
            None => self.rows.push_back(row),
            Some(in_order) => {
                if let Some(slot) = entry.and_then(|entry| in_order.slot(entry)) {
                    *slot = Slot::Known(row);
                }
            }
        }
    }

    /// All answers about these entries are in: what was not found does not exist.
    pub(super) fn settle(&mut self, entries: &[u32]) {
        let Some(in_order) = &mut self.in_order else {
            return;
        };
        for entry in entries {
            if let Some(slot @ Slot::Unknown) = in_order.slot(*entry) {
                *slot = Slot::Known(Row::made(MISSING.to_vec()));
            }
        }
    }

    /// How many rows can be taken.
    pub(super) fn ready(&mut self) -> usize {
        match &mut self.in_order {
            None => self.rows.len(),
            Some(in_order) => in_order.ready(),
        }
    }

    /// The next rows, as far as they are known.
    pub(super) fn take(&mut self, limit: usize) -> Vec<Row> {
        let count = self.ready().min(limit);
        self.any_taken |= count > 0;
        match &mut self.in_order {
            None => self.rows.drain(..count).collect(),
            Some(in_order) => in_order.take(count),
        }
    }

    pub(super) fn any_taken(&self) -> bool {
        self.any_taken
    }
}

impl InOrder {
    fn slot(&mut self, entry: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(entry).ok()?)
    }

    fn ready(&mut self) -> usize {
        while let Some(entry) = self.entry_of.get(self.known).copied()
            && let Some(Slot::Known(_)) = self.slot(entry)
        {
            self.known = self.known.saturating_add(1);
        }
        self.known.saturating_sub(self.taken)
    }

    fn take(&mut self, count: usize) -> Vec<Row> {
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count
            && let Some(entry) = self.entry_of.get(self.taken).copied()
            && let Some(Slot::Known(row)) = self.slot(entry)
        {
            rows.push(row.clone());
            self.taken = self.taken.saturating_add(1);
        }
        rows
    }
}
