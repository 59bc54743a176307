//! Patches.

use cosmosdb_driver_host::types::{ErrorKind, PatchMove, PatchOperation, PatchValue};

use crate::account::Account;
use crate::build::{at, json, text};
use crate::face::Face;

on_every_face!(
    all_six_operations,
    conditions_hold_or_nothing_happens,
    bad_patches_are_not_sent
);

const ITEM: &str = r#"{"id":"1","pk":"a","n":1,"old":true,"list":[1,2],"from":"x"}"#;

fn value(path: &str, value: &str) -> PatchValue {
    PatchValue {
        path: path.to_owned(),
        value: value.as_bytes().to_vec(),
    }
}

fn remove(path: &str) -> PatchOperation {
    PatchOperation::Remove(path.to_owned())
}

async fn with_item(face: Face) -> Account {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    account.ok(at(text("a")).create(ITEM)).await;
    account
}

async fn all_six_operations(face: Face) {
    let mut account = with_item(face).await;
    let operations = vec![
        PatchOperation::Add(value("/list/-", "3")),
        PatchOperation::Set(value("/new", r#"{"deep":"é"}"#)),
        PatchOperation::Replace(value("/n", "10")),
        PatchOperation::Increment(value("/n", "5")),
        remove("/old"),
        PatchOperation::Move(PatchMove {
            from: "/from".to_owned(),
            path: "/to".to_owned(),
        }),
    ];
    let patched = account.ok(at(text("a")).patch("1", operations, None)).await;
    assert_eq!(patched.status, 200);
    account.sees(|seen| {
        assert_eq!(seen.method, "PATCH");
        assert_eq!(
            seen.header("content-type"),
            Some("application/json_patch+json")
        );
        assert_eq!(seen.header("prefer"), Some("return=minimal"));
    });
    let read = json(&account.ok(at(text("a")).read("1")).await.body);
    assert_eq!(read["list"], serde_json::json!([1, 2, 3]));
    assert_eq!(
        (&read["new"]["deep"], &read["n"]),
        (&"é".into(), &15.into())
    );
    assert_eq!(
        (&read["to"], read.get("old"), read.get("from")),
        (&"x".into(), None, None)
    );
    account.end().await;
}

async fn conditions_hold_or_nothing_happens(face: Face) {
    let mut account = with_item(face).await;
    let patch = |condition| {
        let step = PatchOperation::Set(value("/n", "2"));
        at(text("a")).patch("1", vec![step], Some(condition))
    };
    let unmet = account
        .driver
        .execute(patch("from c where c.n = 7"))
        .await
        .unwrap_err();
    assert!(unmet.is_precondition_failed(), "{unmet}");
    assert_eq!(
        json(&account.ok(at(text("a")).read("1")).await.body)["n"],
        1
    );
    account.ok(patch("from c where c.n = 1")).await;
    account.sees(|seen| assert_eq!(json(&seen.body)["condition"], "from c where c.n = 1"));
    assert_eq!(
        json(&account.ok(at(text("a")).read("1")).await.body)["n"],
        2
    );

    let step = || vec![remove("/old")];
    let outdated = at(text("a"))
        .if_match("\"outdated\"")
        .patch("1", step(), None);
    assert_eq!(
        account.refused(outdated).await,
        ErrorKind::PreconditionFailed
    );
    account.sees(|seen| assert_eq!(seen.header("if-match"), Some("\"outdated\"")));
    account.end().await;
}

async fn bad_patches_are_not_sent(face: Face) {
    let mut account = Account::new(face).await;
    account.ok(at(text("a")).create(ITEM)).await;
    let before = account.emulator.requests().len();
    let set = |path: &str, text: &str| PatchOperation::Set(value(path, text));
    for operations in [
        vec![],
        vec![remove("/old"); 11],
        vec![remove("/id")],
        vec![remove("/pk")],
        vec![set("/pk/inner", "1")],
        vec![PatchOperation::Move(PatchMove {
            from: "/n".to_owned(),
            path: "/pk".to_owned(),
        })],
        vec![remove("no-slash")],
        vec![remove("")],
        vec![set("/n", "not json")],
        vec![set("/n", "")],
    ] {
        let patch = at(text("a")).patch("1", operations, None);
        assert_eq!(account.refused(patch).await, ErrorKind::InvalidArgument);
    }
    assert_eq!(account.emulator.requests().len(), before);
    account
        .ok(at(text("a")).patch("1", vec![remove("/old"); 1], None))
        .await;
}
