//! What the layers share: their bindings, requests taken apart and put together, bodies read and written.
//!
//! A layer implements `Layer` and exports itself:
//!
//! ```ignore
//! struct Nothing;
//!
//! impl Layer for Nothing {
//!     async fn send(request: Request) -> Result<Response, ErrorCode> {
//!         client::send(request).await
//!     }
//! }
//!
//! middleware_layer::export!(Nothing with_types_in middleware_layer::bindings);
//! ```
#![cfg(target_family = "wasm")]

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::restriction
)]
pub mod bindings {
    //! What `wit-bindgen` makes of `wit/`. Interfaces that a layer does not use are not imported.

    wasip3::wit_bindgen::generate!({
        path: "wit",
        world: "any-layer",
        runtime_path: "wasip3::wit_bindgen::rt",
        with: { "wasi:http/types@0.3.0": wasip3::http::types },
        pub_export_macro: true,
        generate_all,
    });
}

mod body;
mod parts;

pub use bindings::example::middleware::{settings, tape};
pub use bindings::export;
pub use bindings::exports::wasi::http::client::Guest as Layer;
pub use bindings::wasi::http::client;
pub use body::{Body, answer};
pub use parts::Parts;
pub use wasip3::clocks;
pub use wasip3::http::types::{ErrorCode, Method, Request, Response};

/// To be awaited before an answer that did not wait for anything: wasmtime 48 leaks a table slot for each call between
/// two components that returns at once.
pub use wasip3::wit_bindgen::yield_async as breathe;
