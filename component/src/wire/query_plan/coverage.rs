//! Which part of the hash space a query runs on.

use crate::wire::json::Json;
use std::cmp::Ordering;

use super::super::epk::{Epk, KeyHash, effective_partition_key, prefix_range};
use super::super::epk_range::{EpkRange, disjoint};
use super::super::json;
use super::super::key::KeyComponent;
use super::super::object::Object;
use super::{Malformed, flag, object};

/// The member that all of this is about.
const RANGES: Malformed = Malformed("queryRanges");

/// Where a query runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// On these ranges: in ascending order, apart from each other, none empty.
    Ranges(Vec<EpkRange>),
    /// On one partition, the first: it reads no items (`SELECT 5`), so that each partition would answer the same.
    FirstPartition,
}

impl Coverage {
    /// What of it lies in a feed range. Nothing at all is an empty list: no request is needed.
    pub fn within(&self, scope: &EpkRange) -> Self {
        let Self::Ranges(ranges) = self else {
            return Self::FirstPartition;
        };
        let common = ranges.iter().filter_map(|range| range.intersection(scope));
        Self::Ranges(common.collect())
    }
}

/// How a container forms its keys, as far as bounds depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyShape {
    /// How keys are hashed.
    pub hash: KeyHash,
    /// How many paths a key has.
    pub paths: usize,
}

impl KeyShape {
    /// How many bytes a point has, 0 if that depends on the key.
    fn width(self) -> usize {
        match self.hash {
            KeyHash::V1 => 0,
            KeyHash::V2 => POINT_BYTES,
            KeyHash::Multi => POINT_BYTES.saturating_mul(self.paths),
        }
    }
}

/// The bytes of a hashed key, or of one component of a hierarchical one.
const POINT_BYTES: usize = 16;

/// Reads `queryRanges`; all of the space if there are none.
pub(super) fn parse(json: Option<Json<'_>>, keys: KeyShape) -> Result<Coverage, Malformed> {
    let rows = match json {
        Some(json) => json::elements(json).ok_or(RANGES)?,
        None => Vec::new(),
    };
    if rows.is_empty() {
        return Ok(Coverage::Ranges(vec![EpkRange::ALL]));
    }
    let mut ranges = Vec::with_capacity(rows.len());
    for row in rows {
        ranges.extend(range(row, keys)?);
    }
    if ranges.is_empty() {
        return Ok(Coverage::FirstPartition);
    }
    Ok(Coverage::Ranges(disjoint(ranges)))
}

/// One range; none for the point at the beginning of the space, where no key is.
fn range(row: Json<'_>, keys: KeyShape) -> Result<Option<EpkRange>, Malformed> {
    let row = &mut object(row, RANGES.0)?;
    let min = bound(row.take("min").ok_or(RANGES)?, keys)?;
    let max = bound(row.take("max").ok_or(RANGES)?, keys)?;
    // A bound that is not meant to be in is taken in, at the beginning; the query's own filter still holds. One that is
    // meant to be in, at the end, belongs to a point, or ends a prefix, where no key is.
    for name in ["isMinInclusive", "isMaxInclusive"] {
        flag(row, name).map_err(|_| RANGES)?;
    }
    match min.point.cmp(&max.point) {
        Ordering::Greater => Err(RANGES),
        Ordering::Less => Ok(Some(EpkRange {
            min: min.point,
            max: max.point,
        })),
        Ordering::Equal if min.point == Epk::MIN => Ok(None),
        Ordering::Equal => Ok(Some(EpkRange {
            max: match max.prefix_end {
                Some(end) => end,
                None => min.point.successor(keys.width()),
            },
            min: min.point,
        })),
    }
}

struct Bound {
    point: Epk,
    /// Where all keys that begin like this one end, if it is the beginning of a key only.
    prefix_end: Option<Epk>,
}

impl From<Epk> for Bound {
    fn from(point: Epk) -> Self {
        Self {
            point,
            prefix_end: None,
        }
    }
}

/// A point as hex; or a key as an array, with the two ends of the space as `[]` and `"Infinity"`.
fn bound(value: Json<'_>, keys: KeyShape) -> Result<Bound, Malformed> {
    if let Some(text) = json::text(value) {
        let point = match text.as_str() {
            "Infinity" => Epk::MAX,
            hex => hex.parse().map_err(|_| RANGES)?,
        };
        return Ok(point.into());
    }
    let mut elements = json::elements(value).ok_or(RANGES)?;
    let infinite = elements.last().copied().is_some_and(is_infinity);
    if infinite {
        elements.pop();
    }
    let mut components = Vec::with_capacity(elements.len());
    for element in elements {
        components.push(component(element).ok_or(RANGES)?);
    }
    key_bound(&components, infinite, keys).ok_or(RANGES)
}

fn key_bound(components: &[KeyComponent], infinite: bool, keys: KeyShape) -> Option<Bound> {
    if components.is_empty() {
        let end = if infinite { Epk::MAX } else { Epk::MIN };
        return Some(end.into());
    }
    if keys.hash == KeyHash::Multi && (infinite || components.len() < keys.paths) {
        let (point, end) = prefix_range(components).ok()?;
        if infinite {
            return Some(end.into());
        }
        let prefix_end = Some(end);
        return Some(Bound { point, prefix_end });
    }
    if infinite {
        return None;
    }
    let point = effective_partition_key(components, keys.hash).ok()?;
    Some(point.into())
}

fn component(value: Json<'_>) -> Option<KeyComponent> {
    Some(match value.get() {
        "null" => KeyComponent::Null,
        "true" => KeyComponent::Boolean(true),
        "false" => KeyComponent::Boolean(false),
        "{}" => KeyComponent::Undefined,
        text if text.starts_with('"') => KeyComponent::Text(json::text(value)?),
        text if text.starts_with('{') && kind(value)? == "Undefined" => KeyComponent::Undefined,
        text => KeyComponent::Number(json::number(text)?),
    })
}

fn is_infinity(value: Json<'_>) -> bool {
    kind(value).is_some_and(|kind| kind == "Infinity")
}

/// What `{"type": …}` says.
fn kind(value: Json<'_>) -> Option<String> {
    json::text(Object::read(value.get().as_bytes())?.take("type")?)
}
