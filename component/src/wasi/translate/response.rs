//! What goes out.

use crate::core::{Attempt, Diagnostics, Error, ErrorKind, Outcome, RequestSent, Response};
use crate::wasi::bindings::types as wit;
use crate::wire::headers::ResponseHeaders;

pub(in crate::wasi) fn response(response: Response) -> wit::Response {
    wit::Response {
        status: response.status,
        body: response.body,
        headers: headers(response.headers),
        diagnostics: diagnostics(response.diagnostics),
    }
}

pub(in crate::wasi) fn error(error: Box<Error>) -> wit::Error {
    let error = *error;
    wit::Error {
        kind: kind(error.kind),
        message: error.message,
        status: error.status,
        sub_status: error.sub_status,
        retry_after_ms: error.retry_after_ms,
        retryable: error.retryable,
        outcome: match error.outcome {
            Outcome::NotApplied => wit::Outcome::NotApplied,
            Outcome::Unknown => wit::Outcome::Unknown,
        },
        headers: error.headers.map(headers),
        diagnostics: error.diagnostics.map(diagnostics),
    }
}

fn kind(kind: ErrorKind) -> wit::ErrorKind {
    match kind {
        ErrorKind::InvalidArgument => wit::ErrorKind::InvalidArgument,
        ErrorKind::Unauthorized => wit::ErrorKind::Unauthorized,
        ErrorKind::Forbidden => wit::ErrorKind::Forbidden,
        ErrorKind::NotFound => wit::ErrorKind::NotFound,
        ErrorKind::Conflict => wit::ErrorKind::Conflict,
        ErrorKind::PreconditionFailed => wit::ErrorKind::PreconditionFailed,
        ErrorKind::PayloadTooLarge => wit::ErrorKind::PayloadTooLarge,
        ErrorKind::Throttled => wit::ErrorKind::Throttled,
        ErrorKind::Timeout => wit::ErrorKind::Timeout,
        ErrorKind::Cancelled => wit::ErrorKind::Cancelled,
        ErrorKind::Unavailable => wit::ErrorKind::Unavailable,
        ErrorKind::Transport => wit::ErrorKind::Transport,
        ErrorKind::Service => wit::ErrorKind::Service,
        ErrorKind::Closed => wit::ErrorKind::Closed,
    }
}

fn headers(headers: ResponseHeaders) -> wit::ResponseHeaders {
    wit::ResponseHeaders {
        activity_id: headers.activity_id,
        request_charge: headers.request_charge,
        session_token: headers.session_token,
        etag: headers.etag,
        continuation: headers.continuation,
        item_count: headers.item_count,
        sub_status: headers.sub_status,
        server_duration_ms: headers.server_duration_ms,
        index_metrics: headers.index_metrics,
        query_metrics: headers.query_metrics,
        others: headers.others,
    }
}

fn diagnostics(diagnostics: Diagnostics) -> wit::Diagnostics {
    let omitted_attempts = diagnostics.omitted_attempts();
    wit::Diagnostics {
        activity_id: diagnostics.activity_id,
        operation_name: diagnostics.operation_name.to_owned(),
        duration_ms: diagnostics.duration_ms,
        request_charge: diagnostics.request_charge,
        request_count: diagnostics.request_count,
        attempts: diagnostics.attempts.into_iter().map(attempt).collect(),
        omitted_attempts,
    }
}

fn attempt(attempt: Attempt) -> wit::Attempt {
    wit::Attempt {
        operation_name: attempt.operation_name.to_owned(),
        region: attempt.region,
        endpoint: attempt.endpoint,
        status: attempt.status,
        sub_status: attempt.sub_status,
        request_charge: attempt.request_charge,
        activity_id: attempt.activity_id,
        request_sent: match attempt.request_sent {
            RequestSent::Sent => wit::RequestSent::Sent,
            RequestSent::NotSent => wit::RequestSent::NotSent,
            RequestSent::Unknown => wit::RequestSent::Unknown,
        },
        duration_ms: attempt.duration_ms,
        server_duration_ms: attempt.server_duration_ms,
        error: attempt.error,
    }
}
