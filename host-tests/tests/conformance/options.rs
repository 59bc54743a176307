//! Options of a call and of the driver.

use cosmosdb_driver_host::types::{ErrorKind, OperationOptions};

use cosmosdb_driver_host::Config;

use crate::account::Account;
use crate::build::{at, json, text};
use crate::face::Face;

on_every_face!(
    content_response_on_every_layer,
    custom_headers_are_added_and_cannot_replace,
    headers_that_could_inject_are_not_sent,
    the_callers_activity_id_is_used,
);

/// How the driver is opened and called, and whether the write answers with the item.
type Case = (fn(Config) -> Config, OperationOptions, bool);

const BODY: &str = r#"{"id":"1","pk":"a"}"#;

fn header(name: &str, value: &str) -> OperationOptions {
    OperationOptions {
        custom_headers: vec![(name.to_owned(), value.to_owned())],
        ..OperationOptions::default()
    }
}

fn content(enabled: bool) -> OperationOptions {
    OperationOptions {
        content_response_on_write: Some(enabled),
        ..OperationOptions::default()
    }
}

async fn content_response_on_every_layer(face: Face) {
    const VARIABLE: &str = "AZURE_COSMOS_CONTENT_RESPONSE_ON_WRITE";
    let account = Account::new(face).await;
    let off = |c: Config| c.environment(VARIABLE, "true").content_response(false);
    let none = OperationOptions::default;
    let cases: [Case; 6] = [
        (|c| c, none(), false),
        (|c| c, content(true), true),
        (|c| c.environment(VARIABLE, "enabled"), none(), true),
        (|c| c.environment(VARIABLE, "perhaps"), none(), false),
        (off, none(), false),
        (off, content(true), true),
    ];
    for (change, options, with_body) in cases {
        let mut driver = account.another(face, change).await;
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
