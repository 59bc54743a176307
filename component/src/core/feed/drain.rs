//! Rows in no order of the query's: leaf by leaf, page by page.

use std::collections::VecDeque;

use super::error::Result;
use super::lanes::{Lane, Lanes};
use super::row::Row;
use super::{Leaf, LeafId, LeafPage, SliceState, State};
use crate::wire::epk_range::EpkRange;

/// What a source has.
#[derive(Debug)]
pub(super) enum Next {
    /// A row.
    Row(Row),
    /// None until a leaf has answered.
    Blocked,
    /// No more.
    Done,
}

/// Drains leaves one after another in the order of their slices, or, if nobody minds, whichever has answered.
///
/// Holds the page that is being given, and a page for each leaf asked ahead.
#[derive(Debug)]
pub(super) struct Drain {
    pub(super) lanes: Lanes,
    /// The rest of the page that is being given. Its leaf has moved on already.
    current: VecDeque<Row>,
    /// How many leaves are asked at once; all if the order does not matter.
    ahead: Option<usize>,
}

impl Drain {
    /// In order, with this many leaves asked ahead of the one that is drained.
    pub(super) fn sequential(slices: Vec<SliceState>, prefetch: usize) -> Self {
        let mut lanes = Lanes::default();
        for state in slices {
            let mut lane = Lane::new(state.slice);
            lane.from = state.continuation;
            lanes.push(lane);
        }
        Self {
            lanes,
            current: VecDeque::new(),
            ahead: Some(prefetch.saturating_add(1)),
        }
    }

    /// In any order, all leaves at once.
    pub(super) fn eager(slices: Vec<SliceState>) -> Self {
        Self {
            ahead: None,
            ..Self::sequential(slices, 0)
        }
    }

    /// The same for several queries, each over these slices. The leaves go on after those of another feed.
    pub(super) fn queries(after: &Lanes, queries: u32, slices: &[EpkRange]) -> Self {
        let mut lanes = Lanes::after(after);
        for query in 0..queries {
            for slice in slices {
                let mut lane = Lane::new(slice.clone());
                lane.query = query;
                lanes.push(lane);
            }
        }
        Self {
            lanes,
            current: VecDeque::new(),
            ahead: None,
        }
    }

    /// Whether all rows of all pages so far were given or none of a page.
    pub(super) fn between_pages(&self) -> bool {
        self.current.is_empty()
    }

    pub(super) fn next(&mut self) -> Next {
        loop {
            if let Some(row) = self.current.pop_front() {
                return Next::Row(row);
            }
            let candidates = match self.ahead {
                Some(_) => 1,
                None => self.lanes.list.len(),
            };
            let mut lanes = self.lanes.list.iter_mut().take(candidates);
            let Some(at) = lanes.position(|lane| lane.page.is_some()) else {
                return match self.lanes.list.is_empty() {
                    true => Next::Done,
                    false => Next::Blocked,
                };
            };
            if let Some(lane) = self.lanes.list.get_mut(at) {
                self.current = lane.page.take().unwrap_or_default();
                if !lane.end_page() {
                    self.lanes.list.remove(at);
                }
            }
        }
    }

    /// Whether leaves are wanted besides the one that is drained.
    pub(super) fn asks_ahead(&self) -> bool {
        self.ahead.is_some_and(|ahead| ahead > 1)
    }

    /// Whether that one has answered.
    pub(super) fn is_ahead(&self) -> bool {
        let drained = self.lanes.list.first();
        self.asks_ahead() && drained.is_some_and(|lane| lane.page.is_some())
    }

    pub(super) fn wanted(&self, limit: usize) -> Vec<Leaf> {
        let ahead = self.ahead.unwrap_or(usize::MAX);
        let lanes = self.lanes.list.iter().take(ahead);
        let waiting = lanes.filter(|lane| lane.page.is_none());
        waiting.take(limit).map(|lane| lane.leaf(None)).collect()
    }

    pub(super) fn accept(&mut self, id: LeafId, page: LeafPage) -> Result<()> {
        self.lanes.accept(id, page).map(drop)
    }

    /// Where the leaves stand between two pages. Pages held are asked for again.
    pub(super) fn state(&self, state: &mut State) {
        for lane in &self.lanes.list {
            state.push(SliceState {
                slice: lane.slice.clone(),
                continuation: lane.from.clone(),
                boundary: None,
            });
        }
    }
}
