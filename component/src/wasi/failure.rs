//! What an error of the HTTP import says about the request (spec driver-core §4.2).

#[cfg(feature = "p2")]
use wasi::http::types::ErrorCode;
#[cfg(feature = "p3")]
use wasip3::http::types::ErrorCode;

use crate::core::diagnostics::RequestSent;
use crate::core::exchange::{FailureCause, TransportFailure};

/// Texts of hosts are cut to this many characters.
const MAX_DETAIL: usize = 200;

/// An error before any byte of the response arrived.
pub(super) fn before_head(code: &ErrorCode) -> TransportFailure {
    let (sent, cause, detail) = classify(code);
    let detail = match code {
        ErrorCode::InternalError(Some(text)) => {
            format!(
                "{detail}: {}",
                text.chars().take(MAX_DETAIL).collect::<String>()
            )
        }
        _ => detail.to_owned(),
    };
    TransportFailure {
        sent,
        cause,
        detail,
    }
}

/// An error after the response's head: the service had the request, whatever the code.
pub(super) fn after_head(code: &ErrorCode) -> TransportFailure {
    let failure = before_head(code);
    let cause = match failure.cause {
        FailureCause::Timeout => FailureCause::Timeout,
        _ => FailureCause::Incomplete,
    };
    TransportFailure {
        sent: RequestSent::Sent,
        cause,
        ..failure
    }
}

/// The body is larger than the driver takes.
pub(super) fn too_large() -> TransportFailure {
    TransportFailure {
        sent: RequestSent::Sent,
        cause: FailureCause::TooLarge,
        detail: format!(
            "more than {} bytes",
            crate::core::exchange::MAX_RESPONSE_BYTES
        ),
    }
}

/// The import refused the request or its headers before sending it.
pub(super) fn refused(what: &str) -> TransportFailure {
    TransportFailure {
        sent: RequestSent::NotSent,
        cause: FailureCause::Refused,
        detail: format!("the host refused the {what}"),
    }
}

fn classify(code: &ErrorCode) -> (RequestSent, FailureCause, &'static str) {
    use ErrorCode as Code;
    use FailureCause as Cause;
    use RequestSent::{NotSent, Sent, Unknown};
    match code {
        Code::DnsTimeout => (NotSent, Cause::Dns, "DNS-timeout"),
        Code::DnsError(_) => (NotSent, Cause::Dns, "DNS-error"),
        Code::DestinationNotFound => (NotSent, Cause::Connect, "destination-not-found"),
        Code::DestinationUnavailable => (NotSent, Cause::Connect, "destination-unavailable"),
        Code::DestinationIpProhibited => (NotSent, Cause::Denied, "destination-IP-prohibited"),
        Code::DestinationIpUnroutable => (NotSent, Cause::Connect, "destination-IP-unroutable"),
        Code::ConnectionRefused => (NotSent, Cause::Connect, "connection-refused"),
        Code::ConnectionTimeout => (NotSent, Cause::Connect, "connection-timeout"),
        Code::ConnectionLimitReached => (NotSent, Cause::Connect, "connection-limit-reached"),
        Code::TlsProtocolError => (NotSent, Cause::Tls, "TLS-protocol-error"),
        Code::TlsCertificateError => (NotSent, Cause::Tls, "TLS-certificate-error"),
        Code::TlsAlertReceived(_) => (NotSent, Cause::Tls, "TLS-alert-received"),
        Code::HttpRequestDenied => (NotSent, Cause::Denied, "HTTP-request-denied"),
        Code::HttpRequestLengthRequired => {
            (NotSent, Cause::Refused, "HTTP-request-length-required")
        }
        Code::HttpRequestMethodInvalid => (NotSent, Cause::Refused, "HTTP-request-method-invalid"),
        Code::HttpRequestUriInvalid => (NotSent, Cause::Refused, "HTTP-request-URI-invalid"),
        Code::ConfigurationError => (NotSent, Cause::Other, "configuration-error"),
        Code::HttpResponseIncomplete => (Sent, Cause::Incomplete, "HTTP-response-incomplete"),
        Code::HttpResponseBodySize(_) => (Sent, Cause::TooLarge, "HTTP-response-body-size"),
        Code::HttpResponseHeaderSectionSize(_) | Code::HttpResponseHeaderSize(_) => {
            (Sent, Cause::TooLarge, "HTTP-response-header-size")
        }
        Code::HttpResponseTrailerSectionSize(_) | Code::HttpResponseTrailerSize(_) => {
            (Sent, Cause::TooLarge, "HTTP-response-trailer-size")
        }
        Code::HttpResponseTransferCoding(_) => {
            (Sent, Cause::Incomplete, "HTTP-response-transfer-coding")
        }
        Code::HttpResponseContentCoding(_) => {
            (Sent, Cause::Incomplete, "HTTP-response-content-coding")
        }
        Code::ConnectionTerminated => (Unknown, Cause::Broken, "connection-terminated"),
        Code::ConnectionReadTimeout => (Unknown, Cause::Timeout, "connection-read-timeout"),
        Code::ConnectionWriteTimeout => (Unknown, Cause::Timeout, "connection-write-timeout"),
        Code::HttpResponseTimeout => (Unknown, Cause::Timeout, "HTTP-response-timeout"),
        Code::HttpProtocolError => (Unknown, Cause::Incomplete, "HTTP-protocol-error"),
        Code::LoopDetected => (Unknown, Cause::Other, "loop-detected"),
        Code::InternalError(_) => (Unknown, Cause::Other, "internal-error"),
        _ => (Unknown, Cause::Other, "an HTTP request limit of the host"),
    }
}
