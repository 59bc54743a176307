//! What a feed is made of, and how it is read (spec data-plane §3.9, §3.10, §5).

use super::change_feed::{self, Changes};
use super::error::{Error, Result};
use super::operation::ContainerRef;
use super::query::{self, Query, Target};
use super::read_many::{self, Items};
use super::resources::Resources;
use crate::wire::query_body;

/// An operation with many answers, pulled a page at a time. Names and semantics are those of `wit/types.wit`.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedOperation {
    /// The rows of a query over the items of a container.
    QueryItems(Query),
    /// All items, as they are: `GET` on the items, without a query and its plan. Of one complete partition key, each page is
    /// one request and the service's own; otherwise the partitions are read one after the other.
    ReadFeed {
        /// Where they live.
        container: ContainerRef,
        /// Which of them.
        target: Target,
    },
    /// Changes of items, as they happen: `GET` on the items, without a query. It has no end: a page of status 304 says that
    /// there is nothing new for now.
    ///
    /// A page is one request where one partition is read, and the service's own. Of several partitions one is asked after
    /// the other until one has changes: as many requests as there are partitions if none has. Whoever reads now and then
    /// opens the feed with the continuation of the time before, takes a page and the new continuation, and drops the feed:
    /// that costs one request, or a round of them if there is nothing new, besides what the driver has to know of the
    /// container. All versions and deletes begin with a request to each partition before the first page, which fixes where
    /// each of them starts.
    ChangeFeed(Changes),
    /// Items by id and partition key, or all items of partition keys: a point read where a partition has one of them, one
    /// query for up to 1000 where it has several. What does not exist is left out, or `null` in input order. Has no continuation.
    ReadMany(Items),
    /// Databases, containers, scripts and so on. Each page is one request, and the service's own.
    Resources(Resources),
}

impl FeedOperation {
    /// The name of its requests in diagnostics, and of the feed (spec driver-core §1.10).
    pub fn name(&self) -> &'static str {
        match self {
            Self::QueryItems(_) => query::NAME,
            Self::ReadFeed {
                target: Target::Key(_),
                ..
            } => "read_all_items_of_logical_partition",
            Self::ReadFeed { .. } => "read_all_items",
            Self::ChangeFeed(_) => change_feed::NAME,
            Self::ReadMany(_) => read_many::NAME,
            Self::Resources(resources) => resources.name(),
        }
    }

    /// Where its items live; none if it is about something else.
    pub fn container(&self) -> Option<&ContainerRef> {
        match self {
            Self::QueryItems(query) => Some(&query.container),
            Self::ReadFeed { container, .. } => Some(container),
            Self::ChangeFeed(changes) => Some(&changes.container),
            Self::ReadMany(items) => Some(&items.container),
            Self::Resources(_) => None,
        }
    }

    /// Which part of them it reads.
    pub fn target(&self) -> &Target {
        match self {
            Self::QueryItems(query) => &query.target,
            Self::ReadFeed { target, .. } => target,
            Self::ChangeFeed(changes) => &changes.target,
            Self::ReadMany(_) | Self::Resources(_) => &Target::Container,
        }
    }

    /// The query, if it is one.
    pub fn query(&self) -> Option<&Query> {
        match self {
            Self::QueryItems(query) => Some(query),
            _ => None,
        }
    }

    /// The request body of a query, as the caller gave it; else nothing.
    ///
    /// # Errors
    /// `invalid-argument`: a parameter that is no JSON.
    pub fn body(&self) -> Result<Vec<u8>> {
        Ok(match self {
            Self::QueryItems(query) => query_body::body(&query.text, &query.parameters, None)?,
            Self::Resources(resources) => resources.body()?,
            _ => Vec::new(),
        })
    }

    /// Checks what can be checked without metadata.
    ///
    /// # Errors
    /// `invalid-argument`.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::ChangeFeed(changes) => changes.check()?,
            Self::ReadMany(items) => items.check()?,
            _ => {}
        }
        self.target().check()
    }
}

/// How a feed is read, whatever it is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeedOptions {
    /// Rows of a page: a hint to the service where pages are its own, a limit where the driver puts them together. At least
    /// 1. By default the service decides, and pages of the driver's have [`PAGE_ROWS`].
    pub max_item_count: Option<u32>,
    /// Requests of one page under way at a time, at least 1. Default: [`MAX_UNDER_WAY`]; of a change feed 1, but for the
    /// requests before the first page of all versions and deletes. More of them find changes sooner, but may cost requests
    /// whose pages nobody takes if the feed is dropped.
    pub max_concurrency: Option<u32>,
    /// How many partitions beyond the one that a page needs are asked for a page each while it waits, where partitions are
    /// read one after the other. Faster, but what is asked is paid for even if nobody takes the rows, and held until then.
    /// Default: 0.
    pub prefetch: Option<u32>,
    /// How many partitions a query may begin with, at least 1: one with more is refused, because each may cost. A
    /// continuation was allowed once, and is not refused; nor does it matter when partitions split. Default: [`MAX_FAN_OUT`].
    pub max_fan_out: Option<u32>,
    /// Where a feed of the same operation ended: goes on there.
    pub continuation: Option<String>,
    /// A session token, sent as it is with requests for items.
    pub session_token: Option<String>,
    /// Whether a feed that has no continuation is refused before its first page, rather than when a continuation is asked
    /// for. Default: no.
    pub resumable: bool,
}

/// Rows of a page that the driver puts together, unless told otherwise.
pub const PAGE_ROWS: u32 = 1000;

/// Requests of one page under way at a time, unless told otherwise.
pub const MAX_UNDER_WAY: u32 = 32;

/// Partitions that a query may begin with, unless told otherwise.
pub const MAX_FAN_OUT: u32 = 100;

/// The status and sub-status of a query over more partitions than it may begin with.
const TOO_WIDE: (u16, u32) = (400, 20_118);

impl FeedOptions {
    /// Checks what can be checked without metadata.
    ///
    /// # Errors
    /// `invalid-argument`: pages without rows or requests, a query without partitions.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("max-item-count", self.max_item_count),
            ("max-concurrency", self.max_concurrency),
            ("max-fan-out", self.max_fan_out),
        ] {
            if value == Some(0) {
                return Err(Error::invalid(
                    [name, " is 0: give at least 1, or leave it out"].concat(),
                ));
            }
        }
        Ok(())
    }

    /// Checks how many partitions a query begins with.
    ///
    /// # Errors
    /// `invalid-argument`, 400 with sub-status 20118: more than allowed.
    pub fn check_fan_out(&self, leaves: usize) -> Result<()> {
        let most = self.max_fan_out.unwrap_or(MAX_FAN_OUT);
        if self.continuation.is_some() || u32::try_from(leaves).is_ok_and(|leaves| leaves <= most) {
            return Ok(());
        }
        let mut error = Error::invalid(
            [
                "the query would be sent to ",
                &leaves.to_string(),
                " partitions, it may begin with ",
                &most.to_string(),
                ": give a partition key or a feed range to narrow it down, or raise max-fan-out",
            ]
            .concat(),
        );
        (error.status, error.sub_status) = (Some(TOO_WIDE.0), Some(TOO_WIDE.1));
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::ErrorKind;

    #[test]
    fn nothing_cannot_be_asked_for() {
        let with = |change: fn(&mut FeedOptions)| {
            let mut options = FeedOptions::default();
            change(&mut options);
            options
        };
        for good in [
            FeedOptions::default(),
            with(|options| options.max_item_count = Some(1)),
            with(|options| options.max_concurrency = Some(1)),
            with(|options| options.max_fan_out = Some(1)),
            with(|options| options.prefetch = Some(0)),
        ] {
            assert!(good.check().is_ok(), "{good:?}");
        }
        for (none, name) in [
            (
                with(|options| options.max_item_count = Some(0)),
                "max-item-count",
            ),
            (
                with(|options| options.max_concurrency = Some(0)),
                "max-concurrency",
            ),
            (with(|options| options.max_fan_out = Some(0)), "max-fan-out"),
        ] {
            let error = none.check().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
            assert!(error.message.contains(name), "{error}");
        }
    }

    #[test]
    fn a_query_begins_with_so_many_partitions() {
        let resumed = FeedOptions {
            continuation: Some("c2.".to_owned()),
            ..FeedOptions::default()
        };
        let wide = FeedOptions {
            max_fan_out: Some(1000),
            ..FeedOptions::default()
        };
        for (options, leaves, good) in [
            (FeedOptions::default(), 100, true),
            (FeedOptions::default(), 101, false),
            (FeedOptions::default(), usize::MAX, false),
            (resumed, 101, true),
            (wide.clone(), 1000, true),
            (wide, 1001, false),
        ] {
            let checked = options.check_fan_out(leaves);
            assert_eq!(checked.is_ok(), good, "{leaves}");
            if let Err(error) = checked {
                let status = (error.status, error.sub_status);
                assert_eq!(status, (Some(400), Some(20_118)));
                assert!(error.message.contains("raise max-fan-out"));
            }
        }
    }
}
