//! What a feed is made of, and how it is read (spec data-plane §3.9, §3.10).

use super::error::{Error, Result};
use super::query::Query;

/// An operation with many answers, pulled a page at a time. Names and semantics are those of `wit/types.wit`.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedOperation {
    /// The rows of a query over the items of a container.
    QueryItems(Query),
}

/// How a feed is read, whatever it is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeedOptions {
    /// Rows of a page: a hint to the service where pages are its own, a limit where the driver puts them together. At least
    /// 1. By default the service decides, and pages of the driver's have [`PAGE_ROWS`].
    pub max_item_count: Option<u32>,
    /// Requests of one page under way at a time, at least 1. Default: [`MAX_UNDER_WAY`].
    pub max_concurrency: Option<u32>,
    /// Where a feed of the same operation ended: goes on there.
    pub continuation: Option<String>,
    /// A session token, sent as it is.
    pub session_token: Option<String>,
    /// Whether a feed that has no continuation is refused before its first page, rather than when a continuation is asked
    /// for. Default: no.
    pub resumable: bool,
}

/// Rows of a page that the driver puts together, unless told otherwise.
pub const PAGE_ROWS: u32 = 1000;

/// Requests of one page under way at a time, unless told otherwise.
pub const MAX_UNDER_WAY: u32 = 32;

impl FeedOptions {
    /// Checks what can be checked without metadata.
    ///
    /// # Errors
    /// `invalid-argument`: pages without rows or requests.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("max-item-count", self.max_item_count),
            ("max-concurrency", self.max_concurrency),
        ] {
            if value == Some(0) {
                return Err(Error::invalid(
                    [name, " is 0: give at least 1, or leave it out"].concat(),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::ErrorKind;

    #[test]
    fn nothing_cannot_be_asked_for() {
        let good = FeedOptions {
            max_item_count: Some(1),
            max_concurrency: Some(1),
            ..FeedOptions::default()
        };
        assert!(good.check().is_ok());
        assert!(FeedOptions::default().check().is_ok());
        let none = FeedOptions {
            max_item_count: Some(0),
            ..good.clone()
        };
        assert_eq!(none.check().unwrap_err().kind, ErrorKind::InvalidArgument);
        let none = FeedOptions {
            max_concurrency: Some(0),
            ..good
        };
        assert!(
            none.check()
                .unwrap_err()
                .message
                .contains("max-concurrency")
        );
    }
}
