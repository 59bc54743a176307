//! An instance of the WASI 0.3 face.

mod feed;
mod service;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use wasmtime::component::ResourceAny;

use self::feed::FeedCall;
use self::service::Service;
use super::wrong_face;
use crate::bindings::wit;
use crate::config::Config;
use crate::error::Error;
use crate::face::Face;
use crate::gate::Ticket;
use crate::host::{Exports, Host};
use crate::runtime_config::RuntimeConfig;
use crate::types::{FaultRule, Operation, OperationOptions, Restored};

pub use self::feed::AsyncFeed;

/// A driver in an instance of the WASI 0.3 face: any number of calls at once, sharing its caches.
///
/// A task on the tokio runtime owns the instance; clones of this value send it calls. The driver is closed when the last
/// clone goes, and the instance ends when that has happened to all drivers and runtimes in it and the calls under way are
/// done, or when the guest traps: then all calls under way fail with [`Error::Instance`]. Dropping a call does not
/// recall a request that has left.
#[derive(Clone)]
pub struct AsyncInstance(Arc<OpenDriver>);

/// A runtime in an instance of the WASI 0.3 face, for drivers to share. Clones are the same runtime. It keeps the
/// instance alive.
#[derive(Clone)]
pub struct AsyncRuntime {
    instance: Link,
    handle: ResourceAny,
}

struct OpenDriver {
    instance: Link,
    handle: ResourceAny,
}

/// The way to the task that owns an instance.
#[derive(Clone)]
struct Link {
    calls: mpsc::UnboundedSender<Call>,
    /// Why it ended, once it has.
    ended: watch::Receiver<Option<String>>,
}

enum Call {
    Execute(
        ResourceAny,
        Box<(Operation, OperationOptions, Option<Ticket>)>,
        Reply<Result<wit::Response, Error>>,
    ),
    SetBearerToken(ResourceAny, String, Reply<Result<(), Error>>),
    Fault(ResourceAny, FaultCall),
    Snapshot(ResourceAny, Reply<Vec<u8>>),
    Restore(ResourceAny, Vec<u8>, Reply<Result<Restored, Error>>),
    Feed(FeedCall),
    Close(ResourceAny, Option<Reply<()>>),
    Runtime(Box<RuntimeConfig>, Reply<Result<ResourceAny, Error>>),
    Open(ResourceAny, Box<Config>, Reply<Result<ResourceAny, Error>>),
    Fuel(Reply<Option<u64>>),
    /// Ends the instance, with all that is under way in it.
    End,
}

/// What is done with fault rules.
enum FaultCall {
    Add(Box<FaultRule>, Reply<Result<(), Error>>),
    Enable(String, bool, Reply<bool>),
    Hits(String, Reply<Option<u32>>),
    Remove(String, Reply<bool>),
}

type Reply<T> = oneshot::Sender<T>;

impl AsyncInstance {
    /// Instantiates the component and opens a driver in it, with a runtime of its own. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the other face;
    /// [`Error::Overloaded`] if the host may have no more instances; [`Error::Runtime`] outside of a tokio runtime.
    pub async fn open(host: &Host, config: &Config) -> Result<Self, Error> {
        let Exports::Async(exports) = host.exports() else {
            return Err(wrong_face(Face::Async));
        };
        let runtime = Handle::try_current().map_err(|_| {
            Error::Runtime(
                "the async driver needs a tokio runtime with I/O and time: call it inside of one, \
             or use blocking::Client",
            )
        })?;
        let mut store = host.store(config)?;
        let instance = host.instantiate(&mut store).await?;
        let guest = exports
            .load(&mut store, &instance)
            .map_err(|error| Error::load(&error))?;

        let (calls, received) = mpsc::unbounded_channel();
        let (opened, open) = oneshot::channel();
        let (ending, ended) = watch::channel(None);
        let service = Service {
            host: host.clone(),
            guest,
        };
        let configs = (config.to_wit(), config.runtime_to_wit());
        runtime.spawn(async move {
            let reason = match service.run(store, configs, opened, received).await {
                Ok(()) => "it was closed".to_owned(),
                Err(trap) => trap.root_cause().to_string(),
            };
            ending.send_replace(Some(reason));
        });
        let instance = Link { calls, ended };
        let handle = instance.receive(open).await??;
        Ok(Self::driver(instance, handle))
    }

    fn driver(instance: Link, handle: ResourceAny) -> Self {
        Self(Arc::new(OpenDriver { instance, handle }))
    }

    /// Creates a runtime for several drivers in the same instance. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Instance`].
    pub async fn runtime(&self, config: &RuntimeConfig) -> Result<AsyncRuntime, Error> {
        let instance = self.0.instance.clone();
        let config = Box::new(config.clone());
        let created = instance.call(|reply| Call::Runtime(config, reply)).await;
        let handle = created??;
        Ok(AsyncRuntime { instance, handle })
    }

    /// Runs one operation. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<wit::Response, Error> {
        self.execute_with(None, operation, options).await
    }

    /// The ticket goes when the operation has ended, whether or not its caller still waits.
    pub(crate) async fn execute_with(
        &self,
        ticket: Option<Ticket>,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<wit::Response, Error> {
        let (driver, call) = (self.0.handle, Box::new((operation, options, ticket)));
        let execute = |reply| Call::Execute(driver, call, reply);
        self.0.instance.call(execute).await?
    }

    /// Operations that begin later use this token. Errors: [`Error::Driver`] if it is malformed, or the instance
    /// was not opened with one.
    pub async fn set_bearer_token(&self, token: &str) -> Result<(), Error> {
        let (driver, token) = (self.0.handle, token.to_owned());
        let replace = |reply| Call::SetBearerToken(driver, token, reply);
        self.0.instance.call(replace).await?
    }

    /// Adds a fault rule, after those that are there, for requests that begin later. At most 64. Sends nothing. Errors:
    /// [`Error::Driver`] for an id that is taken; [`Error::Instance`].
    pub async fn add_fault(&self, rule: impl Into<FaultRule>) -> Result<(), Error> {
        let rule = Box::new(rule.into());
        self.fault(|reply| FaultCall::Add(rule, reply)).await?
    }

    /// Switches a fault rule on or off. False if there is none of this id. Errors: [`Error::Instance`].
    pub async fn set_fault_enabled(&self, id: &str, enabled: bool) -> Result<bool, Error> {
        self.fault(|reply| FaultCall::Enable(id.to_owned(), enabled, reply))
            .await
    }

    /// How often a fault rule has acted. None if there is none of this id. Errors: [`Error::Instance`].
    pub async fn fault_hits(&self, id: &str) -> Result<Option<u32>, Error> {
        self.fault(|reply| FaultCall::Hits(id.to_owned(), reply))
            .await
    }

    /// Takes a fault rule away. False if there is none of this id. Errors: [`Error::Instance`].
    pub async fn remove_fault(&self, id: &str) -> Result<bool, Error> {
        self.fault(|reply| FaultCall::Remove(id.to_owned(), reply))
            .await
    }

    async fn fault<T>(&self, call: impl FnOnce(Reply<T>) -> FaultCall) -> Result<T, Error> {
        let driver = self.0.handle;
        let call = |reply| Call::Fault(driver, call(reply));
        self.0.instance.call(call).await
    }

    /// What the driver has learned, for another to begin with. Sends nothing. Errors: [`Error::Instance`].
    pub async fn snapshot(&self) -> Result<Vec<u8>, Error> {
        let driver = self.0.handle;
        let snapshot = |reply| Call::Snapshot(driver, reply);
        self.0.instance.call(snapshot).await
    }

    /// Takes over what another has learned. Sends nothing. Errors: [`Error::Snapshot`] if nothing of it can be used;
    /// [`Error::Instance`].
    pub async fn restore(&self, snapshot: &[u8]) -> Result<Restored, Error> {
        let (driver, snapshot) = (self.0.handle, snapshot.to_owned());
        let restore = |reply| Call::Restore(driver, snapshot, reply);
        self.0.instance.call(restore).await?
    }

    /// Wipes credential and caches; later operations end in `closed`. Errors: [`Error::Instance`].
    pub async fn close(&self) -> Result<(), Error> {
        let driver = self.0.handle;
        let close = |reply| Call::Close(driver, Some(reply));
        self.0.instance.call(close).await
    }

    /// Ends the instance with all that is under way in it, and waits for that.
    pub(crate) async fn end(&self) {
        drop(self.0.instance.calls.send(Call::End));
        let mut ended = self.0.instance.ended.clone();
        drop(ended.wait_for(Option::is_some).await);
    }

    /// Whether a trap ended the instance.
    pub fn has_ended(&self) -> bool {
        self.0.instance.calls.is_closed()
    }

    /// What the instance has executed so far, in wasmtime's fuel. None unless [`Options::metered`](crate::Options::metered).
    /// Errors: [`Error::Instance`].
    pub async fn fuel_consumed(&self) -> Result<Option<u64>, Error> {
        self.0.instance.call(Call::Fuel).await
    }
}

impl AsyncRuntime {
    /// Opens a driver on this runtime. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Options`] for one that brings a runtime of its
    /// own; [`Error::Instance`].
    pub async fn open(&self, config: &Config) -> Result<AsyncInstance, Error> {
        config.without_runtime()?;
        let (runtime, config) = (self.handle, Box::new(config.clone()));
        let open = |reply| Call::Open(runtime, config, reply);
        let handle = self.instance.call(open).await??;
        Ok(AsyncInstance::driver(self.instance.clone(), handle))
    }
}

impl Drop for OpenDriver {
    /// If the instance has ended, there is nothing to close.
    fn drop(&mut self) {
        drop(self.instance.calls.send(Call::Close(self.handle, None)));
    }
}

impl Link {
    async fn call<T>(&self, call: impl FnOnce(Reply<T>) -> Call) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        // If nobody receives it, the reply goes with it, and `receive` finds out why.
        drop(self.calls.send(call(reply)));
        self.receive(answer).await
    }

    async fn receive<T>(&self, answer: oneshot::Receiver<T>) -> Result<T, Error> {
        if let Ok(answer) = answer.await {
            return Ok(answer);
        }
        let mut ended = self.ended.clone();
        let reason = match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => "its tokio runtime was shut down".to_owned(),
        };
        Err(Error::Instance { reason })
    }
}

impl std::fmt::Debug for AsyncInstance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncInstance")
            .field("has_ended", &self.has_ended())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AsyncRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncRuntime").finish_non_exhaustive()
    }
}
