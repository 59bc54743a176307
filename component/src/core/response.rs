//! The answer to a successful operation.

use super::diagnostics::Diagnostics;
use super::error::Result;
use crate::wire::batch::OperationResult;
use crate::wire::headers::ResponseHeaders;

/// A successful answer. Of a batch and a bulk the body is empty: the items are in the results.
#[derive(Debug)]
pub struct Response {
    /// 200, 201, 204 or 304; 207 of a batch in which an item to read is unchanged, and of a bulk in which an operation failed.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The headers.
    pub headers: ResponseHeaders,
    /// What was sent.
    pub diagnostics: Box<Diagnostics>,
    /// Of a batch: the results of its operations, in their order. Of a bulk likewise, and errors of those that failed.
    pub results: Vec<Result<OperationResult>>,
}
