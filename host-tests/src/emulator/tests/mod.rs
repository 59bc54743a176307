//! The emulator, seen by a plain client that signs on its own.

mod account;
mod bulk;
mod items;
mod patches;
mod signatures;

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::Emulator;
use crate::testing::{Answer, Call, Client, call};

const ITEMS: &str = "/dbs/d/colls/c/docs";
const KEY_HEADER: &str = "x-ms-documentdb-partitionkey";

/// A client of one endpoint.
struct Signed {
    client: Client,
    endpoint: String,
    key: Vec<u8>,
}

impl Signed {
    fn new(emulator: &Emulator) -> Self {
        let key = STANDARD.decode(emulator.key()).unwrap();
        Self {
            client: Client::new(),
            endpoint: emulator.endpoint(),
            key,
        }
    }

    /// Signs for a resource and sends.
    async fn send(&self, call: Call, kind: &str, link: &str) -> Answer {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let method = call.method.as_str().to_lowercase();
        let text = format!("{method}\n{kind}\n{link}\n{}\n\n", date.to_lowercase());
        let mac = Hmac::<Sha256>::new_from_slice(&self.key)
            .unwrap()
            .chain_update(text);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let call = call
            .header("x-ms-date", &date)
            .header("authorization", &master(&signature));
        self.client.send(&self.endpoint, call).await.unwrap()
    }

    /// Creates the database `d` and in it the container `c`.
    async fn container(&self, partition_key: &str) {
        let database = call(Method::POST, "/dbs").body(r#"{"id":"d"}"#);
        assert_eq!(
            self.send(database, "dbs", "").await.status,
            StatusCode::CREATED
        );
        let definition = format!(r#"{{"id":"c","partitionKey":{partition_key}}}"#);
        let container = call(Method::POST, "/dbs/d/colls").body(definition);
        assert_eq!(
            self.send(container, "colls", "dbs/d").await.status,
            StatusCode::CREATED
        );
    }

    /// Sends a POST to the container's items.
    async fn post(&self, key: &str, body: &str) -> Answer {
        let call = call(Method::POST, ITEMS)
            .header(KEY_HEADER, key)
            .body(body.to_owned());
        self.send(call, "docs", "dbs/d/colls/c").await
    }

    /// Sends something to an item, whose id is its own escaped form.
    async fn item(
        &self,
        method: Method,
        id: &str,
        key: &str,
        change: impl FnOnce(Call) -> Call,
    ) -> Answer {
        let call = call(method, &format!("{ITEMS}/{id}")).header(KEY_HEADER, key);
        self.send(change(call), "docs", &format!("dbs/d/colls/c/docs/{id}"))
            .await
    }
}

/// An authorization header for a signature.
fn master(signature: &str) -> String {
    utf8_percent_encode(
        &format!("type=master&ver=1.0&sig={signature}"),
        NON_ALPHANUMERIC,
    )
    .to_string()
}

/// The body says what the status says, and quotes the activity id of the header.
#[track_caller]
fn assert_error(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    let body = answer.json();
    assert_eq!(body["code"], code);
    assert!(body["message"].is_string());
    assert!(answer.header("x-ms-activity-id").is_some());
}
