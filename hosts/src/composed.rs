//! An app that the driver was composed with, in this process.

use std::io;
use std::path::Path;

use compose::plug;
use cosmosdb_driver_host::{Budget, HasImports, Imports, Meter, Network, Options, link_async};
use serde_json::Value;
use tokio::runtime::Runtime;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::agent::Agent;
use crate::faces::current_thread;

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::restriction)]
mod bindings {
    wasmtime::component::bindgen!({ path: "app/wit", exports: { default: async | store } });
}

use bindings::App;

/// The app above the driver: what it calls never leaves the composition.
pub(crate) struct Composed {
    runtime: Runtime,
    store: Store<State>,
    app: App,
}

struct State(Imports);

impl HasImports for State {
    fn imports(&mut self) -> &mut Imports {
        &mut self.0
    }
}

impl Composed {
    /// Composes and instantiates. It may reach the servers at these origins.
    pub(crate) fn load(app: &Path, driver: &Path, allow: Vec<String>) -> io::Result<Self> {
        let runtime = current_thread()?;
        let (app, driver) = (std::fs::read(app)?, std::fs::read(driver)?);
        let composed = plug(&app, &[&driver]).map_err(io::Error::other)?;
        let (store, app) = runtime
            .block_on(instantiate(&composed, allow))
            .map_err(io::Error::other)?;
        Ok(Self {
            runtime,
            store,
            app,
        })
    }
}

async fn instantiate(composed: &[u8], allow: Vec<String>) -> wasmtime::Result<(Store<State>, App)> {
    let engine = Engine::default();
    let component = Component::new(&engine, composed)?;
    let mut linker = Linker::new(&engine);
    link_async(&mut linker)?;
    let options = Options {
        allow,
        ..Options::default()
    };
    let network = Network::new(options)?;
    let meter = Meter::new(Budget::default());
    let mut store = Store::new(&engine, State(network.imports("", &meter)));
    let app = App::instantiate_async(&mut store, &component, &linker).await?;
    Ok((store, app))
}

impl Agent for Composed {
    fn step(&mut self, step: &Value) -> io::Result<Value> {
        let Self {
            runtime,
            store,
            app,
        } = self;
        let step = step.to_string();
        let told =
            runtime.block_on(store.run_concurrent(async |store| app.call_step(store, step).await));
        let told = told.flatten().map_err(io::Error::other)?;
        serde_json::from_str(&told).map_err(io::Error::other)
    }
}
