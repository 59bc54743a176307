//! HTTP/1.1 requests, read from a socket piece by piece.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

const MAX_HEADERS: usize = 128;

/// A connection and what was read from it but not used.
pub(crate) struct Connection {
    pub(super) stream: TcpStream,
    buffer: BytesMut,
}

/// A request without its body.
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

/// What is left of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunks,
}

impl Connection {
    /// Takes over a socket.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
        }
    }

    /// The next request's head; none when the client has closed. Errors: the connection broke, or it is not HTTP.
    pub(super) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some((head, length)) = parse(&self.buffer)? {
                self.buffer.advance(length);
                return Ok(Some(head));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next piece of the body, and what is left after it; none at its end.
    pub(super) async fn piece(&mut self, rest: Rest) -> io::Result<Option<(Bytes, Rest)>> {
        match rest {
            Rest::Length(0) => Ok(None),
            Rest::Length(left) => {
                let piece = self.up_to(left).await?;
                let left = left - piece.len() as u64;
                Ok(Some((piece, Rest::Length(left))))
            }
            Rest::Chunks => {
                let size = self.line().await?;
                let size = std::str::from_utf8(&size)
                    .ok()
                    .and_then(|line| line.split(';').next());
                let size = size.and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
                let size = size.ok_or_else(|| invalid("a chunk without a size"))?;
                let mut chunk = BytesMut::new();
                while (chunk.len() as u64) < size {
                    let piece = self.up_to(size - chunk.len() as u64).await?;
                    chunk.extend_from_slice(&piece);
                }
                // The line break after a chunk, or the trailers and the empty line after them.
                while !self.line().await?.is_empty() {}
                Ok((size > 0).then(|| (chunk.freeze(), Rest::Chunks)))
            }
        }
    }

    /// Waits until the client goes away, keeping whatever it sends until then.
    pub(super) async fn gone(&mut self) -> io::Error {
        loop {
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return io::ErrorKind::UnexpectedEof.into(),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    /// At least one byte and at most `limit`.
    async fn up_to(&mut self, limit: u64) -> io::Result<Bytes> {
        if self.buffer.is_empty() {
            self.more().await?;
        }
        let length = usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        Ok(self.buffer.split_to(length).freeze())
    }

    /// A line without its end.
    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|bytes| bytes == b"\r\n") {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(2);
                return Ok(line);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Head {
    /// How the body is framed.
    pub(super) fn rest(&self) -> Rest {
        if self.headers.contains_key("transfer-encoding") {
            return Rest::Chunks;
        }
        let length = self
            .headers
            .get("content-length")
            .and_then(|length| length.to_str().ok());
        Rest::Length(length.and_then(|length| length.parse().ok()).unwrap_or(0))
    }
}

/// The head at the start of `bytes` and its length, if it is complete.
fn parse(bytes: &[u8]) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(bytes).map_err(invalid)? else {
        return Ok(None);
    };
    let mut map = HeaderMap::new();
    for header in request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(invalid)?;
        let mut value = HeaderValue::from_bytes(header.value).map_err(invalid)?;
        value.set_sensitive(name == http::header::AUTHORIZATION);
        map.append(name, value);
    }
    let method = request
        .method
        .unwrap_or_default()
        .parse()
        .map_err(invalid)?;
    let path = request.path.unwrap_or_default().to_owned();
    Ok(Some((
        Head {
            method,
            path,
            headers: map,
        },
        length,
    )))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
