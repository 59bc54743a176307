//! What an answer means: success, or an error that says what happened and what to do next (spec driver-core §4.9,
//! data-plane §9).

mod terminal;

use super::diagnostics::RequestSent;
use super::error::{Error, ErrorKind, Outcome};
use super::exchange::{FailureCause, TransportFailure};
use crate::wire::error_body::{self, ErrorBody};
use crate::wire::headers::ResponseHeaders;

pub use terminal::{
    bulk_budget_spent, cut_off, incomplete_ranges, no_container, out_of_time, ru_budget_spent,
    terminal,
};

/// Whether a status is a success: 304 is for a conditional read, of an unchanged item.
pub fn is_success(read: bool, status: u16) -> bool {
    matches!(status, 200..=299) || (read && status == 304)
}

/// Whether a write may have been carried out in spite of this status. A definite refusal changed nothing. A timeout or a
/// failure inside the service may have come after the write, and an interim status says nothing.
pub fn is_ambiguous(status: u16) -> bool {
    status == 408 || status < 200 || (status >= 500 && status != 503)
}

/// The error for an answer of the service to an operation that is called `name` and, if `read`, changes nothing. `hide`
/// takes secrets out of the service's words.
pub fn answer(
    (name, read): (&str, bool),
    status: u16,
    headers: ResponseHeaders,
    body: &[u8],
    hide: &dyn Fn(&mut String),
) -> Box<Error> {
    let (kind, advice) = meaning(status, headers.sub_status);
    let mut error = Error::new(
        kind,
        message(
            name,
            status,
            &headers,
            &error_body::parse(body, hide),
            advice,
        ),
    );
    error.status = Some(status);
    error.sub_status = headers.sub_status;
    error.retry_after_ms = headers.retry_after_ms();
    error.retryable = is_retryable(kind, status);
    if is_ambiguous(status) && !read {
        error.outcome = Outcome::Unknown;
    }
    error.headers = Some(headers);
    error
}

/// The error for a request without a complete answer.
pub fn failure(name: &str, read: bool, endpoint: &str, failure: &TransportFailure) -> Box<Error> {
    let (kind, what, advice) = cause(failure.cause);
    let sent = match failure.sent {
        RequestSent::NotSent => "the request was not sent",
        RequestSent::Sent => "the service had received the request",
        RequestSent::Unknown => "the service may have received the request",
    };
    let detail = &failure.detail;
    let mut error = Error::new(
        kind,
        format!("{name}: {what} at {endpoint} ({detail}); {sent}. {advice}"),
    );
    error.retryable = !matches!(
        failure.cause,
        FailureCause::Denied | FailureCause::Refused | FailureCause::TooLarge
    );
    if failure.sent != RequestSent::NotSent && !read {
        error.outcome = Outcome::Unknown;
    }
    error
}

/// The error for an answer that claims success but cannot be understood.
pub fn nonsense(name: &str, what: &str) -> Box<Error> {
    Error::new(
        ErrorKind::Service,
        format!(
            "{name}: the answer is no {what}: check that the endpoint is a Cosmos DB account (NoSQL API) and that no proxy \
             answers in its place"
        ),
    )
}

/// The error for a feed that has no rows and nobody to ask for them, which cannot be.
pub fn stuck(name: &str) -> Box<Error> {
    let message = ": there are no rows and no request to ask for them: report it as a bug";
    Error::new(ErrorKind::Service, [name, message].concat())
}

fn is_retryable(kind: ErrorKind, status: u16) -> bool {
    let passing = matches!(
        kind,
        ErrorKind::Unavailable | ErrorKind::Throttled | ErrorKind::Timeout
    );
    passing || (matches!(status, 500..=599) && !matches!(status, 501 | 505))
}

/// What went wrong where, in one line. The service's own words come last.
fn message(
    name: &str,
    status: u16,
    headers: &ResponseHeaders,
    body: &ErrorBody,
    advice: &str,
) -> String {
    let code = body.code.as_deref().unwrap_or("no code");
    let sub_status = headers
        .sub_status
        .map(|sub| format!("/{sub}"))
        .unwrap_or_default();
    let mut message = format!("{name}: {status}{sub_status} ({code}). {advice}");
    if let Some(detail) = &body.detail {
        message.push_str(" The service says: ");
        message.push_str(detail);
    }
    message
}

/// What a status means and what to do, the first row that fits. No sub-status in a row stands for any.
const MEANINGS: &[(u16, Option<u32>, ErrorKind, &str)] = &[
    (
        400,
        Some(1001),
        ErrorKind::InvalidArgument,
        "The partition key given is not the one in the body: pass the values that the item has at the key's paths.",
    ),
    (
        400,
        Some(1024),
        ErrorKind::Unavailable,
        "The container was deleted and created anew: the driver has dropped what it knew of it; call again.",
    ),
    (
        400,
        None,
        ErrorKind::InvalidArgument,
        "The request is malformed: correct it as the service says.",
    ),
    (
        401,
        None,
        ErrorKind::Unauthorized,
        "The credential was not accepted: check the key or token, that it belongs to this account, and that the clock is \
         right.",
    ),
    (
        403,
        None,
        ErrorKind::Forbidden,
        "The credential is valid but does not allow this: check its permissions, the account's firewall, and the clock.",
    ),
    (
        404,
        Some(1002),
        ErrorKind::Unavailable,
        "This region has not caught up with the session token yet: call again.",
    ),
    (
        404,
        Some(1003),
        ErrorKind::NotFound,
        "The container or database does not exist: create it, or check its name.",
    ),
    (
        404,
        None,
        ErrorKind::NotFound,
        "There is no such resource: check its id and partition key.",
    ),
    (
        408,
        None,
        ErrorKind::Timeout,
        "The service ran out of time: read before you write again.",
    ),
    (
        409,
        None,
        ErrorKind::Conflict,
        "The id (or a unique key) is taken: read or replace what exists, or choose another.",
    ),
    (410, None, ErrorKind::Unavailable, BUSY),
    (
        412,
        None,
        ErrorKind::PreconditionFailed,
        "The etag or the condition did not hold: read the item again and decide anew.",
    ),
    (
        413,
        None,
        ErrorKind::PayloadTooLarge,
        "The item is over the service's limit of 2 MB: make it smaller.",
    ),
    (
        423,
        None,
        ErrorKind::Unavailable,
        "The throughput is being changed already: read it until nothing is pending, then call again.",
    ),
    (
        429,
        None,
        ErrorKind::Throttled,
        "The request units are used up: wait as long as retry-after says, or raise the throughput.",
    ),
    (449, None, ErrorKind::Unavailable, BUSY),
    (503, None, ErrorKind::Unavailable, BUSY),
];

const BUSY: &str = "The service cannot do it now: call again after a moment.";

fn meaning(status: u16, sub_status: Option<u32>) -> (ErrorKind, &'static str) {
    let fits = |(own, sub, ..): &&(u16, Option<u32>, _, _)| {
        *own == status && (sub.is_none() || *sub == sub_status)
    };
    match MEANINGS.iter().find(fits) {
        Some((_, _, kind, advice)) => (*kind, advice),
        None if matches!(status, 300..=399) => (
            ErrorKind::Service,
            "The endpoint redirects, which the driver does not follow: give the account's own endpoint.",
        ),
        None => (
            ErrorKind::Service,
            "The service failed or answered something unexpected.",
        ),
    }
}

fn cause(cause: FailureCause) -> (ErrorKind, &'static str, &'static str) {
    use ErrorKind as Kind;
    match cause {
        FailureCause::Dns => (
            Kind::Transport,
            "the host name could not be resolved",
            "Check the endpoint; some hosts report this too when they run out of ports.",
        ),
        FailureCause::Connect => (
            Kind::Transport,
            "no connection could be made",
            "Check the endpoint and the network.",
        ),
        FailureCause::Tls => (
            Kind::Transport,
            "TLS failed",
            "For an emulator or a private authority add its certificate to the host's roots.",
        ),
        FailureCause::Denied => (
            Kind::Forbidden,
            "the host's policy refused the request",
            "Add the endpoint to what the host allows.",
        ),
        FailureCause::Refused => (
            Kind::InvalidArgument,
            "the host does not send such a request",
            "Check custom headers and their sizes.",
        ),
        FailureCause::Timeout => (
            Kind::Timeout,
            "nothing arrived in time",
            "Call again; read first if it was a write.",
        ),
        FailureCause::Broken => (
            Kind::Transport,
            "the connection broke",
            "Call again; read first if it was a write.",
        ),
        FailureCause::Incomplete => (
            Kind::Transport,
            "the answer is incomplete or not HTTP",
            "Call again; read first if it was a write.",
        ),
        FailureCause::TooLarge => (
            Kind::Transport,
            "the answer is larger than the driver takes",
            "Check that the endpoint is a Cosmos DB account.",
        ),
        FailureCause::Other => (
            Kind::Transport,
            "the HTTP import failed",
            "Call again; read first if it was a write.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, sub_status: Option<u32>, read: bool) -> Box<Error> {
        let headers = ResponseHeaders {
            sub_status,
            ..ResponseHeaders::default()
        };
        let body = br#"{"code":"Whatever","message":"because"}"#;
        answer(("upsert_item", read), status, headers, body, &|_| {})
    }

    #[test]
    fn kinds_by_status_and_sub_status() {
        use ErrorKind as Kind;
        let table = [
            (400, None, Kind::InvalidArgument, false),
            (400, Some(1024), Kind::Unavailable, true),
            (401, None, Kind::Unauthorized, false),
            (403, Some(3), Kind::Forbidden, false),
            (404, None, Kind::NotFound, false),
            (404, Some(1002), Kind::Unavailable, true),
            (408, None, Kind::Timeout, true),
            (409, None, Kind::Conflict, false),
            (410, Some(1002), Kind::Unavailable, true),
            (412, None, Kind::PreconditionFailed, false),
            (413, None, Kind::PayloadTooLarge, false),
            (423, None, Kind::Unavailable, true),
            (429, Some(3200), Kind::Throttled, true),
            (449, None, Kind::Unavailable, true),
            (500, None, Kind::Service, true),
            (501, None, Kind::Service, false),
            (503, None, Kind::Unavailable, true),
            (505, None, Kind::Service, false),
            (302, None, Kind::Service, false),
            (999, None, Kind::Service, false),
        ];
        for (status, sub_status, kind, retryable) in table {
            let error = of(status, sub_status, false);
            assert_eq!(
                (error.kind, error.retryable),
                (kind, retryable),
                "{status}/{sub_status:?}"
            );
            assert_eq!(error.status, Some(status));
        }
    }

    #[test]
    fn the_outcome_of_a_write_is_unknown_when_the_service_cannot_say() {
        for status in [101, 408, 500, 502, 504] {
            assert_eq!(
                of(status, None, false).outcome,
                Outcome::Unknown,
                "{status}"
            );
            assert_eq!(
                of(status, None, true).outcome,
                Outcome::NotApplied,
                "{status}"
            );
        }
        for status in [400, 404, 409, 412, 429, 503] {
            assert_eq!(
                of(status, None, false).outcome,
                Outcome::NotApplied,
                "{status}"
            );
        }
    }

    #[test]
    fn unchanged_is_a_success_of_reads_only() {
        for status in [200, 201, 204, 207] {
            assert!(is_success(true, status) && is_success(false, status));
        }
        assert!(is_success(true, 304) && !is_success(false, 304));
        assert!(!is_success(true, 199) && !is_success(true, 300) && !is_success(true, 404));
    }

    #[test]
    fn a_message_names_operation_status_advice_and_the_services_words() {
        let message = of(400, Some(1001), false).message;
        assert!(
            message.starts_with("upsert_item: 400/1001 (Whatever). The partition key"),
            "{message}"
        );
        assert!(message.ends_with("The service says: because"), "{message}");
    }

    #[test]
    fn failures_say_whether_the_request_left() {
        let of = |sent, cause, read| {
            let detail = "connection-refused".to_owned();
            failure(
                "create_item",
                read,
                "https://a/",
                &TransportFailure {
                    sent,
                    cause,
                    detail,
                },
            )
        };
        let refused = of(RequestSent::NotSent, FailureCause::Connect, false);
        assert_eq!(
            (refused.kind, refused.outcome),
            (ErrorKind::Transport, Outcome::NotApplied)
        );
        assert!(refused.retryable && refused.message.contains("was not sent"));
        let broken = of(RequestSent::Unknown, FailureCause::Broken, false);
        assert_eq!(broken.outcome, Outcome::Unknown);
        assert_eq!(
            of(RequestSent::Sent, FailureCause::Incomplete, true).outcome,
            Outcome::NotApplied
        );
        let denied = of(RequestSent::NotSent, FailureCause::Denied, true);
        assert_eq!(
            (denied.kind, denied.retryable),
            (ErrorKind::Forbidden, false)
        );
    }
}
