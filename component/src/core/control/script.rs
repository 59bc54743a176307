//! Running stored procedures (spec data-plane §8).

use std::rc::Rc;

use http::Method;
use percent_encoding::percent_decode_str;

use super::container;
use crate::core::error::{Error, ErrorKind, Result};
use crate::core::operation::{Conditions, ContainerRef, PartitionKey};
use crate::core::request::{MAX_ITEM_BYTES, Request};
use crate::core::retry::Class;
use crate::wire::headers::{ResponseHeaders, name};
use crate::wire::json::Json;
use crate::wire::link::{Link, ResourceType};

/// A call of a stored procedure.
#[derive(Clone, PartialEq)]
pub struct ScriptCall {
    /// The procedure's container.
    pub container: ContainerRef,
    /// The procedure's id.
    pub id: String,
    /// The logical partition that it runs in.
    pub key: PartitionKey,
    /// JSON texts, sent as they are.
    pub parameters: Vec<Vec<u8>>,
    /// Whether the answer tells what it wrote with `console.log`: see [`decode_log`].
    pub log: bool,
    /// A session token, sent as it is.
    pub session_token: Option<String>,
}

/// Runs a stored procedure. It is repeated only if the service certainly did not run it.
///
/// # Errors
/// `invalid-argument`: names, a key or a token that cannot be sent, a parameter that is no JSON. `payload-too-large`:
/// parameters over [`MAX_ITEM_BYTES`] together.
pub fn execute(call: ScriptCall) -> Result<Request> {
    let [database, container] = container(&call.container);
    let procedure = (ResourceType::StoredProcedure, call.id.as_str());
    let link = Link::point(&[database, container, procedure])?;
    let request = Request {
        name: "execute_stored_procedure",
        class: Class::UnsafeWrite,
        body: Some(Rc::new(list(&call.parameters)?)),
        ..Request::bare(Method::POST, link)
    };
    let request = request.with_scope(call.container, call.key)?;
    let mut request = request.with_conditions(Conditions {
        precondition: None,
        session_token: call.session_token,
    })?;
    if call.log {
        request.set_header(name::SCRIPT_LOGGING, "true");
    }
    Ok(request)
}

/// Puts what a stored procedure wrote in place of the escaped text in the header.
pub fn decode_log(headers: &mut ResponseHeaders) {
    for (name, value) in &mut headers.others {
        if name == name::SCRIPT_LOG {
            *value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        }
    }
}

fn list(parameters: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut list = vec![b'['];
    for (place, parameter) in parameters.iter().enumerate() {
        if Json::parse(parameter).is_none() {
            return Err(Error::invalid(format!(
                "parameter {place} (counted from 0) of the stored procedure is no JSON text: encode it, a string with its \
                 quotes"
            )));
        }
        if place > 0 {
            list.push(b',');
        }
        list.extend_from_slice(parameter);
    }
    list.push(b']');
    if list.len() > MAX_ITEM_BYTES {
        return Err(Error::new(
            ErrorKind::PayloadTooLarge,
            format!(
                "the parameters of the stored procedure have {} bytes, the service takes at most {MAX_ITEM_BYTES}: call it \
                 several times",
                list.len()
            ),
        ));
    }
    Ok(list)
}
