//! Refusals that come while the body is still on its way.

use cosmosdb_driver_host::types::{
    CreateContainer, ErrorKind, Operation, Outcome, PatchOperation, PatchValue,
};
use host_tests::scripted::{Gate, Step};
use tokio::time::timeout;

use crate::build::{at, text};
use crate::face::Face;
use crate::scene::{GOOD, PATIENCE, Scene, good, read};

on_every_face!(
    an_early_refusal_is_seen_while_the_rest_is_read,
    an_early_refusal_is_seen_when_the_connection_closes,
    an_early_refusal_is_seen_while_nothing_is_read,
);

const BODY: &str = r#"{"code":"429","message":"Request rate is large."}"#;

/// More than all the buffers between driver and server hold, which an item is not: a definition has no limit.
const ENDLESS: usize = 32 << 20;

/// As large as the driver sends: 2 MiB.
fn uploads() -> [Operation; 3] {
    let large = format!(
        r#"{{"id":"1","pk":"a","large":"{}"}}"#,
        "x".repeat(2_000_000)
    );
    let set = PatchOperation::Set(PatchValue {
        path: "/large".to_owned(),
        value: format!("\"{}\"", "x".repeat(2_000_000)).into_bytes(),
    });
    [
        at(text("a")).create(large.clone()),
        at(text("a")).replace("1", large),
        at(text("a")).patch("1", vec![set], None),
    ]
}

fn refusal() -> Step {
    Step::early(429, &[("x-ms-retry-after-ms", "1234")], BODY)
}

async fn is_seen(face: Face, refusal: Step) {
    for operation in uploads() {
        let mut scene = Scene::lean(face, [refusal.clone(), good()]).await;
        let error = scene.fails(operation).await;
        assert_eq!(
            (error.kind, error.status, error.retry_after_ms),
            (ErrorKind::Throttled, Some(429), Some(1234)),
            "{error:?}"
        );
        assert_eq!(
            (error.outcome, error.retryable),
            (Outcome::NotApplied, true)
        );
        assert!(error.message.ends_with("Request rate is large."));
        assert_eq!(error.diagnostics.unwrap().request_count, 1);
        assert_eq!(scene.server.requests().len(), 1);
        recovers(&mut scene).await;
        assert_eq!(scene.server.requests().len(), 2);
    }
}

/// Whether the client has noticed by the time of the next request that the connection was closed is a race; then the
/// request does not arrive.
async fn recovers(scene: &mut Scene) {
    loop {
        match scene.execute(read()).await {
            Ok(response) => return assert_eq!(response.body, GOOD.as_bytes()),
            Err(error) => {
                let seen = scene.server.requests().len();
                assert_eq!((error.kind(), seen), (Some(ErrorKind::Transport), 1));
            }
        }
    }
}

async fn an_early_refusal_is_seen_while_the_rest_is_read(face: Face) {
    is_seen(face, refusal()).await;
}

async fn an_early_refusal_is_seen_when_the_connection_closes(face: Face) {
    for _ in 0..10 {
        is_seen(face, refusal().then_close()).await;
    }
}

/// The upload gets stuck: only a driver that looks for the answer meanwhile can see it.
async fn an_early_refusal_is_seen_while_nothing_is_read(face: Face) {
    let gate = Gate::new();
    let script = [refusal().then_wait(&gate), good()];
    let mut scene = Scene::lean(face, script).await;
    let create = Operation::CreateContainer(CreateContainer {
        database: "shop".to_owned(),
        definition: vec![b' '; ENDLESS],
        throughput: None,
    });
    let error = scene.fails(create).await;
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Throttled, Outcome::NotApplied),
        "{error:?}"
    );
    let seen = scene.server.requests();
    assert!(!seen[0].complete && seen[0].body.is_empty());
    gate.open();
    let abandoned = scene.server.wait_until(|seen| seen[0].abandoned);
    let abandoned = timeout(PATIENCE, abandoned).await;
    let seen = abandoned.expect("the rest is not sent");
    assert!(!seen[0].complete && seen[0].body.len() < ENDLESS);
    scene.still_works().await;
    assert_eq!(scene.server.requests().len(), 2);
}
