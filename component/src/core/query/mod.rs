//! Queries: what a caller asks for, and which way it goes (spec data-plane §3.1 to §3.3). Other feeds of items read the same
//! [`Target`]s.

mod plan;
mod token;

pub use plan::{hybrid_of, shape_of};
pub use token::{place_of, state_of};

use super::error::{Error, Result};
use super::operation::{ContainerRef, PartitionKey};
use crate::wire::epk_range::EpkRange;
use crate::wire::key;
use crate::wire::query_body::Parameter;

/// The name of its requests in diagnostics, and of the feed.
pub const NAME: &str = "query_items";

/// A query over the items of a container.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Where it runs.
    pub container: ContainerRef,
    /// Which part of the container it reads.
    pub target: Target,
    /// The text.
    pub text: String,
    /// The values of its parameters.
    pub parameters: Vec<Parameter>,
    /// Whether pages say how the query was executed. Default: no.
    pub query_metrics: bool,
    /// Whether pages say which indexes were used. Default: no.
    pub index_metrics: bool,
}

/// Which part of a container is read.
#[derive(Clone, PartialEq)]
pub enum Target {
    /// All of it.
    Container,
    /// One partition key; of hierarchical keys also the first components alone.
    Key(PartitionKey),
    /// A part of the hash space.
    Range(EpkRange),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Container => "Container",
            // Its values are the caller's secret.
            Self::Key(_) => "Key",
            Self::Range(_) => "Range",
        })
    }
}

impl Target {
    /// Checks what can be checked without metadata.
    ///
    /// # Errors
    /// `invalid-argument`: a key without components, a range without points.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Key(key) if key.is_empty() => Err(Error::invalid(
                "the partition key has no component: give one for each path of the container's key, or leave the key out to \
                 read the whole container",
            )),
            Self::Range(range) if range.is_empty() => Err(Error::invalid(
                "the feed range is empty: its lower bound must be below the upper one",
            )),
            _ => Ok(()),
        }
    }

    /// A text that tells it from others.
    ///
    /// # Errors
    /// A key that cannot be sent.
    pub fn text(&self) -> Result<String> {
        Ok(match self {
            Self::Container => String::new(),
            Self::Key(key) => key::header_value(key)?,
            Self::Range(range) => [&range.min.to_hex(), "-", &*range.max.to_hex()].concat(),
        })
    }
}

impl Query {
    /// A query over all of a container, with nothing special.
    pub fn new(container: ContainerRef, text: impl Into<String>) -> Self {
        Self {
            container,
            target: Target::Container,
            text: text.into(),
            parameters: Vec::new(),
            query_metrics: false,
            index_metrics: false,
        }
    }
}

/// Words of queries whose rows the service may give in parts, which the driver has to put together even within one
/// partition key: aggregates, groups, distinct rows, an order by distance or rank.
const GATHERING: &str = "DISTINCT GROUP RANK COUNT COUNTIF DCOUNT SUM MIN MAX AVG MAKELIST MAKESET VECTORDISTANCE \
    FULLTEXTSCORE RRF";

/// Whether the service's pages for one partition key are the query's pages: no word in the text, be it in a string, hints
/// at more (spec §3.2).
pub fn streams(text: &str) -> bool {
    let separator = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let gathers = |word: &str| {
        let mut known = GATHERING.split_ascii_whitespace();
        known.any(|known| known.eq_ignore_ascii_case(word))
    };
    !text.split(separator).any(gathers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::key::KeyComponent;

    fn range(min: &str, max: &str) -> Target {
        Target::Range(EpkRange {
            min: min.parse().unwrap(),
            max: max.parse().unwrap(),
        })
    }

    #[test]
    fn words_that_gather_rows_are_found() {
        for (text, expected) in [
            ("SELECT * FROM c", true),
            ("SELECT TOP 5 c.a FROM c ORDER BY c.a DESC", true),
            ("SELECT * FROM c OFFSET 1 LIMIT 2", true),
            ("SELECT c.counts, c.minimum, c.group_id FROM c", true),
            ("SELECT VALUE t FROM c JOIN t IN c.tags", true),
            ("SELECT VALUE count(1) FROM c", false),
            ("select distinct c.a from c", false),
            ("SELECT c.a FROM c GROUP/**/BY c.a", false),
            ("SELECT c.a FROM c ORDER BY RANK RRF(1)", false),
            ("SELECT c.a FROM c ORDER BY VectorDistance(c.v,[1])", false),
            // Harmless, but who knows.
            ("SELECT * FROM c WHERE c.a = 'max'", false),
        ] {
            assert_eq!(streams(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (target, good) in [
            (Target::Container, true),
            (Target::Key(Vec::new()), false),
            (Target::Key(vec![KeyComponent::Null]), true),
            (range("", "FF"), true),
            (range("40", "4000"), false),
        ] {
            assert_eq!(target.check().is_ok(), good, "{target:?}");
        }
    }

    #[test]
    fn targets_have_texts_of_their_own() {
        for (target, expected) in [
            (Target::Container, ""),
            (Target::Key(vec![KeyComponent::Null]), "[null]"),
            (range("", "3F"), "-3F"),
        ] {
            assert_eq!(target.text().unwrap(), expected);
        }
    }
}
