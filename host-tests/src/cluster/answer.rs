//! Answers in the shape of the service.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::scripted::{Gate, Seen, Step};

/// The activity id of an answer to a request that has none.
const NO_ACTIVITY: &str = "00000000-0000-0000-0000-000000000000";

/// A status, headers and a body.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Answer {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// An answer with a document.
    pub(super) fn document(status: u16, document: &Value) -> Self {
        Self::empty(status).body(document.to_string())
    }

    /// An error as the service words it. Sub-status 0 is not sent.
    pub(super) fn refusal(status: u16, sub_status: u32, message: &str) -> Self {
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        let body = json!({ "code": reason.replace(' ', ""), "message": message });
        let refusal = Self::document(status, &body).charged("0");
        match sub_status {
            0 => refusal,
            _ => refusal.header("x-ms-substatus", &sub_status.to_string()),
        }
    }

    /// Sets a header; it replaces one of the same name.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the request charge if there is none.
    pub(super) fn charged(self, charge: &str) -> Self {
        const NAME: &str = "x-ms-request-charge";
        if self.headers.iter().any(|(known, _)| known == NAME) {
            return self;
        }
        self.header(NAME, charge)
    }

    /// Sets the body.
    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The answer to this request as bytes. With a gate, the body comes when it is open.
    pub(super) fn step(mut self, request: &Seen, gate: Option<&Gate>) -> Step {
        let activity = request.header("x-ms-activity-id").unwrap_or(NO_ACTIVITY);
        self = self.header("x-ms-activity-id", activity);
        if !self.body.is_empty() {
            self = self.header("content-type", "application/json");
        }
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        match gate {
            Some(gate) => Step::slow_body(self.status, &headers, vec![(gate.clone(), self.body)]),
            None => Step::respond(self.status, &headers, self.body),
        }
    }
}
