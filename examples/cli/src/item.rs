//! What an item says about where it belongs: its id and its partition key value.

use cosmosdb_driver_host::PartitionKey;
use cosmosdb_driver_host::types::KeyComponent;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::output::{Members, members};

/// The paths of a container's partition key.
#[derive(Debug)]
pub(crate) struct KeyPaths(Vec<Path>);

#[derive(Debug)]
struct Path {
    text: String,
    segments: Vec<String>,
}

impl KeyPaths {
    /// From the container's definition, as the service tells it.
    pub(crate) fn of(definition: &[u8]) -> Result<Self, Failure> {
        let definition: Value = serde_json::from_slice(definition).unwrap_or_default();
        let paths = definition.pointer("/partitionKey/paths");
        let paths = paths.and_then(Value::as_array).map(Vec::as_slice);
        let paths = paths.unwrap_or_default().iter().filter_map(Value::as_str);
        let paths: Vec<Path> = paths
            .map(|text| Path {
                text: text.to_owned(),
                segments: segments(text),
            })
            .collect();
        if paths.is_empty() {
            return Err(Failure::Other(
                "the service's definition of the container names no partition key".to_owned(),
            ));
        }
        Ok(Self(paths))
    }

    /// The partition key value of an item. Errors: it has an object or an array there.
    pub(crate) fn key(&self, item: &Members<'_>) -> Result<Vec<KeyComponent>, String> {
        self.0.iter().map(|path| path.value(item)).collect()
    }
}

impl Path {
    fn value(&self, item: &Members<'_>) -> Result<KeyComponent, String> {
        let mut segments = self.segments.iter();
        let mut value = segments.next().and_then(|first| item.get(first));
        for segment in segments {
            value = value.and_then(members).and_then(|inner| inner.get(segment));
        }
        let Some(value) = value else {
            return Ok(KeyComponent::Undefined);
        };
        component(value)
            .ok_or_else(|| format!("its partition key {} is an object or an array", self.text))
    }
}

/// `/a/"b c"/d`: segments may stand in double quotes.
fn segments(path: &str) -> Vec<String> {
    let (mut segments, mut rest) = (Vec::new(), path);
    while let Some(start) = rest.strip_prefix('/') {
        let quoted = start
            .strip_prefix('"')
            .and_then(|text| text.split_once('"'));
        let (segment, after) = match quoted {
            Some(parts) => parts,
            None => start.split_at(start.find('/').unwrap_or(start.len())),
        };
        segments.push(segment.to_owned());
        rest = after;
    }
    segments
}

/// A value as a component of a key; none for objects and arrays.
fn component(value: &RawValue) -> Option<KeyComponent> {
    Some(match serde_json::from_str(value.get()).ok()? {
        Value::Null => KeyComponent::Null,
        Value::Bool(value) => KeyComponent::Boolean(value),
        Value::Number(value) => KeyComponent::Number(value.as_f64()?),
        Value::String(value) => KeyComponent::Text(value),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// The id of an item. Errors: there is none, or no text.
pub(crate) fn id(item: &Members<'_>) -> Result<Option<String>, String> {
    let Some(id) = item.get("id") else {
        return Ok(None);
    };
    let id = serde_json::from_str(id.get());
    id.map(Some).map_err(|_| "its id is no text".to_owned())
}

/// A partition key as it is typed: one text for each component. A component that is a JSON number, boolean, null or
/// text in quotes is that; anything else is text.
pub(crate) fn typed_key(components: &[String]) -> Result<Option<PartitionKey>, Failure> {
    let typed = |text: &String| {
        let json = serde_json::from_str::<&RawValue>(text);
        json.ok()
            .and_then(component)
            .unwrap_or_else(|| KeyComponent::Text(text.clone()))
    };
    let components: Vec<KeyComponent> = components.iter().map(typed).collect();
    Ok(Some(match components.as_slice() {
        [] => return Ok(None),
        [one] => PartitionKey::from(one.clone()),
        [one, two] => PartitionKey::from((one.clone(), two.clone())),
        [one, two, three] => PartitionKey::from((one.clone(), two.clone(), three.clone())),
        _ => {
            return Err(Failure::Usage(
                "a partition key has three components at most".to_owned(),
            ));
        }
    }))
}

/// The same from what an item says.
pub(crate) fn whole_key(components: &[KeyComponent]) -> PartitionKey {
    match components {
        [] => PartitionKey::UNDEFINED,
        [one] => PartitionKey::from(one.clone()),
        [one, two] => PartitionKey::from((one.clone(), two.clone())),
        [one, two, three, ..] => PartitionKey::from((one.clone(), two.clone(), three.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(definition: &str) -> KeyPaths {
        KeyPaths::of(definition.as_bytes()).unwrap()
    }

    #[test]
    fn the_key_of_an_item_is_what_its_paths_say() {
        let definition = r#"{"partitionKey":{"paths":["/tenant","/a/\"b c\"","/n"]}}"#;
        let paths = paths(definition);
        for (item, expected) in [
            (
                r#"{"tenant":"x","a":{"b c":true},"n":7}"#,
                "[Text(\"x\"), Boolean(true), Number(7.0)]",
            ),
            (
                r#"{"tenant":null,"a":{},"n":1.5,"n":2.5}"#,
                "[Null, Undefined, Number(2.5)]",
            ),
            (r#"{"a":3}"#, "[Undefined, Undefined, Undefined]"),
        ] {
            let item = serde_json::from_str(item).unwrap();
            let found = format!("{:?}", paths.key(&item).unwrap());
            let plain = found.replace("KeyComponent::", "");
            assert_eq!(plain, expected);
        }
        let wrong = serde_json::from_str(r#"{"tenant":[1]}"#).unwrap();
        assert!(paths.key(&wrong).unwrap_err().contains("/tenant"));
        assert!(KeyPaths::of(b"{}").is_err());
    }

    #[test]
    fn a_typed_key_is_text_unless_it_is_json() {
        let typed = |text: &[&str]| {
            let text: Vec<String> = text.iter().map(|&part| part.to_owned()).collect();
            typed_key(&text)
        };
        for (text, expected) in [
            (vec!["contoso"], PartitionKey::from("contoso")),
            (vec!["42"], PartitionKey::from(42)),
            (vec!["\"42\""], PartitionKey::from("42")),
            (vec!["a", "true"], PartitionKey::from(("a", true))),
            (vec!["null"], PartitionKey::NULL),
            (vec!["{x}"], PartitionKey::from("{x}")),
        ] {
            assert_eq!(typed(&text).unwrap(), Some(expected));
        }
        assert!(typed(&["a", "b", "c", "d"]).is_err());
        assert!(typed(&[]).unwrap().is_none());
    }
}
