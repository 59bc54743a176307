//! Any request that the driver has no operation for.

use std::rc::Rc;

use http::Method;

use super::super::error::{Error, Result};
use super::super::operation::{ContainerRef, PartitionKey};
use super::super::request::Request;
use super::super::retry::Class;
use super::{bare, with_key};
use crate::wire::headers::{is_header_name, is_header_text, name};
use crate::wire::link::{self, Link};

/// Headers that every request of the driver has, and those that belong to the connection.
const RESERVED: [&str; 16] = [
    name::ACCEPT,
    name::ACTIVITY_ID,
    name::AUTHORIZATION,
    name::CACHE_CONTROL,
    name::CLIENT_ID,
    "connection",
    name::CONTENT_LENGTH,
    name::DATE,
    "host",
    name::NO_RETRY_449,
    name::SDK_CAPABILITIES,
    "te",
    "transfer-encoding",
    "upgrade",
    name::USER_AGENT,
    name::VERSION,
];

/// A request as the caller wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRequest {
    /// The verb.
    pub method: Method,
    /// The URL's path with ids escaped, `/dbs/d/colls/c/docs/item%201`.
    pub path: String,
    /// Headers besides those that every request has.
    pub headers: Vec<(String, String)>,
    /// The body, sent as it is.
    pub body: Option<Vec<u8>>,
    /// The partition key, for a request that belongs to one: it is routed and repeated like those of items.
    pub key: Option<PartitionKey>,
}

/// The request, signed, routed and repeated like any other. A `GET`, a `HEAD` and a query count as reads; everything else
/// is repeated only if the service certainly did not carry it out.
///
/// # Errors
/// `invalid-argument`: a path that names no resource, headers that cannot be sent or that the driver sets itself, a
/// partition key outside of a container.
pub fn request(raw: RawRequest) -> Result<Request> {
    let link = link::parse(&raw.path).ok_or_else(|| {
        Error::invalid(
            "the path names no resource of the service: begin it with a slash, escape ids, and leave a query string out",
        )
    })?;
    let at = container_of(&link);
    let mut request = bare("raw_request", Class::UnsafeWrite, raw.method, link);
    for (name, value) in raw.headers {
        let name = name.to_ascii_lowercase();
        if !is_header_name(&name) || !is_header_text(&value) || RESERVED.contains(&&*name) {
            return Err(Error::invalid(format!(
                "the header \"{name}\" cannot be sent as given, or the driver sets it itself: leave it out"
            )));
        }
        request.set_header(&name, value);
    }
    if is_read(&request) {
        request.class = Class::Read;
    }
    request.body = raw.body.map(Rc::new);
    match (raw.key, at) {
        (None, _) => Ok(request),
        (Some(key), Some(at)) => with_key(request, &at, key),
        (Some(_), None) => Err(Error::invalid(
            "the request has a partition key, but its path is not inside of a container: leave the key out",
        )),
    }
}

fn is_read(request: &Request) -> bool {
    let query = request.header(name::IS_QUERY);
    let query = query.is_some_and(|value| value.eq_ignore_ascii_case(b"true"));
    match request.method {
        Method::GET | Method::HEAD => true,
        Method::POST => query,
        _ => false,
    }
}

/// The container that the signed text names; ids hold no slash.
fn container_of(link: &Link) -> Option<ContainerRef> {
    let mut steps = link.signing().split('/');
    let (Some("dbs"), Some(database)) = (steps.next(), steps.next()) else {
        return None;
    };
    let (Some("colls"), Some(container)) = (steps.next(), steps.next()) else {
        return None;
    };
    Some(ContainerRef {
        database: database.to_owned(),
        container: container.to_owned(),
    })
}
