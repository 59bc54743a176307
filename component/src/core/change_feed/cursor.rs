//! Where a change feed is in each slice, as plain data and at work.

use super::{Leaf, LeafId, Start};
use crate::core::feed::SliceState;
use crate::core::feed_token::{self, Place, Refused, Walk};
use crate::core::ranges::RangeMap;
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;

/// How far one slice was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The slice.
    pub slice: EpkRange,
    /// The etag of its last answer; none if it was never asked.
    pub etag: Option<String>,
}

/// Where a change feed is. It means the same in any instance, whatever the partitions are by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Where slices start that were never asked.
    pub start: Start,
    /// In ascending order, without overlap.
    pub cursors: Vec<Cursor>,
    /// The lower bound of the slice to ask next. It keeps turns fair for hosts that ask once in a run.
    pub turn: Epk,
}

impl State {
    /// What a token says of it.
    pub fn into_place(self) -> Place {
        let slice = |cursor: Cursor| SliceState {
            continuation: cursor.etag,
            ..SliceState::fresh(cursor.slice)
        };
        Place {
            walk: Walk::Changes {
                start: self.start,
                turn: self.turn,
            },
            skip: 0,
            take: None,
            last: None,
            slices: self.cursors.into_iter().map(slice).collect(),
        }
    }

    /// Where a feed goes on, over the partitions that there are now. `scope` is what it reads.
    ///
    /// # Errors
    /// The token is of another part of the container, or of no change feed.
    pub fn of(place: &Place, scope: &EpkRange, map: &RangeMap) -> Result<Self, Refused> {
        let Walk::Changes { start, turn } = &place.walk else {
            return Err(Refused::OtherKind);
        };
        let cursor = |state: SliceState| Cursor {
            slice: state.slice,
            etag: state.continuation,
        };
        let slices = feed_token::resume(place, std::slice::from_ref(scope), map)?;
        Ok(Self {
            start: *start,
            cursors: slices.into_iter().map(cursor).collect(),
            turn: turn.clone(),
        })
    }

    /// Which of the cursors is next.
    pub(super) fn place_of_turn(&self) -> usize {
        let ends_before = |cursor: &Cursor| cursor.slice.max <= self.turn;
        let place = self.cursors.partition_point(ends_before);
        if place < self.cursors.len() { place } else { 0 }
    }
}

/// A cursor at work.
#[derive(Debug)]
pub(super) struct Position {
    pub(super) id: LeafId,
    pub(super) cursor: Cursor,
    /// What the caller has not taken yet, and the etag that comes with it.
    pub(super) page: Option<(Vec<u8>, String)>,
    /// Whether it has answered in this round that there is nothing new.
    pub(super) quiet: bool,
    /// How often the slice was cut anew since its last answer.
    pub(super) repairs: u32,
}

impl Position {
    pub(super) fn new(id: LeafId, cursor: Cursor, repairs: u32) -> Self {
        Self {
            id,
            cursor,
            page: None,
            quiet: false,
            repairs,
        }
    }

    pub(super) fn leaf(&self) -> Leaf {
        Leaf {
            id: self.id,
            slice: self.cursor.slice.clone(),
            etag: self.cursor.etag.clone(),
        }
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.quiet && self.page.is_none()
    }

    /// Whether it has answered at all.
    pub(super) fn is_pinned(&self) -> bool {
        self.cursor.etag.is_some() || self.page.is_some()
    }

    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let (body, etag) = self.page.take()?;
        self.cursor.etag = Some(etag);
        Some(body)
    }
}
