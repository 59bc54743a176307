//! The outside world over WASI 0.3.

use std::cell::RefCell;
use std::future::Future;
use std::mem;
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
use crate::wasi::{failure, head, timers};
use crate::wire::headers::name;

/// The buffer for a body whose length is not announced; it grows as needed.
const READ_BYTES: usize = 16 << 10;

/// A body goes out in pieces of this size.
const WRITE_BYTES: usize = 256 << 10;

type Sent<T> = Result<T, TransportFailure>;

/// A request with its trailers.
type Unsent = (Request, http::Unsaid);

/// The imports of the component.
#[derive(Debug)]
pub(in crate::wasi) struct Wasi;

impl World for Wasi {
    type Outgoing = (Unsent, Option<StreamWriter<u8>>);

    fn begin(&self, head: &Head<'_>) -> Sent<Self::Outgoing> {
        let (writer, reader) = head.has_body.then(wit_stream::new).unzip();
        let fields = Fields::from_list(head.headers).map_err(|_| failure::refused("headers"))?;
        let request = http::request(&fields, reader, &timeouts(head));
        head::fill(&request.0, head)?;
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
        timers::sleep_until(at)
    }

    fn unix_seconds(&self) -> u64 {
        u64::try_from(system_clock::now().seconds).unwrap_or(0)
    }

    fn random(&self) -> (u64, u64) {
        (get_random_u64(), get_random_u64())
    }
}

thread_local! {
    /// The timeouts asked for last, and the host's resource for them: to copy it is one call.
    static TIMEOUTS: RefCell<Option<(u64, u64, RequestOptions)>> = const { RefCell::new(None) };
}

/// What the host is asked to hold to. It may refuse, or accept and ignore it: the driver's own clock runs beside.
fn timeouts(head: &Head<'_>) -> RequestOptions {
    TIMEOUTS.with_borrow_mut(|last| {
        let (connect, first_byte, options) =
            last.get_or_insert_with(|| (0, 0, RequestOptions::new()));
        if mem::replace(connect, head.connect_timeout) != *connect {
            let _ = options.set_connect_timeout(Some(*connect));
        }
        if mem::replace(first_byte, head::first_byte_timeout(head)) != *first_byte {
            let _ = options.set_first_byte_timeout(Some(*first_byte));
        }
        options.clone()
    })
}

/// Waits for the response and uploads side by side, in this order: what is written once the host reads is taken at once.
/// A response that comes first is the answer: the rest of the upload is abandoned. An upload that breaks off leaves it to
/// the response to say why.
async fn exchange(
    request: Unsent,
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
    match select(response, upload).await {
        Either::Left((response, _)) => response,
        Either::Right(((), response)) => response.await,
    }
}

async fn receive(response: &Response) -> Sent<HttpResponse> {
    let status = response.get_status_code();
    let headers = response.get_headers().copy_all();
    let (mut stream, trailers) = http::body(response);
    let body = read_all(&mut stream).await?;
    drop(stream);
    // A response that broke off shows here, not in the stream. One that is as long as announced did not.
    if !is_whole(&headers, body.len()) {
        trailers.await.map_err(failure::after_head)?;
    }
    Ok(HttpResponse {
        status,
        headers,
        body,
    })
}

fn is_whole(headers: &[(String, Vec<u8>)], length: usize) -> bool {
    let announced = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(name::CONTENT_LENGTH));
    announced.is_some_and(|(_, text)| text == length.to_string().as_bytes())
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
