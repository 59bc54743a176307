//! Where a change feed is in each slice, as plain data and at work.

use std::rc::Rc;

use super::super::error::{Error, Result};
use super::super::slice::Slice;
use super::{Leaf, LeafId, MAX_CURSORS, Mode, Start};
use crate::wire::epk::Epk;
use crate::wire::headers::is_header_text;

/// Longer etags are refused.
const MAX_ETAG_BYTES: usize = 8 << 10;

/// How far one slice was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The slice.
    pub slice: Slice,
    /// The etag of its last answer; none if it was never asked.
    pub etag: Option<String>,
}

/// Where a change feed is. It means the same in any instance, whatever the partitions are by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What counts as a change.
    pub mode: Mode,
    /// Where slices start that were never asked.
    pub start: Start,
    /// In ascending order, without overlap.
    pub cursors: Vec<Cursor>,
    /// The lower bound of the slice to ask next. It keeps turns fair for hosts that ask once in a run; the lowest point will
    /// do where it got lost.
    pub turn: Epk,
}

impl State {
    /// Whether a feed of this mode can go on from here.
    pub(super) fn check(&self, mode: Mode) -> Result<()> {
        if self.mode != mode {
            return Err(Error::invalid(
                "the continuation belongs to a change feed of the other mode: start a new feed, or use the mode it was made \
                 with",
            ));
        }
        if mode == Mode::AllVersionsAndDeletes && self.start != Start::Now {
            return Err(Error::invalid(
                "a change feed of all versions and deletes starts now: earlier deletes are read with a continuation only",
            ));
        }
        let (mut end, mut good) = (&Epk::MIN, !self.cursors.is_empty());
        for Cursor { slice, etag } in &self.cursors {
            good &= *end <= slice.min && !slice.is_empty() && slice.max <= Epk::MAX;
            good &= etag.as_deref().is_none_or(is_etag);
            end = &slice.max;
        }
        if good && self.cursors.len() <= MAX_CURSORS {
            return Ok(());
        }
        Err(Error::invalid(
            "the change feed's slices are none, too many, out of order, or have etags that cannot be sent: pass a \
             continuation exactly as a feed gave it",
        ))
    }

    /// Which of the cursors is next.
    pub(super) fn place_of_turn(&self) -> usize {
        let ends_before = |cursor: &Cursor| cursor.slice.max <= self.turn;
        let place = self.cursors.partition_point(ends_before);
        if place < self.cursors.len() { place } else { 0 }
    }
}

fn is_etag(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ETAG_BYTES && is_header_text(text)
}

/// A cursor at work.
#[derive(Debug)]
pub(super) struct Position {
    pub(super) id: LeafId,
    pub(super) cursor: Cursor,
    /// What the caller has not taken yet, and the etag that comes with it.
    pub(super) page: Option<Page>,
    /// Whether it has answered in this round that there is nothing new.
    pub(super) quiet: bool,
    /// How often the slice was cut anew since its last answer.
    pub(super) repairs: u32,
}

#[derive(Debug)]
pub(super) struct Page {
    rows: Vec<Rc<[u8]>>,
    etag: String,
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

    /// Takes over an etag, if there is one.
    pub(super) fn advance(&mut self, etag: Option<String>) {
        self.repairs = 0;
        if etag.is_some() {
            self.cursor.etag = etag;
        }
    }

    pub(super) fn hold(&mut self, rows: Vec<Rc<[u8]>>, etag: String) {
        self.repairs = 0;
        self.page = Some(Page { rows, etag });
    }

    pub(super) fn take(&mut self) -> Option<Vec<Rc<[u8]>>> {
        let page = self.page.take()?;
        self.cursor.etag = Some(page.etag);
        Some(page.rows)
    }
}
