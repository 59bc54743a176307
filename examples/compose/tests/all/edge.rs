//! What Spin is to an app, as far as the carts need it: one instance behind a port, with variables and a key-value store.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use wasmtime::component::{Accessor, HasSelf, Linker, Resource};
use wasmtime_wasi_http::p3;
use wasmtime_wasi_http::p3::bindings::Service;

use crate::host::{Network, State, load};

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::restriction)]
mod bindings {
    wasmtime::component::bindgen!({ path: "tests/all/spin.wit" });
}

use bindings::spin::key_value::key_value;
use bindings::spin::variables::variables;

/// Names and values: variables, and what is in the store.
pub(crate) type Pairs = BTreeMap<String, Vec<u8>>;

impl key_value::Host for State {}

impl key_value::HostStore for State {
    fn drop(&mut self, _: Resource<key_value::Store>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl<T: Send> key_value::HostStoreWithStore<T> for HasSelf<State> {
    async fn open(
        _: &Accessor<T, Self>,
        label: String,
    ) -> Result<Resource<key_value::Store>, key_value::Error> {
        match label.as_str() {
            "default" => Ok(Resource::new_own(0)),
            _ => Err(key_value::Error::NoSuchStore),
        }
    }

    async fn get(
        store: &Accessor<T, Self>,
        _: Resource<key_value::Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, key_value::Error> {
        tokio::task::yield_now().await;
        Ok(store.with(|mut store| store.get().values.get(&key).cloned()))
    }

    async fn set(
        store: &Accessor<T, Self>,
        _: Resource<key_value::Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), key_value::Error> {
        store.with(|mut store| store.get().values.insert(key, value));
        Ok(())
    }
}

impl variables::Host for State {}

impl<T: Send> variables::HostWithStore<T> for HasSelf<State> {
    async fn get(store: &Accessor<T, Self>, name: String) -> Result<String, variables::Error> {
        let value = store.with(|mut store| store.get().variables.get(&name).cloned());
        let value = value.and_then(|value| String::from_utf8(value).ok());
        value.ok_or(variables::Error::Undefined(name))
    }
}

type Call = (Request<Full<Bytes>>, oneshot::Sender<Response<Full<Bytes>>>);

/// An app behind a port.
pub(crate) struct Edge {
    address: SocketAddr,
    port: JoinHandle<()>,
    instance: JoinHandle<Pairs>,
}

impl Edge {
    /// Serves the app with these variables, and this in its store.
    pub(crate) async fn start(app: &[u8], variables: Pairs, values: Pairs) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (calls, received) = mpsc::unbounded_channel();
        let (mut store, component, mut linker) = load(app);
        link(&mut linker);
        store.data_mut().variables = variables;
        store.data_mut().values = values;
        let service = Service::instantiate_async(&mut store, &component, &linker);
        let service = service.await.unwrap();
        let instance = tokio::spawn(async move {
            let run = async |store: &Accessor<State>| run(store, &service, received).await;
            store.run_concurrent(run).await.unwrap();
            store.into_data().values
        });
        Self {
            address,
            port: tokio::spawn(listen(listener, calls)),
            instance,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Ends the instance. What is in its store.
    pub(crate) async fn stop(self) -> Pairs {
        self.port.abort();
        self.instance.await.unwrap()
    }
}

fn link(linker: &mut Linker<State>) {
    key_value::add_to_linker::<_, HasSelf<_>>(linker, |state| state).unwrap();
    variables::add_to_linker::<_, HasSelf<_>>(linker, |state| state).unwrap();
}

/// Answers calls, all at the same time, until nobody can call any more.
async fn run(store: &Accessor<State>, service: &Service, mut calls: mpsc::UnboundedReceiver<Call>) {
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Some(call) => running.push(answer(store, service, call)),
                None => break,
            },
            Some(()) = running.next() => {}
        }
    }
    while running.next().await.is_some() {}
}

async fn answer(store: &Accessor<State>, service: &Service, (request, reply): Call) {
    let (request, received) = p3::Request::from_http(&mut Network::default(), request);
    let answered = async {
        let response = service.handle(store, request).await.unwrap().unwrap();
        let response = store.with(|store| response.into_http(store, async { Ok(()) }));
        let (head, body) = response.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        // The client may have gone.
        drop(reply.send(Response::from_parts(head, Full::new(body))));
    };
    tokio::select! {
        () = answered => {}
        () = async { drop(received.await); pending().await } => {}
    }
}

/// The port.
async fn listen(listener: TcpListener, calls: mpsc::UnboundedSender<Call>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let calls = calls.clone();
        connections.spawn(async move {
            let call = service_fn(|request| call(request, calls.clone()));
            drop(
                http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), call)
                    .await,
            );
        });
    }
}

async fn call(
    request: Request<Incoming>,
    calls: mpsc::UnboundedSender<Call>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (mut head, body) = request.into_parts();
    let host = head.headers["host"].to_str()?;
    head.uri = format!("http://{host}{}", head.uri).parse()?;
    let body = Full::new(body.collect().await?.to_bytes());
    let (reply, answer) = oneshot::channel();
    calls.send((Request::from_parts(head, body), reply))?;
    Ok(answer.await?)
}
