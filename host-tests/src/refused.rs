//! An address that refuses connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use tokio::net::TcpSocket;

/// An endpoint (`http://127.0.0.1:port/`) where nothing listens: connections to it are refused, for as long as the
/// process lives.
///
/// The port is bound and never listened on, so that no other program can take it.
///
/// # Panics
///
/// When the system has no loopback port left.
#[expect(clippy::expect_used, reason = "a test cannot go on without a port")]
pub fn refused() -> String {
    static SOCKET: OnceLock<(TcpSocket, SocketAddr)> = OnceLock::new();
    let (_, address) = SOCKET.get_or_init(|| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free port on loopback");
        let address = socket
            .local_addr()
            .expect("the address that was just bound");
        (socket, address)
    });
    format!("http://{address}/")
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::refused;

    #[test]
    fn connections_are_refused() {
        let authority = refused().replace("http://", "").replace('/', "");
        let error = std::net::TcpStream::connect(authority).expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}
