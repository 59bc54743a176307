//! A scripted outside world with virtual time: whoever waits for the clock moves it on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::{Driver, World};
use crate::core::clock::{MILLI, Nanos, SECOND};
use crate::core::credential::CredentialConfig;
use crate::core::exchange::{Head, HttpResponse, TransportFailure};
use crate::core::operation::{Conditions, ContainerRef, ItemRef};
use crate::core::runtime::{Runtime, RuntimeConfig};
use crate::core::{Config, Operation, OperationOptions, Response, Result};
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};
use crate::wire::secret::Secret;

mod range_feed;
mod reply;
mod two_ranges;
mod warm;

pub(in crate::engine) use range_feed::RangeFeed;
pub(in crate::engine) use reply::Reply;
pub(in crate::engine) use two_ranges::{TWO_RANGES, create_of, metadata_with, read_of};
pub(in crate::engine) use warm::{warm, warm_with};

/// A request as a region saw it.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Seen {
    pub(in crate::engine) at: Nanos,
    /// `east` of `a-east.example.com`; `global` of `a.example.com`.
    pub(in crate::engine) region: String,
    pub(in crate::engine) method: String,
    pub(in crate::engine) path: String,
    pub(in crate::engine) headers: BTreeMap<String, String>,
    pub(in crate::engine) connect_timeout: Nanos,
    pub(in crate::engine) first_byte_timeout: Nanos,
}

impl Seen {
    /// `account`, `container`, `ranges` or `item`.
    pub(in crate::engine) fn what(&self) -> &'static str {
        match self.path.split('/').count() {
            2 => "account",
            5 => "container",
            _ if self.path.ends_with("/pkranges") => "ranges",
            _ => "item",
        }
    }

    pub(in crate::engine) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

type Script = Box<dyn Fn(&Seen) -> Reply>;

/// Clones are the same world.
#[derive(Clone)]
pub(in crate::engine) struct Sim(Rc<Inner>);

struct Inner {
    script: RefCell<Script>,
    seen: RefCell<Vec<Seen>>,
    bodies: RefCell<Vec<String>>,
    clock: Cell<Nanos>,
    /// What the calendar showed when the clock began, in seconds since 1970.
    began: Cell<u64>,
    sleepers: RefCell<Vec<Nanos>>,
}

impl Sim {
    pub(in crate::engine) fn new(script: impl Fn(&Seen) -> Reply + 'static) -> Self {
        Self(Rc::new(Inner {
            script: RefCell::new(Box::new(script)),
            seen: RefCell::default(),
            bodies: RefCell::default(),
            clock: Cell::new(1_000 * MILLI),
            began: Cell::new(1_751_373_295),
            sleepers: RefCell::default(),
        }))
    }

    /// Another script from now on.
    pub(in crate::engine) fn script(&self, script: impl Fn(&Seen) -> Reply + 'static) {
        *self.0.script.borrow_mut() = Box::new(script);
    }

    /// What was seen since the last look.
    pub(in crate::engine) fn seen(&self) -> Vec<Seen> {
        self.0.seen.take()
    }

    /// The request bodies since the last look.
    pub(in crate::engine) fn bodies(&self) -> Vec<String> {
        self.0.bodies.take()
    }

    /// The regions that were asked for items since the last look.
    pub(in crate::engine) fn items(&self) -> Vec<String> {
        let seen = self.seen();
        let items = seen.into_iter().filter(|seen| seen.what() == "item");
        items.map(|seen| seen.region).collect()
    }

    /// Lets time pass.
    pub(in crate::engine) fn pass(&self, time: Nanos) {
        self.0.clock.set(self.0.clock.get() + time);
    }

    /// Another machine, whose clock has only begun, so many seconds later.
    pub(in crate::engine) fn elsewhere(
        &self,
        later: i64,
        script: impl Fn(&Seen) -> Reply + 'static,
    ) -> Self {
        let other = Self::new(script);
        let shown = self.unix_seconds().checked_add_signed(later - 1);
        other.0.began.set(shown.unwrap());
        other
    }

    pub(in crate::engine) fn open(&self, change: impl FnOnce(&mut Config)) -> Driver<Self> {
        self.open_with(RuntimeConfig::default(), change)
    }

    pub(in crate::engine) fn open_with(
        &self,
        runtime: RuntimeConfig,
        change: impl FnOnce(&mut Config),
    ) -> Driver<Self> {
        self.open_on(&Rc::new(runtime.checked().unwrap()), change)
    }

    /// Runs a future to its end; time moves to the next sleeper whenever it waits.
    pub(in crate::engine) fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            self.0.sleepers.borrow_mut().clear();
            if let Poll::Ready(output) = poll(future.as_mut()) {
                return output;
            }
            let next = self.0.sleepers.borrow().iter().min().copied();
            let next = next.expect("somebody waits for the clock");
            self.0.clock.set(self.0.clock.get().max(next));
        }
    }

    /// Polls once, and lets time go on to the next sleeper if the future waits.
    pub(in crate::engine) fn step<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        self.0.sleepers.borrow_mut().clear();
        let polled = poll(future);
        if polled.is_pending() {
            let next = self.0.sleepers.borrow().iter().min().copied();
            self.pass(next.map_or(0, |next| next.saturating_sub(self.now())));
        }
        polled
    }

    /// What was seen since the last look, as in `west 6000`: the region and the milliseconds after `start`; what is no
    /// item is named first, as in `account global 0`.
    pub(in crate::engine) fn trace(&self, start: Nanos) -> Vec<String> {
        let line = |seen: &Seen| {
            let after = (seen.at - start) / MILLI;
            match seen.what() {
                "item" => format!("{} {after}", seen.region),
                what => format!("{what} {} {after}", seen.region),
            }
        };
        self.seen().iter().map(line).collect()
    }

    pub(in crate::engine) fn execute(
        &self,
        driver: &Driver<Self>,
        operation: Operation,
    ) -> Result<Response> {
        self.run(driver.execute(operation, OperationOptions::default()))
    }
}

pub(in crate::engine) fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

impl World for Sim {
    type Outgoing = Reply;

    fn begin(&self, head: &Head<'_>) -> std::result::Result<Reply, TransportFailure> {
        let host = head.endpoint.authority().split('.').next().unwrap();
        let text = |(name, value): &(String, Vec<u8>)| {
            (name.clone(), String::from_utf8(value.clone()).unwrap())
        };
        let seen = Seen {
            at: self.now(),
            region: host.strip_prefix("a-").unwrap_or("global").to_owned(),
            method: head.method.to_string(),
            path: head.path.to_owned(),
            headers: head.headers.iter().map(text).collect(),
            connect_timeout: head.connect_timeout,
            first_byte_timeout: head.first_byte_timeout,
        };
        let reply = (self.0.script.borrow())(&seen);
        self.0.seen.borrow_mut().push(seen);
        Ok(reply)
    }

    async fn send(
        &self,
        reply: Reply,
        body: Option<&[u8]>,
    ) -> std::result::Result<HttpResponse, TransportFailure> {
        if let Some(body) = body {
            let text = String::from_utf8_lossy(body).into_owned();
            self.0.bodies.borrow_mut().push(text);
        }
        self.sleep_until(self.now().saturating_add(reply.after))
            .await;
        let (status, headers, body) = reply.said_to(body)?;
        let bytes = |(name, value): (String, String)| (name, value.into_bytes());
        Ok(HttpResponse {
            status,
            headers: headers.into_iter().map(bytes).collect(),
            body: body.into_bytes(),
        })
    }

    fn now(&self) -> Nanos {
        self.0.clock.get()
    }

    fn sleep_until(&self, at: Nanos) -> impl Future<Output = ()> {
        poll_fn(move |_| {
            if self.now() >= at {
                return Poll::Ready(());
            }
            self.0.sleepers.borrow_mut().push(at);
            Poll::Pending
        })
    }

    fn unix_seconds(&self) -> u64 {
        self.0.began.get() + self.now() / SECOND
    }

    fn random(&self) -> (u64, u64) {
        (1, 2)
    }
}

/// An account document: single-write in the first region, or multi-write in all.
pub(in crate::engine) fn account(regions: &[&str], multi_write: bool, more: &str) -> String {
    let location = |region: &&str| {
        format!(
            r#"{{"name":"{region}","databaseAccountEndpoint":"https://a-{region}.example.com:443/"}}"#
        )
    };
    let all = regions.iter().map(location).collect::<Vec<_>>();
    let writable = if multi_write { &all[..] } else { &all[..1] };
    format!(
        r#"{{"writableLocations":[{}],"readableLocations":[{}],"enableMultipleWriteLocations":{multi_write}{more}}}"#,
        writable.join(","),
        all.join(",")
    )
}

pub(in crate::engine) const CONTAINER: &str =
    r#"{"_rid":"r1","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}"#;

/// One partition key range for everything.
pub(in crate::engine) const RANGES: &str = r#"{"PartitionKeyRanges":[{"id":"0","minInclusive":"","maxExclusive":"FF","parents":[],"status":"online"}]}"#;

/// Metadata as it should be; none for item requests.
pub(in crate::engine) fn metadata(seen: &Seen, account: &str) -> Option<Reply> {
    metadata_with(seen, account, RANGES)
}

pub(in crate::engine) fn at() -> ContainerRef {
    ContainerRef {
        database: "d".to_owned(),
        container: "c".to_owned(),
    }
}

pub(in crate::engine) fn item() -> ItemRef {
    ItemRef {
        container: at(),
        id: "1".to_owned(),
        key: vec![KeyComponent::Null],
    }
}

pub(in crate::engine) fn read() -> Operation {
    Operation::ReadItem {
        item: item(),
        conditions: Conditions::default(),
    }
}

pub(in crate::engine) fn create() -> Operation {
    Operation::CreateItem {
        container: at(),
        key: vec![KeyComponent::Null],
        body: b"{}".to_vec(),
        conditions: Conditions::default(),
    }
}

/// A write that must not be carried out twice.
pub(in crate::engine) fn increment() -> Operation {
    Operation::PatchItem {
        item: item(),
        operations: vec![PatchOperation::Increment(PatchValue {
            path: "/n".to_owned(),
            value: b"1".to_vec(),
        })],
        condition: None,
        conditions: Conditions::default(),
        read_modify_write: false,
    }
}

impl Sim {
    /// Another driver of a runtime that is there.
    pub(in crate::engine) fn open_on(
        &self,
        runtime: &Rc<Runtime>,
        change: impl FnOnce(&mut Config),
    ) -> Driver<Self> {
        let key = CredentialConfig::AccountKey(Secret::new("c2VjcmV0"));
        let mut config = Config::new(Some("https://a.example.com/".to_owned()), key);
        change(&mut config);
        Driver::open(config, Rc::clone(runtime), self.clone()).unwrap()
    }

    /// What the regions that were asked for items saw, since the last look.
    pub(in crate::engine) fn item_requests(&self) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.what() == "item");
        seen
    }

    /// The regions that were asked for items since the last look, in a row.
    pub(in crate::engine) fn trail(&self) -> String {
        self.items().join(" ")
    }
}
