//! Continuation tokens: where a feed stands, as a text that the caller keeps (spec data-plane §3.9).
//!
//! `c1.` and then, in base64url, JSON: `{"op","rid","fingerprint","cfm"?,"root","check"}`. A token names parts of the hash
//! space, never partitions, so that it outlives splits and merges. It holds no query text: the caller gives the query
//! again, and a fingerprint tells whether it is the same. A checksum finds damage; it does not keep anybody from
//! forging a token, who then reads nothing but what the caller may read anyway.
//!
//! A text without the prefix is the service's own continuation, passed on as it is; only a feed of a single leaf has one.

use std::fmt;

use super::change_feed::Start;
use super::error::{Error, ErrorKind};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;
use crate::wire::query_plan::Direction;

mod decode;
mod encode;
mod fingerprint;
mod resume;
#[cfg(test)]
mod tests;

pub use decode::parse;
pub use fingerprint::Fingerprint;
pub use resume::{ResumedLeaf, resume};

/// A token is no longer than this, in bytes: a few hundred slices. Longer ones are neither made nor read.
pub const MAX_TOKEN_BYTES: usize = 64 << 10;

/// What a token of this driver begins with. A later format has another number.
const PREFIX: &str = "c1.";

/// Nodes within nodes.
const MAX_DEPTH: usize = 8;

/// A continuation, as the caller hands it in.
#[derive(Debug, Clone, PartialEq)]
pub enum Continuation {
    /// A token of this driver.
    Driver(FeedToken),
    /// The service's own, for a feed of a single leaf.
    Server(String),
}

impl Continuation {
    /// The driver's token, for a feed of many leaves.
    ///
    /// # Errors
    /// [`Refused::Server`].
    pub fn driver(self) -> Result<FeedToken, Refused> {
        match self {
            Self::Driver(token) => Ok(token),
            Self::Server(_) => Err(Refused::Server),
        }
    }
}

/// Where a feed stands, and which feed it is.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedToken {
    /// What kind of feed.
    pub kind: FeedKind,
    /// The container's resource id.
    pub container: String,
    /// Of everything else that the caller must give again unchanged.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub root: Node,
}

impl FeedToken {
    /// Where this feed stands, if the token is its own.
    ///
    /// # Errors
    /// The token belongs to another kind of feed, another container, or another query.
    pub fn open(
        self,
        kind: FeedKind,
        container: &str,
        fingerprint: Fingerprint,
    ) -> Result<Node, Refused> {
        if self.kind != kind {
            return Err(Refused::OtherKind);
        }
        if self.container != container {
            return Err(Refused::OtherContainer);
        }
        if self.fingerprint != fingerprint {
            return Err(Refused::OtherQuery);
        }
        Ok(self.root)
    }
}

/// What kind of feed a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedKind {
    /// A query.
    Query,
    /// All items.
    ReadFeed,
    /// Items by id and key, or by key.
    ReadMany,
    /// The latest version of changed items.
    ChangeFeed,
    /// All versions and deletes.
    AllVersionsChangeFeed,
}

/// Where a feed, or a part of its pipeline, stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// At its end.
    Drained,
    /// A single leaf, addressed by key.
    Request {
        /// The service's continuation; none at the beginning.
        continuation: Option<String>,
    },
    /// Leaves one after the other, in ascending order.
    SequentialDrain {
        /// Everything below is drained. Above it, what no slice holds has not been asked yet.
        cursor: Epk,
        /// The slices that have been asked, each with a continuation.
        slices: Vec<Slice>,
    },
    /// An ordered merge. What no slice holds is drained.
    OrderedMerge {
        /// The direction of each ORDER BY column.
        directions: Vec<Direction>,
        /// At least one.
        slices: Vec<Slice>,
    },
    /// A change feed: its slices make up all of its scope, the continuations are etags. A slice without one starts where
    /// the feed starts.
    Changes {
        /// Where it starts.
        start: Start,
        /// The lowest point of the slice to ask next.
        turn: Epk,
        /// At least one.
        slices: Vec<Slice>,
    },
    /// OFFSET, LIMIT and TOP.
    SkipTake {
        /// Rows still to leave out.
        skip: u64,
        /// Rows still to give; none without a limit.
        take: Option<u64>,
        /// Where the rows come from.
        child: Box<Self>,
    },
    /// DISTINCT over an ordered feed.
    Distinct {
        /// The hash of the last row.
        last: Option<u128>,
        /// Where the rows come from.
        child: Box<Self>,
    },
    /// What a read of many items has yet to do.
    ReadMany {
        /// At least one, in ascending order; chunks of one range follow each other.
        slices: Vec<Slice>,
    },
}

/// Where one slice stands. Slices of a node are in ascending order and, but for chunks, have nothing in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Which part of the hash space.
    pub range: EpkRange,
    /// The service's continuation of the plain body, or an etag.
    pub continuation: Option<String>,
    /// The last row given, of an ordered merge.
    pub boundary: Option<Boundary>,
    /// Which chunk of its items a read of many items asks for, from 0; 0 elsewhere.
    pub chunk: u64,
}

/// The last row that a slice of an ordered merge has given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// For each ORDER BY column a JSON text: null, a boolean, a number, a string; `[]` if undefined.
    pub values: Vec<String>,
    /// Its `_rid`.
    pub rid: String,
    /// How many rows with these values and this `_rid` were given, at least 1.
    pub skip: u64,
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is longer than [`MAX_TOKEN_BYTES`], or would be.
    TooLong,
    /// Its format has a number that this driver does not know.
    Newer,
    /// It is not what a driver made.
    Damaged,
    /// It is the service's own, and the feed has many leaves.
    Server,
    /// It belongs to another kind of feed, or to the other mode of the change feed.
    OtherKind,
    /// It belongs to another container.
    OtherContainer,
    /// It belongs to another query, or to another part of the container.
    OtherQuery,
    /// A part of it lies outside the feed's scope, or it leaves a part of that out.
    Uncovered,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => {
                "the continuation token is longer than 64 KiB: narrow the feed to fewer partitions with a feed range, or \
                 read it to its end without a token"
            }
            Self::Newer => {
                "the continuation token comes from a newer driver: update this one, or start the feed anew"
            }
            Self::Damaged => {
                "the continuation token is damaged: pass it exactly as the driver gave it, or start the feed anew"
            }
            Self::Server => {
                "the continuation is one of the service's own, which a feed over several partitions cannot use: pass the \
                 token that the driver gave for this feed, or start it anew"
            }
            Self::OtherKind => {
                "the continuation token belongs to another kind of feed, or to the other mode of the change feed: use it \
                 with the kind that it came from, or start the feed anew"
            }
            Self::OtherContainer => {
                "the continuation token belongs to another container, or to this one before it was created anew: start the \
                 feed anew"
            }
            Self::OtherQuery => {
                "the continuation token belongs to another query, or to another part of the container: pass the same text, \
                 parameters and scope as before, or start the feed anew"
            }
            Self::Uncovered => {
                "the continuation token does not fit the part of the container that the feed reads: pass the same scope as \
                 before, or start the feed anew"
            }
        })
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Box<Error> {
    fn from(refused: Refused) -> Self {
        Error::new(ErrorKind::InvalidArgument, refused.to_string())
    }
}
