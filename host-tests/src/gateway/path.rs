//! Paths into documents: those of SQL, `c.a["b"]`, and those of partition keys, `/a/"b"`.

use serde_json::Value;

/// What a path names: properties, or the places in arrays.
pub(super) type Segments = Vec<String>;

/// The alias and the segments of an expression like `c.a["b"][0]`; none if it is none.
pub(super) fn parse(expression: &str) -> Option<(String, Segments)> {
    let end = expression.find(['.', '[']).unwrap_or(expression.len());
    let (alias, mut rest) = expression.split_at(end);
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            segments.push(name[..end].to_owned());
            rest = &name[end..];
        } else {
            let (segment, behind) = bracket(rest)?;
            segments.push(segment);
            rest = behind;
        }
    }
    let is_name = |name: &str| {
        name.chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    (is_name(alias) && !alias.is_empty()).then(|| (alias.to_owned(), segments))
}

/// `["name"]` or `[0]` at the start of a text, and what is behind it.
fn bracket(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('[')?;
    let mut values = serde_json::Deserializer::from_str(inner).into_iter::<Value>();
    let value = values.next()?.ok()?;
    let behind = inner[values.byte_offset()..]
        .trim_start()
        .strip_prefix(']')?;
    match value {
        Value::String(name) => Some((name, behind)),
        Value::Number(place) => Some((place.to_string(), behind)),
        _ => None,
    }
}

/// The segments of a partition key path.
pub(super) fn of_key(path: &str) -> Segments {
    let mut segments = Vec::new();
    let mut rest = path.trim_start_matches('/');
    while !rest.is_empty() {
        let quote = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        let (segment, behind) = match quote {
            Some(quote) => rest[1..].split_once(quote).unwrap_or_default(),
            None => rest.split_once('/').unwrap_or((rest, "")),
        };
        segments.push(segment.to_owned());
        rest = behind.trim_start_matches('/');
    }
    segments
}

/// The value at the end of a path; none where the document has no such property.
pub(super) fn get<'a>(value: &'a Value, segments: &[String]) -> Option<&'a Value> {
    segments
        .iter()
        .try_fold(value, |value, segment| match value {
            Value::Object(properties) => properties.get(segment),
            Value::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{get, of_key, parse};

    #[test]
    fn expressions_name_what_they_mean() {
        let document = json!({"a": {"b c": [1, 2]}, "_rid": 3});
        let cases = [
            ("c._rid", Some(json!(3))),
            (r#"c.a["b c"][1]"#, Some(json!(2))),
            (r#"c["a"]["b c"]"#, Some(json!([1, 2]))),
            ("c.a.x", None),
            ("c.a[\"b c\"][2]", None),
        ];
        for (text, expected) in cases {
            let (alias, segments) = parse(text).unwrap();
            assert_eq!(
                (alias.as_str(), get(&document, &segments)),
                ("c", expected.as_ref())
            );
        }
        for text in ["", "c[", "c[true]", "c d", "COUNT(1)"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn segments_of_keys_may_be_quoted() {
        assert_eq!(of_key("/a/b"), ["a", "b"]);
        assert_eq!(of_key(r#"/"a/b"/'c'/d"#), ["a/b", "c", "d"]);
    }
}
