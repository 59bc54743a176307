//! What the driver may have to read of an item: its id and its partition key (spec data-plane §1.3).

use super::json::{self, Json};
use super::key::KeyComponent;
use super::patch::key_segments;

/// The item's id; none if the item is no object with a text of this name.
pub fn id(item: &[u8]) -> Option<String> {
    member(item, "id").and_then(json::text)
}

/// The item's value at one path of the partition key, undefined where the item has none. None if it is an array or an
/// object, which no key may be. Of members with the same name the last one counts.
pub fn key_component(item: &[u8], path: &str) -> Option<KeyComponent> {
    let mut value = Json::parse(item)?;
    for segment in key_segments(path) {
        match member(value.get().as_bytes(), &segment) {
            Some(inner) => value = inner,
            None => return Some(KeyComponent::Undefined),
        }
    }
    Some(match value.get().as_bytes() {
        b"null" => KeyComponent::Null,
        b"true" => KeyComponent::Boolean(true),
        b"false" => KeyComponent::Boolean(false),
        [b'"', ..] => KeyComponent::Text(json::text(value)?),
        [b'{' | b'[', ..] => return None,
        _ => KeyComponent::Number(json::number(value.get())?),
    })
}

fn member<'a>(json: &'a [u8], wanted: &str) -> Option<Json<'a>> {
    let mut found = None;
    json::members(json, &mut |name, value| {
        if name == wanted {
            found = Some(value);
        }
    })?;
    found
}

#[cfg(test)]
mod tests {
    use super::KeyComponent::{Boolean, Null, Number, Text, Undefined};
    use super::*;

    const ITEM: &[u8] = br#"{"id":"1","t":"a\"b","n":-2.5,"b":true,"f":false,"z":null,
        "a":{"b":7,"c/d":"x"},"list":[1],"twice":1,"twice":2}"#;

    #[test]
    fn values_at_paths() {
        let text = |text: &str| Some(Text(text.to_owned()));
        for (path, expected) in [
            ("/id", text("1")),
            ("/t", text("a\"b")),
            ("/n", Some(Number(-2.5))),
            ("/b", Some(Boolean(true))),
            ("/f", Some(Boolean(false))),
            ("/z", Some(Null)),
            ("/a/b", Some(Number(7.0))),
            ("/a/\"c/d\"", text("x")),
            ("/a/'c/d'", text("x")),
            ("/twice", Some(Number(2.0))),
            ("/none", Some(Undefined)),
            ("/a/none", Some(Undefined)),
            ("/t/deeper", Some(Undefined)),
            ("/z/deeper", Some(Undefined)),
            ("/a", None),
            ("/list", None),
        ] {
            assert_eq!(key_component(ITEM, path), expected, "{path}");
        }
    }

    #[test]
    fn ids_are_texts() {
        assert_eq!(id(ITEM).as_deref(), Some("1"));
        for item in ["", "[]", "7", "{}", r#"{"id":1}"#, r#"{"id":"#] {
            assert_eq!(id(item.as_bytes()), None, "{item}");
        }
    }
}
