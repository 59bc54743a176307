//! How requests reach the network: one pooled client for both faces.
//!
//! HTTP/1.1 or HTTP/2, whichever the server picks in the TLS handshake (without TLS: HTTP/1.1). Redirects are not
//! followed. Upload and response run at the same time, so an early refusal is seen while the body is still on its
//! way, even if the server closes the connection. A kept connection that turns out to be dead before anything was
//! written is replaced, and the request repeated, without the guest's knowledge; a request of which any byte may
//! have left is never repeated here.

mod body;
mod connect;
mod failure;
mod meter;
mod paths;
mod policy;
mod proxy;
mod resolve;
mod sign;
#[cfg(test)]
mod tests;
mod timeouts;
mod tls;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Request, Response};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpHooks,
};

use self::body::TimedBody;
use self::connect::Connector;
pub use self::meter::{Budget, Meter, Spent};
pub use self::paths::Paths;
pub(crate) use self::policy::Allow;
pub use self::proxy::Proxy;
pub use self::sign::{Denied, MasterKeySigner, Signer};
use self::timeouts::Timeouts;
use crate::options::Options;

/// Finds out that an HTTP/2 connection with requests under way is dead, long before they time out.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// The pooled client. Clones share the pool.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    client: Client<HttpsConnector<Connector>, WasiBody>,
    timeouts: Timeouts,
    signer: Option<Arc<dyn Signer>>,
}

impl Transport {
    pub(crate) fn new(options: Options) -> Result<Self, crate::Error> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(&options.ca_roots, options.public_roots)?)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Connector::new(options.proxy.as_ref().map(Proxy::rules)));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .http2_keep_alive_interval(PING_INTERVAL)
            .build(connector);
        Ok(Self {
            client,
            timeouts: Timeouts::new(&options),
            signer: options.signer,
        })
    }

    async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Error> {
        let timeouts = self.timeouts.with(options);
        if let Some(signer) = &self.signer {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            let signed = signer.sign(&method, &uri, request.headers_mut());
            signed.map_err(|_| Error::HttpRequestDenied)?;
        }
        let mut connection = capture_connection(&mut request);
        let mut response = pin!(self.client.request(request));
        let early = timeout(timeouts.connect, async {
            tokio::select! {
                biased;
                response = &mut response => Some(response),
                _ = async { drop(connection.wait_for_connection_metadata().await) } => None,
            }
        });
        let response = match early.await.map_err(|_| Error::ConnectionTimeout)? {
            Some(response) => response,
            None => timeout(timeouts.first_byte, response)
                .await
                .map_err(|_| Error::HttpResponseTimeout)?,
        };
        let response = response.map_err(|error| failure::before_head(&error))?;
        Ok(response.map(|body| TimedBody::new(body, timeouts.between_bytes).boxed_unsync()))
    }
}

/// What an instance's HTTP import does.
#[derive(Debug)]
pub(crate) struct Hooks {
    transport: Transport,
    allow: Allow,
    meter: Option<Meter>,
}

impl Hooks {
    pub(crate) fn new(transport: Transport, allow: Allow) -> Self {
        Self {
            transport,
            allow,
            meter: None,
        }
    }

    /// From now on counts what is used, and keeps it within the budget.
    pub(crate) fn count(&mut self, meter: Meter) {
        self.meter = Some(meter);
    }

    fn permits(&self, request: &Request<WasiBody>) -> bool {
        let allowed = self.allow.permits(request);
        let Some(meter) = &self.meter else {
            return allowed;
        };
        if !allowed {
            meter.refuse(request.method(), request.uri());
        }
        allowed && meter.request()
    }

    /// Another account that the instance may reach.
    pub(crate) fn allow_account(&mut self, endpoint: Option<&str>, backups: &[String]) {
        self.allow.add_account(endpoint, backups);
    }
}

/// The response, and what becomes of the request afterwards: nothing, here.
type Sent = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_read: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let permitted = self.permits(&request);
        let (transport, meter) = (self.transport.clone(), self.meter.clone());
        Box::new(async move {
            if !permitted {
                return Err(Error::HttpRequestDenied);
            }
            let response = match meter {
                None => transport.send(request, options).await?,
                Some(meter) => {
                    let request = request.map(|body| meter.clone().counting_sent(body));
                    let response = transport.send(request, options).await?;
                    response.map(|body| meter.counting_received(body))
                }
            };
            Ok((response, Box::new(async { Ok(()) }) as Box<_>))
        })
    }

    /// As it is by default, but without a closure for each header.
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    /// The client sets it, from the URL, where the protocol has it.
    fn set_host_header(&mut self) -> bool {
        false
    }
}
