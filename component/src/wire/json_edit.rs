//! JSON made and changed without touching what it holds.

use super::json::{self, Json};

/// The object with this member set to a JSON text: in its place if there was one of this name, else at the end. All
/// other members stay the bytes that they were. None if the text is no object.
pub fn with_member(object: &[u8], name: &str, value: &str) -> Option<String> {
    let mut edited = Object::default();
    let mut done = false;
    json::members(object, &mut |other, old| {
        if other != name {
            edited.push(other, old.get());
        } else if !done {
            edited.push(name, value);
            done = true;
        }
    })?;
    if !done {
        edited.push(name, value);
    }
    Some(edited.into_text())
}

/// The object with all members of another one: those of a name that both have come from `new`, in the place that they
/// had. Values are texts that stay the bytes that they were. None if one of the two is no object.
pub fn merged(old: &[u8], new: &[u8]) -> Option<String> {
    let mut news: Vec<(String, Option<Json<'_>>)> = Vec::new();
    json::members(new, &mut |name, value| {
        news.push((name.to_owned(), Some(value)));
    })?;
    let mut edited = Object::default();
    json::members(
        old,
        &mut |name, value| match news.iter_mut().find(|(new, _)| new == name) {
            None => edited.push(name, value.get()),
            Some((_, new)) => {
                if let Some(new) = new.take() {
                    edited.push(name, new.get());
                }
            }
        },
    )?;
    for (name, value) in news {
        if let Some(value) = value {
            edited.push(&name, value.get());
        }
    }
    Some(edited.into_text())
}

/// An object that is being written.
#[derive(Debug, Default)]
pub struct Object(String);

impl Object {
    /// Adds a member whose value is a JSON text.
    pub fn push(&mut self, name: &str, value: &str) {
        let separator = if self.0.is_empty() { "{" } else { "," };
        self.0.extend([separator, &text(name), ":", value]);
    }

    /// The object.
    pub fn into_text(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}

/// A text as a JSON string.
pub fn text(text: &str) -> String {
    let mut json = String::with_capacity(text.len().saturating_add(2));
    json::push_text(&mut json, text);
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_changes_and_the_rest_stays() {
        for (object, expected) in [
            ("{}", r#"{"a":7}"#),
            (r#"{"a":1}"#, r#"{"a":7}"#),
            (
                r#" { "b" : 1.0, "a": [ 1 ] ,"c\n":"\u00e9"} "#,
                r#"{"b":1.0,"a":7,"c\n":"\u00e9"}"#,
            ),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":7,"b":2}"#),
            (r#"{"\u0061":1}"#, r#"{"a":7}"#),
        ] {
            let edited = with_member(object.as_bytes(), "a", "7");
            assert_eq!(edited.as_deref(), Some(expected));
        }
        for text in ["", "7", "[]", "{", "{} x"] {
            assert_eq!(with_member(text.as_bytes(), "a", "7"), None);
        }
    }

    #[test]
    fn what_only_the_old_object_has_stays() {
        for (old, new, expected) in [
            ("{}", "{}", "{}"),
            (r#"{"a":1.0}"#, "{}", r#"{"a":1.0}"#),
            ("{}", r#"{"a": 1.0 }"#, r#"{"a":1.0}"#),
            (
                r#"{"id":"c","b":{"x": 1},"_etag":"e","c":2}"#,
                r#"{"id":"c","ttl":60,"b":{"y":2},"c":null}"#,
                r#"{"id":"c","b":{"y":2},"_etag":"e","c":null,"ttl":60}"#,
            ),
            (r#"{"\u0061":1,"a":2}"#, r#"{"a":7}"#, r#"{"a":7}"#),
        ] {
            let merged = merged(old.as_bytes(), new.as_bytes());
            assert_eq!(merged.as_deref(), Some(expected));
        }
        for (old, new) in [("", "{}"), ("{}", ""), ("[]", "{}"), ("{}", "7")] {
            assert_eq!(merged(old.as_bytes(), new.as_bytes()), None);
        }
    }

    #[test]
    fn objects_and_texts() {
        let mut object = Object::default();
        object.push("a\"b", "1.0");
        object.push("c", &text("é\n\\"));
        assert_eq!(object.into_text(), r#"{"a\"b":1.0,"c":"é\n\\"}"#);
        assert_eq!(Object::default().into_text(), "{}");
    }
}
