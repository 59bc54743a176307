//! The blocking client, on the component's WASI 0.2 face.

mod feed;
mod items;

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::feed::Feed;
pub use self::items::Items;
use super::api::typed_api;
use super::control::{self, control_api};
use super::operations::{self, Target};
use crate::batch::Batch;
use crate::bulk::Bulk;
use crate::config::Config;
use crate::error::Error;
use crate::fault::Rules;
use crate::host::Host;
use crate::instance::{BlockingInstance, Task};
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
}

struct Pool {
    /// For new instances.
    config: Config,
    /// For new instances too.
    faults: Rules,
    /// And this, if there is one.
    snapshot: Option<Arc<[u8]>>,
    /// How often configuration and rules have changed.
    version: u64,
    idle: Vec<Pooled>,
}

struct Pooled {
    instance: BlockingInstance,
    /// The version of the pool that it agrees with.
    version: u64,
}

impl Client {
    /// Opens a client. Sends nothing.
    ///
    /// Errors: [`Error::Driver`] for a wrong configuration; [`Error::Load`] if the host holds the component's other
    /// face; [`Error::Runtime`] inside of an async runtime, or if no threads can be started.
    pub fn open(host: &Host, config: Config) -> Result<Self, Error> {
        let instance = host.block_on(BlockingInstance::open(host, &config))??;
        let pool = Pool {
            config,
            faults: Rules::default(),
            snapshot: None,
            version: 0,
            idle: vec![Pooled {
                instance,
                version: 0,
            }],
        };
        Ok(Self(Arc::new(Inner {
            pool: Mutex::new(pool),
            host: host.clone(),
        })))
    }

    /// Runs any operation of the contract. The other methods are made from this one.
    #[allow(clippy::needless_pass_by_value)] // As the async client's.
    pub fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, Error> {
        self.0.host.block_on(async {
            let mut pooled = self.checkout().await?;
            let result = pooled.instance.execute(&operation, &options).await;
            self.give_back(pooled);
            result.map(Response::from)
        })?
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
    /// Errors: [`Error::Load`] if the host's instance pool is used up.
    pub fn tasks(&self) -> Result<Tasks, Error> {
        let opened = self.0.host.block_on(self.open_instance())??;
        Ok(Tasks {
            instance: opened.instance,
            client: self.clone(),
        })
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

    /// Changes one instance, and what later ones are opened with; all others go.
    fn change<T>(
        &self,
        act: impl AsyncFnOnce(&mut BlockingInstance) -> Result<T, Error>,
        keep: impl FnOnce(&mut Pool),
    ) -> Result<T, Error> {
        self.0.host.block_on(async {
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

    async fn checkout(&self) -> Result<Pooled, Error> {
        let idle = self.pool().idle.pop();
        match idle {
            Some(pooled) => Ok(pooled),
            None => self.open_instance().await,
        }
    }

    /// A new instance, as the pool is at this moment.
    async fn open_instance(&self) -> Result<Pooled, Error> {
        let (config, faults, snapshot, version) = {
            let pool = self.pool();
            let snapshot = pool.snapshot.clone();
            (
                pool.config.clone(),
                pool.faults.clone(),
                snapshot,
                pool.version,
            )
        };
        let mut instance = BlockingInstance::open(&self.0.host, &config).await?;
        for rule in faults.iter() {
            instance.add_fault(rule.clone()).await?;
        }
        if let Some(snapshot) = snapshot {
            instance.restore(&snapshot).await?;
        }
        Ok(Pooled { instance, version })
    }

    /// One that has ended, or was opened before a change, goes.
    fn give_back(&self, pooled: Pooled) {
        let mut pool = self.pool();
        if !pooled.instance.has_ended() && pooled.version == pool.version {
            pool.idle.push(pooled);
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // Every change to the pool is complete in itself.
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

typed_api!([] []);
control_api!([] []);

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
    instance: BlockingInstance,
    client: Client,
}

impl Tasks {
    /// Accepts an operation. Nothing is sent before [`step`](Self::step) or [`wait`](Self::wait), and a wrong
    /// operation is reported by [`take`](Self::take). Errors: [`Error::Instance`].
    #[allow(clippy::needless_pass_by_value)] // As `Client::execute`.
    pub fn submit(
        &mut self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Task, Error> {
        self.client
            .0
            .host
            .block_on(self.instance.submit(&operation, &options))?
    }

    /// Runs whatever can run without waiting. Returns the tasks that finished since the last `step` or `wait`.
    /// Errors: [`Error::Instance`].
    pub fn step(&mut self) -> Result<Vec<Task>, Error> {
        self.client.0.host.block_on(self.instance.step())?
    }

    /// Like [`step`](Self::step), but waits until a task has finished. Empty only when no task is running.
    pub fn wait(&mut self) -> Result<Vec<Task>, Error> {
        self.client.0.host.block_on(self.instance.wait())?
    }

    /// Takes the result of a task, once; none while it runs. Errors: the operation's own; the driver's
    /// `invalid-argument` for a task whose result was taken before.
    pub fn take(&mut self, task: Task) -> Result<Option<Response>, Error> {
        let taken = self.client.0.host.block_on(self.instance.take(task))??;
        Ok(taken.map(Response::from))
    }

    /// Abandons a task: its result becomes a `cancelled` error, unless it had finished. Errors:
    /// [`Error::Instance`].
    pub fn cancel(&mut self, task: Task) -> Result<(), Error> {
        self.client.0.host.block_on(self.instance.cancel(task))?
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
