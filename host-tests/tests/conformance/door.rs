//! A listener whose connections are hung up on before a byte is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::scene::GOOD;

/// A port that refuses connections until it is [opened](Self::open).
pub(crate) struct Door(TcpSocket);

impl Door {
    pub(crate) fn closed() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/", self.0.local_addr().unwrap())
    }

    /// Accepts connections from now on: hangs up on the first `rude` ones, and gives good answers on the others.
    /// Returns the number of connections so far.
    pub(crate) fn open(self, rude: usize) -> Arc<AtomicUsize> {
        let accepted = Arc::new(AtomicUsize::new(0));
        tokio::spawn(serve(self.0.listen(8).unwrap(), rude, accepted.clone()));
        accepted
    }
}

async fn serve(listener: TcpListener, rude: usize, accepted: Arc<AtomicUsize>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if accepted.fetch_add(1, Ordering::Relaxed) >= rude {
            tokio::spawn(answer(stream));
        }
    }
}

/// One good answer to a request without a body.
async fn answer(mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", GOOD.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(GOOD.as_bytes()).await.unwrap();
}
