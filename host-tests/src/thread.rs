//! A runtime on a thread of its own.

use std::io;
use std::net::Ipv4Addr;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A thread that runs one server. Dropping it stops the server: listeners and connections are closed when `drop`
/// returns.
#[derive(Debug)]
pub(crate) struct ServerThread {
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ServerThread {
    /// Starts an idle thread. Errors: the system gives no thread or no event queue.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Either way the end is near: the sender is dropped, never used.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            runtime: handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Listens on a free port of 127.0.0.1. Errors: the system gives no port.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        self.listen_on(0)
    }

    /// Listens on this port of 127.0.0.1; 0: a free one. Errors: the port is taken.
    pub(crate) fn listen_on(&self, port: u16) -> io::Result<TcpListener> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let _entered = self.runtime.enter();
        TcpListener::from_std(listener)
    }

    /// The runtime of the thread: what is spawned here runs there.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic on the server's thread has been printed there; a second one here would hide it.
            let _ = thread.join();
        }
    }
}

/// The next client of a listener. Its answers are sent at once, however small.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // Without it answers are slower, nothing else.
            let _ = stream.set_nodelay(true);
            return stream;
        }
        // Only that one client fails, or the system is short of sockets and the others must get on.
        tokio::task::yield_now().await;
    }
}
