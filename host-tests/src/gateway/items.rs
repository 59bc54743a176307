//! Operations on single documents, alone or in batches.

use http::Method;
use serde_json::Value;

use super::answer::{Answer, unknown};
use super::call::Call;
use super::container::{Container, same_key};
use super::epk::Epk;
use super::page::owned;
use super::patch;
use super::scope::key;
use super::select::condition;

/// The most bytes of a document.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Upsert,
    Replace,
    Read,
    Delete,
    Patch,
}

/// To what it is done.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) kind: Kind,
    pub(super) key: Vec<Value>,
    /// None: it is in the body.
    pub(super) id: Option<String>,
    /// The document or the patch.
    pub(super) body: &'a str,
    pub(super) if_match: Option<String>,
    pub(super) if_none_match: Option<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) status: u16,
    pub(super) sub_status: u32,
    /// Why it failed.
    pub(super) message: String,
    pub(super) etag: Option<String>,
    /// The document's text.
    pub(super) document: Option<String>,
}

impl Outcome {
    pub(super) fn refused(status: u16, sub_status: u32, message: &str) -> Self {
        Self {
            status,
            sub_status,
            message: message.to_owned(),
            ..Self::default()
        }
    }
}

/// Answers a request for one document. `path` is what follows `docs`.
pub(super) fn item(
    call: &Call<'_>,
    container: &mut Container,
    path: &[&str],
) -> Result<Answer, Answer> {
    let kind = kind(call, path).ok_or_else(unknown)?;
    if call.request.body.len() > MAX_BYTES {
        return Err(Answer::refusal(413, 0, "The document is too large."));
    }
    let key = key(call, container)?;
    let epk = Epk::of(&key, container.keys.is_hierarchical);
    let range = container.ranges.of(&epk).map(|range| range.id.clone());
    let range = range.unwrap_or_default();
    let operation = Operation {
        kind,
        key,
        id: path.first().map(|id| (*id).to_owned()),
        body: call.text()?,
        if_match: call.header("if-match").map(str::to_owned),
        if_none_match: call.header("if-none-match").map(str::to_owned),
    };
    let outcome = operate(container, &operation, call.now);
    let answer = if outcome.message.is_empty() {
        let writes = kind != Kind::Read;
        let is_minimal = writes && call.header("prefer") == Some("return=minimal");
        let document = outcome.document.filter(|_| !is_minimal).unwrap_or_default();
        Answer::text(outcome.status, document).charged(if writes { "5" } else { "1" })
    } else {
        Answer::refusal(outcome.status, outcome.sub_status, &outcome.message)
    };
    let answer = match outcome.etag {
        Some(etag) => answer.header("etag", &etag),
        None => answer,
    };
    Ok(owned(answer, container, &range))
}

fn kind(call: &Call<'_>, path: &[&str]) -> Option<Kind> {
    match (call.method(), path) {
        (&Method::GET, [_]) => Some(Kind::Read),
        (&Method::POST, []) if call.says("x-ms-documentdb-is-upsert") => Some(Kind::Upsert),
        (&Method::POST, []) => Some(Kind::Create),
        (&Method::PUT, [_]) => Some(Kind::Replace),
        (&Method::DELETE, [_]) => Some(Kind::Delete),
        (&Method::PATCH, [_]) => Some(Kind::Patch),
        _ => None,
    }
}

/// Does one operation.
pub(super) fn operate(container: &mut Container, operation: &Operation<'_>, now: u64) -> Outcome {
    match attempt(container, operation, now) {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

fn attempt(
    container: &mut Container,
    operation: &Operation<'_>,
    now: u64,
) -> Result<Outcome, Outcome> {
    let kind = operation.kind;
    let id = match kind {
        Kind::Create | Kind::Upsert | Kind::Replace => id_of(container, operation)?,
        _ => operation.id.clone().unwrap_or_default(),
    };
    let place = container.find(&operation.key, &id);
    let current = place.map(|place| container.data.items[place].document.clone());
    let Some((place, current)) = place.zip(current) else {
        return match kind {
            Kind::Create | Kind::Upsert => {
                write(container, operation, &id, operation.body, now, 201)
            }
            _ => Err(Outcome::refused(404, 0, "There is no such document.")),
        };
    };
    let is_known = |etag: &Option<String>| etag.as_deref().is_some_and(|etag| etag == current.etag);
    if kind == Kind::Create {
        return Err(Outcome::refused(409, 0, "The document exists."));
    }
    if kind == Kind::Read && is_known(&operation.if_none_match) {
        return Ok(Outcome {
            status: 304,
            etag: Some(current.etag),
            ..Outcome::default()
        });
    }
    let demand = operation.if_match.as_deref().filter(|etag| *etag != "*");
    if kind != Kind::Read && demand.is_some() && !is_known(&operation.if_match) {
        return Err(Outcome::refused(412, 0, "The document has another etag."));
    }
    match kind {
        Kind::Read => Ok(shown(container, place, 200)),
        Kind::Delete => {
            container.remove(place, now);
            Ok(Outcome {
                status: 204,
                ..Outcome::default()
            })
        }
        Kind::Patch => {
            let patched = patched(container, &current.value, operation.body)?;
            write(container, operation, &id, &patched.to_string(), now, 200)
        }
        _ => write(container, operation, &id, operation.body, now, 200),
    }
}

fn write(
    container: &mut Container,
    operation: &Operation<'_>,
    id: &str,
    text: &str,
    now: u64,
    status: u16,
) -> Result<Outcome, Outcome> {
    let place = container.put(&operation.key, id, text, now);
    let place = place.ok_or_else(|| Outcome::refused(400, 0, "The document is no object."))?;
    Ok(shown(container, place, status))
}

fn shown(container: &Container, place: usize, status: u16) -> Outcome {
    let document = &container.data.items[place].document;
    Outcome {
        status,
        etag: Some(document.etag.clone()),
        document: Some(document.text.clone()),
        ..Outcome::default()
    }
}

/// The id of a document that is to be written. Errors: the service refuses the document.
fn id_of(container: &Container, operation: &Operation<'_>) -> Result<String, Outcome> {
    let document: Value = serde_json::from_str(operation.body).unwrap_or_default();
    if !document.is_object() {
        return Err(Outcome::refused(400, 0, "The document is no JSON object."));
    }
    let id = document["id"].as_str().filter(|id| is_id(id));
    let id = id.ok_or_else(|| Outcome::refused(400, 0, "The document has no valid id."))?;
    if operation.id.as_deref().is_some_and(|named| named != id) {
        return Err(Outcome::refused(
            400,
            0,
            "The id of the document is not that of the request.",
        ));
    }
    let key = container.keys.of(&document).unwrap_or_default();
    if !same_key(&key, &operation.key) {
        let message = "The partition key of the document is not that of the request.";
        return Err(Outcome::refused(400, 1001, message));
    }
    Ok(id.to_owned())
}

fn is_id(id: &str) -> bool {
    (1..=1023).contains(&id.len()) && !id.contains(['/', '\\', '?', '#'])
}

fn patched(container: &Container, document: &Value, body: &str) -> Result<Value, Outcome> {
    let patch: Value = serde_json::from_str(body).unwrap_or_default();
    match &patch["condition"] {
        Value::Null => {}
        Value::String(text) => match condition(text, &Value::Null) {
            None => return Err(Outcome::refused(400, 0, "The condition is not understood.")),
            Some(condition) if !condition.holds(document) => {
                return Err(Outcome::refused(
                    412,
                    1110,
                    "The condition of the patch is false.",
                ));
            }
            Some(_) => {}
        },
        _ => return Err(Outcome::refused(400, 0, "The condition is no text.")),
    }
    patch::apply(document, &patch, &container.keys)
        .map_err(|message| Outcome::refused(400, 0, &message))
}
