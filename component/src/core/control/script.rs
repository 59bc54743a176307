//! Running stored procedures and triggers (spec data-plane §8).

use crate::wire::json::Json;
use std::rc::Rc;

use http::Method;
use percent_encoding::percent_decode_str;

use super::super::error::{Error, ErrorKind, Result};
use super::super::operation::{ContainerRef, PartitionKey};
use super::super::request::{MAX_ITEM_BYTES, Request};
use super::super::retry::Class;
use super::{bare, container, with_key};
use crate::wire::headers::{ResponseHeaders, is_header_text, name};
use crate::wire::id;
use crate::wire::link::{Link, ResourceType};

/// Runs a stored procedure in one logical partition. `arguments` are JSON texts, sent as they are. It is repeated only if
/// the service certainly did not run it. With `logging`, see [`log`].
///
/// # Errors
/// `invalid-argument`: names or a key that cannot be sent, an argument that is no JSON. `payload-too-large`: arguments
/// over [`MAX_ITEM_BYTES`] together.
pub fn execute(
    at: &ContainerRef,
    id: &str,
    key: PartitionKey,
    arguments: &[Vec<u8>],
    logging: bool,
) -> Result<Request> {
    let [database, container] = container(at);
    let link = Link::point(&[database, container, (ResourceType::StoredProcedure, id)])?;
    let name = "execute_stored_procedure";
    let request = bare(name, Class::UnsafeWrite, Method::POST, link);
    let mut request = with_key(request, at, key)?;
    request.body = Some(Rc::new(list(arguments)?));
    if logging {
        request.set_header(name::SCRIPT_LOGGING, "true");
    }
    Ok(request)
}

/// What a stored procedure wrote with `console.log`, if logging was asked for.
pub fn log(headers: &ResponseHeaders) -> Option<String> {
    let log = headers.other(name::SCRIPT_LOG)?;
    Some(percent_decode_str(log).decode_utf8_lossy().into_owned())
}

/// Lets a write of an item run triggers, by their ids. The service takes at most one before and one after the write.
///
/// # Errors
/// Ids that a list in a header cannot hold.
pub fn run_triggers(request: &mut Request, before: &[String], after: &[String]) -> Result<()> {
    for (header, ids) in [(name::PRE_TRIGGERS, before), (name::POST_TRIGGERS, after)] {
        for trigger in ids {
            id::check(ResourceType::Trigger, trigger)?;
            if trigger.contains(',') || !is_header_text(trigger) {
                return Err(Error::invalid(
                    "the id of a trigger holds a comma or a character that no header may hold: name the trigger otherwise",
                ));
            }
        }
        if !ids.is_empty() {
            request.set_header(header, ids.join(","));
        }
    }
    Ok(())
}

fn list(arguments: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut list = vec![b'['];
    for (place, argument) in arguments.iter().enumerate() {
        if Json::parse(argument).is_none() {
            return Err(Error::invalid(format!(
                "argument {place} (counted from 0) of the stored procedure is no JSON text: encode it, a string with its \
                 quotes"
            )));
        }
        if place > 0 {
            list.push(b',');
        }
        list.extend_from_slice(argument);
    }
    list.push(b']');
    if list.len() > MAX_ITEM_BYTES {
        return Err(Error::new(
            ErrorKind::PayloadTooLarge,
            format!(
                "the arguments of the stored procedure have {} bytes, the service takes at most {MAX_ITEM_BYTES}: call it \
                 several times",
                list.len()
            ),
        ));
    }
    Ok(list)
}
