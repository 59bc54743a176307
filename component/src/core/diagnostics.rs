//! What happened on the wire during one operation (spec driver-core §9): exact totals, bounded details.
//!
//! Never holds keys, tokens, bodies or partition key values.

use std::cell::RefCell;
use std::rc::Rc;

/// How many attempts a record keeps: the first half and the last half.
pub const MAX_ATTEMPTS: usize = 64;

/// Whether the service can have seen a request (spec driver-core §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestSent {
    /// It answered, at least with a byte.
    Sent,
    /// It cannot have.
    NotSent,
    /// Nobody can tell.
    Unknown,
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// What it was for.
    pub operation_name: &'static str,
    /// Canonical region name, if known.
    pub region: Option<String>,
    /// Where it went.
    pub endpoint: String,
    /// HTTP status, if a response arrived.
    pub status: Option<u16>,
    /// The service's sub-status.
    pub sub_status: Option<u32>,
    /// In RU.
    pub request_charge: f64,
    /// As the service reported it.
    pub activity_id: Option<String>,
    /// Whether it was sent.
    pub request_sent: RequestSent,
    /// Until the last byte of the response, in milliseconds.
    pub duration_ms: f64,
    /// What the service says that it spent, in milliseconds.
    pub server_duration_ms: Option<f64>,
    /// Why no complete response arrived.
    pub error: Option<String>,
}

/// The finished record of an operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnostics {
    /// Sent with every attempt.
    pub activity_id: String,
    /// The operation's name.
    pub operation_name: &'static str,
    /// From the call to its answer, in milliseconds.
    pub duration_ms: f64,
    /// Exact sum over all attempts, in RU.
    pub request_charge: f64,
    /// Exact number of attempts.
    pub request_count: u32,
    /// The first and the last attempts.
    pub attempts: Vec<Attempt>,
    /// Attempts left out in between.
    pub omitted_attempts: u32,
}

/// Collects attempts while an operation runs. Clones write to the same record, so that a metadata request which an
/// operation began records itself there, whoever drives it to its end. Times are monotonic nanoseconds.
#[derive(Debug, Clone)]
pub struct Recorder(Rc<RefCell<Record>>);

#[derive(Debug)]
struct Record {
    diagnostics: Diagnostics,
    started: u64,
    last: u64,
}

impl Recorder {
    /// Begins the record of an operation.
    pub fn new(operation_name: &'static str, activity_id: String, now: u64) -> Self {
        let diagnostics = Diagnostics {
            activity_id,
            operation_name,
            ..Diagnostics::default()
        };
        Self(Rc::new(RefCell::new(Record {
            diagnostics,
            started: now,
            last: now,
        })))
    }

    /// The operation's activity id.
    pub fn activity_id(&self) -> String {
        self.0.borrow().diagnostics.activity_id.clone()
    }

    /// When the last attempt ended, or the operation began: the start of the next attempt. Saves a clock reading.
    pub fn last(&self) -> u64 {
        self.0.borrow().last
    }

    /// The operation goes on at `now`, after waiting for somebody else's request.
    pub fn resume(&self, now: u64) {
        self.0.borrow_mut().last = now;
    }

    /// Adds an attempt that ended at `now`. Beyond the bound the oldest of the later half goes.
    pub fn push(&self, attempt: Attempt, now: u64) {
        let mut record = self.0.borrow_mut();
        record.last = now;
        let diagnostics = &mut record.diagnostics;
        diagnostics.request_charge += attempt.request_charge;
        diagnostics.request_count = diagnostics.request_count.saturating_add(1);
        if diagnostics.attempts.len() >= MAX_ATTEMPTS {
            diagnostics.attempts.remove(MAX_ATTEMPTS / 2);
            diagnostics.omitted_attempts = diagnostics.omitted_attempts.saturating_add(1);
        }
        if diagnostics.attempts.is_empty() {
            // Mostly it stays the only one.
            diagnostics.attempts.reserve_exact(1);
        }
        diagnostics.attempts.push(attempt);
    }

    /// Ends the record; the operation ended with its last attempt.
    pub fn finish(self) -> Diagnostics {
        let mut record = self.0.borrow_mut();
        record.diagnostics.duration_ms = elapsed_ms(record.started, record.last);
        std::mem::take(&mut record.diagnostics)
    }
}

/// The milliseconds between two monotonic readings; 0 if the clock went backwards.
pub fn elapsed_ms(start: u64, end: u64) -> f64 {
    let micros = end.saturating_sub(start) / 1_000;
    micros as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(charge: f64) -> Attempt {
        Attempt {
            operation_name: "read_item",
            region: None,
            endpoint: "https://a/".to_owned(),
            status: Some(200),
            sub_status: None,
            request_charge: charge,
            activity_id: None,
            request_sent: RequestSent::Sent,
            duration_ms: 1.0,
            server_duration_ms: None,
            error: None,
        }
    }

    #[test]
    fn a_storm_keeps_the_first_and_the_last_and_counts_exactly() {
        let recorder = Recorder::new("read_item", "id".to_owned(), 0);
        for n in 0..5_000_u32 {
            recorder.push(attempt(f64::from(n)), u64::from(n));
        }
        let record = recorder.finish();
        assert_eq!(record.attempts.len(), MAX_ATTEMPTS);
        assert_eq!(record.request_count, 5_000);
        assert_eq!(record.omitted_attempts, 5_000 - MAX_ATTEMPTS as u32);
        assert_eq!(
            record.request_charge,
            (0..5_000).map(f64::from).sum::<f64>()
        );
        let charges: Vec<_> = record.attempts.iter().map(|a| a.request_charge).collect();
        assert_eq!(charges[..32], (0..32).map(f64::from).collect::<Vec<_>>());
        assert_eq!(
            charges[32..],
            (4_968..5_000).map(f64::from).collect::<Vec<_>>()
        );
    }

    #[test]
    fn time_is_in_milliseconds_and_never_negative() {
        assert_eq!(elapsed_ms(1_000_000, 2_500_000), 1.5);
        assert_eq!(elapsed_ms(5, 4), 0.0);
        let recorder = Recorder::new("read_item", "id".to_owned(), 1_000_000);
        assert_eq!(recorder.last(), 1_000_000);
        recorder.push(attempt(1.0), 4_000_000);
        assert_eq!(recorder.finish().duration_ms, 3.0);
    }
}
