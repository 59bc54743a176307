//! Loading the component.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::{Component, Instance, InstancePre, Linker};
use wasmtime::{
    Engine, InstanceAllocationStrategy, PoolConcurrencyLimitError, PoolingAllocationConfig, Store,
    StoreLimitsBuilder,
};

use crate::background::Background;
use crate::bindings::{async_driver, driver, tasks};
use crate::cache;
use crate::config::Config;
use crate::error::Error;
use crate::face::Face;
use crate::observe::Observer;
use crate::options::Options;
use crate::slots::Slots;
use crate::state::{State, link_async, link_blocking};
use crate::transport::{Allow, Hooks, Transport};

/// A loaded component and its way to the network. Instances and clients are opened from it; clones share it.
///
/// All that are opened from one host share its pooled connections. These live on the tokio runtime on which they
/// were opened, and end with it: use one host per runtime. The blocking clients of a host share a runtime that
/// belongs to the host. The component can reach nothing but HTTP (to allowed origins), clocks and random numbers:
/// no files, no environment, no sockets.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

struct Shared {
    pre: InstancePre<State>,
    exports: Exports,
    transport: Transport,
    background: Background,
    /// What [`Options::allow`] and [`Options::paths`] say.
    allow: Allow,
    metered: bool,
    max_memory: usize,
    slots: Slots,
    observer: Option<Arc<dyn Observer>>,
}

/// Where the functions of the component's face are.
pub(crate) enum Exports {
    Blocking(driver::GuestIndices, tasks::GuestIndices),
    Async(async_driver::GuestIndices),
}

impl Host {
    /// Loads the component from a file, or from what was compiled of it before (see [`Options::cache_dir`]).
    ///
    /// Errors: [`Error::Load`] if the file cannot be read, is not the driver, or imports what this host does not
    /// offer; [`Error::Options`].
    pub fn from_file(path: impl AsRef<Path>, mut options: Options) -> Result<Self, Error> {
        let path = path.as_ref();
        let wasm = fs::read(path).map_err(|error| {
            Error::Load(format!(
                "the component {} cannot be read ({error}): check the path",
                path.display()
            ))
        })?;
        if options.cache_dir.is_none() {
            options.cache_dir = path.parent().map(Path::to_owned);
        }
        Self::from_bytes(wasm, options)
    }

    /// Loads the component from the bytes of its file. Compiles them, which takes tens of milliseconds, unless
    /// they are in [`Options::cache_dir`]. Errors: as [`from_file`](Self::from_file).
    pub fn from_bytes(wasm: impl AsRef<[u8]>, options: Options) -> Result<Self, Error> {
        let wasm = wasm.as_ref();
        let face = Face::of(wasm)?;
        let engine = engine(face, &options).map_err(|error| Error::load(&error))?;
        let component = match &options.cache_dir {
            Some(directory) => cache::load(&engine, wasm, directory),
            None => Component::new(&engine, wasm),
        };
        let pre = component
            .and_then(|component| link(face, &component))
            .map_err(|error| Error::load(&error))?;
        Ok(Self(Arc::new(Shared {
            exports: Exports::of(face, &pre).map_err(|error| Error::load(&error))?,
            pre,
            allow: Allow::of(&options)?,
            metered: options.metered,
            max_memory: options.max_memory,
            slots: Slots::new(options.max_instances),
            observer: options.observer.clone(),
            transport: Transport::new(options)?,
            background: Background::default(),
        })))
    }

    /// Which of the driver's faces the component has.
    pub fn face(&self) -> Face {
        match self.exports() {
            Exports::Blocking(..) => Face::Blocking,
            Exports::Async(_) => Face::Async,
        }
    }

    /// How many instances live now, of all its clients together: those in use and those that are idle.
    pub fn instances(&self) -> usize {
        self.0.slots.live()
    }

    pub(crate) fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.0.observer.as_ref()
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.0.exports
    }

    /// On the runtime of the blocking clients. Errors: [`Error::Runtime`] inside of an async runtime, or if no
    /// threads can be started.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        self.0.background.block_on(work)
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> Result<Instance, Error> {
        let instance = self.0.pre.instantiate_async(store).await;
        instance.map_err(|error| {
            if error.is::<PoolConcurrencyLimitError>() {
                return Error::Overloaded(
                    "the host has as many instances as Options::pooled_instances has room for: let idle ones go \
                     (Client::release_idle), close clients that are not needed, or raise it",
                );
            }
            Error::Load(format!(
                "the component cannot be instantiated: {error:#}. If Options::pooled_instances or \
             Options::max_memory is too small, raise it"
            ))
        })
    }

    /// A store for one instance, which may reach the endpoint of this configuration.
    pub(crate) fn store(&self, config: &Config) -> Result<Store<State>, Error> {
        let shared = &self.0;
        let hooks = Hooks::new(shared.transport.clone(), shared.allow.clone());
        let limits = StoreLimitsBuilder::new()
            .memory_size(shared.max_memory)
            .build();
        let mut state = State::new(hooks, limits, shared.slots.take()?);
        state.allow(config);
        let mut store = Store::new(shared.pre.engine(), state);
        store.limiter(|state| &mut state.limits);
        if shared.metered {
            store
                .set_fuel(u64::MAX)
                .map_err(|error| Error::load(&error))?;
        }
        Ok(store)
    }

    /// What was executed, from what is left in a store of this host. None if it is not metered.
    pub(crate) fn fuel_consumed(&self, left: wasmtime::Result<u64>) -> Option<u64> {
        left.ok()
            .filter(|_| self.0.metered)
            .map(|left| u64::MAX.saturating_sub(left))
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("face", &self.face())
            .finish_non_exhaustive()
    }
}

impl Exports {
    fn of(face: Face, pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(match face {
            Face::Blocking => Self::Blocking(
                driver::GuestIndices::new(pre)?,
                tasks::GuestIndices::new(pre)?,
            ),
            Face::Async => Self::Async(async_driver::GuestIndices::new(pre)?),
        })
    }
}

fn engine(face: Face, options: &Options) -> wasmtime::Result<Engine> {
    let mut config = wasmtime::Config::new();
    config.consume_fuel(options.metered);
    // What WASI 0.2 does not need costs it a tenth of its speed.
    config.concurrency_support(face == Face::Async);
    if let Some(instances) = options.pooled_instances {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(
            instances, options,
        )));
    }
    Engine::new(&config)
}

fn pool(instances: u32, options: &Options) -> PoolingAllocationConfig {
    // A component is made of several core modules, one of which has the memory.
    let parts = instances.saturating_mul(8);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances);
    pool.total_memories(instances);
    pool.total_core_instances(parts);
    pool.total_tables(parts);
    pool.max_memory_size(options.max_memory);
    pool
}

/// Names the import if the component has one that is not offered.
fn link(face: Face, component: &Component) -> wasmtime::Result<InstancePre<State>> {
    let mut linker = Linker::new(component.engine());
    match face {
        Face::Blocking => link_blocking(&mut linker)?,
        Face::Async => link_async(&mut linker)?,
    }
    linker.instantiate_pre(component)
}
