//! The driver's WASI 0.3 face for apps that are components themselves: bindings of `cosmosdb:driver/async-driver`, and
//! defaults for its options. Compose the app with the driver, or name the driver as its dependency.
#![cfg(target_family = "wasm")]

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wasip3::wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package example:guest;
            world guest { import cosmosdb:driver/async-driver@0.1.0; }
        ",
        world: "example:guest/guest",
        runtime_path: "wasip3::wit_bindgen::rt",
        generate_all,
    });
}

mod defaults;

pub use bindings::cosmosdb::driver::async_driver::{Driver, Feed, Runtime};
pub use bindings::cosmosdb::driver::types;
