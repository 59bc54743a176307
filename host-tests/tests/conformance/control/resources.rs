//! Scripts, users, permissions and conflicts.

use cosmosdb_driver_host::types::{
    ErrorKind, KeyComponent, ManageResource, Operation, OperationOptions, Outcome, Precondition,
    RequestSent, ResourceAction, ResourceKind, ResourceRef,
};
use host_tests::gateway::Effect;
use host_tests::scripted::Step;
use serde_json::json;

use super::{AT, Scene, other};
use crate::account::{CONTAINER, DATABASE};
use crate::build::{at, json as parse, text};
use crate::face::Face;

on_every_face!(
    every_kind_lives,
    etags_guard_resources,
    conflicts_belong_to_a_key,
    what_nobody_can_do_is_not_sent,
    a_stored_procedure_is_run,
    a_stored_procedure_is_not_run_twice,
    triggers_run_with_writes,
);

const USERS: &str = "/dbs/shop/users";

fn resource(kind: ResourceKind, id: &str) -> ResourceRef {
    let parent = match kind {
        ResourceKind::User => "",
        ResourceKind::Permission => "u",
        _ => CONTAINER,
    };
    ResourceRef {
        kind,
        database: DATABASE.to_owned(),
        parent: parent.to_owned(),
        id: id.to_owned(),
        key: Vec::new(),
    }
}

fn manage(kind: ResourceKind, id: &str, action: ResourceAction) -> Operation {
    Operation::ManageResource(ManageResource {
        resource: resource(kind, id),
        action,
        precondition: None,
    })
}

fn guarded(kind: ResourceKind, id: &str, action: ResourceAction, by: Precondition) -> Operation {
    Operation::ManageResource(ManageResource {
        resource: resource(kind, id),
        action,
        precondition: Some(by),
    })
}

fn keyed(
    kind: ResourceKind,
    id: &str,
    action: ResourceAction,
    key: Vec<KeyComponent>,
) -> Operation {
    Operation::ManageResource(ManageResource {
        resource: ResourceRef {
            key,
            ..resource(kind, id)
        },
        action,
        precondition: None,
    })
}

fn run(id: &str, parameters: &str) -> Operation {
    let action = ResourceAction::Execute(parameters.as_bytes().to_vec());
    keyed(ResourceKind::StoredProcedure, id, action, text("a"))
}

fn create(definition: &str) -> ResourceAction {
    ResourceAction::Create(definition.as_bytes().to_vec())
}

fn with_header(name: &str, value: &str) -> OperationOptions {
    OperationOptions {
        custom_headers: vec![(name.to_owned(), value.to_owned())],
        ..OperationOptions::default()
    }
}

async fn every_kind_lives(face: Face) {
    let mut scene = Scene::new(face).await;
    for (kind, feed, name) in [
        (
            ResourceKind::StoredProcedure,
            format!("{AT}/sprocs"),
            "stored_procedure",
        ),
        (ResourceKind::Trigger, format!("{AT}/triggers"), "trigger"),
        (
            ResourceKind::UserDefinedFunction,
            format!("{AT}/udfs"),
            "user_defined_function",
        ),
        (ResourceKind::User, USERS.to_owned(), "user"),
        (
            ResourceKind::Permission,
            format!("{USERS}/u/permissions"),
            "permission",
        ),
    ] {
        if kind == ResourceKind::Permission {
            scene
                .ok(manage(ResourceKind::User, "u", create(r#"{"id":"u"}"#)))
                .await;
            scene.gateway.clear();
        }
        // The bytes go as they are.
        let definition = r#"{"id":"x 1", "body":"f\u00e9", "n":1.0}"#;
        let made = scene.ok(manage(kind, "", create(definition))).await;
        assert_eq!(
            (made.status, &parse(&made.body)["id"]),
            (201, &json!("x 1"))
        );
        assert_eq!(made.diagnostics.operation_name, format!("create_{name}"));
        assert_eq!(scene.last().body, definition.as_bytes());
        let again = scene.fails(manage(kind, "", create(definition))).await;
        assert_eq!(
            (again.kind, again.outcome),
            (ErrorKind::Conflict, Outcome::NotApplied)
        );
        let read = scene.ok(manage(kind, "x 1", ResourceAction::Read)).await;
        assert_eq!(parse(&read.body)["body"], "f\u{e9}");
        assert!(read.headers.etag.is_some());
        let new = ResourceAction::Replace(br#"{"id":"x 1","body":"g"}"#.to_vec());
        let replaced = scene.ok(manage(kind, "x 1", new)).await;
        assert_eq!(parse(&replaced.body)["body"], "g");
        let deleted = scene.ok(manage(kind, "x 1", ResourceAction::Delete)).await;
        assert_eq!((deleted.status, deleted.body.len()), (204, 0));
        assert_eq!(deleted.diagnostics.operation_name, format!("delete_{name}"));
        let gone = scene.fails(manage(kind, "x 1", ResourceAction::Read)).await;
        assert_eq!(gone.kind, ErrorKind::NotFound);
        assert_eq!(gone.diagnostics.unwrap().request_count, 1);
        assert_eq!(
            scene.lines(),
            [
                format!("POST {feed}"),
                format!("POST {feed}"),
                format!("GET {feed}/x%201"),
                format!("PUT {feed}/x%201"),
                format!("DELETE {feed}/x%201"),
                format!("GET {feed}/x%201"),
            ]
        );
    }
}

async fn etags_guard_resources(face: Face) {
    let mut scene = Scene::new(face).await;
    let kind = ResourceKind::Trigger;
    let made = scene.ok(manage(kind, "", create(r#"{"id":"t"}"#))).await;
    let etag = made.headers.etag.unwrap();
    let unchanged = Precondition::IfNoneMatch(etag.clone());
    let read = scene
        .ok(guarded(kind, "t", ResourceAction::Read, unchanged))
        .await;
    assert_eq!((read.status, read.body.len()), (304, 0));
    let put = || ResourceAction::Replace(br#"{"id":"t","v":2}"#.to_vec());
    let by = || Precondition::IfMatch(etag.clone());
    scene.ok(guarded(kind, "t", put(), by())).await;
    assert_eq!(scene.last().header("if-match"), Some(etag.as_str()));
    for action in [put(), ResourceAction::Delete] {
        let late = scene.fails(guarded(kind, "t", action, by())).await;
        assert_eq!(late.kind, ErrorKind::PreconditionFailed);
    }
}

async fn conflicts_belong_to_a_key(face: Face) {
    // Eager: the driver checks the key, and says which container it means.
    let mut scene = Scene::with(face, |config| config).await;
    scene
        .gateway
        .container(DATABASE, CONTAINER)
        .add_conflict("x");
    let conflict = |action, key| keyed(ResourceKind::Conflict, "x", action, key);
    let read = scene.ok(conflict(ResourceAction::Read, text("a"))).await;
    assert_eq!(parse(&read.body)["id"], "x");
    let seen = scene.last();
    assert_eq!(seen.path, format!("{AT}/conflicts/x"));
    assert_eq!(
        seen.header("x-ms-documentdb-partitionkey"),
        Some(r#"["a"]"#)
    );
    assert!(seen.header("x-ms-cosmos-intended-collection-rid").is_some());
    scene.gateway.clear();
    for key in [Vec::new(), [text("a"), text("b")].concat()] {
        let error = scene.fails(conflict(ResourceAction::Read, key)).await;
        assert_eq!(
            (error.kind, error.status),
            (ErrorKind::InvalidArgument, None)
        );
    }
    assert!(scene.lines().is_empty());
    scene.ok(conflict(ResourceAction::Delete, text("a"))).await;
    assert_eq!(scene.lines(), [format!("DELETE {AT}/conflicts/x")]);
}

async fn what_nobody_can_do_is_not_sent(face: Face) {
    let mut scene = Scene::new(face).await;
    let body = || b"[]".to_vec();
    for operation in [
        manage(ResourceKind::Conflict, "", create("{}")),
        keyed(
            ResourceKind::Conflict,
            "x",
            ResourceAction::Replace(body()),
            text("a"),
        ),
        keyed(
            ResourceKind::Trigger,
            "t",
            ResourceAction::Execute(body()),
            text("a"),
        ),
        manage(
            ResourceKind::StoredProcedure,
            "p",
            ResourceAction::Execute(body()),
        ),
        manage(ResourceKind::User, "a/b", ResourceAction::Read),
        manage(ResourceKind::User, "", ResourceAction::Delete),
        guarded(
            ResourceKind::User,
            "u",
            ResourceAction::Delete,
            Precondition::IfMatch("a\r\nb".to_owned()),
        ),
    ] {
        let error = scene.fails(operation).await;
        assert_eq!(
            (error.kind, error.status, error.outcome),
            (ErrorKind::InvalidArgument, None, Outcome::NotApplied),
            "{error:?}"
        );
    }
    assert!(scene.lines().is_empty());
}

async fn a_stored_procedure_is_run(face: Face) {
    let mut scene = Scene::new(face).await;
    for source in ["run", "throw"] {
        let definition = format!(r#"{{"id":"{source}","body":"{source}"}}"#);
        scene
            .ok(manage(
                ResourceKind::StoredProcedure,
                "",
                create(&definition),
            ))
            .await;
    }
    scene.gateway.clear();
    let parameters = r#"[1.0, {"a":"\u00e9"} ,"x"]"#;
    let done = scene.ok(run("run", parameters)).await;
    let result = parse(&done.body);
    assert_eq!(
        (&result["key"], &result["parameters"][1]["a"]),
        (&json!(["a"]), &json!("\u{e9}"))
    );
    assert_eq!(done.diagnostics.operation_name, "execute_stored_procedure");
    let seen = scene.last();
    assert_eq!(seen.body, parameters.as_bytes());
    let log = "x-ms-documentdb-script-log-results";
    assert_eq!(other(&done, log), None);
    // The log is asked for, and comes as the service escapes it.
    let logging = with_header("x-ms-documentdb-script-enable-logging", "true");
    let done = scene.ok_with(run("run", "[]"), logging).await;
    assert_eq!(other(&done, log), Some("run%3A%20100%20%25%0A"));
    let thrown = scene.fails(run("throw", "[]")).await;
    assert_eq!(
        (thrown.kind, thrown.status),
        (ErrorKind::InvalidArgument, Some(400))
    );
    assert!(thrown.message.contains("has thrown"), "{}", thrown.message);
    let missing = scene.fails(run("none", "[]")).await;
    assert_eq!(missing.kind, ErrorKind::NotFound);
    let line = |id: &str| format!("POST {AT}/sprocs/{id}");
    assert_eq!(
        scene.lines(),
        [line("run"), line("run"), line("throw"), line("none")]
    );
}

async fn a_stored_procedure_is_not_run_twice(face: Face) {
    let mut scene = Scene::new(face).await;
    scene
        .ok(manage(
            ResourceKind::StoredProcedure,
            "",
            create(r#"{"id":"p"}"#),
        ))
        .await;
    scene.gateway.clear();
    // Nobody can tell whether it ran: once.
    scene.gateway.on(1, |_| true, Step::reset());
    let error = scene.fails(run("p", "[]")).await;
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Transport, Outcome::Unknown)
    );
    let attempts = error.diagnostics.unwrap().attempts;
    assert_eq!(attempts.len(), 1);
    assert_ne!(attempts[0].request_sent, RequestSent::NotSent);
    // It certainly did not run: again.
    scene.gateway.on(
        1,
        |_| true,
        Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1"),
    );
    scene.gateway.clear();
    scene.ok(run("p", "[]")).await;
    assert_eq!(scene.lines().len(), 2);
}

/// By the service, if a write says so.
async fn triggers_run_with_writes(face: Face) {
    let mut scene = Scene::new(face).await;
    let header = "x-ms-documentdb-pre-trigger-include";
    let write = at(text("a")).create(r#"{"id":"1","pk":"a"}"#);
    scene.ok_with(write, with_header(header, "stamp")).await;
    assert_eq!(scene.last().header(header), Some("stamp"));
}
