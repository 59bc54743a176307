//! Partition keys of every kind, on every kind of container.

use cosmosdb_driver_host::types::{ErrorKind, KeyComponent};

use crate::account::Account;
use crate::build::{at, json};
use crate::face::Face;

on_every_face!(
    every_kind_of_value,
    hierarchical_keys,
    containers_with_the_first_hash,
    the_number_of_components_is_checked,
    keys_that_cannot_be_sent,
);

fn text(value: &str) -> KeyComponent {
    KeyComponent::Text(value.to_owned())
}

async fn every_kind_of_value(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let cases = [
        (text("plain"), r#""plain""#, r#"["plain"]"#),
        (text(""), r#""""#, r#"[""]"#),
        (text("a\"b\\c\n"), r#""a\"b\\c\n""#, r#"["a\"b\\c\n"]"#),
        (
            text("é東🚀"),
            r#""é東🚀""#,
            r#"["\u00e9\u6771\ud83d\ude80"]"#,
        ),
        (KeyComponent::Number(0.0), "0", "[0]"),
        (KeyComponent::Number(-0.0), "0", "[0]"),
        (KeyComponent::Number(42.0), "42", "[42]"),
        (KeyComponent::Number(-1.5), "-1.5", "[-1.5]"),
        (KeyComponent::Boolean(true), "true", "[true]"),
        (KeyComponent::Boolean(false), "false", "[false]"),
        (KeyComponent::Null, "null", "[null]"),
    ];
    for (number, (component, value, header)) in cases.into_iter().enumerate() {
        let id = number.to_string();
        let body = format!(r#"{{"id":"{id}","pk":{value}}}"#);
        account.ok(at([component.clone()]).create(body)).await;
        account.sees(|seen| assert_eq!(seen.header("x-ms-documentdb-partitionkey"), Some(header)));
        let read = account.ok(at([component.clone()]).read(&id)).await;
        assert_eq!(json(&read.body)["id"], id);
        account.ok(at([component]).delete(&id)).await;
    }
    account
        .ok(at([KeyComponent::Undefined]).create(r#"{"id":"none"}"#))
        .await;
    account.sees(|seen| assert_eq!(seen.header("x-ms-documentdb-partitionkey"), Some("[{}]")));
    account.ok(at([KeyComponent::Undefined]).read("none")).await;
    // Null is another key than no key.
    assert_eq!(
        account.refused(at([KeyComponent::Null]).read("none")).await,
        ErrorKind::NotFound
    );
    account.end().await;
}

async fn hierarchical_keys(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/tenant", "/user", "/n"], 2).await;
    let key = || vec![text("t1"), text("ü"), KeyComponent::Number(7.0)];
    account
        .ok(at(key()).create(r#"{"id":"1","tenant":"t1","user":"ü","n":7}"#))
        .await;
    account.sees(|seen| {
        assert_eq!(
            seen.header("x-ms-documentdb-partitionkey"),
            Some(r#"["t1","\u00fc",7]"#)
        )
    });
    assert_eq!(account.ok(at(key()).read("1")).await.status, 200);
    let partial = vec![text("t1"), KeyComponent::Undefined, KeyComponent::Null];
    account
        .ok(at(partial.clone()).create(r#"{"id":"2","tenant":"t1","n":null}"#))
        .await;
    account.sees(|seen| {
        assert_eq!(
            seen.header("x-ms-documentdb-partitionkey"),
            Some(r#"["t1",{},null]"#)
        )
    });
    assert_eq!(account.ok(at(partial).read("2")).await.status, 200);
    let other = vec![text("t1"), text("ü"), KeyComponent::Number(8.0)];
    assert_eq!(
        account.refused(at(other).read("1")).await,
        ErrorKind::NotFound
    );
    account.end().await;
}

async fn containers_with_the_first_hash(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 1).await;
    let long = "k".repeat(90);
    account
        .ok(at([text(&long)]).create(format!(r#"{{"id":"1","pk":"{long}"}}"#)))
        .await;
    assert_eq!(account.ok(at([text(&long)]).read("1")).await.status, 200);
    account.end().await;
}

async fn the_number_of_components_is_checked(face: Face) {
    let mut account = Account::with_key(face, &["/tenant", "/user"], 2).await;
    for key in [
        vec![text("t")],
        vec![text("t"), text("u"), text("v")],
        vec![],
    ] {
        let operation = at(key).read("1");
        let error = account.driver.execute(operation).await.unwrap_err();
        assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
        assert!(error.to_string().contains("component"), "{error}");
    }
    let items = account
        .emulator
        .requests()
        .into_iter()
        .filter(|seen| seen.path.contains("/docs"));
    assert_eq!(items.count(), 0, "nothing wrong was sent");
    let key = vec![text("t"), text("u")];
    account
        .ok(at(key).create(r#"{"id":"1","tenant":"t","user":"u"}"#))
        .await;
}

async fn keys_that_cannot_be_sent(face: Face) {
    let mut account = Account::new(face).await;
    let too_long = "x".repeat(2049);
    for component in [
        KeyComponent::Number(f64::NAN),
        KeyComponent::Number(f64::INFINITY),
        KeyComponent::Number(f64::NEG_INFINITY),
        text(&too_long),
    ] {
        assert_eq!(
            account.refused(at([component]).read("1")).await,
            ErrorKind::InvalidArgument
        );
    }
    assert!(account.emulator.requests().is_empty());
    account
        .ok(at([text("a")]).create(r#"{"id":"1","pk":"a"}"#))
        .await;
}
