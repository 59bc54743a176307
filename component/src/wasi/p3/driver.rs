//! `cosmosdb:driver/async-driver`.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::exports::async_driver as wit;
use super::world::Wasi;
use crate::core::runtime::Runtime;
use crate::engine::Driver;
use crate::wasi::bindings::types::{
    Config, Error, FaultRule, Operation, OperationOptions, Response, RuntimeConfig,
};
use crate::wasi::translate;

/// The resource `runtime`.
pub(super) struct Shared(Rc<Runtime>);

#[allow(clippy::result_large_err)] // it goes out as it is
impl Shared {
    fn new(config: RuntimeConfig) -> Result<Self, Error> {
        let runtime = translate::runtime(config).checked();
        Ok(Self(Rc::new(runtime.map_err(translate::error)?)))
    }
}

impl wit::GuestRuntime for Shared {
    fn create(config: RuntimeConfig) -> Result<wit::Runtime, Error> {
        Ok(wit::Runtime::new(Self::new(config)?))
    }

    fn open(&self, config: Config) -> Result<wit::Driver, Error> {
        let driver = Driver::open(translate::config(config), Rc::clone(&self.0), Wasi);
        Ok(wit::Driver::new(Handle(driver.map_err(translate::error)?)))
    }
}

/// The resource `driver`.
pub(super) struct Handle(Driver<Wasi>);

impl wit::GuestDriver for Handle {
    fn open(config: Config, runtime: RuntimeConfig) -> Result<wit::Driver, Error> {
        wit::GuestRuntime::open(&Shared::new(runtime)?, config)
    }

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

    fn set_bearer_token(&self, token: String) -> Result<(), Error> {
        self.0
            .set_bearer_token(&translate::secret(token))
            .map_err(translate::error)
    }

    fn add_fault(&self, rule: FaultRule) -> Result<(), Error> {
        let added = self
            .0
            .faults(|faults, now| faults.add(translate::fault(rule, now)));
        added.and_then(|added| added).map_err(translate::error)
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

    fn close(&self) {
        self.0.close();
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
