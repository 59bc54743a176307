//! Any request that the driver has no operation for.

use std::rc::Rc;

use http::Method;

use crate::core::error::{Error, Result};
use crate::core::options::headers;
use crate::core::request::Request;
use crate::core::retry::Class;
use crate::wire::headers::name;
use crate::wire::link::Link;

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
    /// Kinds and ids as they are, `/dbs/d/colls/c/docs/item 1`.
    pub path: String,
    /// Headers besides those that every request has.
    pub headers: Vec<(String, String)>,
    /// The body, sent as it is.
    pub body: Option<Vec<u8>>,
}

/// The request, signed, routed and repeated like any other. A `GET` and a query count as reads; everything else is repeated
/// only if the service certainly did not carry it out.
///
/// # Errors
/// `invalid-argument`: a path that names no resource, headers that cannot be sent or that the driver sets itself.
pub fn request(mut raw: RawRequest) -> Result<Box<Request>> {
    let link = Link::of(&raw.path)?;
    headers::check(&mut raw.headers)?;
    let mut request = Box::new(Request {
        name: "raw_request",
        class: Class::UnsafeWrite,
        body: raw.body.map(Rc::new),
        ..Request::bare(raw.method, link)
    });
    for (name, value) in raw.headers {
        if RESERVED.contains(&name.as_str()) {
            let what = [
                "the driver itself sets the header ",
                &name,
                ": leave it out",
            ];
            return Err(Error::invalid(what.concat()));
        }
        request.set_header(&name, value);
    }
    if is_read(&request) {
        request.class = Class::Read;
    }
    Ok(request)
}

fn is_read(request: &Request) -> bool {
    let query = request.header(name::IS_QUERY);
    let query = query.is_some_and(|value| value.eq_ignore_ascii_case(b"true"));
    request.method == Method::GET || (request.method == Method::POST && query)
}
