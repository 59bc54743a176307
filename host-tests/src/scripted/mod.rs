//! A server that misbehaves as told, down to single bytes.
//!
//! It plays a script: the first request to arrive gets the first [`Step`], and so on over all connections; when the
//! script has ended its last step repeats. Speaks HTTP/1.1 without TLS. A [`Gate`] lets a test decide when something
//! happens, and [`ScriptedServer::wait_until`] lets it wait until the server has seen something, so no test sleeps.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use host_tests::scripted::{Gate, ScriptedServer, Step};
//!
//! let gate = Gate::new();
//! let server = ScriptedServer::start([
//!     Step::respond(429, &[("x-ms-retry-after-ms", "5")], ""),
//!     Step::respond(200, &[], "{}").after(&gate),
//! ])?;
//! // … start a client against server.endpoint() …
//! server.wait_until(|seen| seen.len() == 2).await;
//! gate.open();
//! # Ok(())
//! # }
//! ```

mod connection;
mod gate;
mod log;
mod play;
mod step;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;

use crate::thread::{ServerThread, accept};
pub(crate) use connection::Connection;
pub use gate::Gate;
pub(crate) use log::Log;
pub use log::Seen;
pub(crate) use play::{Next, Turn};
pub use step::Step;

/// A running server on a port of 127.0.0.1, on a thread of its own. Dropping it stops it and closes its connections.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    stage: Arc<Stage>,
    _thread: ServerThread,
}

impl ScriptedServer {
    /// Starts the server; it accepts connections when this returns. Needs no runtime. An empty script answers every
    /// request with 200 and `{}`. Errors: the system gives no port or thread.
    pub fn start(script: impl IntoIterator<Item = Step>) -> io::Result<Self> {
        let mut script: Vec<Step> = script.into_iter().collect();
        if script.is_empty() {
            script.push(Step::respond(200, &[], "{}"));
        }
        let stage = Arc::new(Stage {
            script,
            log: Log::default(),
            connections: AtomicU64::new(0),
        });
        let thread = ServerThread::start("cosmos-scripted")?;
        let listener = thread.listen()?;
        let address = listener.local_addr()?;
        thread.runtime().spawn(serve(listener, stage.clone()));
        Ok(Self {
            address,
            stage,
            _thread: thread,
        })
    }

    /// `http://127.0.0.1:port/`
    pub fn endpoint(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The requests whose heads were read so far, in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.stage.log.look(<[Seen]>::to_vec)
    }

    /// The number of TCP connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.stage.connections.load(Ordering::Relaxed)
    }

    /// Waits until the requests seen so far satisfy `condition`, and returns them. Asks again whenever a head or a
    /// piece of a body was read, and when a client went away. Works on any executor; never ends if nothing happens.
    pub async fn wait_until(&self, condition: impl FnMut(&[Seen]) -> bool) -> Vec<Seen> {
        self.stage.log.wait_until(condition).await
    }
}

/// What the connections share.
#[derive(Debug)]
struct Stage {
    /// Never empty.
    script: Vec<Step>,
    log: Log,
    connections: AtomicU64,
}

impl Stage {
    /// The step that is a request's turn.
    fn step(&self, number: usize) -> &Step {
        &self.script[number.min(self.script.len() - 1)]
    }
}

/// Serves for as long as the thread lives.
async fn serve(listener: TcpListener, stage: Arc<Stage>) {
    loop {
        let stream = accept(&listener).await;
        let number = stage.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(play::converse(stream, number, stage.clone()));
    }
}
