//! What a store holds: the host's side of one instance.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{StoreContextMut, StoreLimits};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtx, WasiClocksCtxView};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, WasiHttp, WasiHttpCtx, WasiHttpCtxView};
use wasmtime_wasi_io::bindings::wasi::io::error::Error as IoError;

use crate::config::Config;
use crate::slots::Slot;
use crate::transport::Hooks;

/// What the driver imports, for one store: HTTP within what is allowed, clocks and random numbers. Made by
/// [`Network::imports`](crate::Network::imports).
pub struct Imports {
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Hooks,
    clocks: WasiClocksCtx,
    random: WasiRandomCtx,
}

impl Imports {
    pub(crate) fn new(hooks: Hooks) -> Self {
        Self {
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            hooks,
            clocks: WasiClocksCtx::default(),
            random: WasiRandomCtx::default(),
        }
    }

    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }

    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView {
            ctx: &mut self.clocks,
            table: &mut self.table,
        }
    }
}

impl std::fmt::Debug for Imports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Imports").finish_non_exhaustive()
    }
}

/// A store's data that has the driver's imports in it, besides whatever else the store needs.
pub trait HasImports: Send + 'static {
    /// Where they are.
    fn imports(&mut self) -> &mut Imports;
}

/// The data of a store of [`Host`](crate::Host): the imports of one instance and its limits.
pub(crate) struct State {
    imports: Imports,
    pub(crate) limits: StoreLimits,
    /// Goes with the store.
    _instance: Slot,
}

impl State {
    pub(crate) fn new(hooks: Hooks, limits: StoreLimits, instance: Slot) -> Self {
        Self {
            imports: Imports::new(hooks),
            limits,
            _instance: instance,
        }
    }

    /// Lets the instance reach the account of this configuration too.
    pub(crate) fn allow(&mut self, config: &Config) {
        let endpoint = config.endpoint();
        let hooks = &mut self.imports.hooks;
        hooks.allow_account(endpoint.as_deref(), config.backups());
    }
}

impl HasImports for State {
    fn imports(&mut self) -> &mut Imports {
        &mut self.imports
    }
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Gives a linker what the WASI 0.2 component of the driver imports, and nothing else: `wasi:http/{types,outgoing-handler}`,
/// `wasi:io`, `wasi:clocks/{monotonic-clock,wall-clock}` and `wasi:random/random`. For components that have the driver
/// inside. Errors: the linker has one of these already.
pub fn link_blocking<T: HasImports>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p2::bindings::{clocks, random};
    use wasmtime_wasi_http::p2::bindings::{LinkOptions, http};
    use wasmtime_wasi_io::bindings::wasi::io;

    io::error::add_to_linker::<_, Io>(linker, |data| &mut data.imports().table)?;
    io::poll::add_to_linker::<_, Io>(linker, |data| &mut data.imports().table)?;
    io::streams::add_to_linker::<_, Io>(linker, |data| &mut data.imports().table)?;
    let options = LinkOptions::default();
    http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, |data| data.imports().http())?;
    http::types::add_to_linker::<_, WasiHttp>(linker, &(&options).into(), |data| {
        data.imports().http()
    })?;
    link_error_code(linker)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, |data| {
        data.imports().clocks()
    })?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, |data| data.imports().clocks())?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |data| &mut data.imports().random)
}

/// What a broken body's error means. wasmtime-wasi-http 48 looks for another type than the one that its streams keep,
/// and never finds it, so that the guest could not tell a silent server from a broken connection.
fn link_error_code<T: HasImports>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let error_code = |mut store: StoreContextMut<'_, T>, (error,): (Resource<IoError>,)| {
        let table = &store.data_mut().imports().table;
        let error = table.get(&error)?.downcast_ref::<Error>();
        Ok((error.and_then(error_code),))
    };
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    types.func_wrap("http-error-code", error_code)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Of what our transport reports of a body; none is "incomplete" to the guest.
fn error_code(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::ConnectionReadTimeout => Some(ErrorCode::ConnectionReadTimeout),
        Error::ConnectionTerminated => Some(ErrorCode::ConnectionTerminated),
        _ => None,
    }
}

/// [`link_blocking`] for the WASI 0.3 component: `wasi:http/{types,client}`, `wasi:clocks/{types,monotonic-clock,system-clock}`
/// and `wasi:random/random`. Errors: the linker has one of these already.
pub fn link_async<T: HasImports>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p3::bindings::{clocks, random};
    use wasmtime_wasi_http::p3::bindings::http;

    http::client::add_to_linker::<_, WasiHttp>(linker, |data| data.imports().http())?;
    http::types::add_to_linker::<_, WasiHttp>(linker, |data| data.imports().http())?;
    clocks::types::add_to_linker::<_, WasiClocks>(linker, |data| data.imports().clocks())?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, |data| {
        data.imports().clocks()
    })?;
    clocks::system_clock::add_to_linker::<_, WasiClocks>(linker, |data| data.imports().clocks())?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |data| &mut data.imports().random)
}
