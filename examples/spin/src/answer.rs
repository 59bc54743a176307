//! What the user gets.

use bytes::Bytes;
use driver_guest::types::{Error, ErrorKind};
use http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use spin_sdk::http::FullBody;

pub(crate) type Answer = Response<FullBody<Bytes>>;

/// A status with the etag of the cart, and what there is to show.
pub(crate) fn done(status: StatusCode, etag: Option<String>, body: Vec<u8>) -> Answer {
    let mut answer = json(status, body);
    if let Some(etag) = etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
        answer.headers_mut().insert(ETAG, etag);
    }
    answer
}

/// A refusal of the app itself.
pub(crate) fn refusal(status: StatusCode, message: &str) -> Answer {
    json(status, json!({ "error": message }).to_string().into_bytes())
}

/// An error of the driver. What is the app's own affair is not told.
pub(crate) fn failure(error: &Error) -> Answer {
    let (status, message) = match error.kind {
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "there is no such cart"),
        ErrorKind::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            "the cart has changed: read it again",
        ),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "there is such a cart already"),
        ErrorKind::InvalidArgument => (StatusCode::BAD_REQUEST, "this is no change of a cart"),
        ErrorKind::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the cart is too large"),
        ErrorKind::Throttled => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
        ErrorKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "the carts take too long"),
        ErrorKind::Unavailable | ErrorKind::Transport => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the carts cannot be reached",
        ),
        _ => (StatusCode::BAD_GATEWAY, "the carts cannot be used"),
    };
    let mut answer = refusal(status, message);
    if let Some(wait) = error.retry_after_ms {
        let seconds = HeaderValue::from(wait.div_ceil(1000));
        answer.headers_mut().insert(RETRY_AFTER, seconds);
    }
    answer
}

fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(FullBody::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}
