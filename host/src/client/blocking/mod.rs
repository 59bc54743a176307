//! The blocking client, on the component's WASI 0.2 face.

mod feed;
mod items;
mod pool;
mod tasks;

use std::mem::take;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::feed::Feed;
pub use self::items::Items;
use self::pool::Pool;
pub use self::tasks::Tasks;
use super::api::typed_api;
use super::control::{self, control_api};
use super::front::Front;
use super::operations::{self, Target};
use crate::batch::Batch;
use crate::bulk::Bulk;
use crate::config::Config;
use crate::error::Error;
use crate::gate::Abandoned;
use crate::host::Host;
use crate::instance::BlockingInstance;
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

/// A blocking client of one account, on the component's WASI 0.2 face.
///
/// Each call has a component instance for itself: one that is idle, or a new one. So there are as many as there are
/// concurrent callers, and each learns about the account on its own. An instance that traps is not used again.
/// Clones share instances; all clients of one host share the threads that serve the network, and its connections,
/// until the last of them and the host are dropped. Not for use on the threads of a tokio runtime, its blocking
/// ones included.
///
/// ```no_run
/// # use cosmosdb_driver_host::{blocking::Client, Config, Error, Host, ItemOptions, Options};
/// # fn example() -> Result<(), Error> {
/// let host = Host::from_file("cosmosdb-driver.wasm", Options::default())?;
/// let config = Config::from_connection_string(std::env::var("CONNECTION_STRING").unwrap_or_default());
/// let client = Client::open(&host, config)?;
///
/// let items = client.container("shop", "orders");
/// let order = items.read_item::<serde_json::Value>("1", "contoso")?;
/// let etag = order.etag().unwrap_or("*").to_owned();
/// let mut order = order.into_value()?;
/// order["paid"] = true.into();
/// items.with(ItemOptions::new().if_match(etag)).replace_item("1", "contoso", &order)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    /// Goes first: what its instances have open needs the host's threads.
    pool: Mutex<Pool>,
    host: Host,
    front: Arc<Front>,
}

impl Client {
    /// Opens a client. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the component's other
    /// face; [`Error::Runtime`] inside of an async runtime, or if no threads can be started.
    pub fn open(host: &Host, config: Config) -> Result<Self, Error> {
        let instance = host.block_on(BlockingInstance::open(host, &config))??;
        let front = Arc::new(Front::new(host, &config));
        Ok(Self(Arc::new(Inner {
            pool: Mutex::new(Pool::new(config, instance)),
            host: host.clone(),
            front,
        })))
    }

    /// Runs any operation of the contract. The other methods are made from this one.
    ///
    /// Errors, besides the driver's: [`Error::Overloaded`] if the client's [`Limits`](crate::Limits) are reached.
    #[allow(clippy::needless_pass_by_value)] // As the async client's.
    pub fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, Error> {
        let front = &self.0.front;
        let watch = front.watch(&operation);
        let result = self.0.host.block_on(async {
            let _call = front.gate.begin()?;
            let mut pooled = self.checkout().await?;
            let work = pooled.instance.execute(&operation, &options);
            let result = front.gate.unless_abandoned(work).await;
            self.give_back(pooled);
            result
        });
        let result = result.flatten();
        watch.end(&result);
        result.map(Response::from)
    }

    /// Replaces the bearer token; operations that begin later use the new one. Sends nothing.
    ///
    /// Errors: the driver's `invalid-argument` if the token is malformed, or the client was not opened with one.
    pub fn set_bearer_token(&self, token: &str) -> Result<(), Error> {
        let replace =
            async |instance: &mut BlockingInstance| instance.set_bearer_token(token).await;
        self.change(replace, |pool| pool.config.replace_bearer_token(token))
    }

    /// Adds a fault rule, mostly a [`Fault`](crate::Fault), after those that are there, for calls that begin later. At
    /// most 64. Sends nothing. Each instance counts for itself: the limits and hits of a rule are exact as long as calls
    /// follow one another.
    ///
    /// Errors: the driver's `invalid-argument` for an id that is taken.
    pub fn add_fault(&self, rule: impl Into<FaultRule>) -> Result<(), Error> {
        let rule = rule.into();
        let add = async |instance: &mut BlockingInstance| instance.add_fault(rule.clone()).await;
        self.change(add, |pool| pool.faults.add(rule.clone()))
    }

    /// Switches a fault rule on or off, for calls that begin later. False if there is none of this id.
    pub fn set_fault_enabled(&self, id: &str, enabled: bool) -> Result<bool, Error> {
        let switch = async |instance: &mut BlockingInstance| {
            let switched = instance.set_fault_enabled(id, enabled);
            switched.await
        };
        self.change(switch, |pool| pool.faults.set_enabled(id, enabled))
    }

    /// How often a fault rule has acted in the instances that are idle now. None if there is none of this id.
    pub fn fault_hits(&self, id: &str) -> Result<Option<u32>, Error> {
        let (idle, mut sum) = {
            let mut pool = self.pool();
            let known = pool.faults.iter().any(|rule| rule.id == id);
            (take(&mut pool.idle), known.then_some(0_u32))
        };
        self.0.host.block_on(async {
            let _call = self.0.front.gate.begin()?;
            for mut pooled in idle {
                let hits = pooled.instance.fault_hits(id).await?.unwrap_or(0);
                sum = sum.map(|sum| sum.saturating_add(hits));
                self.give_back(pooled);
            }
            Ok(sum)
        })?
    }

    /// Takes a fault rule away, for calls that begin later. False if there is none of this id.
    pub fn remove_fault(&self, id: &str) -> Result<bool, Error> {
        let remove = async |instance: &mut BlockingInstance| instance.remove_fault(id).await;
        self.change(remove, |pool| pool.faults.remove(id))
    }

    /// What the instances that are idle now have learned together, for another client of the same account to begin with, in
    /// another process maybe: the account's regions, endpoints that failed, session tokens, definitions and partition key
    /// ranges of containers. At most 256 KiB. Sends nothing. It holds no credential; but requests go to the endpoints that
    /// it names, so keep it where only those can write who may change the configuration.
    ///
    /// ```no_run
    /// # use cosmosdb_driver_host::{blocking::Client, Config, Error, Host};
    /// # fn example(host: &Host, config: Config, stored: &[u8]) -> Result<(), Error> {
    /// let client = Client::open(host, config)?;
    /// if let Err(error) = client.restore(stored) {
    ///     eprintln!("a cold start: {error}");
    /// }
    /// let order = client.container("shop", "orders").read_item_bytes("1", "contoso")?; // one request
    /// let stored = client.snapshot()?; // for the next process
    /// # drop((order, stored));
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self) -> Result<Vec<u8>, Error> {
        let others = take(&mut self.pool().idle);
        self.0.host.block_on(async {
            let _call = self.0.front.gate.begin()?;
            let mut others = others.into_iter();
            let mut first = match others.next() {
                Some(first) => first,
                None => self.checkout().await?,
            };
            for mut other in others {
                let learned = other.instance.snapshot().await?;
                first.instance.restore(&learned).await?;
                self.give_back(other);
            }
            let snapshot = first.instance.snapshot().await;
            self.give_back(first);
            snapshot
        })?
    }

    /// Takes over what another client has learned, for the instances that are idle now and for all later ones. What an
    /// instance has learned itself stays; session tokens are put together, so that reads see what the other client has
    /// written. What has changed since is found out as always. Sends nothing. The counts are those of one instance.
    ///
    /// Errors: [`Error::Snapshot`] if nothing of it can be used, and the client works as if there had been none.
    pub fn restore(&self, snapshot: &[u8]) -> Result<Restored, Error> {
        self.0.host.block_on(async {
            let _call = self.0.front.gate.begin()?;
            let mut pooled = self.checkout().await?;
            let restored = pooled.instance.restore(snapshot).await;
            let mut others = Vec::new();
            if restored.is_ok() {
                let mut pool = self.pool();
                pool.snapshot = Some(Arc::from(snapshot));
                others = take(&mut pool.idle);
            }
            self.give_back(pooled);
            for mut other in others {
                other.instance.restore(snapshot).await?;
                self.give_back(other);
            }
            restored
        })?
    }

    /// A new instance for operations that run side by side as tasks. It has the client's fault rules of this moment, and
    /// begins with what the client was told to [restore](Self::restore).
    ///
    /// Errors: [`Error::Overloaded`] if a limit is reached.
    pub fn tasks(&self) -> Result<Tasks, Error> {
        Tasks::open(self)
    }

    /// What the instances that are idle now have executed, in wasmtime's fuel. None unless
    /// [`Options::metered`](crate::Options::metered).
    pub fn fuel_consumed(&self) -> Option<u64> {
        self.pool()
            .idle
            .iter()
            .map(|pooled| pooled.instance.fuel_consumed())
            .sum()
    }

    /// Lets the instances go that are idle now; later calls open others. Returns how many there were. What they have learned
    /// goes with them: see [`snapshot`](Self::snapshot).
    pub fn release_idle(&self) -> usize {
        let idle = take(&mut self.pool().idle);
        idle.len()
    }

    /// Takes no calls any more, waits for those of other threads, and lets all instances go. Calls that come later, on clones
    /// and feeds too, fail with an error that [`is_closed`](Error::is_closed). An instance that an open feed has goes with
    /// the feed.
    ///
    /// Errors: [`Error::Runtime`] inside of an async runtime.
    pub fn close(&self) -> Result<(), Error> {
        self.end(None).map(drop)
    }

    /// [`close`](Self::close) that waits no longer than this, and says what it did not wait for.
    pub fn shutdown(&self, time: Duration) -> Result<Abandoned, Error> {
        self.end(Some(time))
    }

    fn end(&self, time: Option<Duration>) -> Result<Abandoned, Error> {
        self.0.host.block_on(async {
            let abandoned = self.0.front.gate.close(time).await;
            let idle = take(&mut self.pool().idle);
            for mut pooled in idle {
                // If it has ended, there is nothing to wipe.
                drop(pooled.instance.close().await);
            }
            abandoned
        })
    }

    /// Changes one instance, and what later ones are opened with; all others go.
    fn change<T>(
        &self,
        act: impl AsyncFnOnce(&mut BlockingInstance) -> Result<T, Error>,
        keep: impl FnOnce(&mut Pool),
    ) -> Result<T, Error> {
        self.0.host.block_on(async {
            let _call = self.0.front.gate.begin()?;
            let mut pooled = self.checkout().await?;
            let result = act(&mut pooled.instance).await;
            if result.is_ok() {
                let mut pool = self.pool();
                keep(&mut pool);
                pool.version = pool.version.wrapping_add(1);
                pool.idle.clear();
                pooled.version = pool.version;
            }
            self.give_back(pooled);
            result
        })?
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

typed_api!([] []);
control_api!([] []);
