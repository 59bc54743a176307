//! Which WASI error a failed request becomes. The guest concludes from it whether the service can have seen the
//! request, so the ones that mean "not sent" are used only where that is certain.

use std::error::Error as StdError;
use std::io;
use std::iter;

use hyper_util::client::legacy;
use wasmtime_wasi_http::Error;

/// No response arrived.
pub(super) fn before_head(error: &legacy::Error) -> Error {
    if let Some(own) = find::<Error>(error) {
        return own_error(own);
    }
    if error.is_connect() {
        return connecting(error);
    }
    match find::<hyper::Error>(error) {
        Some(cause) if cause.is_parse_too_large() => Error::HttpResponseHeaderSectionSize(None),
        Some(cause) if cause.is_parse() => Error::HttpProtocolError,
        Some(cause) if is_broken(cause) => Error::ConnectionTerminated,
        _ => Error::HttpProtocolError,
    }
}

/// Nothing was sent. Only here is a TLS error one of the handshake: on a connection that stands it breaks the
/// connection, and the service may have read the request.
fn connecting(error: &legacy::Error) -> Error {
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_error(tls);
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => Error::ConnectionRefused,
        Some(io::ErrorKind::TimedOut) => Error::ConnectionTimeout,
        _ => Error::DestinationUnavailable,
    }
}

/// The response had begun.
pub(super) fn after_head(error: &hyper::Error) -> Error {
    if error.is_parse() {
        Error::HttpProtocolError
    } else {
        Error::HttpResponseIncomplete
    }
}

/// Closed or reset, by whoever, or no longer readable.
fn is_broken(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || find::<io::Error>(error).is_some()
}

/// An error of this crate, or of the guest's request body, that came through the client.
fn own_error(error: &Error) -> Error {
    match error {
        Error::DnsError { rcode, info_code } => Error::DnsError {
            rcode: rcode.clone(),
            info_code: *info_code,
        },
        Error::HttpRequestBodySize(size) => Error::HttpRequestBodySize(*size),
        other => Error::InternalError(Some(other.to_string())),
    }
}

fn tls_error(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            Error::TlsCertificateError
        }
        rustls::Error::AlertReceived(alert) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: alert.as_str().map(str::to_owned),
        },
        _ => Error::TlsProtocolError,
    }
}

/// The first cause of this type, from the outside in.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    iter::successors(Some(error), |&error| {
        // `source` of an I/O error leaves out the error that it wraps.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        wrapped
            .map(|wrapped| wrapped as &(dyn StdError + 'static))
            .or_else(|| error.source())
    })
    .find_map(|error| error.downcast_ref())
}
