//! Where requests go.

pub mod proximity;
