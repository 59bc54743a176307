use super::*;
use crate::wire::testing::Random;
use serde_json::value::RawValue;

fn names(json: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    members(json.as_bytes(), &mut |name, value| {
        names.push(format!("{name}={}", value.get()))
    })?;
    Some(names)
}

#[test]
fn members_come_in_order_and_untouched() {
    assert_eq!(
        names(r#" {"a" : 1.0, "b\n":[ 1 ],"a":"\u00e9"} "#).unwrap(),
        ["a=1.0", "b\n=[ 1 ]", "a=\"\\u00e9\""]
    );
    assert_eq!(names("{}").unwrap().len(), 0);
    assert_eq!(names(" { } ").unwrap().len(), 0);
}

#[test]
fn what_is_no_object_is_an_error() {
    for json in [
        "",
        "[]",
        "7",
        "null",
        "{",
        "{\"a\":}",
        "{} x",
        "{\"a\":1",
        "{,}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"\\ud800\":1}",
    ] {
        assert_eq!(names(json), None, "{json}");
    }
}

#[test]
fn elements_texts_and_flags() {
    let raw = |json: &'static str| Json::parse(json.as_bytes()).unwrap();
    let list = elements(raw("[1, \"a\", {} ]")).unwrap();
    assert_eq!(
        list.iter().map(|e| e.get()).collect::<Vec<_>>(),
        ["1", "\"a\"", "{}"]
    );
    assert_eq!(elements(raw("[ ]")).unwrap().len(), 0);
    assert!(elements(raw("{}")).is_none());
    assert_eq!(text(raw("\"a\\nb\"")).as_deref(), Some("a\nb"));
    assert_eq!(text(raw("1")), None);
    assert!(is_true(raw("true")) && !is_true(raw("\"true\"")));
}

#[test]
fn a_value_may_be_followed_by_text() {
    let first = Json::first("{\"a\":[1]}, and more").unwrap();
    assert_eq!(first.get(), "{\"a\":[1]}");
    assert_eq!(Json::first("x"), None);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}1{}", "[{\"a\":".repeat(depth), "}]".repeat(depth));
    let deep = nested(128);
    assert_eq!(Json::parse(deep.as_bytes()).unwrap().get(), deep);
    assert_eq!(Json::parse(nested(129).as_bytes()), None);
    assert_eq!(Json::parse("[".repeat(1_000_000).as_bytes()), None);
    assert_eq!(Json::parse(b"[{]}"), None);
}

#[test]
fn texts_survive_writing_and_reading() {
    for original in [
        "",
        "plain",
        "\"\\/\u{8}\u{c}\n\r\t\u{1}",
        "é€😀\u{2028}\u{7f}",
    ] {
        let (mut json, mut ascii) = (String::new(), String::new());
        push_text(&mut json, original);
        assert_eq!(json, serde_json::to_string(original).unwrap());
        push_ascii(&mut ascii, original);
        assert!(ascii.is_ascii(), "{ascii}");
        for json in [json, ascii] {
            let value = Json::parse(json.as_bytes()).unwrap();
            assert_eq!(text(value).as_deref(), Some(original));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), original);
        }
    }
}

/// Pieces that make much valid JSON, and much that nearly is.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"b\\n\"",
    "\\",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud800",
    "0",
    "1",
    "-",
    "01",
    "1.5",
    ".",
    "e",
    "E+",
    "-0.0e-1",
    "true",
    "false",
    "null",
    "nul",
    " ",
    "\n",
    "\t",
    "\u{b}",
    "\u{1}",
    "é",
    "😀",
    "{\"a\":1}",
    "[1,2]",
    "{}",
    "[]",
    "\"a\":",
    ",\"c\":2",
    "x",
];

/// The general reader is the judge: both take the same texts, and read the same from them.
#[test]
fn it_agrees_with_a_general_reader_property() {
    let mut random = Random::new(7);
    let (mut cases, mut valid) = (0, 0);
    while cases < 200_000 {
        let pieces = 1 + random.below(7);
        let document: String = (0..pieces)
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        let expected = serde_json::from_str::<&RawValue>(&document).ok();
        let found = Json::parse(document.as_bytes());
        assert_eq!(
            found.map(Json::get),
            expected.map(RawValue::get),
            "{document:?}"
        );
        if let Some(found) = found {
            agree_inside(found);
            valid += 1;
        }
        cases += 1;
    }
    assert!(valid > 2_000, "{valid}");
    println!("json: {cases} cases, {valid} valid");
}

fn agree_inside(json: Json<'_>) {
    let string = serde_json::from_str::<String>(json.get()).ok();
    assert_eq!(text(json), string, "{}", json.get());
    let list = serde_json::from_str::<Vec<&RawValue>>(json.get()).ok();
    let ours = elements(json).map(|list| list.into_iter().map(Json::get).collect::<Vec<_>>());
    let theirs = list.map(|list| list.into_iter().map(RawValue::get).collect());
    assert_eq!(ours, theirs);
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json.get());
    let mut last = std::collections::BTreeMap::new();
    let read = members(json.get().as_bytes(), &mut |name, value| {
        let value: serde_json::Value = serde_json::from_str(value.get()).unwrap_or_default();
        last.insert(name.to_owned(), value);
    });
    if let Ok(object) = object {
        assert!(
            read.is_some() && object.into_iter().eq(last),
            "{}",
            json.get()
        );
    }
}
