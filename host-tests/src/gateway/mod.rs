//! An account of one region as the gateway shows it to queries, feeds, batches and the control plane.
//!
//! Containers have several physical partitions, and documents lie where the hash of their key says. There is no SQL
//! engine: a test registers a text with the [`Plan`] that it means, and the gateway makes of it the plan that the
//! service would issue, the rewritten texts, and the rows of each range. What a client must not do is refused: a text
//! that no plan has issued, a continuation of another request, a key beside a range. Every request is recorded.
//! Speaks HTTP/1.1 without TLS and checks no signatures.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /` | the account document |
//! | databases: list, query, create, read, delete | as the service |
//! | containers: the same and replace | as the service; keys of version 2, `Hash` or `MultiHash` |
//! | offers: list, query, read, replace | manual and autoscale, with migration; slow on demand |
//! | `pkranges` | only what the etag does not know of; 304 when it knows all |
//! | documents: create, upsert, read, replace, delete, patch | by key, as the service |
//! | the plan of a query | the registered one; 400 if the client lacks a feature that it needs |
//! | a query by key | the rows of the registered text, or those of its rewritten text |
//! | a query by range | the rows of the rewritten text, in the envelopes of the service |
//! | `SELECT * FROM c`, with a simple `WHERE` | its documents, without being registered |
//! | a query without key and range | 400, sub-status 1004 |
//! | the feed of documents, by key or range | pages in the order of creation |
//! | the change feed, by key or range | the latest version, or all versions and deletes |
//! | a batch by key | all or nothing, with patches |
//! | a bulk request by range | one by one |
//! | a range that was split or merged | 410, sub-status 1002 |
//! | stored procedures, triggers, functions, conflicts, users, permissions: list, query, create, read, replace, delete | as the service; they are kept, not run |
//! | running a stored procedure by key | what it was given; 400 if its text holds `throw` |
//! | everything else | 501 |
//!
//! Beside the range's id, a slice is named by `x-ms-start-epk`, `x-ms-end-epk` and `x-ms-read-key-type:
//! EffectivePartitionKeyRange`; an empty start is refused, for real gateways refuse it: `00` says the same.
//!
//! ```no_run
//! # fn example() -> std::io::Result<()> {
//! use host_tests::gateway::{Direction, Gateway, Options, Plan};
//! use serde_json::json;
//!
//! let gateway = Gateway::start(Options { ranges: 4, ..Options::default() })?;
//! let container = gateway.container("d", "c");
//! container.put(json!({ "id": "1", "pk": "a", "n": 1 }));
//! gateway.register(
//!     "SELECT * FROM c ORDER BY c.n",
//!     Plan::all().order_by("c.n", Direction::Ascending),
//! );
//! // … let a client query gateway.endpoint(), and halfway through …
//! container.split("0");
//! # Ok(())
//! # }
//! ```

mod aggregate;
mod answer;
mod batch;
mod call;
mod changes;
mod container;
mod control;
mod document;
mod epk;
mod feed;
mod hybrid;
mod info;
mod items;
mod knobs;
mod offers;
mod page;
mod patch;
mod path;
mod plan;
mod query;
mod ranges;
mod resources;
mod rid;
mod rows;
mod rule;
mod run;
mod scope;
mod select;
mod serve;
mod text;
mod value;
mod world;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

pub use control::Control;
pub use hybrid::Component;
pub use knobs::TieOrder;
pub use plan::{Aggregate, Column, Direction, Parameters, Plan};
pub use rule::{Effect, Rule};

use crate::scripted::Seen;
use crate::thread::ServerThread;
use serve::{Shared, serve};
use world::World;

/// The account at its start.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The first database. Default: `d`.
    pub database: &'a str,
    /// Its container. Default: `c`.
    pub container: &'a str,
    /// The paths of its partition key; several make it hierarchical. Default: `/pk`.
    pub key: &'a [&'a str],
    /// The number of a new container's partition key ranges. Default: 1.
    pub ranges: u32,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            database: "d",
            container: "c",
            key: &["/pk"],
            ranges: 1,
        }
    }
}

/// A running account on a port of 127.0.0.1 and a thread of its own. Dropping it stops it and forgets the data.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// How many requests are not to be told of any more.
    cleared: AtomicUsize,
    _thread: ServerThread,
}

impl Gateway {
    /// Starts the server; it accepts connections when this returns. Needs no runtime. Errors: the system gives no
    /// port or thread.
    pub fn start(options: Options<'_>) -> io::Result<Self> {
        let thread = ServerThread::start("cosmos-gateway")?;
        let listener = thread.listen()?;
        let address = listener.local_addr()?;
        let world = World::new(format!("http://{address}/"), options.ranges);
        let gateway = Self {
            address,
            shared: Arc::new(Shared::new(world)),
            cleared: AtomicUsize::new(0),
            _thread: thread,
        };
        let shared = gateway.shared.clone();
        gateway._thread.runtime().spawn(serve(listener, shared));
        gateway.shared.world().create_database(options.database);
        gateway.create(
            options.database,
            options.container,
            options.key,
            options.ranges,
        );
        Ok(gateway)
    }

    /// `http://127.0.0.1:port/`
    pub fn endpoint(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// A container, by the names of its database and its own.
    pub fn container<'a>(&'a self, database: &'a str, container: &'a str) -> Control<'a> {
        Control {
            gateway: self,
            database,
            container,
        }
    }

    /// Creates a container with so many ranges, in place of one of the same name.
    ///
    /// # Panics
    ///
    /// There is no such database.
    #[expect(clippy::expect_used, reason = "a test that names no database is wrong")]
    pub fn create(&self, database: &str, container: &str, key: &[&str], ranges: u32) {
        let kind = if key.len() > 1 { "MultiHash" } else { "Hash" };
        let definition = json!({
            "id": container,
            "partitionKey": { "paths": key, "kind": kind, "version": 2 },
        });
        let mut world = self.shared.world();
        let database = world.databases.iter().position(|one| one.id == database);
        let database = database.expect("the database");
        world.create_container(database, definition, Some(ranges));
    }

    /// Tells what a query means, in place of what was told of it before.
    pub fn register(&self, text: &str, plan: Plan) {
        self.shared.world().queries.add(text, plan);
    }

    /// The JSON of the plan that the gateway issues for a registered query and the container; null: not registered.
    pub fn plan(&self, database: &str, container: &str, text: &str) -> Value {
        let world = self.shared.world();
        let mut databases = world.databases.iter().filter(|one| one.id == database);
        let containers = databases.next().map(|database| &database.containers);
        let mut containers = containers.into_iter().flatten();
        let container = containers.find(|one| one.id == container);
        let plan = world.queries.find(text).zip(container);
        plan.map_or(Value::Null, |(plan, container)| {
            info::complete(plan, container)
        })
    }

    /// From now on does this to the requests that satisfy a condition, so many times. The oldest rule acts that is
    /// about a request and not used up.
    pub fn on(
        &self,
        times: u64,
        about: impl Fn(&Seen) -> bool + Send + 'static,
        effect: impl Into<Effect>,
    ) -> Rule {
        let mut world = self.shared.world();
        world.rules.add(Box::new(about), times, effect.into())
    }

    /// The account's clock goes on by so many seconds. It stands still otherwise.
    pub fn advance(&self, seconds: u64) {
        self.shared.world().now += seconds;
    }

    /// The account's time, in seconds since 1970.
    pub fn now(&self) -> u64 {
        self.shared.world().now
    }

    /// From now on, replaced offers are told pending by so many reads before they are told done.
    pub fn slow_offers(&self, reads: u64) {
        self.shared.world().offers.slow = reads;
    }

    /// The requests whose heads were read since the start or the last [`clear`](Self::clear), in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        let cleared = self.cleared.load(Ordering::Relaxed);
        self.shared.log.look(|seen| seen[cleared..].to_vec())
    }

    /// [`requests`](Self::requests) as text: `GET /dbs/d/colls/c/docs/1`.
    pub fn lines(&self) -> Vec<String> {
        let requests = self.requests();
        let lines = requests.iter();
        lines
            .map(|seen| format!("{} {}", seen.method, seen.path))
            .collect()
    }

    /// Forgets the requests so far.
    pub fn clear(&self) {
        let all = self.shared.log.look(<[Seen]>::len);
        self.cleared.store(all, Ordering::Relaxed);
    }

    /// Waits until [`requests`](Self::requests) satisfies `condition`, and returns them. Works on any executor; never
    /// ends if nothing happens.
    pub async fn wait_until(&self, mut condition: impl FnMut(&[Seen]) -> bool) -> Vec<Seen> {
        let cleared = self.cleared.load(Ordering::Relaxed);
        let all = self
            .shared
            .log
            .wait_until(|seen| condition(&seen[cleared..]));
        all.await.split_off(cleared)
    }

    /// The number of TCP connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}
