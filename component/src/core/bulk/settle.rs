//! What answers do to a bulk.

use std::rc::Rc;

use super::model::{Answer, BatchId, Item};
use super::verdict::{Ending, Verdict, judge};
use super::{Bulk, Flight, Refresh};
use crate::core::batch::{self, BULK_NAME};
use crate::core::clock::Nanos;
use crate::core::error::{Error, Outcome, Result};
use crate::core::explain;
use crate::core::ranges::RangeMap;
use crate::core::retry::Class;
use crate::wire::batch::{OperationResult, name_of};
use crate::wire::headers::ResponseHeaders;

/// What an answer says of one operation.
enum Said<'a> {
    Result(
        OperationResult,
        &'a ResponseHeaders,
        &'a dyn Fn(&mut String),
    ),
    /// The batch failed as a whole.
    Error(&'a Error),
}

impl Bulk {
    /// A batch has ended. One that is not under way is ignored. `random` is for jitter.
    pub fn on_answer(&mut self, id: BatchId, answer: Answer<'_>, now: Nanos, random: u64) {
        let Some(place) = self.flights.iter().position(|flight| flight.id == id) else {
            return;
        };
        let flight = self.flights.remove(place);
        let pause = match answer {
            Answer::Failed(error) => self.failed(&flight, error, now, random),
            Answer::Results {
                results: Some(results),
                headers,
                hide,
                repeated,
            } if results.len() == flight.inputs.len() => {
                let mut pause = None;
                for (index, result) in flight.inputs.iter().zip(results) {
                    self.taint(*index, repeated);
                    let said = Said::Result(result, headers, hide);
                    pause = pause.max(self.follow(*index, said, &flight, now, random));
                }
                pause
            }
            Answer::Results { .. } => {
                let error = batch::nonsense(BULK_NAME, flight.inputs.len(), false);
                self.failed(&flight, &error, now, random)
            }
        };
        let took = now.saturating_sub(flight.sent);
        if let Some(lane) = self.lane(flight.range) {
            lane.answered(took, pause.is_some());
            lane.pause(pause.unwrap_or(0));
        }
    }

    /// The partition key ranges as they are now, after [`Step::Refresh`](super::Step::Refresh); or why they could not be
    /// read, which is the outcome of the inputs that wait for them.
    pub fn on_ranges(&mut self, ranges: Result<Rc<RangeMap>>) {
        self.refreshing = false;
        if ranges.is_err() {
            self.refresh = None;
        }
        for lane in &mut self.lanes {
            lane.held &= self.refresh.is_some();
        }
        match ranges {
            Ok(ranges) => {
                self.ranges = ranges;
                self.reroute_all();
            }
            Err(error) => {
                for index in std::mem::take(&mut self.unrouted) {
                    self.finish(index, Said::Error(&error));
                }
            }
        }
    }

    /// Ends the bulk: every input without an outcome fails with this error. Its outcome is unknown if it is under way or
    /// may have been carried out before.
    pub fn abort(&mut self, cause: &Error) {
        for flight in std::mem::take(&mut self.flights) {
            for index in flight.inputs {
                self.taint(index, true);
            }
        }
        for index in 0..self.items.len() {
            self.finish(index, Said::Error(cause));
        }
    }

    /// A write that may have been carried out, or has been under way so far.
    fn taint(&mut self, index: usize, ambiguous: bool) {
        if let Some(item) = self.items.get_mut(index) {
            item.tainted |= ambiguous && item.class != Class::Read;
        }
    }

    fn failed(&mut self, flight: &Flight, error: &Error, now: Nanos, random: u64) -> Option<Nanos> {
        let mut pause = None;
        for index in &flight.inputs {
            pause = pause.max(self.follow(*index, Said::Error(error), flight, now, random));
        }
        pause
    }

    /// Carries out the verdict on one operation. Until when its partition rests, if it is throttled.
    fn follow(
        &mut self,
        index: usize,
        said: Said<'_>,
        flight: &Flight,
        now: Nanos,
        random: u64,
    ) -> Option<Nanos> {
        let ending = match &said {
            Said::Result(result, ..) => Ending::of_result(result),
            Said::Error(error) => Ending::of_error(error, flight.class, &self.settings),
        };
        let operations = flight.inputs.len();
        self.taint(index, ending.ambiguous);
        let item = self.items.get_mut(index)?;
        let (class, spent) = (item.class, &mut item.spent);
        let verdict = judge(&ending, class, spent, operations, &self.settings, random);
        let wait = |item: &mut Item, pause: Nanos| item.not_before = now.saturating_add(pause);
        match verdict {
            Verdict::Final => {
                self.finish(index, said);
                // It counts as throttled, though nobody waits for this one.
                return (ending.status == Some(429)).then_some(now);
            }
            Verdict::Smaller => {
                item.share = operations / 2;
                self.route(index);
            }
            Verdict::Again(pause) => {
                wait(item, pause);
                self.route(index);
            }
            Verdict::Throttled(pause) => {
                wait(item, pause);
                self.route(index);
                return Some(now.saturating_add(pause));
            }
            Verdict::Reroute(pause) => {
                wait(item, pause);
                self.find_range(index, flight);
            }
            Verdict::Recover(pause) => {
                wait(item, pause);
                self.await_refresh(index, Refresh::Container, &flight.range);
            }
        }
        None
    }

    /// The range is gone. It may have been read before this answer came.
    fn find_range(&mut self, index: usize, flight: &Flight) {
        if self.ranges.by_id(&flight.range).is_none() {
            self.route(index);
        } else {
            self.await_refresh(index, Refresh::Ranges, &flight.range);
        }
    }

    /// Whoever waits for the same range waits with this input; for another container everybody does.
    fn await_refresh(&mut self, index: usize, refresh: Refresh, range: &str) {
        let all = refresh == Refresh::Container;
        self.unrouted.push(index);
        if !self.refreshing || all {
            self.refresh = self.refresh.max(Some(refresh));
        }
        for lane in &mut self.lanes {
            lane.held |= all || *lane.range == *range;
        }
    }

    /// Every input that waits goes where its key lives now; those that wait for the container go on waiting.
    fn reroute_all(&mut self) {
        let mut waiting = Vec::new();
        if self.refresh.is_none() {
            waiting.append(&mut self.unrouted);
        }
        for lane in &mut self.lanes {
            waiting.append(&mut lane.clear());
        }
        self.lanes
            .retain(|lane| !lane.is_idle() || self.ranges.by_id(&lane.range).is_some());
        for index in waiting {
            self.route(index);
        }
    }

    /// Gives an input its outcome.
    fn finish(&mut self, index: usize, said: Said<'_>) {
        let open = self.items.get(index).filter(|item| item.outcome.is_none());
        let Some(item) = open else {
            return;
        };
        let read = item.class == Class::Read;
        let outcome = match said {
            Said::Result(result, ..) if explain::is_success(read, result.status) => Ok(result),
            said => Err(error(index, item, said)),
        };
        self.settle(index, outcome);
    }
}

/// The error of one input.
fn error(index: usize, item: &Item, said: Said<'_>) -> Box<Error> {
    let label = batch::label(&name_of(&item.operation));
    let mut error = match said {
        Said::Result(result, headers, hide) => {
            let name = format!("{BULK_NAME}: input {index} ({label})");
            let headers = ResponseHeaders {
                activity_id: headers.activity_id.clone(),
                request_charge: result.request_charge,
                etag: result.etag.clone(),
                ..ResponseHeaders::default()
            };
            let read = item.class == Class::Read;
            let error = batch::refusal(&name, read, &result, headers, hide);
            explain::terminal(error, item.tainted)
        }
        Said::Error(error) => {
            Box::new(Error {
                message: format!("input {index} ({label}): {}", error.message),
                cause: error.cause.clone(),
                // The rest belongs to the batch, which many inputs share.
                headers: error.headers.as_ref().map(|headers| ResponseHeaders {
                    activity_id: headers.activity_id.clone(),
                    sub_status: headers.sub_status,
                    ..ResponseHeaders::default()
                }),
                diagnostics: None,
                ..*error
            })
        }
    };
    error.outcome = if item.tainted {
        Outcome::Unknown
    } else {
        Outcome::NotApplied
    };
    error
}
