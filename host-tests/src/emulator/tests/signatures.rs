//! Who is let in.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::super::auth::Credentials;
use super::{Emulator, Signed, assert_error, master};
use crate::testing::{Client, call};

const DATE: &str = "Tue, 01 Jul 2025 12:34:56 GMT";

/// Signatures of the key 0x00…0x3F at `DATE`, computed with another implementation.
const VECTORS: [(&str, &str, &str); 8] = [
    ("GET", "/", "wG+PEBOUmIMDscsAubN5CWPuwUKNiWUY46uYeNh2tmE="),
    (
        "POST",
        "/dbs",
        "t9eW9tBK1CwHsQTX5zWulHP1nMuffjLoaAn23EZ2yTI=",
    ),
    (
        "GET",
        "/dbs/SampleDb/colls/Items",
        "jte1/ZG64hfuc70pn5KJw3ZEMAXdvzvFI0/2BsJNEc8=",
    ),
    (
        "GET",
        "/dbs/SampleDb/colls/Items/docs/item%201",
        "dC3atMJr865brHUwGippx98kMgmGAn85tZzgwp70wwY=",
    ),
    (
        "POST",
        "/dbs/SampleDb/colls/Items/docs",
        "G7fv97BGkbWS88wXq9Uv+hfByTeNCh3yAkIIfGVTbd8=",
    ),
    (
        "GET",
        "/dbs/SampleDb/colls/Items/pkranges",
        "xwkpDlQC7SJUr99DVotFOsFIUUqknvdbebQcqM9K4no=",
    ),
    (
        "PUT",
        "/offers/v0xq",
        "0Rb5O7CBpRdGMH5lx5IPEMAgsOHXEPg+s1lugtRov28=",
    ),
    (
        "PUT",
        "/offers/V0Xq",
        "0Rb5O7CBpRdGMH5lx5IPEMAgsOHXEPg+s1lugtRov28=",
    ),
];

/// The status of a request at `DATE` plus `late`; 200 if it is let in.
fn verdict(method: &str, path: &str, authorization: &str, late: i64) -> StatusCode {
    let mut headers = HeaderMap::new();
    headers.insert("x-ms-date", HeaderValue::from_static(DATE));
    headers.insert(
        "authorization",
        HeaderValue::from_str(authorization).unwrap(),
    );
    let date = httpdate::parse_http_date(DATE).unwrap();
    let off = Duration::from_secs(late.unsigned_abs());
    let now = if late < 0 { date - off } else { date + off };
    let verdict = Credentials::default().verify(&method.parse().unwrap(), path, &headers, now);
    verdict.map_or_else(|refusal| refusal.status, |()| StatusCode::OK)
}

#[test]
fn known_signatures_are_accepted_for_exactly_their_request() {
    for (method, path, signature) in VECTORS {
        let authorization = master(signature);
        assert_eq!(
            verdict(method, path, &authorization, 0),
            StatusCode::OK,
            "{method} {path}"
        );
        assert_eq!(
            verdict("DELETE", path, &authorization, 0),
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(
            verdict(method, "/dbs/other", &authorization, 0),
            StatusCode::UNAUTHORIZED
        );
    }
}

#[test]
fn names_keep_their_case() {
    let (method, path, signature) = VECTORS[2];
    let lower = path.to_lowercase();
    assert_eq!(
        verdict(method, &lower, &master(signature), 0),
        StatusCode::UNAUTHORIZED
    );
}

#[test]
fn a_plus_sign_must_be_escaped() {
    let (method, path, signature) = VECTORS[0];
    let raw = format!("type=master&ver=1.0&sig={signature}");
    assert!(signature.contains('+'));
    assert_eq!(verdict(method, path, &raw, 0), StatusCode::UNAUTHORIZED);
    let lower_case = master(signature).replace("%2B", "%2b");
    assert_eq!(verdict(method, path, &lower_case, 0), StatusCode::OK);
}

#[test]
fn the_date_may_be_fifteen_minutes_off_either_way() {
    let (method, path, signature) = VECTORS[0];
    for (late, status) in [(900, 200), (-900, 200), (901, 403), (-901, 403)] {
        assert_eq!(
            verdict(method, path, &master(signature), late),
            status,
            "{late}"
        );
    }
}

#[tokio::test]
async fn requests_without_authorization_or_date_end_in_401() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::new();
    let activity = "6f1c4a70-5d0e-4b58-9c35-0c1a2b3d4e5f";
    let bare = call(Method::GET, "/").header("x-ms-activity-id", activity);
    let answer = client
        .send(&emulator.endpoint(), bare.clone())
        .await
        .unwrap();
    assert_error(&answer, StatusCode::UNAUTHORIZED, "Unauthorized");
    assert_eq!(answer.header("x-ms-activity-id"), Some(activity));
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains(activity)
    );
    let undated = bare.header("authorization", &master("AAAA"));
    let answer = client.send(&emulator.endpoint(), undated).await.unwrap();
    assert_error(&answer, StatusCode::UNAUTHORIZED, "Unauthorized");
    let statuses: Vec<u16> = emulator
        .requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [401, 401]);
}

#[tokio::test]
async fn another_key_ends_in_401_and_is_told_what_to_sign() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut signed = Signed::new(&emulator);
    signed.key.reverse();
    let answer = signed
        .send(call(Method::GET, "/dbs/d"), "dbs", "dbs/d")
        .await;
    assert_error(&answer, StatusCode::UNAUTHORIZED, "Unauthorized");
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains(r"get\ndbs\ndbs/d\n")
    );
    assert!(!format!("{:?}", emulator.requests()).contains("type%3Dmaster"));
}

#[tokio::test]
async fn tokens_are_accepted_once_they_are_known() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::new();
    let resource = "type%3Dresource%26ver%3D1%26sig%3Dabc%2B%3D%3D%3Bdef%3B";
    let bearer = "type%3Daad%26ver%3D1.0%26sig%3Dhead.body.sig";
    let date = httpdate::fmt_http_date(SystemTime::now());
    let read = |token: &str| {
        let read = call(Method::GET, "/")
            .header("x-ms-date", &date)
            .header("authorization", token);
        let (client, endpoint) = (&client, emulator.endpoint());
        async move { client.send(&endpoint, read).await.unwrap().status }
    };
    for token in [resource, bearer] {
        assert_eq!(read(token).await, StatusCode::UNAUTHORIZED);
    }
    emulator.accept_resource_token("type=resource&ver=1&sig=abc+==;def;");
    emulator.accept_bearer_token("head.body.sig");
    for token in [resource, bearer] {
        assert_eq!(read(token).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn probes_need_no_signature() {
    let emulator = Emulator::builder().start().await.unwrap();
    for path in ["/probe", "/connectivity-probe"] {
        let answer = Client::new()
            .send(&emulator.endpoint(), call(Method::GET, path))
            .await
            .unwrap();
        assert_eq!(answer.status, StatusCode::OK);
    }
}
