//! The calls of `wasi:http` that may give an error code: the driver reads it itself. Their version is that of the crate
//! `wasi`; with another one the component does not link.
#![allow(unsafe_code)] // the component's imports

use wasi::http::types::{
    FutureIncomingResponse, IncomingResponse, OutgoingRequest, RequestOptions,
};
use wasi::io::error::Error;

use crate::wasi::abi;
use crate::wasi::failure::ErrorCode;

#[link(wasm_import_module = "wasi:http/outgoing-handler@0.2.12")]
unsafe extern "C" {
    #[link_name = "handle"]
    fn handle(request: u32, has_options: u32, options: u32, result: *mut u8);
}

#[link(wasm_import_module = "wasi:http/types@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]future-incoming-response.get"]
    fn get(future: u32, result: *mut u8);
    #[link_name = "http-error-code"]
    fn http_error_code(error: u32, result: *mut u8);
}

owned!(FutureIncomingResponse, IncomingResponse);

/// `outgoing-handler.handle`.
pub(super) fn send(
    request: &OutgoingRequest,
    options: &RequestOptions,
) -> Result<FutureIncomingResponse, ErrorCode> {
    let (request, options) = (request.take_handle(), options.take_handle());
    // SAFETY: these are the types of the WIT.
    unsafe { abi::imported(|result| handle(request, 1, options, result)) }
}

/// `future-incoming-response.get`; none as long as there is no response. Only a second look finds nothing in it.
pub(super) fn response(
    future: &FutureIncomingResponse,
) -> Option<Result<Result<IncomingResponse, ErrorCode>, ()>> {
    // SAFETY: these are the types of the WIT.
    unsafe { abi::imported(|result| get(future.handle(), result)) }
}

/// `http-error-code`.
pub(super) fn error_code(error: &Error) -> Option<ErrorCode> {
    // SAFETY: these are the types of the WIT.
    unsafe { abi::imported(|result| http_error_code(error.handle(), result)) }
}
