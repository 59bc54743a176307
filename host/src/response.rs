//! Answers of the typed API.

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::types::{self, BatchResult, Diagnostics, ResponseHeaders};

/// The answer to a successful operation: its body as bytes, or decoded.
#[derive(Debug, Clone)]
pub struct Response<T = Vec<u8>> {
    /// The body. None if the answer has none: deletes, 304, batches, bulks, and writes without
    /// [`content_response`](crate::ItemOptions::content_response).
    pub value: Option<T>,
    /// The HTTP status: 200, 201, 204, or 304 for a conditional read of an unchanged item. Of a batch: 200, or 207 if one
    /// of its results is 304. Of a bulk: 200, or 207 if an operation failed.
    pub status: u16,
    /// Charge, session token, etag and all the others.
    pub headers: ResponseHeaders,
    /// What happened on the wire.
    pub diagnostics: Diagnostics,
    /// Of a batch or a bulk: one result for each operation, in their order. Empty for everything else.
    pub results: Vec<BatchResult>,
}

impl<T> Response<T> {
    /// The body, where there must be one. Errors: [`Error::NoContent`].
    pub fn into_value(self) -> Result<T, Error> {
        self.value.ok_or(Error::NoContent {
            status: self.status,
        })
    }

    /// The etag, with its quotes: for [`if_match`](crate::ItemOptions::if_match).
    pub fn etag(&self) -> Option<&str> {
        self.headers.etag.as_deref()
    }

    /// The session token: pass it to a later operation to read your own writes.
    pub fn session_token(&self) -> Option<&str> {
        self.headers.session_token.as_deref()
    }

    /// The sum over all requests of the operation, in request units.
    pub fn request_charge(&self) -> f64 {
        self.diagnostics.request_charge
    }
}

impl Response {
    /// Decodes the body from JSON. Errors: [`Error::Json`] if it does not fit the type.
    pub fn json<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        let value = self
            .value
            .map(|body| serde_json::from_slice(&body))
            .transpose();
        Ok(Response {
            value: value.map_err(Error::unreadable(
                "the body of the answer does not fit the type",
            ))?,
            status: self.status,
            headers: self.headers,
            diagnostics: self.diagnostics,
            results: self.results,
        })
    }
}

impl From<types::Response> for Response {
    fn from(response: types::Response) -> Self {
        Self {
            value: Some(response.body).filter(|body| !body.is_empty()),
            status: response.status,
            headers: response.headers,
            diagnostics: response.diagnostics,
            results: response.results,
        }
    }
}
