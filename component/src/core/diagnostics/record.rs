//! The record while the operation runs.

use std::cell::RefCell;
use std::rc::Rc;

use super::{
    Attempt, Diagnostics, ExecutionContext, Extras, FaultEvaluation, Hedge, Pipeline, RequestSent,
    Settings, elapsed_ms,
};
use crate::core::clock::Nanos;

/// What an attempt keeps of texts that come from outside, in bytes.
const MAX_ACTIVITY_ID: usize = 64;
const MAX_ERROR: usize = 512;
const MAX_SESSION_TOKEN: usize = 256;

/// Attempts kept whatever the settings say.
const MIN_ATTEMPTS: usize = 16;

/// Names an attempt of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptId(u32);

/// What is known of an attempt when it begins.
#[derive(Debug)]
pub struct Departure<'a> {
    /// What it is for.
    pub operation_name: &'static str,
    /// Whether it changes nothing.
    pub read: bool,
    /// Why it is made.
    pub context: ExecutionContext,
    /// What kind of resource it is about.
    pub pipeline: Pipeline,
    /// Canonical region name, if known.
    pub region: Option<&'a str>,
    /// Where it goes.
    pub endpoint: &'a str,
    /// Why it does not go where it would go by preference.
    pub fallback: Option<&'static str>,
    /// Size of the session token sent.
    pub session_token_bytes: u32,
    /// When it begins. None counts from the end of the attempt before, or from the operation's beginning, which saves a
    /// reading of the clock.
    pub at: Option<Nanos>,
}

/// Collects attempts while an operation runs; several may be under way at once. Clones write to the same record, so
/// that a metadata request which an operation began records itself there, whoever drives it to its end.
#[derive(Debug, Clone)]
pub struct Recorder(Rc<RefCell<Record>>);

#[derive(Debug)]
struct Record {
    diagnostics: Box<Diagnostics>,
    max_attempts: usize,
    /// Attempts under way.
    in_flight: u32,
    started: Nanos,
    /// When something ended last.
    last: Nanos,
    /// The run of the attempt that ended last.
    run: u32,
    /// Whether a write may have been carried out without saying so.
    unsure: bool,
}

impl Recorder {
    /// Begins the record of an operation.
    pub fn new(
        operation_name: &'static str,
        activity_id: String,
        now: Nanos,
        settings: &Settings,
    ) -> Self {
        let diagnostics = Diagnostics {
            activity_id,
            operation_name,
            ..Diagnostics::default()
        };
        Self(Rc::new(RefCell::new(Record {
            diagnostics: Box::new(diagnostics),
            in_flight: 0,
            max_attempts: settings.max_request_diagnostics.max(MIN_ATTEMPTS),
            started: now,
            last: now,
            run: 0,
            unsure: false,
        })))
    }

    /// The operation's activity id.
    pub fn activity_id(&self) -> String {
        self.0.borrow().diagnostics.activity_id.clone()
    }

    /// The operation, prepared before, begins only at `now`.
    pub fn restart(&self, now: Nanos) {
        let mut record = self.0.borrow_mut();
        (record.started, record.last) = (now, now);
    }

    /// The operation goes on at `now`, after waiting: for somebody else's request, or before a retry.
    pub fn resume(&self, now: Nanos) {
        self.0.borrow_mut().last = now;
    }

    /// When something ended last, which is now as far as the operation is concerned.
    pub fn now(&self) -> Nanos {
        self.0.borrow().last
    }

    /// The sum over all attempts so far, in RU.
    pub fn request_charge(&self) -> f64 {
        self.0.borrow().diagnostics.request_charge
    }

    /// How many requests began.
    pub fn request_count(&self) -> u32 {
        self.0.borrow().diagnostics.request_count
    }

    /// Whether a write was sent again after an attempt that the service may have carried out.
    pub fn attempted_more_than_once(&self) -> bool {
        self.0.borrow().diagnostics.attempted_more_than_once
    }

    /// Whether an attempt of a write ended so that the service may have carried it out.
    pub fn may_have_applied(&self) -> bool {
        self.0.borrow().unsure
    }

    /// The operation's time is up at `now`: what is under way is cut off. Tells whether a write may have been carried out.
    pub fn time_out(&self, now: Nanos) -> bool {
        let mut record = self.0.borrow_mut();
        record.last = now;
        for place in 0..record.diagnostics.attempts.len() {
            let Some(attempt) = record.diagnostics.attempts.get_mut(place) else {
                continue;
            };
            if attempt.is_flying() {
                attempt.timed_out = true;
                record.end(place, "cut off at the deadline");
            }
        }
        record.unsure
    }

    /// What the rules of fault injection had to say about an attempt.
    pub fn note_faults(&self, id: AttemptId, evaluations: Vec<FaultEvaluation>) {
        let mut record = self.0.borrow_mut();
        record.diagnostics.fault_injection_enabled = true;
        let mut attempts = record.diagnostics.attempts.iter_mut();
        if let Some(attempt) = attempts.rfind(|attempt| attempt.number == id.0) {
            attempt.extras().fault_evaluations.extend(evaluations);
        }
    }

    /// A report is wanted.
    pub fn report(&self, settings: Settings) {
        self.0.borrow_mut().diagnostics.report = Some(settings);
    }

    /// Hedging was tried and went like this.
    pub fn hedged(&self, hedge: Hedge) {
        self.0.borrow_mut().diagnostics.hedge = Some(Box::new(hedge));
    }

    /// An attempt begins.
    pub fn depart(&self, departure: &Departure<'_>) -> AttemptId {
        self.0.borrow_mut().depart(departure)
    }

    /// An attempt ends at `now`; `complete` fills in how. What ended before stays as it is.
    ///
    /// Where `complete` leaves `request_sent` unknown, a status says that it was sent; where it sets `timed_out`
    /// without a status, that becomes 408/20008.
    pub fn land(&self, id: AttemptId, now: Nanos, complete: impl FnOnce(&mut Attempt)) {
        let mut record = self.0.borrow_mut();
        record.last = now;
        let Some(place) = record.place_of(id) else {
            return;
        };
        if let Some(attempt) = record.diagnostics.attempts.get_mut(place) {
            complete(attempt);
        }
        record.close(place, now);
    }

    /// The loser of a hedge is dropped at `now`.
    pub fn cancel(&self, id: AttemptId, now: Nanos) {
        let mut record = self.0.borrow_mut();
        record.last = now;
        if let Some(place) = record.place_of(id) {
            record.end(place, "cancelled");
        }
    }

    /// Ends the record with the attempt that ended last. What is still under way is cancelled. A request that goes on
    /// without it, because others wait for it, keeps the activity id.
    pub fn finish(self, status: Option<(u16, Option<u32>)>) -> Box<Diagnostics> {
        let shared = Rc::strong_count(&self.0) > 1;
        let mut record = self.0.borrow_mut();
        let diagnostics = record.finish(status, "cancelled");
        if shared {
            let id = &mut record.diagnostics.activity_id;
            id.clone_from(&diagnostics.activity_id);
        }
        diagnostics
    }

    /// Ends the record of an operation that was cancelled at `now`, maybe in the middle of attempts, and tells whether a
    /// write may have been carried out. A request that goes on without it keeps the activity id.
    pub fn abandon(self, now: Nanos) -> (Box<Diagnostics>, bool) {
        let mut record = self.0.borrow_mut();
        record.last = now;
        let diagnostics = record.finish(None, "abandoned");
        record
            .diagnostics
            .activity_id
            .clone_from(&diagnostics.activity_id);
        (diagnostics, record.unsure)
    }

    /// How many attempts it holds now.
    #[cfg(test)]
    pub(super) fn retained(&self) -> usize {
        self.0.borrow().diagnostics.attempts.len()
    }
}

impl Record {
    fn depart(&mut self, departure: &Departure<'_>) -> AttemptId {
        let diagnostics = &mut self.diagnostics;
        if diagnostics.attempts.len() >= self.max_attempts {
            diagnostics.compact(self.max_attempts.saturating_sub(1), self.run);
        }
        if diagnostics.attempts.is_empty() {
            // Mostly it stays the only one.
            diagnostics.attempts.reserve_exact(1);
        }
        let number = diagnostics.request_count;
        diagnostics.request_count = number.saturating_add(1);
        diagnostics.attempted_more_than_once |= self.unsure && !departure.read;
        let started = departure.at.unwrap_or(self.last);
        let attempt = attempt(departure, number, started);
        diagnostics.attempts.push(attempt);
        self.in_flight = self.in_flight.saturating_add(1);
        AttemptId(number)
    }

    /// The place of an attempt, if it is under way.
    fn place_of(&self, id: AttemptId) -> Option<usize> {
        let mut attempts = self.diagnostics.attempts.iter();
        attempts.rposition(|attempt| attempt.number == id.0 && attempt.is_flying())
    }

    /// Ends an attempt, if it is under way, without an answer.
    fn end(&mut self, place: usize, why: &str) {
        let attempt = self.diagnostics.attempts.get_mut(place);
        if let Some(attempt) = attempt.filter(|attempt| attempt.is_flying()) {
            attempt.request_sent = RequestSent::Unknown;
            attempt.error = Some(why.to_owned());
            self.close(place, self.last);
        }
    }

    /// Puts an attempt that has just ended into the totals and into its run.
    fn close(&mut self, place: usize, now: Nanos) {
        let run = self.next_run(place);
        self.run = run;
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(attempt) = self.diagnostics.attempts.get_mut(place) {
            settle(attempt);
            attempt.duration_ms = elapsed_ms(attempt.started, now);
            attempt.run = run;
            self.diagnostics.request_charge += attempt.request_charge;
            self.unsure |= !attempt.read && attempt.may_have_applied();
        }
    }

    /// The run of an attempt that has just ended: that of the one which ended before, if they are alike.
    fn next_run(&self, place: usize) -> u32 {
        let attempts = &self.diagnostics.attempts;
        let alike = self.run != 0
            && attempts
                .iter()
                .rfind(|attempt| attempt.run == self.run)
                .zip(attempts.get(place))
                .is_some_and(|(before, ended)| before.key() == ended.key());
        self.run.saturating_add(u32::from(!alike))
    }

    fn finish(&mut self, status: Option<(u16, Option<u32>)>, why: &str) -> Box<Diagnostics> {
        for place in 0..self.diagnostics.attempts.len() {
            if self.in_flight == 0 {
                break;
            }
            self.end(place, why);
        }
        let diagnostics = &mut self.diagnostics;
        diagnostics.status = status;
        diagnostics.duration_ms = elapsed_ms(self.started, self.last);
        if diagnostics.compaction.is_some() || diagnostics.attempts.len() > self.max_attempts {
            diagnostics.compact(self.max_attempts, self.run);
        }
        std::mem::take(diagnostics)
    }
}

fn attempt(departure: &Departure<'_>, number: u32, started: Nanos) -> Attempt {
    Attempt {
        number,
        operation_name: departure.operation_name,
        context: departure.context,
        pipeline: departure.pipeline,
        region: departure.region.map(str::to_owned),
        endpoint: departure.endpoint.to_owned(),
        status: None,
        sub_status: None,
        request_charge: 0.0,
        activity_id: None,
        session_token_bytes_sent: departure.session_token_bytes,
        request_sent: RequestSent::Unknown,
        duration_ms: 0.0,
        server_duration_ms: None,
        timed_out: false,
        error: None,
        extras: departure.fallback.map(fallen_back),
        read: departure.read,
        started,
        run: 0,
        thinned: false,
    }
}

fn fallen_back(reason: &'static str) -> Box<Extras> {
    Box::new(Extras {
        fallback: Some(reason),
        ..Extras::default()
    })
}

/// Fills in what follows from the rest, and bounds what came from outside.
fn settle(attempt: &mut Attempt) {
    if attempt.timed_out && attempt.status.is_none() {
        (attempt.status, attempt.sub_status) = (Some(408), Some(20008));
    } else if attempt.status.is_some() && attempt.request_sent == RequestSent::Unknown {
        attempt.request_sent = RequestSent::Sent;
    }
    cut(&mut attempt.activity_id, MAX_ACTIVITY_ID);
    cut(&mut attempt.error, MAX_ERROR);
    if let Some(extras) = &mut attempt.extras {
        cut(&mut extras.session_token, MAX_SESSION_TOKEN);
    }
}

fn cut(text: &mut Option<String>, max: usize) {
    if let Some(text) = text
        && text.len() > max
    {
        shorten(text, max);
    }
}

#[cold]
fn shorten(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
    text.shrink_to_fit();
}
