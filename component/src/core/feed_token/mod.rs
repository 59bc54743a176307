//! Continuation tokens: where a feed stands, as a text that the caller keeps (spec data-plane §3.9).
//!
//! `c2.` and then, in base64url, bytes that only a driver reads: the kind of feed, the container, a fingerprint of the
//! query, the [`Place`], and a checksum. A token names parts of the hash space, never partitions, so that it outlives splits
//! and merges. It holds no query text: the caller gives the query again, and the fingerprint tells whether it is the same.
//! The checksum finds damage; it does not keep anybody from forging a token, who then reads nothing but what the caller may
//! read anyway.
//!
//! A text without the prefix is the service's own continuation, passed on as it is; only a feed of a single leaf has one.

use std::fmt;

use super::change_feed::Start;
use super::error::{Error, ErrorKind};
use super::feed::SliceState;
use crate::wire::epk::Epk;
use crate::wire::query_plan::Direction;

mod decode;
mod encode;
mod fingerprint;
mod resume;
#[cfg(test)]
mod tests;

pub use decode::parse;
pub use fingerprint::Fingerprint;
pub use resume::resume;

/// A token is no longer than this, in bytes: a few hundred slices. Longer ones are neither made nor read.
pub const MAX_TOKEN_BYTES: usize = 64 << 10;

/// What a token of this driver begins with. Another format has another number.
const PREFIX: &str = "c2.";

/// The length of a fingerprint, of which a checksum is one.
const FINGERPRINT_BYTES: usize = 16;

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
    pub place: Place,
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
    ) -> Result<Place, Refused> {
        if self.kind != kind {
            return Err(Refused::OtherKind);
        }
        if self.container != container {
            return Err(Refused::OtherContainer);
        }
        if self.fingerprint != fingerprint {
            return Err(Refused::OtherQuery);
        }
        Ok(self.place)
    }
}

/// What kind of feed a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedKind {
    /// A query.
    Query,
    /// All items.
    ReadFeed,
    /// The latest version of changed items.
    ChangeFeed,
    /// All versions and deletes.
    AllVersionsChangeFeed,
}

/// Where a feed stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// How it goes through its slices.
    pub walk: Walk,
    /// Rows still to leave out, of a query with OFFSET; else 0.
    pub skip: u64,
    /// Rows still to give; none without LIMIT and TOP.
    pub take: Option<u64>,
    /// The hash of the last row, of DISTINCT over an ordered feed.
    pub last: Option<u128>,
    /// The slices that stand somewhere, in ascending order and apart. The continuations of a change feed are etags.
    pub slices: Vec<SliceState>,
}

/// How a feed goes through its slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Walk {
    /// It is at its end, and there are none.
    Drained,
    /// One after the other. What no slice holds has not been asked yet; each slice has a continuation.
    Drain {
        /// Everything below is drained.
        cursor: Epk,
    },
    /// An ordered merge, of at least one slice. What no slice holds is drained.
    Merge {
        /// The direction of each ORDER BY column.
        directions: Vec<Direction>,
    },
    /// A change feed, whose slices make up all of its scope. A slice without continuation starts where the feed starts.
    Changes {
        /// Where it starts.
        start: Start,
        /// The lowest point of the slice to ask next.
        turn: Epk,
    },
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is longer than [`MAX_TOKEN_BYTES`], or would be.
    TooLong,
    /// Its format has a number that this driver does not know.
    OtherVersion,
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
            Self::OtherVersion => {
                "the continuation token comes from another version of the driver: use that one, or start the feed anew"
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
