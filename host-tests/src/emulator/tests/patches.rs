//! Patches and their conditions.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Emulator, Signed, assert_error};
use crate::testing::Answer;

const KEY: &str = r#"["p"]"#;

async fn start() -> (Emulator, Signed) {
    let emulator = Emulator::builder().start().await.unwrap();
    let signed = Signed::new(&emulator);
    signed
        .container(r#"{"paths":["/pk"],"kind":"Hash","version":2}"#)
        .await;
    signed
        .post(KEY, r#"{"id":"1","pk":"p","n":1,"state":"open"}"#)
        .await;
    signed
        .post(KEY, r#"{"id":"2","pk":"p","n":9,"state":"shut"}"#)
        .await;
    (emulator, signed)
}

async fn patch(signed: &Signed, id: &str, body: Value) -> Answer {
    signed
        .item(Method::PATCH, id, KEY, |call| {
            call.header("content-type", "application/json_patch+json")
                .body(body.to_string())
        })
        .await
}

fn increment() -> Value {
    json!([{ "op": "incr", "path": "/n", "value": 1 }])
}

#[tokio::test]
async fn a_patch_changes_the_item() {
    let (_emulator, signed) = start().await;
    let answer = patch(&signed, "1", json!({ "operations": increment() })).await;
    assert_eq!(
        (answer.status, &answer.json()["n"]),
        (StatusCode::OK, &2.into())
    );
}

#[tokio::test]
async fn a_condition_decides_about_its_own_item() {
    let (_emulator, signed) = start().await;
    let cases = [
        ("from c where c.n = 1", StatusCode::OK),
        ("from c where c.n = 1", StatusCode::PRECONDITION_FAILED),
        (
            "FROM root WHERE root.n > 5",
            StatusCode::PRECONDITION_FAILED,
        ),
        (r#"from c where c.state = "open""#, StatusCode::OK),
        (
            "from c where c.state = 'shut'",
            StatusCode::PRECONDITION_FAILED,
        ),
        ("from c where c.n = 1 or c.n = 3", StatusCode::OK),
    ];
    for (condition, status) in cases {
        let body = json!({ "condition": condition, "operations": increment() });
        let answer = patch(&signed, "1", body).await;
        assert_eq!(answer.status, status, "{condition} {:?}", answer.body);
    }
    let read = signed.item(Method::GET, "1", KEY, |call| call).await;
    assert_eq!(read.json()["n"], 4);
}

#[tokio::test]
async fn a_condition_about_nothing_or_in_no_language_is_an_error() {
    let (_emulator, signed) = start().await;
    let missing = json!({ "condition": "from c where c.n = 1", "operations": increment() });
    let answer = patch(&signed, "absent", missing).await;
    assert_error(&answer, StatusCode::NOT_FOUND, "NotFound");
    for condition in ["c.n = 1", "from c where ((", "where c.n = 1 or true"] {
        let body = json!({ "condition": condition, "operations": increment() });
        let answer = patch(&signed, "1", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{condition}");
    }
}

#[tokio::test]
async fn the_callers_etag_holds_beside_the_condition() {
    let (_emulator, signed) = start().await;
    let body =
        json!({ "condition": "from c where c.n = 1", "operations": increment() }).to_string();
    let stale = signed
        .item(Method::PATCH, "1", KEY, |call| {
            call.header("if-match", "\"stale\"").body(body)
        })
        .await;
    assert_error(
        &stale,
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
    );
}

#[tokio::test]
async fn wrong_patches_are_refused() {
    let (_emulator, signed) = start().await;
    let eleven = vec![increment()[0].clone(); 11];
    let operations = [
        json!(eleven),
        json!([]),
        json!([{ "op": "set", "path": "/id", "value": "3" }]),
        json!([{ "op": "set", "path": "/pk", "value": "q" }]),
        json!([{ "op": "increment", "path": "/n", "value": 1 }]),
    ];
    for operations in operations {
        let answer = patch(&signed, "1", json!({ "operations": operations })).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{operations}");
    }
}
