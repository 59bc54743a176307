//! Databases and containers.

use cosmosdb_driver_host::types::{
    CreateContainer, CreateDatabase, Diagnostics, ErrorKind, Operation, Outcome, Throughput,
};
use host_tests::emulator::{Emulator, Recorded};

use crate::account::{Account, CONTAINER, DATABASE, database};
use crate::build::{at, container, create_container, create_database, json, text};
use crate::face::Face;

on_every_face!(
    databases_and_containers_live,
    resources_have_their_requests,
    names_are_checked,
    a_container_created_anew_is_noticed,
    a_container_created_anew_is_told_to_who_has_a_token,
);

async fn databases_and_containers_live(face: Face) {
    let mut account = Account::anywhere(face).await;
    let database = database();
    let created = account.ok(create_database(&database)).await;
    assert_eq!(
        (created.status, &json(&created.body)["id"]),
        (201, &database.as_str().into())
    );
    assert!(
        account
            .fails(create_database(&database))
            .await
            .is_conflict()
    );
    let read = account.ok(Operation::ReadDatabase(database.clone())).await;
    assert_eq!(json(&read.body)["id"], database);

    let created = account
        .ok(create_container(&database, "c", &["/pk"], 2))
        .await;
    assert_eq!(created.status, 201);
    assert!(
        json(&created.body)["_rid"].is_string(),
        "the definition comes back"
    );
    assert!(
        account
            .fails(create_container(&database, "c", &["/pk"], 2))
            .await
            .is_conflict()
    );
    let read = account
        .ok(Operation::ReadContainer(container(&database, "c")))
        .await;
    assert_eq!(json(&read.body)["partitionKey"]["paths"][0], "/pk");
    let deleted = account
        .ok(Operation::DeleteContainer(container(&database, "c")))
        .await;
    assert_eq!(deleted.status, 204);
    let gone = Operation::ReadContainer(container(&database, "c"));
    assert!(account.fails(gone).await.is_not_found());

    account
        .ok(Operation::DeleteDatabase(database.clone()))
        .await;
    assert!(
        account
            .fails(Operation::ReadDatabase(database))
            .await
            .is_not_found()
    );
}

async fn resources_have_their_requests(face: Face) {
    let emulator = Emulator::builder().start_blocking().unwrap();
    let mut account = Account::bare(face, emulator, |config| config).await;
    let manual = Operation::CreateDatabase(CreateDatabase {
        id: "d 1".to_owned(),
        throughput: Some(Throughput::Manual(400)),
    });
    account.ok(manual).await;
    let seen = account.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/dbs"));
    assert_eq!(seen.header("x-ms-offer-throughput"), Some("400"));
    assert_eq!(seen.header("prefer"), None, "the answer must have a body");
    assert_eq!(seen.body, br#"{"id":"d 1"}"#.as_slice());

    let autoscale = Operation::CreateContainer(CreateContainer {
        database: "d 1".to_owned(),
        definition: br#"{"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}"#
            .to_vec(),
        throughput: Some(Throughput::Autoscale(1000)),
    });
    assert_eq!(account.ok(autoscale).await.status, 201);
    let seen = account.last();
    assert_eq!(seen.path, "/dbs/d%201/colls");
    assert_eq!(
        seen.header("x-ms-cosmos-offer-autopilot-settings"),
        Some(r#"{"maxThroughput":1000}"#)
    );
    assert_eq!(seen.header("x-ms-offer-throughput"), None);
    for (operation, method, path) in [
        (
            Operation::ReadDatabase("d 1".to_owned()),
            "GET",
            "/dbs/d%201",
        ),
        (
            Operation::ReadContainer(container("d 1", "no")),
            "GET",
            "/dbs/d%201/colls/no",
        ),
        (
            Operation::DeleteContainer(container("d 1", "no")),
            "DELETE",
            "/dbs/d%201/colls/no",
        ),
        (
            Operation::DeleteDatabase("d 1".to_owned()),
            "DELETE",
            "/dbs/d%201",
        ),
    ] {
        let _ = account.driver.execute(operation).await;
        let seen = account.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), (method, path));
        assert!(seen.status != 401, "the signature is right");
    }
}

async fn names_are_checked(face: Face) {
    let mut account = Account::new(face).await;
    let too_long = "x".repeat(256);
    for name in ["", "a/b", "a\\b", "a?b", "a#b", "a\nb", too_long.as_str()] {
        for operation in [
            create_database(name),
            Operation::ReadDatabase(name.to_owned()),
            Operation::ReadContainer(container(DATABASE, name)),
            Operation::DeleteContainer(container(name, CONTAINER)),
        ] {
            assert_eq!(
                account.refused(operation).await,
                ErrorKind::InvalidArgument,
                "{name:?}"
            );
        }
    }
    let too_long = "x".repeat(1024);
    for id in [
        "",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "a\0b",
        "a ",
        ".",
        "..",
        too_long.as_str(),
    ] {
        assert_eq!(
            account.refused(at(text("a")).read(id)).await,
            ErrorKind::InvalidArgument,
            "{id:?}"
        );
    }
    assert!(
        account.emulator.requests().is_empty(),
        "nothing wrong was sent"
    );
    account
        .ok(Operation::ReadDatabase(DATABASE.to_owned()))
        .await;
}

async fn a_container_created_anew_is_noticed(face: Face) {
    let mut account = Account::new(face).await;
    account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    // Somebody else deletes the container and makes another with the same name and another key.
    let mut other = account.another(face, |config| config).await;
    other
        .execute(Operation::DeleteContainer(container(DATABASE, CONTAINER)))
        .await
        .unwrap();
    other
        .execute(create_container(DATABASE, CONTAINER, &["/other"], 2))
        .await
        .unwrap();
    // The first driver is told so, and looks the container up again.
    let created = account
        .ok(at(text("b")).create(r#"{"id":"1","other":"b"}"#))
        .await;
    assert_eq!(
        steps(&created.diagnostics),
        [
            ("create_item", Some(400), Some(1024)),
            ("read_container", Some(200), None),
            ("create_item", Some(201), None),
        ]
    );
    let seen = account.emulator.requests();
    let intended = |seen: &Recorded| {
        let rid = seen.header("x-ms-cosmos-intended-collection-rid");
        rid.map(str::to_owned)
    };
    let [.., before, _, after] = &seen[..] else {
        panic!("three requests")
    };
    assert!(intended(before).is_some() && intended(after).is_some());
    assert_ne!(intended(before), intended(after));
    assert_eq!(after.header("x-ms-session-token"), None, "of the other one");
}

/// The caller's session token is one of the container that is gone: only the caller can give another.
async fn a_container_created_anew_is_told_to_who_has_a_token(face: Face) {
    let mut account = Account::new(face).await;
    let created = account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    let token = created.headers.session_token.expect("a session token");
    let mut other = account.another(face, |config| config).await;
    let again = create_container(DATABASE, CONTAINER, &["/other"], 2);
    for operation in [
        Operation::DeleteContainer(container(DATABASE, CONTAINER)),
        again,
    ] {
        other.execute(operation).await.unwrap();
    }
    let write = at(text("b"))
        .session(&token)
        .create(r#"{"id":"1","other":"b"}"#);
    let error = account.fails(write).await;
    let error = error.driver().expect("an error of the driver");
    assert_eq!(
        (error.kind, error.status, error.sub_status),
        (ErrorKind::Unavailable, Some(400), Some(1024)),
        "{error:?}"
    );
    assert!(error.retryable && error.outcome == Outcome::NotApplied);
    let told = steps(error.diagnostics.as_ref().unwrap()).len();
    assert_eq!(
        told, 1,
        "nothing is tried with a token of another container"
    );
    // It knows better the next time.
    let created = account
        .ok(at(text("b")).create(r#"{"id":"1","other":"b"}"#))
        .await;
    assert_eq!(
        steps(&created.diagnostics),
        [
            ("read_container", Some(200), None),
            ("create_item", Some(201), None),
        ]
    );
}

/// What was sent, and its status and sub-status.
fn steps(diagnostics: &Diagnostics) -> Vec<(&str, Option<u16>, Option<u32>)> {
    let attempts = diagnostics.attempts.iter();
    attempts
        .map(|attempt| {
            let name = attempt.operation_name.as_str();
            (name, attempt.status, attempt.sub_status)
        })
        .collect()
}
