//! Requests and responses as the outside world sees them.

use http::Method;

use super::clock::Nanos;
use super::diagnostics::RequestSent;
use crate::wire::endpoint::Endpoint;
use crate::wire::headers::{HeaderList, ResponseHeaders};

/// Bodies of responses are read up to this many bytes. The service's pages are at most 4 MB.
pub const MAX_RESPONSE_BYTES: usize = 32 << 20;

/// The head of one attempt, complete with authorization.
#[derive(Debug)]
pub struct Head<'a> {
    /// The verb.
    pub method: &'a Method,
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// Escaped path.
    pub path: &'a str,
    /// All headers.
    pub headers: &'a HeaderList,
    /// Whether a body follows; an empty one is a body too.
    pub has_body: bool,
    /// How long a connection may take to be made. The host is asked to hold to it.
    pub connect_timeout: Nanos,
    /// How long the answer may take to begin. The host is asked to hold to it; the driver's own clock runs beside.
    pub first_byte_timeout: Nanos,
}

/// A complete response.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderList,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no complete response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// The name of the host could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// TLS failed.
    Tls,
    /// The host's policy refused to send it.
    Denied,
    /// The HTTP import does not take such a request.
    Refused,
    /// Nothing arrived in time.
    Timeout,
    /// The connection broke.
    Broken,
    /// The response ended early or was not HTTP.
    Incomplete,
    /// The response is larger than the driver takes.
    TooLarge,
    /// Anything else.
    Other,
}

/// A request without a complete response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportFailure {
    /// Whether the service can have seen the request.
    pub sent: RequestSent,
    /// What failed.
    pub cause: FailureCause,
    /// The error's name in the HTTP import, for people.
    pub detail: String,
}

/// Checks that this is a complete answer.
///
/// # Errors
/// The body is shorter or longer than `content-length` says. A body with a content encoding is not checked: the host
/// may have decoded it.
pub fn check(status: u16, headers: &ResponseHeaders, body: &[u8]) -> Result<(), TransportFailure> {
    let announced = headers
        .other("content-length")
        .and_then(|text| text.parse::<u64>().ok());
    let Some(length) = announced.filter(|length| *length != body.len() as u64) else {
        return Ok(());
    };
    let bodiless = status == 204 || status == 304;
    if bodiless
        || headers
            .other("content-encoding")
            .is_some_and(|encoding| encoding != "identity")
    {
        return Ok(());
    }
    Err(incomplete(format!(
        "{} bytes of {length} arrived",
        body.len()
    )))
}

fn incomplete(detail: String) -> TransportFailure {
    TransportFailure {
        sent: RequestSent::Sent,
        cause: FailureCause::Incomplete,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_must_be_as_long_as_announced() {
        let list = |pairs: &[(&str, &str)]| {
            let owned =
                |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
            ResponseHeaders::from_list(pairs.iter().map(owned).collect())
        };
        let length = |text| list(&[("Content-Length", text)]);
        assert!(check(200, &length("3"), b"abc").is_ok());
        assert!(check(200, &list(&[]), b"abc").is_ok());
        assert!(check(204, &length("3"), b"").is_ok());
        assert!(check(200, &length("x"), b"").is_ok());
        let failure = check(200, &length("4"), b"abc").unwrap_err();
        assert_eq!(failure.sent, RequestSent::Sent);
        assert_eq!(failure.detail, "3 bytes of 4 arrived");
        let encoded = list(&[("content-length", "4"), ("content-encoding", "gzip")]);
        assert!(check(200, &encoded, b"abcdef").is_ok());
    }
}
