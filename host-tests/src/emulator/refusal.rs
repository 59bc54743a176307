//! Answers of the front itself, in the service's shape.

use std::io;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

/// Why a request gets no answer of the emulator.
#[derive(Debug)]
pub(super) enum Stop {
    /// It gets this one instead.
    Refuse(Refusal),
    /// Its connection is dropped.
    Drop(io::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Drop(error)
    }
}

/// An error answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// The service's finer code, if there is one.
    pub(super) sub_status: Option<u16>,
    /// The service's name of the status, `code` in the body.
    pub(super) code: &'static str,
    /// What is wrong with the request.
    pub(super) message: String,
}

impl Refusal {
    /// 400.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 400 with the sub-status 1001.
    pub(super) fn wrong_partition_key() -> Self {
        let message =
            "The partition key header fits neither the container's definition nor the item.";
        Self {
            sub_status: Some(1001),
            ..Self::bad_request(message)
        }
    }

    /// 401.
    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
    }

    /// 403.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    /// 412.
    pub(super) fn precondition_failed(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            message,
        )
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            sub_status: None,
            code,
            message: message.into(),
        }
    }

    /// The answer: a JSON object with `code` and `message`, and the activity id in the message as in the header.
    pub(super) fn into_response(self, activity_id: &HeaderValue) -> Response<Bytes> {
        let activity = String::from_utf8_lossy(activity_id.as_bytes());
        let message = format!("{}\r\nActivityId: {activity}", self.message);
        let body = json!({ "code": self.code, "message": message }).to_string();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-ms-request-charge", HeaderValue::from_static("0.00"));
        if let Some(sub_status) = self.sub_status {
            headers.insert("x-ms-substatus", sub_status.into());
        }
        response
    }
}
