//! Many items at once (spec data-plane §4).
//!
//! The service has no such request, so this plans few that do the same: the inputs are grouped by physical partition; one
//! item alone in its partition is read by itself, several become a query. What comes back is collected, in any order or in
//! that of the inputs. Rows are the service's bytes, untouched.
//!
//! A read cannot be resumed from a continuation token. Memory: the inputs (at most [`MAX_INPUTS`]), a body for each unit
//! of work that is not finished, and the rows that were not taken yet, with the pages that they came with; in input order,
//! all of them.

mod collect;
mod input;
mod plan;

use std::rc::Rc;

use self::collect::Collected;
use self::input::Entry;
pub use self::input::{Input, ItemId, MAX_INPUTS};
use super::error::{Error, Result};
use super::feed::{Row, rows};
use super::operation::ContainerRef;
use super::ranges::RangeMap;
use crate::wire::container::PartitionKeyDefinition;
use crate::wire::epk_range::EpkRange;
use crate::wire::read_many_query::Fields;

#[cfg(test)]
pub(crate) mod tests;

/// The name of the read in diagnostics.
pub const NAME: &str = "read_many_items";

/// How often in a row the work on one input adapts to partitions that split or merged, before the read gives up. It does
/// not count all repairs of a read: one split may meet many units at once.
pub const MAX_REPAIRS: u32 = 10;

/// What a caller asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// Where they are.
    pub container: ContainerRef,
    /// Which they are.
    pub input: Input,
    /// In which order they come.
    pub order: Order,
}

impl Items {
    /// Checks what can be checked without metadata.
    ///
    /// # Errors
    /// `invalid-argument`: no input or more than [`MAX_INPUTS`]; partition keys in input order.
    pub fn check(&self) -> Result<()> {
        if self.order == Order::Input && matches!(self.input, Input::PartitionKeys(_)) {
            return Err(Error::invalid(
                "rows come in input order only where each input is one item: ask for any order with partition keys",
            ));
        }
        self.input.check()
    }
}

/// Names a unit of work; never reused within a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitId(pub u32);

/// A request to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Its name.
    pub id: UnitId,
    /// Where it goes: to the physical partition that holds the slice, and if it is wider, to this part of it only. If
    /// there is no such partition any more, see [`ReadMany::repair`].
    pub slice: EpkRange,
    /// What to ask.
    pub ask: Ask,
}

/// What a unit of work asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Read one item, by id and complete key.
    Item(ItemId),
    /// Run a query, without a plan.
    Query {
        /// The request's body.
        body: Rc<Vec<u8>>,
        /// Where the page before ended.
        continuation: Option<String>,
    },
}

/// What came of a unit's request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The item.
    Item(Vec<u8>),
    /// There is no such item; see [`is_absent`].
    Absent,
    /// A page of a query.
    Page {
        /// The envelope.
        body: Vec<u8>,
        /// Where the next page begins; absent on the last one.
        continuation: Option<String>,
    },
}

/// Whether an answer to an item's read means that there is no such item. Other 404 answers are errors (spec §4.4).
pub fn is_absent(status: u16, sub_status: Option<u32>) -> bool {
    status == 404 && matches!(sub_status, None | Some(0))
}

/// In which order rows come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As they arrive: what does not exist is left out, and an item that was asked for twice comes once.
    #[default]
    Any,
    /// One row for each input, in the order of the inputs; `null` for an item that does not exist. Items only.
    Input,
}

/// A read of many items.
#[derive(Debug)]
pub struct ReadMany {
    order: Order,
    fields: Fields,
    /// Each thing to look for once, by place in the hash space.
    entries: Vec<Entry>,
    /// Work that is not finished.
    units: Vec<Pending>,
    next_unit: u32,
    /// Whether requests have to keep to their slices: a beginning of a key may reach into several.
    sliced: bool,
    collected: Collected,
    /// The paths of the container's partition key.
    paths: Vec<String>,
}

/// A unit of work that is not finished.
#[derive(Debug)]
struct Pending {
    unit: Unit,
    /// The entries that it is about.
    entries: Vec<u32>,
    /// The repairs that led to it.
    repairs: u32,
}

impl ReadMany {
    /// Plans the requests for a container with this partition key definition and these partitions.
    ///
    /// # Errors
    /// `invalid-argument`: no input or more than [`MAX_INPUTS`]; an empty id; keys with too many or too few components,
    /// or values that cannot be sent; an id that contradicts the key, where the key is the id.
    pub fn new(
        items: &Items,
        definition: &PartitionKeyDefinition,
        ranges: &RangeMap,
    ) -> Result<Self> {
        items.check()?;
        let (entries, entry_of) = input::resolve(&items.input, definition)?;
        let by_key = matches!(items.input, Input::PartitionKeys(_));
        let mut read = Self {
            fields: Fields::new(&definition.paths),
            paths: definition.paths.clone(),
            order: items.order,
            units: Vec::new(),
            next_unit: 0,
            sliced: by_key && definition.paths.len() > 1,
            collected: match items.order {
                Order::Any => Collected::default(),
                Order::Input => Collected::in_order(entries.len(), entry_of),
            },
            entries,
        };
        let all: Vec<u32> = (0..).zip(&read.entries).map(|(place, _)| place).collect();
        read.plan(&all, &EpkRange::ALL, ranges)?;
        Ok(read)
    }

    /// Whether rows were taken, so that what comes from another container would not fit to them.
    pub fn has_given(&self) -> bool {
        self.collected.any_taken()
    }

    /// The requests to have under way, at most `limit`: in the order of the hash space, those that repairs have added last.
    /// Those that are sent already are among them.
    pub fn wanted(&self, limit: usize) -> Vec<Unit> {
        let open = self.units.iter().take(limit);
        open.map(|pending| pending.unit.clone()).collect()
    }

    /// Whether all answers are in. Rows may be left to take.
    pub fn is_done(&self) -> bool {
        self.units.is_empty()
    }

    /// How many rows can be taken.
    pub fn ready(&mut self) -> usize {
        self.collected.ready()
    }

    /// Whether a unit reads one item.
    pub fn is_item(&self, unit: UnitId) -> bool {
        let place = self.place(unit);
        let pending = place.and_then(|place| self.units.get(place));
        pending.is_some_and(|pending| matches!(pending.unit.ask, Ask::Item(_)))
    }

    /// Takes rows that are here: at most `limit`, none if more answers are needed first.
    pub fn take(&mut self, limit: usize) -> Vec<Row> {
        self.collected.take(limit)
    }

    /// The answer to a unit's request. Answers to units that are unknown are left out.
    ///
    /// # Errors
    /// `service`: no page of a query, or a row that nobody asked for. The read is over then.
    pub fn accept(&mut self, unit: UnitId, answer: Answer) -> Result<()> {
        let Some(place) = self.place(unit) else {
            return Ok(());
        };
        let Some(pending) = self.units.get_mut(place) else {
            return Ok(());
        };
        match answer {
            Answer::Item(body) => {
                let found = pending.entries.first();
                self.collected.add(found.copied(), Row::made(body));
            }
            Answer::Absent => {}
            Answer::Page { body, continuation } => {
                for row in rows(body, 0)? {
                    let entry = match self.order {
                        Order::Any => None,
                        Order::Input => Some(input::find(
                            &self.entries,
                            &pending.entries,
                            &self.paths,
                            row.bytes(),
                        )?),
                    };
                    self.collected.add(entry, row);
                }
                if continuation.is_some() {
                    pending.repairs = 0;
                    pending.unit.go_on(continuation);
                    return Ok(());
                }
            }
        }
        let pending = self.units.remove(place);
        self.collected.settle(&pending.entries);
        Ok(())
    }

    /// Plans a unit's rest anew after its partition split, merged or moved (410 with 1002, 1007 or 1008, spec §4.5).
    /// Units that are done keep their rows. False, and nothing changes, after [`MAX_REPAIRS`] in a row: the 410 is the read's
    /// error then.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn repair(&mut self, unit: UnitId, ranges: &RangeMap) -> Result<bool> {
        let Some(place) = self.place(unit) else {
            return Ok(true);
        };
        let spent = self.units.get(place).map_or(0, |pending| pending.repairs);
        if spent >= MAX_REPAIRS {
            return Ok(false);
        }
        let Pending { unit, entries, .. } = self.units.remove(place);
        let kept = self.units.len();
        match unit.ask {
            // Rows of it were taken over: its children go on where it was, each within its part of the slice.
            Ask::Query {
                ref continuation, ..
            } if continuation.is_some() => self.divide(&unit, &entries, ranges),
            _ => self.plan(&entries, &unit.slice, ranges)?,
        }
        for pending in self.units.iter_mut().skip(kept) {
            pending.repairs = spent.saturating_add(1);
        }
        Ok(true)
    }

    fn place(&self, unit: UnitId) -> Option<usize> {
        self.units
            .iter()
            .position(|pending| pending.unit.id == unit)
    }
}

impl Unit {
    fn go_on(&mut self, from: Option<String>) {
        if let Ask::Query { continuation, .. } = &mut self.ask {
            *continuation = from;
        }
    }
}
