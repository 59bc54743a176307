//! The client-side driver of Azure Cosmos DB (NoSQL API, gateway mode).
//!
//! The product is the WebAssembly component built from this crate with the feature `p2` (WASI 0.2: blocking calls
//! and tasks) or `p3` (WASI 0.3: async). Without features it is an ordinary library of pure Rust, which is how its
//! rings are tested; the host crate uses [`wire`] to sign requests on behalf of a guest.
//!
//! Four rings, each of which may name only those before it (`cargo xtask check` holds them to it):
//!
//! 1. [`wire`] computes: bytes, hashes, links, signatures, envelopes. Pure functions.
//! 2. [`core`] decides: operations, options, errors, diagnostics, retry decisions. No clock, no I/O.
//! 3. [`engine`] drives: `async` over one trait for the outside world.
//! 4. `wasi` translates: the only code that names WIT.

pub mod core;
pub mod engine;
#[cfg(any(test, all(target_family = "wasm", any(feature = "p2", feature = "p3"))))]
mod wasi;
pub mod wire;
