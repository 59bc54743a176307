//! One request: headers, signature, sending, the record of the attempt (spec driver-core §1.3, §1.8).

use std::cell::RefCell;

use crate::core::account::Target;
use crate::core::credential::Credential;
use crate::core::diagnostics::{Attempt, Recorder, RequestSent, elapsed_ms};
use crate::core::exchange::{HttpRequest, HttpResponse, TransportFailure, check_length};
use crate::core::request::Request;
use crate::core::retry::{self, Decision};
use crate::core::{Result, explain};
use crate::wire::date::http_date;
use crate::wire::headers::{API_VERSION, HeaderList, ResponseHeaders, name};

use super::World;

const USER_AGENT: &str = concat!(
    "cosmosdb-driver/",
    env!("CARGO_PKG_VERSION"),
    " (wasi; wasm32)"
);

/// Bit mask of what the driver understands: partition merge, change feed after merge, unknown tokens ignored.
const CAPABILITIES: &str = "11";

/// Sends requests with the driver's credential.
#[derive(Debug)]
pub(super) struct Transport<W> {
    pub(super) world: W,
    pub(super) credential: Credential,
    client_id: String,
    /// The date's text is good for the whole second.
    date: RefCell<(u64, String)>,
}

/// A complete answer of the service, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ResponseHeaders,
    pub(super) body: Vec<u8>,
}

impl<W: World> Transport<W> {
    pub(super) fn new(world: W, credential: Credential, client_id: String) -> Self {
        Self {
            world,
            credential,
            client_id,
            date: RefCell::default(),
        }
    }

    /// Sends a request, once more if it provably never left, and records every attempt.
    pub(super) async fn send(
        &self,
        request: &Request,
        custom: &[(String, String)],
        target: &Target,
        recorder: &Recorder,
    ) -> Result<Answer> {
        let mut retries = 0_u32;
        loop {
            let headers = self.headers(request, custom, &recorder.activity_id());
            let failure = match self.attempt(request, headers, target, recorder).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if retry::after_failure(&failure, retries) == Decision::Surface {
                let endpoint = target.endpoint.to_string();
                return Err(explain::failure(
                    request.name,
                    request.read,
                    &endpoint,
                    &failure,
                ));
            }
            retries = retries.saturating_add(1);
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        headers: HeaderList,
        target: &Target,
        recorder: &Recorder,
    ) -> std::result::Result<Answer, TransportFailure> {
        let mut attempt = Attempt {
            operation_name: request.name,
            region: target.region.clone(),
            endpoint: target.endpoint.to_string(),
            status: None,
            sub_status: None,
            request_charge: 0.0,
            activity_id: None,
            request_sent: RequestSent::Sent,
            duration_ms: 0.0,
            server_duration_ms: None,
            error: None,
        };
        let http = HttpRequest {
            method: &request.method,
            endpoint: &target.endpoint,
            path: request.link.path(),
            headers,
            body: request.body.as_deref(),
        };
        let result = self.world.send(http).await.and_then(complete);
        let now = self.world.now();
        attempt.duration_ms = elapsed_ms(recorder.last(), now);
        match &result {
            Ok(answer) => {
                attempt.status = Some(answer.status);
                attempt.sub_status = answer.headers.sub_status;
                attempt.request_charge = answer.headers.request_charge;
                attempt.activity_id.clone_from(&answer.headers.activity_id);
                attempt.server_duration_ms = answer.headers.server_duration_ms;
            }
            Err(failure) => {
                attempt.request_sent = failure.sent;
                attempt.error = Some(failure.detail.clone());
            }
        }
        recorder.push(attempt, now);
        result
    }

    fn headers(
        &self,
        request: &Request,
        custom: &[(String, String)],
        activity_id: &str,
    ) -> HeaderList {
        let mut headers = HeaderList::with_capacity(24);
        headers.extend(request.headers.iter().cloned());
        let mut add = |name: &str, value: &str| {
            headers.push((name.to_owned(), value.as_bytes().to_vec()));
        };
        if request.header(name::CONTENT_TYPE).is_none() {
            add(name::CONTENT_TYPE, "application/json");
        }
        add(name::ACCEPT, "application/json");
        add(name::ACTIVITY_ID, activity_id);
        add(name::CACHE_CONTROL, "no-cache");
        add(name::CLIENT_ID, &self.client_id);
        add(name::NO_RETRY_449, "true");
        add(name::SDK_CAPABILITIES, CAPABILITIES);
        add(name::USER_AGENT, USER_AGENT);
        add(name::VERSION, API_VERSION);
        if let Some(body) = &request.body {
            add(name::CONTENT_LENGTH, &body.len().to_string());
        }
        for (name, value) in custom {
            if !headers.iter().any(|(own, _)| own == name) && !is_signature(name) {
                headers.push((name.clone(), value.clone().into_bytes()));
            }
        }
        self.sign(request, &mut headers);
        headers
    }

    fn sign(&self, request: &Request, headers: &mut HeaderList) {
        let seconds = self.world.unix_seconds();
        let mut date = self.date.borrow_mut();
        if date.0 != seconds || date.1.is_empty() {
            *date = (seconds, http_date(seconds));
        }
        let value = self
            .credential
            .authorization(&request.method, &request.link, &date.1);
        if let Some(value) = value {
            headers.push((name::AUTHORIZATION.to_owned(), value.into_bytes()));
            headers.push((name::DATE.to_owned(), date.1.clone().into_bytes()));
        }
    }
}

/// These two belong to whoever signs, which may be the host.
fn is_signature(name: &str) -> bool {
    matches!(name, name::AUTHORIZATION | name::DATE)
}

fn complete(response: HttpResponse) -> std::result::Result<Answer, TransportFailure> {
    check_length(response.status, &response.headers, &response.body)?;
    Ok(Answer {
        status: response.status,
        headers: ResponseHeaders::from_list(response.headers),
        body: response.body,
    })
}
