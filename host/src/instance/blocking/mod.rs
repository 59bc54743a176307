//! An instance of the WASI 0.2 face.

mod feed;

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::{stranger, wrong_face};
use crate::bindings::{driver, tasks, wit};
use crate::config::Config;
use crate::error::Error;
use crate::face::Face;
use crate::host::{Exports, Host};
use crate::runtime_config::RuntimeConfig;
use crate::state::State;
use crate::types::{FaultRule, Operation, OperationOptions, Restored};

pub use self::feed::Feed;

/// One instance of the WASI 0.2 face: one call at a time, or many operations at once as tasks.
///
/// Its methods are `async` for the host, whose thread is free while the guest waits for the network; they need a
/// tokio runtime with I/O and time. A trap, or dropping a call before it ends, ends the instance:
/// [`has_ended`](Self::has_ended) tells, and all later calls fail with [`Error::Instance`].
pub struct BlockingInstance {
    host: Host,
    store: Store<State>,
    driver: driver::Guest,
    tasks: tasks::Guest,
    /// The first is its own; the others were opened later.
    drivers: Vec<ResourceAny>,
    runtimes: Vec<ResourceAny>,
    /// Set while the guest runs: still set at the next call, the guest did not come back.
    entered: bool,
}

/// Names a runtime of one [`BlockingInstance`], for drivers to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Runtime(usize);

/// Names a further driver of one [`BlockingInstance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Driver(usize);

/// The driver that [`BlockingInstance::open`] opened.
const FIRST: Driver = Driver(0);

/// Names an operation submitted to one [`BlockingInstance`], until its result is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Task(tasks::TaskId);

impl BlockingInstance {
    /// Instantiates the component and opens a driver in it, with a runtime of its own. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the other face;
    /// [`Error::Overloaded`] if the host may have no more instances.
    pub async fn open(host: &Host, config: &Config) -> Result<Self, Error> {
        let Exports::Blocking(driver, tasks) = host.exports() else {
            return Err(wrong_face(Face::Blocking));
        };
        let mut store = host.store(config)?;
        let instance = host.instantiate(&mut store).await?;
        let driver = driver
            .load(&mut store, &instance)
            .map_err(|error| Error::load(&error))?;
        let tasks = tasks
            .load(&mut store, &instance)
            .map_err(|error| Error::load(&error))?;
        let guest = driver.runtime();
        let created = guest
            .call_create(&mut store, &config.runtime_to_wit())
            .await;
        let runtime = created.map_err(|error| Error::trap(&error))??;
        let opened = guest.call_open(&mut store, runtime, &config.to_wit()).await;
        let first = opened.map_err(|error| Error::trap(&error))??;
        Ok(Self {
            host: host.clone(),
            store,
            driver,
            tasks,
            drivers: vec![first],
            runtimes: vec![runtime],
            entered: false,
        })
    }

    /// Creates a runtime for several drivers of this instance. It lives as long as the instance. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Instance`].
    pub async fn runtime(&mut self, config: &RuntimeConfig) -> Result<Runtime, Error> {
        self.enter()?;
        let guest = self.driver.runtime();
        let called = guest.call_create(&mut self.store, &config.to_wit()).await;
        let runtime = self.left(called)??;
        self.runtimes.push(runtime);
        Ok(Runtime(self.runtimes.len().saturating_sub(1)))
    }

    /// Opens another driver in this instance, on a runtime of it; call it through [`on`](Self::on). It lives as long
    /// as the instance. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Options`] for one that brings a runtime of its
    /// own, and for a runtime of another instance; [`Error::Instance`].
    pub async fn open_driver(
        &mut self,
        runtime: Runtime,
        config: &Config,
    ) -> Result<Driver, Error> {
        config.without_runtime()?;
        let runtime = *self.runtimes.get(runtime.0).ok_or_else(stranger)?;
        self.enter()?;
        self.store.data_mut().allow(config);
        let guest = self.driver.runtime();
        let called = guest
            .call_open(&mut self.store, runtime, &config.to_wit())
            .await;
        let driver = self.left(called)??;
        self.drivers.push(driver);
        Ok(Driver(self.drivers.len().saturating_sub(1)))
    }

    /// The calls of a driver that was opened later. Errors: [`Error::Options`] for a driver of another instance.
    pub fn on(&mut self, driver: Driver) -> Result<OnDriver<'_>, Error> {
        let handle = *self.drivers.get(driver.0).ok_or_else(stranger)?;
        Ok(OnDriver {
            instance: self,
            handle,
        })
    }

    /// Runs one operation. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn execute(
        &mut self,
        operation: &Operation,
        options: &OperationOptions,
    ) -> Result<wit::Response, Error> {
        self.on(FIRST)?.execute(operation, options).await
    }

    /// Accepts an operation. Nothing is sent before [`step`](Self::step) or [`wait`](Self::wait), and a wrong
    /// operation is reported by [`take`](Self::take). Errors: [`Error::Instance`].
    pub async fn submit(
        &mut self,
        operation: &Operation,
        options: &OperationOptions,
    ) -> Result<Task, Error> {
        self.on(FIRST)?.submit(operation, options).await
    }

    /// Runs whatever can run without waiting. Returns the tasks that finished since the last `step` or `wait`.
    /// Errors: [`Error::Instance`].
    pub async fn step(&mut self) -> Result<Vec<Task>, Error> {
        self.enter()?;
        let called = self.tasks.call_step(&mut self.store).await;
        Ok(self.left(called)?.into_iter().map(Task).collect())
    }

    /// Like [`step`](Self::step), but waits until a task has finished. Empty only when no task is running.
    pub async fn wait(&mut self) -> Result<Vec<Task>, Error> {
        self.enter()?;
        let called = self.tasks.call_wait(&mut self.store).await;
        Ok(self.left(called)?.into_iter().map(Task).collect())
    }

    /// Takes the result of a task, once; none while it runs. Errors: the operation's own; `invalid-argument` for
    /// a task whose result was taken before.
    pub async fn take(&mut self, task: Task) -> Result<Option<wit::Response>, Error> {
        self.enter()?;
        let called = self.tasks.call_take(&mut self.store, task.0).await;
        self.left(called)?.transpose().map_err(Error::from)
    }

    /// Abandons a task: its result becomes a `cancelled` error, unless it had finished. Errors:
    /// [`Error::Instance`].
    pub async fn cancel(&mut self, task: Task) -> Result<(), Error> {
        self.enter()?;
        let called = self.tasks.call_cancel(&mut self.store, task.0).await;
        self.left(called)
    }

    /// Operations that begin later use this token. Errors: [`Error::Driver`] if it is malformed, or the instance
    /// was not opened with one.
    pub async fn set_bearer_token(&mut self, token: &str) -> Result<(), Error> {
        self.on(FIRST)?.set_bearer_token(token).await
    }

    /// Adds a fault rule, after those that are there, for requests that begin later. At most 64. Sends nothing. Errors:
    /// [`Error::Driver`] for an id that is taken; [`Error::Instance`].
    pub async fn add_fault(&mut self, rule: impl Into<FaultRule>) -> Result<(), Error> {
        self.on(FIRST)?.add_fault(rule).await
    }

    /// Switches a fault rule on or off. False if there is none of this id. Errors: [`Error::Instance`].
    pub async fn set_fault_enabled(&mut self, id: &str, enabled: bool) -> Result<bool, Error> {
        self.on(FIRST)?.set_fault_enabled(id, enabled).await
    }

    /// How often a fault rule has acted. None if there is none of this id. Errors: [`Error::Instance`].
    pub async fn fault_hits(&mut self, id: &str) -> Result<Option<u32>, Error> {
        self.on(FIRST)?.fault_hits(id).await
    }

    /// Takes a fault rule away. False if there is none of this id. Errors: [`Error::Instance`].
    pub async fn remove_fault(&mut self, id: &str) -> Result<bool, Error> {
        self.on(FIRST)?.remove_fault(id).await
    }

    /// What the driver has learned, for another to begin with. Sends nothing. Errors: [`Error::Instance`].
    pub async fn snapshot(&mut self) -> Result<Vec<u8>, Error> {
        self.on(FIRST)?.snapshot().await
    }

    /// Takes over what another has learned. Sends nothing. Errors: [`Error::Snapshot`] if nothing of it can be used;
    /// [`Error::Instance`].
    pub async fn restore(&mut self, snapshot: &[u8]) -> Result<Restored, Error> {
        self.on(FIRST)?.restore(snapshot).await
    }

    /// Wipes credential and caches; later operations end in `closed`. Errors: [`Error::Instance`].
    pub async fn close(&mut self) -> Result<(), Error> {
        self.on(FIRST)?.close().await
    }

    /// Whether a trap or a dropped call ended it.
    pub fn has_ended(&self) -> bool {
        self.entered
    }

    /// What it has executed so far, in wasmtime's fuel. None unless [`Options::metered`](crate::Options::metered).
    pub fn fuel_consumed(&self) -> Option<u64> {
        self.host.fuel_consumed(self.store.get_fuel())
    }

    fn enter(&mut self) -> Result<(), Error> {
        if self.entered {
            return Err(Error::Instance {
                reason: "an earlier call trapped, or was dropped before its end".to_owned(),
            });
        }
        self.entered = true;
        Ok(())
    }

    fn left<T>(&mut self, called: wasmtime::Result<T>) -> Result<T, Error> {
        self.entered = called.is_err();
        called.map_err(|error| Error::trap(&error))
    }
}

impl std::fmt::Debug for BlockingInstance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockingInstance")
            .field("has_ended", &self.entered)
            .finish_non_exhaustive()
    }
}

/// The calls of one driver, where an instance has several. Made by [`BlockingInstance::on`]; the instance's own methods
/// of the same names say more.
#[derive(Debug)]
pub struct OnDriver<'a> {
    instance: &'a mut BlockingInstance,
    handle: ResourceAny,
}

impl OnDriver<'_> {
    /// Runs one operation. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn execute(
        &mut self,
        operation: &Operation,
        options: &OperationOptions,
    ) -> Result<wit::Response, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest
            .call_execute(&mut instance.store, handle, operation, options)
            .await;
        instance.left(called)?.map_err(Error::from)
    }

    /// Accepts an operation, which runs with the instance's other tasks. Errors: [`Error::Instance`].
    pub async fn submit(
        &mut self,
        operation: &Operation,
        options: &OperationOptions,
    ) -> Result<Task, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let called = instance
            .tasks
            .call_submit(&mut instance.store, handle, operation, options)
            .await;
        instance.left(called).map(Task)
    }

    /// Operations that begin later use this token. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn set_bearer_token(&mut self, token: &str) -> Result<(), Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest
            .call_set_bearer_token(&mut instance.store, handle, token)
            .await;
        instance.left(called)?.map_err(Error::from)
    }

    /// Adds a fault rule. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn add_fault(&mut self, rule: impl Into<FaultRule>) -> Result<(), Error> {
        let (handle, rule) = (self.handle, rule.into());
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest
            .call_add_fault(&mut instance.store, handle, &rule)
            .await;
        instance.left(called)?.map_err(Error::from)
    }

    /// Switches a fault rule on or off. Errors: [`Error::Instance`].
    pub async fn set_fault_enabled(&mut self, id: &str, enabled: bool) -> Result<bool, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest
            .call_set_fault_enabled(&mut instance.store, handle, id, enabled)
            .await;
        instance.left(called)
    }

    /// How often a fault rule has acted. Errors: [`Error::Instance`].
    pub async fn fault_hits(&mut self, id: &str) -> Result<Option<u32>, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest.call_fault_hits(&mut instance.store, handle, id).await;
        instance.left(called)
    }

    /// Takes a fault rule away. Errors: [`Error::Instance`].
    pub async fn remove_fault(&mut self, id: &str) -> Result<bool, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest
            .call_remove_fault(&mut instance.store, handle, id)
            .await;
        instance.left(called)
    }

    /// What this driver has learned. Errors: [`Error::Instance`].
    pub async fn snapshot(&mut self) -> Result<Vec<u8>, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest.call_snapshot(&mut instance.store, handle).await;
        instance.left(called)
    }

    /// Takes over what another has learned. Errors: [`Error::Snapshot`], [`Error::Instance`].
    pub async fn restore(&mut self, snapshot: &[u8]) -> Result<Restored, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest
            .call_restore(&mut instance.store, handle, snapshot)
            .await;
        instance.left(called)?.map_err(Error::Snapshot)
    }

    /// Wipes credential and caches; later operations end in `closed`. Errors: [`Error::Instance`].
    pub async fn close(&mut self) -> Result<(), Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest.call_close(&mut instance.store, handle).await;
        instance.left(called)
    }

    fn enter(&mut self) -> Result<&mut BlockingInstance, Error> {
        self.instance.enter()?;
        Ok(self.instance)
    }
}
