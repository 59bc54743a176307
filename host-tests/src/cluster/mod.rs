//! An account of several regions: one server each, one store behind them, and faults by rule.
//!
//! Everything can be changed while it runs: which regions take writes, which are offline, which lag behind, what goes
//! wrong with which request. Every request is recorded with its region. Speaks HTTP/1.1 without TLS and checks no
//! signatures. A [`Gate`](crate::scripted::Gate) decides when something happens, and [`Cluster::wait_until`] waits
//! until something was seen, so no test sleeps.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /` anywhere | the account document as it is now |
//! | anything else at the global endpoint | that of the first writable region; without one, of the first readable |
//! | a region in neither list of the account | 403, sub-status 1008 |
//! | a write, or a read for the hub only, where writes are not taken | 403, sub-status 3 |
//! | in or of a container by an outdated resource id | 400, sub-status 1024 |
//! | in a database or container that does not exist | 404, sub-status 1003 |
//! | an item with a session token that is ahead of the region | 404, sub-status 1002 |
//! | an item by a partition key range that was split | 410, sub-status 1002 |
//! | items: create, upsert, read, replace, delete | as the service, with `If-Match` and `If-None-Match` |
//! | databases: read; containers: create, read, delete; `pkranges` | as the service; the partition key is `/pk` |
//! | patches, batches, queries and the rest | 501 |
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use host_tests::cluster::{Cluster, ClusterOptions, Effect, Match};
//! use http::Method;
//!
//! let cluster = Cluster::start(ClusterOptions {
//!     regions: &["East US", "West US"],
//!     ..ClusterOptions::default()
//! })?;
//! let reads = Match::any().method(Method::GET).path("/docs/");
//! let rule = cluster.on("East US", reads.times(1), Effect::refuse(503, 0));
//! // … let a client read an item of cluster.endpoint() …
//! assert_eq!(rule.hits(), 1);
//! assert_eq!(
//!     cluster.lines(),
//!     [
//!         "global GET /",
//!         "eastus GET /dbs/d/colls/c/docs/1",
//!         "westus GET /dbs/d/colls/c/docs/1"
//!     ]
//! );
//! # Ok(())
//! # }
//! ```

mod answer;
mod control;
pub(crate) mod epk;
mod fault;
mod items;
mod log;
mod port;
mod ranges;
mod serve;
mod store;
mod topology;
mod world;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fault::{Effect, Match, Rule};
pub use log::Request;

use log::Journal;
use port::Port;
use serve::{Shared, serve};
use store::Store;
use topology::{Location, Topology, canonical};
use world::World;

/// The name of the global endpoint, wherever a region can be named.
pub const GLOBAL: &str = "global";

/// For [`Cluster::on`]: every region and the global endpoint.
pub const ANYWHERE: &str = "*";

/// The account at its start.
#[derive(Clone, Copy, Debug)]
pub struct ClusterOptions<'a> {
    /// The regions in the account's order. All take reads; the first takes writes. Default: `East US`, `West US`.
    pub regions: &'a [&'a str],
    /// Whether every region takes writes. Default: false.
    pub multi_write: bool,
    /// The account's consistency level. Default: `Session`.
    pub consistency: &'a str,
    /// Whether the account fails over partition by partition. Default: false.
    pub per_partition_failover: bool,
    /// The only database. Default: `d`.
    pub database: &'a str,
    /// Its container, with the partition key `/pk`. Default: `c`.
    pub container: &'a str,
    /// The number of a container's partition key ranges. Default: 1.
    pub ranges: u32,
}

impl Default for ClusterOptions<'_> {
    fn default() -> Self {
        Self {
            regions: &["East US", "West US"],
            multi_write: false,
            consistency: "Session",
            per_partition_failover: false,
            database: "d",
            container: "c",
            ranges: 1,
        }
    }
}

/// A running account: a port of 127.0.0.1 and a thread for each region and for the global endpoint. Dropping it stops
/// them and forgets the data.
///
/// Regions can be named in any form: `West US 2` or `westus2`.
///
/// # Panics
///
/// All functions that take the name of a region panic when the account began without it.
#[derive(Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
    /// One for each region, and the global endpoint's.
    ports: Mutex<Vec<Port>>,
    /// The canonical names of the ports.
    names: Vec<String>,
    addresses: Vec<SocketAddr>,
    container: String,
}

impl Cluster {
    /// Starts the servers; they accept connections when this returns. Needs no runtime.
    ///
    /// Errors: the system gives no port or thread, or there is no region (`InvalidInput`).
    pub fn start(options: ClusterOptions<'_>) -> io::Result<Self> {
        if options.regions.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut names: Vec<String> = options.regions.iter().map(|name| canonical(name)).collect();
        names.push(GLOBAL.to_owned());
        let mut ports = Vec::new();
        for _ in &names {
            ports.push(Port::new()?);
        }
        let addresses: Vec<SocketAddr> = ports.iter().map(Port::address).collect();
        let world = world(&options, &addresses);
        let shared = Arc::new(Shared::new(world, Journal::new(names.clone())));
        for (site, port) in ports.iter_mut().enumerate() {
            port.open(|listener| serve(listener, site, shared.clone()))?;
        }
        Ok(Self {
            shared,
            ports: Mutex::new(ports),
            names,
            addresses,
            container: options.container.to_owned(),
        })
    }

    /// The global endpoint: `http://127.0.0.1:port/`.
    pub fn endpoint(&self) -> String {
        self.region(GLOBAL).endpoint()
    }

    /// A region, or the global endpoint.
    pub fn region(&self, region: &str) -> Region<'_> {
        Region {
            cluster: self,
            site: self.site(region),
        }
    }

    /// The requests whose heads were read since the start or the last [`clear`](Self::clear), in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.journal.requests()
    }

    /// Those of one region, or of the global endpoint.
    pub fn requests_in(&self, region: &str) -> Vec<Request> {
        let region = self.region(region).name();
        let mut requests = self.requests();
        requests.retain(|request| request.region == region);
        requests
    }

    /// [`requests`](Self::requests) as text: `eastus GET /dbs/d/colls/c/docs/1`.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// Forgets the requests so far.
    pub fn clear(&self) {
        self.shared.journal.clear();
    }

    /// Waits until [`requests`](Self::requests) satisfies `condition`, and returns them. Asks again whenever a head or
    /// a piece of a body was read, and when a client went away. Works on any executor; never ends if nothing happens.
    pub async fn wait_until(&self, condition: impl FnMut(&[Request]) -> bool) -> Vec<Request> {
        self.shared.journal.wait_until(condition).await
    }

    /// The place of a region, or of the global endpoint.
    #[expect(
        clippy::panic,
        reason = "a test that names no region of its account is wrong"
    )]
    fn site(&self, region: &str) -> usize {
        let name = canonical(region);
        let site = self.names.iter().position(|known| *known == name);
        site.unwrap_or_else(|| panic!("the account has no region {region}: {:?}", self.names))
    }

    fn ports(&self) -> MutexGuard<'_, Vec<Port>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One region of a [`Cluster`], or its global endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Region<'a> {
    cluster: &'a Cluster,
    site: usize,
}

impl<'a> Region<'a> {
    /// The canonical name: `westus2`.
    pub fn name(&self) -> &'a str {
        &self.cluster.names[self.site]
    }

    /// `http://127.0.0.1:port/`
    pub fn endpoint(&self) -> String {
        format!("http://{}/", self.authority())
    }

    /// Host and port: `127.0.0.1:port`.
    pub fn authority(&self) -> String {
        self.cluster.addresses[self.site].to_string()
    }

    /// The number of TCP connections accepted so far.
    pub fn connections(&self) -> usize {
        self.cluster.shared.journal.connections(self.site)
    }
}

/// The account's state at its start.
fn world(options: &ClusterOptions<'_>, addresses: &[SocketAddr]) -> World {
    let regions: Vec<Location> = options
        .regions
        .iter()
        .zip(addresses)
        .map(|(name, address)| Location {
            name: (*name).to_owned(),
            endpoint: format!("http://{address}/"),
        })
        .collect();
    let all: Vec<usize> = (0..regions.len()).collect();
    let mut store = Store::new(options.database, options.ranges, regions.len());
    store.create(options.container);
    World {
        topology: Topology {
            regions,
            writable: if options.multi_write {
                all.clone()
            } else {
                vec![0]
            },
            readable: all,
            multi_write: options.multi_write,
            consistency: options.consistency.to_owned(),
            per_partition_failover: options.per_partition_failover,
            disable_hedging: None,
            moved: Vec::new(),
            version: 1,
        },
        store,
        rules: fault::Rules::default(),
    }
}
