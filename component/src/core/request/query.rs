//! The requests of feeds of items: their pages, and the plan of a query (spec data-plane §3.1, §3.4, §5.1, §5.3).

use std::rc::Rc;

use super::{Conditions, Request, Scope};
use crate::core::change_feed;
use crate::core::error::Result;
use crate::core::operation::{ContainerRef, PartitionKey};
use crate::core::query::{NAME, Query, Target};
use crate::core::ranges::Tile;
use crate::core::retry::Class;
use crate::wire::batch::header::PARTITION_KEY_RANGE_ID;
use crate::wire::epk::Epk;
use crate::wire::headers::{HeaderList, name};
use crate::wire::link;
use crate::wire::query_plan::SUPPORTED_FEATURES;

const CORRELATED_ACTIVITY_ID: &str = "x-ms-cosmos-correlated-activityid";
const CROSS_PARTITION: &str = "x-ms-documentdb-query-enablecrosspartition";
const END_EPK: &str = "x-ms-end-epk";
const IS_PLAN: &str = "x-ms-cosmos-is-query-plan-request";
const POPULATE_INDEX_METRICS: &str = "x-ms-cosmos-populateindexmetrics";
const POPULATE_QUERY_METRICS: &str = "x-ms-documentdb-populatequerymetrics";
const QUERY_VERSION: &str = "x-ms-cosmos-query-version";
const READ_KEY_TYPE: &str = "x-ms-read-key-type";
const START_EPK: &str = "x-ms-start-epk";
const SUPPORTED: &str = "x-ms-cosmos-supported-query-features";

/// The answer's header on how the partition orders documents with equal keys.
pub const EXECUTION_INFO: &str = "x-ms-cosmos-query-execution-info";

/// The name of plan requests in diagnostics.
pub const PLAN_NAME: &str = "query_plan";

/// Where a page comes from: never a key and a range at once.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The items of one partition key; the gateway finds the partition.
    Key(&'a PartitionKey),
    /// One partition, or a part of it.
    Tile(&'a Tile),
    /// What has no partitions.
    Whole,
}

/// Which page of a feed.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Where it comes from.
    pub from: Source<'a>,
    /// A hint; none leaves it to the service.
    pub max_item_count: Option<u64>,
    /// The service's, of the page before.
    pub continuation: Option<&'a str>,
    /// Sent as it is.
    pub session_token: Option<&'a str>,
}

impl Request {
    /// A page of a query. `correlated` is the same for all requests of the feed.
    ///
    /// # Errors
    /// `invalid-argument`: names, a key or a token that cannot be sent.
    pub fn query(
        query: &Query,
        body: Rc<Vec<u8>>,
        correlated: &str,
        page: Page<'_>,
    ) -> Result<Self> {
        let mut request = Self::asking(query, body, correlated)?;
        if matches!(page.from, Source::Tile(_)) {
            request = request.with(CROSS_PARTITION, "True");
        }
        request = request.with_page(&query.container, page)?;
        for (wanted, header) in [
            (query.query_metrics, POPULATE_QUERY_METRICS),
            (query.index_metrics, POPULATE_INDEX_METRICS),
        ] {
            if wanted {
                request = request.with(header, "true");
            }
        }
        Ok(request)
    }

    /// A page of items as they are: `GET` on the feed. `name` is the operation's; `more` are headers of its own.
    ///
    /// # Errors
    /// `invalid-argument`: names, a key or a token that cannot be sent.
    pub fn items(
        name: &'static str,
        at: &ContainerRef,
        page: Page<'_>,
        more: HeaderList,
    ) -> Result<Self> {
        let link = link::items(&at.database, &at.container)?;
        let request = Self {
            name,
            class: Class::Read,
            headers: more,
            ..Self::bare(http::Method::GET, link)
        };
        request.with_page(at, page)
    }

    fn with_page(self, at: &ContainerRef, page: Page<'_>) -> Result<Self> {
        let (mut request, mut key) = (self, PartitionKey::new());
        request = match page.from {
            Source::Key(own) => {
                key.clone_from(own);
                request.with_key(own)?
            }
            Source::Tile(tile) => request.with_tile(tile),
            Source::Whole => request,
        };
        request = request.with_conditions(Conditions {
            precondition: None,
            session_token: page.session_token.map(str::to_owned),
        })?;
        let count = page.max_item_count.map(|count| count.to_string());
        request = request.with(
            name::MAX_ITEM_COUNT,
            count.unwrap_or_else(|| "-1".to_owned()),
        );
        if let Some(continuation) = page.continuation {
            request = request.with(name::CONTINUATION, continuation);
        }
        request.scope = Some(Scope {
            container: at.clone(),
            key,
            patched: Vec::new(),
        });
        Ok(request)
    }

    /// Asks the gateway how to run a query. It is about the query, not about items, and so has no session.
    ///
    /// # Errors
    /// `invalid-argument`: names or a key that cannot be sent.
    pub fn query_plan(query: &Query, body: Rc<Vec<u8>>, correlated: &str) -> Result<Self> {
        let mut request = Self::asking(query, body, correlated)?;
        if let Target::Key(key) = &query.target {
            request = request.with_key(key)?;
        }
        let request = request
            .with(CROSS_PARTITION, "True")
            .with(IS_PLAN, "True")
            .with(SUPPORTED, SUPPORTED_FEATURES)
            .with(QUERY_VERSION, "1.0");
        Ok(Self {
            name: PLAN_NAME,
            ..request
        })
    }

    /// Whether it goes to a partition by its id, rather than to where the gateway finds a key: when the partition is gone,
    /// it is of no use any more.
    pub fn is_to_range(&self) -> bool {
        self.header(PARTITION_KEY_RANGE_ID).is_some()
    }

    /// Whether it makes sense only in the container that it was made for: it names a partition, goes on after a page, or
    /// asks for changes, whose place is kept together with the container's id.
    pub fn is_tied(&self) -> bool {
        let goes_on = self.header(name::CONTINUATION).is_some();
        self.is_to_range() || goes_on || self.asks_for_changes()
    }

    /// Whether it is one of a change feed.
    pub fn asks_for_changes(&self) -> bool {
        self.name == change_feed::NAME
    }

    /// The id of the partition that it goes to.
    pub fn range_id(&self) -> Option<&str> {
        std::str::from_utf8(self.header(PARTITION_KEY_RANGE_ID)?).ok()
    }

    fn asking(query: &Query, body: Rc<Vec<u8>>, correlated: &str) -> Result<Self> {
        let at = &query.container;
        let link = link::items(&at.database, &at.container)?;
        let request = Self::bare(http::Method::POST, link)
            .with(name::CONTENT_TYPE, "application/query+json")
            .with(name::IS_QUERY, "True")
            .with(CORRELATED_ACTIVITY_ID, correlated);
        Ok(Self {
            name: NAME,
            class: Class::Read,
            body: Some(body),
            ..request
        })
    }

    fn with_key(self, key: &PartitionKey) -> Result<Self> {
        Ok(self.with(name::PARTITION_KEY, crate::wire::key::header_value(key)?))
    }

    /// To a partition, with bounds only if a part of it is meant.
    fn with_tile(self, tile: &Tile) -> Self {
        let request = self.with(PARTITION_KEY_RANGE_ID, &*tile.range.id);
        if tile.is_whole() {
            return request;
        }
        // Next to the id of a partition, gateways refuse an empty bound.
        let min = match &tile.slice.min {
            min if *min == Epk::MIN => "00".to_owned(),
            min => min.to_hex(),
        };
        request
            .with(START_EPK, min)
            .with(END_EPK, tile.slice.max.to_hex())
            .with(READ_KEY_TYPE, "EffectivePartitionKeyRange")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::operation::ContainerRef;
    use crate::core::ranges::testing::ranges;
    use crate::wire::epk_range::EpkRange;
    use crate::wire::key::KeyComponent;

    fn query() -> Query {
        let container = ContainerRef {
            database: "d".to_owned(),
            container: "c".to_owned(),
        };
        Query::new(container, "SELECT 1")
    }

    fn page(from: Source<'_>) -> Page<'_> {
        Page {
            from,
            max_item_count: None,
            continuation: None,
            session_token: None,
        }
    }

    fn headers(request: &Request) -> Vec<String> {
        let line = |(name, value): &(String, Vec<u8>)| {
            format!("{name}: {}", String::from_utf8_lossy(value))
        };
        request.headers.iter().map(line).collect()
    }

    #[test]
    fn a_page_of_one_key_goes_where_the_gateway_finds_it() {
        let key = vec![KeyComponent::Text("k".to_owned())];
        let query = Query {
            query_metrics: true,
            index_metrics: true,
            ..query()
        };
        let page = Page {
            max_item_count: Some(7),
            continuation: Some("next"),
            session_token: Some("0:1#2"),
            ..page(Source::Key(&key))
        };
        let request = Request::query(&query, Rc::default(), "u", page).unwrap();
        assert_eq!((request.name, request.class), ("query_items", Class::Read));
        assert_eq!(request.method, http::Method::POST);
        assert_eq!(request.link.path(), "/dbs/d/colls/c/docs");
        assert_eq!(
            headers(&request),
            [
                "content-type: application/query+json",
                "x-ms-documentdb-isquery: True",
                "x-ms-cosmos-correlated-activityid: u",
                "x-ms-documentdb-partitionkey: [\"k\"]",
                "x-ms-session-token: 0:1#2",
                "x-ms-max-item-count: 7",
                "x-ms-continuation: next",
                "x-ms-documentdb-populatequerymetrics: true",
                "x-ms-cosmos-populateindexmetrics: true",
            ]
        );
        assert!(request.is_tied() && !request.is_to_range());
        assert_eq!(request.scope.unwrap().key, key);
    }

    #[test]
    fn bounds_go_along_only_where_they_narrow() {
        let map = ranges(0, &["40", "80"]);
        for (min, max, bounds) in [
            ("", "40", None),
            ("4000", "80", None),
            ("", "20", Some(("00", "20"))),
            ("41", "80", Some(("41", "80"))),
        ] {
            let slice = EpkRange {
                min: min.parse().unwrap(),
                max: max.parse().unwrap(),
            };
            let tile = &map.tiles(&slice)[0];
            let page = page(Source::Tile(tile));
            let request = Request::query(&query(), Rc::default(), "u", page).unwrap();
            let mut expected = vec![
                "content-type: application/query+json".to_owned(),
                "x-ms-documentdb-isquery: True".to_owned(),
                "x-ms-cosmos-correlated-activityid: u".to_owned(),
                "x-ms-documentdb-query-enablecrosspartition: True".to_owned(),
                format!("x-ms-documentdb-partitionkeyrangeid: {}", tile.range.id),
            ];
            if let Some((start, end)) = bounds {
                expected.push(format!("x-ms-start-epk: {start}"));
                expected.push(format!("x-ms-end-epk: {end}"));
                expected.push("x-ms-read-key-type: EffectivePartitionKeyRange".to_owned());
            }
            expected.push("x-ms-max-item-count: -1".to_owned());
            assert_eq!(headers(&request), expected, "{min} {max}");
            assert!(request.is_tied() && request.is_to_range());
            assert_eq!(request.range_id(), Some(&*tile.range.id));
            assert!(request.is_data_plane());
        }
    }

    #[test]
    fn items_as_they_are_need_no_query() {
        let map = ranges(0, &["40"]);
        let part = EpkRange {
            min: "10".parse().unwrap(),
            max: "20".parse().unwrap(),
        };
        let tile = &map.tiles(&part)[0];
        let page = Page {
            max_item_count: Some(7),
            continuation: Some("next"),
            ..page(Source::Tile(tile))
        };
        let more = vec![("a-im".to_owned(), b"Incremental Feed".to_vec())];
        let request = Request::items("read_all_items", &query().container, page, more).unwrap();
        assert_eq!(
            (request.name, request.class),
            ("read_all_items", Class::Read)
        );
        assert_eq!(request.method, http::Method::GET);
        assert_eq!(request.link.path(), "/dbs/d/colls/c/docs");
        assert!(request.body.is_none() && request.is_data_plane());
        assert_eq!(
            headers(&request),
            [
                "a-im: Incremental Feed",
                "x-ms-documentdb-partitionkeyrangeid: 0",
                "x-ms-start-epk: 10",
                "x-ms-end-epk: 20",
                "x-ms-read-key-type: EffectivePartitionKeyRange",
                "x-ms-max-item-count: 7",
                "x-ms-continuation: next",
            ]
        );
    }

    #[test]
    fn a_plan_is_asked_for_with_the_same_body() {
        let key = Query {
            target: Target::Key(vec![KeyComponent::Null]),
            ..query()
        };
        for (query, with_key) in [(query(), false), (key, true)] {
            let body = Rc::new(b"{}".to_vec());
            let request = Request::query_plan(&query, Rc::clone(&body), "u").unwrap();
            assert_eq!(request.name, "query_plan");
            assert_eq!(request.body, Some(body));
            let mut expected = vec![
                "content-type: application/query+json".to_owned(),
                "x-ms-documentdb-isquery: True".to_owned(),
                "x-ms-cosmos-correlated-activityid: u".to_owned(),
            ];
            if with_key {
                expected.push("x-ms-documentdb-partitionkey: [null]".to_owned());
            }
            expected.extend([
                "x-ms-documentdb-query-enablecrosspartition: True".to_owned(),
                "x-ms-cosmos-is-query-plan-request: True".to_owned(),
                format!("x-ms-cosmos-supported-query-features: {SUPPORTED_FEATURES}"),
                "x-ms-cosmos-query-version: 1.0".to_owned(),
            ]);
            assert_eq!(headers(&request), expected);
            assert!(!request.is_data_plane() && !request.is_tied());
        }
    }

    #[test]
    fn names_keys_and_tokens_are_checked() {
        let tile = ranges(0, &[]).tiles(&EpkRange::ALL)[0].clone();
        let mut bad = query();
        bad.container.container = "a/b".to_owned();
        let all = page(Source::Tile(&tile));
        assert!(Request::query(&bad, Rc::default(), "u", all).is_err());
        assert!(Request::query_plan(&bad, Rc::default(), "u").is_err());
        let token = Page {
            session_token: Some(""),
            ..page(Source::Tile(&tile))
        };
        assert!(Request::query(&query(), Rc::default(), "u", token).is_err());
    }
}
