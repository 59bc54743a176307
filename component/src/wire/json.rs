//! JSON taken apart without copies: objects into members, arrays into elements, each as the bytes it came as.
//!
//! One visitor for all documents; a derived one for each would cost the component two kilobytes apiece.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `member` with the name and value of each member of an object, in order.
///
/// # Errors
/// The text is no JSON object.
pub fn members<'a>(
    json: &'a [u8],
    member: &mut dyn FnMut(&str, &'a RawValue),
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.deserialize_map(Members(member))?;
    reader.end()
}

/// The elements of an array, none if the value is no array.
pub fn elements(json: &RawValue) -> Option<Vec<&RawValue>> {
    let mut reader = serde_json::Deserializer::from_slice(json.get().as_bytes());
    reader.deserialize_seq(Elements).ok()
}

/// A string's text, none if the value is no string.
pub fn text(json: &RawValue) -> Option<String> {
    serde_json::from_slice(json.get().as_bytes()).ok()
}

/// Whether the value is `true`.
pub fn is_true(json: &RawValue) -> bool {
    json.get() == "true"
}

struct Members<'f, 'a>(&'f mut dyn FnMut(&str, &'a RawValue));

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            (self.0)(&name, map.next_value()?);
        }
        Ok(())
    }
}

struct Elements;

impl<'a> Visitor<'a> for Elements {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(json: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        members(json.as_bytes(), &mut |name, value| {
            names.push(format!("{name}={}", value.get()))
        })
        .ok()?;
        Some(names)
    }

    #[test]
    fn members_come_in_order_and_untouched() {
        assert_eq!(
            names(r#" {"a" : 1.0, "b\n":[ 1 ],"a":"\u00e9"} "#).unwrap(),
            ["a=1.0", "b\n=[ 1 ]", "a=\"\\u00e9\""]
        );
        assert_eq!(names("{}").unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for json in ["", "[]", "7", "null", "{", "{\"a\":}", "{} x", "{\"a\":1"] {
            assert_eq!(names(json), None, "{json}");
        }
    }

    #[test]
    fn elements_texts_and_flags() {
        let raw = |json: &'static str| serde_json::from_str::<&RawValue>(json).unwrap();
        let list = elements(raw("[1, \"a\", {}]")).unwrap();
        assert_eq!(
            list.iter().map(|e| e.get()).collect::<Vec<_>>(),
            ["1", "\"a\"", "{}"]
        );
        assert!(elements(raw("{}")).is_none());
        assert_eq!(text(raw("\"a\\nb\"")).as_deref(), Some("a\nb"));
        assert_eq!(text(raw("1")), None);
        assert!(is_true(raw("true")) && !is_true(raw("\"true\"")));
    }
}
