//! What a store holds: the host's side of one instance.

use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{StoreContextMut, StoreLimits};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtx, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx, WasiRandomView};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::IoView;
use wasmtime_wasi_io::bindings::wasi::io::error::Error as IoError;

use crate::config::Config;
use crate::slots::Slot;
use crate::transport::Hooks;

/// The imports of one instance and its limits.
pub(crate) struct State {
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Hooks,
    clocks: WasiClocksCtx,
    random: WasiRandomCtx,
    pub(crate) limits: StoreLimits,
    /// Goes with the store.
    _instance: Slot,
}

impl State {
    pub(crate) fn new(hooks: Hooks, limits: StoreLimits, instance: Slot) -> Self {
        Self {
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            hooks,
            clocks: WasiClocksCtx::default(),
            random: WasiRandomCtx::default(),
            limits,
            _instance: instance,
        }
    }

    /// Lets the instance reach the account of this configuration too.
    pub(crate) fn allow(&mut self, config: &Config) {
        let endpoint = config.endpoint();
        self.hooks
            .allow_account(endpoint.as_deref(), config.backups());
    }
}

impl IoView for State {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

impl WasiClocksView for State {
    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView {
            ctx: &mut self.clocks,
            table: &mut self.table,
        }
    }
}

impl WasiRandomView for State {
    fn random(&mut self) -> &mut WasiRandomCtx {
        &mut self.random
    }
}

/// Everything that the worlds in `wit/world.wit` import for WASI 0.2, and nothing else.
pub(crate) fn link_blocking(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p2::bindings::{clocks, random};

    wasmtime_wasi_io::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    link_error_code(linker)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, State::random)
}

/// What a broken body's error means. wasmtime-wasi-http 48 looks for another type than the one that its streams keep,
/// and never finds it, so that the guest could not tell a silent server from a broken connection.
fn link_error_code(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let error_code = |store: StoreContextMut<'_, State>, (error,): (Resource<IoError>,)| {
        let error = store.data().table.get(&error)?.downcast_ref::<Error>();
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

/// The same for WASI 0.3.
pub(crate) fn link_async(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p3::bindings::random;

    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, State::random)
}
