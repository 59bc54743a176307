//! The way of a request: recorded, authorized, checked, answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use azure_core::http::headers::{HeaderName as CoreName, HeaderValue as CoreValue};
use azure_data_cosmos_driver::in_memory_emulator::{EmulatorStore, InMemoryEmulatorHttpClient};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::Value;

use super::auth::Credentials;
use super::log::{Log, Recorded};
use super::refusal::{Refusal, Stop};
use super::{bulk, condition, invalid, rules};

const ACTIVITY_ID: HeaderName = HeaderName::from_static("x-ms-activity-id");

/// One region of the account.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// As the caller spelled it.
    pub(super) name: String,
    /// `127.0.0.1:port`
    pub(super) authority: String,
}

/// What all regions share.
pub(super) struct Gateway {
    emulator: InMemoryEmulatorHttpClient,
    credentials: Credentials,
    log: Log,
    /// Numbers the activity ids given to requests that bring none.
    anonymous: AtomicU64,
}

impl Gateway {
    /// A gateway to `emulator`.
    pub(super) fn new(emulator: InMemoryEmulatorHttpClient) -> Self {
        Self {
            emulator,
            credentials: Credentials::default(),
            log: Log::default(),
            anonymous: AtomicU64::new(0),
        }
    }

    /// The emulator's store.
    pub(super) fn store(&self) -> Arc<EmulatorStore> {
        self.emulator.store()
    }

    /// What the gateway accepts besides the account key.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What arrived.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// Records and answers one request. An error means: drop the connection.
    pub(super) async fn serve(
        &self,
        region: &Region,
        request: Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let request = receive(region, request).await?;
        let number = self.log.begin(request.clone());
        let activity_id = self.activity_id(&request);
        let mut response = match self.answer(region, &request).await {
            Ok(response) => response,
            Err(Stop::Refuse(refusal)) => refusal.into_response(&activity_id),
            Err(Stop::Drop(error)) => return Err(error),
        };
        response.headers_mut().insert(ACTIVITY_ID, activity_id);
        self.log.end(number, response.status());
        Ok(response.map(Full::new))
    }

    /// The request's own activity id, or a new one.
    fn activity_id(&self, request: &Recorded) -> HeaderValue {
        request
            .headers
            .get(ACTIVITY_ID)
            .cloned()
            .unwrap_or_else(|| {
                let number = self.anonymous.fetch_add(1, Ordering::Relaxed);
                let id = format!("00000000-0000-4000-8000-{number:012x}");
                HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static(""))
            })
    }

    /// The answer to a request.
    async fn answer(&self, region: &Region, request: &Recorded) -> Result<Response<Bytes>, Stop> {
        let Recorded {
            method,
            path,
            headers,
            ..
        } = request;
        self.check_online(region)?;
        if matches!(path.as_str(), "/probe" | "/connectivity-probe") {
            return Ok(Response::new(Bytes::new()));
        }
        self.credentials
            .verify(method, path, headers, SystemTime::now())?;
        if bulk::is_bulk(request) {
            return bulk::carry_out(self, region, request).await;
        }
        rules::check(request)?;
        let answer = match condition::of(request) {
            None => self.forward(region, request).await?,
            Some(condition) => condition::patch(self, region, request, &condition).await?,
        };
        if rules::tells_wrong_key(&answer)
            || self.has_wrong_length(region, request, &answer).await?
        {
            return Err(Refusal::wrong_partition_key().into());
        }
        Ok(answer)
    }

    /// Whether an item was not found because its key has more or fewer components than the container's key.
    async fn has_wrong_length(
        &self,
        region: &Region,
        request: &Recorded,
        answer: &Response<Bytes>,
    ) -> io::Result<bool> {
        let container = request
            .path
            .split_once("/docs/")
            .map(|(container, _)| container);
        let (StatusCode::NOT_FOUND, Some(container), Some(length)) =
            (answer.status(), container, rules::key_length(request))
        else {
            return Ok(false);
        };
        let read = Recorded {
            method: Method::GET,
            path: container.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            ..request.clone()
        };
        let definition = self.forward(region, &read).await?;
        let definition: Value = serde_json::from_slice(definition.body()).unwrap_or_default();
        let paths = definition["partitionKey"]["paths"].as_array();
        Ok(paths.is_some_and(|paths| paths.len() != length))
    }

    /// A region that is offline answers nothing, not even that a request is wrong.
    fn check_online(&self, region: &Region) -> io::Result<()> {
        let known = self
            .emulator
            .store()
            .config()
            .region_for_url(&region.url("/")?);
        if known.is_some_and(|known| known.status.is_unreachable()) {
            return Err(io::Error::new(
                io::ErrorKind::NotConnected,
                "the region is offline",
            ));
        }
        Ok(())
    }

    /// Lets the emulator answer a request.
    pub(super) async fn forward(
        &self,
        region: &Region,
        request: &Recorded,
    ) -> io::Result<Response<Bytes>> {
        let method = request.method.as_str().parse().map_err(invalid)?;
        let mut inner = azure_core::http::Request::new(region.url(&request.path)?, method);
        for (name, value) in &request.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            inner.insert_header(CoreName::from(name.to_string()), CoreValue::from(value));
        }
        inner.set_body(request.body.to_vec());
        let answer = self
            .emulator
            .execute_request(&inner)
            .await
            .map_err(io::Error::other)?;
        let answer = answer
            .try_into_raw_response()
            .await
            .map_err(io::Error::other)?;

        let mut response = Response::new(Bytes::copy_from_slice(answer.body().as_ref()));
        *response.status_mut() =
            StatusCode::from_u16(answer.status().into()).map_err(io::Error::other)?;
        for (name, value) in answer.headers().iter() {
            let name = HeaderName::try_from(name.as_str()).map_err(io::Error::other)?;
            let value = HeaderValue::try_from(value.as_str()).map_err(io::Error::other)?;
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    }
}

/// Reads a request to its end.
async fn receive(region: &Region, request: Request<Incoming>) -> io::Result<Recorded> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    if let Some(authorization) = parts.headers.get_mut(AUTHORIZATION) {
        authorization.set_sensitive(true);
    }
    Ok(Recorded {
        region: region.name.clone(),
        method: parts.method,
        path: parts
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned(),
        headers: parts.headers,
        body,
        status: 0,
    })
}
