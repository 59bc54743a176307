//! Answers in the shape of the service.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::scripted::{Seen, Step};

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

    /// An answer with a body.
    pub(super) fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..Self::empty(status)
        }
    }

    /// An answer with a document.
    pub(super) fn document(status: u16, document: &Value) -> Self {
        Self::text(status, document.to_string())
    }

    /// An error as the service words it. Sub-status 0 is not sent.
    pub(super) fn refusal(status: u16, sub_status: u32, message: &str) -> Self {
        Self::refusal_with(status, sub_status, json!({ "message": message }))
    }

    /// The same with more in its body.
    pub(super) fn refusal_with(status: u16, sub_status: u32, mut body: Value) -> Self {
        let reason = http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        body["code"] = Value::from(reason.replace(' ', ""));
        let refusal = Self::document(status, &body).header("x-ms-request-charge", "0");
        match sub_status {
            0 => refusal,
            _ => refusal.header("x-ms-substatus", &sub_status.to_string()),
        }
    }

    /// Sets a header; it replaces one of the same name.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
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

    /// The answer to this request as bytes.
    pub(super) fn step(self, request: &Seen) -> Step {
        let activity = request.header("x-ms-activity-id").unwrap_or(NO_ACTIVITY);
        let mut answer = self.header("x-ms-activity-id", activity).charged("1");
        if !answer.body.is_empty() {
            answer = answer.header("content-type", "application/json");
        }
        let headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Step::respond(answer.status, &headers, answer.body)
    }
}

/// 400 without a sub-status.
pub(super) fn bad(message: &str) -> Answer {
    Answer::refusal(400, 0, message)
}

/// What the gateway of the tests cannot do.
pub(super) fn unknown() -> Answer {
    Answer::refusal(
        501,
        0,
        "The gateway of the tests does not know this request.",
    )
}

/// 404; its sub-status tells whether more was asked for than what is missing.
pub(super) fn missing(rest: &[&str], message: &str) -> Answer {
    let sub_status = if rest.is_empty() { 0 } else { 1003 };
    Answer::refusal(404, sub_status, message)
}
