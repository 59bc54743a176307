//! `cosmosdb:driver/driver`: each call runs to its end.

use std::rc::Rc;

use super::exports::driver as wit;
use super::world::Wasi;
use super::{reactor, tasks};
use crate::core::runtime::Runtime;
use crate::core::{self, Error, ErrorKind};
use crate::engine::{Driver, Shared as Feed};
use crate::wasi::bindings::types::{
    Config, Error as WitError, FaultRule, FeedOperation, FeedOptions, Operation, OperationOptions,
    Rejection, Response, Restored, RuntimeConfig, SnapshotRefusal,
};
use crate::wasi::translate;

/// The resource `runtime`.
pub(super) struct Shared(Rc<Runtime>);

impl wit::GuestRuntime for Shared {
    fn create(config: RuntimeConfig) -> Result<wit::Runtime, Rejection> {
        let runtime = translate::runtime(config).checked();
        let runtime = runtime.map_err(translate::rejection)?;
        Ok(wit::Runtime::new(Self(Rc::new(runtime))))
    }

    fn open(&self, config: Config) -> Result<wit::Driver, Rejection> {
        let driver = Driver::open(translate::config(config), Rc::clone(&self.0), Wasi);
        let driver = driver.map_err(translate::rejection)?;
        Ok(wit::Driver::new(Handle(driver)))
    }
}

/// The resource `driver`.
pub(super) struct Handle(pub(super) Driver<Wasi>);

impl wit::GuestDriver for Handle {
    fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, WitError> {
        let call = self
            .0
            .execute(translate::operation(operation), translate::options(options));
        finish(call)
    }

    fn open_feed(
        &self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<wit::Feed, Rejection> {
        let operation = translate::feed_operation(operation).map_err(translate::rejection)?;
        let (feed, options) = (translate::feed_options(feed), translate::options(options));
        let feed = self.0.feed(operation, feed, options);
        let feed = feed.map_err(translate::rejection)?;
        Ok(wit::Feed::new(Pages(feed.into())))
    }

    fn set_bearer_token(&self, token: String) -> Result<(), Rejection> {
        self.0
            .set_bearer_token(&translate::secret(token))
            .map_err(translate::rejection)
    }

    fn add_fault(&self, rule: FaultRule) -> Result<(), Rejection> {
        let added = self
            .0
            .faults(|faults, now| faults.add(translate::fault(rule, now)));
        added.and_then(|added| added).map_err(translate::rejection)
    }

    fn set_fault_enabled(&self, id: String, enabled: bool) -> bool {
        let changed = self.0.faults(|faults, _| faults.set_enabled(&id, enabled));
        changed.unwrap_or(false)
    }

    fn fault_hits(&self, id: String) -> Option<u32> {
        self.0.faults(|faults, _| faults.hits(&id)).ok()?
    }

    fn remove_fault(&self, id: String) -> bool {
        self.0
            .faults(|faults, _| faults.remove(&id))
            .unwrap_or(false)
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.snapshot()
    }

    fn restore(&self, snapshot: Vec<u8>) -> Result<Restored, SnapshotRefusal> {
        translate::restored(self.0.restore(&snapshot))
    }

    fn close(&self) {
        self.0.close();
    }
}

/// The resource `feed`.
pub(super) struct Pages(pub(super) Feed<Wasi>);

impl wit::GuestFeed for Pages {
    fn next_page(&self) -> Result<Response, WitError> {
        let (_, page) = self.0.next_page();
        finish(page)
    }

    fn continuation(&self) -> Result<Option<String>, Rejection> {
        self.0.continuation().map_err(translate::rejection)
    }
}

/// Runs a call to its end.
#[inline(always)] // what it returns is large
#[allow(clippy::result_large_err, reason = "the contract's own type")]
fn finish(call: impl Future<Output = core::Result<core::Response>>) -> Result<Response, WitError> {
    // A stall cannot happen as long as every pending operation waits for the host; it must not trap if it does.
    let stalled = || {
        Err(Error::new(
            ErrorKind::Transport,
            "the operation waits for nothing: report this as a bug",
        ))
    };
    let result = reactor::run(call, tasks::run_beside).unwrap_or_else(stalled);
    result.map(translate::response).map_err(translate::error)
}
