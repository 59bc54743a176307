//! Which rule a request meets, and what becomes of the request (spec driver-core §10.4).

use std::cell::Cell;
use std::rc::Rc;

use super::rule::{FaultCondition, FaultError, FaultOperation, FaultResult};
use super::{Entry, Faults};
use crate::core::clock::Nanos;
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::{FailureCause, HttpResponse, TransportFailure};
use crate::wire::headers::{HeaderList, name};
use crate::wire::text::find;

/// What synthetic responses carry, in the service's shape.
const BODY: &[u8] = br#"{"code":"InjectedFault","message":"injected by a fault rule"}"#;

/// A request as rules see it. None of it is sent.
#[derive(Debug, Clone, Copy)]
pub struct FaultRequest<'a> {
    /// What it is for.
    pub operation: Option<FaultOperation>,
    /// The canonical name of the region that it goes to, if known.
    pub region: Option<&'a str>,
    /// The host that it goes to, without a port.
    pub host: &'a str,
    /// The URL's path, escapes included.
    pub path: &'a str,
}

/// What the rules say to one request.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// One for every rule, for diagnostics: first the rules that were passed over, then the selected one.
    /// [`Effect::DiscardSuccess`] has its record when it is committed.
    pub records: Vec<Record>,
    /// The fault to inject, if any.
    pub applied: Option<Applied>,
}

/// How one rule fared with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The rule's id.
    pub rule: Rc<str>,
    /// `disabled`, `before_start_time`, `after_end_time`, `hit_limit_exhausted`, `operation_mismatch`,
    /// `region_mismatch`, `container_mismatch`, `superseded`, `probability_miss` or `applied`.
    pub outcome: &'static str,
}

/// A fault to inject. It counts as a hit even if the request is cancelled meanwhile.
#[derive(Debug)]
pub struct Applied {
    /// The rule's id.
    pub rule: Rc<str>,
    /// How long to wait before the effect; for [`Effect::DiscardSuccess`] after the service's answer.
    pub delay: Nanos,
    /// What to do then.
    pub effect: Effect,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Effect {
    /// It is sent: the rule only delays it.
    Forward,
    /// It is not sent: this is its response.
    Respond(HttpResponse),
    /// It is not sent: this is its failure.
    Fail(TransportFailure),
    /// It is sent. If the answer is a success (2xx), the reservation is to be committed and the failure takes the
    /// answer's place; any other answer or failure passes, and the reservation is to be dropped.
    DiscardSuccess {
        /// What the caller gets to see.
        failure: TransportFailure,
        /// The hit.
        reservation: Reservation,
    },
}

/// A hit that counts already but may be given back: dropping it without [`Reservation::commit`] releases it, as when
/// the request is cancelled.
#[derive(Debug)]
#[must_use]
pub struct Reservation {
    rule: Rc<str>,
    /// None once committed.
    hits: Option<Rc<Cell<u32>>>,
}

impl Reservation {
    /// Makes the hit final and returns its record.
    pub fn commit(mut self) -> Record {
        self.hits = None;
        Record {
            rule: self.rule.clone(),
            outcome: "applied",
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(hits) = self.hits.take() {
            hits.set(hits.get().saturating_sub(1));
        }
    }
}

impl Faults {
    /// Consults all rules for one attempt and counts the hit. `random` is 64 random bits, for rules of some probability.
    pub fn evaluate(&self, request: &FaultRequest<'_>, now: Nanos, random: u64) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let mut selected: Option<&Entry> = None;
        for entry in &self.entries {
            match entry.unfit(request, now) {
                Some(outcome) => evaluation.record(entry, outcome),
                None if selected.is_some() => evaluation.record(entry, "superseded"),
                None => selected = Some(entry),
            }
        }
        let Some(entry) = selected else {
            return evaluation;
        };
        if !happens(entry.rule.result.probability, random) {
            evaluation.record(entry, "probability_miss");
            return evaluation;
        }
        let applied = entry.apply();
        if !matches!(applied.effect, Effect::DiscardSuccess { .. }) {
            evaluation.record(entry, "applied");
        }
        evaluation.applied = Some(applied);
        evaluation
    }
}

impl Evaluation {
    fn record(&mut self, entry: &Entry, outcome: &'static str) {
        self.records.push(Record {
            rule: entry.rule.id.clone(),
            outcome,
        });
    }
}

impl Entry {
    /// The first reason not to apply the rule.
    fn unfit(&self, request: &FaultRequest<'_>, now: Nanos) -> Option<&'static str> {
        let rule = &self.rule;
        if !rule.enabled {
            Some("disabled")
        } else if rule.start.is_some_and(|start| now < start) {
            Some("before_start_time")
        } else if rule.end.is_some_and(|end| now >= end) {
            Some("after_end_time")
        } else if rule.hit_limit.is_some_and(|limit| self.hits.get() >= limit) {
            Some("hit_limit_exhausted")
        } else {
            mismatch(&rule.condition, request)
        }
    }

    fn apply(&self) -> Applied {
        let hits = &self.hits;
        hits.set(hits.get().saturating_add(1));
        let result = &self.rule.result;
        let effect = if result.custom_response.is_none()
            && result.error == Some(FaultError::ResponseTimeoutAfterService)
        {
            let reservation = Reservation {
                rule: self.rule.id.clone(),
                hits: Some(hits.clone()),
            };
            Effect::DiscardSuccess {
                failure: failure(FaultError::ResponseTimeoutAfterService),
                reservation,
            }
        } else {
            effect(result)
        };
        Applied {
            rule: self.rule.id.clone(),
            delay: result.delay,
            effect,
        }
    }
}

fn mismatch(condition: &FaultCondition, request: &FaultRequest<'_>) -> Option<&'static str> {
    if condition.operation.is_some() && condition.operation != request.operation {
        return Some("operation_mismatch");
    }
    if let Some(region) = &condition.region
        && !is_in(request, region)
    {
        return Some("region_mismatch");
    }
    if let Some(container) = &condition.container
        && find(request.path, container).is_none()
    {
        return Some("container_mismatch");
    }
    None
}

/// Whether a request goes to a region. If nobody said, the host's name does: `{region}.…` or `{account}-{region}.…`.
fn is_in(request: &FaultRequest<'_>, region: &str) -> bool {
    if let Some(known) = request.region {
        return known == region;
    }
    let label = request.host.split(['.', ':']).next().unwrap_or_default();
    label
        .strip_suffix(region)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
}

/// Rolls the dice. A comparison with NaN is false, so that a probability of NaN is none.
fn happens(probability: f64, random: u64) -> bool {
    const BITS_53: f64 = (1_u64 << 53) as f64;
    ((random >> 11) as f64) / BITS_53 < probability
}

fn effect(result: &FaultResult) -> Effect {
    if let Some(custom) = &result.custom_response {
        let headers = custom.headers.clone();
        return respond(
            custom.status,
            custom.sub_status,
            headers,
            custom.body.clone(),
        );
    }
    let Some(error) = result.error else {
        return Effect::Forward;
    };
    match error.status() {
        Some((status, sub_status)) => respond(status, sub_status, Vec::new(), BODY.to_vec()),
        None => Effect::Fail(failure(error)),
    }
}

fn respond(status: u16, sub_status: u32, mut headers: HeaderList, body: Vec<u8>) -> Effect {
    if sub_status != 0 {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name::SUB_STATUS));
        let value = sub_status.to_string().into_bytes();
        headers.push((name::SUB_STATUS.to_owned(), value));
    }
    Effect::Respond(HttpResponse {
        status,
        headers,
        body,
    })
}

fn failure(error: FaultError) -> TransportFailure {
    let (sent, cause, detail) = match error {
        FaultError::ConnectionError => (
            RequestSent::NotSent,
            FailureCause::Connect,
            "injected fault: connection error",
        ),
        FaultError::ResponseTimeoutAfterService => (
            RequestSent::Unknown,
            FailureCause::Timeout,
            "injected fault: response timeout after service",
        ),
        _ => (
            RequestSent::Unknown,
            FailureCause::Timeout,
            "injected fault: response timeout",
        ),
    };
    TransportFailure {
        sent,
        cause,
        detail: detail.to_owned(),
    }
}
