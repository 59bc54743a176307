//! `DISTINCT`: every row once (spec data-plane §3.7).

use super::error::{FeedError, Result};
use super::row::Row;
use super::shape::{self, Limits};
use super::table::Table;
use crate::wire::value::{self, Unhashable};

/// What was given already.
#[derive(Debug)]
pub(super) enum Seen {
    /// Rows pass as they are.
    All,
    /// Hash of the last row: equal rows follow one another.
    Last(Option<u128>),
    /// Hashes of all rows.
    Set(Table),
}

impl Seen {
    pub(super) fn new(distinct: shape::Distinct, last: Option<u128>, limits: &Limits) -> Self {
        match distinct {
            shape::Distinct::None => Self::All,
            shape::Distinct::Ordered => Self::Last(last),
            shape::Distinct::Unordered => Self::Set(Table::new(limits.entries, "distinct rows")),
        }
    }

    /// Whether the row was not given before.
    pub(super) fn is_new(&mut self, row: &Row) -> Result<bool> {
        match self {
            Self::All => Ok(true),
            Self::Last(last) => {
                let hash = hash(row.bytes())?;
                Ok(last.replace(hash) != Some(hash))
            }
            Self::Set(table) => Ok(table.insert(hash(row.bytes())?)?.1),
        }
    }
}

/// The hash of a value that the service sent.
pub(super) fn hash(json: &[u8]) -> Result<u128> {
    value::hash(json).map_err(|reason| match reason {
        Unhashable::TooDeep => FeedError::TooDeep,
        Unhashable::Malformed => FeedError::Malformed("a row is no JSON"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::feed::shape::Distinct;

    fn kept(distinct: Distinct, rows: &[&str]) -> Vec<bool> {
        let mut seen = Seen::new(distinct, None, &Limits::default());
        let row = |json: &&str| Row::made(json.as_bytes().to_vec());
        rows.iter()
            .map(|json| seen.is_new(&row(json)).unwrap())
            .collect()
    }

    #[test]
    fn equal_rows_come_once() {
        let rows = [
            "5",
            "5.0",
            "6",
            "5",
            r#"{"a":1,"b":2}"#,
            r#"{"b":2,"a":1.0}"#,
            "null",
            "[]",
        ];
        for (distinct, expected) in [
            (Distinct::None, [true; 8]),
            (
                Distinct::Ordered,
                [true, false, true, true, true, false, true, true],
            ),
            (
                Distinct::Unordered,
                [true, false, true, false, true, false, true, true],
            ),
        ] {
            assert_eq!(kept(distinct, &rows), expected, "{distinct:?}");
        }
    }

    #[test]
    fn too_many_and_too_deep() {
        let limits = Limits {
            entries: 1,
            ..Limits::default()
        };
        let mut seen = Seen::new(Distinct::Unordered, None, &limits);
        let row = |json: &str| Row::made(json.as_bytes().to_vec());
        assert_eq!(seen.is_new(&row("1")), Ok(true));
        assert_eq!(seen.is_new(&row("1")), Ok(false));
        assert_eq!(
            seen.is_new(&row("2")),
            Err(FeedError::TooMuch("distinct rows"))
        );
        assert_eq!(seen.is_new(&row(&"[".repeat(200))), Err(FeedError::TooDeep));
    }
}
