//! Rows that are known only when all partitions were read: aggregates, groups, sorted rows.

use std::collections::VecDeque;

use super::aggregate::Aggregator;
use super::best::Best;
use super::error::{FeedError, Result};
use super::group::{Columns, Groups};
use super::row::Row;
use super::shape::{Limits, Shape};
use super::window::Window;
use crate::wire::value;

/// What the rows of the partitions are gathered in.
#[derive(Debug)]
pub(super) enum Buffered {
    /// One row of aggregates.
    Aggregate(Columns, Vec<Aggregator>),
    /// A row for each group.
    Groups(Columns, Groups),
    /// The best rows.
    Best(Best),
}

impl Buffered {
    /// What this query needs; none if its rows can be given as they come.
    ///
    /// # Errors
    /// A sort without end.
    pub(super) fn new(shape: &Shape, window: Window, limits: &Limits) -> Result<Option<Self>> {
        let columns = || Columns::new(shape, *limits);
        if shape.grouped {
            return Ok(Some(Self::Groups(columns(), Groups::new(limits))));
        }
        if shape.aggregates() {
            let columns = columns();
            let aggregators = columns.aggregators();
            return Ok(Some(Self::Aggregate(columns, aggregators)));
        }
        if !shape.non_streaming || shape.order.is_empty() {
            return Ok(None);
        }
        if shape.distinct != super::Distinct::None {
            return Err(FeedError::Unsupported(
                "DISTINCT together with an order by distance or rank",
            ));
        }
        let reach = window.reach().ok_or(FeedError::Unsupported(
            "an order by distance or rank needs TOP or LIMIT",
        ))?;
        if reach > limits.window {
            return Err(FeedError::TooMuch(
                "rows of OFFSET and LIMIT in an order by distance or rank",
            ));
        }
        Ok(Some(Self::Best(Best::new(
            shape.order.clone(),
            reach,
            limits.bytes,
        ))))
    }

    pub(super) fn add(&mut self, row: Row) -> Result<()> {
        match self {
            Self::Aggregate(columns, aggregators) => {
                let json = row.bytes();
                let payload = value::member(json, b"payload");
                columns.add(aggregators, payload.unwrap_or(json))
            }
            Self::Groups(columns, groups) => groups.add(columns, &row),
            Self::Best(best) => best.add(row),
        }
    }

    pub(super) fn finish(self) -> Ready {
        match self {
            Self::Aggregate(columns, aggregators) => {
                Ready::Groups(columns, vec![aggregators].into_iter())
            }
            Self::Groups(columns, groups) => Ready::Groups(columns, groups.into_rows().into_iter()),
            Self::Best(best) => Ready::Rows(best.into_rows()),
        }
    }
}

/// What came of it, to be given row by row.
#[derive(Debug)]
pub(super) enum Ready {
    Rows(VecDeque<Row>),
    /// Written when they are given, so that memory holds them once.
    Groups(Columns, std::vec::IntoIter<Vec<Aggregator>>),
}

impl Ready {
    pub(super) fn next(&mut self) -> Option<Row> {
        match self {
            Self::Rows(rows) => rows.pop_front(),
            Self::Groups(columns, groups) => {
                groups.find_map(|aggregators| columns.row(&aggregators))
            }
        }
    }
}
