//! The floor.

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::account;
use crate::load::{Shared, Turn, Work};

/// Headers like those that the driver sends, of the same length, but made once.
const COMMON: [(&str, &str); 9] = [
    ("accept", "application/json"),
    (
        "authorization",
        "type%3Dmaster%26ver%3D1.0%26sig%3D0123456789012345678901234567890123456789012%3D",
    ),
    ("cache-control", "no-cache"),
    ("user-agent", "cosmosdb-driver/0.1.0"),
    ("x-ms-activity-id", "0e7d5c4b-3a29-4817-96f5-e4d3c2b1a098"),
    ("x-ms-cosmos-sdk-supportedcapabilities", "1"),
    ("x-ms-date", "tue, 01 jul 2025 12:34:56 gmt"),
    ("x-ms-documentdb-partitionkey", "[\"tenant-1\"]"),
    ("x-ms-version", "2020-07-15"),
];

#[derive(Clone)]
pub(super) struct Raw {
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: String,
    item: Bytes,
    query: Bytes,
}

impl Raw {
    pub(super) fn new(endpoint: &str, http2: bool) -> Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .http2_only(http2)
            .build(connector);
        let query = serde_json::json!({ "query": account::QUERY, "parameters": [] });
        Ok(Self {
            client,
            endpoint: endpoint.to_owned(),
            item: account::item().into(),
            query: query.to_string().into(),
        })
    }

    fn request(&self, turn: &Turn) -> Result<Request<Full<Bytes>>> {
        let documents = format!(
            "{}dbs/{}/colls/{}/docs",
            self.endpoint,
            account::DATABASE,
            turn.container
        );
        let (method, url, body) = match turn.work {
            Work::Read => (
                Method::GET,
                format!("{documents}/{}", turn.item),
                Bytes::new(),
            ),
            Work::Create => (Method::POST, documents, self.item.clone()),
            Work::Query => (Method::POST, documents, self.query.clone()),
        };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in COMMON {
            request = request.header(name, value);
        }
        request = match turn.work {
            Work::Read => request,
            Work::Create => request
                .header("content-type", "application/json")
                .header("prefer", "return=minimal"),
            Work::Query => request
                .header("content-type", "application/query+json")
                .header("x-ms-documentdb-isquery", "True")
                .header("x-ms-documentdb-query-enablecrosspartition", "True"),
        };
        Ok(request.body(Full::new(body))?)
    }
}

impl Shared for Raw {
    async fn call(&self, turn: Turn) -> Result<()> {
        let response = self.client.request(self.request(&turn)?).await?;
        ensure!(response.status().is_success(), "{}", response.status());
        response.into_body().collect().await?.to_bytes();
        Ok(())
    }
}
