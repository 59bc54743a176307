//! Bulk: many independent item operations, as few requests as possible (spec data-plane §6.3).
//!
//! A pure scheduler. Inputs go in with [`Bulk::push`]; [`Bulk::next`] says what to do: send a batch, read the partition
//! key ranges, or wait; [`Bulk::on_answer`] and [`Bulk::on_ranges`] tell how that ended; [`Bulk::into_outcomes`] gives
//! one outcome for each input, in input order, whatever happens.
//!
//! Inputs are grouped by physical partition, up to 100 operations or 220 KiB in a batch. Each partition gets one batch at a
//! time at first, and more as long as it is not throttled. A batch is not atomic: each operation has its own result, and is
//! repeated by itself:
//!
//! | Result | Then |
//! |---|---|
//! | 429 | again as the service asks, and nothing else for that partition before; 9 times, 30 s in all |
//! | 449 | again, soon; 30 s in all |
//! | 410/1002, 1007, 1008 | the ranges are read, and again where the key lives now; 10 times |
//! | 410/1000, 400/1024 | the container is looked up, likewise |
//! | 413 | again in a batch half as large |
//! | 503, another 410 | again after a moment; 3 times |
//! | 408, another 5xx | likewise if the operation may be repeated, else the outcome is unknown |
//!
//! Whoever sends a batch repeats it as a whole after other failures than the first five, as its class allows. When that
//! ends in an error, so do its operations, but those that were not repeated only for the sake of others in the batch.
//!
//! Memory: all inputs until they have their outcomes, then those; the bodies and answers of 32 batches under way, by
//! default; a queue for each partition key range that inputs go to.

mod lane;
mod limiter;
mod model;
mod settle;
mod verdict;

use std::rc::Rc;

use super::batch;
use super::clock::Nanos;
use super::error::{Error, ErrorKind, Result};
use super::ranges::RangeMap;
use super::retry::Class;
use crate::wire::batch::OperationResult;
use crate::wire::batch::{self as body, MAX_BODY_BYTES, MAX_OPERATIONS};
use crate::wire::epk::Epk;
use lane::Lane;
use model::Item;

pub use model::{Answer, Batch, BatchId, Input, Settings, Step};

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;

/// One bulk: see the module.
pub struct Bulk {
    settings: Settings,
    ranges: Rc<RangeMap>,
    /// All inputs, in their order.
    items: Vec<Item>,
    /// How many of them have no outcome.
    open: usize,
    /// By range.
    lanes: Vec<Lane>,
    /// The lane that is asked first, so that each gets its turn.
    turn: usize,
    flights: Vec<Flight>,
    batches: u32,
    /// Inputs that wait for the ranges to be read.
    unrouted: Vec<usize>,
    refresh: Option<Refresh>,
    refreshing: bool,
}

/// A batch under way.
struct Flight {
    id: BatchId,
    range: Rc<str>,
    inputs: Vec<usize>,
    class: Class,
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
        Self {
            settings,
            ranges,
            items: Vec::new(),
            open: 0,
            lanes: Vec::new(),
            turn: 0,
            flights: Vec::new(),
            batches: 0,
            unrouted: Vec::new(),
            refresh: None,
            refreshing: false,
        }
    }

    /// Takes the next input. What cannot be sent has its outcome at once, as has an input that is an error already.
    pub fn push(&mut self, input: Result<Input>) {
        let rendered = input.and_then(|input| {
            let operation = render(&input, !self.settings.content_response)?;
            Ok((operation, input))
        });
        let index = self.items.len();
        self.open = self.open.saturating_add(1);
        match rendered {
            Ok((operation, input)) => {
                let class = batch::class_of_operation(&input.operation);
                self.items.push(Item::new(operation, input.point, class));
                self.route(index);
            }
            Err(error) => {
                self.items
                    .push(Item::new(Vec::new(), Epk::MIN, Class::Read));
                self.settle(index, Err(error));
            }
        }
    }

    /// What to do next.
    pub fn next(&mut self, now: Nanos) -> Step {
        if self.open == 0 {
            return Step::Done;
        }
        if !self.refreshing
            && let Some(refresh) = self.refresh.take()
        {
            self.refreshing = true;
            let container = refresh == Refresh::Container;
            return Step::Refresh { container };
        }
        if self.flights.len() >= self.settings.max_batches as usize {
            return Step::Wait;
        }
        match self.first_due(now) {
            Some((place, due)) if due <= now => self.send(place, now),
            Some((_, due)) => Step::WaitUntil(due),
            None => Step::Wait,
        }
    }

    /// The outcomes in input order, of a bulk that is done.
    pub fn into_outcomes(self) -> Vec<Result<OperationResult>> {
        let outcomes = self.items.into_iter().filter_map(|item| item.outcome);
        outcomes.collect()
    }

    /// The lane that may send first, and when; of those that may now, the one whose turn it is.
    fn first_due(&self, now: Nanos) -> Option<(usize, Nanos)> {
        let mut first: Option<(usize, Nanos)> = None;
        let turns = (self.turn..self.lanes.len()).chain(0..self.turn);
        for place in turns {
            let Some(lane) = self.lanes.get(place) else {
                continue;
            };
            let Some(due) = lane.due(&self.items, now) else {
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
            lane.take(&self.items, &self.settings, now),
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
            class,
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

    fn body(&self, inputs: &[usize]) -> (Vec<u8>, Class) {
        let mut body = vec![b'['];
        let mut class = Class::Read;
        for item in inputs.iter().filter_map(|index| self.items.get(*index)) {
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
    fn route(&mut self, index: usize) {
        let Some(item) = self.items.get(index) else {
            return;
        };
        let Some(range) = self.ranges.lookup(&item.point) else {
            let error = Error::invalid(
                "the point is not in the container's hash space: give the one of the item's partition key",
            );
            self.settle(index, Err(error));
            return;
        };
        let range = Rc::clone(&range.id);
        if let Some(lane) = self.lane(range) {
            lane.add(index);
        }
    }

    /// Gives an input its outcome. The first one stays.
    fn settle(&mut self, index: usize, outcome: Result<OperationResult>) {
        if let Some(item) = self.items.get_mut(index)
            && item.outcome.is_none()
        {
            item.operation = Vec::new();
            item.outcome = Some(outcome);
            self.open = self.open.saturating_sub(1);
        }
    }

    fn lane(&mut self, range: Rc<str>) -> Option<&mut Lane> {
        let found = self.lanes.binary_search_by(|lane| lane.range.cmp(&range));
        let place = match found {
            Ok(place) => place,
            Err(place) => {
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
