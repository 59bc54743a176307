//! `cosmosdb:driver/driver`: each call runs to its end.

use std::rc::Rc;

use super::exports::driver as wit;
use super::world::Wasi;
use super::{reactor, tasks};
use crate::core::runtime::Runtime;
use crate::core::{Error, ErrorKind};
use crate::engine::Driver;
use crate::wasi::bindings::types::{
    Config, Error as WitError, FaultRule, Operation, OperationOptions, Response, RuntimeConfig,
};
use crate::wasi::translate;

/// The resource `runtime`.
pub(super) struct Shared(Rc<Runtime>);

#[allow(clippy::result_large_err)] // it goes out as it is
impl Shared {
    fn new(config: RuntimeConfig) -> Result<Self, WitError> {
        let runtime = translate::runtime(config).checked();
        Ok(Self(Rc::new(runtime.map_err(translate::error)?)))
    }
}

impl wit::GuestRuntime for Shared {
    fn create(config: RuntimeConfig) -> Result<wit::Runtime, WitError> {
        Ok(wit::Runtime::new(Self::new(config)?))
    }

    fn open(&self, config: Config) -> Result<wit::Driver, WitError> {
        let driver = Driver::open(translate::config(config), Rc::clone(&self.0), Wasi);
        Ok(wit::Driver::new(Handle(driver.map_err(translate::error)?)))
    }
}

/// The resource `driver`.
pub(super) struct Handle(pub(super) Driver<Wasi>);

impl wit::GuestDriver for Handle {
    fn open(config: Config, runtime: RuntimeConfig) -> Result<wit::Driver, WitError> {
        wit::GuestRuntime::open(&Shared::new(runtime)?, config)
    }

    fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, WitError> {
        let call = self
            .0
            .execute(translate::operation(operation), translate::options(options));
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

    fn set_bearer_token(&self, token: String) -> Result<(), WitError> {
        self.0
            .set_bearer_token(&translate::secret(token))
            .map_err(translate::error)
    }

    fn add_fault(&self, rule: FaultRule) -> Result<(), WitError> {
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
