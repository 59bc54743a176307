//! Drives: `async` functions over one trait for the outside world. No runtime, no spawn: whoever polls an operation
//! drives it.

mod driver;
mod single_flight;
mod transport;
mod world;

pub use driver::Driver;
pub use world::World;
