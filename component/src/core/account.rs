//! Places to send requests to.

use crate::wire::endpoint::Endpoint;

/// A place to send requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The region in canonical form; none for the configured endpoint of an account not yet read.
    pub region: Option<String>,
    /// Its endpoint.
    pub endpoint: Endpoint,
}
