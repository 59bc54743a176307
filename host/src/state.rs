//! What a store holds: the host's side of one instance.

use wasmtime::StoreLimits;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtx, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx, WasiRandomView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::IoView;

use crate::transport::Hooks;

/// The imports of one instance and its limits.
pub(crate) struct State {
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Hooks,
    clocks: WasiClocksCtx,
    random: WasiRandomCtx,
    pub(crate) limits: StoreLimits,
}

impl State {
    pub(crate) fn new(hooks: Hooks, limits: StoreLimits) -> Self {
        Self {
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            hooks,
            clocks: WasiClocksCtx::default(),
            random: WasiRandomCtx::default(),
            limits,
        }
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
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, State::random)
}

/// The same for WASI 0.3.
pub(crate) fn link_async(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p3::bindings::random;

    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, State::random)
}
