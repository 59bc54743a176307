//! Loading plugins and running them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use cosmosdb_driver_host::{
    HasImports, Imports, MasterKeySigner, Meter, Network, Options, Paths, compile, link_blocking,
};
use tokio::time::timeout;
use wasmtime::component::Linker;
use wasmtime::{Engine, Store};

use crate::compose::compose;
use crate::limits::Memory;
use crate::report::Usage;
use crate::{Error, Limit, Limits, Outcome, Report};

// The generated code: what is documented comes from the WIT files.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::restriction)]
mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit", "wit"],
        world: "example:plugins/composed",
        exports: { default: async },
    });
}

use bindings::exports::example::plugins::job::Place;
use bindings::{Composed, ComposedPre};

/// Fuel between two moments at which the host may end a run, or run something else on its thread: about a millisecond.
const YIELD: u64 = 1_000_000;

/// The account and the one container in it that plugins may use.
#[derive(Debug, Clone)]
pub struct Account {
    place: Place,
    /// How requests travel, and which may. [`Account::new`] sets `signer` and `paths`; certificates, timeouts and
    /// `cache_dir`, for compiled plugins, may be added.
    pub options: Options,
}

impl Account {
    /// The items of this container. The key stays in this value and in the host: it signs what the policy lets out.
    ///
    /// # Errors
    /// The key is not base64.
    pub fn new(endpoint: &str, key: &str, database: &str, container: &str) -> Result<Self, Error> {
        Ok(Self {
            place: Place {
                endpoint: endpoint.to_owned(),
                database: database.to_owned(),
                container: container.to_owned(),
            },
            options: Options {
                signer: Some(Arc::new(MasterKeySigner::new(key)?)),
                paths: Some(Paths::items_of(database, container)),
                ..Options::default()
            },
        })
    }
}

/// Runs plugins for one container. Clones share it, with its connections; these live on the tokio runtime on which they
/// were opened.
#[derive(Clone)]
pub struct PluginHost {
    engine: Engine,
    linker: Linker<State>,
    driver: Arc<[u8]>,
    network: Network,
    place: Place,
    cache_dir: Option<PathBuf>,
    limits: Limits,
}

/// What the store of a run holds.
struct State {
    imports: Imports,
    memory: Memory,
}

impl HasImports for State {
    fn imports(&mut self) -> &mut Imports {
        &mut self.imports
    }
}

impl PluginHost {
    /// A host with the driver's WASI 0.2 component, given as the bytes of its file. Sends nothing.
    ///
    /// # Errors
    /// [`Error::Host`]: an option is wrong.
    pub fn new(driver: &[u8], account: Account, limits: Limits) -> Result<Self, Error> {
        Self::with_engine(wasmtime::Config::new(), driver, account, limits)
    }

    /// With an engine configured by the caller; fuel is switched on here, and WASI 0.3 off.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if wasmtime does not take the configuration.
    pub fn with_engine(
        mut config: wasmtime::Config,
        driver: &[u8],
        account: Account,
        limits: Limits,
    ) -> Result<Self, Error> {
        config.consume_fuel(true).concurrency_support(false);
        let wrong = |error: wasmtime::Error| {
            Error::from(cosmosdb_driver_host::Error::Options(format!("{error:#}")))
        };
        let engine = Engine::new(&config).map_err(wrong)?;
        let mut linker = Linker::new(&engine);
        link_blocking(&mut linker).map_err(wrong)?;
        Ok(Self {
            engine,
            linker,
            driver: driver.into(),
            cache_dir: account.options.cache_dir.clone(),
            network: Network::new(account.options)?,
            place: account.place,
            limits,
        })
    }

    /// Puts a plugin, given as the bytes of its file, together with its driver, and compiles both: a second or so,
    /// milliseconds if it lies in `cache_dir`. Runs nothing of it.
    ///
    /// # Errors
    /// [`Error::Plugin`] says what is wrong with it.
    pub fn load(&self, plugin: &[u8]) -> Result<Plugin, Error> {
        if plugin.len() > self.limits.file {
            return Err(Error::Plugin(format!(
                "the plugin has {} bytes, more than the {} that are allowed (Limits::file)",
                plugin.len(),
                self.limits.file
            )));
        }
        let composed = compose(&self.driver, plugin)?;
        let component = compile(&self.engine, &composed, self.cache_dir.as_deref())?;
        let pre = self.linker.instantiate_pre(&component);
        let pre = pre.and_then(ComposedPre::new).map_err(|error| {
            Error::Plugin(format!(
                "the plugin is not of the world example:plugins/plugin ({error:#}): build it with the WIT files of this version"
            ))
        })?;
        Ok(Plugin {
            host: self.clone(),
            pre,
        })
    }

    fn store(&self, meter: &Meter) -> wasmtime::Result<Store<State>> {
        let state = State {
            imports: self.network.imports(&self.place.endpoint, meter),
            memory: Memory::new(self.limits.memory),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_fuel(self.limits.fuel)?;
        store.fuel_async_yield_interval(Some(YIELD))?;
        store.set_max_component_handles(self.limits.handles);
        // A value that a guest passes to the host cannot be larger than its memory.
        store.set_hostcall_fuel(self.limits.memory);
        Ok(store)
    }
}

impl fmt::Debug for PluginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginHost")
            .field("place", &self.place)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A loaded plugin. It keeps nothing from one run to the next; any number of runs may be under way at once.
#[derive(Clone)]
pub struct Plugin {
    host: PluginHost,
    pre: ComposedPre<State>,
}

impl Plugin {
    /// Runs it once, in a store of its own that ends with the run. Dropping the future ends the run too.
    pub async fn run(&self, input: &str) -> Report {
        let limits = &self.host.limits;
        let meter = Meter::new(limits.network);
        let begun = Instant::now();
        let mut store = match self.host.store(&meter) {
            Ok(store) => store,
            Err(error) => {
                return Report {
                    outcome: Outcome::stopped(&error),
                    usage: Usage::default(),
                };
            }
        };
        let outcome = tokio::select! {
            biased;
            spent = meter.until_spent() => Outcome::Refused { by: spent.into() },
            ended = timeout(limits.time, self.call(&mut store, input)) => match ended {
                Err(_) => Outcome::Refused { by: Limit::Time },
                Ok(Err(error)) => Outcome::stopped(&error),
                Ok(Ok(answer)) => Outcome::returned(answer, limits.answer),
            },
        };
        let left = store.get_fuel().unwrap_or_default();
        Report {
            outcome,
            usage: Usage {
                fuel: limits.fuel.saturating_sub(left),
                memory: store.data().memory.used(),
                time: begun.elapsed(),
                ..Usage::network(&meter)
            },
        }
    }

    async fn call(
        &self,
        store: &mut Store<State>,
        input: &str,
    ) -> wasmtime::Result<Result<String, String>> {
        let plugin: Composed = self.pre.instantiate_async(&mut *store).await?;
        let job = plugin.example_plugins_job();
        job.call_run(store, &self.host.place, input).await
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").finish_non_exhaustive()
    }
}
