//! Rules of the service that the emulator does not keep.

use bytes::Bytes;
use http::{HeaderName, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::log::Recorded;
use super::refusal::Refusal;

pub(super) const PARTITION_KEY: HeaderName =
    HeaderName::from_static("x-ms-documentdb-partitionkey");

/// Headers that make a POST to a feed something else than a create or upsert.
const NOT_A_CREATE: [&str; 3] = [
    "x-ms-documentdb-isquery",
    "x-ms-documentdb-query",
    "x-ms-cosmos-is-batch-request",
];

/// The segments of a path, unescaped.
pub(super) fn segments(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// Refuses what the service refuses and the emulator would take.
pub(super) fn check(request: &Recorded) -> Result<(), Refusal> {
    let segments = segments(&request.path);
    for id in segments.iter().skip(1).step_by(2) {
        check_id(id)?;
    }
    let is_feed = segments.len() % 2 == 1;
    let is_create = request.method == Method::POST
        && is_feed
        && !NOT_A_CREATE.iter().any(|name| is_true(request, name));
    let is_item = segments.get(4).is_some_and(|kind| kind == "docs");
    if is_item && (is_create || !is_feed) && !request.headers.contains_key(PARTITION_KEY) {
        return Err(Refusal::bad_request(format!(
            "The header '{PARTITION_KEY}' is required for this operation."
        )));
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let id = body.get("id").and_then(Value::as_str);
    match (&request.method, id) {
        (&Method::POST, Some(id)) if is_create => check_id(id),
        (&Method::PUT, Some(id)) if is_item => check_same_id(id, segments.last()),
        (&Method::PATCH, _) => check_patch(&body),
        _ => Ok(()),
    }
}

/// The number of components in the partition key header of an item operation, if it has one.
pub(super) fn key_length(request: &Recorded) -> Option<usize> {
    let key: Vec<Value> = serde_json::from_str(request.header(PARTITION_KEY.as_str())?).ok()?;
    Some(key.len())
}

/// Whether an answer of the emulator says that the partition key header disagrees with the item. It says so only in
/// words.
pub(super) fn tells_wrong_key(answer: &Response<Bytes>) -> bool {
    answer.status() == StatusCode::BAD_REQUEST
        && String::from_utf8_lossy(answer.body()).contains("does not match the request header")
}

/// A replaced item keeps its id.
fn check_same_id(id: &str, addressed: Option<&String>) -> Result<(), Refusal> {
    if addressed.is_some_and(|addressed| addressed != id) {
        return Err(Refusal::bad_request(
            "The id in the body is not the id in the path.",
        ));
    }
    Ok(())
}

/// The service knows six operations by exactly these names.
fn check_patch(body: &Value) -> Result<(), Refusal> {
    let operations = body
        .get("operations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for name in operations.filter_map(|operation| operation.get("op")?.as_str()) {
        if !["add", "set", "replace", "remove", "incr", "move"].contains(&name) {
            return Err(Refusal::bad_request(format!(
                "There is no patch operation '{name}'."
            )));
        }
    }
    Ok(())
}

/// An id has a character at least, and none of the four that the service reserves.
fn check_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() || id.contains(['/', '\\', '?', '#']) {
        return Err(Refusal::bad_request(
            "An id must not be empty nor contain '/', '\\', '?' or '#'.",
        ));
    }
    Ok(())
}

fn is_true(request: &Recorded, name: &str) -> bool {
    request
        .header(name)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
