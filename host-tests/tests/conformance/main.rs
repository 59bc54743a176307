//! One suite, three faces: every test runs the real component over real HTTP, as blocking calls (WASI 0.2), as tasks
//! (WASI 0.2) and as async calls (WASI 0.3).
//!
//! The endpoint is the embedded emulator behind a server that checks every signature. With `COSMOS_ENDPOINT` and
//! `COSMOS_KEY` set, the tests that need nothing else run against that account (or Microsoft's Linux emulator)
//! instead, in a database of their own; the others keep the emulator, because they look at what the server saw.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed"
)]

/// Runs each of these tests on each face.
macro_rules! on_every_face {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::face::Face;

            #[tokio::test]
            async fn blocking() {
                super::$name(Face::Blocking).await;
            }

            #[tokio::test]
            async fn tasks() {
                super::$name(Face::Tasks).await;
            }

            #[tokio::test]
            async fn concurrent() {
                super::$name(Face::Concurrent).await;
            }
        }
    )*};
}

mod account;
mod allow;
mod batches;
mod build;
mod bulks;
mod concurrency;
mod control;
mod credentials;
mod door;
mod echo;
mod face;
mod faults;
mod feeds;
mod injected;
mod instances;
mod items;
mod keys;
mod lab;
mod layers;
mod metadata;
mod observation;
mod options;
mod patches;
mod queries;
mod read_modify_write;
mod regions;
mod resources;
mod scene;
mod secrets;
mod shared_groups;
mod snapshots;
mod storm;
mod tasks;
