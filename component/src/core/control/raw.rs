//! Any request that the driver has no operation for.

use std::rc::Rc;

use http::Method;

use crate::core::error::{Error, Result};
use crate::core::operation::{ContainerRef, PartitionKey};
use crate::core::options::headers;
use crate::core::request::Request;
use crate::core::retry::Class;
use crate::wire::headers::name;
use crate::wire::link::{self, Link};

/// Headers that every request of the driver has.
const RESERVED: [&str; 10] = [
    name::ACCEPT,
    name::ACTIVITY_ID,
    name::AUTHORIZATION,
    name::CACHE_CONTROL,
    name::CLIENT_ID,
    name::DATE,
    name::NO_RETRY_449,
    name::SDK_CAPABILITIES,
    name::USER_AGENT,
    name::VERSION,
];

/// A request as the caller wants it.
#[derive(Clone, PartialEq)]
pub struct RawRequest {
    /// The verb.
    pub method: Method,
    /// The URL's path with ids escaped, `/dbs/d/colls/c/docs/item%201`.
    pub path: String,
    /// Headers besides those that every request has.
    pub headers: Vec<(String, String)>,
    /// The body, sent as it is.
    pub body: Option<Vec<u8>>,
    /// The partition key, for a request that belongs to one: it is routed like those of items. Empty for all others.
    pub key: PartitionKey,
}

/// The request, signed, routed and repeated like any other. A `GET` and a query count as reads; everything else is repeated
/// only if the service certainly did not carry it out.
///
/// # Errors
/// `invalid-argument`: a path that names no resource, headers that cannot be sent or that the driver sets itself, a
/// partition key outside of a container.
pub fn request(mut raw: RawRequest) -> Result<Request> {
    let link = link::parse(&raw.path).ok_or_else(|| {
        Error::invalid(
            "the path names no resource of the account: begin it with a slash, escape ids, and leave out host and query string",
        )
    })?;
    headers::check(&mut raw.headers)?;
    let at = container_of(&link);
    let mut request = Request {
        name: "raw_request",
        class: Class::UnsafeWrite,
        body: raw.body.map(Rc::new),
        ..Request::bare(raw.method, link)
    };
    for (name, value) in raw.headers {
        if RESERVED.contains(&name.as_str()) {
            return Err(Error::invalid(format!(
                "the driver itself sets the header {name}: leave it out"
            )));
        }
        request.set_header(&name, value);
    }
    if is_read(&request) {
        request.class = Class::Read;
    }
    match at {
        _ if raw.key.is_empty() => Ok(request),
        Some(at) => request.with_scope(at, raw.key),
        None => Err(Error::invalid(
            "the request has a partition key, but its path is not inside of a container: leave the key out",
        )),
    }
}

fn is_read(request: &Request) -> bool {
    let query = request.header(name::IS_QUERY);
    let query = query.is_some_and(|value| value.eq_ignore_ascii_case(b"true"));
    request.method == Method::GET || (request.method == Method::POST && query)
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
