//! The head of an outgoing request: the same calls on both versions of `wasi:http`.

#[cfg(feature = "p2")]
use wasi::http::types::{Method, OutgoingRequest as Request, Scheme};
#[cfg(feature = "p3")]
use wasip3::http::types::{Method, Request, Scheme};

use crate::core::clock::{Nanos, millis};
use crate::core::exchange::{Head, TransportFailure};
use crate::wasi::failure::refused;

/// Fills in everything but the headers.
pub(super) fn fill(request: &Request, head: &Head<'_>) -> Result<(), TransportFailure> {
    let scheme = if head.endpoint.is_https() {
        Scheme::Https
    } else {
        Scheme::Http
    };
    if let Some(method) = method(head.method) {
        request
            .set_method(&method)
            .map_err(|()| refused("method"))?;
    }
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| refused("scheme"))?;
    request
        .set_authority(Some(head.endpoint.authority()))
        .map_err(|()| refused("authority"))?;
    request
        .set_path_with_query(Some(head.path))
        .map_err(|()| refused("path"))
}

/// The host's clock is a little slower than the driver's, which knows better what to say when time is up.
const HOST_GRACE: Nanos = millis(100);

/// How long the host may wait for the beginning of the answer.
pub(super) fn first_byte_timeout(head: &Head<'_>) -> Nanos {
    head.first_byte_timeout.saturating_add(HOST_GRACE)
}

/// None for GET, which is what a request is when nothing is said.
fn method(method: &http::Method) -> Option<Method> {
    match *method {
        http::Method::GET => None,
        http::Method::POST => Some(Method::Post),
        http::Method::PUT => Some(Method::Put),
        http::Method::DELETE => Some(Method::Delete),
        http::Method::PATCH => Some(Method::Patch),
        _ => Some(Method::Other(method.as_str().to_owned())),
    }
}
