use super::*;
use crate::wire::testing::Random;

/// Values in the order of the service, ascending.
const ASCENDING: &[&str] = &[
    "null",
    "false",
    "true",
    "-1e400",
    "-1.7976931348623157e308",
    "-9223372036854775809",
    "-9223372036854775808",
    "-1.5",
    "-1",
    "-5e-324",
    "0",
    "5e-324",
    "0.1",
    "0.10000000000000002",
    "1",
    "9.99",
    "10",
    "9007199254740991.5",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    r#""""#,
    r#""\u0000""#,
    r#""A""#,
    r#""Aa""#,
    r#""B""#,
    r#""a""#,
    r#""\u00e9""#,
    r#""\ud7ff""#,
    r#""\ud83d""#,
    r#""\ud83da""#,
    r#""😀""#,
    r#""😁""#,
    r#""\ud83e""#,
    "\"\u{e000}\"",
    r#""\uffff""#,
    "[]",
    "{}",
];

fn value(json: &str) -> Value<'_> {
    Value::parse(json.as_bytes()).unwrap()
}

fn hashed(json: &str) -> u128 {
    hash(json.as_bytes()).unwrap()
}

#[test]
fn the_order_of_the_service() {
    for (at, one) in ASCENDING.iter().enumerate() {
        assert_eq!(Value::Undefined.order(&value(one)), Ordering::Less, "{one}");
        for (other_at, other) in ASCENDING.iter().enumerate() {
            let order = value(one).order(&value(other));
            assert_eq!(order, at.cmp(&other_at), "{one} {other}");
            assert_eq!(
                hashed(one) == hashed(other),
                at == other_at,
                "{one} {other}"
            );
        }
    }
}

#[test]
fn spellings_of_one_value() {
    for (one, other) in [
        ("5", "5.0"),
        ("5", "50e-1"),
        ("5", "0.05E+2"),
        ("-0", "0"),
        ("0.0e7", "-0.00"),
        ("1e2", "100"),
        ("1.50", "1.5"),
        ("1e23", "100000000000000000000000"),
        (r#""a/\n""#, r#""\u0061\/\u000A""#),
        (r#""😀""#, r#""\ud83d\uDE00""#),
        ("[1,[2]]", " [ 1.0 , [2 ] ] "),
        (r#"{"a":1,"b":null}"#, r#"{ "b" : null, "\u0061":1.0 }"#),
    ] {
        assert_eq!(value(one).order(&value(other)), Ordering::Equal, "{one}");
        assert_eq!(hashed(one), hashed(other), "{one} {other}");
    }
}

#[test]
fn values_that_differ_hash_differently() {
    let values = [
        "null",
        "false",
        "true",
        "0",
        "1",
        "\"\"",
        "\"1\"",
        "[]",
        "{}",
        "[1]",
        "[[1]]",
        "[1,2]",
        "[2,1]",
        "[null]",
        "[{}]",
        "[[]]",
        "[[],[]]",
        "[[1],2]",
        "[1,[2]]",
        r#"{"a":1}"#,
        r#"{"a":2}"#,
        r#"{"b":1}"#,
        r#"{"a":1,"b":2}"#,
        r#"{"a":2,"b":1}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":[1]}"#,
        r#"{"a":1,"a":1}"#,
        r#"["a",1]"#,
        "9007199254740992",
        "9007199254740993",
    ];
    for (at, one) in values.iter().enumerate() {
        for other in &values[..at] {
            assert_ne!(hashed(one), hashed(other), "{one} {other}");
        }
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| [&"[".repeat(depth), "7", &"]".repeat(depth)].concat();
    assert!(hash(nested(MAX_DEPTH).as_bytes()).is_ok());
    for json in [
        nested(MAX_DEPTH + 1),
        "{\"a\":".repeat(1 << 20),
        "[".repeat(1 << 20),
    ] {
        assert_eq!(hash(json.as_bytes()), Err(Unhashable::TooDeep));
    }
}

#[test]
fn what_is_no_json_is_no_value() {
    for json in [
        "", " ", "-", "e5", "1e", "1.2.3", "x", "+1", "1e+", "nul\u{0}",
    ] {
        assert_eq!(hash(json.as_bytes()), Err(Unhashable::Malformed), "{json}");
    }
    for json in [
        "[", "[1", "{", "{1:2}", "{\"a\"", "[1 x]", "1 2", "]", ",", "tru",
    ] {
        assert_eq!(hash(json.as_bytes()), Err(Unhashable::Malformed), "{json}");
    }
    for json in ["", "-", "x", "."] {
        assert_eq!(Value::parse(json.as_bytes()), None, "{json}");
    }
}

#[test]
fn elements_and_members_come_as_they_are() {
    let list: Vec<&[u8]> = elements(b" [ 1.0, \"a]\\\"\" ,{\"x\":[1]},[ ],null ] ").collect();
    let expected: [&[u8]; 5] = [b"1.0", b"\"a]\\\"\"", b"{\"x\":[1]}", b"[ ]", b"null"];
    assert_eq!(list, expected);
    assert_eq!(
        elements(b"{}").count() + elements(b"[ ]").count() + elements(b"7").count(),
        0
    );

    let object: Vec<(String, &[u8])> = members(br#" {"\u0061" : {"b":2}, "c":"}" } "#)
        .map(|(name, value)| (String::from_utf8(name.into_owned()).unwrap(), value))
        .collect();
    let expected: [(String, &[u8]); 2] =
        [("a".to_owned(), br#"{"b":2}"#), ("c".to_owned(), br#""}""#)];
    assert_eq!(object, expected);
    assert_eq!(members(b"[]").count() + members(b"{ }").count(), 0);
}

#[test]
fn random_input_never_panics() {
    let mut random = Random::new(1);
    let pieces = [
        "[", "]", "{", "}", ",", ":", "\"", "\\", "\\ud83d", "1", "-", "e", ".", "null", "a", " ",
        "😀",
    ];
    for _ in 0..20_000 {
        let json = random.text(&pieces, 20);
        let json = json.as_bytes();
        let one = Value::parse(json);
        if let Some(one) = &one {
            assert_eq!(one.order(one), Ordering::Equal);
        }
        let _ = (hash(json), elements(json).count(), members(json).count());
    }
}

#[test]
fn random_numbers_order_as_binary_fractions_do_property() {
    let mut random = Random::new(2);
    let mut numbers = Vec::new();
    for _ in 0..2_000 {
        let number = f64::from_bits(random.next());
        let near = f64::from_bits(number.to_bits() ^ 1);
        numbers.extend(
            [number, near]
                .into_iter()
                .filter(|number| number.is_finite()),
        );
    }
    for pair in numbers.windows(2) {
        let texts = [pair[0].to_string(), format!("{:e}", pair[1])];
        let order = value(&texts[0]).order(&value(&texts[1]));
        assert_eq!(Some(order), pair[0].partial_cmp(&pair[1]), "{texts:?}");
    }
    println!("{} cases", numbers.len());
}
