//! From values of the contract to what an agent tells.

use super::types::{BatchResult, Error, ErrorKind, Outcome, Response, SnapshotRefusal};
use serde_json::{Value, json};

pub(crate) fn response(response: &Response) -> Value {
    let results: Vec<_> = response.results.iter().map(result).collect();
    json!({
        "status": response.status,
        "body": json(&response.body),
        "etag": response.headers.etag,
        "charge": response.diagnostics.request_charge,
        "requests": response.diagnostics.request_count,
        "results": results,
    })
}

fn result(result: &BatchResult) -> Value {
    let failure = result.failure.as_ref();
    json!({
        "status": result.status,
        "body": json(&result.body),
        "failure": failure.map(|failure| kind(failure.kind)),
    })
}

pub(crate) fn error(error: &Error) -> Value {
    json!({
        "kind": kind(error.kind),
        "status": error.status,
        "subStatus": error.sub_status,
        "retryable": error.retryable,
        "outcome": match error.outcome {
            Outcome::NotApplied => "not-applied",
            Outcome::Unknown => "unknown",
        },
        "failedOperation": error.failed_operation,
    })
}

/// What the driver refused before an operation began.
#[allow(dead_code, reason = "not all agents see it on its own")]
pub(crate) fn rejection(refused: ErrorKind) -> Value {
    json!({ "kind": kind(refused), "retryable": false, "outcome": "not-applied" })
}

fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidArgument => "invalid-argument",
        ErrorKind::Unauthorized => "unauthorized",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::PreconditionFailed => "precondition-failed",
        ErrorKind::PayloadTooLarge => "payload-too-large",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Transport => "transport",
        ErrorKind::Service => "service",
        ErrorKind::NotResumable => "not-resumable",
        ErrorKind::BudgetSpent => "budget-spent",
        ErrorKind::Closed => "closed",
    }
}

pub(crate) fn refusal(refusal: SnapshotRefusal) -> &'static str {
    match refusal {
        SnapshotRefusal::Damaged => "damaged",
        SnapshotRefusal::Newer => "newer",
        SnapshotRefusal::Foreign => "foreign",
        SnapshotRefusal::TooLarge => "too-large",
        SnapshotRefusal::Closed => "closed",
    }
}

/// The rows of a feed's pages.
#[derive(Default)]
pub(crate) struct Rows {
    rows: Vec<Value>,
    sizes: Vec<usize>,
    charge: f64,
}

impl Rows {
    pub(crate) fn add(&mut self, page: &Response) {
        let body = json(&page.body);
        let rows = body["Documents"].as_array().cloned().unwrap_or_default();
        self.sizes.push(rows.len());
        self.rows.extend(rows);
        self.charge += page.diagnostics.request_charge;
    }

    pub(crate) fn told(self, continuation: Option<&str>) -> Value {
        json!({
            "rows": self.rows,
            "sizes": self.sizes,
            "charge": self.charge,
            "continuation": continuation,
        })
    }
}

/// A body as JSON; null if there is none.
fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
