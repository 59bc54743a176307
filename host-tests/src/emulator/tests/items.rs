//! Items over the raw protocol.

use http::{Method, StatusCode};

use super::{Emulator, ITEMS, KEY_HEADER, Signed, assert_error};
use crate::testing::{Answer, Call, call};

const KEY: &str = r#"["p"]"#;

async fn start() -> (Emulator, Signed) {
    let emulator = Emulator::builder().start().await.unwrap();
    let signed = Signed::new(&emulator);
    signed
        .container(r#"{"paths":["/pk"],"kind":"Hash","version":2}"#)
        .await;
    (emulator, signed)
}

/// The headers that every answer about an item must have.
#[track_caller]
fn assert_headers(answer: &Answer) {
    let charge: f64 = answer
        .header("x-ms-request-charge")
        .unwrap()
        .parse()
        .unwrap();
    assert!(charge > 0.0);
    assert!(answer.header("x-ms-session-token").unwrap().contains(':'));
    assert!(answer.header("etag").unwrap().starts_with('"'));
    assert!(answer.header("x-ms-activity-id").is_some());
}

#[tokio::test]
async fn an_item_is_created_read_replaced_and_deleted() {
    let (_emulator, signed) = start().await;
    let created = signed.post(KEY, r#"{"id":"1","pk":"p","n":1}"#).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_headers(&created);
    let read = signed.item(Method::GET, "1", KEY, |call| call).await;
    assert_eq!(
        (read.status, &read.json()["n"]),
        (StatusCode::OK, &1.into())
    );
    assert_headers(&read);
    assert_eq!(read.header("etag"), created.header("etag"));

    let etag = read.header("etag").unwrap();
    let unchanged = signed
        .item(Method::GET, "1", KEY, |call| {
            call.header("if-none-match", etag)
        })
        .await;
    assert_eq!(
        (unchanged.status, unchanged.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    let put = |etag: &str| {
        let etag = etag.to_owned();
        signed.item(Method::PUT, "1", KEY, move |call| {
            call.header("if-match", &etag)
                .body(r#"{"id":"1","pk":"p","n":2}"#)
        })
    };
    assert_eq!(put(etag).await.status, StatusCode::OK);
    assert_error(
        &put(etag).await,
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
    );

    let deleted = signed.item(Method::DELETE, "1", KEY, |call| call).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let gone = signed.item(Method::GET, "1", KEY, |call| call).await;
    assert_error(&gone, StatusCode::NOT_FOUND, "NotFound");
}

#[tokio::test]
async fn a_create_conflicts_and_an_upsert_does_not() {
    let (_emulator, signed) = start().await;
    let body = r#"{"id":"1","pk":"p"}"#;
    signed.post(KEY, body).await;
    assert_error(
        &signed.post(KEY, body).await,
        StatusCode::CONFLICT,
        "Conflict",
    );
    let upsert = call(Method::POST, ITEMS).header(KEY_HEADER, KEY).body(body);
    let upsert = upsert.header("x-ms-documentdb-is-upsert", "true");
    assert_eq!(
        signed.send(upsert, "docs", "dbs/d/colls/c").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn minimal_writes_answer_without_a_body() {
    let (_emulator, signed) = start().await;
    let create = call(Method::POST, ITEMS)
        .header(KEY_HEADER, KEY)
        .header("prefer", "return=minimal");
    let created = signed
        .send(
            create.body(r#"{"id":"1","pk":"p"}"#),
            "docs",
            "dbs/d/colls/c",
        )
        .await;
    assert_eq!(
        (created.status, created.body.len()),
        (StatusCode::CREATED, 0)
    );
    assert_headers(&created);
    let replaced = signed
        .item(Method::PUT, "1", KEY, |call| {
            call.header("prefer", "return=minimal")
                .body(r#"{"id":"1","pk":"p"}"#)
        })
        .await;
    assert_eq!((replaced.status, replaced.body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn the_partition_key_header_is_required_everywhere() {
    let (_emulator, signed) = start().await;
    signed.post(KEY, r#"{"id":"1","pk":"p"}"#).await;
    let create = call(Method::POST, ITEMS).body(r#"{"id":"2","pk":"p"}"#);
    let answer = signed.send(create, "docs", "dbs/d/colls/c").await;
    assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
    let bodies = [
        (Method::GET, ""),
        (Method::PUT, r#"{"id":"1","pk":"p"}"#),
        (
            Method::PATCH,
            r#"{"operations":[{"op":"set","path":"/n","value":1}]}"#,
        ),
        (Method::DELETE, ""),
    ];
    for (method, body) in bodies {
        let bare = call(method.clone(), &format!("{ITEMS}/1")).body(body);
        let answer = signed.send(bare, "docs", "dbs/d/colls/c/docs/1").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{method}");
    }
}

#[tokio::test]
async fn a_partition_key_that_disagrees_has_its_sub_status() {
    let (_emulator, signed) = start().await;
    let answer = signed.post(r#"["q"]"#, r#"{"id":"1","pk":"p"}"#).await;
    assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
    assert_eq!(answer.header("x-ms-substatus"), Some("1001"));
}

#[tokio::test]
async fn a_partition_key_of_another_length_has_its_sub_status() {
    let (_emulator, signed) = start().await;
    for key in [r#"["p","q"]"#, "[]"] {
        for method in [Method::GET, Method::DELETE] {
            let answer = signed.item(method, "1", key, |call| call).await;
            assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
            assert_eq!(answer.header("x-ms-substatus"), Some("1001"), "{key}");
        }
    }
    let absent = signed.item(Method::GET, "1", KEY, |call| call).await;
    assert_error(&absent, StatusCode::NOT_FOUND, "NotFound");
}

#[tokio::test]
async fn a_replace_keeps_the_id() {
    let (_emulator, signed) = start().await;
    signed.post(KEY, r#"{"id":"1","pk":"p"}"#).await;
    let put = |call: Call| call.body(r#"{"id":"2","pk":"p"}"#);
    let answer = signed.item(Method::PUT, "1", KEY, put).await;
    assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
}

#[tokio::test]
async fn empty_ids_and_reserved_characters_are_refused() {
    let (_emulator, signed) = start().await;
    for id in ["", "a/b", r"a\\b", "a?b", "a#b"] {
        let answer = signed
            .post(KEY, &format!(r#"{{"id":"{id}","pk":"p"}}"#))
            .await;
        assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
    }
    let read = call(Method::GET, &format!("{ITEMS}/a%2Fb")).header(KEY_HEADER, KEY);
    let answer = signed.send(read, "docs", "dbs/d/colls/c/docs/a/b").await;
    assert_error(&answer, StatusCode::BAD_REQUEST, "BadRequest");
}

#[tokio::test]
async fn an_item_over_two_megabytes_is_too_large() {
    let (_emulator, signed) = start().await;
    let body = format!(
        r#"{{"id":"1","pk":"p","text":"{}"}}"#,
        "x".repeat(2 * 1024 * 1024)
    );
    let answer = signed.post(KEY, &body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
