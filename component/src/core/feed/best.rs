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

#[cfg(test)]
mod tests {
    use super::*;

    /// The payloads of the best rows, from keys in the order of their arrival.
    fn best(keys: &[i32], reach: u64, room: usize) -> Result<Vec<String>> {
        let mut best = Best::new(vec![Order::default()], reach, room);
        for (arrival, key) in keys.iter().enumerate() {
            let json =
                format!(r#"{{"_rid":"r","orderByItems":[{{"item":{key}}}],"payload":{arrival}}}"#);
            best.add(Row::made(json.into_bytes()))?;
        }
        Ok(best
            .into_rows()
            .iter()
            .map(|row| format!("{row:?}"))
            .collect())
    }

    #[test]
    fn the_first_of_the_order_and_among_equals_of_arrival() {
        for (keys, reach, expected) in [
            (&[3, 1, 2][..], 5, &["1", "2", "0"][..]),
            (&[3, 1, 2], 2, &["1", "2"]),
            (&[1, 1, 0, 1, 0], 3, &["2", "4", "0"]),
            (&[1, 1, 1], 2, &["0", "1"]),
            (&[1], 0, &[]),
        ] {
            assert_eq!(
                best(keys, reach, 1000).unwrap(),
                expected,
                "{keys:?} {reach}"
            );
        }
    }

    #[test]
    fn only_rows_that_are_kept_take_room() {
        let one = r#"{"_rid":"r","orderByItems":[{"item":9}],"payload":0}"#.len();
        assert_eq!(best(&[9, 8, 7, 6], 1, one), Ok(vec!["3".to_owned()]));
        assert!(matches!(best(&[9, 8], 2, one), Err(FeedError::TooMuch(_))));
    }
}
