//! The host with the built components (`cargo xtask build` makes them) against a server on this machine.

// The helpers of the tests too fail by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::arithmetic_side_effects)]

mod async_client;
mod blocking_client;
mod broken_tls;
mod limits;
mod loading;
mod server;
mod shutdown;
#[cfg(feature = "tracing")]
mod spans;

use std::path::PathBuf;

use cosmosdb_driver_host::types::MetadataMode;
use cosmosdb_driver_host::{Config, Credential, Face, Host, Options};

use self::server::Server;

/// An account key like the emulators'; worth nothing.
const KEY: &str = "c2VjcmV0LWtleS1mb3ItdGVzdHM=";

/// One that traps when a larger body comes in, and still runs everything else.
const TIGHT: usize = 4 << 20;

fn artefact(face: Face) -> PathBuf {
    let name = match face {
        Face::Blocking => "cosmosdb-driver.wasm",
        Face::Async => "cosmosdb-driver-async.wasm",
    };
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|target| !target.is_empty());
    let target = target.map_or_else(|| "target".into(), PathBuf::from);
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    workspace.join(target).join("components").join(name)
}

fn host(face: Face, options: Options) -> Host {
    Host::from_file(artefact(face), options).expect("run `cargo xtask build` first")
}

/// Without metadata: each operation is one request.
fn config(server: &Server, credential: Credential) -> Config {
    Config::new(&server.origin, credential).metadata(MetadataMode::Lean)
}
