//! TLS through a proxy that tunnels.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::tls;
use super::*;
use crate::Proxy;

/// A proxy that records the heads of what it is asked, and answers with this status.
struct Tunnels {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, status, Arc::clone(&seen)));
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn tunnel(mut client: TcpStream, status: &str, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = client.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    let answer = format!("HTTP/1.1 {status}\r\n\r\n");
    client.write_all(answer.as_bytes()).await.unwrap();
    if status.starts_with("200") {
        let mut server = TcpStream::connect(target).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
    }
}

fn options(proxy: Proxy, certificate: Vec<u8>) -> Options {
    Options {
        proxy: Some(proxy),
        ca_roots: vec![certificate],
        public_roots: false,
        ..Options::default()
    }
}

#[tokio::test]
async fn https_goes_through_the_proxy_and_is_encrypted_to_the_end() {
    let (url, certificate) = tls::start().await;
    let proxy = Tunnels::start("200 Connection established").await;
    let through = Proxy::new(&proxy.address)
        .unwrap()
        .basic_auth("me", "secret");
    let mut hooks = hooks(&url, options(through, certificate));
    for _ in 0..2 {
        let response = send(&mut hooks, get(&format!("{url}/dbs"))).await.unwrap();
        assert_eq!(text(response).await, "HTTP/2.0 /dbs");
    }
    let heads = proxy.heads();
    let host = url.strip_prefix("https://").unwrap();
    assert_eq!(heads.len(), 1, "one tunnel for both: {heads:?}");
    assert!(
        heads[0].starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")),
        "{heads:?}"
    );
    assert!(
        heads[0].contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"),
        "{heads:?}"
    );
}

#[tokio::test]
async fn what_is_left_out_goes_directly() {
    let (url, certificate) = tls::start().await;
    let proxy = Tunnels::start("200 Connection established").await;
    let around = Proxy::new(&proxy.address).unwrap().bypass("localhost");
    let mut hooks = hooks(&url, options(around, certificate));
    let response = send(&mut hooks, get(&url)).await.unwrap();
    assert_eq!(text(response).await, "HTTP/2.0 /");
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_is_a_connection_that_failed() {
    let (url, certificate) = tls::start().await;
    for status in ["407 Proxy Authentication Required", "502 Bad Gateway"] {
        let proxy = Tunnels::start(status).await;
        let through = Proxy::new(&proxy.address).unwrap();
        let mut hooks = hooks(&url, options(through, certificate.clone()));
        let error = send(&mut hooks, get(&url)).await.unwrap_err();
        assert!(matches!(error, Error::DestinationUnavailable), "{error:?}");
        assert_eq!(proxy.heads().len(), 1);
    }
}

#[tokio::test]
async fn what_is_not_allowed_does_not_reach_the_proxy() {
    let proxy = Tunnels::start("200 Connection established").await;
    let options = Options {
        proxy: Some(Proxy::new(&proxy.address).unwrap()),
        ..Options::default()
    };
    let mut hooks = hooks("https://acct.documents.azure.com", options);
    let error = send(&mut hooks, get("https://elsewhere.example/"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
    assert!(proxy.heads().is_empty());
}
