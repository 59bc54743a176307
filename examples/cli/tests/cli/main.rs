//! `cosmos` as a process, against accounts on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed"
)]

mod account;
mod ends;
mod export;
mod help;
mod import;
#[cfg(unix)]
mod long;
mod process;
mod resume;
mod rows;
mod secrets;
mod settings;
mod trace;
