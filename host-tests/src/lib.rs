//! Servers on loopback that stand in for Azure Cosmos DB in tests, measurements and the quickstart.
//!
//! | Module | What answers | Use it for |
//! |---|---|---|
//! | [`cluster`] | regions of one account with a small store and faults by rule | failover, sessions, routing |
//! | [`emulator`] | Microsoft's in-memory emulator, behind signature checks | behaviour: accounts, regions, items |
//! | [`fixed`] | the same bytes on every run | measurements: fuel, throughput, number of requests |
//! | [`gateway`] | physical partitions with query plans, rewritten queries, feeds, batches and offers | what crosses partitions |
//! | [`scripted`] | whatever a script says, down to single bytes | faults: resets, garbage, silence, early answers |
//!
//! Every server runs on a thread of its own and stops when its handle is dropped, so tests may block their own
//! thread. All of them record what they saw: tests assert on that, not on what the client believes it sent.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a panic in a test double is a failed test, which is right"
)]

pub mod cluster;
mod component;
mod cors;
pub mod emulator;
pub mod fixed;
pub mod gateway;
mod listen;
mod refused;
pub mod scripted;
mod thread;

#[cfg(test)]
mod testing;

pub use component::component;
pub use refused::refused;
