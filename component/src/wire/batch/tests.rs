use super::super::patch::PatchValue;
use super::super::testing::Random;
use super::*;

fn plain(action: Action) -> BatchOperation {
    BatchOperation {
        action,
        if_match: None,
        if_none_match: None,
    }
}

fn create(item: &str) -> BatchOperation {
    plain(Action::Create(item.as_bytes().to_vec()))
}

fn increment() -> PatchOperation {
    PatchOperation::Increment(PatchValue {
        path: "/n".to_owned(),
        value: b"1".to_vec(),
    })
}

fn all_six() -> Vec<BatchOperation> {
    vec![
        create("{\"id\":\"a\", \"n\":1.0}"),
        BatchOperation {
            if_match: Some("\"e\"".to_owned()),
            ..plain(Action::Upsert(b"{\"id\":\"b\"}".to_vec()))
        },
        plain(Action::Replace("c\"".to_owned(), b"{}".to_vec())),
        BatchOperation {
            if_none_match: Some("*".to_owned()),
            ..plain(Action::Read("d\u{e9}".to_owned()))
        },
        plain(Action::Delete("e".to_owned())),
        plain(Action::Patch(
            "f".to_owned(),
            vec![increment()],
            Some("from c".to_owned()),
        )),
    ]
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_body_holds_all_six_operations_with_items_untouched() {
    assert_eq!(
        text(body(&all_six(), false).unwrap()),
        "[{\"operationType\":\"Create\",\"resourceBody\":{\"id\":\"a\", \"n\":1.0}},\
         {\"operationType\":\"Upsert\",\"ifMatch\":\"\\\"e\\\"\",\"resourceBody\":{\"id\":\"b\"}},\
         {\"operationType\":\"Replace\",\"id\":\"c\\\"\",\"resourceBody\":{}},\
         {\"operationType\":\"Read\",\"id\":\"d\u{e9}\",\"ifNoneMatch\":\"*\"},\
         {\"operationType\":\"Delete\",\"id\":\"e\"},\
         {\"operationType\":\"Patch\",\"id\":\"f\",\"resourceBody\":\
         {\"condition\":\"from c\",\"operations\":[{\"op\":\"incr\",\"path\":\"/n\",\"value\":1}]}}]"
    );
}

#[test]
fn writes_may_ask_for_no_item_back() {
    let asks = |operation: &BatchOperation| {
        let mut out = Vec::new();
        super::operation(&mut out, operation, None, true).unwrap();
        text(out).contains("\"minimalReturnPreference\":true")
    };
    let asked: Vec<bool> = all_six().iter().map(asks).collect();
    assert_eq!(asked, [true, true, true, false, false, true]);
}

#[test]
fn an_operation_of_a_bulk_has_its_own_key() {
    let mut out = Vec::new();
    let read = plain(Action::Read("1".to_owned()));
    operation(&mut out, &read, Some("[\"a\",{}]"), true).unwrap();
    assert_eq!(
        text(out),
        "{\"operationType\":\"Read\",\"partitionKey\":\"[\\\"a\\\",{}]\",\"id\":\"1\"}"
    );
}

#[test]
fn a_hundred_operations_fit_and_one_more_does_not() {
    let operations = vec![create("{}"); 101];
    assert!(body(&operations[..100], false).is_ok());
    let said = body(&operations, false).unwrap_err().to_string();
    assert!(said.contains("1 to 100") && said.contains("101"), "{said}");
    assert!(body(&[], false).is_err());
}

#[test]
fn what_would_spoil_the_batch_is_refused_by_its_index() {
    let cases = [
        (create(""), "JSON"),
        (create("{\"a\":1"), "JSON"),
        // These would be operations of their own.
        (
            create("{}},{\"operationType\":\"Delete\",\"id\":\"x\""),
            "JSON",
        ),
        (create("{},\"id\":\"x\""), "JSON"),
        (plain(Action::Upsert(b"\"\xFF\"".to_vec())), "JSON"),
        (plain(Action::Delete(String::new())), "1023"),
        (plain(Action::Read("x".repeat(1024))), "1023"),
        (
            plain(Action::Patch("x".to_owned(), vec![increment(); 11], None)),
            "1 to 10",
        ),
    ];
    for (operation, expected) in cases {
        let said = body(&[create("{}"), operation], false).unwrap_err();
        let said = said.to_string();
        assert!(said.starts_with("operation 1 of the batch ("), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    assert!(body(&[plain(Action::Read("x".repeat(1023)))], false).is_ok());
}

#[test]
fn results_are_read_in_order_and_in_either_spelling() {
    let read = results(
        br#" [{"statusCode":201,"eTag":"\"1\"","resourceBody":{"id":"a", "n":1.0},"requestCharge":6.29},
            {"statusCode":429,"subStatusCode":3200,"retryAfterMilliseconds":12,"resourceBody":null,"other":[]},
            {"statusCode":412,"substatusCode":7,"etag":"x","requestCharge":-1}] "#,
    )
    .unwrap();
    let expected = [
        OperationResult {
            status: 201,
            request_charge: 6.29,
            etag: Some("\"1\"".to_owned()),
            body: Some(b"{\"id\":\"a\", \"n\":1.0}".to_vec()),
            ..OperationResult::default()
        },
        OperationResult {
            status: 429,
            sub_status: Some(3200),
            retry_after_ms: Some(12),
            ..OperationResult::default()
        },
        OperationResult {
            status: 412,
            sub_status: Some(7),
            etag: Some("x".to_owned()),
            ..OperationResult::default()
        },
    ];
    assert!(read == expected);
    assert_eq!(results(b"[]").unwrap().len(), 0);
}

#[test]
fn what_is_no_list_of_results_is_none() {
    for body in [
        &b""[..],
        b"{}",
        b"null",
        b"[{}]",
        b"[7]",
        br#"[{"statusCode":"201"}]"#,
        br#"[{"statusCode":70000}]"#,
        br#"[{"statusCode":201},{}]"#,
        br#"[{"statusCode":201}"#,
        br#"[{"statusCode":201}] x"#,
        b"<html>",
    ] {
        assert!(results(body).is_none(), "{body:?}");
    }
}

#[test]
fn a_body_names_its_operations() {
    let body = body(&all_six(), true).unwrap();
    for (index, kind, id) in [
        (0, "Create", Some("a")),
        (1, "Upsert", Some("b")),
        (2, "Replace", Some("c\"")),
        (3, "Read", Some("d\u{e9}")),
        (4, "Delete", Some("e")),
        (5, "Patch", Some("f")),
        (6, "", None),
    ] {
        let expected = Named {
            kind: kind.to_owned(),
            id: id.map(str::to_owned),
        };
        assert_eq!(named(&body, index), expected);
    }
    assert_eq!(name_of(b"nothing"), Named::default());
}

#[test]
fn any_bytes_are_read_or_refused() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"statusCode\"",
        "\"eTag\"",
        "\"resourceBody\"",
        "201",
        "\"a\"",
        "null",
        " ",
    ];
    let mut random = Random::new(21);
    for _ in 0..4000 {
        let body = random.text(&pieces, 20);
        if let Some(results) = results(body.as_bytes()) {
            assert!(results.len() <= body.len());
        }
        results(&random.bytes(30));
        named(body.as_bytes(), 0);
    }
}
