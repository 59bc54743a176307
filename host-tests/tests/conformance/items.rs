//! The life of an item.

use cosmosdb_driver_host::types::{ErrorKind, OperationOptions, Outcome};

use crate::account::Account;
use crate::build::{at, json, text, within};
use crate::face::Face;

on_every_face!(
    an_item_lives,
    every_operation_has_its_request,
    writes_return_headers_and_no_body,
    a_second_create_is_a_conflict,
    what_does_not_exist_is_not_found,
    etags_protect_writes,
    an_unchanged_item_is_304,
    ids_may_hold_almost_anything,
    bodies_travel_byte_for_byte,
    an_item_of_two_megabytes,
    an_item_over_the_limit_is_not_sent,
    a_key_that_is_not_the_bodys_is_refused,
    bodies_that_are_no_item_are_refused,
    session_tokens_go_out_and_come_in,
);

async fn an_item_lives(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let here = || at(text("a"));

    let created = account
        .ok(here().create(r#"{"id":"1","pk":"a","n":1}"#))
        .await;
    assert_eq!(created.status, 201);
    let read = account.ok(here().read("1")).await;
    assert_eq!((read.status, &json(&read.body)["n"]), (200, &1.into()));
    let replaced = account
        .ok(here().replace("1", r#"{"id":"1","pk":"a","n":2}"#))
        .await;
    assert_eq!(replaced.status, 200);
    let upserted = account
        .ok(here().upsert(r#"{"id":"1","pk":"a","n":3}"#))
        .await;
    assert_eq!(upserted.status, 200);
    let inserted = account.ok(here().upsert(r#"{"id":"2","pk":"a"}"#)).await;
    assert_eq!(inserted.status, 201);
    let read = account.ok(here().read("1")).await;
    assert_eq!(json(&read.body)["n"], 3);
    let deleted = account.ok(here().delete("1")).await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    assert_eq!(account.fails(here().read("1")).await.status(), Some(404));
    account.end().await;
}

async fn every_operation_has_its_request(face: Face) {
    let mut account = Account::new(face).await;
    let here = || at(text("a"));
    let (feed, point) = ("/dbs/shop/colls/items/docs", "/dbs/shop/colls/items/docs/1");
    let body = r#"{"id":"1","pk":"a"}"#;
    let cases = [
        (here().create(body), "POST", feed),
        (here().upsert(body), "POST", feed),
        (here().replace("1", body), "PUT", point),
        (here().read("1"), "GET", point),
        (here().delete("1"), "DELETE", point),
    ];
    for (operation, method, path) in cases {
        let response = account.ok(operation).await;
        let seen = account.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), (method, path));
        assert_eq!(seen.header("x-ms-documentdb-partitionkey"), Some("[\"a\"]"));
        assert_eq!(seen.header("x-ms-version"), Some("2020-07-15"));
        assert_eq!(seen.header("accept"), Some("application/json"));
        assert_eq!(seen.header("cache-control"), Some("no-cache"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("x-ms-noretry-449"), Some("true"));
        assert_eq!(
            seen.header("x-ms-cosmos-sdk-supportedcapabilities"),
            Some("11")
        );
        assert!(
            seen.header("user-agent")
                .unwrap()
                .starts_with("cosmosdb-driver/")
        );
        assert_eq!(seen.header("x-ms-client-id").map(str::len), Some(36));
        assert_eq!(
            seen.header("x-ms-activity-id"),
            Some(response.diagnostics.activity_id.as_str())
        );
        assert!(seen.header("x-ms-cosmos-intended-collection-rid").is_some());
        let upsert = (method == "POST")
            .then(|| seen.header("x-ms-documentdb-is-upsert"))
            .flatten();
        assert_eq!(
            upsert.is_some(),
            response.diagnostics.operation_name == "upsert_item"
        );
        assert_eq!(seen.body.is_empty(), matches!(method, "GET" | "DELETE"));
    }
}

async fn writes_return_headers_and_no_body(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let created = account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    account.sees(|seen| assert_eq!(seen.header("prefer"), Some("return=minimal")));
    assert!(created.body.is_empty());
    let headers = &created.headers;
    assert!(
        headers
            .etag
            .as_deref()
            .is_some_and(|etag| etag.starts_with('"'))
    );
    assert!(
        headers
            .session_token
            .as_deref()
            .is_some_and(|token| token.contains(':'))
    );
    assert!(headers.request_charge > 0.0);
    assert_eq!(
        headers.activity_id.as_deref(),
        Some(created.diagnostics.activity_id.as_str())
    );
    assert!(
        headers
            .others
            .iter()
            .all(|(name, _)| *name == name.to_lowercase())
    );
    let diagnostics = &created.diagnostics;
    // The container was not known yet: its definition is part of this operation.
    assert_eq!(diagnostics.request_count, 2);
    assert_eq!(diagnostics.attempts[0].operation_name, "read_container");
    let attempt = &diagnostics.attempts[1];
    assert_eq!(
        (attempt.operation_name.as_str(), attempt.status),
        ("create_item", Some(201))
    );
    assert!(attempt.region.is_some());
    account.sees(|_| assert_eq!(attempt.endpoint, account.emulator.endpoint()));
    assert!(attempt.duration_ms > 0.0 && diagnostics.duration_ms >= attempt.duration_ms);
    let sum: f64 = diagnostics
        .attempts
        .iter()
        .map(|attempt| attempt.request_charge)
        .sum();
    assert_eq!(diagnostics.request_charge, sum);
    account.end().await;
}

async fn a_second_create_is_a_conflict(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let create = || at(text("a")).create(r#"{"id":"1","pk":"a"}"#);
    account.ok(create()).await;
    let error = account.fails(create()).await;
    assert!(error.is_conflict() && !error.is_retryable());
    let error = error.driver().unwrap();
    assert_eq!(
        (error.status, error.outcome),
        (Some(409), Outcome::NotApplied)
    );
    assert!(error.headers.is_some() && error.diagnostics.is_some());
    account.end().await;
}

async fn what_does_not_exist_is_not_found(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    for operation in [
        at(text("a")).read("none"),
        at(text("a")).delete("none"),
        at(text("a")).replace("none", r#"{"id":"none","pk":"a"}"#),
    ] {
        assert_eq!(account.refused(operation).await, ErrorKind::NotFound);
    }
    let elsewhere = within("no-such-database", text("a")).read("1");
    let error = account.driver.execute(elsewhere).await.unwrap_err();
    assert!(error.is_not_found());
    assert!(error.to_string().contains("read_container"), "{error}");
    account.end().await;
}

async fn etags_protect_writes(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let here = || at(text("a"));
    let body = |n: u32| format!(r#"{{"id":"1","pk":"a","n":{n}}}"#);
    let first = account
        .ok(here().create(body(1)))
        .await
        .headers
        .etag
        .unwrap();
    let second = account
        .ok(here().if_match(&first).replace("1", body(2)))
        .await
        .headers
        .etag
        .unwrap();
    assert_ne!(first, second);
    for operation in [
        here().if_match(&first).replace("1", body(3)),
        here().if_match(&first).upsert(body(3)),
        here().if_match(&first).delete("1"),
    ] {
        let error = account.fails(operation).await;
        assert!(error.is_precondition_failed(), "{error}");
        assert_eq!(error.status(), Some(412));
    }
    let read = account.ok(here().read("1")).await;
    assert_eq!(json(&read.body)["n"], 2);
    account.ok(here().if_match(&second).delete("1")).await;
    account.end().await;
}

async fn an_unchanged_item_is_304(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let here = || at(text("a"));
    let etag = account
        .ok(here().create(r#"{"id":"1","pk":"a"}"#))
        .await
        .headers
        .etag
        .unwrap();
    let unchanged = account.ok(here().if_none_match(&etag).read("1")).await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    account
        .ok(here().upsert(r#"{"id":"1","pk":"a","n":2}"#))
        .await;
    let changed = account.ok(here().if_none_match(&etag).read("1")).await;
    assert_eq!(
        (changed.status, &json(&changed.body)["n"]),
        (200, &2.into())
    );
    account.end().await;
}

async fn ids_may_hold_almost_anything(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let longest = "x".repeat(1023);
    let ids = [
        "with space",
        "100%",
        "a%20b",
        "a+b=c&d;e,f",
        "quote\"'`",
        "<>{}[]|^~",
        "@:$!*()",
        "Grüße",
        "東京",
        "🚀",
        "e\u{301}",
        "..a",
        longest.as_str(),
    ];
    for id in ids {
        let body = serde_json::json!({ "id": id, "pk": "a" }).to_string();
        assert_eq!(
            account.ok(at(text("a")).create(body.clone())).await.status,
            201,
            "{id}"
        );
        let read = account.ok(at(text("a")).read(id)).await;
        assert_eq!(json(&read.body)["id"], id);
        account.ok(at(text("a")).replace(id, body)).await;
        account.ok(at(text("a")).delete(id)).await;
    }
    account.end().await;
}

async fn bodies_travel_byte_for_byte(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let body = " { \"id\" : \"1\",\t\"pk\":\"a\", \"n\": 1.50e+3, \"big\": 12345678901234567890, \
                \"s\":\"\\u00e9\\ud83d\\ude80é🚀\\u0000\" }\n";
    account.ok(at(text("a")).create(body)).await;
    account.sees(|seen| assert_eq!(seen.body, body.as_bytes()));
    let read = account.ok(at(text("a")).read("1")).await;
    assert_eq!(
        read.body.len().to_string(),
        content_length(&read.headers.others)
    );
    account.end().await;
}

fn content_length(headers: &[(String, String)]) -> String {
    let found = headers.iter().find(|(name, _)| name == "content-length");
    found.map(|(_, value)| value.clone()).expect("a length")
}

async fn an_item_of_two_megabytes(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let filling = "y".repeat(2_000_000);
    let body = serde_json::json!({ "id": "big", "pk": "a", "filling": filling }).to_string();
    account.ok(at(text("a")).create(body.clone())).await;
    account.sees(|seen| assert_eq!(seen.body.len(), body.len()));
    let read = account.ok(at(text("a")).read("big")).await;
    assert!(read.body.len() >= body.len());
    assert_eq!(
        json(&read.body)["filling"].as_str().map(str::len),
        Some(2_000_000)
    );
    account.end().await;
}

async fn an_item_over_the_limit_is_not_sent(face: Face) {
    let mut account = Account::new(face).await;
    let body = vec![b' '; (2 << 20) + 1];
    assert_eq!(
        account.refused(at(text("a")).create(body)).await,
        ErrorKind::PayloadTooLarge
    );
    assert!(account.emulator.requests().is_empty());
    account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
}

async fn a_key_that_is_not_the_bodys_is_refused(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let create = at(text("b")).create(r#"{"id":"1","pk":"a"}"#);
    let error = account.driver.execute(create).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
    let error = error.driver().unwrap();
    assert_eq!((error.status, error.sub_status), (Some(400), Some(1001)));
    account.end().await;
}

async fn bodies_that_are_no_item_are_refused(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let bodies: [&[u8]; 6] = [
        b"",
        b"\0\x01\xFF\xFE",
        b"null",
        b"[]",
        b"{\"pk\":\"a\"",
        b"\"text\"",
    ];
    for body in bodies {
        let error = account
            .driver
            .execute(at(text("a")).create(body))
            .await
            .unwrap_err();
        assert_eq!(error.status(), Some(400), "{body:?}: {error}");
        account.sees(|seen| assert_eq!(seen.body, body));
    }
    account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    account.end().await;
}

async fn session_tokens_go_out_and_come_in(face: Face) {
    let mut account = Account::anywhere_with_key(face, &["/pk"], 2).await;
    let created = account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    let token = created.headers.session_token.unwrap();
    let read = account.ok(at(text("a")).session(&token).read("1")).await;
    account.sees(|seen| assert_eq!(seen.header("x-ms-session-token"), Some(token.as_str())));
    assert!(read.headers.session_token.is_some());
    account.ok(at(text("a")).read("1")).await;
    account.sees(|seen| {
        let kept = read.headers.session_token.as_deref();
        assert_eq!(seen.header("x-ms-session-token"), kept, "sent by itself");
    });
    let forgetful = OperationOptions {
        session_capturing_disabled: Some(true),
        ..OperationOptions::default()
    };
    let read = at(text("a")).read("1");
    account.driver.execute_with(read, forgetful).await.unwrap();
    account.sees(|seen| assert_eq!(seen.header("x-ms-session-token"), None));
    account.end().await;
}
