//! Whether an answer is what was expected.

use serde_json::Value;

/// Says where `found` is not what was expected; none if it is.
///
/// An object may have more than is expected. Arrays are as long and in the same order. `"$any"` is anything but `null` or
/// nothing, `{"$least": n}` a number of at least `n`.
pub(crate) fn difference(expected: &Value, found: &Value, place: &str) -> Option<String> {
    let differs = |what: &str| Some(format!("{place} is {what}: {found}, expected {expected}"));
    match (expected, found) {
        (Value::String(any), found) if any == "$any" => found
            .is_null()
            .then(|| format!("{place} is missing, and something is expected")),
        (Value::Object(wanted), found) if wanted.contains_key("$least") => {
            let least = wanted.get("$least").and_then(Value::as_f64);
            let enough = found.as_f64() >= least && found.is_number();
            if enough { None } else { differs("too little") }
        }
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().find_map(|(name, wanted)| {
                let found = found.get(name).unwrap_or(&Value::Null);
                difference(wanted, found, &format!("{place}.{name}"))
            })
        }
        (Value::Array(wanted), Value::Array(found)) => {
            if wanted.len() != found.len() {
                return differs("of another length");
            }
            let pairs = wanted.iter().zip(found).enumerate();
            pairs.into_iter().find_map(|(n, (wanted, found))| {
                difference(wanted, found, &format!("{place}[{n}]"))
            })
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => None,
        _ if expected == found => None,
        _ => differs("something else"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn more_may_be_there_but_not_less() {
        let same = [
            (json!({"a": 1}), json!({"a": 1.0, "b": 2})),
            (json!({"a": "$any"}), json!({"a": ""})),
            (json!({"a": null}), json!({})),
            (json!({"a": {"$least": 1}}), json!({"a": 1.5})),
            (json!([{"id": "1"}]), json!([{"id": "1", "n": 2}])),
        ];
        for (expected, found) in same {
            assert_eq!(difference(&expected, &found, "it"), None);
        }
    }

    #[test]
    fn what_differs_is_named() {
        let others = [
            (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "it.a.b"),
            (json!({"a": "$any"}), json!({}), "it.a"),
            (json!({"a": {"$least": 1}}), json!({"a": 0.5}), "it.a"),
            (json!({"a": {"$least": 0}}), json!({}), "it.a"),
            (json!([1, 2]), json!([1]), "it is of another length"),
            (json!([1, 2]), json!([2, 1]), "it[0]"),
            (json!({}), json!([]), "it is something else"),
        ];
        for (expected, found, place) in others {
            let said = difference(&expected, &found, "it").unwrap_or_default();
            assert!(said.starts_with(place), "{said}");
        }
    }
}
