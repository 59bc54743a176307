//! Patches by read-modify-write, against an account with etags.

use cosmosdb_driver_host::types::{
    Error as DriverError, ErrorKind, Operation, OperationOptions, Outcome, PatchMove,
    PatchOperation, PatchValue, Response,
};
use cosmosdb_driver_host::{Config, Error, Options};
use host_tests::gateway::{self, Effect, Gateway};
use host_tests::scripted::{Gate, Seen, Step};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::account::{CONTAINER, DATABASE, lean};
use crate::build::{At, at, json as parse, text};
use crate::face::{Driver, Face};
use crate::scene::{config, execute, fails};

on_every_face!(
    one_read_and_one_replace,
    another_writer_leads_to_another_round,
    five_rounds_and_no_more,
    a_lost_answer_is_not_applied_twice,
    what_cannot_be_is_not_sent,
    what_does_not_fit_is_not_written,
    the_budget_is_that_of_one_operation,
    a_session_token_grows,
);

struct Scene {
    gateway: Gateway,
    driver: Driver,
}

impl Scene {
    async fn new(face: Face) -> Self {
        Self::with(face, lean).await
    }

    async fn with(face: Face, change: impl FnOnce(Config) -> Config) -> Self {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            ..gateway::Options::default()
        };
        let gateway = Gateway::start(options).unwrap();
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(Options::default(), &config).await.unwrap();
        let scene = Self { gateway, driver };
        scene.put(json!({ "id": "1", "pk": "a", "n": 1, "list": [1, 2], "old": true }));
        scene
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

    fn item(&self) -> Value {
        let container = self.gateway.container(DATABASE, CONTAINER);
        container.item(&[json!("a")], "1").unwrap()
    }

    /// What was asked of items: a lean driver that fails looks for regions, too.
    fn methods(&self) -> Vec<String> {
        let mut seen = self.gateway.requests();
        seen.retain(|seen| seen.path.contains("/docs/"));
        seen.iter().map(|seen| seen.method.to_string()).collect()
    }
}

fn is_put(seen: &Seen) -> bool {
    seen.method == "PUT"
}

fn one() -> At {
    at(text("a"))
}

fn value(path: &str, value: &str) -> PatchValue {
    PatchValue {
        path: path.to_owned(),
        value: value.as_bytes().to_vec(),
    }
}

fn set(path: &str, text: &str) -> PatchOperation {
    PatchOperation::Set(value(path, text))
}

fn increment() -> PatchOperation {
    PatchOperation::Increment(value("/n", "1"))
}

fn count_up() -> Operation {
    one().modify("1", vec![increment()])
}

async fn one_read_and_one_replace(face: Face) {
    let mut scene = Scene::new(face).await;
    let etag = scene.item()["_etag"].as_str().unwrap().to_owned();
    let mut operations = vec![increment(); 12];
    operations.extend([
        PatchOperation::Add(value("/list/0", "0")),
        PatchOperation::Replace(value("/list/2", "[3]")),
        PatchOperation::Remove("/old".to_owned()),
        PatchOperation::Move(PatchMove {
            from: "/list/1".to_owned(),
            path: "/moved".to_owned(),
        }),
        set("/a~1b", "1.50"),
    ]);
    let done = scene.ok(one().modify("1", operations)).await;
    assert_eq!((done.status, done.body.len()), (200, 0));
    let requests = scene.gateway.requests();
    let [read, replace] = requests.as_slice() else {
        panic!("{:?}", scene.gateway.lines());
    };
    assert_eq!(
        (read.method.as_str(), replace.method.as_str()),
        ("GET", "PUT")
    );
    assert_eq!(read.path, replace.path);
    assert_eq!(
        (read.header("prefer"), read.header("if-match")),
        (None, None)
    );
    assert_eq!(replace.header("if-match"), Some(etag.as_str()));
    assert_eq!(replace.header("prefer"), Some("return=minimal"));
    let item = scene.item();
    assert_eq!((&item["n"], &item["list"]), (&json!(13), &json!([0, [3]])));
    assert_eq!(
        (&item["moved"], &item["a/b"], item.get("old")),
        (&json!(1), &json!(1.5), None)
    );
    assert_eq!(done.headers.etag.as_deref(), item["_etag"].as_str());
    let diagnostics = &done.diagnostics;
    assert_eq!(
        (
            diagnostics.operation_name.as_str(),
            diagnostics.request_count
        ),
        ("patch_item", 2)
    );
    let names: Vec<_> = diagnostics
        .attempts
        .iter()
        .map(|one| one.operation_name.as_str())
        .collect();
    assert_eq!(names, ["patch_read_item", "patch_replace_item"]);
    let charges: f64 = diagnostics
        .attempts
        .iter()
        .map(|one| one.request_charge)
        .sum();
    assert_eq!(diagnostics.request_charge, charges);

    let options = OperationOptions {
        content_response_on_write: Some(true),
        ..OperationOptions::default()
    };
    let done = scene
        .driver
        .execute_with(count_up(), options)
        .await
        .unwrap();
    assert_eq!(parse(&done.body)["n"], 14);
}

async fn another_writer_leads_to_another_round(face: Face) {
    let mut scene = Scene::new(face).await;
    let (gate, (arrived, mut arrivals)) = (Gate::new(), mpsc::unbounded_channel());
    let first = move |seen: &Seen| is_put(seen) && arrived.send(()).is_ok();
    scene.gateway.on(1, first, Effect::after(&gate));
    let container = scene.gateway.container(DATABASE, CONTAINER);
    let other = async {
        arrivals.recv().await.unwrap();
        container.put(json!({ "id": "1", "pk": "a", "n": 41, "theirs": true }));
        gate.open();
    };
    let (done, ()) = tokio::join!(execute(&mut scene.driver, count_up()), other);
    let done = done.unwrap();
    assert_eq!(scene.methods(), ["GET", "PUT", "GET", "PUT"]);
    assert_eq!(
        (&scene.item()["n"], &scene.item()["theirs"]),
        (&json!(42), &json!(true))
    );
    assert_eq!(done.diagnostics.request_count, 4);
    assert!(!done.diagnostics.attempted_more_than_once);
}

async fn five_rounds_and_no_more(face: Face) {
    let mut scene = Scene::new(face).await;
    scene.gateway.on(5, is_put, Effect::refuse(412, 0));
    let error = scene.fails(count_up()).await;
    assert_eq!(
        (error.kind, error.status, error.outcome),
        (
            ErrorKind::PreconditionFailed,
            Some(412),
            Outcome::NotApplied
        )
    );
    assert!(error.message.contains("five times"), "{}", error.message);
    assert_eq!(scene.methods(), ["GET", "PUT"].repeat(5));
    assert_eq!(error.diagnostics.unwrap().request_count, 10);
    assert_eq!(scene.item()["n"], 1);

    scene.gateway.on(4, is_put, Effect::refuse(412, 0));
    scene.ok(count_up()).await;
    assert_eq!(scene.item()["n"], 2);
}

async fn a_lost_answer_is_not_applied_twice(face: Face) {
    // It never arrived, and is sent again.
    let mut scene = Scene::new(face).await;
    scene.gateway.on(1, is_put, Step::close());
    let done = scene.ok(count_up()).await;
    assert_eq!(scene.methods(), ["GET", "PUT", "PUT"]);
    assert_eq!(scene.item()["n"], 2);
    assert!(done.diagnostics.attempted_more_than_once);

    // It was carried out, for all that the caller knows.
    scene.gateway.clear();
    scene
        .gateway
        .on(1, is_put, Effect::served_then(Step::close()));
    let error = scene.fails(count_up()).await;
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::PreconditionFailed, Outcome::Unknown)
    );
    assert!(
        error.message.contains("earlier attempt"),
        "{}",
        error.message
    );
    assert_eq!(scene.methods(), ["GET", "PUT", "PUT"]);
    assert_eq!(scene.item()["n"], 3);
}

async fn what_cannot_be_is_not_sent(face: Face) {
    let mut scene = Scene::with(face, |config| config).await;
    scene.ok(one().read("1")).await;
    scene.gateway.clear();
    let conditional = match count_up() {
        Operation::PatchItem(mut patch) => {
            patch.condition = Some("from c where c.n = 1".to_owned());
            Operation::PatchItem(patch)
        }
        other => other,
    };
    for refused in [
        conditional,
        one().if_match("\"e\"").modify("1", vec![increment()]),
        one().modify("1", vec![]),
        one().modify("1", vec![increment(); 101]),
        one().modify("1", vec![set("/id", "\"2\"")]),
        one().modify("1", vec![set("/pk", "\"b\"")]),
        one().modify("1", vec![set("/pk/in", "1")]),
        one().modify("1", vec![set("/n", "{")]),
        one().modify("1", vec![set("n", "1")]),
    ] {
        let error = scene.fails(refused).await;
        assert_eq!(
            (error.kind, error.status),
            (ErrorKind::InvalidArgument, None)
        );
    }
    assert_eq!(scene.gateway.lines(), Vec::<String>::new());
    scene.ok(one().modify("1", vec![increment(); 100])).await;
    assert_eq!(scene.item()["n"], 101);
}

async fn what_does_not_fit_is_not_written(face: Face) {
    let mut scene = Scene::new(face).await;
    let before = scene.item();
    let misfit = PatchOperation::Remove("/none".to_owned());
    let error = scene
        .fails(one().modify("1", vec![increment(), misfit]))
        .await;
    assert_eq!(
        (error.kind, error.outcome, error.status),
        (ErrorKind::InvalidArgument, Outcome::NotApplied, None)
    );
    assert!(
        error
            .message
            .contains("operation 1 of the patch (remove /none)"),
        "{}",
        error.message
    );
    assert_eq!(error.diagnostics.unwrap().request_count, 1);
    let error = scene.fails(one().modify("2", vec![increment()])).await;
    assert_eq!((error.kind, error.status), (ErrorKind::NotFound, Some(404)));
    assert_eq!(scene.methods(), ["GET", "GET"]);
    assert_eq!(scene.item(), before);
}

async fn the_budget_is_that_of_one_operation(face: Face) {
    let mut scene = Scene::new(face).await;
    let options = OperationOptions {
        ru_budget: Some(0.001),
        ..OperationOptions::default()
    };
    let ended = scene.driver.execute_with(count_up(), options).await;
    let Err(Error::Driver(error)) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::BudgetSpent, Outcome::NotApplied)
    );
    assert_eq!(scene.methods(), ["GET"]);
    assert_eq!(scene.item()["n"], 1);
}

async fn a_session_token_grows(face: Face) {
    let mut scene = Scene::new(face).await;
    let token = scene
        .ok(one().read("1"))
        .await
        .headers
        .session_token
        .unwrap();
    scene.put(json!({ "id": "1", "pk": "a", "n": 7 }));
    scene.gateway.clear();
    scene.gateway.on(1, is_put, Effect::refuse(412, 0));
    scene
        .ok(one().session(&token).modify("1", vec![increment()]))
        .await;
    let requests = scene.gateway.requests();
    let tokens: Vec<_> = requests
        .iter()
        .map(|seen| seen.header("x-ms-session-token"))
        .collect();
    assert_eq!(tokens[0], Some(token.as_str()));
    // What the first read saw is what the second one has to see.
    assert!(tokens[2].is_some() && tokens[2] != tokens[0], "{tokens:?}");
}
