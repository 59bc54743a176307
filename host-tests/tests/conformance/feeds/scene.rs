//! An account of several partitions, and a driver that reads its feeds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosmosdb_driver_host::types::{
    Error as DriverError, FeedOperation, FeedOptions, FeedScope, ItemId, KeyComponent,
    OperationOptions, ReadFeed, ReadMany, ReadManyInput, Response,
};
use cosmosdb_driver_host::{Config, Error, Options};
use host_tests::gateway::{self, Control, Gateway};
use host_tests::scripted::Seen;
use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, json as parse, text};
use crate::face::{Driver, Face, Feed};
use crate::scene::{PATIENCE, config};

/// More pages than a feed of these tests has.
const MANY: usize = 500;

pub(super) struct Scene {
    face: Face,
    pub(super) gateway: Gateway,
    pub(super) driver: Driver,
}

impl Scene {
    /// A container with the key `/pk` and so many partitions; nothing has been sent yet.
    pub(super) async fn new(face: Face, ranges: u32) -> Self {
        Self::with(face, ranges, &["/pk"], |config| config).await
    }

    pub(super) async fn with(
        face: Face,
        ranges: u32,
        key: &[&str],
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            key,
            ranges,
        };
        let gateway = Gateway::start(options).unwrap();
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(Options::default(), &config).await.unwrap();
        Self {
            face,
            gateway,
            driver,
        }
    }

    /// The driver learns what it needs to know, and all requests so far are forgotten.
    pub(super) async fn warm(mut self) -> Self {
        let key = FeedScope::Key(text("nobody"));
        let feed = FeedOptions::default();
        if let Ok(opened) = self.try_open(change_feed(key), feed).await {
            self.page(&opened).await.unwrap();
            self.driver.release(opened).await.unwrap();
        }
        self.all(items([-1]), FeedOptions::default()).await;
        self.gateway.clear();
        self
    }

    /// Another process takes over: a driver that knows nothing.
    pub(super) async fn elsewhere(&mut self) {
        let config = config(&self.gateway.endpoint());
        self.driver = self.face.open(Options::default(), &config).await.unwrap();
    }

    pub(super) fn container(&self) -> Control<'_> {
        self.gateway.container(DATABASE, CONTAINER)
    }

    /// So many items, numbered, each with a key of its own.
    pub(super) fn fill(&self, items: i64) {
        for n in 0..items {
            self.put(n, &format!("k{n}"));
        }
    }

    pub(super) fn put(&self, n: i64, key: &str) {
        let document = json!({ "id": n.to_string(), "pk": key, "n": n });
        self.container().put(document);
    }

    /// The partition of an item that [`fill`](Self::fill) made.
    pub(super) fn range_of(&self, n: i64) -> String {
        self.container().range_of(&[json!(format!("k{n}"))])
    }

    /// Splits the first partition, or merges two others; now one, now the other.
    pub(super) fn unsettle(&self, step: usize) {
        let container = self.container();
        let ranges = container.ranges();
        if step.is_multiple_of(2) {
            container.split(&ranges[0].0);
        } else {
            container.merge(&ranges[1].0, &ranges[2].0);
        }
    }
}

/// Feeds.
impl Scene {
    pub(super) async fn try_open(
        &mut self,
        operation: FeedOperation,
        feed: FeedOptions,
    ) -> Result<Feed, Error> {
        let options = OperationOptions::default();
        self.driver.open_feed(operation, feed, options).await
    }

    pub(super) async fn open(&mut self, operation: FeedOperation, feed: FeedOptions) -> Feed {
        self.try_open(operation, feed).await.unwrap()
    }

    pub(super) async fn open_with(
        &mut self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Feed {
        let opened = self.driver.open_feed(operation, feed, options).await;
        opened.unwrap()
    }

    pub(super) async fn page(&mut self, feed: &Feed) -> Result<Response, Error> {
        let page = timeout(PATIENCE, self.driver.next_page(feed)).await;
        page.expect("an answer, however bad")
    }

    pub(super) async fn next(&mut self, feed: &Feed) -> Response {
        match self.page(feed).await {
            Ok(page) => page,
            Err(error) => panic!("{error}"),
        }
    }

    /// The error that comes instead of a page.
    pub(super) async fn fails(&mut self, feed: &Feed) -> DriverError {
        match self.page(feed).await {
            Err(Error::Driver(error)) => *error,
            Err(other) => panic!("not an error of the driver: {other}"),
            Ok(page) => panic!("status {} and no error", page.status),
        }
    }

    /// The pages that follow, up to the end, or until a change feed has caught up.
    pub(super) async fn pages(&mut self, feed: &Feed) -> Vec<Response> {
        let mut pages = Vec::new();
        loop {
            let page = self.next(feed).await;
            match page.status {
                200 if pages.len() < MANY => pages.push(page),
                200 => panic!("the feed does not end"),
                304 => return pages,
                status => {
                    assert_eq!((status, page.body.len()), (204, 0));
                    assert_eq!(page.diagnostics.request_count, 0);
                    return pages;
                }
            }
        }
    }

    /// The same, and lets the feed go.
    pub(super) async fn rest(&mut self, feed: Feed) -> Vec<Response> {
        let pages = self.pages(&feed).await;
        self.driver.release(feed).await.unwrap();
        pages
    }

    pub(super) async fn all(
        &mut self,
        operation: FeedOperation,
        feed: FeedOptions,
    ) -> Vec<Response> {
        let feed = self.open(operation, feed).await;
        self.rest(feed).await
    }

    /// The error of a feed, at its opening or at its first page.
    pub(super) async fn refused(
        &mut self,
        operation: FeedOperation,
        feed: FeedOptions,
    ) -> DriverError {
        let opened = match self.try_open(operation, feed).await {
            Err(Error::Driver(error)) => return *error,
            Err(other) => panic!("not an error of the driver: {other}"),
            Ok(opened) => opened,
        };
        let error = self.fails(&opened).await;
        self.driver.release(opened).await.unwrap();
        error
    }

    pub(super) async fn token(&mut self, feed: &Feed) -> Option<String> {
        self.driver.continuation(feed).await.unwrap()
    }

    /// Takes a page from a feed of its own; gives its continuation too.
    pub(super) async fn one(
        &mut self,
        operation: FeedOperation,
        feed: FeedOptions,
    ) -> (Response, Option<String>) {
        let feed = self.open(operation, feed).await;
        let page = self.next(&feed).await;
        let token = self.token(&feed).await;
        self.driver.release(feed).await.unwrap();
        (page, token)
    }
}

/// What the server saw.
impl Scene {
    /// The requests for items.
    pub(super) fn asked(&self) -> Vec<Seen> {
        let mut seen = self.gateway.requests();
        seen.retain(is_about_items);
        seen
    }

    /// The same in short: what is read, and from which partition or key.
    pub(super) fn trace(&self) -> Vec<String> {
        self.asked().iter().map(line).collect()
    }
}

pub(super) fn is_about_items(seen: &Seen) -> bool {
    seen.path.contains("/docs")
}

pub(super) fn line(seen: &Seen) -> String {
    let range = seen.header("x-ms-documentdb-partitionkeyrangeid");
    let key = seen.header("x-ms-documentdb-partitionkey");
    assert!(range.is_none() || key.is_none(), "one place for a request");
    let place = range.or(key).unwrap_or("nowhere");
    let (_, id) = seen.path.split_once("/docs").expect("items");
    let what = match (&seen.method, id.strip_prefix('/')) {
        (&Method::GET, Some(id)) => return ["read ", id].concat(),
        (&Method::GET, None) if seen.header("a-im").is_some() => "changes",
        (&Method::GET, None) => "items",
        _ if seen.header("x-ms-cosmos-is-query-plan-request").is_some() => "plan",
        _ => "query",
    };
    [what, " ", place].concat()
}

/// The rows of a page.
pub(super) fn rows(page: &Response) -> Vec<Value> {
    let body = parse(&page.body);
    body["Documents"].as_array().unwrap().clone()
}

/// The numbers of the items of all pages, in the order in which they came.
pub(super) fn numbers<'a>(pages: impl IntoIterator<Item = &'a Response>) -> Vec<i64> {
    let rows = pages.into_iter().flat_map(rows);
    rows.map(|row| row["n"].as_i64().unwrap()).collect()
}

/// Each item once, whatever the order.
pub(super) fn assert_each_once<'a>(
    pages: impl IntoIterator<Item = &'a Response>,
    expected: std::ops::Range<i64>,
) {
    let mut found = numbers(pages);
    found.sort_unstable();
    assert_eq!(found, expected.collect::<Vec<i64>>());
}

pub(super) fn read_feed(scope: FeedScope) -> FeedOperation {
    FeedOperation::ReadFeed(ReadFeed {
        container: container(DATABASE, CONTAINER),
        scope,
    })
}

/// The latest versions from the beginning.
pub(super) fn change_feed(scope: FeedScope) -> FeedOperation {
    use cosmosdb_driver_host::types::{ChangeFeedMode, ChangeFeedStart};
    super::change_feed::changes(
        scope,
        ChangeFeedMode::LatestVersion,
        ChangeFeedStart::Beginning,
    )
}

pub(super) fn many(input: ReadManyInput, in_order: bool) -> FeedOperation {
    FeedOperation::ReadMany(ReadMany {
        container: container(DATABASE, CONTAINER),
        input,
        in_order,
    })
}

/// Items that [`Scene::fill`] made.
pub(super) fn items(numbers: impl IntoIterator<Item = i64>) -> FeedOperation {
    many(ids(numbers), false)
}

pub(super) fn ids(numbers: impl IntoIterator<Item = i64>) -> ReadManyInput {
    let numbers = numbers.into_iter();
    let ids = numbers.map(|n| item_id(&n.to_string(), text(&format!("k{n}"))));
    ReadManyInput::Items(ids.collect())
}

pub(super) fn item_id(id: &str, key: Vec<KeyComponent>) -> ItemId {
    let id = id.to_owned();
    ItemId { id, key }
}

/// Pages of so many rows.
pub(super) fn paged(rows: u32) -> FeedOptions {
    FeedOptions {
        max_item_count: Some(rows),
        ..FeedOptions::default()
    }
}

/// The same, from there on.
pub(super) fn paged_from(rows: u32, continuation: Option<String>) -> FeedOptions {
    FeedOptions {
        continuation,
        ..paged(rows)
    }
}

/// A part of the hash space.
pub(super) fn range(min: &str, max: &str) -> FeedScope {
    let range = json!({ "min": min, "max": max, "isMinInclusive": true, "isMaxInclusive": false });
    FeedScope::Range(STANDARD.encode(json!({ "Range": range }).to_string()))
}
