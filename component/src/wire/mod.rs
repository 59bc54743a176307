//! Bytes on the wire.
//!
//! Pure functions: no I/O, no clock, no state. Every parser here takes text or bytes from outside (a caller, a host, a
//! service), costs no more than a pass over its input, and never panics.

pub mod account;
pub mod base64;
pub mod batch;
pub mod change;
pub mod connection_string;
pub mod container;
pub mod date;
pub mod endpoint;
pub mod epk;
pub mod epk_range;
pub mod error_body;
pub mod feed_range;
pub mod headers;
pub mod id;
mod invalid;
pub mod item;
pub mod json;
pub mod json_edit;
pub mod key;
pub mod link;
pub mod murmur;
pub mod object;
pub mod offer;
pub mod page;
pub mod patch;
pub mod query_body;
pub mod query_plan;
pub mod query_text;
pub mod ranges;
pub mod read_many_query;
pub mod region;
pub mod secret;
pub mod session_token;
pub mod sign;
pub mod sort;
#[cfg(test)]
mod testing;
pub mod text;
pub mod value;

pub use invalid::Invalid;
