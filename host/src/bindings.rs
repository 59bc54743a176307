//! The contract in `wit/` as Rust types and calls.
//!
//! One world of its own exports both faces, so that they share one set of types. No component implements that
//! world; a host uses the indices of the interfaces that its component has.

// The generated code: what is documented comes from the WIT files.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::restriction)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package cosmosdb:host;
            world faces {
                export cosmosdb:driver/types@0.1.0;
                export cosmosdb:driver/driver@0.1.0;
                export cosmosdb:driver/tasks@0.1.0;
                export cosmosdb:driver/async-driver@0.1.0;
            }
        ",
        world: "cosmosdb:host/faces",
        exports: {
            "cosmosdb:driver/async-driver@0.1.0": async | store,
            default: async,
        },
    });
}

pub(crate) use generated::exports::cosmosdb::driver::{async_driver, driver, tasks, types as wit};

/// The interface that only the WASI 0.2 face exports.
pub(crate) const DRIVER: &str = "cosmosdb:driver/driver@0.1.0";
/// The interface that only the WASI 0.3 face exports.
pub(crate) const ASYNC_DRIVER: &str = "cosmosdb:driver/async-driver@0.1.0";
