//! Makes requests fail on purpose, as a script in its settings says: for tests of what is above.
#![cfg_attr(not(target_family = "wasm"), allow(dead_code))]

mod script;

#[cfg(target_family = "wasm")]
mod layer;
