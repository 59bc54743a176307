//! What comes of answers, and of partitions that are not there any more.

use super::*;

#[test]
fn rows_come_as_they_arrive_and_untouched() {
    let input = Input::Items(items(3));
    let mut read = plan(input, &["/id"], &ranges(0, &[]));
    assert!(read.take(9).is_empty());
    let unit = read.wanted(9)[0].clone();
    let (one, two) = (r#"{"id": "2","n":1.0}"#, r#"{"id":"0","s":"\u00e9"}"#);
    read.accept(unit.id, page(&[one], Some("more"))).unwrap();
    assert_eq!(texts(read.take(9)), some(&[one]));
    let Ask::Query { body, continuation } = &read.wanted(9)[0].ask else {
        panic!()
    };
    let Ask::Query { body: before, .. } = unit.ask else {
        panic!()
    };
    assert_eq!((body, continuation.as_deref()), (&before, Some("more")));
    read.accept(unit.id, page(&[], Some("even more"))).unwrap();
    assert!(!read.is_done());
    read.accept(unit.id, page(&[two], None)).unwrap();
    assert!(read.is_done() && read.wanted(9).is_empty());
    assert_eq!(texts(read.take(9)), some(&[two]));
    // A late answer to a unit that is done.
    read.accept(unit.id, page(&[one], None)).unwrap();
    assert!(read.take(9).is_empty());
}

#[test]
fn input_order_repeats_duplicates_and_says_what_is_missing() {
    let wanted = ["b", "gone", "a", "b"].map(|id| item(id, &[text("k")]));
    let map = ranges(0, &[]);
    let mut read = new(
        Input::Items(wanted.to_vec()),
        Order::Input,
        &definition(&["/pk"]),
        &map,
    )
    .unwrap();
    let unit = read.wanted(9)[0].clone();
    let Ask::Query { body, .. } = &unit.ask else {
        panic!()
    };
    assert_eq!(
        condition(body),
        r#"c["pk"] = @p0 AND c.id IN (@p1,@p2,@p3)"#
    );
    let (a, b) = (r#"{"id":"a","pk":"k"}"#, r#"{"id":"b","pk":"k"}"#);
    read.accept(unit.id, page(&[a], Some("more"))).unwrap();
    assert!(read.take(9).is_empty(), "b comes first");
    read.accept(unit.id, page(&[b], Some("more"))).unwrap();
    assert_eq!(texts(read.take(9)), some(&[b]), "the next may still come");
    read.accept(unit.id, page(&[], None)).unwrap();
    assert_eq!(texts(read.take(1)), [None]);
    assert_eq!(texts(read.take(9)), some(&[a, b]));
    assert!(read.take(9).is_empty());
}

/// Ids are unique only within a key: the row's own key tells.
#[test]
fn the_same_id_under_several_keys() {
    let keys = [text("k"), Number(0.1), Null, Undefined, Boolean(true)];
    let wanted = keys.map(|key| item("same", &[key]));
    let rows = [
        r#"{"id":"same","a":{"b":"k"}}"#,
        r#"{"id":"same","a":{"b":0.1}}"#,
        r#"{"id":"same","a":{"b":null}}"#,
        r#"{"id":"same","a":{}}"#,
        r#"{"id":"same","a":{"b":true}}"#,
    ];
    let mut read = new(
        Input::Items(wanted.to_vec()),
        Order::Input,
        &definition(&["/a/b"]),
        &ranges(0, &[]),
    )
    .unwrap();
    let unit = read.wanted(9)[0].id;
    let mut backwards = rows;
    backwards.reverse();
    read.accept(unit, page(&backwards, None)).unwrap();
    assert_eq!(texts(read.take(9)), some(&rows));
}

#[test]
fn only_a_missing_item_is_skipped() {
    for (status, sub_status, expected) in [
        (404, None, true),
        (404, Some(0), true),
        (404, Some(1002), false),
        (404, Some(1003), false),
        (410, Some(0), false),
        (200, None, false),
    ] {
        assert_eq!(is_absent(status, sub_status), expected);
    }
    for (order, expected) in [(Order::Any, vec![]), (Order::Input, vec![None])] {
        let input = Input::Items(items(1));
        let mut read = new(input, order, &definition(&["/pk"]), &ranges(0, &[])).unwrap();
        read.accept(read.wanted(1)[0].id, Answer::Absent).unwrap();
        assert!(read.is_done());
        assert_eq!(texts(read.take(9)), expected);
    }
}

#[test]
fn answers_that_make_no_sense_end_the_read() {
    let input = Input::Items(items(2));
    let mut read = new(input, Order::Input, &definition(&["/id"]), &ranges(0, &[])).unwrap();
    let unit = read.wanted(1)[0].id;
    for rows in ["7", r#"{"id":"x"}"#, r#"{"n":1}"#] {
        let error = read.accept(unit, page(&[rows], None)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Service);
        assert!(error.message.contains("not asked for"), "{error}");
    }
    let body = b"<html>".to_vec();
    let answer = Answer::Page {
        body,
        continuation: None,
    };
    assert!(
        read.accept(unit, answer)
            .unwrap_err()
            .message
            .contains("makes no sense")
    );
}

/// A unit without an answer is planned anew, on whatever partitions there are now.
#[test]
fn a_split_before_the_first_page_regroups() {
    let input = vec![
        item("a", &[text("redmond")]),
        item("b", &[text("partitionKey")]),
        item("c", &[Boolean(true)]),
    ];
    let mut read = plan(Input::Items(input), &["/pk"], &ranges(0, &[]));
    let unit = read.wanted(9)[0].id;
    assert!(read.repair(unit, &ranges(1, &["20"])).unwrap());
    let after = asks(&read);
    assert_eq!(after.len(), 2);
    assert_eq!(after[0].1.matches("c.id").count(), 2);
    assert_eq!(
        after[1],
        ("20".to_owned(), r#"a [Text("redmond")]"#.to_owned())
    );
    assert_eq!(read.wanted(9)[0].slice, slice("", "20"));
    // The old unit's answer comes too late.
    read.accept(unit, page(&["{}"], None)).unwrap();
    assert!(read.take(9).is_empty() && read.wanted(9).len() == 2);
}

/// A unit with rows taken over goes on in all children, with the same question from the same place.
#[test]
fn a_split_after_the_first_page_carries_the_continuation() {
    let input = ["redmond", "partitionKey"].map(|key| item(key, &[text(key)]));
    let mut read = new(
        Input::Items(input.to_vec()),
        Order::Input,
        &definition(&["/pk"]),
        &ranges(0, &[]),
    )
    .unwrap();
    let unit = read.wanted(9)[0].clone();
    read.accept(unit.id, page(&[], Some("here"))).unwrap();
    let before = read.wanted(9)[0].ask.clone();
    assert!(
        read.repair(unit.id, &ranges(1, &["08", "10", "20"]))
            .unwrap()
    );
    let after = read.wanted(9);
    // Only where one of the entries lies.
    let slices: Vec<_> = after.iter().map(|unit| unit.slice.clone()).collect();
    assert_eq!(slices, [slice("", "08"), slice("20", "FF")]);
    assert!(after.iter().all(|unit| unit.ask == before));
    let row = r#"{"id":"redmond"}"#;
    read.accept(after[1].id, page(&[row], None)).unwrap();
    assert_eq!(texts(read.take(9)), some(&[row]));
    read.accept(after[0].id, page(&[], None)).unwrap();
    assert_eq!(texts(read.take(9)), [None]);
    assert!(read.is_done());
}

#[test]
fn repairs_are_limited() {
    let maps = [ranges(0, &[]), ranges(1, &["3F"])];
    let mut read = plan(Input::Items(items(2)), &["/id"], &maps[0]);
    for turn in 0..MAX_REPAIRS {
        let unit = read.wanted(1)[0].id;
        assert!(read.repair(unit, &maps[0]).unwrap(), "{turn}");
    }
    let unit = read.wanted(1)[0].id;
    assert!(!read.repair(unit, &maps[1]).unwrap());
    assert_eq!(read.wanted(1)[0].id, unit);
    // A page is progress.
    read.accept(unit, page(&[], Some("here"))).unwrap();
    assert!(read.repair(unit, &maps[1]).unwrap());
}

#[test]
fn a_read_knows_whether_it_has_given_rows() {
    let mut read = plan(Input::Items(items(2)), &["/id"], &ranges(0, &[]));
    let unit = read.wanted(1)[0].id;
    read.accept(unit, page(&["{}", "{}"], None)).unwrap();
    assert!(read.take(0).is_empty() && !read.has_given());
    assert_eq!(read.ready(), 2);
    read.take(1);
    assert!(read.has_given());
    assert_eq!(read.ready(), 1);
}
