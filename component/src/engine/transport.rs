//! One request on the wire: headers, signature, the sorted answer (spec driver-core §1.3, §1.8).

use std::cell::RefCell;

use zeroize::Zeroize as _;

use crate::core::clock::{Nanos, millis};
use crate::core::credential::Credential;
use crate::core::exchange::{Head, HttpResponse, TransportFailure, check};
use crate::core::request::Request;
use crate::core::{Error, explain};
use crate::wire::batch::OperationResult;
use crate::wire::date::http_date;
use crate::wire::headers::{API_VERSION, HeaderList, ResponseHeaders, name};

use super::World;
use super::attempt::Plan;

/// Bit mask of what the driver understands: partition merge, change feed after merge, unknown tokens ignored.
const CAPABILITIES: &str = "11";

/// Sends requests with the driver's credential.
#[derive(Debug)]
pub(super) struct Transport<W> {
    pub(super) world: W,
    pub(super) credential: Credential,
    /// The headers that every request has. A request's own stand behind them for the moment of handing them over, so
    /// that the others are made once.
    headers: RefCell<HeaderList>,
    /// The date's text is good for the whole second.
    date: RefCell<(u64, String)>,
}

/// A complete answer of the service, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ResponseHeaders,
    pub(super) body: Vec<u8>,
    /// What the body says, if it answers a batch; what became of the operations of a bulk.
    pub(super) results: Vec<crate::core::Result<OperationResult>>,
}

impl Answer {
    /// What the service asks to wait.
    pub(super) fn retry_after(&self) -> Option<Nanos> {
        self.headers.retry_after_ms().map(millis)
    }
}

impl<W: World> Transport<W> {
    pub(super) fn new(world: W, credential: Credential, client_id: &str, user_agent: &str) -> Self {
        let constant = [
            (name::ACCEPT, "application/json"),
            (name::CACHE_CONTROL, "no-cache"),
            (name::CLIENT_ID, client_id),
            (name::NO_RETRY_449, "true"),
            (name::SDK_CAPABILITIES, CAPABILITIES),
            (name::USER_AGENT, user_agent),
            (name::VERSION, API_VERSION),
        ];
        Self {
            world,
            credential,
            headers: RefCell::new(constant.map(|(name, value)| header(name, value)).into()),
            date: RefCell::default(),
        }
    }

    /// Checks and sorts a response. A token that was sent back is taken out of the headers.
    pub(super) fn complete(
        &self,
        response: HttpResponse,
    ) -> std::result::Result<Answer, TransportFailure> {
        let mut headers = ResponseHeaders::from_list(response.headers);
        if self.credential.is_token() {
            headers.each_text(|text| self.credential.hide(text));
        }
        check(response.status, &headers, &response.body)?;
        Ok(Answer {
            status: response.status,
            headers,
            body: response.body,
            results: Vec::new(),
        })
    }

    /// Says who asks, from now on.
    pub(super) fn set_user_agent(&self, user_agent: &str) {
        let mut headers = self.headers.borrow_mut();
        if let Some((_, value)) = headers.iter_mut().find(|(own, _)| own == name::USER_AGENT) {
            *value = user_agent.as_bytes().to_vec();
        }
    }

    /// The error for an answer that is no success.
    pub(super) fn refusal(&self, (name, read): (&str, bool), answer: Answer) -> Box<Error> {
        let Answer {
            status,
            headers,
            body,
            ..
        } = answer;
        explain::answer((name, read), status, headers, &body, &|text| {
            self.credential.hide(text)
        })
    }

    /// Hands over the head: the constant headers, the operation's, the caller's, and the signature.
    pub(super) fn begin(
        &self,
        request: &mut Request,
        custom: &[(String, String)],
        plan: &Plan,
        connect_timeout: Nanos,
        activity_id: String,
    ) -> std::result::Result<W::Outgoing, TransportFailure> {
        let mut headers = self.headers.borrow_mut();
        let (constant, own) = (headers.len(), request.headers.len());
        headers.append(&mut request.headers);
        headers.push((name::ACTIVITY_ID.to_owned(), activity_id.into_bytes()));
        if !has(headers.iter(), name::CONTENT_TYPE) {
            headers.push(header(name::CONTENT_TYPE, "application/json"));
        }
        if let Some(body) = &request.body {
            headers.push(header(name::CONTENT_LENGTH, &body.len().to_string()));
        }
        let own_names = headers.len();
        let by_strategy = has(headers.iter(), name::READ_CONSISTENCY_STRATEGY);
        for (name, value) in custom {
            let replaced = by_strategy && name == name::CONSISTENCY_LEVEL;
            // One name may be given several times, but not one of the driver's.
            if !has(headers.iter().take(own_names), name) && !is_signature(name) && !replaced {
                headers.push(header(name, value));
            }
        }
        self.sign(request, &mut headers);
        let outgoing = self.world.begin(&Head {
            method: &request.method,
            endpoint: &plan.target.endpoint,
            path: request.link.path(),
            headers: &headers,
            has_body: request.body.is_some(),
            connect_timeout: connect_timeout.min(plan.timeout),
            first_byte_timeout: plan.timeout,
        });
        let mut rest = headers.drain(constant..);
        request.headers.extend(rest.by_ref().take(own));
        if self.credential.is_token() {
            rest.for_each(|(_, mut value)| value.zeroize());
        }
        outgoing
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
            headers.push(header(name::DATE, &date.1));
        }
    }
}

fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

fn has<'a>(mut headers: impl Iterator<Item = &'a (String, Vec<u8>)>, name: &str) -> bool {
    headers.any(|(own, _)| own == name)
}

/// These two belong to whoever signs, which may be the host.
fn is_signature(name: &str) -> bool {
    matches!(name, name::AUTHORIZATION | name::DATE)
}
