//! Name lookup with an error that can be told from others.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::TryFutureExt;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use tower_service::Service;
use wasmtime_wasi_http::Error;

/// The system's resolver. Its failures are WASI's `DNS-error`.
#[derive(Debug, Clone)]
pub(super) struct Resolver(GaiResolver);

impl Resolver {
    pub(super) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0
            .poll_ready(context)
            .map_err(|error| dns_error(&error))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.0.call(name).map_err(|error| dns_error(&error)))
    }
}

fn dns_error(error: &io::Error) -> Error {
    Error::DnsError {
        rcode: Some(error.to_string()),
        info_code: None,
    }
}
