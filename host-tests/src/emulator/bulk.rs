//! Bulk requests, which the emulator does not know: each operation becomes a request of its own.
//!
//! Whether a key lies in the range that the request names is not checked.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::gateway::{Gateway, Region};
use super::log::Recorded;
use super::refusal::{Refusal, Stop};
use super::rules::PARTITION_KEY;

const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-ms-session-token");
const CHARGE: HeaderName = HeaderName::from_static("x-ms-request-charge");

/// Headers that a request for one operation does not have.
const BULK_ONLY: [&str; 5] = [
    "x-ms-cosmos-is-batch-request",
    "x-ms-cosmos-batch-atomic",
    "x-ms-cosmos-batch-continue-on-error",
    "x-ms-cosmos-batch-ordered",
    "x-ms-documentdb-partitionkeyrangeid",
];

/// The most operations of a request.
const MAX_OPERATIONS: usize = 100;

/// An operation as it came, its item untouched.
type Raw = BTreeMap<String, Box<RawValue>>;

/// Whether a request is a batch without a transaction.
pub(super) fn is_bulk(request: &Recorded) -> bool {
    let says = |name: &str, wanted: &str| {
        let value = request.header(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    says("x-ms-cosmos-is-batch-request", "true") && says("x-ms-cosmos-batch-atomic", "false")
}

/// Carries out the operations one after the other, whatever becomes of each.
pub(super) async fn carry_out(
    gateway: &Gateway,
    region: &Region,
    request: &Recorded,
) -> Result<Response<Bytes>, Stop> {
    let operations: Vec<Raw> = serde_json::from_slice(&request.body)
        .map_err(|_| Refusal::bad_request("The bulk is no array of operations."))?;
    if !(1..=MAX_OPERATIONS).contains(&operations.len()) {
        return Err(Refusal::bad_request("A bulk has 1 to 100 operations.").into());
    }
    let (mut rows, mut charge) = (Vec::new(), 0.0);
    let mut session = None;
    for operation in &operations {
        let Some(single) = single(request, operation) else {
            rows.push(json!({ "statusCode": 400, "requestCharge": 0 }));
            continue;
        };
        let answer = gateway.forward(region, &single).await?;
        charge += number(&answer, "x-ms-request-charge").unwrap_or(0.0);
        session = answer.headers().get(SESSION_TOKEN).cloned().or(session);
        rows.push(row(operation, &answer));
    }
    let failed = rows
        .iter()
        .any(|row| row["statusCode"].as_u64() >= Some(300));
    let mut response = Response::new(Bytes::from(Value::from(rows).to_string()));
    if failed {
        *response.status_mut() = StatusCode::MULTI_STATUS;
    }
    let charge = HeaderValue::try_from(format!("{charge:.2}")).map_err(io::Error::other)?;
    response.headers_mut().insert(CHARGE, charge);
    if let Some(session) = session {
        response.headers_mut().insert(SESSION_TOKEN, session);
    }
    Ok(response)
}

/// The request for an operation alone; none if it is not known.
fn single(request: &Recorded, operation: &Raw) -> Option<Recorded> {
    let text =
        |name: &str| -> Option<String> { serde_json::from_str(operation.get(name)?.get()).ok() };
    let (method, upsert) = match text("operationType")?.as_str() {
        "Create" => (Method::POST, false),
        "Upsert" => (Method::POST, true),
        "Replace" => (Method::PUT, false),
        "Read" => (Method::GET, false),
        "Delete" => (Method::DELETE, false),
        _ => return None,
    };
    let body = operation.get("resourceBody");
    let mut single = Recorded {
        body: body.map_or_else(Bytes::new, |body| Bytes::from(body.get().to_owned())),
        ..request.clone()
    };
    if method != Method::POST {
        let id = text("id")?;
        let id = utf8_percent_encode(&id, NON_ALPHANUMERIC);
        single.path = format!("{}/{id}", request.path);
    }
    single.method = method;
    for name in BULK_ONLY {
        single.headers.remove(name);
    }
    let mut set = |name: HeaderName, value: String| {
        let value = HeaderValue::try_from(value).ok()?;
        single.headers.insert(name, value);
        Some(())
    };
    set(PARTITION_KEY, text("partitionKey")?)?;
    if upsert {
        let name = HeaderName::from_static("x-ms-documentdb-is-upsert");
        set(name, "True".to_owned())?;
    }
    if let Some(etag) = text("ifMatch") {
        set(http::header::IF_MATCH, etag)?;
    }
    if let Some(etag) = text("ifNoneMatch") {
        set(http::header::IF_NONE_MATCH, etag)?;
    }
    Some(single)
}

/// What the answer to an operation is in the answer to all.
fn row(operation: &Raw, answer: &Response<Bytes>) -> Value {
    let mut row = json!({
        "statusCode": answer.status().as_u16(),
        "requestCharge": number(answer, "x-ms-request-charge").unwrap_or(0.0),
    });
    if let Some(sub_status) = number(answer, "x-ms-substatus") {
        row["subStatusCode"] = json!(sub_status as u32);
    }
    if let Some(wait) = number(answer, "x-ms-retry-after-ms") {
        row["retryAfterMilliseconds"] = json!(wait as u64);
    }
    let etag = answer.headers().get(http::header::ETAG);
    if let Some(etag) = etag.and_then(|etag| etag.to_str().ok()) {
        row["eTag"] = Value::from(etag);
    }
    let minimal = operation
        .get("minimalReturnPreference")
        .is_some_and(|value| value.get() == "true");
    if answer.status().is_success() && !minimal {
        row["resourceBody"] = serde_json::from_slice(answer.body()).unwrap_or_default();
    }
    row
}

fn number(answer: &Response<Bytes>, name: &str) -> Option<f64> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}
