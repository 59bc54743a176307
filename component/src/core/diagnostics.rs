//! What happened on the wire during one operation (spec driver-core §9): exact totals, bounded details.
//!
//! Never holds keys, tokens, bodies or partition key values.

use std::cell::RefCell;
use std::rc::Rc;

/// How many attempts a record keeps: the first half and the last half.
pub const MAX_ATTEMPTS: usize = 64;

/// How much the text form of diagnostics holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Attempts grouped by region.
    #[default]
    Summary,
    /// Every attempt.
    Detailed,
}

impl Verbosity {
    /// Reads the environment's text, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("summary") || is("minimal") {
            Some(Self::Summary)
        } else if is("detailed") || is("verbose") {
            Some(Self::Detailed)
        } else {
            None
        }
    }
}

/// How much is recorded and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Attempts kept of one operation.
    pub max_request_diagnostics: usize,
    /// Bytes of the summary's text.
    pub max_summary_size_bytes: usize,
    /// Where none is asked for.
    pub verbosity: Verbosity,
}

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
    /// Whether the last attempt is under way.
    flying: bool,
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
            flying: false,
            started: now,
            last: now,
        })))
    }

    /// The operation's activity id.
    pub fn activity_id(&self) -> String {
        self.0.borrow().diagnostics.activity_id.clone()
    }

    /// The operation, prepared before, begins only at `now`.
    pub fn restart(&self, now: u64) {
        let mut record = self.0.borrow_mut();
        (record.started, record.last) = (now, now);
    }

    /// The operation goes on at `now`, after waiting for somebody else's request.
    pub fn resume(&self, now: u64) {
        self.0.borrow_mut().last = now;
    }

    /// An attempt begins. Its time counts from the end of the one before, or from the operation's beginning, which
    /// saves a reading of the clock.
    pub fn depart(&self, operation_name: &'static str, region: Option<String>, endpoint: &str) {
        let mut record = self.0.borrow_mut();
        record.flying = true;
        record.push(Attempt {
            operation_name,
            region,
            endpoint: endpoint.to_owned(),
            status: None,
            sub_status: None,
            request_charge: 0.0,
            activity_id: None,
            request_sent: RequestSent::Sent,
            duration_ms: 0.0,
            server_duration_ms: None,
            error: None,
        });
    }

    /// The attempt under way ends at `now`; `complete` fills in how.
    pub fn land(&self, now: u64, complete: impl FnOnce(&mut Attempt)) {
        let mut record = self.0.borrow_mut();
        let record = &mut *record;
        let diagnostics = &mut record.diagnostics;
        if record.flying
            && let Some(attempt) = diagnostics.attempts.last_mut()
        {
            attempt.duration_ms = elapsed_ms(record.last, now);
            complete(attempt);
            diagnostics.request_charge += attempt.request_charge;
        }
        record.flying = false;
        record.last = now;
    }

    /// Ends the record with its last attempt.
    pub fn finish(self) -> Diagnostics {
        let mut record = self.0.borrow_mut();
        record.diagnostics.duration_ms = elapsed_ms(record.started, record.last);
        std::mem::take(&mut record.diagnostics)
    }

    /// Ends the record of an operation that was cancelled at `now`, maybe in the middle of an attempt.
    pub fn abandon(self, now: u64) -> Diagnostics {
        self.land(now, |attempt| {
            attempt.request_sent = RequestSent::Unknown;
            attempt.error = Some("abandoned".to_owned());
        });
        self.finish()
    }
}

impl Record {
    /// Adds an attempt. Beyond the bound the oldest of the later half goes.
    fn push(&mut self, attempt: Attempt) {
        let diagnostics = &mut self.diagnostics;
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
}

/// The milliseconds between two monotonic readings; 0 if the clock went backwards.
pub fn elapsed_ms(start: u64, end: u64) -> f64 {
    let micros = end.saturating_sub(start) / 1_000;
    micros as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_keeps_the_first_and_the_last_and_counts_exactly() {
        let recorder = Recorder::new("read_item", "id".to_owned(), 0);
        for n in 0..5_000_u32 {
            recorder.depart("read_item", None, "https://a/");
            recorder.land(u64::from(n), |attempt| {
                attempt.request_charge = f64::from(n)
            });
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
        recorder.depart("read_item", None, "https://a/");
        recorder.land(4_000_000, |_| {});
        recorder.resume(5_000_000);
        recorder.depart("read_item", None, "https://a/");
        recorder.land(6_500_000, |_| {});
        let record = recorder.finish();
        assert_eq!(record.duration_ms, 5.5);
        let durations: Vec<_> = record
            .attempts
            .iter()
            .map(|attempt| attempt.duration_ms)
            .collect();
        assert_eq!(durations, [3.0, 1.5]);
    }

    #[test]
    fn what_is_under_way_at_the_end_was_abandoned() {
        let recorder = Recorder::new("read_item", "id".to_owned(), 0);
        recorder.depart("read_item", None, "https://a/");
        let elsewhere = recorder.clone();
        let record = recorder.abandon(2_000_000);
        assert_eq!(record.attempts[0].request_sent, RequestSent::Unknown);
        assert_eq!(
            (record.attempts[0].duration_ms, record.duration_ms),
            (2.0, 2.0)
        );
        assert!(record.attempts[0].error.is_some());
        elsewhere.land(1, |_| panic!("it is on record already"));
    }
}
