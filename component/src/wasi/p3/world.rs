//! The outside world over WASI 0.3.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};
use wasip3::clocks::{monotonic_clock, system_clock};
use wasip3::http::types::{Fields, Request, RequestOptions, Response};
use wasip3::random::random::get_random_u64;
use wasip3::wit_bindgen::rt::async_support::{StreamReader, StreamResult, StreamWriter};
use wasip3::wit_stream;

use super::http;
use crate::core::exchange::{Head, HttpResponse, MAX_RESPONSE_BYTES, TransportFailure};
use crate::engine::World;
use crate::wasi::failure::ErrorCode;
use crate::wasi::{failure, head};

/// The buffer for a body whose length is not announced; it grows as needed.
const READ_BYTES: usize = 16 << 10;

/// A body goes out in pieces of this size.
const WRITE_BYTES: usize = 256 << 10;

type Sent<T> = Result<T, TransportFailure>;

/// The imports of the component.
#[derive(Debug)]
pub(in crate::wasi) struct Wasi;

impl World for Wasi {
    type Outgoing = (Request, Option<StreamWriter<u8>>);

    fn begin(&self, head: &Head<'_>) -> Sent<Self::Outgoing> {
        let (writer, reader) = head.has_body.then(wit_stream::new).unzip();
        let fields = Fields::from_list(head.headers).map_err(|_| failure::refused("headers"))?;
        let request = http::request(&fields, reader, &timeouts(head));
        head::fill(&request, head)?;
        Ok((request, writer))
    }

    async fn send(
        &self,
        (request, writer): Self::Outgoing,
        bytes: Option<&[u8]>,
    ) -> Sent<HttpResponse> {
        let response = match writer.zip(bytes) {
            Some((writer, bytes)) => exchange(request, writer, bytes).await,
            None => http::send(request).await,
        };
        receive(&response.map_err(failure::before_head)?).await
    }

    fn now(&self) -> u64 {
        monotonic_clock::now()
    }

    fn sleep_until(&self, at: u64) -> impl Future<Output = ()> {
        monotonic_clock::wait_until(at)
    }

    fn unix_seconds(&self) -> u64 {
        u64::try_from(system_clock::now().seconds).unwrap_or(0)
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
    request: Request,
    mut writer: StreamWriter<u8>,
    bytes: &[u8],
) -> Result<Response, ErrorCode> {
    let response = pin!(http::send(request));
    let upload = pin!(async move {
        // In pieces, because each is copied. One that is not taken is the last: nobody reads any more.
        for piece in bytes.chunks(WRITE_BYTES) {
            if !writer.write_all(piece.to_vec()).await.is_empty() {
                return;
            }
        }
    });
    match select(upload, response).await {
        Either::Left(((), response)) => response.await,
        Either::Right((response, _)) => response,
    }
}

async fn receive(response: &Response) -> Sent<HttpResponse> {
    let status = response.get_status_code();
    let headers = response.get_headers().copy_all();
    let (mut stream, trailers) = http::body(response);
    let body = read_all(&mut stream).await?;
    drop(stream);
    // A response that broke off shows here, not in the stream.
    match trailers.await {
        Ok(()) => Ok(HttpResponse {
            status,
            headers,
            body,
        }),
        Err(code) => Err(failure::after_head(code)),
    }
}

async fn read_all(stream: &mut StreamReader<u8>) -> Sent<Vec<u8>> {
    let mut body = Vec::with_capacity(READ_BYTES);
    loop {
        let (result, read) = stream.read(body).await;
        body = read;
        if matches!(result, StreamResult::Dropped | StreamResult::Cancelled) {
            return Ok(body);
        }
        if body.len() > MAX_RESPONSE_BYTES {
            return Err(failure::too_large());
        }
        if body.len() == body.capacity() {
            body.reserve(body.len());
        }
    }
}
