//! Plugins, useful and hostile, through the real components against servers on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed"
)]

mod limits;
mod loading;
mod policy;
mod program;
mod recorder;
mod scene;
mod secrets;
mod useful;
