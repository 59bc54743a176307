//! The answer to a successful operation.

use super::diagnostics::Diagnostics;
use crate::wire::headers::ResponseHeaders;

/// A successful answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// 200, 201, 204 or 304.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The headers.
    pub headers: ResponseHeaders,
    /// What was sent.
    pub diagnostics: Box<Diagnostics>,
}
