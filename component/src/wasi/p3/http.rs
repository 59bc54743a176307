//! The calls of `wasi:http` that may give an error code, and the futures that carry one: the driver reads it itself. Their
//! version is that of the crate `wasip3`; with another one the component does not link.
#![allow(unsafe_code)] // the component's imports

use std::alloc::Layout;
use std::future::{Future as _, poll_fn};
use std::pin::pin;

use wasip3::http::types::{Fields, Request, RequestOptions, Response};
use wasip3::wit_bindgen::rt::async_support::{
    FutureReader, FutureVtable, FutureWriter, StreamReader, Subtask, future_new,
};
use wasip3::wit_stream::StreamPayload;

use crate::wasi::abi;
use crate::wasi::failure::ErrorCode;

/// What a future brings in the end; trailers are not looked at.
pub(super) type Done = Result<(), ErrorCode>;

#[link(wasm_import_module = "wasi:http/types@0.3.0")]
unsafe extern "C" {
    #[link_name = "[static]request.new"]
    fn request_new(
        headers: u32,
        has_contents: u32,
        contents: u32,
        trailers: u32,
        has_options: u32,
        options: u32,
        result: *mut u8,
    );
    #[link_name = "[static]response.consume-body"]
    fn consume_body(response: u32, done: u32, result: *mut u8);
}

#[link(wasm_import_module = "wasi:http/client@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower]send"]
    fn async_send(request: u32, result: *mut u8) -> u32;
}

owned!(Fields, Request, Response);

/// A future that the host reads: dropping it says that there is nothing to say. Once the host listens, that takes no
/// waiting.
pub(super) type Unsaid = FutureWriter<Done>;

/// `request.new`, without trailers. How the sending ends is told by [`send`].
pub(super) fn request(
    headers: &Fields,
    contents: Option<StreamReader<u8>>,
    options: &RequestOptions,
) -> (Request, Unsaid) {
    // SAFETY: these are the types of the WIT.
    unsafe {
        let (unsaid, trailers) = future_new(|| Ok(()), &TRAILERS);
        let (request, sent): (Request, u32) = abi::imported(|result| {
            request_new(
                headers.take_handle(),
                u32::from(contents.is_some()),
                contents.map_or(0, |contents| contents.take_handle()),
                trailers.take_handle(),
                1,
                options.take_handle(),
                result,
            );
        });
        drop(FutureReader::new(sent, &DONE));
        (request, unsaid)
    }
}

/// `response.consume-body`: the body, and then the trailers or what went wrong.
pub(super) fn body(response: &Response) -> (StreamReader<u8>, FutureReader<Done>) {
    // SAFETY: these are the types of the WIT.
    unsafe {
        let (unsaid, done) = future_new(|| Ok(()), &DONE);
        let (response, done) = (response.take_handle(), done.take_handle());
        let (body, trailers): (u32, u32) =
            abi::imported(|result| consume_body(response, done, result));
        drop(unsaid);
        let body = StreamReader::new(body, <u8 as StreamPayload>::VTABLE);
        (body, FutureReader::new(trailers, &TRAILERS))
    }
}

/// `client.send`.
pub(super) async fn send((request, trailers): (Request, Unsaid)) -> Result<Response, ErrorCode> {
    let mut sending = Sending;
    let mut sending = pin!(sending.call(request));
    let mut trailers = Some(trailers);
    poll_fn(|context| {
        let polled = sending.as_mut().poll(context);
        drop(trailers.take());
        polled
    })
    .await
}

struct Sending;

// SAFETY: these are the types of the WIT. A handle is all that is handed over.
unsafe impl Subtask for Sending {
    type Params = Request;
    type ParamsLower = u32;
    type Results = Result<Response, ErrorCode>;

    fn abi_layout(&mut self) -> Layout {
        LAYOUT
    }

    fn results_offset(&mut self) -> usize {
        0
    }

    unsafe fn call_import(&mut self, request: u32, result: *mut u8) -> u32 {
        // SAFETY: the caller's promise.
        unsafe { async_send(request, result) }
    }

    unsafe fn params_lower(&mut self, request: Request, _: *mut u8) -> u32 {
        request.take_handle()
    }

    unsafe fn params_dealloc_lists(&mut self, _: u32) {}

    unsafe fn params_dealloc_lists_and_own(&mut self, request: u32) {
        // SAFETY: the host did not take it.
        drop(unsafe { Request::from_handle(request) });
    }

    unsafe fn results_lift(&mut self, result: *mut u8) -> Self::Results {
        // SAFETY: the host has written it.
        unsafe { abi::lift(result) }
    }
}

/// Of results with an error code.
const LAYOUT: Layout = {
    let layout = <Result<Response, ErrorCode> as abi::Wire>::LAYOUT;
    // SAFETY: it is the layout of a type; the compiler computes it.
    unsafe { Layout::from_size_align_unchecked(layout.size, layout.align) }
};

/// `future<result<option<trailers>, error-code>>` and `future<result<_, error-code>>`: of both the driver writes success
/// only, which reads as no trailers.
macro_rules! futures {
    ($($name:ident = $place:literal),*) => { $(
        static $name: FutureVtable<Done> = {
            #[link(wasm_import_module = "wasi:http/types@0.3.0")]
            unsafe extern "C" {
                #[link_name = concat!("[future-new-", $place, "][static]request.new")]
                fn new() -> u64;
                #[link_name = concat!("[future-cancel-write-", $place, "][static]request.new")]
                fn cancel_write(future: u32) -> u32;
                #[link_name = concat!("[future-cancel-read-", $place, "][static]request.new")]
                fn cancel_read(future: u32) -> u32;
                #[link_name = concat!("[future-drop-writable-", $place, "][static]request.new")]
                fn drop_writable(future: u32);
                #[link_name = concat!("[future-drop-readable-", $place, "][static]request.new")]
                fn drop_readable(future: u32);
                #[link_name = concat!("[async-lower][future-read-", $place, "][static]request.new")]
                fn start_read(future: u32, value: *mut u8) -> u32;
                #[link_name = concat!("[async-lower][future-write-", $place, "][static]request.new")]
                fn start_write(future: u32, value: *const u8) -> u32;
            }
            FutureVtable {
                layout: LAYOUT,
                lower,
                dealloc_lists: |_| {},
                lift,
                start_write,
                start_read,
                cancel_write,
                cancel_read,
                drop_writable,
                drop_readable,
                new,
            }
        };
    )* };
}

futures!(TRAILERS = "1", DONE = "2");

/// # Safety
/// There is room for a result with an error code.
unsafe fn lower(_: Done, at: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { at.write_bytes(0, LAYOUT.size()) }
}

/// # Safety
/// The host has written such a result there, or the driver success.
unsafe fn lift(at: *mut u8) -> Done {
    // SAFETY: the caller's promise.
    unsafe { abi::lift::<Result<Option<Fields>, ErrorCode>>(at).map(drop) }
}
