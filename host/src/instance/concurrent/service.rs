//! The task that owns an instance.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use wasmtime::component::{Accessor, ResourceAny};
use wasmtime::{AsContext, Store};

use super::{Call, FaultCall, Reply};
use crate::bindings::{async_driver, wit};
use crate::error::Error;
use crate::gate::SHUT_DOWN;
use crate::host::Host;
use crate::state::State;

/// The side of the instance's own task.
pub(super) struct Service {
    pub(super) host: Host,
    pub(super) guest: async_driver::Guest,
}

impl Service {
    /// Until nobody can call any more, or the guest traps.
    pub(super) async fn run(
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
                let (operation, options, _ticket) = *call;
                let result = guest
                    .call_execute(store, driver, operation, options)
                    .await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::Snapshot(driver, answer) => {
                reply(answer, guest.call_snapshot(store, driver).await?);
            }
            Call::Restore(driver, snapshot, answer) => {
                let result = guest.call_restore(store, driver, snapshot).await?;
                reply(answer, result.map_err(Error::Snapshot));
            }
            Call::SetBearerToken(driver, token, answer) => {
                let result = guest.call_set_bearer_token(store, driver, token).await?;
                reply(answer, result.map_err(Error::from));
            }
            Call::Fault(driver, call) => self.fault(store, driver, call).await?,
            Call::Feed(call) => self.feed(store, call).await?,
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
            Call::End => return Err(wasmtime::Error::msg(SHUT_DOWN)),
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
pub(super) fn reply<T>(answer: Reply<T>, value: T) {
    drop(answer.send(value));
}
