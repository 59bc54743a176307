//! The outside world over WASI 0.2.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, OutgoingBody, OutgoingRequest, RequestOptions,
};
use wasi::io::streams::{InputStream, OutputStream, StreamError};
use wasi::random::random::get_random_u64;

use super::http;
use super::reactor::Source;
use crate::core::exchange::{Head, HttpResponse, MAX_RESPONSE_BYTES, TransportFailure};
use crate::engine::World;
use crate::wasi::failure::ErrorCode;
use crate::wasi::{failure, head, timers};

/// How much is asked for at once. Most answers fit, so a body costs one host call.
const READ_BYTES: u64 = 1 << 20;

type Sent<T> = Result<T, TransportFailure>;

/// The imports of the component.
#[derive(Debug)]
pub(in crate::wasi) struct Wasi;

impl World for Wasi {
    type Outgoing = (OutgoingRequest, Option<OutgoingBody>, RequestOptions);

    fn begin(&self, head: &Head<'_>) -> Sent<Self::Outgoing> {
        let fields = Fields::from_list(head.headers).map_err(|_| failure::refused("headers"))?;
        let request = OutgoingRequest::new(fields);
        head::fill(&request, head)?;
        let body = head.has_body.then(|| request.body());
        let body = body.transpose().map_err(|()| failure::refused("body"))?;
        Ok((request, body, timeouts(head)))
    }

    async fn send(
        &self,
        (request, body, options): Self::Outgoing,
        bytes: Option<&[u8]>,
    ) -> Sent<HttpResponse> {
        let future = http::send(&request, &options).map_err(failure::before_head)?;
        let response = match body.zip(bytes) {
            Some((body, bytes)) => exchange(&future, body, bytes).await?,
            None => respond(&future).await?,
        };
        receive(response).await
    }

    fn now(&self) -> u64 {
        monotonic_clock::now()
    }

    fn sleep_until(&self, at: u64) -> impl Future<Output = ()> {
        timers::sleep_until(at)
    }

    fn unix_seconds(&self) -> u64 {
        wall_clock::now().seconds
    }

    fn random(&self) -> (u64, u64) {
        (get_random_u64(), get_random_u64())
    }
}

/// What the host is asked to hold to. It may refuse, or accept and ignore it: the driver's own clock runs beside.
fn timeouts(head: &Head<'_>) -> RequestOptions {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(head.connect_timeout));
    let _ = options.set_first_byte_timeout(Some(head::first_byte_timeout(head)));
    options
}

/// Uploads and waits for the response side by side. A response that comes first is the answer: the rest of the upload
/// is abandoned. An upload that breaks off leaves it to the response to say why.
async fn exchange(
    future: &FutureIncomingResponse,
    body: OutgoingBody,
    bytes: &[u8],
) -> Sent<IncomingResponse> {
    let response = pin!(respond(future));
    let upload = pin!(upload(body, bytes));
    match select(upload, response).await {
        Either::Left(((), response)) => response.await,
        Either::Right((response, _)) => response,
    }
}

async fn upload(body: OutgoingBody, bytes: &[u8]) {
    let Ok(stream) = body.write() else { return };
    let written = write_all(&stream, bytes).await;
    drop(stream);
    if written.is_ok() {
        // The host reports what is wrong with the body as the response's error.
        let _ = OutgoingBody::finish(body, None);
    }
}

async fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    let mut ready: Option<Source> = None;
    while !bytes.is_empty() {
        let permit = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if permit == 0 {
            ready
                .get_or_insert_with(|| Source::new(stream.subscribe()))
                .ready()
                .await;
            continue;
        }
        let (now, later) = bytes.split_at(permit.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    Ok(())
}

async fn respond(future: &FutureIncomingResponse) -> Sent<IncomingResponse> {
    let source = Source::new(future.subscribe());
    loop {
        source.ready().await;
        match http::response(future) {
            None => {}
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(failure::before_head(code)),
            // Only a second look gets this, and there is none.
            Some(Err(())) => return Err(failure::before_head(ErrorCode::INTERNAL)),
        }
    }
}

async fn receive(response: IncomingResponse) -> Sent<HttpResponse> {
    let status = response.status();
    let headers = response.headers().entries();
    let incomplete = || failure::after_head(ErrorCode::INCOMPLETE);
    let body = response.consume().map_err(|()| incomplete())?;
    let stream = body.stream().map_err(|()| incomplete())?;
    let bytes = read_all(&stream).await;
    // Children before parents, or some hosts trap.
    drop(stream);
    drop(body);
    Ok(HttpResponse {
        status,
        headers,
        body: bytes?,
    })
}

/// Reads to the end of the stream, which is where an incomplete response shows.
async fn read_all(stream: &InputStream) -> Sent<Vec<u8>> {
    let source = Source::new(stream.subscribe());
    let mut body = Vec::new();
    loop {
        source.ready().await;
        match stream.read(READ_BYTES) {
            Ok(chunk) if body.is_empty() => body = chunk,
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(body),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = http::error_code(&error).unwrap_or(ErrorCode::INCOMPLETE);
                return Err(failure::after_head(code));
            }
        }
        if body.len() > MAX_RESPONSE_BYTES {
            return Err(failure::too_large());
        }
    }
}
