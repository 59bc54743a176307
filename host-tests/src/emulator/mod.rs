//! Microsoft's in-memory emulator behind loopback HTTP servers, with the checks that it lacks.
//!
//! The emulator comes from the crate `azure_data_cosmos_driver`: a store with regions, physical partitions, sessions,
//! throttling and failover. It is no public interface of that crate, so the version is pinned. In front of it, one
//! server per region adds:
//!
//! - 401 without a valid signature, 403 when `x-ms-date` is more than 15 minutes off;
//! - 400 for item operations without a partition key header, for empty ids and ids with `/`, `\`, `?` or `#`, for a
//!   replace that changes the id, and for patch operations with a name that the service does not know;
//! - 400 with sub-status 1001 when the partition key header disagrees with the item, or has more or fewer components
//!   than the container's key;
//! - the `condition` of a patch;
//! - bulk requests: their operations one by one;
//! - `x-ms-activity-id` of the request in every answer;
//! - 200 for `/probe` and `/connectivity-probe`, unsigned;
//! - a dropped connection for every request to a region that is offline;
//! - a record of every request.

mod auth;
mod bulk;
mod condition;
mod gateway;
mod log;
mod refusal;
mod rules;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use azure_core::http::Url;
use azure_data_cosmos_driver::in_memory_emulator::{
    EmulatorStore, InMemoryEmulatorHttpClient, VirtualAccountConfig, VirtualRegion, WriteMode,
};

use crate::listen;
use crate::thread::ServerThread;
use gateway::{Gateway, Region};
pub use log::Recorded;

/// The crate's own vocabulary: write modes, consistency levels, replication, and the store itself.
pub use azure_data_cosmos_driver::in_memory_emulator as store;

/// A running emulator: one account, one port on 127.0.0.1 for each region. It runs on a thread of its own; dropping
/// it stops its servers and forgets its data.
pub struct Emulator {
    gateway: Arc<Gateway>,
    regions: Vec<Region>,
    connections: Arc<AtomicU64>,
    key: String,
    thread: ServerThread,
}

impl Emulator {
    /// Begins an account. Without further calls: the region `East US`, session consistency, no throttling.
    pub fn builder() -> Builder {
        Builder {
            regions: Vec::new(),
            port: 0,
            multi_write: false,
            configure: Vec::new(),
        }
    }

    /// The endpoint of the first region, which takes the writes: `http://127.0.0.1:port/`.
    pub fn endpoint(&self) -> String {
        self.regions
            .first()
            .map_or_else(String::new, Region::endpoint)
    }

    /// The endpoint of a region by the name that the builder got; none if there is no such region.
    pub fn endpoint_of(&self, region: &str) -> Option<String> {
        self.regions
            .iter()
            .find(|known| known.name == region)
            .map(Region::endpoint)
    }

    /// Host and port (`127.0.0.1:port`) of every region, in the builder's order.
    pub fn authorities(&self) -> Vec<String> {
        self.regions
            .iter()
            .map(|region| region.authority.clone())
            .collect()
    }

    /// The account key, in base64. The same on every run: it protects nothing.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Every request of all regions so far, in the order in which they had arrived completely.
    pub fn requests(&self) -> Vec<Recorded> {
        self.gateway.log().all()
    }

    /// Like [`requests`](Self::requests), and forgets them.
    pub fn take_requests(&self) -> Vec<Recorded> {
        self.gateway.log().take()
    }

    /// The number of TCP connections accepted so far, in all regions.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// The emulator's store, to look at it or to change its topology. Hooks that start work in the background
    /// (`split_partition`, `merge_partitions`, `add_region`, …) need a tokio runtime: call them in
    /// [`with_store`](Self::with_store).
    pub fn store(&self) -> Arc<EmulatorStore> {
        self.gateway.store()
    }

    /// Runs `hook` with the store. Work that it starts in the background runs on the emulator's thread.
    pub fn with_store<T>(&self, hook: impl FnOnce(&EmulatorStore) -> T) -> T {
        let _entered = self.thread.runtime().enter();
        hook(&self.store())
    }

    /// From now on accepts this resource token (`type=resource&ver=1&sig=…`), for every resource.
    pub fn accept_resource_token(&self, token: &str) {
        self.gateway.credentials().accept(token.to_owned());
    }

    /// From now on accepts this Microsoft Entra token, given without the word `Bearer`, for every resource.
    pub fn accept_bearer_token(&self, token: &str) {
        self.gateway
            .credentials()
            .accept(format!("type=aad&ver=1.0&sig={token}"));
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("regions", &self.regions)
            .finish_non_exhaustive()
    }
}

type Configure = Box<dyn FnOnce(VirtualAccountConfig) -> VirtualAccountConfig + Send>;

/// Describes the account of an [`Emulator`].
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    regions: Vec<String>,
    port: u16,
    multi_write: bool,
    configure: Vec<Configure>,
}

impl Builder {
    /// Adds a region. The first one takes the writes. Default: `East US` alone.
    pub fn region(mut self, name: &str) -> Self {
        self.regions.push(name.to_owned());
        self
    }

    /// The port of the first region; the next ones have the ports after it. Default: 0, whatever is free.
    pub fn port(mut self, first: u16) -> Self {
        self.port = first;
        self
    }

    /// Whether every region takes writes. Default: false.
    pub fn multi_write(mut self, enabled: bool) -> Self {
        self.multi_write = enabled;
        self
    }

    /// Changes anything else of the emulator's configuration: consistency, throttling, replication, charges.
    pub fn configure(
        mut self,
        change: impl FnOnce(VirtualAccountConfig) -> VirtualAccountConfig + Send + 'static,
    ) -> Self {
        self.configure.push(Box::new(change));
        self
    }

    /// Starts the servers; they accept connections when it returns. For callers in an async context; it never waits.
    /// Errors: as [`start_blocking`](Self::start_blocking).
    pub async fn start(self) -> io::Result<Emulator> {
        self.start_blocking()
    }

    /// Starts the servers; they accept connections when it returns. Needs no runtime.
    ///
    /// Errors: the system gives no port or thread, or the emulator refuses the configuration (`InvalidInput`).
    pub fn start_blocking(mut self) -> io::Result<Emulator> {
        if self.regions.is_empty() {
            self.regions.push("East US".to_owned());
        }
        let thread = ServerThread::start("cosmos-emulator")?;
        let mut regions = Vec::new();
        let mut listeners = Vec::new();
        for (name, place) in self.regions.iter().zip(0..) {
            let port = match self.port {
                0 => 0,
                first => first.saturating_add(place),
            };
            let listener = thread.listen_on(port)?;
            let authority = listener.local_addr()?.to_string();
            regions.push(Region {
                name: name.clone(),
                authority,
            });
            listeners.push(listener);
        }
        let config = self.account(&regions)?;
        let client = InMemoryEmulatorHttpClient::try_new(config).map_err(invalid)?;
        let gateway = Arc::new(Gateway::new(client));
        let connections = Arc::new(AtomicU64::new(0));
        for (region, listener) in regions.iter().cloned().zip(listeners) {
            let (gateway, region) = (gateway.clone(), Arc::new(region));
            thread.runtime().spawn(listen::serve(
                listener,
                connections.clone(),
                move |request| {
                    let (gateway, region) = (gateway.clone(), region.clone());
                    async move { gateway.serve(&region, request).await }
                },
            ));
        }
        Ok(Emulator {
            gateway,
            regions,
            connections,
            key: auth::key(),
            thread,
        })
    }

    /// The emulator's description of the account.
    fn account(self, regions: &[Region]) -> io::Result<VirtualAccountConfig> {
        let regions = regions
            .iter()
            .map(|region| Ok(VirtualRegion::new(&region.name, region.url("/")?)))
            .collect::<io::Result<Vec<_>>>()?;
        let mode = if self.multi_write {
            WriteMode::Multi
        } else {
            WriteMode::Single
        };
        let config = VirtualAccountConfig::new(regions)
            .map_err(invalid)?
            .with_write_mode(mode);
        Ok(self
            .configure
            .into_iter()
            .fold(config, |config, change| change(config)))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("regions", &self.regions)
            .finish_non_exhaustive()
    }
}

impl Region {
    /// `http://127.0.0.1:port/`
    fn endpoint(&self) -> String {
        format!("http://{}/", self.authority)
    }

    /// The URL of a path as it came over the wire, in the region.
    fn url(&self, path: &str) -> io::Result<Url> {
        Url::parse(&format!("http://{}{path}", self.authority)).map_err(invalid)
    }
}

/// An error of the caller's making.
fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
