//! Rows as properties in their order, and as text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Properties that the service adds to items.
const SYSTEM: [&str; 5] = ["_rid", "_self", "_etag", "_attachments", "_ts"];

/// The properties of a JSON object in their order, with their values as they are.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// A property's value. Of several of the name, the last one counts, as in the service.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    /// Whether there is no property.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The properties of a row; none if it is no object.
pub(crate) fn members(row: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(row.get()).ok()
}

/// Adds the names of a row's properties that are not there yet. A row that is no object has the column `value`.
pub(super) fn add_columns(columns: &mut Vec<String>, row: &RawValue) {
    let members = members(row);
    let names: Vec<&str> = match &members {
        Some(members) => members.names().collect(),
        None => vec!["value"],
    };
    for name in names {
        if !SYSTEM.contains(&name) && !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    }
}

/// The cells of a row; none where it has no such property.
pub(super) fn cells<'a>(columns: &[String], row: &'a RawValue) -> Vec<Option<&'a RawValue>> {
    let members = members(row);
    let cell = |column: &String| match &members {
        Some(members) => members.get(column),
        None => (column == "value").then_some(row),
    };
    columns.iter().map(cell).collect()
}

/// A value for people: texts without quotes, all else as JSON without spaces. Numbers keep their digits.
pub(super) fn plain(value: &RawValue) -> String {
    match value.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(value.get()).unwrap_or_default(),
        Some(b'{' | b'[') => serde_json::from_str(value.get())
            .map_or_else(|_| value.get().to_owned(), |value: Value| value.to_string()),
        _ => value.get().to_owned(),
    }
}
