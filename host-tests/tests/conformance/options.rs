//! Options of a call and of the driver.

use cosmosdb_driver_host::types::{ErrorKind, Operation, OperationOptions};

use cosmosdb_driver_host::{Config, RuntimeConfig};

use crate::account::Account;
use crate::build::{at, json, text};
use crate::face::Face;
use crate::scene::{Scene, good, read};

on_every_face!(
    content_response_on_every_layer,
    custom_headers_are_added_and_cannot_replace,
    a_custom_header_given_twice_is_sent_twice,
    texts_that_are_too_long_are_not_sent,
    texts_of_the_largest_size_are_sent,
    headers_that_could_inject_are_not_sent,
    the_callers_activity_id_is_used,
);

/// What the environment, the runtime, the account and the operation say, and whether the write answers with the item.
type Case = (
    Option<&'static str>,
    Option<bool>,
    Option<bool>,
    Option<bool>,
    bool,
);

const BODY: &str = r#"{"id":"1","pk":"a"}"#;

fn header(name: &str, value: &str) -> OperationOptions {
    OperationOptions {
        custom_headers: vec![(name.to_owned(), value.to_owned())],
        ..OperationOptions::default()
    }
}

fn content(enabled: Option<bool>) -> OperationOptions {
    OperationOptions {
        content_response_on_write: enabled,
        ..OperationOptions::default()
    }
}

async fn content_response_on_every_layer(face: Face) {
    const VARIABLE: &str = "AZURE_COSMOS_CONTENT_RESPONSE_ON_WRITE";
    let account = Account::new(face).await;
    let (on, off) = (Some(true), Some(false));
    let cases: [Case; 9] = [
        (None, None, None, None, false),
        (Some("enabled"), None, None, None, true),
        (Some("perhaps"), None, None, None, false),
        (Some("true"), off, None, None, false),
        (None, on, None, None, true),
        (None, on, off, None, false),
        (None, off, on, None, true),
        (Some("true"), on, on, off, false),
        (Some("false"), off, off, on, true),
    ];
    for (environment, runtime, of_account, operation, with_body) in cases {
        let mut shared = RuntimeConfig::new().options(content(runtime));
        if let Some(value) = environment {
            shared = shared.environment(VARIABLE, value);
        }
        let change = |c: Config| c.runtime(shared).options(content(of_account));
        let mut driver = account.another(face, change).await;
        let options = content(operation);
        let response = driver
            .execute_with(at(text("a")).upsert(BODY), options)
            .await
            .unwrap();
        assert_eq!(account.last().header("prefer").is_none(), with_body);
        assert_eq!(!response.body.is_empty(), with_body);
    }
}

async fn custom_headers_are_added_and_cannot_replace(face: Face) {
    let account = Account::new(face).await;
    let mut driver = account
        .another(face, |c| {
            c.header("X-Both", "driver").header("x-driver", "1")
        })
        .await;
    let mut options = header("x-both", "call");
    for (name, value) in [
        ("x-ms-version", "1999"),
        ("authorization", "no"),
        ("x-ms-date", "no"),
    ] {
        options
            .custom_headers
            .push((name.to_owned(), value.to_owned()));
    }
    driver
        .execute_with(at(text("a")).upsert(BODY), options)
        .await
        .unwrap();
    let seen = account.last();
    assert_eq!(seen.header("x-both"), Some("call"));
    assert_eq!(seen.header("x-driver"), Some("1"));
    assert_eq!(seen.header("x-ms-version"), Some("2020-07-15"));
    assert_eq!(seen.headers.get_all("authorization").iter().count(), 1);
    assert_eq!(seen.status, 201, "signed by the driver");
}

async fn a_custom_header_given_twice_is_sent_twice(face: Face) {
    let account = Account::new(face).await;
    let mut driver = account
        .another(face, |c| c.header("x-twice", "driver"))
        .await;
    let mut options = header("x-twice", "first");
    options
        .custom_headers
        .push(("X-Twice".to_owned(), "second".to_owned()));
    driver
        .execute_with(at(text("a")).upsert(BODY), options)
        .await
        .unwrap();
    let seen = account.last();
    let values: Vec<_> = seen.headers.get_all("x-twice").iter().collect();
    assert_eq!(values, ["first", "second"]);
}

/// So many custom headers, each of so many bytes, its name included.
fn headers(count: usize, bytes: usize) -> OperationOptions {
    let header = |number: usize| {
        let name = format!("x-{number:02}");
        let value = "v".repeat(bytes - name.len());
        (name, value)
    };
    OperationOptions {
        custom_headers: (0..count).map(header).collect(),
        ..OperationOptions::default()
    }
}

fn with_session(bytes: usize) -> Operation {
    at(text("a")).session(&"s".repeat(bytes)).read("1")
}

async fn texts_that_are_too_long_are_not_sent(face: Face) {
    let none = OperationOptions::default;
    let etag = "e".repeat(10_000);
    let cases = [
        (with_session((32 << 10) + 1), none()),
        (with_session(130 << 10), none()),
        (at(text("a")).if_match(&etag).read("1"), none()),
        (at(text("a")).if_none_match(&etag).read("1"), none()),
        (read(), headers(65, 10)),
        (read(), headers(64, 257)),
        (read(), headers(20, 1_000)),
        (read(), headers(1, 130 << 10)),
    ];
    let mut scene = Scene::lean(face, [good()]).await;
    for (number, (operation, options)) in cases.into_iter().enumerate() {
        let refused = scene.driver.execute_with(operation, options).await;
        let kind = refused.unwrap_err().kind();
        assert_eq!(kind, Some(ErrorKind::InvalidArgument), "case {number}");
        assert_eq!(scene.server.requests().len(), number, "nothing was sent");
        scene.still_works().await;
    }
}

async fn texts_of_the_largest_size_are_sent(face: Face) {
    let mut scene = Scene::lean(face, [good()]).await;
    let etag = "e".repeat(8 << 10);
    let token = "s".repeat(32 << 10);
    let read = at(text("a")).if_match(&etag).session(&token).read("1");
    let options = headers(64, 256);
    let custom = options.custom_headers.clone();
    let response = scene.driver.execute_with(read, options).await.unwrap();
    assert_eq!(response.status, 200);
    let seen = scene.server.requests().remove(0);
    assert_eq!(seen.header("if-match"), Some(etag.as_str()));
    assert_eq!(seen.header("x-ms-session-token"), Some(token.as_str()));
    for (name, value) in &custom {
        assert_eq!(seen.header(name), Some(value.as_str()));
    }
    scene.still_works().await;
}

async fn headers_that_could_inject_are_not_sent(face: Face) {
    let mut account = Account::new(face).await;
    for (name, value) in [
        ("x-a", "v\r\nx-evil: 1"),
        ("x-a\r\nx-evil", "v"),
        ("x-a", "v\n"),
        ("x-a", "\0"),
        ("x-a", "é"),
        ("x a", "v"),
        ("", "v"),
        ("host", "elsewhere"),
        ("Transfer-Encoding", "chunked"),
        ("content-length", "3"),
        ("connection", "close"),
    ] {
        let read = at(text("a")).read("1");
        let error = account
            .driver
            .execute_with(read, header(name, value))
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            Some(ErrorKind::InvalidArgument),
            "{name:?}: {value:?}"
        );
    }
    for bad in ["", "a\r\nb: c", "é"] {
        for operation in [
            at(text("a")).if_match(bad).read("1"),
            at(text("a")).session(bad).read("1"),
        ] {
            assert_eq!(
                account.refused(operation).await,
                ErrorKind::InvalidArgument,
                "{bad:?}"
            );
        }
    }
    assert!(
        account.emulator.requests().is_empty(),
        "nothing wrong was sent"
    );
    account.ok(at(text("a")).create(BODY)).await;
}

async fn the_callers_activity_id_is_used(face: Face) {
    let mut account = Account::new(face).await;
    let id = "7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b11".to_owned();
    let options = OperationOptions {
        activity_id: Some(id.clone()),
        ..OperationOptions::default()
    };
    let created = account
        .driver
        .execute_with(at(text("a")).create(BODY), options)
        .await
        .unwrap();
    assert_eq!(created.diagnostics.activity_id, id);
    assert!(
        account
            .emulator
            .requests()
            .iter()
            .all(|seen| seen.header("x-ms-activity-id") == Some(&id))
    );
    let wrong = OperationOptions {
        activity_id: Some("mine".to_owned()),
        ..OperationOptions::default()
    };
    let error = account
        .driver
        .execute_with(at(text("a")).read("1"), wrong)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
    let ids = [
        account.ok(at(text("a")).read("1")).await,
        account.ok(at(text("a")).read("1")).await,
    ];
    assert_ne!(
        ids[0].diagnostics.activity_id,
        ids[1].diagnostics.activity_id
    );
    assert_eq!(json(&ids[0].body)["id"], "1");
}
