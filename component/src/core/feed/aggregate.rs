//! Aggregates: the partitions' parts put together (spec data-plane §3.7).

use super::distinct::hash;
use super::error::{FeedError, Result};
use super::shape::{AggregateKind, Limits};
use super::table::Table;
use crate::wire::json::{self, Json};
use crate::wire::value::{self, Value, member};

/// One aggregate function over the parts that came so far.
#[derive(Debug)]
pub(super) enum Aggregator {
    /// The first value, as it came; of columns that are no aggregates.
    First(Option<Option<Box<[u8]>>>),
    /// `COUNT`, `COUNTIF`, `SUM`.
    Sum {
        total: Total,
        /// A part that is no number is wrong, rather than undefined.
        counts: bool,
    },
    /// `AVG`.
    Average { total: Total, count: Total },
    /// `MIN`, `MAX`.
    Extreme {
        max: bool,
        best: Option<Box<[u8]>>,
        undefined: bool,
    },
    /// `MAKELIST`, `MAKESET`: the elements with commas between them, and the set's hashes.
    List {
        elements: Vec<u8>,
        set: Option<Box<Table>>,
    },
}

/// A sum, exact as long as all terms are integers and 63 bits suffice; undefined once a term was.
#[derive(Debug, Clone, Copy)]
pub(super) enum Total {
    Exact(i64),
    Rounded(f64),
    Undefined,
}

impl Aggregator {
    /// None of a kind keeps the first value.
    pub(super) fn new(kind: Option<AggregateKind>, limits: &Limits) -> Self {
        let total = Total::Exact(0);
        match kind {
            None => Self::First(None),
            Some(AggregateKind::Sum) => Self::Sum {
                total,
                counts: false,
            },
            Some(AggregateKind::Count | AggregateKind::CountIf) => Self::Sum {
                total,
                counts: true,
            },
            Some(AggregateKind::Average) => Self::Average {
                total,
                count: total,
            },
            Some(kind @ (AggregateKind::Min | AggregateKind::Max)) => Self::Extreme {
                max: kind == AggregateKind::Max,
                best: None,
                undefined: false,
            },
            Some(kind) => Self::List {
                elements: Vec::new(),
                set: (kind == AggregateKind::MakeSet)
                    .then(|| Box::new(Table::new(limits.entries, "values of a set"))),
            },
        }
    }

    /// Adds what a partition answered for this column, absent if it left the column out: the value itself of a plain
    /// column, else `{"item":…}`, or a more exact `item2`.
    pub(super) fn add(&mut self, json: Option<&[u8]>) -> Result<()> {
        if let Self::First(first) = self {
            first.get_or_insert_with(|| json.map(Box::from));
            return Ok(());
        }
        let part = json.and_then(part);
        match self {
            Self::First(_) => (),
            Self::Sum { total, counts } => {
                let term = Total::read(part);
                if *counts && matches!(term, Total::Undefined) {
                    return Err(FeedError::Malformed("a count is no number"));
                }
                *total = total.plus(term);
            }
            Self::Average { total, count } => {
                let part = part.unwrap_or_default();
                *total = total.plus(Total::read(member(part, b"sum")));
                *count = count.plus(Total::read(member(part, b"count")));
            }
            Self::Extreme {
                max,
                best,
                undefined,
            } => {
                *undefined |= !take_extreme(*max, best, part)?;
            }
            Self::List { elements, set } => take_elements(elements, set, part)?,
        }
        Ok(())
    }

    /// Writes the result; whether there is one.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::First(Some(Some(json))) => out.extend_from_slice(json),
            Self::First(_)
            | Self::Extreme {
                undefined: true, ..
            }
            | Self::Extreme { best: None, .. } => {
                return false;
            }
            Self::Sum { total, .. } => return total.write(out),
            Self::Average { total, count } => return total.over(*count).write(out),
            Self::Extreme {
                best: Some(json), ..
            } => out.extend_from_slice(json),
            Self::List { elements, .. } => {
                out.push(b'[');
                out.extend_from_slice(elements);
                out.push(b']');
            }
        }
        true
    }

    /// Bytes it keeps besides itself.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::First(Some(Some(json)))
            | Self::Extreme {
                best: Some(json), ..
            } => json.len(),
            Self::List { elements, set } => {
                let set = set.as_ref().map_or(0, |set| set.size());
                elements.len().saturating_add(set)
            }
            _ => 0,
        }
    }
}

/// `item2` if there is one, else `item`, else undefined.
fn part(wrapper: &[u8]) -> Option<&[u8]> {
    member(wrapper, b"item2").or_else(|| member(wrapper, b"item"))
}

/// Whether the result is still defined. A part is the value, or `{"min" or "max", "count"}`, where a count of 0 says that
/// the partition has nothing to say.
fn take_extreme(max: bool, best: &mut Option<Box<[u8]>>, part: Option<&[u8]>) -> Result<bool> {
    let read =
        |json| Value::parse(json).ok_or(FeedError::Malformed("a minimum or maximum is no JSON"));
    let Some(mut json) = part else {
        return Ok(false);
    };
    if let Some(count) = member(json, b"count") {
        if matches!(Total::read(Some(count)), Total::Exact(0)) {
            return Ok(true);
        }
        match member(json, if max { b"max" } else { b"min" }) {
            Some(value) => json = value,
            None => return Ok(false),
        }
    }
    let value = read(json)?;
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        return Ok(false);
    }
    let better = match best.as_deref() {
        None => true,
        Some(best) => {
            let order = value.order(&read(best)?);
            if max { order.is_gt() } else { order.is_lt() }
        }
    };
    if better {
        *best = Some(json.into());
    }
    Ok(true)
}

fn take_elements(
    elements: &mut Vec<u8>,
    set: &mut Option<Box<Table>>,
    part: Option<&[u8]>,
) -> Result<()> {
    let Some(list) = part else {
        return Ok(());
    };
    if list.first() != Some(&b'[') {
        return Err(FeedError::Malformed("a list is no array"));
    }
    for element in value::elements(list) {
        if let Some(set) = set
            && !set.insert(hash(element)?)?.1
        {
            continue;
        }
        if !elements.is_empty() {
            elements.push(b',');
        }
        elements.extend_from_slice(element);
    }
    Ok(())
}

impl Total {
    /// A number; anything else is undefined.
    fn read(json: Option<&[u8]>) -> Self {
        let Some(json) = Json::parse(json.unwrap_or_default()) else {
            return Self::Undefined;
        };
        match json.get().parse() {
            Ok(exact) => Self::Exact(exact),
            Err(_) => json::number(json.get()).map_or(Self::Undefined, Self::Rounded),
        }
    }

    fn plus(self, term: Self) -> Self {
        match (self, term) {
            (Self::Undefined, _) | (_, Self::Undefined) => Self::Undefined,
            (Self::Exact(one), Self::Exact(other)) => match one.checked_add(other) {
                Some(exact) => Self::Exact(exact),
                None => Self::Rounded(one as f64 + other as f64),
            },
            (one, other) => Self::Rounded(one.rounded() + other.rounded()),
        }
    }

    fn over(self, count: Self) -> Self {
        match (self, count) {
            (Self::Undefined, _) | (_, Self::Undefined | Self::Exact(0)) => Self::Undefined,
            (sum, count) => Self::Rounded(sum.rounded() / count.rounded()),
        }
    }

    fn rounded(self) -> f64 {
        match self {
            Self::Exact(exact) => exact as f64,
            Self::Rounded(rounded) => rounded,
            Self::Undefined => f64::NAN,
        }
    }

    /// Writes the number as the service does, whole ones without a point. What JSON has no number for is undefined.
    fn write(self, out: &mut Vec<u8>) -> bool {
        /// Up to here every whole number is exact, and beyond nobody expects its digits.
        const WHOLE: f64 = 9_007_199_254_740_992.0;
        let text = match self {
            Self::Exact(exact) => exact.to_string(),
            Self::Rounded(rounded) if rounded.abs() <= WHOLE && rounded.fract() == 0.0 => {
                (rounded as i64).to_string()
            }
            Self::Rounded(rounded) if rounded.is_finite() => {
                ryu::Buffer::new().format_finite(rounded).to_owned()
            }
            _ => return false,
        };
        out.extend_from_slice(text.as_bytes());
        true
    }
}

/// Begins an object or goes on with one: a brace or a comma, the name, a colon.
pub(super) fn push_name(json: &mut Vec<u8>, name: &str) {
    json.push(if json.is_empty() { b'{' } else { b',' });
    let mut text = String::new();
    json::push_text(&mut text, name);
    json.extend_from_slice(text.as_bytes());
    json.push(b':');
}
