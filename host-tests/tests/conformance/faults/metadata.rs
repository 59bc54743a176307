//! Account documents and container definitions that are not what they should be.

use cosmosdb_driver_host::types::{Error, ErrorKind, Outcome};
use host_tests::scripted::Step;

use crate::face::Face;
use crate::scene::{ACCOUNT, DEFINITION, Scene, good, write};

on_every_face!(
    a_wrong_account_document,
    a_wrong_container_definition,
    metadata_of_the_largest_size,
    metadata_over_the_largest_size,
    metadata_that_does_not_arrive,
    metadata_that_is_refused,
);

/// What the driver reads of an account document or a definition at most.
const LARGEST: usize = 1 << 20;

fn json(body: &str) -> Step {
    Step::respond(
        200,
        &[("content-type", "application/json")],
        body.to_owned(),
    )
}

/// Bodies that are neither an account document nor a container definition.
fn nonsense() -> Vec<Step> {
    let deep = format!("{{\"_rid\":{}", "[".repeat(100_000));
    vec![
        json(""),
        json("null"),
        json("[]"),
        json("\"text\""),
        json("{\"_rid\":\"r\","),
        json("{\"writableLocations\":["),
        json(&deep),
        Step::respond(
            200,
            &[("content-type", "text/html")],
            "<html>Sign in</html>",
        ),
        Step::respond(200, &[], &b"\xff\xfe\x00"[..]),
        Step::respond(204, &[], ""),
        Step::huge(200, 8 << 20),
    ]
}

/// The error of a write whose metadata request number `already` (from 0) gets `fault`; the next try succeeds.
async fn error_of(face: Face, already: usize, fault: Step) -> Error {
    let rest = [json(ACCOUNT), json(DEFINITION)];
    let (before, after) = rest.split_at(already);
    let script = before.iter().chain([&fault]).chain(after);
    let mut scene = Scene::eager(face, script.cloned().chain([good()])).await;
    let error = scene.fails(write()).await;
    let requests = already + 1;
    assert_eq!(scene.server.requests().len(), requests, "{error:?}");
    assert_eq!(
        error.outcome,
        Outcome::NotApplied,
        "the write did not leave"
    );
    let diagnostics = error.diagnostics.as_ref().expect("diagnostics");
    assert_eq!(diagnostics.operation_name, "create_item");
    assert_eq!(diagnostics.attempts.len(), requests);
    let name = ["read_account", "read_container"][already];
    assert!(error.message.starts_with(name), "{}", error.message);
    assert_eq!(diagnostics.attempts[already].operation_name, name);
    scene.still_works().await;
    assert_eq!(scene.server.requests().len(), 4, "what was right is kept");
    error
}

async fn a_wrong_account_document(face: Face) {
    for fault in nonsense() {
        let error = error_of(face, 0, fault).await;
        assert_eq!((error.kind, error.retryable), (ErrorKind::Service, false));
    }
}

async fn a_wrong_container_definition(face: Face) {
    let without_id = [json("{}"), json(r#"{"_rid":4}"#), json(r#"{"_rid":null}"#)];
    for fault in nonsense().into_iter().chain(without_id) {
        let error = error_of(face, 1, fault).await;
        assert_eq!((error.kind, error.retryable), (ErrorKind::Service, false));
    }
}

/// A document of so many bytes: a good one, and space that JSON allows.
fn padded(document: &str, bytes: usize) -> Step {
    json(&(document.to_owned() + &" ".repeat(bytes - document.len())))
}

async fn metadata_of_the_largest_size(face: Face) {
    let script = [ACCOUNT, DEFINITION].map(|document| padded(document, LARGEST));
    let mut scene = Scene::eager(face, script.into_iter().chain([good()])).await;
    scene.still_works().await;
    assert_eq!(scene.server.requests().len(), 3);
}

async fn metadata_over_the_largest_size(face: Face) {
    for (already, document) in [ACCOUNT, DEFINITION].into_iter().enumerate() {
        for bytes in [LARGEST + 1, 2_000_000] {
            let error = error_of(face, already, padded(document, bytes)).await;
            assert_eq!((error.kind, error.retryable), (ErrorKind::Service, false));
            assert!(error.message.contains("megabyte"), "{}", error.message);
        }
    }
}

async fn metadata_that_does_not_arrive(face: Face) {
    for already in [0, 1] {
        for (fault, retryable) in [
            (Step::truncated(200, 100, "{}"), true),
            (Step::reset(), true),
            (Step::garbage("nonsense"), true),
            (Step::huge(200, 1 << 40), false),
        ] {
            let error = error_of(face, already, fault).await;
            assert_eq!(
                (error.kind, error.retryable),
                (ErrorKind::Transport, retryable)
            );
        }
    }
}

async fn metadata_that_is_refused(face: Face) {
    for already in [0, 1] {
        for (status, kind) in [
            (302, ErrorKind::Service),
            (401, ErrorKind::Unauthorized),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (429, ErrorKind::Throttled),
            (500, ErrorKind::Service),
            (503, ErrorKind::Unavailable),
        ] {
            let error = error_of(face, already, Step::respond(status, &[], "<html>")).await;
            assert_eq!((error.kind, error.status), (kind, Some(status)));
        }
    }
}
