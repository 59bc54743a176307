//! A host of its own: WASI 0.3, the recorder's tape, and the calls of the smallest app.

use std::collections::BTreeMap;

use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Engine, OptLevel, Store};
use wasmtime_wasi::clocks::{WasiClocksCtx, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx, WasiRandomView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::{component, plug};

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::restriction)]
mod bindings {
    wasmtime::component::bindgen!({
        path: ["caller/wit", "../middleware/layer/wit"],
        inline: "
            package example:test;
            world test {
                import example:middleware/tape@0.1.0;
                include example:caller/caller;
            }
        ",
        world: "example:test/test",
        exports: { default: async | store },
    });
}

pub(crate) use bindings::Test as Caller;
pub(crate) use bindings::example::middleware::tape::{Answer, Request};

/// The network.
pub(crate) struct Network(Client<HttpConnector, WasiBody>);

impl Default for Network {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

type Sending<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl WasiHttpHooks for Network {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Sending<()>,
    ) -> Sending<(http::Response<WasiBody>, Sending<()>)> {
        let response = self.0.request(request);
        Box::new(async move {
            let response = response.await.map_err(|_| Error::ConnectionRefused)?;
            let body = |body: hyper::body::Incoming| {
                body.map_err(|_| Error::ConnectionTerminated).boxed_unsync()
            };
            Ok((
                response.map(body),
                Box::new(async { Ok(()) }) as Sending<()>,
            ))
        })
    }
}

/// What an instance imports.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) network: Network,
    table: ResourceTable,
    http: WasiHttpCtx,
    clocks: WasiClocksCtx,
    random: WasiRandomCtx,
    /// What the recorder has kept.
    pub(crate) tape: Vec<(Request, Answer)>,
    /// Whether it plays.
    pub(crate) plays: bool,
    /// Spin's variables.
    pub(crate) variables: BTreeMap<String, Vec<u8>>,
    /// Spin's store.
    pub(crate) values: BTreeMap<String, Vec<u8>>,
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.network,
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

impl bindings::example::middleware::tape::Host for State {
    fn play(&mut self, request: Request) -> Option<Answer> {
        let mut known = self.tape.iter().filter(|_| self.plays);
        let known = known.find(|(known, _)| {
            (&known.method, &known.path, &known.body)
                == (&request.method, &request.path, &request.body)
        });
        known.map(|(_, answer)| answer.clone())
    }

    fn keep(&mut self, request: Request, answer: Answer) {
        self.tape.push((request, answer));
    }
}

/// Instantiates what these bytes hold, with all that this host has.
pub(crate) fn load(composed: &[u8]) -> (Store<State>, Component, Linker<State>) {
    let mut config = Config::new();
    // Compiled anew in each test: that takes longer than to run it.
    config.cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).unwrap();
    let component = Component::new(&engine, composed).unwrap();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi_http::p3::add_to_linker(&mut linker).unwrap();
    wasmtime_wasi::p3::clocks::add_to_linker(&mut linker).unwrap();
    wasmtime_wasi::p3::bindings::random::random::add_to_linker::<_, WasiRandom>(
        &mut linker,
        State::random,
    )
    .unwrap();
    Caller::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).unwrap();
    (Store::new(&engine, State::default()), component, linker)
}

/// The smallest app, above a driver.
pub(crate) async fn caller(driver: &[u8]) -> (Store<State>, Caller) {
    let composed = plug(&component("compose-caller.wasm"), &[driver]).unwrap();
    let (mut store, component, linker) = load(&composed);
    let caller = Caller::instantiate_async(&mut store, &component, &linker)
        .await
        .unwrap();
    (store, caller)
}
