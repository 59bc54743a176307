//! A TLS connection that breaks when the server has read the request: nobody may send it again who was told
//! not to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cosmosdb_driver_host::types::{MetadataMode, RequestSent};
use cosmosdb_driver_host::{Client, Config, Credential, Error, Face, Options, blocking};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::{KEY, host};

/// The item, and what the server knows the end of the request by.
const ITEM: &str = r#"{"id":"1","end":"of the request"}"#;

/// Reads whole requests, and answers each with what is no TLS.
struct Garbling {
    endpoint: String,
    certificate: Vec<u8>,
    requests: Arc<AtomicUsize>,
}

impl Garbling {
    fn start() -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = key.cert.der().clone();
        let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], private)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for tcp in listener.incoming() {
                garble(&config, tcp.unwrap(), &counted);
            }
        });
        Self {
            endpoint: format!("https://localhost:{port}"),
            certificate: certificate.to_vec(),
            requests,
        }
    }

    fn options(&self) -> Options {
        Options {
            ca_roots: vec![self.certificate.clone()],
            ..Options::default()
        }
    }

    fn config(&self) -> Config {
        Config::new(&self.endpoint, Credential::account_key(KEY))
            .metadata(MetadataMode::Lean)
            .retry_ambiguous_writes(false)
    }

    fn assert_sent_once(&self, error: &Error) {
        assert!(error.may_be_applied(), "{error}");
        let diagnostics = error.driver().unwrap().diagnostics.as_ref().unwrap();
        let [attempt] = &diagnostics.attempts[..] else {
            panic!("{diagnostics:?}")
        };
        assert_eq!(attempt.request_sent, RequestSent::Unknown);
        assert_eq!(self.requests.load(Ordering::SeqCst), 1);
    }
}

fn garble(config: &Arc<ServerConfig>, mut tcp: TcpStream, requests: &AtomicUsize) {
    let mut session = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = Stream::new(&mut session, &mut tcp);
    let mut request = Vec::new();
    while !request.ends_with(ITEM.as_bytes()) {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the client closed within the request");
        request.extend_from_slice(&chunk[..read]);
    }
    assert!(request.starts_with(b"POST "));
    requests.fetch_add(1, Ordering::SeqCst);
    tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    // Until the client closes or resets.
    drop(tcp.read_to_end(&mut Vec::new()));
}

#[test]
fn the_blocking_client_does_not_send_it_again() {
    let server = Garbling::start();
    let host = host(Face::Blocking, server.options());
    let items = blocking::Client::open(&host, server.config())
        .unwrap()
        .container("db", "c");
    server.assert_sent_once(&items.create_item_bytes("k", ITEM).unwrap_err());
}

#[tokio::test]
async fn the_async_client_does_not_send_it_again() {
    let server = Garbling::start();
    let host = host(Face::Async, server.options());
    let client = Client::open(&host, server.config()).await.unwrap();
    let items = client.container("db", "c");
    let created = items.create_item_bytes("k", ITEM).await;
    server.assert_sent_once(&created.unwrap_err());
}
