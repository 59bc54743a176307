//! Reading a token. It comes from outside: everything about it is checked.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::value::RawValue;

use super::fingerprint::{Fingerprint, parse_hex};
use super::{
    Boundary, Continuation, FeedKind, FeedToken, MAX_DEPTH, MAX_TOKEN_BYTES, Node, Refused, Slice,
    Start, Unit,
};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;
use crate::wire::json;
use crate::wire::query_plan::Direction;
use crate::wire::rfc3339;

/// The members of the largest object.
const MAX_MEMBERS: usize = 6;

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
    let json = BASE64_URL_SAFE_NO_PAD.decode(encoded);
    let json = json.map_err(|_| Refused::Damaged)?;
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
    let mut object = Object::read(json)?;
    if object.fingerprint("check")? != Fingerprint::of(&[checked]) {
        return Err(Refused::Damaged);
    }
    let kind = match (
        object.need("op")?.get(),
        object.take("cfm").map(RawValue::get),
    ) {
        ("\"Query\"", None) => FeedKind::Query,
        ("\"ReadFeed\"", None) => FeedKind::ReadFeed,
        ("\"ReadMany\"", None) => FeedKind::ReadMany,
        ("\"ChangeFeed\"", None) => FeedKind::ChangeFeed,
        ("\"ChangeFeed\"", Some("true")) => FeedKind::AllVersionsChangeFeed,
        _ => return Err(Refused::Damaged),
    };
    let token = FeedToken {
        container: object.text("rid")?,
        fingerprint: object.fingerprint("fingerprint")?,
        root: node(object.need("root")?, kind, MAX_DEPTH)?,
        kind,
    };
    object.end()?;
    Ok(token)
}

fn node(json: &RawValue, kind: FeedKind, depth: usize) -> Result<Node, Refused> {
    let depth = depth.checked_sub(1).ok_or(Refused::Damaged)?;
    let mut object = Object::read(json.get().as_bytes())?;
    let name = object.text("kind")?;
    let query = kind == FeedKind::Query;
    let items = query || kind == FeedKind::ReadFeed;
    let changes = matches!(kind, FeedKind::ChangeFeed | FeedKind::AllVersionsChangeFeed);
    let node = match name.as_str() {
        "drained" if !changes => Node::Drained,
        "request" if items => Node::Request {
            continuation: object.continuation()?,
        },
        "sequential_drain" if items => sequential_drain(&mut object)?,
        "streaming_ordered_merge" if query => ordered_merge(&mut object)?,
        "unordered_merge" if changes => Node::Changes {
            start: start(object.need("start_from")?)?,
            slices: slices(object.need("active_tokens")?, 0, 1)?,
        },
        "skip_take" if query => Node::SkipTake {
            skip: number(object.need("remaining_skip")?)?,
            take: object.take("remaining_take").map(number).transpose()?,
            child: Box::new(node(object.need("child")?, kind, depth)?),
        },
        "distinct" if query && object.need("distinct_type")?.get() == "\"Ordered\"" => {
            Node::Distinct {
                last: object.hash("last_hash")?,
                child: Box::new(node(object.need("child")?, kind, depth)?),
            }
        }
        "read_many" if kind == FeedKind::ReadMany => Node::ReadMany {
            units: units(object.need("units")?)?,
        },
        _ => return Err(Refused::Damaged),
    };
    object.end()?;
    Ok(node)
}

fn sequential_drain(object: &mut Object<'_>) -> Result<Node, Refused> {
    let cursor = point(object.need("left_most_undrained_epk")?)?;
    let slices = slices(object.need("active_tokens")?, 0, 0)?;
    let asked = slices.iter().all(|slice| slice.continuation.is_some());
    let above = slices.first().is_none_or(|first| cursor <= first.range.min);
    if cursor >= Epk::MAX || !asked || !above {
        return Err(Refused::Damaged);
    }
    Ok(Node::SequentialDrain { cursor, slices })
}

fn ordered_merge(object: &mut Object<'_>) -> Result<Node, Refused> {
    let mut directions = Vec::new();
    for direction in list(object.need("directions")?)? {
        directions.push(match direction.get() {
            "\"Ascending\"" => Direction::Ascending,
            "\"Descending\"" => Direction::Descending,
            _ => return Err(Refused::Damaged),
        });
    }
    if directions.is_empty() || directions.len() > MAX_COLUMNS {
        return Err(Refused::Damaged);
    }
    let slices = slices(object.need("ranges")?, directions.len(), 1)?;
    Ok(Node::OrderedMerge { directions, slices })
}

fn start(json: &RawValue) -> Result<Start, Refused> {
    let mut object = Object::read(json.get().as_bytes())?;
    let start = match object.need("kind")?.get() {
        "\"beginning\"" => Start::Beginning,
        "\"now\"" => Start::Now,
        "\"point_in_time\"" => {
            let instant = rfc3339::parse(&object.text("value")?);
            Start::At(instant.ok_or(Refused::Damaged)?)
        }
        _ => return Err(Refused::Damaged),
    };
    object.end()?;
    Ok(start)
}

/// At least `least` slices, in ascending order and apart. Their boundaries have a value for each of `columns`; without
/// columns there are none.
fn slices(json: &RawValue, columns: usize, least: usize) -> Result<Vec<Slice>, Refused> {
    let mut slices: Vec<Slice> = Vec::new();
    for element in list(json)? {
        let mut object = Object::read(element.get().as_bytes())?;
        let slice = Slice {
            range: object.range()?,
            continuation: object.continuation()?,
            boundary: match object.take("boundary") {
                Some(json) => Some(boundary(json, columns)?),
                None => None,
            },
        };
        object.end()?;
        if slices
            .last()
            .is_some_and(|last| slice.range.min < last.range.max)
        {
            return Err(Refused::Damaged);
        }
        slices.push(slice);
    }
    if slices.len() < least {
        return Err(Refused::Damaged);
    }
    Ok(slices)
}

fn boundary(json: &RawValue, columns: usize) -> Result<Boundary, Refused> {
    let mut object = Object::read(json.get().as_bytes())?;
    let mut values = Vec::with_capacity(columns);
    for value in list(object.need("resume_values")?)? {
        let value = value.get();
        let scalar = !value.starts_with(['[', '{']);
        if !scalar && value != "[]" {
            return Err(Refused::Damaged);
        }
        values.push(value.to_owned());
    }
    let boundary = Boundary {
        values,
        rid: object.text("last_rid")?,
        skip: number(object.need("skip_count")?)?,
    };
    object.end()?;
    if columns == 0 || boundary.values.len() != columns || boundary.skip == 0 {
        return Err(Refused::Damaged);
    }
    Ok(boundary)
}

fn units(json: &RawValue) -> Result<Vec<Unit>, Refused> {
    let mut units: Vec<Unit> = Vec::new();
    for element in list(json)? {
        let mut object = Object::read(element.get().as_bytes())?;
        let unit = Unit {
            range: object.range()?,
            chunk: number(object.need("chunk")?)?,
            continuation: object.continuation()?,
        };
        object.end()?;
        if let Some(last) = units.last() {
            let next_chunk = unit.range == last.range && unit.chunk > last.chunk;
            if !next_chunk && unit.range.min < last.range.max {
                return Err(Refused::Damaged);
            }
        }
        units.push(unit);
    }
    if units.is_empty() {
        return Err(Refused::Damaged);
    }
    Ok(units)
}

/// The members of an object that have not been looked at.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    fn read(json: &'a [u8]) -> Result<Self, Refused> {
        let mut members = Vec::new();
        let read = json::members(json, &mut |name, value| {
            if members.len() <= MAX_MEMBERS {
                members.push((name.to_owned(), value));
            }
        });
        match read {
            Ok(()) if members.len() <= MAX_MEMBERS => Ok(Self(members)),
            _ => Err(Refused::Damaged),
        }
    }

    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(at).1)
    }

    fn need(&mut self, name: &str) -> Result<&'a RawValue, Refused> {
        self.take(name).ok_or(Refused::Damaged)
    }

    /// A text that is not empty.
    fn text(&mut self, name: &str) -> Result<String, Refused> {
        let text = json::text(self.need(name)?);
        text.filter(|text| !text.is_empty()).ok_or(Refused::Damaged)
    }

    fn fingerprint(&mut self, name: &str) -> Result<Fingerprint, Refused> {
        Fingerprint::parse(&self.text(name)?).ok_or(Refused::Damaged)
    }

    fn hash(&mut self, name: &str) -> Result<Option<u128>, Refused> {
        let Some(json) = self.take(name) else {
            return Ok(None);
        };
        let hash = json::text(json).and_then(|hex| parse_hex(&hex));
        hash.map(Some).ok_or(Refused::Damaged)
    }

    fn continuation(&mut self) -> Result<Option<String>, Refused> {
        let Some(json) = self.take("server_continuation") else {
            return Ok(None);
        };
        continuation(json::text(json).ok_or(Refused::Damaged)?).map(Some)
    }

    fn range(&mut self) -> Result<EpkRange, Refused> {
        let range = EpkRange {
            min: point(self.need("min_epk")?)?,
            max: point(self.need("max_epk")?)?,
        };
        if range.is_empty() || range.max > Epk::MAX {
            return Err(Refused::Damaged);
        }
        Ok(range)
    }

    /// Nothing may be left: unknown members, or some that come twice.
    fn end(self) -> Result<(), Refused> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Refused::Damaged)
        }
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

fn list(json: &RawValue) -> Result<Vec<&RawValue>, Refused> {
    json::elements(json).ok_or(Refused::Damaged)
}

fn point(json: &RawValue) -> Result<Epk, Refused> {
    let point = json::text(json).and_then(|hex| hex.parse().ok());
    point.ok_or(Refused::Damaged)
}

fn number(json: &RawValue) -> Result<u64, Refused> {
    json.get().parse().map_err(|_| Refused::Damaged)
}
