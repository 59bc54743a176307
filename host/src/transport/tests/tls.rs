//! TLS against a server with a certificate of its own.

use std::convert::Infallible;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Serves HTTP/2 on localhost until the test ends. Returns its URL and its certificate in DER.
pub(super) async fn start() -> (String, Vec<u8>) {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], private)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let service = service_fn(|request| async move { Ok::<_, Infallible>(echo(&request)) });
            let connection = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    (url, certificate.to_vec())
}

/// Tells what the server saw.
fn echo<B>(request: &Request<B>) -> Response<Full<Bytes>> {
    let seen = format!("{:?} {}", request.version(), request.uri().path());
    Response::new(Full::from(seen))
}

#[tokio::test]
async fn http2_is_spoken_to_a_server_with_a_trusted_certificate() {
    let (url, certificate) = start().await;
    let options = Options {
        ca_roots: vec![certificate],
        ..Options::default()
    };
    let mut hooks = hooks(&url, options);
    let response = send(&mut hooks, get(&format!("{url}/dbs"))).await.unwrap();
    assert_eq!(text(response).await, "HTTP/2.0 /dbs");
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused() {
    let (url, _) = start().await;
    let error = send(&mut hooks(&url, Options::default()), get(&url))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TlsCertificateError), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused() {
    let server = Server::start(async |mut peer| {
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer.read_to_end().await;
    })
    .await;
    let url = server.url("").replace("http://", "https://");
    let error = send(&mut hooks(&url, Options::default()), get(&url))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::TlsProtocolError), "{error:?}");
}

#[tokio::test]
async fn a_server_that_closes_within_the_handshake_has_not_seen_the_request() {
    let server = Server::start(async |_| {}).await;
    let url = server.url("").replace("http://", "https://");
    let error = send(&mut hooks(&url, Options::default()), get(&url))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::DestinationUnavailable), "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_stalls_times_out_as_a_connection() {
    let server = Server::start(async |mut peer| peer.read_to_end().await).await;
    let url = server.url("").replace("http://", "https://");
    let mut hooks = hooks(&url, Options::default());
    let error = send_with(&mut hooks, get(&url), Some(impatient()))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ConnectionTimeout), "{error:?}");
}
