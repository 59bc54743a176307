//! The one error of this ring.

use std::borrow::Cow;
use std::fmt;

/// Why an input cannot be put on the wire.
///
/// Its text says what is wrong and what to do. It never holds a secret, nor what may be one.
#[derive(Debug, Clone, PartialEq)]
pub struct Invalid(Cow<'static, str>);

impl Invalid {
    /// An error with this message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}
