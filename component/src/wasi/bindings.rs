//! What `wit-bindgen` makes of `wit/`: the resources and the functions that take and give little. The others are in
//! [`super::driver`] and in the faces.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction
)]

macro_rules! generate {
    ($world:literal) => {
        wit_bindgen::generate!({
            path: "../wit",
            world: $world,
            default_bindings_module: "crate::wasi::bindings",
            skip: [
                "[static]runtime.create",
                "[method]runtime.open",
                "[method]driver.execute",
                "[method]driver.open-feed",
                "[method]driver.set-bearer-token",
                "[method]driver.add-fault",
                "[method]driver.restore",
                "[method]feed.next-page",
                "[method]feed.continuation",
                "submit",
                "take",
            ],
        });
    };
}

#[cfg(feature = "p2")]
generate!("driver-component");
#[cfg(feature = "p3")]
generate!("async-driver-component");

#[cfg(feature = "p3")]
pub(super) use exports::cosmosdb::driver::async_driver as face;
#[cfg(feature = "p2")]
pub(super) use exports::cosmosdb::driver::driver as face;
