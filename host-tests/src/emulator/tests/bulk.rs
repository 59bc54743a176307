//! Bulk requests.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Emulator, ITEMS, Signed, assert_error};
use crate::testing::{Answer, call};

async fn start() -> (Emulator, Signed) {
    let emulator = Emulator::builder().start().await.unwrap();
    let signed = Signed::new(&emulator);
    signed
        .container(r#"{"paths":["/pk"],"kind":"Hash","version":2}"#)
        .await;
    (emulator, signed)
}

async fn bulk(signed: &Signed, operations: Value) -> Answer {
    let request = call(Method::POST, ITEMS)
        .header("x-ms-cosmos-is-batch-request", "True")
        .header("x-ms-cosmos-batch-atomic", "False")
        .header("x-ms-cosmos-batch-continue-on-error", "True")
        .header("x-ms-documentdb-partitionkeyrangeid", "0")
        .body(operations.to_string());
    signed.send(request, "docs", "dbs/d/colls/c").await
}

fn operation(kind: &str, key: &str, mut more: Value) -> Value {
    more["operationType"] = kind.into();
    more["partitionKey"] = format!("[\"{key}\"]").into();
    more
}

#[tokio::test]
async fn each_operation_is_carried_out_for_itself() {
    let (_emulator, signed) = start().await;
    let item = |key: &str, n: u32| json!({ "resourceBody": { "id": "1", "pk": key, "n": n } });
    let minimal =
        json!({ "resourceBody": { "id": "2", "pk": "a" }, "minimalReturnPreference": true });
    let answer = bulk(
        &signed,
        json!([
            operation("Create", "a", item("a", 1)),
            operation("Create", "b", item("b", 1)),
            operation("Create", "a", item("a", 2)),
            operation("Upsert", "b", item("b", 3)),
            operation("Read", "b", json!({ "id": "1" })),
            operation(
                "Replace",
                "a",
                json!({ "id": "1", "resourceBody": { "id": "1", "pk": "a" }, "ifMatch": "\"0\"" })
            ),
            operation("Delete", "a", json!({ "id": "1" })),
            operation("Create", "a", minimal),
            operation("Patch", "a", json!({ "id": "1" })),
        ]),
    )
    .await;
    assert_eq!(answer.status, StatusCode::MULTI_STATUS);
    let rows = answer.json();
    let statuses = rows.as_array().unwrap().iter();
    let statuses: Vec<u64> = statuses
        .map(|row| row["statusCode"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 201, 409, 200, 200, 412, 204, 201, 400]);
    assert_eq!(rows[4]["resourceBody"]["n"], 3);
    assert_eq!(rows[4]["eTag"], rows[3]["eTag"]);
    assert!(rows[7].get("resourceBody").is_none());
    assert!(answer.header("x-ms-session-token").is_some());
    let sum: f64 = answer
        .header("x-ms-request-charge")
        .unwrap()
        .parse()
        .unwrap();
    assert!(sum > 10.0, "{sum}");
}

#[tokio::test]
async fn a_bulk_that_is_none_is_refused() {
    let (_emulator, signed) = start().await;
    for body in [json!({}), json!([]), json!(vec![json!({}); 101])] {
        let answer = bulk(&signed, body).await;
        assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
    }
}
