//! What an error of the HTTP import says about the request (spec driver-core §4.2).

use crate::core::diagnostics::RequestSent::{self, NotSent, Sent, Unknown};
use crate::core::exchange::{FailureCause as Cause, TransportFailure};

/// Texts of hosts are cut to this many characters.
const MAX_DETAIL: usize = 200;

/// An `error-code` of `wasi:http`, which is the same in 0.2 and 0.3: what it means for the request.
pub(super) struct ErrorCode {
    sent: RequestSent,
    cause: Cause,
    name: &'static str,
    text: Option<String>,
}

impl ErrorCode {
    /// `HTTP-response-incomplete`.
    pub(super) const INCOMPLETE: Self = code(Sent, Cause::Incomplete, "HTTP-response-incomplete");

    /// `internal-error`, without a text.
    pub(super) const INTERNAL: Self = code(Unknown, Cause::Other, "internal-error");

    const LIMIT: Self = code(Unknown, Cause::Other, "an HTTP request limit of the host");
}

const fn code(sent: RequestSent, cause: Cause, name: &'static str) -> ErrorCode {
    ErrorCode {
        sent,
        cause,
        name,
        text: None,
    }
}

/// An error before any byte of the response arrived.
pub(super) fn before_head(code: ErrorCode) -> TransportFailure {
    let mut detail = code.name.to_owned();
    if let Some(text) = code.text {
        detail.push_str(": ");
        detail.extend(text.chars().take(MAX_DETAIL));
    }
    TransportFailure {
        sent: code.sent,
        cause: code.cause,
        detail,
    }
}

/// An error after the response's head: the service had the request, whatever the code.
pub(super) fn after_head(code: ErrorCode) -> TransportFailure {
    let failure = before_head(code);
    let cause = match failure.cause {
        Cause::Timeout => Cause::Timeout,
        _ => Cause::Incomplete,
    };
    TransportFailure {
        sent: Sent,
        cause,
        ..failure
    }
}

/// The body is larger than the driver takes.
pub(super) fn too_large() -> TransportFailure {
    TransportFailure {
        sent: Sent,
        cause: Cause::TooLarge,
        detail: format!(
            "more than {} bytes",
            crate::core::exchange::MAX_RESPONSE_BYTES
        ),
    }
}

/// The import refused the request or its headers before sending it.
pub(super) fn refused(what: &str) -> TransportFailure {
    TransportFailure {
        sent: NotSent,
        cause: Cause::Refused,
        detail: format!("the host refused the {what}"),
    }
}

type Text = Option<String>;
type FieldSize = (Text, Option<u32>);

variant!(ErrorCode {
    0 => (): () => code(NotSent, Cause::Dns, "DNS-timeout"),
    1 => _: (Text, Option<u16>) => code(NotSent, Cause::Dns, "DNS-error"),
    2 => (): () => code(NotSent, Cause::Connect, "destination-not-found"),
    3 => (): () => code(NotSent, Cause::Connect, "destination-unavailable"),
    4 => (): () => code(NotSent, Cause::Denied, "destination-IP-prohibited"),
    5 => (): () => code(NotSent, Cause::Connect, "destination-IP-unroutable"),
    6 => (): () => code(NotSent, Cause::Connect, "connection-refused"),
    7 => (): () => code(Unknown, Cause::Broken, "connection-terminated"),
    8 => (): () => code(NotSent, Cause::Connect, "connection-timeout"),
    9 => (): () => code(Unknown, Cause::Timeout, "connection-read-timeout"),
    10 => (): () => code(Unknown, Cause::Timeout, "connection-write-timeout"),
    11 => (): () => code(NotSent, Cause::Connect, "connection-limit-reached"),
    12 => (): () => code(NotSent, Cause::Tls, "TLS-protocol-error"),
    13 => (): () => code(NotSent, Cause::Tls, "TLS-certificate-error"),
    14 => _: (Option<u8>, Text) => code(NotSent, Cause::Tls, "TLS-alert-received"),
    15 => (): () => code(NotSent, Cause::Denied, "HTTP-request-denied"),
    16 => (): () => code(NotSent, Cause::Refused, "HTTP-request-length-required"),
    17 => (): () => Self::LIMIT,
    18 => (): () => code(NotSent, Cause::Refused, "HTTP-request-method-invalid"),
    19 => (): () => code(NotSent, Cause::Refused, "HTTP-request-URI-invalid"),
    20 => (): () => Self::LIMIT,
    21 => (): () => Self::LIMIT,
    22 => _: Option<FieldSize> => Self::LIMIT,
    23 => (): () => Self::LIMIT,
    24 => _: FieldSize => Self::LIMIT,
    25 => (): () => Self::INCOMPLETE,
    26 => (): () => code(Sent, Cause::TooLarge, "HTTP-response-header-size"),
    27 => _: FieldSize => code(Sent, Cause::TooLarge, "HTTP-response-header-size"),
    28 => _: Option<u64> => code(Sent, Cause::TooLarge, "HTTP-response-body-size"),
    29 => (): () => code(Sent, Cause::TooLarge, "HTTP-response-trailer-size"),
    30 => _: FieldSize => code(Sent, Cause::TooLarge, "HTTP-response-trailer-size"),
    31 => _: Text => code(Sent, Cause::Incomplete, "HTTP-response-transfer-coding"),
    32 => _: Text => code(Sent, Cause::Incomplete, "HTTP-response-content-coding"),
    33 => (): () => code(Unknown, Cause::Timeout, "HTTP-response-timeout"),
    34 => (): () => Self::LIMIT,
    35 => (): () => code(Unknown, Cause::Incomplete, "HTTP-protocol-error"),
    36 => (): () => code(Unknown, Cause::Other, "loop-detected"),
    37 => (): () => code(NotSent, Cause::Other, "configuration-error"),
    _ => text: Text => Self { text, ..Self::INTERNAL },
});
