//! An instance of the WASI 0.3 face.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use wasmtime::component::{Accessor, ResourceAny};
use wasmtime::{AsContext, Store};

use super::wrong_face;
use crate::bindings::{async_driver, wit};
use crate::config::Config;
use crate::error::Error;
use crate::face::Face;
use crate::host::{Exports, Host};
use crate::runtime_config::RuntimeConfig;
use crate::state::State;
use crate::types::{FaultRule, Operation, OperationOptions};

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
        Box<(Operation, OperationOptions)>,
        Reply<Result<wit::Response, Error>>,
    ),
    SetBearerToken(ResourceAny, String, Reply<Result<(), Error>>),
    Fault(ResourceAny, FaultCall),
    Close(ResourceAny, Option<Reply<()>>),
    Runtime(Box<RuntimeConfig>, Reply<Result<ResourceAny, Error>>),
    Open(ResourceAny, Box<Config>, Reply<Result<ResourceAny, Error>>),
    Fuel(Reply<Option<u64>>),
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
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the other face, or
    /// its instance pool is used up; [`Error::Runtime`] outside of a tokio runtime.
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
        let (driver, call) = (self.0.handle, Box::new((operation, options)));
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

    /// Wipes credential and caches; later operations end in `closed`. Errors: [`Error::Instance`].
    pub async fn close(&self) -> Result<(), Error> {
        let driver = self.0.handle;
        let close = |reply| Call::Close(driver, Some(reply));
        self.0.instance.call(close).await
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

/// The side of the instance's own task.
struct Service {
    host: Host,
    guest: async_driver::Guest,
}

impl Service {
    /// Until nobody can call any more, or the guest traps.
    async fn run(
        &self,
        mut store: Store<State>,
        (config, runtime): (wit::Config, wit::RuntimeConfig),
        opened: Reply<Result<ResourceAny, Error>>,
        mut calls: mpsc::UnboundedReceiver<Call>,
    ) -> wasmtime::Result<()> {
        let serve = async |store: &Accessor<State>| {
            let guest = self.guest.runtime();
            let driver = match guest.call_create(store, runtime).await? {
                Ok(runtime) => guest.call_open(store, runtime, config).await?,
                Err(rejection) => Err(rejection),
            };
            // Without a driver nobody will call, and the channel is closed.
            self.hand_over(store, opened, driver).await?;
            let mut running = FuturesUnordered::new();
            loop {
                tokio::select! {
                    call = calls.recv() => match call {
                        Some(call) => running.push(self.answer(store, call)),
                        None => break,
                    },
                    Some(done) = running.next() => done?,
                }
            }
            while let Some(done) = running.next().await {
                done?;
            }
            Ok(())
        };
        store.run_concurrent(serve).await?
    }

    /// Fails if the guest traps.
    async fn answer(&self, store: &Accessor<State>, call: Call) -> wasmtime::Result<()> {
        let guest = self.guest.driver();
        match call {
            Call::Execute(driver, call, answer) => {
                let (operation, options) = *call;
                let result = guest
                    .call_execute(store, driver, operation, options)
                    .await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::SetBearerToken(driver, token, answer) => {
                let result = guest.call_set_bearer_token(store, driver, token).await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::Fault(driver, call) => self.fault(store, driver, call).await?,
            Call::Close(driver, answer) => {
                guest.call_close(store, driver).await?;
                if let Some(answer) = answer {
                    reply(answer, ());
                }
            }
            Call::Runtime(config, answer) => {
                let guest = self.guest.runtime();
                let result = guest.call_create(store, config.to_wit()).await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::Open(runtime, config, answer) => {
                store.with(|mut store| store.data_mut().allow(&config));
                let guest = self.guest.runtime();
                let driver = guest.call_open(store, runtime, config.to_wit()).await?;
                self.hand_over(store, answer, driver).await?;
            }
            Call::Fuel(answer) => {
                let left = store.with(|store| store.as_context().get_fuel());
                reply(answer, self.host.fuel_consumed(left));
            }
        }
        Ok(())
    }

    /// Fails if the guest traps.
    async fn fault(
        &self,
        store: &Accessor<State>,
        driver: ResourceAny,
        call: FaultCall,
    ) -> wasmtime::Result<()> {
        let guest = self.guest.driver();
        match call {
            FaultCall::Add(rule, answer) => {
                let result = guest.call_add_fault(store, driver, *rule).await?;
                reply(answer, result.map_err(Error::from));
            }
            FaultCall::Enable(id, enabled, answer) => {
                let there = guest
                    .call_set_fault_enabled(store, driver, id, enabled)
                    .await?;
                reply(answer, there);
            }
            FaultCall::Hits(id, answer) => {
                reply(answer, guest.call_fault_hits(store, driver, id).await?);
            }
            FaultCall::Remove(id, answer) => {
                reply(answer, guest.call_remove_fault(store, driver, id).await?);
            }
        }
        Ok(())
    }

    /// A driver whose caller has gone is closed.
    async fn hand_over(
        &self,
        store: &Accessor<State>,
        answer: Reply<Result<ResourceAny, Error>>,
        driver: Result<ResourceAny, wit::Rejection>,
    ) -> wasmtime::Result<()> {
        match answer.send(driver.map_err(Error::from)) {
            Err(Ok(driver)) => self.guest.driver().call_close(store, driver).await,
            _ => Ok(()),
        }
    }
}

/// The caller may have gone.
fn reply<T>(answer: Reply<T>, value: T) {
    drop(answer.send(value));
}
