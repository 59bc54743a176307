//! An instance of the WASI 0.2 face.

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::wrong_face;
use crate::bindings::{driver, tasks, wit};
use crate::config::Config;
use crate::error::Error;
use crate::face::Face;
use crate::host::{Exports, Host};
use crate::state::State;
use crate::types::{Operation, OperationOptions};

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
    handle: ResourceAny,
    /// Set while the guest runs: still set at the next call, the guest did not come back.
    entered: bool,
}

/// Names an operation submitted to one [`BlockingInstance`], until its result is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Task(tasks::TaskId);

impl BlockingInstance {
    /// Instantiates the component and opens a driver in it. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the other face, or
    /// its instance pool is used up.
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
        let opened = driver
            .driver()
            .call_open(&mut store, &config.to_wit())
            .await;
        let handle = opened.map_err(|error| Error::trap(&error))??;
        Ok(Self {
            host: host.clone(),
            store,
            driver,
            tasks,
            handle,
            entered: false,
        })
    }

    /// Runs one operation. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn execute(
        &mut self,
        operation: &Operation,
        options: &OperationOptions,
    ) -> Result<wit::Response, Error> {
        self.enter()?;
        let guest = self.driver.driver();
        let called = guest
            .call_execute(&mut self.store, self.handle, operation, options)
            .await;
        self.left(called)?.map_err(Error::from)
    }

    /// Accepts an operation. Nothing is sent before [`step`](Self::step) or [`wait`](Self::wait), and a wrong
    /// operation is reported by [`take`](Self::take). Errors: [`Error::Instance`].
    pub async fn submit(
        &mut self,
        operation: &Operation,
        options: &OperationOptions,
    ) -> Result<Task, Error> {
        self.enter()?;
        let called = self
            .tasks
            .call_submit(&mut self.store, self.handle, operation, options)
            .await;
        self.left(called).map(Task)
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
        self.enter()?;
        let guest = self.driver.driver();
        let called = guest
            .call_set_bearer_token(&mut self.store, self.handle, token)
            .await;
        self.left(called)?.map_err(Error::from)
    }

    /// Wipes credential and caches; later operations end in `closed`. Errors: [`Error::Instance`].
    pub async fn close(&mut self) -> Result<(), Error> {
        self.enter()?;
        let called = self
            .driver
            .driver()
            .call_close(&mut self.store, self.handle)
            .await;
        self.left(called)
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
