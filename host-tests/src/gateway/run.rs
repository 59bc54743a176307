//! Pages of the rows of a plan over one range.

use serde_json::Value;

use super::page::{Cursor, Page};
use super::plan::{Plan, Select};
use super::rows::{Unit, combined_row};
use super::value::equal;

/// How a plan is run.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    /// The rows as the user gets them, for the query's own text; otherwise those of its rewritten text.
    pub(super) is_final: bool,
    /// The most rows of a page.
    pub(super) size: usize,
    /// The most units that a page looks at.
    pub(super) scan: usize,
}

impl Run<'_> {
    /// The page behind a cursor. `units` are those behind it, in order.
    pub(super) fn page(&self, units: &[Unit<'_>], cursor: &Cursor) -> Page {
        if matches!(self.plan.select, Select::Constant(_)) {
            return self.slice(self.constant(), cursor);
        }
        if self.is_final && self.scan == usize::MAX {
            return self.slice(self.all(units), cursor);
        }
        if !self.plan.group.is_empty() {
            return self.grouped(units, cursor);
        }
        if self.plan.is_aggregated() {
            let taken = units.len().min(self.scan);
            let page: Vec<&Unit<'_>> = units[..taken].iter().collect();
            let row = combined_row(self.plan, &page, self.is_final);
            return self.found(row.into_iter().collect(), units, taken, cursor, 1);
        }
        self.plain(units, cursor)
    }

    /// Row by row, each distinct one once on its page, up to the plan's window.
    fn plain(&self, units: &[Unit<'_>], cursor: &Cursor) -> Page {
        let is_distinct = self.plan.is_distinct && self.plan.order.is_empty();
        let is_windowed = self.is_final || !is_distinct;
        let window = self.plan.window().filter(|_| is_windowed);
        let skip = self.plan.offset.filter(|_| self.is_final).unwrap_or(0);
        let mut seen: Vec<Value> = Vec::new();
        let (mut rows, mut looked, mut emitted) = (Vec::new(), 0, cursor.emitted);
        for unit in units {
            if window.is_some_and(|window| emitted >= window) {
                return Page { rows, next: None };
            }
            if rows.len() >= self.size || looked >= self.scan {
                break;
            }
            looked += 1;
            let Some(row) = unit.row(self.plan, self.is_final) else {
                continue;
            };
            if is_distinct && is_repeated(&row, &mut seen) {
                continue;
            }
            emitted += 1;
            if emitted > skip {
                rows.push(row);
            }
        }
        self.found(rows, units, looked, cursor, emitted - cursor.emitted)
    }

    /// The groups of the units up to the first that would be one too many.
    fn grouped(&self, units: &[Unit<'_>], cursor: &Cursor) -> Page {
        let mut groups: Vec<(Vec<Option<Value>>, Vec<&Unit<'_>>)> = Vec::new();
        let mut looked = 0;
        for unit in units.iter().take(self.scan) {
            let key = unit.group(self.plan);
            let known = groups.iter().position(|(known, _)| is_same(known, &key));
            match known {
                Some(place) => groups[place].1.push(unit),
                None if groups.len() >= self.size => break,
                None => groups.push((key, vec![unit])),
            }
            looked += 1;
        }
        let rows = groups.iter();
        let rows = rows.filter_map(|(_, members)| combined_row(self.plan, members, self.is_final));
        self.found(rows.collect(), units, looked, cursor, 0)
    }

    /// All rows as the user gets them.
    fn all(&self, units: &[Unit<'_>]) -> Vec<String> {
        let all = Run {
            size: usize::MAX,
            ..*self
        };
        let nothing = Cursor::default();
        let rows = if !self.plan.group.is_empty() {
            all.grouped(units, &nothing).rows
        } else if self.plan.is_aggregated() {
            let every: Vec<&Unit<'_>> = units.iter().collect();
            combined_row(self.plan, &every, true).into_iter().collect()
        } else {
            return self.counted(all.plain(units, &nothing).rows);
        };
        let window = self.plan.window().unwrap_or(u64::MAX);
        let skip = self.plan.offset.unwrap_or(0);
        let window = usize::try_from(window).unwrap_or(usize::MAX);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        rows.into_iter().take(window).skip(skip).collect()
    }

    /// The number of the rows, if that is what is asked for.
    fn counted(&self, rows: Vec<String>) -> Vec<String> {
        match self.plan.count_alias.as_deref() {
            None => rows,
            Some("") => vec![rows.len().to_string()],
            Some(alias) => vec![format!("{{\"{alias}\":{}}}", rows.len())],
        }
    }

    fn constant(&self) -> Vec<String> {
        match &self.plan.select {
            Select::Constant(value) => vec![value.to_string()],
            _ => Vec::new(),
        }
    }

    /// The rows behind those that were.
    fn slice(&self, rows: Vec<String>, cursor: &Cursor) -> Page {
        let done = usize::try_from(cursor.emitted).unwrap_or(usize::MAX);
        let is_last = rows.len() <= done.saturating_add(self.size);
        let rows: Vec<String> = rows.into_iter().skip(done).take(self.size).collect();
        let next = (!is_last).then(|| Cursor {
            position: None,
            emitted: cursor.emitted + rows.len() as u64,
        });
        Page { rows, next }
    }

    /// A page after so many units were looked at.
    fn found(
        &self,
        rows: Vec<String>,
        units: &[Unit<'_>],
        looked: usize,
        cursor: &Cursor,
        emitted: u64,
    ) -> Page {
        let has_more = looked < units.len();
        let last = units[..looked].last().map(|unit| unit.position.clone());
        let next = has_more.then(|| Cursor {
            position: last.or_else(|| cursor.position.clone()),
            emitted: cursor.emitted + emitted,
        });
        Page { rows, next }
    }
}

fn is_repeated(row: &str, seen: &mut Vec<Value>) -> bool {
    let value: Value = serde_json::from_str(row).unwrap_or_default();
    let known = seen.iter().any(|known| equal(Some(known), Some(&value)));
    if !known {
        seen.push(value);
    }
    known
}

fn is_same(left: &[Option<Value>], right: &[Option<Value>]) -> bool {
    let mut pairs = left.iter().zip(right);
    pairs.all(|(left, right)| equal(left.as_ref(), right.as_ref()))
}
