//! The first so many rows of an order, from rows in any order (spec data-plane §3.7, non-streaming `ORDER BY`).

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::envelope::{Head, compare_keys};
use super::error::{FeedError, Result};
use super::row::Row;
use super::shape::Order;

/// Keeps the best rows sorted, equal ones in the order of their arrival.
#[derive(Debug)]
pub(super) struct Best {
    order: Vec<Order>,
    heads: Vec<Head>,
    /// Rows to keep; what comes after is dropped.
    reach: usize,
    /// Bytes to keep of them; more is an error.
    room: usize,
}

impl Best {
    pub(super) fn new(order: Vec<Order>, reach: u64, room: usize) -> Self {
        Self {
            order,
            heads: Vec::new(),
            reach: usize::try_from(reach).unwrap_or(usize::MAX),
            room,
        }
    }

    pub(super) fn add(&mut self, row: Row) -> Result<()> {
        let head = Head::parse(row, &self.order)?;
        let place = self.heads.partition_point(|other| {
            compare_keys(&other.keys, &head.keys, &self.order) != Ordering::Greater
        });
        if place >= self.reach {
            return Ok(());
        }
        if self.heads.len() >= self.reach
            && let Some(last) = self.heads.pop()
        {
            self.room = self.room.saturating_add(last.row.bytes().len());
        }
        // A copy, so that a row does not keep its whole page.
        let head = Head::parse(head.row.detached(), &self.order)?;
        let room = self.room.checked_sub(head.row.bytes().len());
        self.room = room.ok_or(FeedError::TooMuch("bytes of sorted rows"))?;
        self.heads.insert(place, head);
        Ok(())
    }

    /// The rows, best first.
    pub(super) fn into_heads(self) -> Vec<Head> {
        self.heads
    }

    /// What the rows carry, best first.
    pub(super) fn into_rows(self) -> VecDeque<Row> {
        self.heads
            .into_iter()
            .filter_map(|head| head.payload)
            .collect()
    }
}
