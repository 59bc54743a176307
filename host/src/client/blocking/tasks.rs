//! Operations side by side in one instance.

use super::pool::Pooled;
use super::{Client, Response};
use crate::error::Error;
use crate::gate::Held;
use crate::instance::{BlockingInstance, Task};
use crate::types::{Operation, OperationOptions};

/// Operations that run side by side in one instance: submit, then [`wait`](Self::wait) for the tasks that come back
/// and [`take`](Self::take) their results. Nothing runs between calls. Made by [`Client::tasks`].
///
/// ```no_run
/// # use cosmosdb_driver_host::{blocking::Client, types::Operation, Error};
/// # fn example(client: &Client, operations: Vec<Operation>) -> Result<(), Error> {
/// let mut tasks = client.tasks()?;
/// for operation in operations {
///     tasks.submit(operation, Default::default())?;
/// }
/// loop {
///     let finished = tasks.wait()?;
///     if finished.is_empty() {
///         break;
///     }
///     for task in finished {
///         match tasks.take(task) {
///             Ok(response) => println!("{:?}", response.map(|response| response.status)),
///             Err(error) => eprintln!("{error}"),
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Tasks {
    /// Never idle before: its tasks are nobody else's.
    pooled: Pooled,
    client: Client,
    _held: Held,
}

impl Tasks {
    pub(super) fn open(client: &Client) -> Result<Self, Error> {
        let gate = &client.0.front.gate;
        let pooled = client.0.host.block_on(async {
            let _call = gate.begin()?;
            client.checkout_new().await
        })??;
        Ok(Self {
            pooled,
            client: client.clone(),
            _held: gate.hold(),
        })
    }

    /// Accepts an operation. Nothing is sent before [`step`](Self::step) or [`wait`](Self::wait), and a wrong
    /// operation is reported by [`take`](Self::take). Errors: [`Error::Instance`].
    #[allow(clippy::needless_pass_by_value)] // As `Client::execute`.
    pub fn submit(
        &mut self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Task, Error> {
        self.call(async |instance| instance.submit(&operation, &options).await)
    }

    /// Runs whatever can run without waiting. Returns the tasks that finished since the last `step` or `wait`.
    /// Errors: [`Error::Instance`].
    pub fn step(&mut self) -> Result<Vec<Task>, Error> {
        self.call(BlockingInstance::step)
    }

    /// Like [`step`](Self::step), but waits until a task has finished. Empty only when no task is running.
    pub fn wait(&mut self) -> Result<Vec<Task>, Error> {
        self.call(BlockingInstance::wait)
    }

    /// Takes the result of a task, once; none while it runs. Errors: the operation's own; the driver's
    /// `invalid-argument` for a task whose result was taken before.
    pub fn take(&mut self, task: Task) -> Result<Option<Response>, Error> {
        let taken = self.call(async |instance| instance.take(task).await)?;
        Ok(taken.map(Response::from))
    }

    /// Abandons a task: its result becomes a `cancelled` error, unless it had finished. Errors:
    /// [`Error::Instance`].
    pub fn cancel(&mut self, task: Task) -> Result<(), Error> {
        self.call(async |instance| instance.cancel(task).await)
    }

    fn call<T>(
        &mut self,
        act: impl AsyncFnOnce(&mut BlockingInstance) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let gate = &self.client.0.front.gate;
        let instance = &mut self.pooled.instance;
        self.client.0.host.block_on(async {
            let _call = gate.begin()?;
            gate.unless_abandoned(act(instance)).await
        })?
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks")
            .field("instance", &self.pooled.instance)
            .finish_non_exhaustive()
    }
}
