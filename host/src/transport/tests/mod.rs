//! The transport against real sockets.

mod failures;
mod metered;
mod proxy;
mod server;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, StreamBody};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use self::server::Server;
use super::{Allow, Denied, Hooks, Signer, Transport};
use crate::Options;

/// What one instance would send through, allowed to reach this origin.
fn hooks(origin: &str, options: Options) -> Hooks {
    let mut allow = Allow::default();
    allow.add_account(Some(origin), &[]);
    Hooks::new(Transport::new(options).unwrap(), allow)
}

fn body(content: &'static str) -> WasiBody {
    Full::new(Bytes::from(content))
        .map_err(|never| match never {})
        .boxed_unsync()
}

fn get(url: &str) -> Request<WasiBody> {
    Request::get(url).body(body("")).unwrap()
}

/// A short timeout for each part of a request.
fn impatient() -> RequestOptions {
    let short = Some(Duration::from_millis(100));
    RequestOptions {
        connect_timeout: short,
        first_byte_timeout: short,
        between_bytes_timeout: short,
    }
}

async fn send(hooks: &mut Hooks, request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
    send_with(hooks, request, None).await
}

async fn send_with(
    hooks: &mut Hooks,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Response<WasiBody>, Error> {
    let sent = hooks.send_request(request, options, Box::new(async { Ok(()) }));
    Ok(Box::into_pin(sent).await?.0)
}

async fn text(response: Response<WasiBody>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

const REFUSAL: &str =
    "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let server = Server::start(async |mut peer| {
        while let Some(head) = peer.head().await {
            assert!(head.starts_with("GET /dbs HTTP/1.1\r\n"), "{head}");
            peer.write(OK).await;
        }
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    for _ in 0..3 {
        let response = send(&mut hooks, get(&server.url("/dbs"))).await.unwrap();
        assert_eq!(text(response).await, "ok");
    }
    assert_eq!((server.connections(), server.requests()), (1, 3));
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let (closed, mut both_closed) = tokio::sync::mpsc::channel(1);
    let server = Server::start(move |mut peer| {
        let closed = closed.clone();
        async move {
            peer.head().await;
            peer.write(OK).await;
            peer.shut_down().await;
            // Ends when the client has noticed and closes its side.
            peer.read_to_end().await;
            closed.send(()).await.unwrap();
        }
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    for _ in 0..3 {
        let response = send(&mut hooks, get(&server.url("/"))).await.unwrap();
        assert_eq!(text(response).await, "ok");
        both_closed.recv().await.unwrap();
    }
    assert_eq!((server.connections(), server.requests()), (3, 3));
}

#[tokio::test]
async fn a_refusal_is_seen_during_the_upload() {
    let server = Server::start(async |mut peer| {
        peer.head().await;
        peer.write(REFUSAL).await;
        peer.read_to_end().await;
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    // An upload that never ends.
    let endless = StreamBody::new(futures_util::stream::pending()).boxed_unsync();
    let request = Request::post(server.url("/")).body(endless).unwrap();
    let response = send(&mut hooks, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_seen_when_the_server_resets_the_upload() {
    let server = Server::start(async |mut peer| {
        peer.head().await;
        peer.write(REFUSAL).await;
        // Closes with most of the upload unread, which the client sees as a failed write.
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    // Often enough to meet all orders of events.
    for _ in 0..50 {
        let large = Full::new(Bytes::from(vec![b'x'; 8 << 20])).map_err(|never| match never {});
        let request = Request::post(server.url("/"))
            .body(large.boxed_unsync())
            .unwrap();
        let response = send(&mut hooks, request).await.unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(server.requests(), 50);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::start(async |mut peer| {
        while peer.head().await.is_some() {
            peer.write("HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
    })
    .await;
    let mut hooks = hooks(&server.origin, Options::default());
    let response = send(&mut hooks, get(&server.url("/"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers()[LOCATION], "/elsewhere");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn other_origins_are_refused_without_a_connection() {
    let server = Server::start(async |mut peer| {
        peer.head().await;
        peer.write(OK).await;
    })
    .await;
    let mut other = hooks("https://acct.documents.azure.com", Options::default());
    let error = send(&mut other, get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");

    // The first connection that the server sees is this one.
    let mut own = hooks(&server.origin, Options::default());
    assert!(send(&mut own, get(&server.url("/"))).await.is_ok());
    assert_eq!((server.connections(), server.requests()), (1, 1));
}

#[derive(Debug)]
struct Stamp;

impl Signer for Stamp {
    fn sign(&self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Result<(), Denied> {
        if uri.path() == "/secret" {
            return Err(Denied);
        }
        let stamp = format!("{method} {}", uri.path());
        headers.insert(
            AUTHORIZATION,
            HeaderValue::try_from(stamp).map_err(|_| Denied)?,
        );
        Ok(())
    }
}

#[tokio::test]
async fn the_signer_sees_every_request() {
    let server = Server::start(async |mut peer| {
        let head = peer.head().await.unwrap();
        assert!(head.contains("\r\nauthorization: GET /dbs\r\n"), "{head}");
        peer.write(OK).await;
    })
    .await;
    let options = Options {
        signer: Some(Arc::new(Stamp)),
        ..Options::default()
    };
    let mut hooks = hooks(&server.origin, options);
    let error = send(&mut hooks, get(&server.url("/secret")))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
    assert_eq!(
        text(send(&mut hooks, get(&server.url("/dbs"))).await.unwrap()).await,
        "ok"
    );
    assert_eq!(server.requests(), 1);
}
