//! What is sent, and what comes of it.

use cosmosdb_driver_host::types::{
    BatchAction, BulkOperation, ErrorKind, OperationOptions, Outcome, Precondition,
};
use serde_json::json;

use super::{
    Scene, create, delete, failed, id_of, increment, is_bulk, operation, read, replace, statuses,
    upsert,
};
use crate::account::{CONTAINER, DATABASE, lean};
use crate::build::{at, json as parse, text};
use crate::face::Face;
use crate::scene::execute;

on_every_face!(
    a_thousand_items_in_few_requests,
    many_ranges,
    every_kind_has_its_own_result,
    writes_return_items_on_demand,
    hierarchical_keys,
    a_lean_driver_reads_the_ranges_once,
    what_a_bulk_has_seen_belongs_to_the_session,
);

async fn a_thousand_items_in_few_requests(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    let done = scene.ok((0..1000).map(upsert).collect()).await;
    assert_eq!((done.status, done.body.len()), (200, 0));
    assert_eq!(statuses(&done), [201; 1000]);
    assert!(done.results.iter().all(|result| result.failure.is_none()));
    assert_eq!(scene.control().items().len(), 1000);
    for (number, result) in done.results.iter().enumerate() {
        let item = scene.item(number).unwrap();
        assert_eq!(item["n"], 2);
        assert_eq!(result.etag.as_deref(), item["_etag"].as_str());
        assert_eq!(result.body, b"");
    }
    // Each range gets as few requests as it can.
    let batches = scene.batches();
    for (range, _, _) in scene.control().ranges() {
        let own = batches.iter().filter(|(id, _)| *id == range);
        let sizes: Vec<usize> = own.map(|(_, numbers)| numbers.len()).collect();
        let all: usize = sizes.iter().sum();
        assert_eq!(sizes.len(), all.div_ceil(100), "{range}: {sizes:?}");
    }
    for (range, numbers) in &batches {
        assert!(numbers.iter().all(|number| scene.range(*number) == *range));
    }
    let lines = scene.gateway.lines();
    let container = format!("/dbs/{DATABASE}/colls/{CONTAINER}");
    let expected = [
        "GET /".to_owned(),
        format!("GET {container}"),
        format!("GET {container}/pkranges"),
    ];
    assert_eq!(lines[..3], expected);
    let diagnostics = &done.diagnostics;
    assert_eq!(diagnostics.operation_name, "execute_bulk");
    assert_eq!(diagnostics.request_count as usize, lines.len());
    assert_eq!(done.headers.request_charge, diagnostics.request_charge);
    assert!(diagnostics.request_charge >= 10.5 * batches.len() as f64);
    let token = done.headers.session_token.unwrap();
    assert_eq!(token.split(',').count(), 4, "{token}");

    // What is known is not read again.
    scene.gateway.clear();
    scene.ok((0..100).map(delete).collect()).await;
    assert_eq!(scene.gateway.requests().len(), 4);
    assert_eq!(scene.control().items().len(), 900);
    looks_right(&scene);
}

fn looks_right(scene: &Scene) {
    let seen = scene.gateway.requests();
    for (name, value) in [
        ("x-ms-cosmos-is-batch-request", Some("True")),
        ("x-ms-cosmos-batch-continue-on-error", Some("True")),
        ("x-ms-cosmos-batch-ordered", None),
        ("x-ms-documentdb-partitionkey", None),
    ] {
        assert_eq!(seen[0].header(name), value, "{name}");
    }
    let rid = scene.control().rid();
    let intended = seen[0].header("x-ms-cosmos-intended-collection-rid");
    assert_eq!(intended, Some(rid.as_str()));
}

async fn many_ranges(face: Face) {
    let mut scene = Scene::warm(face, 40).await;
    let done = scene.ok((0..500).map(create).collect()).await;
    assert_eq!(statuses(&done), [201; 500]);
    let mut ranges: Vec<String> = scene.batches().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ranges.len(), 40);
    ranges.sort_unstable();
    ranges.dedup();
    assert_eq!(ranges.len(), 40);
    let back = scene.ok((0..500).rev().map(read).collect()).await;
    for (result, number) in back.results.iter().zip((0..500).rev()) {
        assert_eq!(parse(&result.body)["id"], id_of(number));
    }
}

async fn every_kind_has_its_own_result(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(0..10);
    let etag = scene.item(5).unwrap()["_etag"].as_str().unwrap().to_owned();
    let with = |operation: BulkOperation, precondition| BulkOperation {
        precondition: Some(precondition),
        ..operation
    };
    let other = Precondition::IfMatch("\"other\"".to_owned());
    let done = scene
        .ok(vec![
            create(20),
            create(0),
            upsert(1),
            replace(2),
            replace(21),
            increment(3),
            read(4),
            read(22),
            with(read(5), Precondition::IfNoneMatch(etag.clone())),
            with(replace(5), Precondition::IfMatch(etag)),
            with(replace(6), other),
            delete(7),
            delete(23),
        ])
        .await;
    assert_eq!(done.status, 207);
    let expected = [
        201, 409, 200, 200, 404, 200, 200, 404, 304, 200, 412, 204, 404,
    ];
    assert_eq!(statuses(&done), expected);
    let kinds: Vec<Option<ErrorKind>> = done
        .results
        .iter()
        .map(|result| result.failure().map(|failure| failure.kind))
        .collect();
    let (conflict, missing) = (Some(ErrorKind::Conflict), Some(ErrorKind::NotFound));
    let unmet = Some(ErrorKind::PreconditionFailed);
    let none = None;
    assert_eq!(kinds[1..5], [conflict, none, none, missing]);
    assert_eq!(kinds[7..], [missing, none, none, unmet, none, missing]);
    let failure = done.results[1].failure().unwrap();
    assert_eq!(
        (failure.outcome, failure.retryable),
        (Outcome::NotApplied, false)
    );
    let start = "execute_bulk: input 1 (Create of \"0\"): 409 ";
    assert!(failure.message.starts_with(start), "{failure}");
    assert!(
        done.results
            .iter()
            .all(|result| result.request_charge > 0.0)
    );
    assert_eq!(parse(&done.results[6].body)["id"], "4");
    assert!(done.results[1].body.is_empty());
    let after: Vec<i64> = (0..8).map(|number| scene.n(number)).collect();
    assert_eq!(after, [1, 2, 3, 2, 1, 3, 1, 0]);
    // Nothing of it was sent twice.
    let sent: usize = scene
        .batches()
        .iter()
        .map(|(_, numbers)| numbers.len())
        .sum();
    assert_eq!(sent, 13);
}

async fn writes_return_items_on_demand(face: Face) {
    let mut scene = Scene::new(face, 2).await;
    let options = OperationOptions {
        content_response_on_write: Some(true),
        ..OperationOptions::default()
    };
    let done = scene
        .with_options(vec![create(1), create(2)], options)
        .await;
    assert_eq!(parse(&done.results[1].body)["id"], "2");
}

async fn hierarchical_keys(face: Face) {
    let mut scene = Scene::with(face, 4, &["/a", "/b"], |config| config).await;
    let create = |number: usize, key: Vec<_>| BulkOperation {
        key,
        ..operation(
            number,
            BatchAction::Create(
                json!({ "id": id_of(number), "a": "x", "b": number.to_string() })
                    .to_string()
                    .into_bytes(),
            ),
        )
    };
    let key = |number: usize| [text("x"), text(&number.to_string())].concat();
    let mut operations: Vec<BulkOperation> =
        (0..100).map(|number| create(number, key(number))).collect();
    operations.push(create(100, text("x")));
    let done = scene.ok(operations).await;
    assert_eq!(statuses(&done)[..100], [201; 100]);
    assert_eq!(
        failed(&done.results[100]),
        (ErrorKind::InvalidArgument, Outcome::NotApplied)
    );
    assert_eq!(scene.control().items().len(), 100);
}

async fn a_lean_driver_reads_the_ranges_once(face: Face) {
    let mut scene = Scene::with(face, 2, &["/pk"], lean).await;
    for _ in 0..2 {
        scene.ok((0..50).map(upsert).collect()).await;
    }
    let container = format!("/dbs/{DATABASE}/colls/{CONTAINER}");
    let docs = format!("POST {container}/docs");
    assert_eq!(
        scene.gateway.lines(),
        [
            format!("GET {container}"),
            format!("GET {container}/pkranges"),
            // Whether this was all.
            format!("GET {container}/pkranges"),
            docs.clone(),
            docs.clone(),
            docs.clone(),
            docs
        ]
    );
    looks_right_but_metadata(&scene);
}

fn looks_right_but_metadata(scene: &Scene) {
    let rid = scene.control().rid();
    for seen in scene.gateway.requests().iter().filter(|seen| is_bulk(seen)) {
        let intended = seen.header("x-ms-cosmos-intended-collection-rid");
        assert_eq!(intended, Some(rid.as_str()));
    }
}

/// Reads go with the token of their partition, also those in bulks.
async fn what_a_bulk_has_seen_belongs_to_the_session(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    let done = scene.ok(vec![create(1)]).await;
    let token = done.headers.session_token.unwrap();
    assert!(
        token.starts_with(&format!("{}:", scene.range(1))),
        "{token}"
    );
    scene.gateway.clear();
    scene.ok(vec![read(1)]).await;
    execute(&mut scene.driver, at(text("k1")).read("1"))
        .await
        .unwrap();
    for seen in scene.gateway.requests() {
        assert_eq!(seen.header("x-ms-session-token"), Some(token.as_str()));
    }
}
