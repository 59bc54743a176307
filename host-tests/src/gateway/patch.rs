//! Patches (spec data-plane §7.1).

use serde_json::{Number, Value};

use super::container::Keys;

/// The most operations of a patch.
const MAX_OPERATIONS: usize = 10;

/// The document after the operations of a patch. Errors: what is wrong with the patch.
pub(super) fn apply(document: &Value, patch: &Value, keys: &Keys) -> Result<Value, String> {
    let operations = patch["operations"].as_array();
    let operations = operations.filter(|list| (1..=MAX_OPERATIONS).contains(&list.len()));
    let operations = operations.ok_or("A patch has 1 to 10 operations.")?;
    let mut document = document.clone();
    for operation in operations {
        one(&mut document, operation, keys)?;
    }
    Ok(document)
}

fn one(document: &mut Value, operation: &Value, keys: &Keys) -> Result<(), String> {
    let path = pointer(operation, "path", keys)?;
    let value = operation.get("value").cloned();
    let needed = || value.clone().ok_or("The operation has no value.");
    match operation["op"].as_str() {
        Some("add") => insert(document, &path, needed()?, true),
        Some("set") => insert(document, &path, needed()?, false),
        Some("replace") => {
            *existing(document, &path)? = needed()?;
            Ok(())
        }
        Some("remove") => remove(document, &path).map(drop),
        Some("incr") => {
            let delta = needed()?;
            if existing(document, &path).is_err() {
                return insert(document, &path, delta, false);
            }
            let target = existing(document, &path)?;
            *target = sum(target, &delta).ok_or("Only numbers are incremented.")?;
            Ok(())
        }
        Some("move") => {
            let from = pointer(operation, "from", keys)?;
            if path.starts_with(&from) {
                return Err("A value does not move into itself.".to_owned());
            }
            let moved = remove(document, &from)?;
            insert(document, &path, moved, true)
        }
        _ => Err("There is no such operation.".to_owned()),
    }
}

/// The segments of a path that may be written.
fn pointer(operation: &Value, name: &str, keys: &Keys) -> Result<Vec<String>, String> {
    let text = operation[name]
        .as_str()
        .and_then(|path| path.strip_prefix('/'));
    let text = text.ok_or("A path begins with a slash.")?;
    let path: Vec<String> = text
        .split('/')
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect();
    if path == ["id"] || keys.paths.contains(&path) {
        return Err("The id and the partition key are not patched.".to_owned());
    }
    Ok(path)
}

/// The object or array that holds the last segment, and that segment.
fn parent<'a, 'b>(
    document: &'a mut Value,
    path: &'b [String],
) -> Result<(&'a mut Value, &'b str), String> {
    let (last, above) = path.split_last().ok_or("The path is empty.")?;
    let parent = above
        .iter()
        .try_fold(document, |value, segment| match value {
            Value::Object(properties) => properties.get_mut(segment),
            Value::Array(elements) => elements.get_mut(segment.parse::<usize>().ok()?),
            _ => None,
        });
    Ok((parent.ok_or("The path leads nowhere.")?, last))
}

fn existing<'a>(document: &'a mut Value, path: &[String]) -> Result<&'a mut Value, String> {
    let (parent, last) = parent(document, path)?;
    let value = match parent {
        Value::Object(properties) => properties.get_mut(last),
        Value::Array(elements) => last.parse().ok().and_then(|at: usize| elements.get_mut(at)),
        _ => None,
    };
    value.ok_or_else(|| "The path leads nowhere.".to_owned())
}

/// In arrays, adding inserts and setting replaces; `-` appends.
fn insert(document: &mut Value, path: &[String], value: Value, adds: bool) -> Result<(), String> {
    let (parent, last) = parent(document, path)?;
    match parent {
        Value::Object(properties) => {
            properties.insert(last.to_owned(), value);
        }
        Value::Array(elements) if last == "-" => elements.push(value),
        Value::Array(elements) => match last.parse::<usize>() {
            Ok(at) if adds && at <= elements.len() => elements.insert(at, value),
            Ok(at) if !adds && at < elements.len() => elements[at] = value,
            _ => return Err("The array has no such place.".to_owned()),
        },
        _ => return Err("The path leads nowhere.".to_owned()),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &[String]) -> Result<Value, String> {
    let (parent, last) = parent(document, path)?;
    let removed = match parent {
        Value::Object(properties) => properties.remove(last),
        Value::Array(elements) => last
            .parse()
            .ok()
            .filter(|at: &usize| *at < elements.len())
            .map(|at| elements.remove(at)),
        _ => None,
    };
    removed.ok_or_else(|| "The path leads nowhere.".to_owned())
}

/// Integers stay integers.
fn sum(left: &Value, right: &Value) -> Option<Value> {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left.checked_add(right).map(Value::from);
    }
    Number::from_f64(left.as_f64()? + right.as_f64()?).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::container::Keys;
    use super::apply;

    #[test]
    fn operations_do_what_they_say() {
        let keys = Keys {
            paths: vec![vec!["pk".to_owned()]],
            is_hierarchical: false,
        };
        let document = json!({"id": "1", "pk": 1, "n": 1, "a": [1, 2], "o": {"x": 1}});
        let cases = [
            (
                json!([{"op": "add", "path": "/a/1", "value": 9}]),
                "/a",
                json!([1, 9, 2]),
            ),
            (
                json!([{"op": "add", "path": "/a/-", "value": 9}]),
                "/a",
                json!([1, 2, 9]),
            ),
            (
                json!([{"op": "set", "path": "/a/1", "value": 9}]),
                "/a",
                json!([1, 9]),
            ),
            (
                json!([{"op": "set", "path": "/o/y", "value": 9}]),
                "/o",
                json!({"x": 1, "y": 9}),
            ),
            (
                json!([{"op": "replace", "path": "/o/x", "value": 9}]),
                "/o",
                json!({"x": 9}),
            ),
            (json!([{"op": "remove", "path": "/a/0"}]), "/a", json!([2])),
            (
                json!([{"op": "incr", "path": "/n", "value": 2}]),
                "/n",
                json!(3),
            ),
            (
                json!([{"op": "incr", "path": "/n", "value": 0.5}]),
                "/n",
                json!(1.5),
            ),
            (
                json!([{"op": "incr", "path": "/m", "value": 2}]),
                "/m",
                json!(2),
            ),
            (
                json!([{"op": "move", "from": "/n", "path": "/o/n"}]),
                "/o",
                json!({"x": 1, "n": 1}),
            ),
        ];
        for (operations, path, expected) in cases {
            let patched = apply(&document, &json!({ "operations": operations }), &keys).unwrap();
            assert_eq!(patched.pointer(path), Some(&expected), "{operations}");
        }
        let refused: [Value; 9] = [
            json!([]),
            json!([{"op": "increment", "path": "/n", "value": 1}]),
            json!([{"op": "set", "path": "/id", "value": "2"}]),
            json!([{"op": "set", "path": "/pk", "value": "2"}]),
            json!([{"op": "replace", "path": "/z", "value": "2"}]),
            json!([{"op": "remove", "path": "/z"}]),
            json!([{"op": "add", "path": "/z/y", "value": 1}]),
            json!([{"op": "move", "from": "/o", "path": "/o/x"}]),
            json!(vec![json!({"op": "incr", "path": "/n", "value": 1}); 11]),
        ];
        for operations in refused {
            let patch = json!({ "operations": operations });
            assert!(apply(&document, &patch, &keys).is_err(), "{operations}");
        }
    }
}
