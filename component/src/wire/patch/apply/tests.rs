use serde_json::{Map, Value};

use super::super::PatchValue;
use super::*;
use crate::wire::testing::Random;

fn with(path: &str, value: &str) -> PatchValue {
    PatchValue {
        path: path.to_owned(),
        value: value.as_bytes().to_vec(),
    }
}

fn add(path: &str, value: &str) -> PatchOperation {
    PatchOperation::Add(with(path, value))
}

fn set(path: &str, value: &str) -> PatchOperation {
    PatchOperation::Set(with(path, value))
}

fn replace(path: &str, value: &str) -> PatchOperation {
    PatchOperation::Replace(with(path, value))
}

fn increment(path: &str, value: &str) -> PatchOperation {
    PatchOperation::Increment(with(path, value))
}

fn remove(path: &str) -> PatchOperation {
    PatchOperation::Remove(path.to_owned())
}

fn moved(from: &str, path: &str) -> PatchOperation {
    PatchOperation::Move {
        from: from.to_owned(),
        path: path.to_owned(),
    }
}

const ITEM: &str = r#" {"id":"1", "n" : 1.50, "i":7,"a":[ 1 ,2,3 ],"o":{"x":{}}, "e":[], "q/~":1E2,"\u0061b":0 } "#;

#[test]
fn only_the_patched_place_changes() {
    for (operation, old, new) in [
        (add("/a/0", "9"), "[ 1 ,", "[ 9,1 ,"),
        (add("/a/2", "9"), ",3 ]", ",9,3 ]"),
        (add("/a/3", "9"), ",3 ]", ",3,9 ]"),
        (add("/a/-", " {} "), ",3 ]", ",3,{} ]"),
        (add("/e/-", "9"), r#""e":[]"#, r#""e":[9]"#),
        (add("/e/0", "9"), r#""e":[]"#, r#""e":[9]"#),
        (add("/o/x/y", "9"), r#"{"x":{}}"#, r#"{"x":{"y":9}}"#),
        (add("/o/y\"", "9"), r#"{"x":{}}"#, r#"{"x":{},"y\"":9}"#),
        (add("/n", "9"), "1.50", "9"),
        (set("/a/1", "9"), ",2,", ",9,"),
        (set("/a/-", "9"), ",3 ]", ",3,9 ]"),
        (set("/o/-", "9"), r#"{"x":{}}"#, r#"{"x":{},"-":9}"#),
        (set("/q~1~0", "9"), "1E2", "9"),
        (set("/ab", "9"), r#""\u0061b":0"#, r#""\u0061b":9"#),
        (replace("/a/2", "9"), ",3 ]", ",9 ]"),
        (replace("/o", "9"), r#"{"x":{}}"#, "9"),
        (remove("/a/0"), "[ 1 ,2", "[ 2"),
        (remove("/a/1"), "1 ,2,", "1,"),
        (remove("/a/2"), "2,3 ]", "2 ]"),
        (remove("/o/x"), r#"{"x":{}}"#, "{}"),
        (remove("/n"), r#", "n" : 1.50"#, ""),
        (remove("/ab"), r#","\u0061b":0 }"#, " }"),
        (increment("/n", "0.25"), "1.50", "1.75"),
        (increment("/n", "0.5"), "1.50", "2"),
        (increment("/i", "-9"), r#""i":7"#, r#""i":-2"#),
        (increment("/i", "0.5"), r#""i":7"#, r#""i":7.5"#),
        (
            increment("/i", "9223372036854775800"),
            r#""i":7"#,
            r#""i":9223372036854775807"#,
        ),
        (
            increment("/i", "9223372036854775801"),
            r#""i":7"#,
            r#""i":9.223372036854776e18"#,
        ),
        (increment("/q~1~0", "1"), "1E2", "101"),
        (increment("/a/0", "1"), "[ 1 ", "[ 2 "),
        (
            increment("/o/c", "2.50"),
            r#"{"x":{}}"#,
            r#"{"x":{},"c":2.5}"#,
        ),
        (moved("/a/0", "/a/2"), "[ 1 ,2,3 ]", "[ 2,3,1 ]"),
        (moved("/o/x", "/o"), r#"{"x":{}}"#, "{}"),
        (moved("/i", "/i"), r#", "i":7"#, ""),
    ] {
        let patched = apply(ITEM.as_bytes(), std::slice::from_ref(&operation)).unwrap();
        let mut expected = ITEM.trim().replacen(old, new, 1);
        if operation == moved("/i", "/i") {
            expected = expected.replace(r#""\u0061b":0"#, r#""\u0061b":0,"i":7"#);
        }
        assert_eq!(
            String::from_utf8(patched).unwrap(),
            expected,
            "{operation:?}"
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (operation, misfit) in [
        (add("/z/y", "1"), NO_WAY_THERE),
        (add("/n/y", "1"), NO_WAY_THERE),
        (add("/a/4", "1"), NO_WAY_THERE),
        (add("/a/01", "1"), NO_WAY_THERE),
        (add("/a/+1", "1"), NO_WAY_THERE),
        (add("/a/x", "1"), NO_WAY_THERE),
        (add("/a/-/x", "1"), NO_WAY_THERE),
        (set("/a/3", "1"), NO_WAY_THERE),
        (replace("/z", "1"), NOTHING_THERE),
        (replace("/a/-", "1"), NOTHING_THERE),
        (replace("/a/3", "1"), NOTHING_THERE),
        (remove("/z"), NOTHING_THERE),
        (remove("/a/-"), NOTHING_THERE),
        (increment("/o", "1"), NO_NUMBER),
        (increment("/i", "\"1\""), NO_NUMBER),
        (increment("/new", "true"), NO_NUMBER),
        (increment("/q~1~0", "1e308"), ""),
        (increment("/i", "1e999"), NO_NUMBER),
        (moved("/z", "/i"), NOTHING_THERE),
        (moved("/o", "/o/x"), INTO_ITSELF),
    ] {
        let patched = apply(ITEM.as_bytes(), &[remove("/e"), operation.clone()]);
        match patched {
            Ok(_) => assert_eq!(misfit, "", "{operation:?}"),
            Err(error) => {
                let error = error.to_string();
                assert!(!misfit.is_empty() && error.contains(misfit), "{error}");
                assert!(error.starts_with("operation 1 of the patch ("), "{error}");
            }
        }
    }
    for text in ["", "7", "[]", "{", "{\"a\":1}}"] {
        assert!(apply(text.as_bytes(), &[set("/a", "1")]).is_err(), "{text}");
    }
}

#[test]
fn a_patch_is_checked_before_anything_is_read() {
    let fine = [set("/a", "1"), remove("/b"), moved("/c", "/d")];
    assert!(check(&fine).is_ok());
    assert!(check(&vec![remove("/a"); MAX_APPLIED]).is_ok());
    for wrong in [
        vec![],
        vec![remove("/a"); MAX_APPLIED + 1],
        vec![remove("a")],
        vec![remove("/a"), remove("/id")],
        vec![moved("/a", "/id/x")],
        vec![set("/a", "{")],
    ] {
        assert!(check(&wrong).is_err(), "{wrong:?}");
    }
}

/// Small documents whose paths are often right.
fn document(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 4 } else { 8 }) {
        0 => Value::Null,
        1 => Value::from(random.below(20)),
        2 => Value::from(random.below(20) as f64 / 4.0),
        3 => Value::from("é\"\\"),
        4 | 5 => (0..random.below(4))
            .map(|_| document(random, depth - 1))
            .collect(),
        _ => {
            let mut object = Map::new();
            for _ in 0..random.below(4) {
                object.insert(random.pick(&NAMES).to_owned(), document(random, depth - 1));
            }
            Value::Object(object)
        }
    }
}

const NAMES: [&str; 6] = ["a", "b", "0", "1", "x/~", "é\n"];
const STEPS: [&str; 8] = ["a", "b", "0", "1", "2", "-", "x~1~0", "é\n"];

fn pointer(random: &mut Random) -> String {
    let steps = 1 + random.below(2) + random.below(2);
    (0..steps)
        .map(|_| format!("/{}", random.pick(&STEPS)))
        .collect()
}

/// The plain way: everything decoded.
fn naive(document: &mut Value, operation: &PatchOperation) -> Option<()> {
    let (op, path, value) = operation.parts();
    let value = value.map(|value| serde_json::from_slice::<Value>(&value.value).unwrap());
    let (above, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    if let PatchOperation::Move { from, .. } = operation {
        if path.starts_with(&format!("{from}/")) {
            return None;
        }
        let mut copy = document.clone();
        let value = copy.pointer(from)?.to_string();
        naive(&mut copy, &remove(from))?;
        naive(&mut copy, &add(path, &value))?;
        *document = copy;
        return Some(());
    }
    let old = document.pointer(path).cloned();
    let value = match op {
        "incr" => {
            let (old, by) = (old.clone().unwrap_or_else(|| Value::from(0)), value?);
            Some(match (old.as_i64(), by.as_i64()) {
                (Some(old), Some(by)) => Value::from(old + by),
                _ => Value::from(old.as_f64()? + by.as_f64()?),
            })
        }
        _ => value,
    };
    if matches!(op, "replace" | "remove") && old.is_none() {
        return None;
    }
    match document.pointer_mut(above)? {
        Value::Object(object) if op == "remove" => object.remove(&last).map(drop),
        Value::Object(object) => {
            object.insert(last, value?);
            Some(())
        }
        Value::Array(list) if op == "remove" => {
            list.remove(last.parse().ok()?);
            Some(())
        }
        Value::Array(list) if last == "-" => {
            list.push(value?);
            Some(())
        }
        Value::Array(list) => {
            let at: usize = last.parse().ok()?;
            if op == "add" {
                (at <= list.len()).then(|| list.insert(at, value.unwrap()))
            } else {
                list.get_mut(at).map(|place| *place = value.unwrap())
            }
        }
        _ => None,
    }
}

/// `2.0` is `2`.
fn by_value(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(list) => list.iter().map(by_value).collect(),
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| (name.clone(), by_value(value)))
            .collect(),
        other => other.clone(),
    }
}

/// As somebody might have written it: with spaces, or with escapes.
fn written(random: &mut Random, value: &Value) -> String {
    let text = value.to_string();
    match random.below(3) {
        0 => serde_json::to_string_pretty(value).unwrap(),
        1 => text.replace('é', "\\u00e9"),
        _ => text,
    }
}

#[test]
fn it_agrees_with_the_plain_way_property() {
    let mut random = Random::new(17);
    let (mut cases, mut fitting) = (0, 0);
    while cases < 100_000 {
        let mut expected = Value::Object(Map::new());
        for name in NAMES {
            expected[name] = document(&mut random, 2);
        }
        let mut text = written(&mut random, &expected);
        for _ in 0..1 + random.below(4) {
            let (path, other) = (pointer(&mut random), pointer(&mut random));
            let value = document(&mut random, 1);
            let value = written(&mut random, &value);
            let operation = match random.below(6) {
                0 => add(&path, &value),
                1 => set(&path, &value),
                2 => replace(&path, &value),
                3 => increment(&path, random.pick(&["1", "-2", "0.5", "2.0", "null"])),
                4 => remove(&path),
                _ => moved(&other, &path),
            };
            cases += 1;
            let fits = naive(&mut expected, &operation).is_some();
            match apply(text.as_bytes(), std::slice::from_ref(&operation)) {
                Ok(patched) => {
                    let found = serde_json::from_slice(&patched).unwrap();
                    let same = by_value(&found) == by_value(&expected);
                    assert!(fits && same, "{operation:?} {text} {found} {expected}");
                    text = String::from_utf8(patched).unwrap();
                    fitting += 1;
                }
                Err(error) => assert!(!fits, "{operation:?} {text} {error}"),
            }
        }
    }
    assert!(fitting > 20_000, "{fitting}");
    println!("patches: {cases} cases, {fitting} fitting");
}
