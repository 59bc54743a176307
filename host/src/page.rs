//! Pages of feeds.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::Error;
use crate::types::{self, Diagnostics, ResponseHeaders};

/// The status of what comes after the last page.
pub(crate) const END: u16 = 204;

/// Some rows of a feed, and what they cost. May have none though more pages follow.
#[derive(Debug, Clone)]
pub struct Page {
    /// A JSON object that holds the rows in an array, mostly `Documents`; other properties mean nothing.
    pub body: Vec<u8>,
    /// 200; 304 if a change feed has nothing new for now.
    pub status: u16,
    /// Charge, session token and metrics of all requests of the page.
    pub headers: ResponseHeaders,
    /// What happened on the wire for this page.
    pub diagnostics: Diagnostics,
}

/// The array under one of its names: items, or resources of an account.
#[derive(Deserialize)]
struct Rows<T> {
    #[serde(
        alias = "Databases",
        alias = "DocumentCollections",
        alias = "StoredProcedures",
        alias = "Triggers",
        alias = "UserDefinedFunctions",
        alias = "Users",
        alias = "Permissions",
        alias = "Conflicts",
        alias = "Offers",
        rename = "Documents"
    )]
    rows: Vec<T>,
}

/// How many rows the body of a page has. None if it is none.
pub(crate) fn count_rows(body: &[u8]) -> Option<usize> {
    let rows: Rows<IgnoredAny> = serde_json::from_slice(body).ok()?;
    Some(rows.rows.len())
}

impl Page {
    /// The rows, decoded. What they are made of may borrow from the page: [`&RawValue`](serde_json::value::RawValue) gives
    /// their bytes. Errors: [`Error::Json`] if a row does not fit the type.
    pub fn items<'a, T: Deserialize<'a>>(&'a self) -> Result<Vec<T>, Error> {
        if self.body.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Result<Rows<T>, _> = serde_json::from_slice(&self.body);
        rows.map(|rows| rows.rows)
            .map_err(Error::unreadable("a row of the page does not fit the type"))
    }

    /// Whether a change feed has nothing new for now.
    pub fn is_unchanged(&self) -> bool {
        self.status == 304
    }

    /// The session token: pass it to a later operation to read what the page has seen.
    pub fn session_token(&self) -> Option<&str> {
        self.headers.session_token.as_deref()
    }

    /// The sum over all requests of the page, in request units.
    pub fn request_charge(&self) -> f64 {
        self.diagnostics.request_charge
    }

    /// None after the last page.
    pub(crate) fn of(response: types::Response) -> Option<Self> {
        (response.status != END).then_some(Self {
            body: response.body,
            status: response.status,
            headers: response.headers,
            diagnostics: response.diagnostics,
        })
    }
}
