//! What can go wrong in a feed.

use std::fmt;

use crate::core::error::{Error, ErrorKind};

/// The result of a step of a feed.
pub type Result<T> = std::result::Result<T, FeedError>;

/// Why a feed cannot go on. It stays so: no more rows, no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedError {
    /// The query orders by a column that holds arrays or objects, which only the service can order. The plan has the
    /// column's expression.
    UnorderedKey {
        /// The column's place in `ORDER BY`, from 0.
        column: usize,
    },
    /// A row is nested deeper than 128 levels.
    TooDeep,
    /// The answer of the service makes no sense: what is wrong with it.
    Malformed(&'static str),
    /// More to hold than [`super::Limits`] allows: what there is too much of.
    TooMuch(&'static str),
    /// The plan asks for what the driver cannot do: what it is.
    Unsupported(&'static str),
    /// The state to resume from is not one of this query's: what is wrong with it.
    BadState(&'static str),
    /// The partition of a leaf moved more than 10 times in a row.
    Unsettled,
    /// The replacements of a leaf do not cover it exactly, or it is not one that waits for an answer.
    BadReplacement,
}

/// Why a feed has no continuation token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotResumable {
    /// `DISTINCT` without the matching `ORDER BY` remembers all rows.
    Distinct,
    /// Aggregates are known at the end only.
    Aggregate,
    /// So are groups.
    GroupBy,
    /// All rows are sorted at the end.
    NonStreamingOrderBy,
    /// All rows are ranked at the end.
    Hybrid,
    /// What is not read yet may be any of the inputs.
    ReadMany,
    /// The feed failed, and rows may be lost.
    Failed,
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, detail) = match self {
            Self::UnorderedKey { column } => {
                let column = column.saturating_add(1);
                return write!(
                    f,
                    "column {column} of ORDER BY holds arrays or objects, which have no order across partitions: order by \
                     a scalar, or query one partition key"
                );
            }
            Self::TooDeep => ("a row is nested deeper than 128 levels", ""),
            Self::Malformed(detail) => ("the service's answer makes no sense: ", *detail),
            Self::TooMuch(detail) => (
                "the feed has to hold more than the driver allows; narrow it down, or raise the limit: too many ",
                *detail,
            ),
            Self::Unsupported(detail) => (
                "the query cannot be carried out across partitions: ",
                *detail,
            ),
            Self::BadState(detail) => ("the continuation does not belong to this query: ", *detail),
            Self::Unsettled => ("the partitions keep moving; try again later", ""),
            Self::BadReplacement => (
                "the container's partitions do not cover what they replace",
                "",
            ),
        };
        f.write_str(what)?;
        f.write_str(detail)
    }
}

impl std::error::Error for FeedError {}

impl From<FeedError> for Box<Error> {
    fn from(error: FeedError) -> Self {
        let kind = match error {
            FeedError::UnorderedKey { .. }
            | FeedError::TooMuch(_)
            | FeedError::Unsupported(_)
            | FeedError::BadState(_) => ErrorKind::InvalidArgument,
            FeedError::TooDeep | FeedError::Malformed(_) => ErrorKind::Service,
            FeedError::Unsettled | FeedError::BadReplacement => ErrorKind::Unavailable,
        };
        Error::new(kind, error.to_string())
    }
}

impl fmt::Display for NotResumable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Distinct => "DISTINCT without ORDER BY on the same value has no continuation: it remembers all rows",
            Self::Aggregate => "a query with aggregates has no continuation: read it to its end",
            Self::GroupBy => "a query with GROUP BY has no continuation: read it to its end",
            Self::NonStreamingOrderBy => "a query that orders by distance or rank has no continuation: read it to its end",
            Self::Hybrid => "a hybrid search has no continuation: read it to its end",
            Self::ReadMany => "a read of many items has no continuation: read it to its end, or read fewer at once",
            Self::Failed => "the feed failed: go on from an earlier continuation, or begin anew",
        })
    }
}

impl std::error::Error for NotResumable {}

impl From<NotResumable> for Box<Error> {
    fn from(reason: NotResumable) -> Self {
        Error::new(ErrorKind::NotResumable, reason.to_string())
    }
}
