//! A server that does what a test says with each connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(super) struct Server {
    pub(super) origin: String,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// One connection.
pub(super) struct Peer {
    stream: BufReader<TcpStream>,
    seen: Arc<Seen>,
}

impl Server {
    pub(super) async fn start<F>(handle: impl Fn(Peer) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let counted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let stream = BufReader::new(stream);
                handle(Peer {
                    stream,
                    seen: Arc::clone(&counted),
                })
                .await;
            }
        });
        Self { origin, seen, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// The head of the next request; none if the client has closed.
    pub(super) async fn head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        self.seen.requests.fetch_add(1, Ordering::SeqCst);
        Some(String::from_utf8(head).unwrap())
    }

    pub(super) async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Says that nothing more will be written.
    pub(super) async fn shut_down(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Until the client closes or resets.
    pub(super) async fn read_to_end(&mut self) {
        drop(self.stream.read_to_end(&mut Vec::new()).await);
    }
}
