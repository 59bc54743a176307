//! What happened on the wire during one operation (spec driver-core §9): exact totals, bounded details.
//!
//! A [`Recorder`] collects while the operation runs; [`Diagnostics`] is what it leaves, with a [`summary`] by region
//! and a [`json`] text. Never holds keys, credentials, bodies or partition key values.

pub mod compact;
pub mod json;
pub mod record;
pub mod sub_status;
pub mod summary;

pub use compact::{Compaction, Rollup, Tally};
pub use record::{AttemptId, Departure, Recorder};
pub use summary::{Group, Region};

use std::rc::Rc;

use super::clock::Nanos;

/// What may be set (spec driver-core §8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many attempts of an operation are kept. Default 64, at least 16: less counts as 16.
    pub max_request_diagnostics: usize,
    /// How long the JSON text of a summary may be, in bytes. Default 8192, at least 4096: less counts as 4096.
    pub max_summary_size_bytes: usize,
    /// The form of the JSON text. Default summary.
    pub verbosity: Verbosity,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_request_diagnostics: 64,
            max_summary_size_bytes: 8192,
            verbosity: Verbosity::Summary,
        }
    }
}

/// The form of the JSON text (spec driver-core §9.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Grouped by region.
    Summary,
    /// Attempt by attempt.
    Detailed,
}

impl Verbosity {
    /// By its name in any case: `summary` or `minimal`, `detailed` or `verbose`.
    pub fn parse(text: &str) -> Option<Self> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        match text {
            _ if is("summary") || is("minimal") => Some(Self::Summary),
            _ if is("detailed") || is("verbose") => Some(Self::Detailed),
            _ => None,
        }
    }
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

impl RequestSent {
    /// `sent`, `not_sent`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }
}

/// Why an attempt was made (spec driver-core §9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionContext {
    /// It is the first one.
    Initial,
    /// The service asked to come again: 429, 449, 404/1002.
    OperationRetry,
    /// The connection failed before the request left; same endpoint.
    TransportRetry,
    /// Another region has to do it.
    RegionFailover,
    /// The answer of the first one took long.
    Hedging,
    /// To see whether a region works again.
    CircuitBreakerProbe,
}

impl ExecutionContext {
    /// In snake case, as in `initial`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::OperationRetry => "operation_retry",
            Self::TransportRetry => "transport_retry",
            Self::RegionFailover => "region_failover",
            Self::Hedging => "hedging",
            Self::CircuitBreakerProbe => "circuit_breaker_probe",
        }
    }
}

/// What kind of resource an attempt is about (spec driver-core §0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    /// Items and the execution of stored procedures.
    DataPlane,
    /// All else.
    Metadata,
}

impl Pipeline {
    /// `data_plane`, `metadata`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataPlane => "data_plane",
            Self::Metadata => "metadata",
        }
    }
}

/// A step of an attempt (spec driver-core §9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// It does not go where it would go by preference.
    RoutingFallback,
    /// The request is handed over.
    TransportStart,
    /// The head of the response is there.
    ResponseHeadersReceived,
    /// The body of the response is there.
    TransportComplete,
    /// There will be no complete response.
    TransportFailed,
}

impl EventKind {
    /// In snake case, as in `transport_start`.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoutingFallback => "routing_fallback",
            Self::TransportStart => "transport_start",
            Self::ResponseHeadersReceived => "response_headers_received",
            Self::TransportComplete => "transport_complete",
            Self::TransportFailed => "transport_failed",
        }
    }
}

/// A step of an attempt, with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// The step.
    pub kind: EventKind,
    /// When, in milliseconds from the attempt's start.
    pub at_ms: Option<f64>,
    /// The reason or the error.
    pub details: Option<&'a str>,
}

/// What a fault injection rule had to say about an attempt (spec driver-core §10.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultEvaluation {
    /// The rule's id.
    pub rule: String,
    /// `applied`, or why not.
    pub outcome: &'static str,
}

/// What most attempts have not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extras {
    /// Why it did not go where it would go by preference.
    pub fallback: Option<&'static str>,
    /// Until the head of the response, in milliseconds, if that was noted.
    pub head_ms: Option<f64>,
    /// The session token received, up to 256 bytes; none for the answer that the operation ended with, whose headers
    /// hold it.
    pub session_token: Option<String>,
    /// What the rules of fault injection had to say.
    pub fault_evaluations: Vec<FaultEvaluation>,
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Which of the operation's attempts it is, from 0. A gap is where some were left out.
    pub number: u32,
    /// What it was for.
    pub operation_name: &'static str,
    /// Why it was made.
    pub context: ExecutionContext,
    /// What kind of resource it was about.
    pub pipeline: Pipeline,
    /// Canonical region name, if known.
    pub region: Option<String>,
    /// Where it went.
    pub endpoint: String,
    /// HTTP status, if a response arrived; 408 if it was cut at the deadline.
    pub status: Option<u16>,
    /// The service's sub-status; 20008 if it was cut at the deadline.
    pub sub_status: Option<u32>,
    /// In RU.
    pub request_charge: f64,
    /// As the service reported it, up to 64 bytes.
    pub activity_id: Option<String>,
    /// Size of the session token that was sent.
    pub session_token_bytes_sent: u32,
    /// Whether it was sent.
    pub request_sent: RequestSent,
    /// Until the last byte of the response, in milliseconds.
    pub duration_ms: f64,
    /// What the service says that it spent, in milliseconds.
    pub server_duration_ms: Option<f64>,
    /// Whether it was cut at the deadline.
    pub timed_out: bool,
    /// Why no complete response arrived, up to 512 bytes.
    pub error: Option<String>,
    /// What most attempts have not.
    pub extras: Option<Box<Extras>>,

    /// Whether it changes nothing.
    read: bool,
    started: Nanos,
    /// Which run of equal attempts it belongs to, from 1; 0 while it is under way.
    run: u32,
    /// Whether attempts of its run were left out.
    thinned: bool,
}

impl Attempt {
    /// What most attempts have not, to be filled in.
    pub fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Why it did not go where it would go by preference.
    pub fn fallback(&self) -> Option<&'static str> {
        self.extras.as_ref()?.fallback
    }

    /// The session token received with an answer that is no success; that of a success is in the response's own headers.
    pub fn session_token(&self) -> Option<&str> {
        self.extras.as_ref()?.session_token.as_deref()
    }

    /// What the rules of fault injection had to say.
    pub fn fault_evaluations(&self) -> &[FaultEvaluation] {
        match &self.extras {
            Some(extras) => &extras.fault_evaluations,
            None => &[],
        }
    }

    /// Its steps in order, made from what is known: a healthy attempt stores none.
    pub fn events(&self) -> Vec<Event<'_>> {
        let mut events = Vec::with_capacity(4);
        let mut add = |kind, at_ms, details| {
            events.push(Event {
                kind,
                at_ms,
                details,
            });
        };
        let failed = self.error.is_some() || self.timed_out;
        let answered = self.status.is_some() && !failed;
        let extras = self.extras.as_deref();
        let head_ms = extras.and_then(|extras| extras.head_ms);
        if let Some(reason) = extras.and_then(|extras| extras.fallback) {
            add(EventKind::RoutingFallback, None, Some(reason));
        }
        add(EventKind::TransportStart, None, None);
        if answered || head_ms.is_some() {
            add(EventKind::ResponseHeadersReceived, head_ms, None);
        }
        if failed {
            let error = self.error.as_deref();
            add(EventKind::TransportFailed, Some(self.duration_ms), error);
        } else if answered {
            add(EventKind::TransportComplete, Some(self.duration_ms), None);
        }
        events
    }

    /// Whether it is under way.
    fn is_flying(&self) -> bool {
        self.run == 0
    }

    /// Whether the service may have carried it out without saying so (spec driver-core §4.3).
    pub(in crate::core) fn may_have_applied(&self) -> bool {
        if self.request_sent == RequestSent::NotSent {
            return false;
        }
        match self.status {
            _ if self.error.is_some() || self.timed_out => true,
            None | Some(408) => true,
            Some(503) => false,
            Some(status) => status >= 500,
        }
    }
}

/// How a hedged operation went (spec driver-core §7.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Hedge {
    /// Who won or why nobody did, as in `alternate_won`.
    pub ending: &'static str,
    /// How long the first attempt was alone, in milliseconds.
    pub threshold_ms: f64,
    /// The first attempt's region.
    pub primary: Option<String>,
    /// The second attempt's region.
    pub alternate: Option<String>,
}

/// The finished record of an operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnostics {
    /// Sent with every attempt.
    pub activity_id: String,
    /// The operation's name.
    pub operation_name: &'static str,
    /// What the operation ended with: status and sub-status.
    pub status: Option<(u16, Option<u32>)>,
    /// From the call to its answer, in milliseconds.
    pub duration_ms: f64,
    /// Exact sum over all attempts in the order in which they ended, in RU.
    pub request_charge: f64,
    /// Exact number of attempts.
    pub request_count: u32,
    /// The attempts in the order in which they began. The first and the last are always there.
    pub attempts: Vec<Attempt>,
    /// What is known of those left out.
    pub compaction: Option<Rc<Compaction>>,
    /// How hedging went, if it was tried.
    pub hedge: Option<Box<Hedge>>,
    /// Whether a write was sent again after an attempt that the service may have carried out: 409, 404 or 412 may then
    /// be the operation's own earlier success (spec driver-core §4.3).
    pub attempted_more_than_once: bool,
    /// Whether fault injection was on.
    pub fault_injection_enabled: bool,
    /// How to report it in short and as text, if that is wanted.
    pub report: Option<Settings>,
}

impl Diagnostics {
    /// How many attempts were left out.
    pub fn omitted_attempts(&self) -> u32 {
        let kept = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        self.request_count.saturating_sub(kept)
    }

    /// The regions that requests went to, each once, in the order of first contact.
    pub fn regions_contacted(&self) -> Vec<&str> {
        let mut regions = Vec::new();
        let earlier = self.compaction.iter().flat_map(|c| c.regions());
        let kept = self.attempts.iter().filter_map(|a| a.region.as_deref());
        for region in earlier.chain(kept) {
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        regions
    }
}

/// The milliseconds between two monotonic readings; 0 if the clock went backwards.
pub fn elapsed_ms(start: Nanos, end: Nanos) -> f64 {
    let micros = end.saturating_sub(start) / 1_000;
    micros as f64 / 1_000.0
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;
