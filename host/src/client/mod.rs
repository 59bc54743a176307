//! The typed clients.

mod api;
pub mod blocking;
mod control;
mod feed;
mod front;
mod items;
mod operations;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, MutexGuard};

use self::api::typed_api;
use self::control::control_api;
pub use self::feed::Feed;
use self::front::Front;
pub use self::items::Items;
use self::operations::Target;
use crate::batch::Batch;
use crate::bulk::Bulk;
use crate::config::Config;
use crate::error::Error;
use crate::fault::Rules;
use crate::gate::Abandoned;
use crate::host::Host;
use crate::instance::AsyncInstance;
use crate::item_options::ItemOptions;
use crate::key::PartitionKey;
use crate::patch::Patch;
use crate::query::Query;
use crate::read_feed::{ChangeFeed, ReadFeed, ReadMany};
use crate::response::Response;
use crate::types::{
    FaultRule, FeedOperation, FeedOptions, Operation, OperationOptions, ReadResources,
    ResourceCollection, Restored, Throughput,
};

/// An async client of one account, on the component's WASI 0.3 face.
///
/// One component instance runs all its calls, hundreds at a time, and keeps what it has learned of the account. If
/// that instance traps, the calls under way fail with [`Error::Instance`], and the next call opens a new one.
/// Clones share the instance. Needs a tokio runtime: the instance lives on the one on which it was opened, and the
/// host's pooled connections on the one on which they were, so use one [`Host`] per runtime. Dropping a call does
/// not recall a request that has left.
///
/// ```no_run
/// # use cosmosdb_driver_host::{Client, Config, Credential, Error, Host, Options};
/// # async fn example() -> Result<(), Error> {
/// let host = Host::from_file("cosmosdb-driver-async.wasm", Options::default())?;
/// let key = std::env::var("ACCOUNT_KEY").unwrap_or_default();
/// let config = Config::new("https://my-account.documents.azure.com/", Credential::account_key(key));
/// let client = Client::open(&host, config).await?;
///
/// let items = client.container("shop", "orders");
/// items.create_item("contoso", &serde_json::json!({ "id": "1", "tenantId": "contoso" })).await?;
/// let order = items.read_item::<serde_json::Value>("1", "contoso").await?;
/// assert_eq!(order.into_value()?["id"], "1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    host: Host,
    front: Arc<Front>,
    current: Mutex<Current>,
}

struct Current {
    /// For the next instance.
    config: Config,
    /// For the next instance too.
    faults: Rules,
    /// And this, if there is one.
    snapshot: Option<Vec<u8>>,
    /// None until it is needed again.
    instance: Option<AsyncInstance>,
}

impl Client {
    /// Opens a client. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the component's other
    /// face; [`Error::Runtime`] outside of a tokio runtime.
    pub async fn open(host: &Host, config: Config) -> Result<Self, Error> {
        let instance = AsyncInstance::open(host, &config).await?;
        let front = Arc::new(Front::new(host, &config));
        let current = Mutex::new(Current {
            config,
            faults: Rules::default(),
            snapshot: None,
            instance: Some(instance),
        });
        Ok(Self(Arc::new(Inner {
            host: host.clone(),
            front,
            current,
        })))
    }

    /// Runs any operation of the contract. The other methods are made from this one.
    ///
    /// Errors, besides the driver's: [`Error::Overloaded`] if the client's [`Limits`](crate::Limits) are reached.
    pub async fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, Error> {
        let watch = self.0.front.watch(&operation);
        let result = self.enter_and_execute(operation, options).await;
        watch.end(&result);
        result.map(Response::from)
    }

    async fn enter_and_execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<crate::types::Response, Error> {
        let ticket = self.0.front.enter().await?;
        let instance = self.instance().await?;
        instance
            .execute_with(Some(ticket), operation, options)
            .await
    }

    /// Replaces the bearer token; operations that begin later use the new one. Sends nothing.
    ///
    /// Errors: the driver's `invalid-argument` if the token is malformed, or the client was not opened with one.
    pub async fn set_bearer_token(&self, token: &str) -> Result<(), Error> {
        let mut current = self.current().await?;
        let instance = current.instance(&self.0.host).await?;
        instance.set_bearer_token(token).await?;
        current.config.replace_bearer_token(token);
        Ok(())
    }

    /// Adds a fault rule, mostly a [`Fault`](crate::Fault), after those that are there, for requests that begin later. At
    /// most 64. Sends nothing. If the instance traps, the next one has the rules too, without their hits.
    ///
    /// Errors: the driver's `invalid-argument` for an id that is taken.
    pub async fn add_fault(&self, rule: impl Into<FaultRule>) -> Result<(), Error> {
        let rule = rule.into();
        let mut current = self.current().await?;
        let instance = current.instance(&self.0.host).await?;
        instance.add_fault(rule.clone()).await?;
        current.faults.add(rule);
        Ok(())
    }

    /// Switches a fault rule on or off. False if there is none of this id.
    pub async fn set_fault_enabled(&self, id: &str, enabled: bool) -> Result<bool, Error> {
        let mut current = self.current().await?;
        let instance = current.instance(&self.0.host).await?;
        let there = instance.set_fault_enabled(id, enabled).await?;
        current.faults.set_enabled(id, enabled);
        Ok(there)
    }

    /// How often a fault rule has acted. None if there is none of this id.
    pub async fn fault_hits(&self, id: &str) -> Result<Option<u32>, Error> {
        self.instance().await?.fault_hits(id).await
    }

    /// Takes a fault rule away. False if there is none of this id.
    pub async fn remove_fault(&self, id: &str) -> Result<bool, Error> {
        let mut current = self.current().await?;
        let instance = current.instance(&self.0.host).await?;
        let there = instance.remove_fault(id).await?;
        current.faults.remove(id);
        Ok(there)
    }

    /// What the client has learned, for another one of the same account to begin with, in another process maybe: the
    /// account's regions, endpoints that failed, session tokens, definitions and partition key ranges of containers. At
    /// most 256 KiB. Sends nothing. It holds no credential; but requests go to the endpoints that it names, so keep it
    /// where only those can write who may change the configuration.
    ///
    /// ```no_run
    /// # use cosmosdb_driver_host::{Client, Config, Error, Host};
    /// # async fn example(host: &Host, config: Config, stored: Option<Vec<u8>>) -> Result<(), Error> {
    /// let client = Client::open(host, config).await?;
    /// if let Some(stored) = stored {
    ///     match client.restore(&stored).await {
    ///         Ok(restored) => println!("{} parts to begin with", restored.taken),
    ///         Err(error) => eprintln!("a cold start: {error}"),
    ///     }
    /// }
    /// let order = client.container("shop", "orders").read_item_bytes("1", "contoso").await?; // one request
    /// let stored = client.snapshot().await?; // for the next process
    /// # drop((order, stored));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn snapshot(&self) -> Result<Vec<u8>, Error> {
        self.instance().await?.snapshot().await
    }

    /// Takes over what another client has learned. What this one has learned itself stays; session tokens are put
    /// together, so that reads see what the other one has written. What has changed since is found out as always. Sends
    /// nothing. If the instance traps, the next one begins with it too.
    ///
    /// Errors: [`Error::Snapshot`] if nothing of it can be used, and the client works as if there had been none.
    pub async fn restore(&self, snapshot: &[u8]) -> Result<Restored, Error> {
        let mut current = self.current().await?;
        let instance = current.instance(&self.0.host).await?;
        let restored = instance.restore(snapshot).await?;
        current.snapshot = Some(snapshot.to_owned());
        Ok(restored)
    }

    /// What the current instance has executed, in wasmtime's fuel. None unless
    /// [`Options::metered`](crate::Options::metered).
    pub async fn fuel_consumed(&self) -> Result<Option<u64>, Error> {
        self.instance().await?.fuel_consumed().await
    }

    /// Lets the instance go when the calls and feeds that are open in it have ended; the next call opens another one, which
    /// begins with what this one has learned. For clients that are idle for long, of which a host has many. Sends nothing.
    pub async fn release_idle(&self) -> Result<(), Error> {
        let mut current = self.current().await?;
        if let Some(instance) = current.instance.take().filter(|one| !one.has_ended()) {
            current.snapshot = Some(instance.snapshot().await?);
        }
        Ok(())
    }

    /// Takes no calls any more, waits for those under way, and lets the instance go. Calls that come later, on clones and
    /// feeds too, fail with an error that [`is_closed`](Error::is_closed).
    pub async fn close(&self) {
        self.end(None).await;
    }

    /// [`close`](Self::close) that waits no longer than this, and says what it did not wait for.
    pub async fn shutdown(&self, time: Duration) -> Abandoned {
        self.end(Some(time)).await
    }

    async fn end(&self, time: Option<Duration>) -> Abandoned {
        let abandoned = self.0.front.gate.close(time).await;
        let instance = self.0.current.lock().await.instance.take();
        if let Some(instance) = instance {
            // If it has ended, there is nothing to wipe.
            drop(instance.close().await);
            instance.end().await;
        }
        abandoned
    }

    async fn instance(&self) -> Result<AsyncInstance, Error> {
        let mut current = self.current().await?;
        current.instance(&self.0.host).await.cloned()
    }

    /// Errors: the driver's `closed`.
    async fn current(&self) -> Result<MutexGuard<'_, Current>, Error> {
        let current = self.0.current.lock().await;
        self.0.front.gate.check_open()?;
        Ok(current)
    }
}

impl Current {
    /// A new one if there is none, or it has ended.
    async fn instance(&mut self, host: &Host) -> Result<&AsyncInstance, Error> {
        let live = self.instance.take().filter(|one| !one.has_ended());
        let instance = match live {
            Some(instance) => instance,
            None => self.open(host).await?,
        };
        Ok(self.instance.insert(instance))
    }

    async fn open(&self, host: &Host) -> Result<AsyncInstance, Error> {
        let instance = AsyncInstance::open(host, &self.config).await?;
        for rule in self.faults.iter() {
            instance.add_fault(rule.clone()).await?;
        }
        if let Some(snapshot) = &self.snapshot {
            instance.restore(snapshot).await?;
        }
        Ok(instance)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

typed_api!([async] [.await]);
control_api!([async] [.await]);
