//! Drives: `async` functions over one trait for the outside world. No runtime, no spawn: whoever polls an operation
//! drives it.

mod attempt;
mod bulk;
mod containers;
mod control;
mod driver;
mod feed;
mod metadata;
mod pipeline;
mod single_flight;
mod snapshot;
mod state;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod testing;
mod transport;
mod wait;
mod world;

pub use driver::Driver;
pub use feed::{Feed, Page, Shared};
pub use world::World;
