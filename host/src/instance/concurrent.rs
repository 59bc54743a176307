//! An instance of the WASI 0.3 face.

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
use crate::state::State;
use crate::types::{Operation, OperationOptions};

/// One instance of the WASI 0.3 face: any number of calls at once, sharing its caches.
///
/// A task on the tokio runtime owns the instance; clones of this value send it calls. It ends when the last clone
/// goes and the calls under way are done, or when the guest traps: then all calls under way fail with
/// [`Error::Instance`]. Dropping a call does not recall a request that has left.
#[derive(Clone)]
pub struct AsyncInstance {
    calls: mpsc::UnboundedSender<Call>,
    /// Why it ended, once it has.
    ended: watch::Receiver<Option<String>>,
}

enum Call {
    Execute(
        Box<(Operation, OperationOptions)>,
        Reply<Result<wit::Response, Error>>,
    ),
    SetBearerToken(String, Reply<Result<(), Error>>),
    Close(Reply<()>),
    Fuel(Reply<Option<u64>>),
}

type Reply<T> = oneshot::Sender<T>;

impl AsyncInstance {
    /// Instantiates the component and opens a driver in it. Sends nothing.
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
        let config = config.to_wit();
        runtime.spawn(async move {
            let reason = match service.run(store, config, opened, received).await {
                Ok(()) => "it was closed".to_owned(),
                Err(trap) => trap.root_cause().to_string(),
            };
            ending.send_replace(Some(reason));
        });
        let instance = Self { calls, ended };
        instance.receive(open).await??;
        Ok(instance)
    }

    /// Runs one operation. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<wit::Response, Error> {
        let call = Box::new((operation, options));
        self.call(|reply| Call::Execute(call, reply)).await?
    }

    /// Operations that begin later use this token. Errors: [`Error::Driver`] if it is malformed, or the instance
    /// was not opened with one.
    pub async fn set_bearer_token(&self, token: &str) -> Result<(), Error> {
        self.call(|reply| Call::SetBearerToken(token.to_owned(), reply))
            .await?
    }

    /// Wipes credential and caches; later operations end in `closed`. Errors: [`Error::Instance`].
    pub async fn close(&self) -> Result<(), Error> {
        self.call(Call::Close).await
    }

    /// Whether a trap ended it.
    pub fn has_ended(&self) -> bool {
        self.calls.is_closed()
    }

    /// What it has executed so far, in wasmtime's fuel. None unless [`Options::metered`](crate::Options::metered).
    /// Errors: [`Error::Instance`].
    pub async fn fuel_consumed(&self) -> Result<Option<u64>, Error> {
        self.call(Call::Fuel).await
    }

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
        config: wit::Config,
        opened: Reply<Result<(), Error>>,
        mut calls: mpsc::UnboundedReceiver<Call>,
    ) -> wasmtime::Result<()> {
        let serve = async |store: &Accessor<State>| {
            let driver = match self.guest.driver().call_open(store, config).await? {
                Ok(driver) => driver,
                Err(error) => {
                    reply(opened, Err(error.into()));
                    return Ok(());
                }
            };
            reply(opened, Ok(()));
            let mut running = FuturesUnordered::new();
            loop {
                tokio::select! {
                    call = calls.recv() => match call {
                        Some(call) => running.push(self.answer(store, driver, call)),
                        None => break,
                    },
                    Some(done) = running.next() => done?,
                }
            }
            while let Some(done) = running.next().await {
                done?;
            }
            self.guest.driver().call_close(store, driver).await
        };
        store.run_concurrent(serve).await?
    }

    /// Fails if the guest traps.
    async fn answer(
        &self,
        store: &Accessor<State>,
        driver: ResourceAny,
        call: Call,
    ) -> wasmtime::Result<()> {
        let guest = self.guest.driver();
        match call {
            Call::Execute(call, answer) => {
                let (operation, options) = *call;
                let result = guest
                    .call_execute(store, driver, operation, options)
                    .await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::SetBearerToken(token, answer) => {
                let result = guest.call_set_bearer_token(store, driver, token).await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::Close(answer) => reply(answer, guest.call_close(store, driver).await?),
            Call::Fuel(answer) => {
                let left = store.with(|store| store.as_context().get_fuel());
                reply(answer, self.host.fuel_consumed(left));
            }
        }
        Ok(())
    }
}

/// The caller may have gone.
fn reply<T>(answer: Reply<T>, value: T) {
    drop(answer.send(value));
}
