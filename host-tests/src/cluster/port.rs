//! A port of 127.0.0.1 that can be closed and opened again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::thread::ServerThread;

/// Clients that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A port, and the server behind it while it is open.
#[derive(Debug)]
pub(super) struct Port {
    /// Bound and never listened on: it keeps the port ours while nobody listens, and connections are refused.
    _keeper: TcpSocket,
    address: SocketAddr,
    server: Option<ServerThread>,
}

impl Port {
    /// A free port, closed. Errors: the system gives none.
    pub(super) fn new() -> io::Result<Self> {
        let keeper = bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = keeper.local_addr()?;
        Ok(Self {
            _keeper: keeper,
            address,
            server: None,
        })
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens, and runs what `serve` makes of the listener, on a thread of its own. An open port stays as it is.
    /// Errors: the system gives no thread, or the port is lost.
    pub(super) fn open<F>(&mut self, serve: impl FnOnce(TcpListener) -> F) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.server.is_some() {
            return Ok(());
        }
        let thread = ServerThread::start("cosmos-cluster")?;
        let entered = thread.runtime().enter();
        let listener = bind(self.address)?.listen(BACKLOG)?;
        drop(entered);
        thread.runtime().spawn(serve(listener));
        self.server = Some(thread);
        Ok(())
    }

    /// Refuses connections from now on; those that exist are closed when this returns.
    pub(super) fn close(&mut self) {
        self.server = None;
    }
}

/// A socket that shares its port with the others made here.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
