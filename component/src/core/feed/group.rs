//! `GROUP BY`: rows of the same group from all partitions become one (spec data-plane §3.7).

use super::aggregate::{Aggregator, push_name};
use super::distinct::hash;
use super::error::{FeedError, Result};
use super::row::Row;
use super::shape::{AggregateKind, Limits, Shape};
use super::table::Table;
use crate::wire::value;

/// What one row is made of: the columns of its group, or of all rows together.
#[derive(Debug)]
pub(super) struct Columns {
    /// Names and kinds; a single one without a name for `SELECT VALUE`.
    columns: Vec<(Option<String>, Option<AggregateKind>)>,
    limits: Limits,
    /// Bytes of JSON that may still be kept.
    room: usize,
}

impl Columns {
    pub(super) fn new(shape: &Shape, limits: Limits) -> Self {
        let columns = if shape.value || (shape.aliases.is_empty() && !shape.grouped) {
            vec![(None, shape.aggregate)]
        } else {
            let named = |(name, kind): &(String, _)| (Some(name.clone()), *kind);
            shape.aliases.iter().map(named).collect()
        };
        Self {
            columns,
            room: limits.bytes,
            limits,
        }
    }

    pub(super) fn aggregators(&self) -> Vec<Aggregator> {
        let kinds = self.columns.iter().map(|(_, kind)| *kind);
        kinds
            .map(|kind| Aggregator::new(kind, &self.limits))
            .collect()
    }

    /// Adds a partition's row to these aggregators, one for each column.
    pub(super) fn add(&mut self, aggregators: &mut [Aggregator], payload: &[u8]) -> Result<()> {
        for (place, aggregator) in aggregators.iter_mut().enumerate() {
            let Some((name, kind)) = self.columns.get(place) else {
                break;
            };
            let json = match (name, kind) {
                (None, None) => Some(payload),
                // A list with the one aggregate in it.
                (None, Some(_)) => value::elements(payload).next(),
                (Some(name), _) => value::member(payload, name.as_bytes()),
            };
            let before = aggregator.size();
            aggregator.add(json)?;
            self.room = self.room.saturating_add(before);
            self.charge(aggregator.size())?;
        }
        Ok(())
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        let room = self.room.checked_sub(bytes);
        self.room = room.ok_or(FeedError::TooMuch("bytes of groups and aggregates"))?;
        Ok(())
    }

    /// The row; none if it is undefined.
    pub(super) fn row(&self, aggregators: &[Aggregator]) -> Option<Row> {
        let mut json = Vec::new();
        for ((name, _), aggregator) in self.columns.iter().zip(aggregators) {
            let Some(name) = name else {
                return aggregator.write(&mut json).then(|| Row::made(json));
            };
            let before = json.len();
            push_name(&mut json, name);
            if !aggregator.write(&mut json) {
                json.truncate(before);
            }
        }
        if json.is_empty() {
            json.push(b'{');
        }
        json.push(b'}');
        Some(Row::made(json))
    }
}

/// All groups so far, in the order of their first rows.
#[derive(Debug)]
pub(super) struct Groups {
    table: Table,
    rows: Vec<Vec<Aggregator>>,
}

impl Groups {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            table: Table::new(limits.entries, "groups"),
            rows: Vec::new(),
        }
    }

    /// Adds a row `{"groupByItems":[…],"payload":…}`. A row without payload belongs to a group without values.
    pub(super) fn add(&mut self, columns: &mut Columns, row: &Row) -> Result<()> {
        let (mut items, mut payload) = (None, None);
        for (name, value) in value::members(row.bytes()) {
            match &*name {
                b"groupByItems" => items = Some(value),
                b"payload" => payload = Some(value),
                _ => (),
            }
        }
        let items = items.ok_or(FeedError::Malformed("a row of a group lacks groupByItems"))?;
        let (number, new) = self.table.insert(hash(items)?)?;
        if new {
            let aggregators = columns.aggregators();
            columns.charge(size_of_val(&*aggregators))?;
            self.rows.push(aggregators);
        }
        match (self.rows.get_mut(number), payload) {
            (Some(aggregators), Some(payload)) => columns.add(aggregators, payload),
            _ => Ok(()),
        }
    }

    pub(super) fn into_rows(self) -> Vec<Vec<Aggregator>> {
        self.rows
    }
}
