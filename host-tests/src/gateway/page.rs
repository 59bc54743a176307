//! Pages of feeds, and the continuations between them.
//!
//! A continuation says behind which document the next page begins, so it holds after splits and merges. It is bound
//! to the body of its request and to its slice: a part of that slice may use it, nobody else.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, bad};
use super::call::Call;
use super::container::Container;
use super::epk::{Epk, Slice};
use super::scope::Scope;

/// The place of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Position {
    /// Its sort keys.
    pub(super) keys: Vec<Option<Value>>,
    /// The number of its document.
    pub(super) ordinal: u64,
    /// Its number among the document's rows.
    pub(super) nth: u64,
}

/// What comes before a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Cursor {
    /// The last row that was looked at; none: no row yet.
    pub(super) position: Option<Position>,
    /// How many rows there were.
    pub(super) emitted: u64,
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    /// JSON texts.
    pub(super) rows: Vec<String>,
    /// Where the next one begins; none: there is no next one.
    pub(super) next: Option<Cursor>,
}

impl Page {
    /// No rows, and a continuation that goes on where it is.
    pub(super) fn empty(cursor: Cursor) -> Self {
        Self {
            rows: Vec::new(),
            next: Some(cursor),
        }
    }
}

/// What comes before the page that is asked for. Errors: the continuation is none of this request's.
pub(super) fn begin(
    call: &Call<'_>,
    container: &Container,
    scope: &Scope,
) -> Result<Cursor, Answer> {
    let Some(text) = call.header("x-ms-continuation") else {
        return Ok(Cursor::default());
    };
    let token = STANDARD.decode(text).ok();
    let token = token.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    let token = token.ok_or_else(|| bad("The continuation is invalid."))?;
    let bound = |name: &str| token[name].as_str().and_then(Epk::parse);
    let (Some(min), Some(max)) = (bound("min"), bound("max")) else {
        return Err(bad("The continuation is invalid."));
    };
    if token["rid"] != container.rid.as_str() || token["body"] != body_of(call) {
        return Err(bad("The continuation is that of another request."));
    }
    if !scope.slice.is_within(&Slice { min, max }) || token["key"] != json!(scope.key) {
        return Err(bad("The continuation is that of another range."));
    }
    let keys = token["keys"].as_array();
    let position = token["ordinal"].as_u64().map(|ordinal| Position {
        keys: keys.into_iter().flatten().map(decoded).collect(),
        ordinal,
        nth: token["nth"].as_u64().unwrap_or_default(),
    });
    Ok(Cursor {
        position,
        emitted: token["emitted"].as_u64().unwrap_or_default(),
    })
}

/// The page as an answer.
pub(super) fn answer(call: &Call<'_>, container: &Container, scope: &Scope, page: &Page) -> Answer {
    let answer = feed(&container.rid, "Documents", &page.rows);
    let answer = owned(answer, container, &scope.range);
    match &page.next {
        Some(cursor) => answer.header(
            "x-ms-continuation",
            &continuation(call, container, scope, cursor),
        ),
        None => answer,
    }
}

/// A feed's body and the number of its rows.
pub(super) fn feed(rid: &str, name: &str, rows: &[String]) -> Answer {
    let count = rows.len();
    let body = format!(
        "{{\"_rid\":\"{rid}\",\"{name}\":[{}],\"_count\":{count}}}",
        rows.join(",")
    );
    let answer = Answer::text(200, body).header("x-ms-item-count", &count.to_string());
    answer.charged("2.5")
}

/// Names the range that an answer comes from, and what it has seen.
pub(super) fn owned(answer: Answer, container: &Container, range: &str) -> Answer {
    let lsn = container.data.lsn;
    answer
        .header("x-ms-documentdb-partitionkeyrangeid", range)
        .header("x-ms-session-token", &format!("{range}:1#{lsn}#1={lsn}"))
        .header("x-ms-content-path", &container.rid)
        .header("lsn", &lsn.to_string())
}

fn continuation(call: &Call<'_>, container: &Container, scope: &Scope, cursor: &Cursor) -> String {
    let keys = cursor.position.iter().flat_map(|position| &position.keys);
    let token = json!({
        "rid": container.rid,
        "body": body_of(call),
        "min": scope.slice.min.text(),
        "max": scope.slice.max.text(),
        "key": scope.key,
        "keys": keys.map(encoded).collect::<Vec<Value>>(),
        "ordinal": cursor.position.as_ref().map(|position| position.ordinal),
        "nth": cursor.position.as_ref().map(|position| position.nth),
        "emitted": cursor.emitted,
    });
    STANDARD.encode(token.to_string())
}

/// Undefined is an empty array, as in resume filters; everything else is in an array of its own.
fn encoded(key: &Option<Value>) -> Value {
    Value::Array(key.iter().cloned().collect())
}

fn decoded(key: &Value) -> Option<Value> {
    key.get(0).cloned()
}

/// A number that other bodies do not have.
fn body_of(call: &Call<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    call.request.body.hash(&mut hasher);
    hasher.finish()
}
