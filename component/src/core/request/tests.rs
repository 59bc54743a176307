use super::*;
use crate::core::operation::Throughput;
use crate::wire::key::KeyComponent;
use crate::wire::patch::PatchOperation;

fn at() -> ContainerRef {
    ContainerRef {
        database: "d".to_owned(),
        container: "c".to_owned(),
    }
}

fn item(id: &str) -> ItemRef {
    ItemRef {
        container: at(),
        id: id.to_owned(),
        key: vec![KeyComponent::Text("k".to_owned())],
    }
}

fn none() -> Conditions {
    Conditions::default()
}

fn headers(request: &Request) -> Vec<(&str, &str)> {
    let pair = |(name, value): &'_ (String, Vec<u8>)| -> (String, String) {
        (name.clone(), String::from_utf8(value.clone()).unwrap())
    };
    let owned: Vec<_> = request.headers.iter().map(pair).collect();
    let leaked: &'static [(String, String)] = owned.leak();
    leaked
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Verb, path, signed link and headers of every operation.
#[test]
fn golden_requests() {
    let body = || b"{}".to_vec();
    let key = ("x-ms-documentdb-partitionkey", "[\"k\"]");
    let minimal = ("prefer", "return=minimal");
    let patch = ("content-type", "application/json_patch+json");
    let (point, feed) = ("/dbs/d/colls/c/docs/i%20d", "/dbs/d/colls/c/docs");
    let (signed, parent) = ("dbs/d/colls/c/docs/i d", "dbs/d/colls/c");
    let key_parts = || vec![KeyComponent::Text("k".to_owned())];
    let create = Operation::CreateItem {
        container: at(),
        key: key_parts(),
        body: body(),
        conditions: none(),
    };
    let upsert = Operation::UpsertItem {
        container: at(),
        key: key_parts(),
        body: body(),
        conditions: none(),
    };
    let replace = Operation::ReplaceItem {
        item: item("i d"),
        body: body(),
        conditions: none(),
    };
    let read = Operation::ReadItem {
        item: item("i d"),
        conditions: none(),
    };
    let delete = Operation::DeleteItem {
        item: item("i d"),
        conditions: none(),
    };
    let operations = vec![PatchOperation::Remove("/a".to_owned())];
    let patched = Operation::PatchItem {
        item: item("i d"),
        operations,
        condition: None,
        conditions: none(),
        read_modify_write: false,
    };
    let manual = Some(Throughput::Manual(400));
    let autoscale = Some(Throughput::Autoscale(4000));
    let new_db = Operation::CreateDatabase {
        id: "d".to_owned(),
        throughput: manual,
    };
    let new_container = Operation::CreateContainer {
        database: "d".to_owned(),
        definition: body(),
        throughput: autoscale,
    };
    let golden = [
        (create, "POST", feed, parent, vec![key, minimal]),
        (
            upsert,
            "POST",
            feed,
            parent,
            vec![key, ("x-ms-documentdb-is-upsert", "true"), minimal],
        ),
        (read, "GET", point, signed, vec![key]),
        (replace, "PUT", point, signed, vec![key, minimal]),
        (delete, "DELETE", point, signed, vec![key]),
        (patched, "PATCH", point, signed, vec![key, minimal, patch]),
        (
            new_db,
            "POST",
            "/dbs",
            "",
            vec![("x-ms-offer-throughput", "400")],
        ),
        (
            Operation::ReadDatabase { id: "d".to_owned() },
            "GET",
            "/dbs/d",
            "dbs/d",
            vec![],
        ),
        (
            Operation::DeleteDatabase { id: "d".to_owned() },
            "DELETE",
            "/dbs/d",
            "dbs/d",
            vec![],
        ),
        (
            new_container,
            "POST",
            "/dbs/d/colls",
            "dbs/d",
            vec![(
                "x-ms-cosmos-offer-autopilot-settings",
                "{\"maxThroughput\":4000}",
            )],
        ),
        (
            Operation::ReadContainer(at()),
            "GET",
            "/dbs/d/colls/c",
            "dbs/d/colls/c",
            vec![],
        ),
        (
            Operation::DeleteContainer(at()),
            "DELETE",
            "/dbs/d/colls/c",
            "dbs/d/colls/c",
            vec![],
        ),
    ];
    for (operation, method, path, signing, expected) in golden {
        let name = operation.name();
        let request = Request::new(operation, false).unwrap();
        assert_eq!(request.method, method, "{name}");
        assert_eq!(
            (request.link.path(), request.link.signing()),
            (path, signing),
            "{name}"
        );
        assert_eq!(headers(&request), expected, "{name}");
        assert_eq!(request.name, name);
        assert_eq!(request.is_read(), method == "GET", "{name}");
    }
}

#[test]
fn preconditions_and_session_tokens_become_headers() {
    let conditions = Conditions {
        precondition: Some(Precondition::IfMatch("\"e1\"".to_owned())),
        session_token: Some("0:-1#7".to_owned()),
    };
    let operation = Operation::DeleteItem {
        item: item("1"),
        conditions,
    };
    let request = Request::new(operation, false).unwrap();
    assert_eq!(request.header("if-match"), Some(&b"\"e1\""[..]));
    assert_eq!(request.header("x-ms-session-token"), Some(&b"0:-1#7"[..]));

    for bad in ["", "a\r\nb: c", "\u{e9}", "\0"] {
        let precondition = Some(Precondition::IfNoneMatch(bad.to_owned()));
        let conditions = Conditions {
            precondition,
            session_token: None,
        };
        let operation = Operation::ReadItem {
            item: item("1"),
            conditions,
        };
        let error = Request::new(operation, false).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "{bad:?}");
        let conditions = Conditions {
            precondition: None,
            session_token: Some(bad.to_owned()),
        };
        let operation = Operation::ReadItem {
            item: item("1"),
            conditions,
        };
        assert!(Request::new(operation, false).is_err(), "{bad:?}");
    }
}

#[test]
fn content_response_leaves_prefer_out() {
    let write = || Operation::ReplaceItem {
        item: item("1"),
        body: Vec::new(),
        conditions: none(),
    };
    assert_eq!(Request::new(write(), true).unwrap().header("prefer"), None);
    assert!(
        Request::new(write(), false)
            .unwrap()
            .header("prefer")
            .is_some()
    );
}

#[test]
fn a_key_needs_a_component_and_finite_numbers() {
    let read = |key: PartitionKey| {
        let item = ItemRef { key, ..item("1") };
        Request::new(
            Operation::ReadItem {
                item,
                conditions: none(),
            },
            false,
        )
    };
    assert!(read(Vec::new()).is_err());
    assert!(read(vec![KeyComponent::Number(f64::NAN)]).is_err());
    let request = read(vec![KeyComponent::Undefined]).unwrap();
    assert_eq!(
        request.header("x-ms-documentdb-partitionkey"),
        Some(&b"[{}]"[..])
    );
}

#[test]
fn a_patch_lists_the_paths_it_touches() {
    let from = "/a".to_owned();
    let operations = vec![PatchOperation::Move {
        from,
        path: "/b".to_owned(),
    }];
    let patch = Operation::PatchItem {
        item: item("1"),
        operations,
        condition: None,
        conditions: none(),
        read_modify_write: false,
    };
    assert_eq!(
        Request::new(patch, false).unwrap().scope.unwrap().patched,
        ["/b", "/a"]
    );
}

#[test]
fn bodies_over_the_limit_and_bad_ids_are_refused() {
    let replace = |id: &str, size| {
        let body = vec![b' '; size];
        let operation = Operation::ReplaceItem {
            item: item(id),
            body,
            conditions: none(),
        };
        Request::new(operation, false)
    };
    assert!(replace("1", MAX_ITEM_BYTES).is_ok());
    assert_eq!(
        replace("1", MAX_ITEM_BYTES + 1).unwrap_err().kind,
        ErrorKind::PayloadTooLarge
    );
    for id in ["", "a/b", "a\\b", "a?b", "a#b", &"x".repeat(1024)] {
        assert_eq!(
            replace(id, 0).unwrap_err().kind,
            ErrorKind::InvalidArgument,
            "{id}"
        );
    }
    let database = Operation::CreateDatabase {
        id: "a/b".to_owned(),
        throughput: None,
    };
    assert!(Request::new(database, false).is_err());
}

#[test]
fn throughput_that_the_service_does_not_sell_is_refused() {
    use Throughput::{Autoscale, Manual};
    let create = |throughput| {
        let id = "d".to_owned();
        let operation = Operation::CreateDatabase {
            id,
            throughput: Some(throughput),
        };
        Request::new(operation, true).map(|_| ())
    };
    for good in [
        Manual(400),
        Manual(1_000_000),
        Autoscale(1000),
        Autoscale(11_000),
    ] {
        assert!(create(good).is_ok(), "{good:?}");
    }
    for (bad, limit) in [
        (Manual(0), "400"),
        (Manual(300), "400"),
        (Manual(450), "100"),
        (Autoscale(400), "1000"),
        (Autoscale(1500), "1000"),
        (Autoscale(u32::MAX), "1000"),
    ] {
        let error = create(bad).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(limit), "{}", error.message);
    }
}
