//! The accept loop of the HTTP servers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

use crate::cors::Cors;
use crate::thread::accept;

/// Serves HTTP/1.1 and HTTP/2 without TLS for as long as the runtime lives, and counts the connections. A service
/// that ends in an error drops its connection without an answer. Pages of any origin are served.
pub(crate) async fn serve<S, F>(listener: TcpListener, connections: Arc<AtomicU64>, service: S)
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = io::Result<Response<Full<Bytes>>>> + Send + 'static,
{
    loop {
        let stream = accept(&listener).await;
        connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(converse(stream, service.clone()));
    }
}

/// Answers the requests of one connection.
async fn converse<S, F>(stream: TcpStream, service: S)
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = io::Result<Response<Full<Bytes>>>> + Send + 'static,
{
    // What goes wrong here goes wrong at the client's end too, and the client's view is what tests look at.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|request| answer(Cors::of(&request), service.clone(), request)),
        )
        .await;
}

/// Answers one request, or the browser's question whether a page may send it.
async fn answer<S, F>(
    cors: Option<Cors>,
    service: S,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>>
where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = io::Result<Response<Full<Bytes>>>>,
{
    let asked = cors.as_ref().and_then(|cors| cors.preflight(&request));
    if let Some(answer) = asked {
        return Ok(answer);
    }
    let mut answer = service(request).await?;
    if let Some(cors) = cors {
        cors.expose(answer.headers_mut());
    }
    Ok(answer)
}
