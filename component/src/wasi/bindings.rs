//! What `wit-bindgen` makes of `wit/`, and the types that both faces share.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction
)]

#[cfg(feature = "p2")]
wit_bindgen::generate!({
    path: "../wit",
    world: "driver-component",
    default_bindings_module: "crate::wasi::bindings",
});
#[cfg(feature = "p3")]
wit_bindgen::generate!({
    path: "../wit",
    world: "async-driver-component",
    default_bindings_module: "crate::wasi::bindings",
});

pub(super) use exports::cosmosdb::driver::types;
