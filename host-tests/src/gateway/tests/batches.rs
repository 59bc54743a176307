//! Batches and bulk requests.

use http::Method;
use serde_json::{Value, json};

use super::{ITEMS, Scene, by_key, by_range, outcome, values};
use crate::testing::{Answer, Call, call};

fn batch(operations: &Value) -> Call {
    by_key(call(Method::POST, ITEMS), r#"["a"]"#)
        .header("x-ms-cosmos-is-batch-request", "True")
        .header("x-ms-cosmos-batch-atomic", "True")
        .body(operations.to_string())
}

fn bulk(range: &str, operations: &Value) -> Call {
    by_range(call(Method::POST, ITEMS), range)
        .header("x-ms-cosmos-is-batch-request", "True")
        .header("x-ms-cosmos-batch-atomic", "False")
        .header("x-ms-cosmos-batch-continue-on-error", "True")
        .body(operations.to_string())
}

fn statuses(answer: &Answer) -> Vec<u64> {
    let rows = answer.json();
    let rows = values(rows.as_array().unwrap(), "statusCode");
    rows.iter().map(|status| status.as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_does_all_kinds_of_operations() {
    let scene = Scene::new(2);
    let body = |id: &str| json!({ "id": id, "pk": "a", "n": 1 });
    let patch = json!({ "operations": [{ "op": "incr", "path": "/n", "value": 5 }] });
    let operations = json!([
        { "operationType": "Create", "resourceBody": body("1") },
        { "operationType": "Upsert", "resourceBody": body("2"), "minimalReturnPreference": true },
        { "operationType": "Replace", "id": "1", "resourceBody": body("1") },
        { "operationType": "Patch", "id": "1", "resourceBody": patch },
        { "operationType": "Read", "id": "1" },
        { "operationType": "Delete", "id": "2" },
    ]);
    let answer = scene.send(batch(&operations)).await;
    assert_eq!(outcome(&answer), (200, 0));
    assert_eq!(statuses(&answer), [201, 201, 200, 200, 200, 204]);
    let rows = answer.json();
    assert_eq!(rows[4]["resourceBody"]["n"], 6);
    assert_eq!(rows[4]["resourceBody"]["_etag"], rows[4]["eTag"]);
    assert_eq!(rows[1].get("resourceBody"), None);
    assert_eq!(rows[0]["requestCharge"], 1.24);
    let ids = values(&scene.container().items(), "id");
    assert_eq!(ids, ["1"]);
}

#[tokio::test]
async fn a_failed_batch_changes_nothing() {
    let scene = Scene::new(1);
    scene.container().put(json!({ "id": "1", "pk": "a" }));
    let etag = scene.container().items()[0]["_etag"].clone();
    let operations = json!([
        { "operationType": "Delete", "id": "1" },
        { "operationType": "Create", "resourceBody": { "id": "2", "pk": "a" } },
        { "operationType": "Create", "resourceBody": { "id": "2", "pk": "a" } },
        { "operationType": "Read", "id": "1" },
    ]);
    let answer = scene.send(batch(&operations)).await;
    assert_eq!(
        (answer.status.as_u16(), statuses(&answer)),
        (207, vec![424, 424, 409, 424])
    );
    assert_eq!(values(&scene.container().items(), "id"), ["1"]);

    let unchanged = json!([
        { "operationType": "Read", "id": "1", "ifNoneMatch": etag },
        { "operationType": "Replace", "id": "1", "resourceBody": { "id": "1", "pk": "a" }, "ifMatch": etag },
    ]);
    let answer = scene.send(batch(&unchanged)).await;
    assert_eq!(
        (answer.status.as_u16(), statuses(&answer)),
        (207, vec![304, 200])
    );
    let again = scene.send(batch(&unchanged)).await;
    assert_eq!(statuses(&again), [424, 412]);
    let elsewhere =
        json!([{ "operationType": "Create", "resourceBody": { "id": "3", "pk": "b" } }]);
    let answer = scene.send(batch(&elsewhere)).await;
    assert_eq!(answer.json()[0]["subStatusCode"], 1001);
}

#[tokio::test]
async fn batches_have_limits() {
    let scene = Scene::new(1);
    let read = json!({ "operationType": "Read", "id": "1" });
    let large = json!([{ "operationType": "Create", "resourceBody": { "id": "1", "pk": "a", "x": "x".repeat(2 << 20) } }]);
    let steps = [
        (batch(&json!([])), 400),
        (batch(&json!(vec![read.clone(); 101])), 400),
        (batch(&json!(vec![read.clone(); 100])), 207),
        (batch(&json!({})), 400),
        (batch(&large), 413),
        (by_range(batch(&json!([read])), "0"), 400),
        (
            batch(&json!([read])).header("x-ms-cosmos-batch-atomic", "False"),
            400,
        ),
        (batch(&json!([{ "operationType": "Drop" }])), 207),
    ];
    for (number, (request, expected)) in steps.into_iter().enumerate() {
        assert_eq!(scene.outcome(request).await.0, expected, "step {number}");
    }
}

#[tokio::test]
async fn bulk_operations_stand_alone() {
    let scene = Scene::new(2);
    let key = |place: usize| {
        let keys = (0..50).map(|n| json!(format!("k{n}")));
        let wanted = place.to_string();
        let mut keys =
            keys.filter(|key| scene.container().range_of(std::slice::from_ref(key)) == wanted);
        keys.next().unwrap()
    };
    let (here, there) = (key(0), key(1));
    let operation = |id: &str, key: &Value| {
        let header = json!([key]).to_string();
        json!({ "operationType": "Create", "partitionKey": header, "resourceBody": { "id": id, "pk": key } })
    };
    let operations = json!([
        operation("1", &here),
        operation("1", &here),
        operation("2", &there),
        operation("3", &here),
        operation("4", &here),
    ]);
    let about = |operation: &Value| operation["resourceBody"]["id"] == "3";
    scene
        .container()
        .fail_operations(1, about, (429, 3200), Some(9));
    let answer = scene.send(bulk("0", &operations)).await;
    assert_eq!(
        (answer.status.as_u16(), statuses(&answer)),
        (207, vec![201, 409, 410, 429, 201])
    );
    assert_eq!(answer.json()[2]["subStatusCode"], 1002);
    assert_eq!(answer.json()[3]["retryAfterMilliseconds"], 9);
    assert_eq!(scene.container().items().len(), 2);
    let split = scene.container().split("0");
    assert_eq!(scene.outcome(bulk("0", &operations)).await, (410, 1002));
    assert_eq!(split.len(), 2);
}
