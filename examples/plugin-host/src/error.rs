//! Why there is nothing to run.

use std::fmt;

/// A plugin, the driver or the account's description cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The plugin is no component, imports more than the driver, exports something else, or is too large.
    Plugin(String),
    /// The driver's component, the key or an option is wrong.
    Host(cosmosdb_driver_host::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(text) => f.write_str(text),
            Self::Host(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<cosmosdb_driver_host::Error> for Error {
    fn from(error: cosmosdb_driver_host::Error) -> Self {
        Self::Host(error)
    }
}
