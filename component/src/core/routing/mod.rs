//! The account's regions: which there are, which work, and which one is next (spec driver-core §3).

pub mod proximity;
pub mod refresh;
pub mod select;
pub mod topology;
pub mod unavailable;
