//! TCP connections that still deliver the response when the upload breaks.
//!
//! A server that refuses a large request early answers, and then closes while the client is still sending: the
//! next write fails although the answer has arrived. An HTTP client that takes the failed write for the end never
//! reads it. Here a failed write only ends the sending: what matters is what the reads say.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::TryFutureExt;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::proxy::Rules;
use super::resolve::Resolver;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens [`Stream`]s, through a proxy where there is one.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    proxy: Option<Rules>,
}

impl Connector {
    pub(super) fn new(proxy: Option<Rules>) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
        // The scheme is checked elsewhere.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, proxy }
    }

    /// The way to the proxy.
    fn direct(&self) -> Self {
        Self {
            tcp: self.tcp.clone(),
            proxy: None,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let through = self.proxy.as_ref();
        if let Some(proxy) = through.and_then(|proxy| proxy.intercept(&uri)) {
            let tunnel = Tunnel::new(proxy.uri().clone(), self.direct());
            let mut tunnel = match proxy.basic_auth() {
                Some(credentials) => tunnel.with_auth(credentials.clone()),
                None => tunnel,
            };
            return Box::pin(tunnel.call(uri).map_err(Into::into));
        }
        let stream = self
            .tcp
            .call(uri)
            .map_ok(|tcp| Stream { tcp, broken: false });
        Box::pin(stream.map_err(Into::into))
    }
}

/// A TCP connection whose failed writes are not errors.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TokioIo<TcpStream>,
    /// The peer takes nothing more: what is written is thrown away.
    broken: bool,
}

impl Stream {
    /// Takes a failed write for a successful one of all that was offered.
    fn or_thrown_away(
        &mut self,
        offered: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        written.map(|written| {
            self.broken |= written.is_err();
            Ok(written.unwrap_or(offered))
        })
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.tcp.connected()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.or_thrown_away(bytes.len(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = slices
            .iter()
            .fold(0_usize, |sum, slice| sum.saturating_add(slice.len()));
        if self.broken {
            return Poll::Ready(Ok(offered));
        }
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.or_thrown_away(offered, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
