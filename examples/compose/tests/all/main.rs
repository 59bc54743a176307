//! Components put together, over real HTTP on loopback: layers below the driver, apps above it.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a panic is a failed test, which is right"
)]

mod carts;
mod edge;
mod host;
mod layers;
mod leak;
mod tape;

use std::fs;

use compose::{plug, settings, stack};

/// A component that `cargo xtask` built.
fn component(file: &str) -> Vec<u8> {
    let path = host_tests::component(file);
    fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{} ({error}): run cargo xtask build and guests",
            path.display()
        )
    })
}

/// A layer with its settings.
fn layer(file: &str, text: &str) -> Vec<u8> {
    plug(&component(file), &[&settings(text).unwrap()]).unwrap()
}

fn signer(key: &str) -> Vec<u8> {
    layer("middleware-signer.wasm", key)
}

fn faults(script: &str) -> Vec<u8> {
    layer("middleware-faults.wasm", script)
}

fn recorder() -> Vec<u8> {
    component("middleware-recorder.wasm")
}

/// The driver on these layers; the first is next to it.
fn driver(layers: &[&[u8]]) -> Vec<u8> {
    stack(&component("cosmosdb-driver-async.wasm"), layers).unwrap()
}
