//! Queries, against an account that has several physical partitions.

mod kinds;
mod limits;
mod moves;
mod order;
mod pages;
mod property;
mod refresh;
mod scopes;
mod stock;
mod together;
mod tokens;

use cosmosdb_driver_host::types::{
    Error as DriverError, FeedOperation, FeedOptions, FeedScope, OperationOptions, QueryItems,
    QueryParameter, Response,
};
use cosmosdb_driver_host::{Config, Error, Options};
use host_tests::gateway::{self, Control, Gateway};
use host_tests::scripted::Seen;
use serde_json::Value;
use tokio::time::timeout;

use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, json as parse, text};
use crate::face::{Driver, Face, Feed};
use crate::scene::{PATIENCE, config};

/// An account, and a driver for it.
struct Scene {
    gateway: Gateway,
    driver: Driver,
}

impl Scene {
    /// With a container of so many ranges.
    async fn new(face: Face, ranges: u32) -> Self {
        Self::with(face, ranges, Options::default(), |config| config).await
    }

    /// The same, with another host and configuration.
    async fn with(
        face: Face,
        ranges: u32,
        options: Options,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let gateway = gateway(ranges);
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(options, &config).await.unwrap();
        Self { gateway, driver }
    }

    fn container(&self) -> Control<'_> {
        self.gateway.container(DATABASE, CONTAINER)
    }

    /// The ids of the ranges, in the order of their keys.
    fn ranges(&self) -> Vec<String> {
        let ranges = self.container().ranges().into_iter();
        ranges.map(|(id, _, _)| id).collect()
    }

    async fn try_open(
        &mut self,
        query: QueryItems,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Feed, Error> {
        let operation = FeedOperation::QueryItems(query);
        self.driver.open_feed(operation, feed, options).await
    }

    async fn open(&mut self, query: QueryItems, feed: FeedOptions) -> Feed {
        let opened = self.try_open(query, feed, OperationOptions::default());
        opened.await.unwrap()
    }

    async fn try_next(&mut self, feed: &Feed) -> Result<Response, Error> {
        let page = timeout(PATIENCE, self.driver.next_page(feed)).await;
        page.expect("an answer, however bad")
    }

    async fn next(&mut self, feed: &Feed) -> Response {
        self.try_next(feed).await.unwrap()
    }

    /// The error of the next page.
    async fn fails(&mut self, feed: &Feed) -> DriverError {
        error_of(self.try_next(feed).await)
    }

    /// The rows of all pages that follow, page by page.
    async fn pages(&mut self, feed: &Feed) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        loop {
            let page = self.next(feed).await;
            match page.status {
                200 => pages.push(rows(&page)),
                status => {
                    assert_eq!((status, page.body.len()), (204, 0));
                    return pages;
                }
            }
        }
    }

    /// All rows of a query.
    async fn read(&mut self, query: QueryItems, feed: FeedOptions) -> Vec<Value> {
        let feed = self.open(query, feed).await;
        let rows = self.pages(&feed).await.concat();
        self.driver.release(feed).await.unwrap();
        rows
    }

    /// The requests for documents so far: plans and pages.
    fn asked(&self) -> Vec<Seen> {
        let mut seen = self.gateway.requests();
        seen.retain(|seen| seen.path.ends_with("/docs"));
        seen
    }
}

/// An account with the container of the tests.
fn gateway(ranges: u32) -> Gateway {
    let options = gateway::Options {
        database: DATABASE,
        container: CONTAINER,
        ranges,
        ..gateway::Options::default()
    };
    Gateway::start(options).unwrap()
}

fn query(text: &str, scope: FeedScope) -> QueryItems {
    QueryItems {
        container: container(DATABASE, CONTAINER),
        scope,
        text: text.to_owned(),
        parameters: Vec::new(),
        query_metrics: false,
        index_metrics: false,
    }
}

/// Over the whole container.
fn everywhere(text: &str) -> QueryItems {
    query(text, FeedScope::Container)
}

/// Over one partition key.
fn of_key(query_text: &str, key: &str) -> QueryItems {
    query(query_text, FeedScope::Key(text(key)))
}

fn parameter(name: &str, value: &Value) -> QueryParameter {
    QueryParameter {
        name: name.to_owned(),
        value: value.to_string().into_bytes(),
    }
}

/// Pages of so many rows.
fn paged(rows: u32) -> FeedOptions {
    FeedOptions {
        max_item_count: Some(rows),
        ..FeedOptions::default()
    }
}

/// The rows of a page; none after the last one.
fn rows(page: &Response) -> Vec<Value> {
    if page.status == 204 {
        return Vec::new();
    }
    let body = parse(&page.body);
    body["Documents"].as_array().unwrap().clone()
}

/// What a call failed with, inside the component.
fn error_of<T>(result: Result<T, Error>) -> DriverError {
    match result {
        Err(Error::Driver(error)) => *error,
        Err(other) => panic!("not an error of the driver: {other}"),
        Ok(_) => panic!("no error"),
    }
}

fn is_plan(seen: &Seen) -> bool {
    seen.header("x-ms-cosmos-is-query-plan-request") == Some("True")
}

/// A page of rows.
fn is_page(seen: &Seen) -> bool {
    seen.header("x-ms-documentdb-isquery") == Some("True") && !is_plan(seen)
}
