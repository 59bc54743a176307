//! JSON values as queries see them: their order, equality and hash (spec data-plane §3.7, §3.11).
//!
//! Read from the bytes that the service sent, which are known to be valid JSON by then. Nothing is copied but texts
//! with escapes in them.

use std::borrow::Cow;
use std::cmp::Ordering;

mod hash;
mod number;
mod scan;
#[cfg(test)]
mod tests;
mod text;

pub use hash::{MAX_DEPTH, Unhashable, hash};
pub use number::Number;
pub use scan::{Elements, Members, elements, member, members};
pub use text::compare as compare_texts;

/// A value, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A property that is missing.
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, by value: `5` is `5.0`.
    Number(Number),
    /// A text without its escapes, as UTF-8; a surrogate without its other half is coded alike (WTF-8).
    Text(Cow<'a, [u8]>),
    /// An array, as it came.
    Array(&'a [u8]),
    /// An object, as it came.
    Object(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Reads a value; none if the bytes begin like no JSON value.
    pub fn parse(json: &'a [u8]) -> Option<Self> {
        let json = json.trim_ascii();
        Some(match json.first()? {
            b'n' => Self::Null,
            b't' => Self::Boolean(true),
            b'f' => Self::Boolean(false),
            b'"' => Self::Text(text::decode(json)),
            b'[' => Self::Array(json),
            b'{' => Self::Object(json),
            _ => Self::Number(Number::parse(json)?),
        })
    }

    /// The value of a property that may be missing.
    pub fn of(json: Option<&'a [u8]>) -> Option<Self> {
        json.map_or(Some(Self::Undefined), Self::parse)
    }

    /// The same, with a life of its own. None for arrays and objects, which are only looked at in place.
    pub fn into_owned(self) -> Option<Value<'static>> {
        Some(match self {
            Self::Undefined => Value::Undefined,
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(value),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Array(_) | Self::Object(_) => return None,
        })
    }

    /// The order of the service: undefined, null, false, true, numbers by value, texts by UTF-16 units, arrays,
    /// objects. Two arrays are equal here, and two objects: only the service can order them.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => text::compare(one, other),
            (Self::Boolean(one), Self::Boolean(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Undefined => 0,
            Self::Null => 1,
            Self::Boolean(_) => 2,
            Self::Number(_) => 3,
            Self::Text(_) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }
}

/// A text without its quotes and escapes, as in [`Value::Text`]; none if the value is no text.
pub fn text(json: &[u8]) -> Option<Cow<'_, [u8]>> {
    match Value::parse(json)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
