//! A plain HTTP client for the tests of the servers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Keeps connections, follows nothing, repeats nothing.
pub(crate) struct Client(HyperClient<HttpConnector, Full<Bytes>>);

/// A request under construction.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A request without headers and body.
pub(crate) fn call(method: Method, path: &str) -> Call {
    Call {
        method,
        path: path.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl Client {
    /// A client for HTTP/1.1.
    pub(crate) fn new() -> Self {
        Self(
            HyperClient::builder(TokioExecutor::new())
                .retry_canceled_requests(false)
                .build_http(),
        )
    }

    /// A client for HTTP/2 with prior knowledge.
    pub(crate) fn http2() -> Self {
        Self(
            HyperClient::builder(TokioExecutor::new())
                .http2_only(true)
                .build_http(),
        )
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn send(&self, endpoint: &str, call: Call) -> Result<Answer, Failure> {
        let mut request = Request::new(Full::new(call.body));
        *request.uri_mut() = format!("{}{}", endpoint.trim_end_matches('/'), call.path)
            .parse()
            .unwrap();
        *request.method_mut() = call.method;
        *request.headers_mut() = call.headers;
        let (parts, body) = self
            .0
            .request(request)
            .await
            .map_err(|error| Failure::of_head(&error))?
            .into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| Failure::of_body(&error))?
            .to_bytes();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a client makes of a broken answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection ended before there was an answer.
    Ended,
    /// The connection was reset before there was an answer.
    Reset,
    /// What came is not HTTP.
    Parse,
    /// The body broke off.
    BodyEnded,
    /// The connection was reset within the body.
    BodyReset,
    /// Anything else.
    Other(String),
}

impl Failure {
    fn of_head(error: &hyper_util::client::legacy::Error) -> Self {
        match hyper_error(error) {
            Some(inner) if inner.is_parse() => Self::Parse,
            Some(inner) if is_reset(inner) => Self::Reset,
            Some(inner) if inner.is_incomplete_message() => Self::Ended,
            _ => Self::Other(format!("{error:?}")),
        }
    }

    fn of_body(error: &hyper::Error) -> Self {
        if is_reset(error) {
            Self::BodyReset
        } else if error.is_incomplete_message() || is_end_of_file(error) {
            Self::BodyEnded
        } else {
            Self::Other(format!("{error:?}"))
        }
    }
}

fn hyper_error(error: &hyper_util::client::legacy::Error) -> Option<&hyper::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

fn io_kind(error: &hyper::Error) -> Option<std::io::ErrorKind> {
    let source = std::error::Error::source(error)?;
    source
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind)
}

fn is_reset(error: &hyper::Error) -> bool {
    io_kind(error) == Some(std::io::ErrorKind::ConnectionReset)
}

fn is_end_of_file(error: &hyper::Error) -> bool {
    io_kind(error) == Some(std::io::ErrorKind::UnexpectedEof)
}
