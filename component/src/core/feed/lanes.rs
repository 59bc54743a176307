//! The leaves of a feed, in the order of their slices.

use std::collections::VecDeque;
use std::rc::Rc;

use super::error::{FeedError, Result};
use super::ordered::Place;
use super::row::{Row, rows};
use super::slice::is_tiled;
use super::{Boundary, Leaf, LeafId, LeafPage};
use crate::wire::epk_range::EpkRange;

/// A partition may move this often before it answers.
const MAX_REPAIRS: u32 = 10;

/// A leaf, and where it stands.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) id: LeafId,
    pub(super) slice: EpkRange,
    /// Which of the feed's queries it answers.
    pub(super) query: u32,
    /// The resume filter in its body, which its continuations are bound to.
    pub(super) filter: Option<Rc<Boundary>>,
    /// The continuation that yields the page held, or the next one if none is.
    pub(super) from: Option<String>,
    /// The continuation after the page held.
    next: Option<String>,
    /// The rows not given yet; absent when the next page has to be asked for.
    pub(super) page: Option<VecDeque<Row>>,
    repairs: u32,
    /// What ordered feeds have to know besides.
    pub(super) place: Place,
}

impl Lane {
    pub(super) fn new(slice: EpkRange) -> Self {
        Self {
            // Given when it is added.
            id: LeafId(0),
            slice,
            query: 0,
            filter: None,
            from: None,
            next: None,
            page: None,
            repairs: 0,
            place: Place::default(),
        }
    }

    /// A leaf for a part of the slice, which goes on where this one waits.
    fn heir(&self, slice: EpkRange) -> Self {
        Self {
            query: self.query,
            filter: self.filter.clone(),
            from: self.from.clone(),
            repairs: self.repairs.saturating_add(1),
            place: self.place.clone(),
            ..Self::new(slice)
        }
    }

    /// Gives up the page held. Whether another one follows.
    pub(super) fn end_page(&mut self) -> bool {
        self.page = None;
        self.from = self.next.take();
        self.from.is_some()
    }

    pub(super) fn leaf(&self, query: Option<Rc<str>>) -> Leaf {
        Leaf {
            id: self.id,
            slice: self.slice.clone(),
            query,
            continuation: self.from.clone(),
            boundary: self.filter.as_deref().cloned(),
        }
    }
}

/// All leaves that are not at their end.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) list: Vec<Lane>,
    next_id: u32,
}

impl Lanes {
    /// No leaves yet, to go on after those of another: ids are used once in a feed.
    pub(super) fn after(other: &Self) -> Self {
        Self {
            list: Vec::new(),
            next_id: other.next_id,
        }
    }

    /// Adds a leaf above the others.
    pub(super) fn push(&mut self, mut lane: Lane) {
        lane.id = self.new_id();
        self.list.push(lane);
    }

    pub(super) fn place(&self, id: LeafId) -> Option<usize> {
        self.list.iter().position(|lane| lane.id == id)
    }

    /// The leaf that waits for an answer under this id, and its place.
    fn waiting(&mut self, id: LeafId) -> Option<(usize, &mut Lane)> {
        let found = self
            .list
            .iter_mut()
            .enumerate()
            .find(|(_, lane)| lane.id == id);
        found.filter(|(_, lane)| lane.page.is_none())
    }

    /// Takes the page of a leaf. Its place.
    pub(super) fn accept(&mut self, id: LeafId, page: LeafPage) -> Result<usize> {
        let Some((at, lane)) = self.waiting(id) else {
            return Err(FeedError::Malformed("a page came that was not asked for"));
        };
        lane.page = Some(rows(page.body, lane.query)?);
        lane.next = page.continuation.filter(|next| !next.is_empty());
        lane.repairs = 0;
        Ok(at)
    }

    /// Puts leaves in the place of one whose partition is gone; they go on where it stood.
    pub(super) fn replace(&mut self, id: LeafId, slices: Vec<EpkRange>) -> Result<()> {
        let (at, lane) = self.waiting(id).ok_or(FeedError::BadReplacement)?;
        if !is_tiled(&lane.slice, &slices) {
            return Err(FeedError::BadReplacement);
        }
        if lane.repairs >= MAX_REPAIRS {
            return Err(FeedError::Unsettled);
        }
        let gone = self.list.remove(at);
        for (offset, slice) in slices.into_iter().enumerate() {
            let mut heir = gone.heir(slice);
            heir.id = self.new_id();
            self.list.insert(at.saturating_add(offset), heir);
        }
        Ok(())
    }

    fn new_id(&mut self) -> LeafId {
        let id = LeafId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        id
    }
}
