//! The answer to a successful operation.

use super::diagnostics::Diagnostics;
use crate::wire::batch::OperationResult;
use crate::wire::headers::ResponseHeaders;

/// A successful answer. Of a batch the body is empty: the items are in its results.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// 200, 201, 204 or 304; 207 of a batch in which an item to read is unchanged.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The headers.
    pub headers: ResponseHeaders,
    /// What was sent.
    pub diagnostics: Box<Diagnostics>,
    /// Of a batch: the results of its operations, in their order.
    pub results: Vec<OperationResult>,
}
