//! Bytes on the wire.
//!
//! Pure functions: no I/O, no clock, no state. Every parser here takes text or bytes from outside (a caller, a host, a
//! service), costs no more than a pass over its input, and never panics.

pub mod account;
pub mod connection_string;
pub mod container;
pub mod date;
pub mod endpoint;
pub mod epk;
pub mod error_body;
pub mod headers;
pub mod id;
mod invalid;
pub mod json;
pub mod key;
pub mod link;
pub mod murmur;
pub mod patch;
pub mod ranges;
pub mod region;
pub mod secret;
pub mod session_token;
pub mod sign;
#[cfg(test)]
mod testing;
pub mod value;

pub use invalid::Invalid;
