//! Throughput: found, replaced, migrated, awaited.

use cosmosdb_driver_host::types::{
    CreateContainer, CreateDatabase, ErrorKind, ManageThroughput, Operation, OperationOptions,
    Outcome, Throughput,
};
use host_tests::gateway::Effect;
use serde_json::Value;

use super::{Scene, names, other};
use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, json as parse};
use crate::face::Face;

on_every_face!(
    throughput_is_read,
    throughput_is_replaced,
    the_kind_is_changed_and_then_the_rate,
    a_pending_change_is_told,
    where_nothing_is_provisioned,
    what_the_service_does_not_sell_is_not_sent,
    half_a_migration_is_told,
    budgets_hold_for_all_requests,
);

const MINIMUM: &str = "x-ms-cosmos-min-throughput";
const PENDING: &str = "x-ms-offer-replace-pending";

/// An account with a container that has throughput, in a database that has too.
async fn scene(face: Face, throughput: Throughput) -> Scene {
    let mut scene = Scene::new(face).await;
    let database = Operation::CreateDatabase(CreateDatabase {
        id: "d 1".to_owned(),
        throughput: Some(Throughput::Autoscale(1000)),
    });
    scene.ok(database).await;
    let made = Operation::CreateContainer(CreateContainer {
        database: "d 1".to_owned(),
        definition: br#"{"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}"#
            .to_vec(),
        throughput: Some(throughput),
    });
    scene.ok(made).await;
    scene.gateway.clear();
    scene
}

fn manage(throughput: Option<Throughput>) -> Operation {
    Operation::ManageThroughput(ManageThroughput {
        database: "d 1".to_owned(),
        container: Some("c".to_owned()),
        throughput,
    })
}

fn read() -> Operation {
    manage(None)
}

fn set(throughput: Throughput) -> Operation {
    manage(Some(throughput))
}

fn content(body: &[u8]) -> (Value, Value) {
    let content = parse(body)["content"].clone();
    let most = &content["offerAutopilotSettings"]["maxThroughput"];
    (content["offerThroughput"].clone(), most.clone())
}

async fn throughput_is_read(face: Face) {
    let mut scene = scene(face, Throughput::Manual(400)).await;
    let found = scene.ok(read()).await;
    assert_eq!((found.status, content(&found.body).0), (200, 400.into()));
    assert_eq!(other(&found, MINIMUM), Some("400"));
    assert_ne!(other(&found, PENDING), Some("true"));
    assert_eq!(found.diagnostics.operation_name, "read_throughput");
    assert_eq!(
        names(&found),
        ["read_container", "query_offers", "read_offer"]
    );
    assert_eq!(found.diagnostics.request_count, 3);
    let id = parse(&found.body)["id"].as_str().unwrap().to_owned();
    assert_eq!(
        scene.lines(),
        [
            "GET /dbs/d%201/colls/c".to_owned(),
            "POST /offers".to_owned(),
            format!("GET /offers/{id}"),
        ]
    );
    let of_database = Operation::ManageThroughput(ManageThroughput {
        database: "d 1".to_owned(),
        container: None,
        throughput: None,
    });
    let found = scene.ok(of_database).await;
    assert_eq!(content(&found.body).1, 1000);
    assert_eq!(scene.lines()[0], "GET /dbs/d%201");
}

async fn throughput_is_replaced(face: Face) {
    let mut scene = scene(face, Throughput::Manual(400)).await;
    let done = scene.ok(set(Throughput::Manual(1200))).await;
    assert_eq!(content(&done.body).0, 1200);
    assert_eq!(done.diagnostics.operation_name, "replace_throughput");
    assert_eq!(
        names(&done),
        ["read_container", "query_offers", "replace_offer"]
    );
    let put = scene.last();
    assert!(put.path.starts_with("/offers/of"), "{}", put.path);
    let sent = parse(&put.body);
    // The whole offer goes back, but for the rate.
    assert_eq!(
        sent["content"]["offerIsRUPerMinuteThroughputEnabled"],
        false
    );
    assert_eq!(
        sent["offerResourceId"],
        parse(&done.body)["offerResourceId"]
    );
    scene.gateway.clear();
    // The second time nothing is written.
    let again = scene.ok(set(Throughput::Manual(1200))).await;
    assert_eq!(
        names(&again),
        ["read_container", "query_offers", "read_offer"]
    );
    let found = scene.ok(read()).await;
    assert_eq!(content(&found.body).0, 1200);
    assert!(scene.lines().iter().all(|line| !line.starts_with("PUT")));
}

async fn the_kind_is_changed_and_then_the_rate(face: Face) {
    let mut scene = scene(face, Throughput::Manual(400)).await;
    let to_autoscale = "x-ms-cosmos-migrate-offer-to-autopilot";
    let to_manual = "x-ms-cosmos-migrate-offer-to-manual-throughput";
    for (target, header, rate, most) in [
        (Throughput::Autoscale(7000), to_autoscale, None, Some(7000)),
        (Throughput::Manual(600), to_manual, Some(600), None),
    ] {
        let done = scene.ok(set(target)).await;
        let (manual, autoscale) = content(&done.body);
        assert_eq!(autoscale.as_u64(), most);
        // With autoscale the service says there what it gives at the moment.
        assert!(rate.is_none() || manual.as_u64() == rate, "{manual}");
        let seen = scene.gateway.requests();
        let puts: Vec<_> = seen.iter().filter(|seen| seen.method == "PUT").collect();
        assert_eq!((seen.len(), puts.len()), (4, 2));
        assert_eq!(
            (puts[0].header(header), puts[1].header(header)),
            (Some("true"), None)
        );
        assert_eq!(puts[0].path, puts[1].path);
        scene.gateway.clear();
    }
    // The service chooses 1000 by itself.
    let done = scene.ok(set(Throughput::Autoscale(1000))).await;
    assert_eq!(content(&done.body).1, 1000);
    assert_eq!(scene.lines().len(), 3);
}

async fn a_pending_change_is_told(face: Face) {
    let mut scene = scene(face, Throughput::Manual(400)).await;
    scene.gateway.slow_offers(2);
    let target = || set(Throughput::Autoscale(5000));
    let begun = scene.ok(target()).await;
    assert_eq!(other(&begun, PENDING), Some("true"));
    assert_eq!(content(&begun.body).1, 1000, "the rate has to wait");
    assert_eq!(scene.lines().len(), 3);
    let early = scene.fails(target()).await;
    assert_eq!(
        (early.kind, early.status, early.retryable),
        (ErrorKind::Unavailable, Some(423), true)
    );
    assert!(
        early.message.contains("read it until nothing is pending"),
        "{}",
        early.message
    );
    for pending in ["true", "true", "false"] {
        let look = scene.ok(read()).await;
        assert_eq!(other(&look, PENDING), Some(pending));
    }
    scene.gateway.slow_offers(0);
    let done = scene.ok(target()).await;
    assert_eq!(content(&done.body).1, 5000);
}

async fn where_nothing_is_provisioned(face: Face) {
    let mut scene = Scene::new(face).await;
    let of = |container: &str| {
        Operation::ManageThroughput(ManageThroughput {
            database: DATABASE.to_owned(),
            container: Some(container.to_owned()),
            throughput: Some(Throughput::Manual(500)),
        })
    };
    let error = scene.fails(of(CONTAINER)).await;
    assert_eq!((error.kind, error.status), (ErrorKind::NotFound, None));
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert!(
        error.message.contains("shares that of its database"),
        "{}",
        error.message
    );
    assert_eq!(error.diagnostics.unwrap().request_count, 2);
    let error = scene.fails(of("none")).await;
    assert_eq!((error.kind, error.status), (ErrorKind::NotFound, Some(404)));
    assert_eq!(error.diagnostics.unwrap().request_count, 1);
}

async fn what_the_service_does_not_sell_is_not_sent(face: Face) {
    let mut scene = Scene::new(face).await;
    for throughput in [Throughput::Manual(450), Throughput::Autoscale(400)] {
        let error = scene.fails(set(throughput)).await;
        assert_eq!(
            (error.kind, error.status),
            (ErrorKind::InvalidArgument, None)
        );
        assert_eq!(
            error.diagnostics.unwrap().operation_name,
            "replace_throughput"
        );
    }
    assert!(scene.lines().is_empty());
}

async fn half_a_migration_is_told(face: Face) {
    let mut scene = scene(face, Throughput::Manual(400)).await;
    let is_rate = |seen: &host_tests::scripted::Seen| {
        seen.method == "PUT"
            && seen
                .header("x-ms-cosmos-migrate-offer-to-autopilot")
                .is_none()
    };
    scene.gateway.on(1, is_rate, Effect::refuse(403, 0));
    let error = scene.fails(set(Throughput::Autoscale(5000))).await;
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Forbidden, Outcome::Unknown)
    );
    assert!(
        error.message.contains("not yet to this rate"),
        "{}",
        error.message
    );
    // As the message says.
    let done = scene.ok(set(Throughput::Autoscale(5000))).await;
    assert_eq!(content(&done.body).1, 5000);
}

async fn budgets_hold_for_all_requests(face: Face) {
    let mut scene = scene(face, Throughput::Manual(400)).await;
    let options = OperationOptions {
        ru_budget: Some(1.5),
        ..OperationOptions::default()
    };
    let result = scene
        .driver
        .execute_with(set(Throughput::Manual(500)), options)
        .await;
    let error = result.unwrap_err();
    let error = error.driver().unwrap();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::BudgetSpent, Outcome::NotApplied)
    );
    assert_eq!(
        scene.lines().len(),
        2,
        "what costs no more than the budget, and one more"
    );
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(60_000),
        diagnostics_report: Some(true),
        ..OperationOptions::default()
    };
    let done = scene.ok_with(set(Throughput::Manual(500)), options).await;
    assert!(done.diagnostics.report.is_some());
    let exists = scene
        .ok(Operation::ReadContainer(container("d 1", "c")))
        .await;
    assert_eq!(exists.status, 200);
}
