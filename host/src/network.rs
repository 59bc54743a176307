//! The driver inside of a component that is not its own: a plugin or a program composed with it.

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache;
use crate::error::Error;
use crate::options::Options;
use crate::state::Imports;
use crate::transport::{Allow, Hooks, Meter, Transport};

/// The way to the network for components that have the driver inside, with the rules of [`Options`]: allowed origins and
/// paths, trusted roots, timeouts, the signer. Clones share the pooled connections, which live on the tokio runtime on
/// which they were opened.
///
/// Engine, store and limits are the caller's: [`Imports`] go into the store's data, and
/// [`link_blocking`](crate::link_blocking) gives them to the component.
#[derive(Debug, Clone)]
pub struct Network {
    transport: Transport,
    allow: Allow,
}

impl Network {
    /// Of the options, those about the component (`cache_dir`, `metered`, `max_memory`, `pooled_instances`) mean nothing here.
    /// Sends nothing. Errors: [`Error::Options`].
    pub fn new(options: Options) -> Result<Self, Error> {
        Ok(Self {
            allow: Allow::of(&options)?,
            transport: Transport::new(options)?,
        })
    }

    /// The imports of one store, which may reach this account (its endpoint and its regions, as
    /// [`Options::allow`] says) and what the meter leaves it.
    pub fn imports(&self, endpoint: &str, meter: &Meter) -> Imports {
        let mut hooks = Hooks::new(self.transport.clone(), self.allow.clone());
        hooks.allow_account(Some(endpoint), &[]);
        hooks.count(meter.clone());
        Imports::new(hooks)
    }
}

/// Compiles a component, unless what was compiled of it lies in the directory, where it is left otherwise. What
/// [`Options::cache_dir`] says of directories holds here too. Errors: [`Error::Load`] if these bytes are no component.
pub fn compile(engine: &Engine, wasm: &[u8], cache_dir: Option<&Path>) -> Result<Component, Error> {
    let component = match cache_dir {
        Some(directory) => cache::load(engine, wasm, directory),
        None => Component::new(engine, wasm),
    };
    component.map_err(|error| Error::Load(format!("the component cannot be compiled: {error:#}")))
}
