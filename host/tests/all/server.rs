//! A server with a handful of behaviours, chosen by the item's id, which records what it saw.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

/// Answers:
///
/// - an id that begins with `together`: when as many such requests are under way as the server was started for
/// - `never`: not at all
/// - `missing`: 404
/// - anything in the container `busy`: 429 before the body is read
/// - anything else: 201 for POST, 200 with an item otherwise
pub(crate) struct Server {
    pub(crate) origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    /// Its own, so that it serves blocking tests as well as async ones.
    runtime: Option<Runtime>,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) if_match: Option<String>,
    pub(crate) body: Bytes,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::together(1)
    }

    pub(crate) fn together(parties: usize) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(serve(
            listener,
            Arc::clone(&seen),
            Arc::clone(&connections),
            Arc::new(Barrier::new(parties)),
        ));
        Self {
            origin,
            seen,
            connections,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for(&self, requests: usize) {
        while self.seen.lock().unwrap().len() < requests {
            std::thread::yield_now();
        }
    }

    /// Sends one more request of those that are answered together, by itself.
    pub(crate) fn release(&self) {
        let address = self.origin.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "GET /together HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn serve(
    listener: std::net::TcpListener,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    barrier: Arc<Barrier>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        let (seen, barrier) = (Arc::clone(&seen), Arc::clone(&barrier));
        let service = service_fn(move |request| {
            let (seen, barrier) = (Arc::clone(&seen), Arc::clone(&barrier));
            async move { Ok::<_, Infallible>(answer(request, &seen, &barrier).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: &Mutex<Vec<Seen>>,
    barrier: &Barrier,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    if head.uri.path().contains("/colls/busy/") {
        let refusal = Response::builder()
            .status(429)
            .header("x-ms-retry-after-ms", "17");
        return refusal.body(Full::default()).unwrap();
    }
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let header = |name: &str| {
        head.headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let path = head.uri.path().to_owned();
    seen.lock().unwrap().push(Seen {
        method: head.method.clone(),
        path: path.clone(),
        authorization: header("authorization").unwrap_or_default(),
        if_match: header("if-match"),
        body,
    });
    let id = path.rsplit('/').next().unwrap_or_default();
    if id.starts_with("together") {
        barrier.wait().await;
    }
    if id == "never" {
        std::future::pending::<()>().await;
    }
    let status = match (&head.method, id) {
        (_, "missing") => 404,
        (&Method::POST, _) => 201,
        _ => 200,
    };
    let body = if status == 200 {
        format!(r#"{{"id":"{id}"}}"#)
    } else {
        String::new()
    };
    Response::builder()
        .status(status)
        .header("x-ms-request-charge", "2.5")
        .header("x-ms-session-token", "0:-1#7")
        .header("etag", "\"e1\"")
        .body(Full::from(body))
        .unwrap()
}
