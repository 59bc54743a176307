use super::*;
use crate::core::ErrorKind;
use crate::core::ranges::testing::{ranges, slice};
use crate::wire::epk::{KeyHash, effective_partition_key};
use crate::wire::key::KeyComponent::{self, Boolean, Null, Number, Undefined};

mod answers;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod random;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
pub(crate) mod world;

/// Borders of four partitions of about the same size in a container of version 2.
const QUARTERS: [&str; 3] = ["10", "20", "30"];

fn text(text: &str) -> KeyComponent {
    KeyComponent::Text(text.to_owned())
}

fn definition(paths: &[&str]) -> PartitionKeyDefinition {
    let hash = if paths.len() > 1 {
        KeyHash::Multi
    } else {
        KeyHash::V2
    };
    PartitionKeyDefinition {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        system_key: false,
        hash,
    }
}

fn item(id: &str, key: &[KeyComponent]) -> ItemId {
    ItemId {
        id: id.to_owned(),
        key: key.to_vec(),
    }
}

/// Items `0`, `1` … each with a key of its own, the same text.
fn items(count: usize) -> Vec<ItemId> {
    let one = |n: usize| item(&n.to_string(), &[text(&n.to_string())]);
    (0..count).map(one).collect()
}

/// A read of a container by the name of `c`.
fn new(
    input: Input,
    order: Order,
    definition: &PartitionKeyDefinition,
    ranges: &RangeMap,
) -> Result<ReadMany> {
    let container = ContainerRef {
        database: "d".to_owned(),
        container: "c".to_owned(),
    };
    let items = Items {
        container,
        input,
        order,
    };
    ReadMany::new(&items, definition, ranges)
}

fn plan(input: Input, paths: &[&str], map: &RangeMap) -> ReadMany {
    new(input, Order::Any, &definition(paths), map).unwrap()
}

/// What a read asks first: the slice's lower bound, and the item or the condition of the query.
fn asks(read: &ReadMany) -> Vec<(String, String)> {
    let said = |unit: Unit| {
        let what = match unit.ask {
            Ask::Item(item) => format!("{} {:?}", item.id, item.key),
            Ask::Query { body, .. } => condition(&body),
        };
        (unit.slice.min.to_hex(), what)
    };
    read.wanted(usize::MAX).into_iter().map(said).collect()
}

fn condition(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let query = body["query"].as_str().unwrap();
    query
        .trim_start_matches("SELECT * FROM c WHERE ")
        .to_owned()
}

fn page(rows: &[&str], continuation: Option<&str>) -> Answer {
    Answer::Page {
        body: format!(
            r#"{{"_rid":"r","Documents":[{}],"_count":0}}"#,
            rows.join(",")
        )
        .into(),
        continuation: continuation.map(str::to_owned),
    }
}

fn texts(rows: Vec<Row>) -> Vec<Option<String>> {
    let text = |row: Row| String::from_utf8(row.bytes().to_vec()).unwrap();
    let found = |row: Row| Some(text(row)).filter(|text| text != "null");
    rows.into_iter().map(found).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

/// A partition's only item is read by itself, several are queried, and each partition hears only of its own.
#[test]
fn items_are_grouped_by_partition() {
    // Where the keys lie: "redmond" 22…, "partitionKey" 01…, 5 19…, false 2F…, true 0E….
    let input = vec![
        item("a", &[text("redmond")]),
        item("b", &[text("partitionKey")]),
        item("c", &[Boolean(true)]),
        item("d", &[Number(5.0)]),
        item("e", &[Boolean(false)]),
        item("f", &[Boolean(false)]),
    ];
    let read = plan(
        Input::Items(input),
        &["/pk"],
        &ranges(0, &["10", "20", "28"]),
    );
    let expected = [
        (
            "",
            r#"(c.id = @p0 AND c["pk"] = @p1) OR (c.id = @p2 AND c["pk"] = @p3)"#,
        ),
        ("10", "d [Number(5.0)]"),
        ("20", r#"a [Text("redmond")]"#),
        ("28", r#"c["pk"] = @p0 AND c.id IN (@p1,@p2)"#),
    ];
    let expected = expected.map(|(min, ask)| (min.to_owned(), ask.to_owned()));
    assert_eq!(asks(&read), expected);
    assert_eq!(read.wanted(2).len(), 2);
    assert_eq!(read.wanted(1)[0].slice, slice("", "10"));
}

#[test]
fn a_thousand_items_over_four_partitions_are_four_queries() {
    let read = plan(Input::Items(items(1000)), &["/pk"], &ranges(0, &QUARTERS));
    let units = read.wanted(usize::MAX);
    assert_eq!(units.len(), 4);
    let mut asked = 0;
    for unit in &units {
        let Ask::Query { body, continuation } = &unit.ask else {
            panic!("{unit:?}")
        };
        assert_eq!(*continuation, None);
        asked += condition(body).matches("c.id").count();
    }
    assert_eq!(asked, 1000);
}

#[test]
fn chunks_end_at_a_thousand_or_at_256_kib() {
    for (input, expected) in [
        (items(1), 1),
        (items(1000), 1),
        (items(1001), 2),
        (items(2500), 3),
    ] {
        let read = plan(Input::Items(input), &["/id"], &ranges(0, &[]));
        assert_eq!(read.wanted(usize::MAX).len(), expected);
    }
    let long = |n: usize| item(&format!("{n:01000}"), &[text("k")]);
    let input = Input::Items((0..1000).map(long).collect());
    let units = plan(input, &["/pk"], &ranges(0, &[])).wanted(usize::MAX);
    assert_eq!(units.len(), 5);
    for unit in units {
        let Ask::Query { body, .. } = unit.ask else {
            panic!()
        };
        assert!(body.len() <= 256 << 10, "{}", body.len());
    }
}

/// The key as the id, keys that end with the id, and what contradicts itself.
#[test]
fn where_the_key_is_the_id() {
    let map = ranges(0, &[]);
    for (paths, one, other, expected) in [
        (
            &["/id"][..],
            vec![],
            vec![text("b")],
            Some("c.id IN (@p0,@p1)"),
        ),
        (
            &["/t", "/id"],
            vec![text("t")],
            vec![text("t"), text("b")],
            Some(r#"c["t"] = @p0 AND c.id IN (@p1,@p2)"#),
        ),
        (&["/id"], vec![text("x")], vec![text("b")], None),
        (&["/id"], vec![Number(1.0)], vec![text("b")], None),
        (&["/id"], vec![Undefined], vec![text("b")], None),
        (
            &["/t", "/id"],
            vec![text("t"), text("x")],
            vec![text("t")],
            None,
        ),
    ] {
        let input = Input::Items(vec![item("a", &one), item("b", &other)]);
        match (new(input, Order::Any, &definition(paths), &map), expected) {
            (Ok(read), Some(expected)) => assert_eq!(asks(&read)[0].1, expected),
            (Err(error), None) => {
                assert!(error.message.starts_with("input 0 "), "{error}");
                assert!(error.message.contains("differs from its id"), "{error}");
            }
            (found, _) => panic!("{paths:?} {one:?}: {found:?}"),
        }
    }
    let read = plan(Input::Items(vec![item("a", &[])]), &["/id"], &map);
    assert_eq!(asks(&read)[0].1, r#"a [Text("a")]"#);
}

#[test]
fn whole_keys_are_always_queried() {
    let map = ranges(0, &QUARTERS);
    let keys = |keys: &[&[KeyComponent]]| {
        Input::PartitionKeys(keys.iter().map(|key| key.to_vec()).collect())
    };
    for (paths, input, expected) in [
        (
            &["/pk"][..],
            keys(&[&[text("redmond")]]),
            vec![("20", r#"c["pk"] IN (@p0)"#)],
        ),
        (
            &["/pk"],
            keys(&[&[Null], &[Undefined], &[text("redmond")], &[Null]]),
            vec![
                ("10", r#"NOT IS_DEFINED(c["pk"])"#),
                ("20", r#"c["pk"] IN (@p0)"#),
                ("30", r#"IS_NULL(c["pk"])"#),
            ],
        ),
        (
            &["/t", "/u"],
            keys(&[&[text("redmond"), Null], &[text("partitionKey")]]),
            vec![
                ("", r#"(c["t"] = @p0)"#),
                ("20", r#"(c["t"] = @p0 AND IS_NULL(c["u"]))"#),
            ],
        ),
        // A beginning covers what begins with it, wherever it stands.
        (
            &["/t", "/u", "/v"],
            keys(&[
                &[text("redmond"), Null, Null],
                &[text("redmond")],
                &[text("redmond"), Boolean(true)],
            ]),
            vec![("20", r#"(c["t"] = @p0)"#)],
        ),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(min, ask)| (min.to_owned(), ask.to_owned()))
            .collect();
        assert_eq!(asks(&plan(input, paths, &map)), expected);
    }
}

/// A beginning of a key may reach into several partitions: each gets the question, for its own part.
#[test]
fn a_prefix_over_two_partitions() {
    let middle = "22E342F38A486A088463DFF7838A596320";
    let map = ranges(0, &[middle]);
    let input = Input::PartitionKeys(vec![vec![text("redmond")]]);
    let mut read = plan(input, &["/t", "/u"], &map);
    let units = read.wanted(9);
    assert_eq!(units.len(), 2);
    assert_eq!(units[0].ask, units[1].ask);
    assert_eq!(
        (&units[0].slice, &units[1].slice),
        (&slice("", middle), &slice(middle, "FF"))
    );
    // After a merge both keep to their parts: none is read twice.
    let merged = ranges(7, &[]);
    for unit in &units {
        assert!(read.repair(unit.id, &merged).unwrap());
    }
    let again = read.wanted(9);
    assert_eq!(again.len(), 2);
    for (before, after) in units.iter().zip(&again) {
        assert_eq!((&before.slice, &before.ask), (&after.slice, &after.ask));
        assert_ne!(before.id, after.id);
    }
}

#[test]
fn bad_input_is_refused_before_anything_is_sent() {
    let map = ranges(0, &[]);
    let items = |items: Vec<ItemId>| Input::Items(items);
    let keys = |key: Vec<KeyComponent>| Input::PartitionKeys(vec![vec![Null; 1], key]);
    for (paths, input, said) in [
        (&["/pk"][..], items(vec![]), "1 to 100000"),
        (&["/pk"], Input::PartitionKeys(vec![]), "has 0"),
        (
            &["/pk"],
            Input::PartitionKeys(vec![vec![Null]; 100_001]),
            "has 100001",
        ),
        (&["/pk"], items(vec![item("", &[Null])]), "input 0"),
        (
            &["/pk"],
            items(vec![item(&"x".repeat(1024), &[Null])]),
            "1023",
        ),
        (
            &["/pk"],
            items(vec![item("a", &[Null]), item("b", &[])]),
            "input 1",
        ),
        (
            &["/pk"],
            items(vec![item("a", &[Null, Null])]),
            "2 component(s)",
        ),
        (
            &["/t", "/u"],
            items(vec![item("a", &[Null])]),
            "has 2 (/t, /u)",
        ),
        (&["/pk"], items(vec![item("a", &[Number(f64::NAN)])]), "NaN"),
        (&["/pk"], keys(vec![]), "input 1"),
        (&["/pk"], keys(vec![Null, Null]), "2 component(s)"),
        (&["/t", "/u"], keys(vec![]), "0 component(s)"),
        (&["/t", "/u"], keys(vec![Null; 3]), "3 component(s)"),
        (&["/t", "/u"], keys(vec![Number(f64::INFINITY)]), "infinite"),
    ] {
        let error = new(input, Order::Any, &definition(paths), &map).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(said), "{error}");
    }
    // Several paths without a hierarchical key have no beginnings.
    let flat = PartitionKeyDefinition {
        hash: KeyHash::V2,
        ..definition(&["/t", "/u"])
    };
    assert!(new(keys(vec![Null]), Order::Any, &flat, &map).is_err());
    let error = new(
        Input::PartitionKeys(vec![vec![Null]]),
        Order::Input,
        &definition(&["/pk"]),
        &map,
    );
    assert!(error.unwrap_err().message.contains("input order"));
}

/// An id that no URL can carry can still be queried.
#[test]
fn odd_ids_are_queried() {
    let read = plan(
        Input::Items(vec![item("a/b", &[Null])]),
        &["/pk"],
        &ranges(0, &[]),
    );
    assert_eq!(asks(&read)[0].1, r#"IS_NULL(c["pk"]) AND c.id IN (@p0)"#);
}

/// Keys of version 1 see only the first hundred characters of a text, so that different keys share a point.
#[test]
fn keys_with_the_same_point_stay_different() {
    let key = |length: usize| text(&"a".repeat(length));
    let old = PartitionKeyDefinition {
        hash: KeyHash::V1,
        ..definition(&["/pk"])
    };
    let point = |length| effective_partition_key(&[key(length)], KeyHash::V1).unwrap();
    assert_eq!(point(100), point(101));
    let input = Input::PartitionKeys(vec![vec![key(101)], vec![key(100)], vec![key(101)]]);
    let read = new(input, Order::Any, &old, &ranges(0, &[])).unwrap();
    assert_eq!(asks(&read)[0].1, r#"c["pk"] IN (@p0,@p1)"#);
}
