use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::core::credential::CredentialConfig;
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::{FailureCause, Head, HttpResponse, TransportFailure};
use crate::core::operation::{Conditions, ItemRef};
use crate::core::runtime::RuntimeConfig;
use crate::core::{ErrorKind, MetadataMode, Outcome};
use crate::wire::key::KeyComponent;

mod account;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod batches;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod bulks;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod cancellation;
mod circuit_breaker;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod contexts;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod deadline;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod decision_table;
mod diagnostics;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod fault_scenarios;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod faults;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod hedging;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod hedging_limits;
mod lean;
mod metadata;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod partition_failover;
mod range_pages;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod recreation;
mod regions;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod sessions;
mod snapshots;
mod terminal;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod throttling;
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod throughput;
mod timeouts;
mod two_partitions;

const ACCOUNT: &str = r#"{"writableLocations":[{"name":"East US","databaseAccountEndpoint":"https://a-eastus.example.com:443/"}],
    "readableLocations":[{"name":"West US 2","databaseAccountEndpoint":"https://a-westus2.example.com:443/"}]}"#;
const CONTAINER: &str =
    r#"{"_rid":"r1","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}"#;

type Answered = std::result::Result<HttpResponse, TransportFailure>;

/// A scripted outside world: it answers in order, and only while its gate is open.
#[derive(Clone, Default)]
struct Script(Rc<Inner>);

#[derive(Default)]
struct Inner {
    answers: RefCell<VecDeque<Answered>>,
    seen: RefCell<Vec<String>>,
    last_headers: RefCell<Vec<(String, String)>>,
    shut: Cell<bool>,
    clock: Cell<u64>,
    date: Cell<u64>,
}

impl World for Script {
    type Outgoing = ();

    fn begin(&self, head: &Head<'_>) -> std::result::Result<(), TransportFailure> {
        let line = format!("{} {}{}", head.method, head.endpoint.authority(), head.path);
        self.0.seen.borrow_mut().push(line);
        let text = |(name, value): &(String, Vec<u8>)| {
            (name.clone(), String::from_utf8(value.clone()).unwrap())
        };
        *self.0.last_headers.borrow_mut() = head.headers.iter().map(text).collect();
        Ok(())
    }

    async fn send(&self, (): (), _: Option<&[u8]>) -> Answered {
        poll_fn(|_| {
            if self.0.shut.get() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        let answer = self.0.answers.borrow_mut().pop_front();
        answer.expect("an answer in the script")
    }

    fn sleep_until(&self, at: u64) -> impl Future<Output = ()> {
        poll_fn(move |_| {
            if self.0.clock.get() >= at {
                return Poll::Ready(());
            }
            Poll::Pending
        })
    }

    fn now(&self) -> u64 {
        self.0
            .clock
            .set(self.0.clock.get().saturating_add(1_000_000));
        self.0.clock.get()
    }

    fn unix_seconds(&self) -> u64 {
        1_751_373_296_u64.saturating_add(self.0.date.get())
    }

    fn random(&self) -> (u64, u64) {
        (1, 2)
    }
}

impl Script {
    fn answer(&self, status: u16, headers: &[(&str, &str)], body: &str) -> &Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        self.0.answers.borrow_mut().push_back(Ok(HttpResponse {
            status,
            headers: headers.iter().map(owned).collect(),
            body: body.as_bytes().to_vec(),
        }));
        self
    }

    fn fail(&self, sent: RequestSent, cause: FailureCause) -> &Self {
        let detail = "scripted".to_owned();
        self.0.answers.borrow_mut().push_back(Err(TransportFailure {
            sent,
            cause,
            detail,
        }));
        self
    }

    fn metadata(&self) -> &Self {
        self.answer(200, &[], ACCOUNT).answer(200, &[], CONTAINER)
    }

    fn seen(&self) -> Vec<String> {
        self.0.seen.take()
    }

    fn header(&self, name: &str) -> Option<String> {
        let headers = self.0.last_headers.borrow();
        let found = headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone())
    }

    fn open(&self, metadata: MetadataMode) -> Driver<Self> {
        let key = CredentialConfig::AccountKey(Secret::new("c2VjcmV0"));
        let mut config = Config::new(Some("https://a.example.com/".to_owned()), key);
        config.metadata = metadata;
        // What is tested here is one attempt.
        config.defaults.max_failover_retries = Some(0);
        let runtime = Rc::new(RuntimeConfig::default().checked().unwrap());
        Driver::open(config, runtime, self.clone()).unwrap()
    }
}

fn at() -> ContainerRef {
    ContainerRef {
        database: "d".to_owned(),
        container: "c".to_owned(),
    }
}

fn read(parts: usize) -> Operation {
    let key = vec![KeyComponent::Null; parts];
    Operation::ReadItem {
        item: ItemRef {
            container: at(),
            id: "1".to_owned(),
            key,
        },
        conditions: Conditions::default(),
    }
}

fn create() -> Operation {
    Operation::CreateItem {
        container: at(),
        key: vec![KeyComponent::Null],
        body: b"{}".to_vec(),
        conditions: Conditions::default(),
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn finish<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the operation waits"),
    }
}

fn run(driver: &Driver<Script>, operation: Operation) -> Result<Response> {
    finish(driver.execute(operation, OperationOptions::default()))
}

#[test]
fn lean_sends_one_request() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    world.answer(200, &[], "{}");
    let response = run(&driver, read(1)).unwrap();
    assert_eq!(world.seen(), ["GET a.example.com/dbs/d/colls/c/docs/1"]);
    assert_eq!(response.diagnostics.request_count, 1);
    assert_eq!(response.diagnostics.attempts[0].region, None);
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_sent() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Eager);
    let error = run(&driver, read(0)).unwrap_err();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::InvalidArgument, Outcome::NotApplied)
    );
    assert_eq!(error.diagnostics.unwrap().request_count, 0);
    assert!(world.seen().is_empty());

    world.metadata();
    let error = run(&driver, read(2)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert_eq!(error.diagnostics.unwrap().request_count, 2);
    assert_eq!(world.seen().len(), 2);
}

#[test]
fn a_request_that_never_left_is_repeated_once() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    world
        .fail(RequestSent::NotSent, FailureCause::Connect)
        .answer(201, &[], "");
    let response = run(&driver, create()).unwrap();
    assert_eq!(world.seen().len(), 2);
    let sent: Vec<_> = response
        .diagnostics
        .attempts
        .iter()
        .map(|a| a.request_sent)
        .collect();
    assert_eq!(sent, [RequestSent::NotSent, RequestSent::Sent]);

    world
        .fail(RequestSent::NotSent, FailureCause::Connect)
        .fail(RequestSent::NotSent, FailureCause::Connect);
    let error = run(&driver, create()).unwrap_err();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Transport, Outcome::NotApplied)
    );
    assert_eq!(world.seen().len(), 2);

    world.fail(RequestSent::Unknown, FailureCause::Broken);
    let error = run(&driver, create()).unwrap_err();
    assert_eq!(error.outcome, Outcome::Unknown);
    assert_eq!(world.seen().len(), 1);
}

#[test]
fn options_and_custom_headers_reach_the_wire_and_cannot_replace_the_drivers() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    world.answer(201, &[], "");
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = OperationOptions {
        content_response_on_write: Some(true),
        custom_headers: vec![
            header("X-Mine", "1"),
            header("x-ms-version", "1999-01-01"),
            header("Authorization", "stolen"),
            header("x-ms-date", "never"),
        ],
        activity_id: Some("7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b11".to_owned()),
        ..OperationOptions::default()
    };
    let response = finish(driver.execute(create(), options)).unwrap();
    assert_eq!(world.header("x-mine").as_deref(), Some("1"));
    assert_eq!(world.header("x-ms-version").as_deref(), Some("2020-07-15"));
    assert_ne!(world.header("authorization").as_deref(), Some("stolen"));
    assert_ne!(world.header("x-ms-date").as_deref(), Some("never"));
    assert_eq!(world.header("prefer"), None);
    assert_eq!(
        response.diagnostics.activity_id,
        "7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b11"
    );
    assert_eq!(
        world.header("x-ms-activity-id"),
        Some(response.diagnostics.activity_id)
    );
}

#[test]
fn a_closed_driver_says_so_and_lets_running_operations_end() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    world.0.shut.set(true);
    let mut running = Box::pin(driver.execute(read(1), OperationOptions::default()));
    assert!(poll(running.as_mut()).is_pending());
    driver.close();
    driver.close();
    assert_eq!(run(&driver, read(1)).unwrap_err().kind, ErrorKind::Closed);
    assert_eq!(
        driver.set_bearer_token(&Secret::new("x")).unwrap_err().kind,
        ErrorKind::Closed
    );
    world.answer(200, &[], "{}").0.shut.set(false);
    assert!(matches!(poll(running.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn debug_shows_no_key() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    let shown = format!(
        "{:?}",
        driver
            .state
            .borrow()
            .as_ref()
            .map(|s| format!("{:?}", s.transport.credential))
    );
    assert!(
        !shown.contains("c2VjcmV0") && shown.contains("REDACTED"),
        "{shown}"
    );
}

#[test]
fn every_request_has_its_own_date() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    for (later, date) in [
        (0, "12:34:56"),
        (0, "12:34:56"),
        (4, "12:35:00"),
        (3_600, "13:34:56"),
    ] {
        world.0.date.set(later);
        world.answer(200, &[], "{}");
        run(&driver, read(1)).unwrap();
        assert_eq!(
            world.header("x-ms-date"),
            Some(format!("Tue, 01 Jul 2025 {date} GMT"))
        );
    }
}

#[test]
fn unchanged_is_no_answer_to_a_write() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    world.answer(304, &[], "").answer(304, &[], "");
    assert_eq!(run(&driver, read(1)).unwrap().status, 304);
    assert_eq!(run(&driver, create()).unwrap_err().kind, ErrorKind::Service);
}

#[test]
fn a_custom_header_may_come_twice() {
    let world = Script::default();
    let driver = world.open(MetadataMode::Lean);
    world.answer(200, &[], "{}");
    let header = |value: &str| ("x-mine".to_owned(), value.to_owned());
    let custom_headers = vec![header("1"), header("2")];
    let options = OperationOptions {
        custom_headers,
        ..OperationOptions::default()
    };
    finish(driver.execute(read(1), options)).unwrap();
    let headers = world.0.last_headers.borrow();
    let values: Vec<_> = headers
        .iter()
        .filter(|(name, _)| name == "x-mine")
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(values, ["1", "2"]);
}
