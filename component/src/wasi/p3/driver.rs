//! `cosmosdb:driver/async-driver`.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::exports::async_driver as wit;
use super::world::Wasi;
use crate::core::runtime::Runtime;
use crate::engine::{Driver, Shared as Feed};
use crate::wasi::bindings::types::{
    Config, Error, FaultRule, FeedOperation, FeedOptions, Operation, OperationOptions, Rejection,
    Response, Restored, RuntimeConfig, SnapshotRefusal,
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
pub(super) struct Handle(Driver<Wasi>);

impl wit::GuestDriver for Handle {
    async fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, Error> {
        let call = self
            .0
            .execute(translate::operation(operation), translate::options(options));
        let result = suspending(call).await;
        result.map(translate::response).map_err(translate::error)
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
pub(super) struct Pages(Feed<Wasi>);

impl wit::GuestFeed for Pages {
    async fn next_page(&self) -> Result<Response, Error> {
        let (_, page) = self.0.next_page();
        let result = suspending(page).await;
        result.map(translate::response).map_err(translate::error)
    }

    fn continuation(&self) -> Result<Option<String>, Rejection> {
        self.0.continuation().map_err(translate::rejection)
    }

    fn close(feed: wit::Feed) {
        drop(feed);
    }
}

/// Runs a call that suspends at least once. In a composition of components wasmtime 48 leaks a table slot for every
/// async call that returns without suspending, as argument errors do.
async fn suspending<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    let mut at_once = true;
    let output = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => {
            at_once = false;
            Poll::Pending
        }
    })
    .await;
    if at_once {
        wit_bindgen::yield_async().await;
    }
    output
}
