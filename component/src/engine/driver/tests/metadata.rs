//! What the driver fetches and keeps.

use super::*;
use crate::engine::containers::MAX_CONTAINERS;

#[test]
fn eager_reads_the_account_and_the_container_once() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    world
        .metadata()
        .answer(200, &[("x-ms-request-charge", "1.5")], "{\"id\":\"1\"}");
    let response = run(&driver, read(1)).unwrap();
    assert_eq!(
        world.seen(),
        [
            "GET a.example.com/",
            "GET a-westus2.example.com/dbs/d/colls/c",
            "GET a-westus2.example.com/dbs/d/colls/c/docs/1",
        ]
    );
    assert_eq!(response.body, b"{\"id\":\"1\"}");
    let names: Vec<_> = response
        .diagnostics
        .attempts
        .iter()
        .map(|a| a.operation_name)
        .collect();
    assert_eq!(names, ["read_account", "read_container", "read_item"]);
    assert_eq!(response.diagnostics.request_charge, 1.5);
    assert_eq!(
        response.diagnostics.attempts[2].region.as_deref(),
        Some("westus2")
    );
    assert_eq!(
        world
            .header("x-ms-cosmos-intended-collection-rid")
            .as_deref(),
        Some("r1")
    );
    assert!(
        world
            .header("authorization")
            .unwrap()
            .starts_with("type%3Dmaster%26ver%3D1.0%26sig%3D")
    );
    assert_eq!(
        world.header("x-ms-date").as_deref(),
        Some("Tue, 01 Jul 2025 12:34:56 GMT")
    );

    world.answer(201, &[], "");
    run(&driver, create()).unwrap();
    assert_eq!(
        world.seen(),
        ["POST a-eastus.example.com/dbs/d/colls/c/docs"]
    );
    assert_eq!(world.header("content-length").as_deref(), Some("2"));
}

#[test]
fn many_operations_share_the_metadata_and_outlive_the_first() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    world.0.shut.set(true);
    let start = || Box::pin(driver.execute(read(1), OperationOptions::default()));
    let (mut first, mut second) = (start(), start());
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    drop(first);
    world.metadata().answer(200, &[], "{}");
    world.0.shut.set(false);
    let response = match poll(second.as_mut()) {
        Poll::Ready(response) => response.unwrap(),
        Poll::Pending => panic!("the second operation waits"),
    };
    assert_eq!(world.seen().len(), 3);
    // The account was the first one's request; the container was read by the second one itself.
    assert_eq!(response.diagnostics.request_count, 2);
}

#[test]
fn failed_metadata_is_reported_and_not_kept() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    for (status, body, kind) in [
        (401, "", ErrorKind::Unauthorized),
        (200, "<html>", ErrorKind::Service),
        (503, "{}", ErrorKind::Unavailable),
    ] {
        world.answer(status, &[], body);
        let error = run(&driver, create()).unwrap_err();
        assert_eq!((error.kind, error.outcome), (kind, Outcome::NotApplied));
        assert!(
            error.message.starts_with("read_account"),
            "{}",
            error.message
        );
    }
    world.metadata().answer(201, &[], "");
    assert!(run(&driver, create()).is_ok());
}

#[test]
fn a_container_that_went_is_forgotten() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    world.metadata().answer(200, &[], "{}");
    run(&driver, read(1)).unwrap();
    // It is looked up again, and is still the same.
    world
        .answer(400, &[("x-ms-substatus", "1024")], "{}")
        .answer(200, &[], CONTAINER);
    assert_eq!(
        run(&driver, read(1)).unwrap_err().kind,
        ErrorKind::Unavailable
    );
    for gone in [
        Operation::DeleteContainer(at()),
        Operation::DeleteDatabase { id: "d".to_owned() },
    ] {
        world.seen();
        world.answer(200, &[], CONTAINER).answer(200, &[], "{}");
        run(&driver, read(1)).unwrap();
        assert_eq!(world.seen().len(), 2);
        world.answer(204, &[], "");
        run(&driver, gone).unwrap();
    }
    world.seen();
    world.answer(404, &[], "{}");
    let error = run(&driver, read(1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error.message.starts_with("read_container"),
        "{}",
        error.message
    );
}

#[test]
fn huge_metadata_is_refused() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    let padding = " ".repeat(1 << 20);
    world.answer(200, &[], &format!("{ACCOUNT}{padding}"));
    let error = run(&driver, read(1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Service);
    // What is no success keeps its own meaning, however long it is.
    world.answer(401, &[], &padding.repeat(2));
    assert_eq!(
        run(&driver, read(1)).unwrap_err().kind,
        ErrorKind::Unauthorized
    );
    world.metadata().answer(200, &[], "{}");
    assert!(run(&driver, read(1)).is_ok());
}

#[test]
fn containers_beyond_the_bound_are_read_again() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    world.answer(200, &[], ACCOUNT);
    let read_of = |number: usize| {
        let container = ContainerRef {
            database: "d".to_owned(),
            container: format!("c{number}"),
        };
        let key = vec![KeyComponent::Null];
        let item = ItemRef {
            container,
            id: "1".to_owned(),
            key,
        };
        let requests = world.answer(200, &[], CONTAINER).answer(200, &[], "{}");
        let response = run(
            &driver,
            Operation::ReadItem {
                item,
                conditions: Conditions::default(),
            },
        );
        requests.0.answers.borrow_mut().clear();
        response.unwrap().diagnostics.request_count
    };
    assert_eq!(read_of(0), 3);
    assert!((1..=MAX_CONTAINERS).all(|number| read_of(number) == 2));
    assert_eq!(read_of(0), 2, "forgotten");
    assert_eq!(read_of(MAX_CONTAINERS), 1, "known");
}
