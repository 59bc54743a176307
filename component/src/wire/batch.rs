//! Batches of item operations: the body of a transactional batch, or of one request of a bulk, and the results in its
//! answer (spec data-plane §6.1, §6.2).

use crate::wire::json::Json;
use std::fmt;

use super::patch::{self, PatchOperation};
use super::{Invalid, json};

#[cfg(test)]
mod tests;

/// The service takes at most this many operations in one batch.
pub const MAX_OPERATIONS: usize = 100;

/// The service takes at most this many bytes in one batch.
pub const MAX_BODY_BYTES: usize = 2 << 20;

/// The service's limit for the id of an item, in bytes of UTF-8.
const MAX_ID_BYTES: usize = 1023;

/// Names of the headers that make a `POST …/docs` a batch. The values of the first four are `True` and `False`.
pub mod header {
    /// `True` for every batch.
    pub const IS_BATCH: &str = "x-ms-cosmos-is-batch-request";
    /// `True`: all operations or none. `False`: each for itself, a bulk.
    pub const ATOMIC: &str = "x-ms-cosmos-batch-atomic";
    /// Whether operations after a failed one are carried out: `True` for a bulk, `False` for a transactional batch.
    pub const CONTINUE_ON_ERROR: &str = "x-ms-cosmos-batch-continue-on-error";
    /// `True`: in the order of the body. Transactional batches only.
    pub const ORDERED: &str = "x-ms-cosmos-batch-ordered";
    /// The physical partition of a bulk request.
    pub const PARTITION_KEY_RANGE_ID: &str = "x-ms-documentdb-partitionkeyrangeid";
}

/// One operation of a batch.
#[derive(Clone, PartialEq)]
pub struct BatchOperation {
    /// What it does.
    pub action: Action,
    /// Only if the item still has this etag.
    pub if_match: Option<String>,
    /// Only if the item has another etag.
    pub if_none_match: Option<String>,
}

/// What an operation of a batch does. Item bodies are JSON texts, sent as they are.
#[derive(Clone, PartialEq)]
pub enum Action {
    /// Creates the item.
    Create(Vec<u8>),
    /// Creates or replaces the item.
    Upsert(Vec<u8>),
    /// Replaces the item of this id.
    Replace(String, Vec<u8>),
    /// Reads the item of this id.
    Read(String),
    /// Deletes the item of this id.
    Delete(String),
    /// Changes parts of the item of this id, if it meets the condition in the query language.
    Patch(String, Vec<PatchOperation>, Option<String>),
}

/// The result of one operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperationResult {
    /// Its status. 424 stands for an operation that was not carried out because another one failed.
    pub status: u16,
    /// Its sub-status.
    pub sub_status: Option<u32>,
    /// What it cost, in RU; 0 if the service does not say.
    pub request_charge: f64,
    /// The item's etag, quotes included.
    pub etag: Option<String>,
    /// How long the service asks to wait before it is repeated, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The item as it came.
    pub body: Option<Vec<u8>>,
}

/// What a body says of one of its operations, for messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// `Create`, `Upsert`, `Replace`, `Read`, `Delete` or `Patch`.
    pub kind: String,
    /// The item's id, if it has one.
    pub id: Option<String>,
}

impl Action {
    /// The name on the wire.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "Create",
            Self::Upsert(_) => "Upsert",
            Self::Replace(..) => "Replace",
            Self::Read(_) => "Read",
            Self::Delete(_) => "Delete",
            Self::Patch(..) => "Patch",
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Create(_) | Self::Upsert(_) => None,
            Self::Replace(id, _) | Self::Read(id) | Self::Delete(id) | Self::Patch(id, ..) => {
                Some(id)
            }
        }
    }

    fn writes_item(&self) -> bool {
        !matches!(self, Self::Read(_) | Self::Delete(_))
    }
}

// Bodies, ids and etags are the user's data: they stay out of logs.
impl fmt::Debug for BatchOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action.kind())
    }
}

/// The body of a transactional batch, in which every item has the partition key of the request. `minimal` asks for no
/// items back from writes.
///
/// # Errors
/// No operation or more than [`MAX_OPERATIONS`]; an operation that [`operation`] refuses, by its index. The number of
/// bytes is for the caller to check.
pub fn body(operations: &[BatchOperation], minimal: bool) -> Result<Vec<u8>, Invalid> {
    if operations.is_empty() || operations.len() > MAX_OPERATIONS {
        return Err(Invalid::new(format!(
            "a batch holds 1 to {MAX_OPERATIONS} operations, this one {}: split it, or use bulk where they need not \
             succeed together",
            operations.len()
        )));
    }
    let mut body = vec![b'['];
    for (index, one) in operations.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        operation(&mut body, one, None, minimal).map_err(|invalid| {
            let kind = one.action.kind();
            Invalid::new(format!(
                "operation {index} of the batch ({kind}): {invalid}"
            ))
        })?;
    }
    body.push(b']');
    Ok(body)
}

/// Appends one operation. In a bulk each has a partition key of its own: `key` is the value that its header would have.
///
/// # Errors
/// An id that is empty or over 1023 bytes; a body that is not one JSON text, which could reach into the operations
/// around it; a patch that [`patch::body`] refuses.
pub fn operation(
    out: &mut Vec<u8>,
    operation: &BatchOperation,
    key: Option<&str>,
    minimal: bool,
) -> Result<(), Invalid> {
    let action = &operation.action;
    out.extend_from_slice(b"{\"operationType\":\"");
    out.extend_from_slice(action.kind().as_bytes());
    out.push(b'"');
    member(out, "partitionKey", key);
    if let Some(id) = action.id() {
        check_id(id)?;
        member(out, "id", Some(id));
    }
    member(out, "ifMatch", operation.if_match.as_deref());
    member(out, "ifNoneMatch", operation.if_none_match.as_deref());
    if minimal && action.writes_item() {
        out.extend_from_slice(b",\"minimalReturnPreference\":true");
    }
    match action {
        Action::Read(_) | Action::Delete(_) => {}
        Action::Create(item) | Action::Upsert(item) | Action::Replace(_, item) => {
            check_item(item)?;
            embed(out, item);
        }
        Action::Patch(_, steps, condition) => {
            embed(out, &patch::body(steps, condition.as_deref())?);
        }
    }
    out.push(b'}');
    Ok(())
}

/// Reads the results in an answer's body, in the order of the operations. None if it is no list of results.
pub fn results(body: &[u8]) -> Option<Vec<OperationResult>> {
    let elements = json::elements(Json::parse(body)?)?;
    let mut results = Vec::with_capacity(elements.len());
    for element in elements {
        results.push(result(element)?);
    }
    Some(results)
}

/// What a request's body says of the operation at this index.
pub fn named(body: &[u8], index: usize) -> Named {
    let operation = Json::parse(body)
        .and_then(json::elements)
        .and_then(|operations| operations.get(index).copied());
    operation
        .map(|operation| name_of(operation.get().as_bytes()))
        .unwrap_or_default()
}

/// What a rendered operation says of itself.
pub fn name_of(operation: &[u8]) -> Named {
    let mut named = Named::default();
    let mut item = None;
    // What cannot be read has no name.
    let _ = json::members(operation, &mut |name, value| match name {
        "operationType" => named.kind = json::text(value).unwrap_or_default(),
        "id" => named.id = json::text(value),
        "resourceBody" => item = Some(value),
        _ => {}
    });
    if let (None, Some(item)) = (&named.id, item) {
        let _ = json::members(item.get().as_bytes(), &mut |name, value| {
            if name == "id" {
                named.id = json::text(value);
            }
        });
    }
    named
}

fn member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    let Some(value) = value else {
        return;
    };
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    let mut text = String::new();
    json::push_text(&mut text, value);
    out.extend_from_slice(text.as_bytes());
}

fn embed(out: &mut Vec<u8>, json: &[u8]) {
    out.extend_from_slice(b",\"resourceBody\":");
    out.extend_from_slice(json);
}

fn check_id(id: &str) -> Result<(), Invalid> {
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(Invalid::new(format!(
            "the item id is empty or longer than {MAX_ID_BYTES} bytes, the service's limit: give the id of an item"
        )));
    }
    Ok(())
}

fn check_item(item: &[u8]) -> Result<(), Invalid> {
    match Json::parse(item) {
        Some(_) => Ok(()),
        None => Err(Invalid::new("the item is not one JSON text: encode it")),
    }
}

fn result(element: Json<'_>) -> Option<OperationResult> {
    let (mut status, mut sub_status) = (None, None);
    let mut result = OperationResult::default();
    // Some names are spelt in two ways.
    let read = json::members(element.get().as_bytes(), &mut |name, value| match name {
        "statusCode" => status = whole(value),
        "subStatusCode" | "substatusCode" => sub_status = whole(value),
        "requestCharge" => result.request_charge = charge(value),
        "eTag" | "etag" => result.etag = json::text(value),
        "retryAfterMilliseconds" => result.retry_after_ms = whole(value),
        "resourceBody" if value.get() != "null" => {
            result.body = Some(value.get().as_bytes().to_vec());
        }
        _ => {}
    });
    read?;
    result.status = u16::try_from(status?).ok()?;
    result.sub_status = sub_status.and_then(|number| u32::try_from(number).ok());
    Some(result)
}

/// A whole number; anything else counts as absent.
fn whole(value: Json<'_>) -> Option<u64> {
    value.get().parse().ok()
}

/// A finite number that is not negative; anything else counts as absent.
fn charge(value: Json<'_>) -> f64 {
    json::number(value.get()).unwrap_or(0.0).max(0.0)
}
