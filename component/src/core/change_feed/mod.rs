//! A container's changes (spec data-plane §5.3, §5.4).
//!
//! Each slice of the hash space has a cursor: the etag of its last answer, or none as long as it was never asked. Slices
//! are asked in turn. An answer with changes is a page; it moves the cursor when it is taken, so that the state always
//! belongs to what the caller has seen. An answer without changes (304) moves the cursor at once and keeps the slice quiet
//! for the rest of the round: until a page is taken, or all are quiet and the feed has caught up, for now.
//!
//! Memory: a cursor for each slice (at most [`MAX_CURSORS`]), and at most one page for each.

mod cursor;
mod request;

use std::rc::Rc;

use self::cursor::Position;
pub use self::cursor::{Cursor, State};
use super::clock::{Nanos, SECOND};
use super::error::{Error, ErrorKind, Result};
use super::ranges::MAX_RANGES;
use super::slice::{Slice, is_tiled};
use crate::wire::page;

#[cfg(test)]
mod tests;

/// More slices are refused.
pub const MAX_CURSORS: usize = MAX_RANGES;

/// How often in a row a slice adapts to partitions that split or merged, before the feed gives up.
pub const MAX_REPAIRS: u32 = 10;

/// How long to wait at least before the next round, once the feed has caught up.
pub const POLL_DELAY: Nanos = SECOND;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The latest version of each item that was created or replaced. No deletes.
    LatestVersion,
    /// Every version, and deletes. The container's retention has to be on; it can only start now.
    AllVersionsAndDeletes,
}

/// Where slices start that were never asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the container's first change.
    Beginning,
    /// With the first change after the first request.
    Now,
    /// With the first change after this time, in seconds since 1970 (UTC). 0 is the beginning.
    At(u64),
}

/// Names a slice's cursor; never reused within a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafId(pub u32);

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its name.
    pub id: LeafId,
    /// Where it goes: to the physical partition that holds the slice, and if it is wider, to this part of it only. If
    /// there is no such partition any more, see [`ChangeFeed::replace`].
    pub slice: Slice,
    /// The etag of the slice's last answer.
    pub etag: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: a page.
    Changes {
        /// The envelope around the rows.
        body: Vec<u8>,
        /// The response's etag.
        etag: Option<String>,
    },
    /// 304: nothing new. The etag may have advanced all the same.
    NotModified {
        /// The response's etag.
        etag: Option<String>,
    },
}

/// What the feed has for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Changes of one slice, in the order in which they happened for each partition key: documents or envelopes as the
    /// service gave them.
    Page(Vec<Rc<[u8]>>),
    /// A whole round brought nothing. Asking again starts the next round: after [`POLL_DELAY`] at the earliest.
    CaughtUp,
    /// Nothing before more answers come; see [`ChangeFeed::wanted`].
    Asking,
}

/// A feed of changes.
#[derive(Debug)]
pub struct ChangeFeed {
    mode: Mode,
    start: Start,
    /// Whether latest versions come in an envelope too.
    enveloped: bool,
    /// In ascending order, without overlap, at least one.
    positions: Vec<Position>,
    /// Whose turn it is.
    turn: usize,
    next_leaf: u32,
}

impl ChangeFeed {
    /// A feed of these slices, in ascending order: of the whole container or a part of it, cut at the borders of its
    /// partitions. For a single partition key, the slice from its point to the next one.
    ///
    /// # Errors
    /// `invalid-argument`: no slices, overlapping ones, or too many; all versions and deletes from anything but now.
    pub fn new(mode: Mode, start: Start, slices: Vec<Slice>) -> Result<Self> {
        let fresh = |slice| Cursor { slice, etag: None };
        let state = State {
            mode,
            start,
            cursors: slices.into_iter().map(fresh).collect(),
            turn: Slice::ALL.min,
        };
        Self::resume(mode, state)
    }

    /// A feed that goes on where another one was.
    ///
    /// # Errors
    /// `invalid-argument`: the state of another mode, or one that no feed has given.
    pub fn resume(mode: Mode, state: State) -> Result<Self> {
        state.check(mode)?;
        let mut feed = Self {
            mode,
            start: match state.start {
                Start::At(0) => Start::Beginning,
                start => start,
            },
            enveloped: mode == Mode::AllVersionsAndDeletes,
            positions: Vec::with_capacity(state.cursors.len()),
            turn: state.place_of_turn(),
            next_leaf: 0,
        };
        for cursor in state.cursors {
            let position = feed.position(cursor, 0);
            feed.positions.push(position);
        }
        Ok(feed)
    }

    /// Asks for latest versions in the envelope that all versions and deletes always have: with the time of each change.
    #[must_use]
    pub fn enveloped(mut self) -> Self {
        self.enveloped = true;
        self
    }

    /// The requests to have under way, at most `limit`, in the order of their turns. Those that are sent already are among
    /// them; none while a page of every slice that is not quiet waits to be taken.
    pub fn wanted(&self, limit: usize) -> Vec<Leaf> {
        let pinning = self.is_pinning();
        let mut leaves = Vec::new();
        for position in self.in_turn() {
            if leaves.len() >= limit {
                break;
            }
            if position.is_wanted() && !(pinning && position.is_pinned()) {
                leaves.push(position.leaf());
            }
        }
        leaves
    }

    /// The one request to send for hosts that ask one slice each time they run, and keep the state in between. None while a
    /// page waits, or once the feed has caught up.
    pub fn step(&self) -> Option<Leaf> {
        let waiting = self
            .positions
            .iter()
            .any(|position| position.page.is_some());
        let next = self.wanted(1).pop();
        next.filter(|_| !waiting || self.is_pinning())
    }

    /// The answer to a request. Answers to leaves that are unknown, or have a page already, are left out.
    ///
    /// # Errors
    /// `service`: no page, or one without an etag, from which nothing could go on. The feed is over then.
    pub fn accept(&mut self, leaf: LeafId, answer: Answer) -> Result<()> {
        let Some(place) = self.place(leaf) else {
            return Ok(());
        };
        let Some(position) = self.positions.get_mut(place) else {
            return Ok(());
        };
        if position.page.is_some() {
            return Ok(());
        }
        match answer {
            Answer::NotModified { etag } => {
                position.advance(etag);
                if self.mode == Mode::AllVersionsAndDeletes && !position.is_pinned() {
                    return Err(without_etag());
                }
                position.quiet = true;
            }
            Answer::Changes { body, etag } => {
                let rows = page::rows(&body, page::ITEMS);
                let (Some(rows), Some(etag)) = (rows, etag) else {
                    return Err(without_etag());
                };
                let rows: Vec<Rc<[u8]>> =
                    rows.iter().map(|row| row.get().as_bytes().into()).collect();
                if rows.is_empty() {
                    position.advance(Some(etag));
                } else {
                    position.hold(rows, etag);
                    return Ok(());
                }
            }
        }
        self.pass(place);
        Ok(())
    }

    /// Takes what there is.
    pub fn next_page(&mut self) -> Next {
        if self.is_pinning() {
            return Next::Asking;
        }
        let count = self.positions.len();
        for place in (self.turn..count).chain(0..self.turn.min(count)) {
            if let Some(rows) = self.positions.get_mut(place).and_then(Position::take) {
                self.new_round();
                self.turn = place;
                self.pass(place);
                return Next::Page(rows);
            }
        }
        if self.positions.iter().all(|position| position.quiet) {
            self.new_round();
            return Next::CaughtUp;
        }
        Next::Asking
    }

    /// Cuts a leaf's slice anew after its partition split, merged or moved (410 with 1002, 1007 or 1008): each part goes on
    /// from the same etag. A leaf whose page waits stays as it is. False, and nothing changes, after [`MAX_REPAIRS`] in a
    /// row: the 410 is the feed's error then.
    ///
    /// # Errors
    /// `service`: the slices do not make up the leaf's, or would be more than [`MAX_CURSORS`].
    pub fn replace(&mut self, leaf: LeafId, slices: Vec<Slice>) -> Result<bool> {
        let Some(place) = self.place(leaf) else {
            return Ok(true);
        };
        let Some(old) = self.positions.get(place).filter(|old| old.page.is_none()) else {
            return Ok(true);
        };
        let (repairs, etag) = (old.repairs, old.cursor.etag.clone());
        if repairs >= MAX_REPAIRS {
            return Ok(false);
        }
        let total = self.positions.len().saturating_add(slices.len());
        if !is_tiled(&old.cursor.slice, &slices) || total > MAX_CURSORS {
            return Err(Error::new(
                ErrorKind::Service,
                "the partitions that took the place of another one do not make it up",
            ));
        }
        let more = slices.len().saturating_sub(1);
        let mut children = Vec::with_capacity(slices.len());
        for slice in slices {
            let etag = etag.clone();
            children.push(self.position(Cursor { slice, etag }, repairs.saturating_add(1)));
        }
        self.positions.splice(place..=place, children);
        if self.turn > place {
            self.turn = self.turn.saturating_add(more);
        }
        Ok(true)
    }

    /// Where the feed is: after the pages that were taken.
    ///
    /// # Errors
    /// `not-resumable`, in the form of `unavailable`: a feed of all versions and deletes before each slice has answered
    /// once. What is deleted until the next request would be lost.
    pub fn state(&self) -> Result<State> {
        let pinned = |position: &Position| position.cursor.etag.is_some();
        if self.mode == Mode::AllVersionsAndDeletes && !self.positions.iter().all(pinned) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the change feed has no continuation before each partition has answered once: take a page first",
            ));
        }
        let cursors = self.positions.iter();
        let turn = self.positions.get(self.turn);
        Ok(State {
            mode: self.mode,
            start: self.start,
            turn: turn.map_or(Slice::ALL.min, |position| position.cursor.slice.min.clone()),
            cursors: cursors.map(|position| position.cursor.clone()).collect(),
        })
    }

    /// All positions, beginning with the one whose turn it is.
    fn in_turn(&self) -> impl Iterator<Item = &Position> {
        let (before, from) = self
            .positions
            .split_at_checked(self.turn)
            .unwrap_or((&self.positions, &[]));
        from.iter().chain(before)
    }

    /// Whether each slice has to answer once before the first page: "now" has to be the same time for all of them.
    fn is_pinning(&self) -> bool {
        self.mode == Mode::AllVersionsAndDeletes
            && self.positions.iter().any(|position| !position.is_pinned())
    }

    fn new_round(&mut self) {
        for position in &mut self.positions {
            position.quiet = false;
        }
    }

    /// This one had its turn; quiet ones have none.
    fn pass(&mut self, place: usize) {
        if self.turn != place {
            return;
        }
        let next = place.saturating_add(1);
        let (before, after) = self
            .positions
            .split_at_checked(next)
            .unwrap_or((&self.positions, &[]));
        let is_loud = |position: &Position| !position.quiet;
        self.turn = match (
            after.iter().position(is_loud),
            before.iter().position(is_loud),
        ) {
            (Some(ahead), _) => next.saturating_add(ahead),
            (None, Some(place)) => place,
            (None, None) if after.is_empty() => 0,
            (None, None) => next,
        };
    }

    fn position(&mut self, cursor: Cursor, repairs: u32) -> Position {
        let id = LeafId(self.next_leaf);
        self.next_leaf = self.next_leaf.saturating_add(1);
        Position::new(id, cursor, repairs)
    }

    fn place(&self, leaf: LeafId) -> Option<usize> {
        self.positions
            .iter()
            .position(|position| position.id == leaf)
    }
}

fn without_etag() -> Box<Error> {
    Error::new(
        ErrorKind::Service,
        "the answer of a change feed has no etag to go on from, or is no page of items",
    )
}
