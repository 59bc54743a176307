//! One operation under observation.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::Uri;

use super::{Observer, OperationInfo, OperationRecord, Subject, Unprinted};
use crate::config::Config;
use crate::error::Error;
use crate::page;
use crate::types::{self, Diagnostics, ErrorKind, ResponseHeaders};

/// The observer of a client's operations, and what all of them have in common.
#[derive(Debug)]
pub(crate) struct Watcher {
    observer: Arc<dyn Observer>,
    client_id: String,
    server_address: String,
    server_port: Option<u16>,
}

/// Names clients.
static CLIENTS: AtomicU64 = AtomicU64::new(1);

impl Watcher {
    pub(crate) fn new(observer: Arc<dyn Observer>, config: &Config) -> Self {
        let endpoint: Option<Uri> = config.endpoint().and_then(|endpoint| endpoint.parse().ok());
        let host = endpoint.as_ref().and_then(Uri::host).unwrap_or_default();
        let default_port = match endpoint.as_ref().and_then(Uri::scheme_str) {
            Some("http") => 80,
            _ => 443,
        };
        let port = endpoint
            .as_ref()
            .and_then(Uri::port_u16)
            .unwrap_or(default_port);
        Self {
            observer,
            client_id: format!(
                "cosmosdb-client-{}",
                CLIENTS.fetch_add(1, Ordering::Relaxed)
            ),
            server_address: host.to_owned(),
            server_port: Some(port).filter(|&port| port != 443),
        }
    }
}

/// An operation from its beginning to its end; nothing if nobody observes.
pub(crate) struct Watch<'a>(Option<Running<'a>>);

struct Running<'a> {
    watcher: &'a Watcher,
    subject: Cow<'a, Subject>,
    start: Instant,
    kept: Option<Box<dyn Any + Send>>,
}

impl<'a> Watch<'a> {
    /// Of nobody.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The subject is asked for only if somebody observes.
    pub(crate) fn begin(
        watcher: Option<&'a Watcher>,
        subject: impl FnOnce() -> Cow<'a, Subject>,
    ) -> Self {
        Self(watcher.map(|watcher| {
            let subject = subject();
            let kept = watcher.observer.began(&info(watcher, &subject));
            Running {
                watcher,
                subject,
                start: Instant::now(),
                kept,
            }
        }))
    }

    pub(crate) fn end(mut self, result: &Result<types::Response, Error>) {
        let Some(running) = self.0.take() else {
            return;
        };
        match result {
            Ok(response) if is_end(response) => {}
            Ok(response) => {
                let page = running.subject.is_feed.then_some(&response.body);
                running.tell(&Told {
                    status: Some(response.status),
                    headers: Some(&response.headers),
                    diagnostics: Some(&response.diagnostics),
                    page,
                    error_type: None,
                });
            }
            Err(error) => {
                let driver = error.driver();
                running.tell(&Told {
                    status: error.status(),
                    headers: driver.and_then(|error| error.headers.as_ref()),
                    diagnostics: driver.and_then(|error| error.diagnostics.as_ref()),
                    page: None,
                    error_type: Some(error_type(error)),
                });
            }
        }
    }
}

impl Drop for Watch<'_> {
    /// Of a call that was dropped.
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            running.tell(&Told {
                error_type: Some("cancelled".into()),
                ..Told::default()
            });
        }
    }
}

/// How an operation ended.
#[derive(Default)]
struct Told<'a> {
    status: Option<u16>,
    headers: Option<&'a ResponseHeaders>,
    diagnostics: Option<&'a Diagnostics>,
    page: Option<&'a Vec<u8>>,
    error_type: Option<Cow<'static, str>>,
}

impl Running<'_> {
    fn tell(mut self, told: &Told<'_>) {
        let sub_status = told.headers.and_then(|headers| headers.sub_status);
        let kept = self.kept.take();
        let record = OperationRecord {
            operation: info(self.watcher, &self.subject),
            duration: self.start.elapsed(),
            status: told.status,
            sub_status: sub_status.filter(|&sub_status| sub_status != 0),
            request_charge: told.diagnostics.map_or(0.0, |known| known.request_charge),
            error_type: told.error_type.as_deref().map(Cow::Borrowed),
            diagnostics: told.diagnostics,
            page: Unprinted(told.page.map(Vec::as_slice)),
        };
        self.watcher.observer.ended(&record, kept);
    }
}

fn info<'a>(watcher: &'a Watcher, subject: &'a Subject) -> OperationInfo<'a> {
    OperationInfo {
        name: &subject.name,
        database: subject.database.as_deref(),
        container: subject.container.as_deref(),
        batch_size: subject.batch_size,
        server_address: &watcher.server_address,
        server_port: watcher.server_port,
        client_id: &watcher.client_id,
    }
}

/// The end of a feed. Deletions have its status too, but not without a request.
fn is_end(response: &types::Response) -> bool {
    response.status == page::END && response.diagnostics.request_count == 0
}

fn error_type(error: &Error) -> Cow<'static, str> {
    match error {
        Error::Driver(error) => match error.status {
            Some(status) => status.to_string().into(),
            None => kind(error.kind).into(),
        },
        Error::Instance { .. } => "instance_ended".into(),
        Error::Overloaded(_) => "overloaded".into(),
        // The conventions' word for everything else.
        _ => "_OTHER".into(),
    }
}

fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidArgument => "invalid_argument",
        ErrorKind::Unauthorized => "unauthorized",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::PreconditionFailed => "precondition_failed",
        ErrorKind::PayloadTooLarge => "payload_too_large",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Transport => "transport",
        ErrorKind::Service => "service",
        ErrorKind::NotResumable => "not_resumable",
        ErrorKind::BudgetSpent => "budget_spent",
        ErrorKind::Closed => "closed",
    }
}
