//! Transactional batches, against an account that carries them out.

mod failures;

use cosmosdb_driver_host::types::{
    BatchAction, BatchOperation, BatchPatch, BatchReplace, Error as DriverError, ErrorKind,
    Operation, OperationOptions, Outcome, PatchOperation, PatchValue, Precondition, Response,
};
use cosmosdb_driver_host::{Config, Options};
use host_tests::gateway::{self, Effect, Gateway};
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use crate::account::{CONTAINER, DATABASE, lean};
use crate::build::{at, json as parse, text};
use crate::face::{Driver, Face};
use crate::scene::{config, execute, fails};

on_every_face!(
    every_kind_in_one_request,
    writes_return_items_on_demand,
    a_failed_operation_is_named_and_nothing_is_done,
    etags_are_conditions_of_single_operations,
    what_breaks_the_limits_is_not_sent,
    the_largest_batch_is_sent,
    a_session_goes_through_batches,
);

struct Scene {
    gateway: Gateway,
    driver: Driver,
}

impl Scene {
    /// Lean metadata: one request for an operation.
    async fn new(face: Face) -> Self {
        Self::with(face, lean).await
    }

    async fn with(face: Face, change: impl FnOnce(Config) -> Config) -> Self {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            ranges: 2,
            ..gateway::Options::default()
        };
        let gateway = Gateway::start(options).unwrap();
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(Options::default(), &config).await.unwrap();
        Self { gateway, driver }
    }

    async fn ok(&mut self, operation: Operation) -> Response {
        match execute(&mut self.driver, operation).await {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    async fn fails(&mut self, operation: Operation) -> DriverError {
        fails(&mut self.driver, operation).await
    }

    fn put(&self, document: Value) {
        self.gateway.container(DATABASE, CONTAINER).put(document);
    }

    fn item(&self, id: &str) -> Option<Value> {
        let container = self.gateway.container(DATABASE, CONTAINER);
        container.item(&[json!("a")], id)
    }

    /// Does this to the next batch.
    fn on_batch(&self, effect: impl Into<Effect>) {
        self.gateway.on(1, is_batch, effect);
    }

    fn batches(&self) -> Vec<Seen> {
        let mut seen = self.gateway.requests();
        seen.retain(is_batch);
        seen
    }
}

fn is_batch(seen: &Seen) -> bool {
    seen.header("x-ms-cosmos-is-batch-request") == Some("True")
}

fn body(id: &str, n: i32) -> Vec<u8> {
    format!(r#"{{"id":"{id}","pk":"a","n":{n}}}"#).into_bytes()
}

fn plain(action: BatchAction) -> BatchOperation {
    BatchOperation {
        action,
        precondition: None,
    }
}

fn create(id: &str) -> BatchOperation {
    plain(BatchAction::Create(body(id, 1)))
}

fn upsert(id: &str, n: i32) -> BatchOperation {
    plain(BatchAction::Upsert(body(id, n)))
}

fn replace(id: &str, n: i32) -> BatchOperation {
    plain(BatchAction::Replace(BatchReplace {
        id: id.to_owned(),
        body: body(id, n),
    }))
}

fn read(id: &str) -> BatchOperation {
    plain(BatchAction::Read(id.to_owned()))
}

fn delete(id: &str) -> BatchOperation {
    plain(BatchAction::Delete(id.to_owned()))
}

fn patch(id: &str, operation: PatchOperation) -> BatchOperation {
    plain(BatchAction::Patch(BatchPatch {
        id: id.to_owned(),
        operations: vec![operation],
        condition: None,
    }))
}

fn value(path: &str, value: &str) -> PatchValue {
    PatchValue {
        path: path.to_owned(),
        value: value.as_bytes().to_vec(),
    }
}

fn increment(id: &str) -> BatchOperation {
    patch(id, PatchOperation::Increment(value("/n", "5")))
}

fn batch(operations: impl Into<Vec<BatchOperation>>) -> Operation {
    at(text("a")).batch(operations.into())
}

fn statuses(response: &Response) -> Vec<u16> {
    let results = response.results.iter();
    results.map(|result| result.status).collect()
}

async fn every_kind_in_one_request(face: Face) {
    let mut scene = Scene::new(face).await;
    scene.put(json!({ "id": "old", "pk": "a" }));
    let operations = [
        create("1"),
        upsert("2", 2),
        replace("1", 10),
        increment("1"),
        read("1"),
        delete("old"),
    ];
    let done = scene.ok(batch(operations)).await;
    assert_eq!((done.status, done.body.len()), (200, 0));
    assert_eq!(statuses(&done), [201, 201, 200, 200, 200, 204]);
    let read = &done.results[4];
    let item = parse(&read.body);
    assert_eq!((&item["id"], &item["n"]), (&json!("1"), &json!(15)));
    assert_eq!(read.etag.as_deref(), item["_etag"].as_str());
    assert!(read.request_charge > 0.0);
    // Writes return no items unless asked for.
    assert!(
        done.results[..4]
            .iter()
            .all(|result| result.body.is_empty())
    );
    assert!(done.results[..4].iter().all(|result| result.etag.is_some()));
    assert_eq!(done.headers.request_charge, 10.5);
    assert_eq!(scene.item("old"), None);
    assert_eq!(scene.item("1").unwrap()["n"], 15);

    let seen = scene.gateway.requests();
    assert_eq!(seen.len(), 1, "one request, however many operations");
    assert_eq!(
        scene.gateway.lines(),
        [format!("POST /dbs/{DATABASE}/colls/{CONTAINER}/docs")]
    );
    for (name, value) in [
        ("x-ms-documentdb-partitionkey", r#"["a"]"#),
        ("x-ms-cosmos-batch-atomic", "True"),
        ("x-ms-cosmos-batch-ordered", "True"),
        ("x-ms-cosmos-batch-continue-on-error", "False"),
        ("prefer", "return=minimal"),
    ] {
        assert_eq!(seen[0].header(name), Some(value), "{name}");
    }
    let diagnostics = done.diagnostics;
    assert_eq!(diagnostics.operation_name, "execute_batch");
    assert_eq!(diagnostics.request_count, 1);
    assert_eq!(diagnostics.attempts[0].status, Some(200));
}

async fn writes_return_items_on_demand(face: Face) {
    let mut scene = Scene::new(face).await;
    let options = OperationOptions {
        content_response_on_write: Some(true),
        ..OperationOptions::default()
    };
    let both = batch([create("1"), delete("1")]);
    let done = scene.driver.execute_with(both, options).await.unwrap();
    assert_eq!(parse(&done.results[0].body)["n"], 1);
    assert_eq!(done.results[1].body, b"");
    assert_eq!(scene.batches()[0].header("prefer"), None);
}

async fn a_failed_operation_is_named_and_nothing_is_done(face: Face) {
    let mut scene = Scene::new(face).await;
    scene.put(json!({ "id": "taken", "pk": "a" }));
    let other_key = plain(BatchAction::Create(br#"{"id":"3","pk":"b"}"#.to_vec()));
    let cases = [
        (
            create("taken"),
            409,
            None,
            ErrorKind::Conflict,
            "Create of \"taken\"",
        ),
        (
            read("none"),
            404,
            None,
            ErrorKind::NotFound,
            "Read of \"none\"",
        ),
        (
            delete("none"),
            404,
            None,
            ErrorKind::NotFound,
            "Delete of \"none\"",
        ),
        (
            other_key,
            400,
            Some(1001),
            ErrorKind::InvalidArgument,
            "Create of \"3\"",
        ),
    ];
    for (culprit, status, sub_status, kind, label) in cases {
        scene.gateway.clear();
        let error = scene.fails(batch([create("1"), culprit, read("1")])).await;
        assert_eq!(
            (error.kind, error.status, error.sub_status),
            (kind, Some(status), sub_status),
            "{label}"
        );
        assert_eq!(error.failed_operation, Some(1), "{label}");
        assert_eq!(
            (error.outcome, error.retryable),
            (Outcome::NotApplied, false)
        );
        let start = format!("execute_batch: operation 1 of 3 ({label}): {status}");
        assert!(error.message.starts_with(&start), "{}", error.message);
        assert_eq!(scene.item("1"), None, "{label}");
        assert_eq!(scene.batches().len(), 1, "{label}");
        let diagnostics = error.diagnostics.unwrap();
        assert_eq!(diagnostics.attempts[0].status, Some(207));
        assert!(error.headers.unwrap().request_charge > 0.0);
    }
}

async fn etags_are_conditions_of_single_operations(face: Face) {
    let mut scene = Scene::new(face).await;
    let created = scene.ok(batch([create("1"), create("2")])).await;
    let etag = created.results[0].etag.clone().unwrap();
    let with = |operation: BatchOperation, precondition| BatchOperation {
        precondition: Some(precondition),
        ..operation
    };
    // An unchanged item is no failure, and the rest is carried out.
    let unchanged = with(read("1"), Precondition::IfNoneMatch(etag.clone()));
    let guarded = with(replace("1", 2), Precondition::IfMatch(etag));
    let done = scene.ok(batch([unchanged, guarded.clone()])).await;
    assert_eq!((done.status, statuses(&done)), (207, vec![304, 200]));
    assert_eq!(done.results[0].body, b"");
    assert_eq!(scene.item("1").unwrap()["n"], 2);

    let error = scene.fails(batch([delete("2"), guarded])).await;
    assert_eq!(
        (error.kind, error.failed_operation),
        (ErrorKind::PreconditionFailed, Some(1))
    );
    assert!(scene.item("2").is_some());
}

async fn what_breaks_the_limits_is_not_sent(face: Face) {
    let mut scene = Scene::with(face, |config| config).await;
    scene.ok(batch([create("1")])).await;
    scene.gateway.clear();
    let item = |body: &[u8]| plain(BatchAction::Create(body.to_vec()));
    let large = |size: usize| {
        let padding = "x".repeat(size);
        item(format!(r#"{{"id":"1","pk":"a","p":"{padding}"}}"#).as_bytes())
    };
    let patched = |path: &str| patch("1", PatchOperation::Set(value(path, "1")));
    let too_large = ErrorKind::PayloadTooLarge;
    let invalid = ErrorKind::InvalidArgument;
    let cases = [
        ("none", batch([]), invalid),
        ("101", batch(vec![read("1"); 101]), invalid),
        ("2 MiB", batch(vec![large(1 << 20); 2]), too_large),
        ("no JSON", batch([read("1"), item(b"{")]), invalid),
        ("two JSONs", batch([item(b"{},{}")]), invalid),
        ("no id", batch([read("")]), invalid),
        ("long id", batch([delete(&"x".repeat(1024))]), invalid),
        ("patch of the id", batch([patched("/id")]), invalid),
        ("patch of the key", batch([patched("/pk")]), invalid),
        ("no key", at(vec![]).batch(vec![read("1")]), invalid),
        (
            "short key",
            at([text("a"), text("b")].concat()).batch(vec![read("1")]),
            invalid,
        ),
        (
            "bad token",
            at(text("a")).session("a\r\nb").batch(vec![read("1")]),
            invalid,
        ),
    ];
    for (what, operation, kind) in cases {
        let error = scene.fails(operation).await;
        assert_eq!(
            (error.kind, error.status),
            (kind, None),
            "{what}: {error:?}"
        );
        assert_eq!(error.outcome, Outcome::NotApplied, "{what}");
        assert_eq!(error.diagnostics.unwrap().request_count, 0, "{what}");
        assert_eq!(scene.gateway.lines(), Vec::<String>::new(), "{what}");
    }
}

async fn the_largest_batch_is_sent(face: Face) {
    let mut scene = Scene::new(face).await;
    let ids: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let creates: Vec<BatchOperation> = ids.iter().map(|id| create(id)).collect();
    let done = scene.ok(batch(creates)).await;
    assert_eq!(statuses(&done), [201; 100]);
    let reads: Vec<BatchOperation> = ids.iter().map(|id| read(id)).collect();
    let done = scene.ok(batch(reads)).await;
    for (id, result) in ids.iter().zip(&done.results) {
        assert_eq!(parse(&result.body)["id"], id.as_str());
    }
    assert_eq!(scene.batches().len(), 2);
}

/// A batch may hold reads, so it goes with what the session knows, unlike other writes.
async fn a_session_goes_through_batches(face: Face) {
    let mut scene = Scene::with(face, |config| config).await;
    let first = scene.ok(batch([create("1")])).await;
    let token = first.headers.session_token.expect("a token");
    scene.ok(batch([upsert("1", 2)])).await;
    scene
        .ok(at(text("a")).session("0:-1#7").batch(vec![read("1")]))
        .await;
    scene.ok(at(text("a")).read("1")).await;
    let seen = scene.gateway.requests();
    let tokens: Vec<Option<&str>> = seen
        .iter()
        .filter(|seen| seen.path.ends_with("/docs") || seen.path.contains("/docs/"))
        .map(|seen| seen.header("x-ms-session-token"))
        .collect();
    assert_eq!(tokens[..3], [None, Some(token.as_str()), Some("0:-1#7")]);
    assert!(tokens[3].is_some());
}
