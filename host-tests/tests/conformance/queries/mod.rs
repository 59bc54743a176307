//! Queries, against an account that has several physical partitions.

use cosmosdb_driver_host::types::{
    FeedOperation, FeedOptions, FeedScope, OperationOptions, QueryItems, Response,
};
use cosmosdb_driver_host::{Config, Options};
use host_tests::gateway::{self, Direction, Gateway, Plan};
use host_tests::scripted::Seen;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, json as parse, text};
use crate::face::{Driver, Face, Feed};
use crate::scene::{PATIENCE, config};

on_every_face!(
    one_key_is_read_page_by_page_without_a_plan,
    all_partitions_are_merged_in_order,
    a_feed_goes_on_elsewhere,
);

const SORTED: &str = "SELECT * FROM c ORDER BY c.n";

struct Scene {
    gateway: Gateway,
    driver: Driver,
}

impl Scene {
    async fn new(face: Face, ranges: u32) -> Self {
        Self::with(face, ranges, |config| config).await
    }

    async fn with(face: Face, ranges: u32, change: impl FnOnce(Config) -> Config) -> Self {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            ranges,
            ..gateway::Options::default()
        };
        let gateway = Gateway::start(options).unwrap();
        gateway.register(SORTED, Plan::all().order_by("c.n", Direction::Ascending));
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(Options::default(), &config).await.unwrap();
        Self { gateway, driver }
    }

    /// So many items, numbered, each with a key of its own.
    fn fill(&self, items: i64) {
        let container = self.gateway.container(DATABASE, CONTAINER);
        for n in 0..items {
            container.put(json!({ "id": n.to_string(), "pk": format!("k{n}"), "n": n }));
        }
    }

    async fn open(&mut self, query: QueryItems, feed: FeedOptions) -> Feed {
        let operation = FeedOperation::QueryItems(query);
        let opened = self
            .driver
            .open_feed(operation, feed, OperationOptions::default());
        opened.await.unwrap()
    }

    async fn next(&mut self, feed: &Feed) -> Response {
        let page = timeout(PATIENCE, self.driver.next_page(feed)).await;
        page.expect("an answer, however bad").unwrap()
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

    /// The requests for documents: plans and pages.
    fn asked(&self) -> Vec<Seen> {
        let mut seen = self.gateway.requests();
        seen.retain(|seen| seen.path.ends_with("/docs"));
        seen
    }
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

fn rows(page: &Response) -> Vec<Value> {
    let body = parse(&page.body);
    body["Documents"].as_array().unwrap().clone()
}

fn numbers(pages: &[Vec<Value>]) -> Vec<i64> {
    let rows = pages.iter().flatten();
    rows.map(|row| row["n"].as_i64().unwrap()).collect()
}

async fn one_key_is_read_page_by_page_without_a_plan(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    let documents = scene.gateway.container(DATABASE, CONTAINER);
    for n in 0..5 {
        documents.put(json!({ "id": n.to_string(), "pk": "a", "n": n }));
    }
    let own = query("SELECT * FROM c", FeedScope::Key(text("a")));
    let options = FeedOptions {
        max_item_count: Some(2),
        ..FeedOptions::default()
    };
    let feed = scene.open(own, options).await;
    let pages = scene.pages(&feed).await;
    assert_eq!(numbers(&pages), [0, 1, 2, 3, 4]);
    assert_eq!(pages.len(), 3);
    assert_eq!(scene.asked().len(), 3, "one request for a page");
    scene.driver.release(feed).await.unwrap();
}

async fn all_partitions_are_merged_in_order(face: Face) {
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(100);
        let options = FeedOptions {
            max_item_count: Some(30),
            ..FeedOptions::default()
        };
        let feed = scene
            .open(query(SORTED, FeedScope::Container), options)
            .await;
        let pages = scene.pages(&feed).await;
        let expected: Vec<i64> = (0..100).collect();
        assert_eq!(numbers(&pages), expected);
        assert_eq!(pages.iter().map(Vec::len).max(), Some(30));
    }
}

async fn a_feed_goes_on_elsewhere(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(20);
    let options = FeedOptions {
        max_item_count: Some(7),
        ..FeedOptions::default()
    };
    let feed = scene
        .open(query(SORTED, FeedScope::Container), options.clone())
        .await;
    let first = rows(&scene.next(&feed).await);
    let continuation = scene.driver.continuation(&feed).await.unwrap();
    scene.driver.release(feed).await.unwrap();
    scene.gateway.container(DATABASE, CONTAINER).split("0");

    let options = FeedOptions {
        continuation,
        ..options
    };
    let feed = scene
        .open(query(SORTED, FeedScope::Container), options)
        .await;
    let rest = scene.pages(&feed).await;
    let all: Vec<Vec<Value>> = std::iter::once(first).chain(rest).collect();
    let expected: Vec<i64> = (0..20).collect();
    assert_eq!(numbers(&all), expected);
    assert_eq!(scene.driver.continuation(&feed).await.unwrap(), None);
}
