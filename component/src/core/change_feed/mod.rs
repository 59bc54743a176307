//! A container's changes (spec data-plane §5.3, §5.4).
//!
//! Each slice of the hash space has a cursor: the etag of its last answer, or none as long as it was never asked. Slices
//! are asked in turn. An answer with changes is a page; it moves the cursor when it is taken, so that the state always
//! belongs to what the caller has seen. An answer without changes (304) moves the cursor at once and keeps the slice quiet
//! for the rest of the round: until a page is taken, or all are quiet and the feed has caught up, for now.
//!
//! Memory: a cursor for each slice (at most [`MAX_CURSORS`]), and a page for each slice that was asked at the same time.

mod cursor;
mod request;

use self::cursor::Position;
pub use self::cursor::{Cursor, State};
use super::error::{Error, ErrorKind, Result};
use super::feed::FeedError;
pub use super::feed::LeafId;
use super::feed_token::FeedKind;
use super::operation::ContainerRef;
use super::query::Target;
use super::ranges::{MAX_RANGES, RangeMap};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;
use crate::wire::page;

#[cfg(test)]
mod tests;

/// The name of its requests in diagnostics, and of the feed.
pub const NAME: &str = "query_change_feed";

/// More slices are refused.
pub const MAX_CURSORS: usize = MAX_RANGES;

/// How often in a row a slice adapts to partitions that split or merged, before the feed gives up.
pub const MAX_REPAIRS: u32 = 10;

/// The changes of the items of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Where they live.
    pub container: ContainerRef,
    /// Which part of the container it is about.
    pub target: Target,
    /// What counts as a change.
    pub mode: Mode,
    /// Where it starts, unless it goes on from a continuation: that has its own start.
    pub start: Start,
    /// Whether latest versions come in the envelope that all versions and deletes always have, with the time of each change.
    /// Default: no. A service that does not know it gives the items themselves.
    pub enveloped: bool,
}

impl Changes {
    /// What its continuation tokens say that they belong to.
    pub fn kind(&self) -> FeedKind {
        match self.mode {
            Mode::LatestVersion => FeedKind::ChangeFeed,
            Mode::AllVersionsAndDeletes => FeedKind::AllVersionsChangeFeed,
        }
    }

    /// Checks what can be checked without metadata.
    ///
    /// # Errors
    /// `invalid-argument`: all versions and deletes from anything but now.
    pub fn check(&self) -> Result<()> {
        if self.mode == Mode::AllVersionsAndDeletes && self.start != Start::Now {
            return Err(Error::invalid(
                "a change feed of all versions and deletes starts now: earlier deletes are read with a continuation only",
            ));
        }
        Ok(())
    }
}

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

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its name.
    pub id: LeafId,
    /// Where it goes: to the physical partition that holds the slice, and if it is wider, to this part of it only. If
    /// there is no such partition any more, see [`ChangeFeed::repair`].
    pub slice: EpkRange,
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
    /// The service's page with changes of one slice, in the order in which they happened for each partition key.
    Page(Vec<u8>),
    /// A whole round brought nothing. Asking again starts the next round: better after a second than at once.
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
    pub fn new(mode: Mode, start: Start, slices: Vec<EpkRange>) -> Self {
        let fresh = |slice| Cursor { slice, etag: None };
        let state = State {
            start,
            cursors: slices.into_iter().map(fresh).collect(),
            turn: Epk::MIN,
        };
        Self::resume(mode, state)
    }

    /// A feed that goes on where another one of the same mode was.
    pub fn resume(mode: Mode, state: State) -> Self {
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
        feed
    }

    /// Asks for latest versions in the envelope that all versions and deletes always have: with the time of each change.
    #[must_use]
    pub fn enveloped(mut self) -> Self {
        self.enveloped = true;
        self
    }

    /// The requests to have under way, at most `limit`, in the order of their turns. Those that are sent already are among
    /// them. None while a page waits to be taken, unless slices have to answer before it can be.
    pub fn wanted(&self, limit: usize) -> Vec<Leaf> {
        let pinning = self.is_pinning();
        if !pinning
            && self
                .positions
                .iter()
                .any(|position| position.page.is_some())
        {
            return Vec::new();
        }
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

    /// Whether each slice has to answer once before the first page: "now" has to be the same time for all of them.
    pub fn is_pinning(&self) -> bool {
        self.mode == Mode::AllVersionsAndDeletes
            && self.positions.iter().any(|position| !position.is_pinned())
    }

    /// The answer to a request. Answers to leaves that are unknown, or have a page already, are left out.
    ///
    /// # Errors
    /// `service`: no page, or one without an etag, from which nothing could go on. The slice stays where it was.
    pub fn accept(&mut self, leaf: LeafId, answer: Answer) -> Result<()> {
        let Some(place) = self.place(leaf) else {
            return Ok(());
        };
        let position = self.positions.get_mut(place);
        let Some(position) = position.filter(|position| position.page.is_none()) else {
            return Ok(());
        };
        match answer {
            Answer::NotModified { etag } => {
                if etag.is_some() {
                    position.cursor.etag = etag;
                } else if self.mode == Mode::AllVersionsAndDeletes && !position.is_pinned() {
                    return Err(without_etag());
                }
                position.quiet = true;
            }
            Answer::Changes { body, etag } => {
                let rows = page::rows(&body, page::ITEMS);
                let (Some(rows), Some(etag)) = (rows, etag) else {
                    return Err(without_etag());
                };
                if !rows.is_empty() {
                    position.page = Some((body, etag));
                    position.repairs = 0;
                    return Ok(());
                }
                // There may be more behind an empty page, but not where the slice has been already.
                position.quiet = position.cursor.etag.as_ref() == Some(&etag);
                position.cursor.etag = Some(etag);
            }
        }
        position.repairs = 0;
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
            if let Some(body) = self.positions.get_mut(place).and_then(Position::take) {
                self.new_round();
                self.turn = place;
                self.pass(place);
                return Next::Page(body);
            }
        }
        if self.positions.iter().all(|position| position.quiet) {
            self.new_round();
            return Next::CaughtUp;
        }
        Next::Asking
    }

    /// Cuts a leaf's slice anew after its partition split, merged or moved (410 with 1002, 1007 or 1008): each part goes on
    /// from the same etag. A leaf whose page waits stays as it is.
    ///
    /// # Errors
    /// `unavailable`: the partition moved more than [`MAX_REPAIRS`] times in a row. `invalid-argument`: there would be more
    /// than [`MAX_CURSORS`].
    pub fn repair(&mut self, leaf: LeafId, ranges: &RangeMap) -> Result<()> {
        let Some(place) = self.place(leaf) else {
            return Ok(());
        };
        let Some(old) = self.positions.get(place).filter(|old| old.page.is_none()) else {
            return Ok(());
        };
        let (repairs, cursor) = (old.repairs, old.cursor.clone());
        if repairs >= MAX_REPAIRS {
            return Err(FeedError::Unsettled.into());
        }
        let tiles = ranges.tiles(&cursor.slice);
        let more = tiles.len().saturating_sub(1);
        if self.positions.len().saturating_add(more) > MAX_CURSORS {
            return Err(FeedError::TooMuch("partitions").into());
        }
        let mut parts = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let (slice, etag) = (tile.slice, cursor.etag.clone());
            parts.push(self.position(Cursor { slice, etag }, repairs.saturating_add(1)));
        }
        self.positions.splice(place..=place, parts);
        if self.turn > place {
            self.turn = self.turn.saturating_add(more);
        }
        Ok(())
    }

    /// Where the feed is: after the pages that were taken.
    ///
    /// # Errors
    /// `not-resumable`: a feed of all versions and deletes before each slice has answered once. What happens until the next
    /// request would be lost.
    pub fn state(&self) -> Result<State> {
        let pinned = |position: &Position| position.cursor.etag.is_some();
        if self.mode == Mode::AllVersionsAndDeletes && !self.positions.iter().all(pinned) {
            return Err(not_pinned());
        }
        let cursors = self.positions.iter();
        let turn = self.positions.get(self.turn);
        Ok(State {
            start: self.start,
            turn: turn.map_or(Epk::MIN, |position| position.cursor.slice.min.clone()),
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

/// A feed of all versions and deletes has no continuation yet.
pub fn not_pinned() -> Box<Error> {
    Error::new(
        ErrorKind::NotResumable,
        "the change feed has no continuation before each partition has answered once: take a page first",
    )
}

fn without_etag() -> Box<Error> {
    Error::new(
        ErrorKind::Service,
        "the answer of a change feed has no etag to go on from, or is no page of items",
    )
}
