//! A server for measurements: Cosmos-shaped answers, the same bytes on every run.
//!
//! It keeps nothing and checks nothing. Dates, ids, charges and tokens are constants, so that a client spends exactly
//! the same work on every run. Any database, container and item exists; an item is always the same JSON object of
//! 1024 bytes. Speaks HTTP/1.1 and HTTP/2 without TLS.

mod canned;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::listen;
use crate::thread::ServerThread;
use canned::Canned;
pub use canned::Kind;

/// How many requests [`FixedServer::requests`] can name.
const NAMED: usize = 10_000;

/// A running server on a port of 127.0.0.1, on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct FixedServer {
    address: SocketAddr,
    tally: Arc<Tally>,
    _thread: ServerThread,
}

impl FixedServer {
    /// Starts the server; it accepts connections when this returns. Needs no runtime. Errors: the system gives no
    /// port or thread.
    pub fn start() -> io::Result<Self> {
        let thread = ServerThread::start("cosmos-fixed")?;
        let listener = thread.listen()?;
        let address = listener.local_addr()?;
        let tally = Arc::new(Tally::default());
        let canned = Arc::new(Canned::new(&endpoint(address)));
        let (seen, connections) = (tally.clone(), tally.connections.clone());
        thread
            .runtime()
            .spawn(listen::serve(listener, connections, move |request| {
                answer(canned.clone(), seen.clone(), request)
            }));
        Ok(Self {
            address,
            tally,
            _thread: thread,
        })
    }

    /// `http://127.0.0.1:port/`
    pub fn endpoint(&self) -> String {
        endpoint(self.address)
    }

    /// The first 10,000 requests in order of arrival, as `GET /dbs/…` with the path as sent. [`count`](Self::count)
    /// has no limit.
    pub fn requests(&self) -> Vec<String> {
        self.tally.named().clone()
    }

    /// How many requests of a kind arrived so far.
    pub fn count(&self, kind: Kind) -> u64 {
        self.tally.counts[kind as usize].load(Ordering::Relaxed)
    }

    /// The number of TCP connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.tally.connections.load(Ordering::Relaxed)
    }
}

/// What arrived.
#[derive(Debug, Default)]
struct Tally {
    connections: Arc<AtomicU64>,
    counts: [AtomicU64; Kind::COUNT],
    named: Mutex<Vec<String>>,
}

impl Tally {
    fn note<B>(&self, kind: Kind, request: &Request<B>) {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
        let mut named = self.named();
        if named.len() < NAMED {
            named.push(format!("{} {}", request.method(), request.uri().path()));
        }
    }

    fn named(&self) -> MutexGuard<'_, Vec<String>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers one request after reading it to its end.
async fn answer(
    canned: Arc<Canned>,
    tally: Arc<Tally>,
    mut request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let kind = Kind::of(&request);
    tally.note(kind, &request);
    while let Some(frame) = request.body_mut().frame().await {
        frame.map_err(io::Error::other)?;
    }
    Ok(canned.answer(kind, request.headers()).map(Full::new))
}

fn endpoint(address: SocketAddr) -> String {
    format!("http://{address}/")
}

#[cfg(test)]
mod tests;
