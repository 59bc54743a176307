//! A request as the handlers see it.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::answer::{Answer, bad};
use crate::scripted::Seen;

/// The most items of a page when the request leaves it to the service.
pub(super) const PAGE: usize = 100;

/// A request and the time of its arrival.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) request: &'a Seen,
    /// In seconds since 1970.
    pub(super) now: u64,
}

impl Call<'_> {
    pub(super) fn method(&self) -> &Method {
        &self.request.method
    }

    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// Whether a header is `True`, in any case of its letters.
    pub(super) fn says(&self, name: &str) -> bool {
        self.header(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether it is a query, or asks for the plan of one.
    pub(super) fn is_query(&self) -> bool {
        self.method() == Method::POST && self.says("x-ms-documentdb-isquery")
    }

    /// The body as JSON. Errors: it is none.
    pub(super) fn json(&self) -> Result<Value, Answer> {
        serde_json::from_slice(&self.request.body).map_err(|_| bad("The body is no JSON."))
    }

    /// The body as text. Errors: it is none.
    pub(super) fn text(&self) -> Result<&str, Answer> {
        std::str::from_utf8(&self.request.body).map_err(|_| bad("The body is no text."))
    }

    /// The most items of a page that the request allows. Errors: it is no number, or zero.
    pub(super) fn max_items(&self) -> Result<usize, Answer> {
        self.wanted_items().map(|count| count.unwrap_or(PAGE))
    }

    /// The same; none if the request leaves it to the service.
    pub(super) fn wanted_items(&self) -> Result<Option<usize>, Answer> {
        let Some(text) = self.header("x-ms-max-item-count") else {
            return Ok(None);
        };
        match text.parse::<i64>() {
            Ok(-1) => Ok(None),
            Ok(count) if count > 0 => Ok(Some(usize::try_from(count).unwrap_or(usize::MAX))),
            _ => Err(bad("x-ms-max-item-count is neither -1 nor positive.")),
        }
    }
}

/// The segments of a path, unescaped.
pub(super) fn segments(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}
