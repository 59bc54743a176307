//! Bulk: many independent item operations, as few requests as possible (spec data-plane §6.3).
//!
//! A pure scheduler. Inputs go in with [`Bulk::push`]; [`Bulk::next`] says what to do: send a batch, read the partition
//! key ranges, or wait; [`Bulk::on_answer`] and [`Bulk::on_ranges`] tell how that ended; [`Bulk::take_outcomes`] gives
//! one outcome for each input, in input order, whatever happens.
//!
//! Inputs are grouped by physical partition. A batch leaves when it has 100 operations or 220 KiB, when its oldest input
//! has waited 100 ms, or when no more input can come. Each partition gets one batch at a time at first, and more as long
//! as it is not throttled. A batch is not atomic: each operation has its own result, and is repeated by itself:
//!
//! | Result | Then |
//! |---|---|
//! | 429 | again as the service asks, and nothing else for that partition before; 9 times, 30 s in all |
//! | 449 | again, soon; 30 s in all |
//! | 410/1002, 1007, 1008 | the ranges are read, and again where the key lives now; 10 times |
//! | 410/1000, 400/1024 | the container is looked up, likewise |
//! | 413 | again in a batch half as large |
//! | 503, another 410, nothing was sent | again after a moment; 3 times |
//! | 408, another 5xx, no answer | likewise if the operation may be repeated, else the outcome is unknown |
//!
//! A sender that repeats batches by itself leaves 429, 449 and 410 to this.
//!
//! Memory: at most 10 000 inputs or 32 MiB (operations and results that wait for a slower input before them), plus the
//! bodies and answers of 32 batches under way, all by default.

mod lane;
mod limiter;
mod model;
mod settle;
mod verdict;
mod window;

use std::rc::Rc;

use super::batch;
use super::clock::Nanos;
use super::error::{Error, ErrorKind, Result};
use super::ranges::RangeMap;
use super::retry::Class;
use crate::wire::batch::{self as body, MAX_BODY_BYTES, MAX_OPERATIONS};
use lane::Lane;
use window::{Item, Window};

pub use model::{Answer, Batch, BatchId, Full, Input, Outcome, Settings, Step};

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;

/// Idle partitions beyond this are forgotten, and start with one batch at a time again.
const MAX_LANES: usize = 1024;

/// One bulk: see the module.
#[derive(Debug)]
pub struct Bulk {
    settings: Settings,
    ranges: Rc<RangeMap>,
    window: Window,
    /// By range.
    lanes: Vec<Lane>,
    /// The lane that is asked first, so that each gets its turn.
    turn: usize,
    flights: Vec<Flight>,
    batches: u64,
    /// Inputs that wait for the ranges to be read.
    unrouted: Vec<u64>,
    refresh: Option<Refresh>,
    refreshing: bool,
    closed: bool,
}

/// A batch under way.
#[derive(Debug)]
struct Flight {
    id: BatchId,
    range: Rc<str>,
    inputs: Vec<u64>,
    sent: Nanos,
}

/// What has to be read, the larger one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Refresh {
    Ranges,
    Container,
}

impl Bulk {
    /// A bulk over these partition key ranges.
    pub fn new(mut settings: Settings, ranges: Rc<RangeMap>) -> Self {
        settings.max_operations = settings.max_operations.clamp(1, MAX_OPERATIONS);
        settings.max_batch_bytes = settings.max_batch_bytes.min(MAX_BODY_BYTES);
        settings.max_batches = settings.max_batches.max(1);
        settings.max_inputs = settings.max_inputs.max(1);
        settings.max_bytes = settings.max_bytes.max(1);
        Self {
            settings,
            ranges,
            window: Window::default(),
            lanes: Vec::new(),
            turn: 0,
            flights: Vec::new(),
            batches: 0,
            unrouted: Vec::new(),
            refresh: None,
            refreshing: false,
            closed: false,
        }
    }

    /// Whether there is room for another input.
    pub fn has_room(&self) -> bool {
        self.window.len() < self.settings.max_inputs
            && self.window.bytes() < self.settings.max_bytes
    }

    /// Takes an input; its number, from 0 on. What cannot be sent gets its outcome at once.
    ///
    /// # Errors
    /// There is no room for it now.
    pub fn push(&mut self, input: Input, now: Nanos) -> std::result::Result<u64, Full> {
        if !self.has_room() {
            return Err(Full(Box::new(input)));
        }
        let rendered = if self.closed {
            Err(Error::invalid("the bulk is closed: begin another one"))
        } else {
            render(&input, !self.settings.content_response)
        };
        let class = batch::class_of_operation(&input.operation);
        let (operation, refused) = match rendered {
            Ok(operation) => (operation, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let item = Item::new(operation, input.point, class, now);
        let index = self.window.push(item);
        match refused {
            None => self.route(index),
            Some(error) => self.window.settle(index, Err(error)),
        }
        Ok(index)
    }

    /// No more inputs will come: what waits for others waits no longer.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// What to do next.
    pub fn next(&mut self, now: Nanos) -> Step {
        if self.window.is_settled() {
            return if self.closed { Step::Done } else { Step::Wait };
        }
        if !self.refreshing
            && let Some(refresh) = self.refresh.take()
        {
            self.refreshing = true;
            let container = refresh == Refresh::Container;
            return Step::Refresh { container };
        }
        if self.flights.len() >= self.settings.max_batches {
            return Step::Wait;
        }
        match self.first_due(now) {
            Some((place, due)) if due <= now => self.send(place, now),
            Some((_, due)) => Step::WaitUntil(due),
            None => Step::Wait,
        }
    }

    /// The outcomes that are next in input order.
    pub fn take_outcomes(&mut self) -> Vec<Outcome> {
        self.window.take()
    }

    /// The lane that may send first, and when; of those that may now, the one whose turn it is.
    fn first_due(&self, now: Nanos) -> Option<(usize, Nanos)> {
        let hurry = self.closed || !self.has_room();
        let mut first: Option<(usize, Nanos)> = None;
        let turns = (self.turn..self.lanes.len()).chain(0..self.turn);
        for place in turns {
            let Some(lane) = self.lanes.get(place) else {
                continue;
            };
            let Some(due) = lane.due(&self.window, &self.settings, hurry, now) else {
                continue;
            };
            if first.is_none_or(|(_, earliest)| due < earliest) {
                first = Some((place, due));
            }
            if due <= now {
                break;
            }
        }
        first
    }

    fn send(&mut self, place: usize, now: Nanos) -> Step {
        let Some(lane) = self.lanes.get_mut(place) else {
            return Step::Wait;
        };
        let (range, inputs) = (
            Rc::clone(&lane.range),
            lane.take(&self.window, &self.settings, now),
        );
        self.turn = place.saturating_add(1);
        let id = BatchId(self.batches);
        self.batches = self.batches.saturating_add(1);
        let (body, class) = self.body(&inputs);
        let operations = inputs.len();
        self.flights.push(Flight {
            id,
            range: Rc::clone(&range),
            inputs,
            sent: now,
        });
        Step::Send(Batch {
            id,
            range,
            class,
            operations,
            body,
        })
    }

    fn body(&self, inputs: &[u64]) -> (Vec<u8>, Class) {
        let mut body = vec![b'['];
        let mut class = Class::Read;
        for item in inputs.iter().filter_map(|index| self.window.get(*index)) {
            if body.len() > 1 {
                body.push(b',');
            }
            body.extend_from_slice(&item.operation);
            class = batch::stricter(class, item.class);
        }
        body.push(b']');
        (body, class)
    }

    /// Lets an input wait for the partition that has its key.
    fn route(&mut self, index: u64) {
        let Some(item) = self.window.get(index) else {
            return;
        };
        let Some(range) = self.ranges.lookup(&item.point) else {
            let error = Error::invalid(
                "the point is not in the container's hash space: give the one of the item's partition key",
            );
            self.window.settle(index, Err(error));
            return;
        };
        let range = Rc::clone(&range.id);
        if let Some(lane) = self.lane(range) {
            lane.add(index);
        }
    }

    fn lane(&mut self, range: Rc<str>) -> Option<&mut Lane> {
        let found = self.lanes.binary_search_by(|lane| lane.range.cmp(&range));
        let place = match found {
            Ok(place) => place,
            Err(_) => {
                if self.lanes.len() >= MAX_LANES {
                    self.lanes.retain(|lane| !lane.is_idle());
                }
                let place = self.lanes.partition_point(|lane| lane.range < range);
                let lane = Lane::new(range, self.settings.max_batches_per_range);
                self.lanes.insert(place, lane);
                place
            }
        };
        self.lanes.get_mut(place)
    }
}

/// An input as it goes into bodies.
fn render(input: &Input, minimal: bool) -> Result<Vec<u8>> {
    let mut operation = Vec::new();
    body::operation(&mut operation, &input.operation, Some(&input.key), minimal)?;
    // With its brackets.
    if operation.len().saturating_add(2) > MAX_BODY_BYTES {
        return Err(Error::new(
            ErrorKind::PayloadTooLarge,
            format!(
                "the operation has {} bytes, the service takes at most {MAX_BODY_BYTES} in one request: make the item smaller",
                operation.len()
            ),
        ));
    }
    Ok(operation)
}
