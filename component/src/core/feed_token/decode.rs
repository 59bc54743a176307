//! Reading a token. It comes from outside: everything about it is checked.

use super::fingerprint::{Fingerprint, parse_hex};
use super::{
    Boundary, Continuation, FeedKind, FeedToken, MAX_DEPTH, MAX_TOKEN_BYTES, Node, Refused, Slice,
    Start,
};
use crate::wire::base64::{self, Form};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;
use crate::wire::json::{self, Json};
use crate::wire::object::Object;
use crate::wire::query_plan::Direction;
use crate::wire::rfc3339;

/// ORDER BY columns.
const MAX_COLUMNS: usize = 64;

/// The length of `,"check":"` with 32 digits and `"}`.
const CHECK_BYTES: usize = 44;

/// Reads a continuation that the caller hands in.
///
/// # Errors
/// It is too long, was made by a newer driver, is damaged, or holds characters that no header can carry.
pub fn parse(text: &str) -> Result<Continuation, Refused> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(Refused::TooLong);
    }
    let Some((version, encoded)) = versioned(text) else {
        return continuation(text.to_owned()).map(Continuation::Server);
    };
    if version != "1" {
        return Err(Refused::Newer);
    }
    let json = base64::decode(Form::Url, encoded.as_bytes()).ok_or(Refused::Damaged)?;
    token(&json).map(Continuation::Driver)
}

/// `c`, digits, a dot, the rest.
fn versioned(text: &str) -> Option<(&str, &str)> {
    let (version, rest) = text.strip_prefix('c')?.split_once('.')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((version, rest))
}

fn token(json: &[u8]) -> Result<FeedToken, Refused> {
    let checked = json.len().checked_sub(CHECK_BYTES);
    let checked = checked
        .and_then(|length| json.get(..length))
        .ok_or(Refused::Damaged)?;
    let object = &mut Object::read(json).ok_or(Refused::Damaged)?;
    if fingerprint(object, "check")? != Fingerprint::of(&[checked]) {
        return Err(Refused::Damaged);
    }
    let kind = match (need(object, "op")?.get(), object.take("cfm").map(Json::get)) {
        ("\"Query\"", None) => FeedKind::Query,
        ("\"ReadFeed\"", None) => FeedKind::ReadFeed,
        ("\"ReadMany\"", None) => FeedKind::ReadMany,
        ("\"ChangeFeed\"", None) => FeedKind::ChangeFeed,
        ("\"ChangeFeed\"", Some("true")) => FeedKind::AllVersionsChangeFeed,
        _ => return Err(Refused::Damaged),
    };
    let token = FeedToken {
        container: text(object, "rid")?,
        fingerprint: fingerprint(object, "fingerprint")?,
        root: node(need(object, "root")?, kind, MAX_DEPTH)?,
        kind,
    };
    end(object)?;
    Ok(token)
}

fn node(json: Json<'_>, kind: FeedKind, depth: usize) -> Result<Node, Refused> {
    let depth = depth.checked_sub(1).ok_or(Refused::Damaged)?;
    let object = &mut object(json)?;
    let name = text(object, "kind")?;
    let query = kind == FeedKind::Query;
    let items = query || kind == FeedKind::ReadFeed;
    let changes = matches!(kind, FeedKind::ChangeFeed | FeedKind::AllVersionsChangeFeed);
    let node = match name.as_str() {
        "drained" if !changes => Node::Drained,
        "request" if items => Node::Request {
            continuation: server_continuation(object)?,
        },
        "sequential_drain" if items => sequential_drain(object)?,
        "streaming_ordered_merge" if query => ordered_merge(object)?,
        "unordered_merge" if changes => Node::Changes {
            start: start(need(object, "start_from")?)?,
            turn: match object.take("next_epk") {
                Some(json) => epk(json)?,
                None => Epk::MIN,
            },
            slices: some_slices(need(object, "active_tokens")?, Extra::Nothing)?,
        },
        "skip_take" if query => Node::SkipTake {
            skip: number(object, "remaining_skip")?.ok_or(Refused::Damaged)?,
            take: number(object, "remaining_take")?,
            child: Box::new(node(need(object, "child")?, kind, depth)?),
        },
        "distinct" if query && need(object, "distinct_type")?.get() == "\"Ordered\"" => {
            Node::Distinct {
                last: last_hash(object)?,
                child: Box::new(node(need(object, "child")?, kind, depth)?),
            }
        }
        "read_many" if kind == FeedKind::ReadMany => Node::ReadMany {
            slices: some_slices(need(object, "units")?, Extra::Chunk)?,
        },
        _ => return Err(Refused::Damaged),
    };
    end(object)?;
    Ok(node)
}

fn sequential_drain(object: &mut Object<'_>) -> Result<Node, Refused> {
    let cursor = point(object, "left_most_undrained_epk")?;
    let slices = slices(need(object, "active_tokens")?, Extra::Nothing)?;
    let asked = slices.iter().all(|slice| slice.continuation.is_some());
    let above = slices.first().is_none_or(|first| cursor <= first.range.min);
    if cursor >= Epk::MAX || !asked || !above {
        return Err(Refused::Damaged);
    }
    Ok(Node::SequentialDrain { cursor, slices })
}

fn ordered_merge(object: &mut Object<'_>) -> Result<Node, Refused> {
    let mut directions = Vec::new();
    for direction in list(need(object, "directions")?)? {
        directions.push(match direction.get() {
            "\"Ascending\"" => Direction::Ascending,
            "\"Descending\"" => Direction::Descending,
            _ => return Err(Refused::Damaged),
        });
    }
    if directions.is_empty() || directions.len() > MAX_COLUMNS {
        return Err(Refused::Damaged);
    }
    let columns = Extra::Boundary(directions.len());
    let slices = some_slices(need(object, "ranges")?, columns)?;
    Ok(Node::OrderedMerge { directions, slices })
}

fn start(json: Json<'_>) -> Result<Start, Refused> {
    let object = &mut object(json)?;
    let start = match need(object, "kind")?.get() {
        "\"beginning\"" => Start::Beginning,
        "\"now\"" => Start::Now,
        "\"point_in_time\"" => {
            let instant = rfc3339::parse(&text(object, "value")?);
            Start::At(instant.ok_or(Refused::Damaged)?)
        }
        _ => return Err(Refused::Damaged),
    };
    end(object)?;
    Ok(start)
}

/// What slices of a node have beside their bounds and their continuation.
#[derive(Clone, Copy, PartialEq)]
enum Extra {
    Nothing,
    /// Boundaries of so many columns, where a row was given.
    Boundary(usize),
    Chunk,
}

/// Slices in ascending order and apart.
fn slices(json: Json<'_>, extra: Extra) -> Result<Vec<Slice>, Refused> {
    let mut slices: Vec<Slice> = Vec::new();
    for element in list(json)? {
        let slice = slice(&mut object(element)?, extra)?;
        if let Some(last) = slices.last() {
            let next_chunk = slice.range == last.range && slice.chunk > last.chunk;
            if !next_chunk && slice.range.min < last.range.max {
                return Err(Refused::Damaged);
            }
        }
        slices.push(slice);
    }
    Ok(slices)
}

/// The same, but at least one.
fn some_slices(json: Json<'_>, extra: Extra) -> Result<Vec<Slice>, Refused> {
    let slices = slices(json, extra)?;
    if slices.is_empty() {
        return Err(Refused::Damaged);
    }
    Ok(slices)
}

fn slice(object: &mut Object<'_>, extra: Extra) -> Result<Slice, Refused> {
    let mut slice = Slice {
        range: EpkRange {
            min: point(object, "min_epk")?,
            max: point(object, "max_epk")?,
        },
        continuation: server_continuation(object)?,
        boundary: None,
        chunk: 0,
    };
    match extra {
        Extra::Nothing => {}
        Extra::Boundary(columns) => {
            if let Some(json) = object.take("boundary") {
                slice.boundary = Some(boundary(json, columns)?);
            }
        }
        Extra::Chunk => slice.chunk = number(object, "chunk")?.unwrap_or_default(),
    }
    end(object)?;
    if slice.range.is_empty() || slice.range.max > Epk::MAX {
        return Err(Refused::Damaged);
    }
    Ok(slice)
}

fn boundary(json: Json<'_>, columns: usize) -> Result<Boundary, Refused> {
    let object = &mut object(json)?;
    let mut values = Vec::with_capacity(columns);
    for value in list(need(object, "resume_values")?)? {
        let value = value.get();
        let scalar = !value.starts_with(['[', '{']);
        if !scalar && value != "[]" {
            return Err(Refused::Damaged);
        }
        values.push(value.to_owned());
    }
    let boundary = Boundary {
        values,
        rid: text(object, "last_rid")?,
        skip: number(object, "skip_count")?.unwrap_or_default(),
    };
    end(object)?;
    if boundary.values.len() != columns || boundary.skip == 0 {
        return Err(Refused::Damaged);
    }
    Ok(boundary)
}

fn object(json: Json<'_>) -> Result<Object<'_>, Refused> {
    Object::read(json.get().as_bytes()).ok_or(Refused::Damaged)
}

/// Nothing may be left: unknown members, or some that come twice.
fn end(object: &Object<'_>) -> Result<(), Refused> {
    if object.is_empty() {
        Ok(())
    } else {
        Err(Refused::Damaged)
    }
}

fn need<'a>(object: &mut Object<'a>, name: &str) -> Result<Json<'a>, Refused> {
    object.take(name).ok_or(Refused::Damaged)
}

/// A text that is not empty.
fn text(object: &mut Object<'_>, name: &str) -> Result<String, Refused> {
    let text = json::text(need(object, name)?);
    text.filter(|text| !text.is_empty()).ok_or(Refused::Damaged)
}

fn fingerprint(object: &mut Object<'_>, name: &str) -> Result<Fingerprint, Refused> {
    Fingerprint::parse(&text(object, name)?).ok_or(Refused::Damaged)
}

fn last_hash(object: &mut Object<'_>) -> Result<Option<u128>, Refused> {
    match object.take("last_hash") {
        Some(json) => {
            let hash = json::text(json).and_then(|hex| parse_hex(&hex));
            hash.map(Some).ok_or(Refused::Damaged)
        }
        None => Ok(None),
    }
}

fn number(object: &mut Object<'_>, name: &str) -> Result<Option<u64>, Refused> {
    match object.take(name) {
        Some(json) => json.get().parse().map(Some).map_err(|_| Refused::Damaged),
        None => Ok(None),
    }
}

fn point(object: &mut Object<'_>, name: &str) -> Result<Epk, Refused> {
    epk(need(object, name)?)
}

fn epk(json: Json<'_>) -> Result<Epk, Refused> {
    let point = json::text(json).and_then(|hex| hex.parse().ok());
    point.ok_or(Refused::Damaged)
}

fn server_continuation(object: &mut Object<'_>) -> Result<Option<String>, Refused> {
    match object.take("server_continuation") {
        Some(json) => continuation(json::text(json).ok_or(Refused::Damaged)?).map(Some),
        None => Ok(None),
    }
}

/// What goes into a header: printable ASCII, and something.
fn continuation(text: String) -> Result<String, Refused> {
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if text.is_empty() || !printable {
        return Err(Refused::Damaged);
    }
    Ok(text)
}

fn list(json: Json<'_>) -> Result<Vec<Json<'_>>, Refused> {
    json::elements(json).ok_or(Refused::Damaged)
}
