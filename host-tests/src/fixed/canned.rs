//! The answers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

/// The size of an item, in bytes.
const ITEM_SIZE: usize = 1024;

/// What every answer carries: names and values as the service's gateway sends them for an item in a container with
/// one physical partition.
const COMMON: [(&str, &str); 12] = [
    ("date", "Tue, 01 Jul 2025 12:34:56 GMT"),
    ("server", "Microsoft-HTTPAPI/2.0"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-ms-activity-id", "0e7d5c4b-3a29-4817-96f5-e4d3c2b1a098"),
    ("x-ms-request-charge", "1"),
    ("x-ms-request-duration-ms", "0.42"),
    (
        "x-ms-last-state-change-utc",
        "Mon, 30 Jun 2025 08:12:41.337 GMT",
    ),
    ("x-ms-schemaversion", "1.19"),
    ("x-ms-serviceversion", "version=2.14.0.0"),
    ("x-ms-gatewayversion", "version=2.14.0"),
    ("x-ms-global-committed-lsn", "41"),
    ("x-ms-number-of-read-regions", "0"),
];

/// What answers about items carry as well.
const ITEM: [(&str, &str); 11] = [
    ("etag", "\"0000d826-0700-0000-0000-6863d4f00000\""),
    ("lsn", "42"),
    ("x-ms-item-lsn", "42"),
    ("x-ms-cosmos-llsn", "42"),
    ("x-ms-cosmos-item-llsn", "42"),
    ("x-ms-session-token", "0:-1#42"),
    ("x-ms-documentdb-partitionkeyrangeid", "0"),
    ("x-ms-alt-content-path", "dbs/SampleDb/colls/Items"),
    ("x-ms-transport-request-id", "7"),
    (
        "x-ms-resource-quota",
        "documentSize=51200;documentsSize=52428800;documentsCount=-1;collectionSize=52428800;",
    ),
    (
        "x-ms-resource-usage",
        "documentSize=0;documentsSize=1;documentsCount=1;collectionSize=2;",
    ),
];

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `GET /`
    ReadAccount,
    /// `GET` of a database.
    ReadDatabase,
    /// `GET` of a container.
    ReadContainer,
    /// `POST` to `/dbs`.
    CreateDatabase,
    /// `POST` to a database's containers.
    CreateContainer,
    /// `GET` of an item.
    ReadItem,
    /// `POST` to a container's items.
    CreateItem,
    /// The same with `x-ms-documentdb-is-upsert`.
    UpsertItem,
    /// `PUT` of an item.
    ReplaceItem,
    /// `PATCH` of an item.
    PatchItem,
    /// `DELETE` of anything.
    Delete,
    /// Anything else; answered with 404.
    Other,
}

impl Kind {
    /// How many kinds there are.
    pub(super) const COUNT: usize = Self::Other as usize + 1;

    /// The kind of a request, from its method and path.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let path = request.uri().path().trim_matches('/');
        let depth = if path.is_empty() {
            0
        } else {
            path.split('/').count()
        };
        let upsert = request.headers().contains_key("x-ms-documentdb-is-upsert");
        match (request.method(), depth) {
            (&Method::GET, 0) => Self::ReadAccount,
            (&Method::GET, 2) => Self::ReadDatabase,
            (&Method::GET, 4) => Self::ReadContainer,
            (&Method::GET, 6) => Self::ReadItem,
            (&Method::POST, 1) => Self::CreateDatabase,
            (&Method::POST, 3) => Self::CreateContainer,
            (&Method::POST, 5) if upsert => Self::UpsertItem,
            (&Method::POST, 5) => Self::CreateItem,
            (&Method::PUT, 6) => Self::ReplaceItem,
            (&Method::PATCH, 6) => Self::PatchItem,
            (&Method::DELETE, 2 | 4 | 6) => Self::Delete,
            _ => Self::Other,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::CreateDatabase | Self::CreateContainer | Self::CreateItem => StatusCode::CREATED,
            Self::Delete => StatusCode::NO_CONTENT,
            Self::Other => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        }
    }

    fn is_item_write(self) -> bool {
        matches!(
            self,
            Self::CreateItem | Self::UpsertItem | Self::ReplaceItem | Self::PatchItem
        )
    }
}

/// Bodies and headers, made once.
#[derive(Debug)]
pub(super) struct Canned {
    common: HeaderMap,
    item_headers: HeaderMap,
    account: Bytes,
    database: Bytes,
    container: Bytes,
    item: Bytes,
    not_found: Bytes,
}

impl Canned {
    /// The answers of a server that is reached at `endpoint`.
    pub(super) fn new(endpoint: &str) -> Self {
        let mut common = headers(&COMMON);
        common.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut item_headers = common.clone();
        item_headers.extend(headers(&ITEM));
        Self {
            common,
            item_headers,
            account: account(endpoint).to_string().into(),
            database: database().to_string().into(),
            container: container().to_string().into(),
            item: item(),
            not_found: r#"{"code":"NotFound","message":"There is no such resource."}"#.into(),
        }
    }

    /// The answer to a request of a kind.
    pub(super) fn answer(&self, kind: Kind, request: &HeaderMap) -> Response<Bytes> {
        let minimal = || {
            request
                .get("prefer")
                .is_some_and(|prefer| prefer == "return=minimal")
        };
        let (headers, body) = match kind {
            Kind::ReadAccount => (&self.common, self.account.clone()),
            Kind::ReadDatabase | Kind::CreateDatabase => (&self.common, self.database.clone()),
            Kind::ReadContainer | Kind::CreateContainer => (&self.common, self.container.clone()),
            Kind::Other => (&self.common, self.not_found.clone()),
            Kind::Delete => (&self.item_headers, Bytes::new()),
            _ if kind.is_item_write() && minimal() => (&self.item_headers, Bytes::new()),
            _ => (&self.item_headers, self.item.clone()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = kind.status();
        *response.headers_mut() = headers.clone();
        response
    }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().copied();
    pairs
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

fn account(endpoint: &str) -> Value {
    let locations = json!([{ "name": "East US", "databaseAccountEndpoint": endpoint }]);
    json!({
        "_self": "",
        "id": "fixed",
        "_rid": "fixed.documents.azure.com",
        "media": "//media/",
        "addresses": "//addresses/",
        "_dbs": "//dbs/",
        "writableLocations": locations,
        "readableLocations": locations,
        "enableMultipleWriteLocations": false,
        "continuousBackupEnabled": false,
        "enableNRegionSynchronousCommit": false,
        "enablePerPartitionFailoverBehavior": false,
        "userReplicationPolicy": { "asyncReplication": false, "minReplicaSetSize": 3, "maxReplicasetSize": 4 },
        "userConsistencyPolicy": { "defaultConsistencyLevel": "Session" },
        "systemReplicationPolicy": { "minReplicaSetSize": 3, "maxReplicasetSize": 4 },
        "readPolicy": { "primaryReadCoefficient": 1, "secondaryReadCoefficient": 1 },
        "queryEngineConfiguration": "{}",
    })
}

fn database() -> Value {
    json!({
        "id": "SampleDb",
        "_rid": "v0xqAA==",
        "_self": "dbs/v0xqAA==/",
        "_etag": "\"0000d726-0700-0000-0000-6863d4e60000\"",
        "_colls": "colls/",
        "_users": "users/",
        "_ts": 1_751_373_286,
    })
}

fn container() -> Value {
    json!({
        "id": "Items",
        "indexingPolicy": {
            "indexingMode": "consistent",
            "automatic": true,
            "includedPaths": [{ "path": "/*" }],
            "excludedPaths": [{ "path": "/\"_etag\"/?" }],
        },
        "partitionKey": { "paths": ["/pk"], "kind": "Hash", "version": 2 },
        "conflictResolutionPolicy": {
            "mode": "LastWriterWins",
            "conflictResolutionPath": "/_ts",
            "conflictResolutionProcedure": "",
        },
        "geospatialConfig": { "type": "Geography" },
        "_rid": "v0xqANyLLxQ=",
        "_ts": 1_751_373_288,
        "_self": "dbs/v0xqAA==/colls/v0xqANyLLxQ=/",
        "_etag": "\"0000d826-0700-0000-0000-6863d4e80000\"",
        "_docs": "docs/",
        "_sprocs": "sprocs/",
        "_triggers": "triggers/",
        "_udfs": "udfs/",
        "_conflicts": "conflicts/",
    })
}

/// An item of [`ITEM_SIZE`] bytes.
fn item() -> Bytes {
    let with = |payload: String| {
        json!({
            "id": "item-1",
            "pk": "pk-1",
            "payload": payload,
            "_rid": "v0xqANyLLxQBAAAAAAAAAA==",
            "_self": "dbs/v0xqAA==/colls/v0xqANyLLxQ=/docs/v0xqANyLLxQBAAAAAAAAAA==/",
            "_etag": "\"0000d826-0700-0000-0000-6863d4f00000\"",
            "_attachments": "attachments/",
            "_ts": 1_751_373_296,
        })
        .to_string()
    };
    let frame = with(String::new()).len();
    with("x".repeat(ITEM_SIZE - frame)).into()
}
