//! One feed and several callers, several feeds at once, and calls that are given up.

use std::thread;

use cosmosdb_driver_host::instance::{AsyncFeed, AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{ErrorKind, FeedOperation, FeedOptions, OperationOptions};
use cosmosdb_driver_host::{Client, Feed, Options, Query, blocking};
use host_tests::gateway::Direction::Ascending;
use host_tests::gateway::{Effect, Gateway, Plan};
use host_tests::scripted::Gate;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::stock::{document, values};
use super::{error_of, everywhere, gateway, is_page, paged, rows};
use crate::account::{CONTAINER, DATABASE};
use crate::face::{Face, finished};
use crate::scene::{PATIENCE, config};

const SORTED: &str = "SELECT * FROM c ORDER BY c.n";
const DOCUMENTS: u64 = 60;

fn filled() -> Gateway {
    let gateway = gateway(4);
    for n in 0..DOCUMENTS {
        gateway.container(DATABASE, CONTAINER).put(document(n));
    }
    gateway.register(SORTED, Plan::all().order_by("c.n", Ascending));
    gateway
}

fn all() -> Vec<u64> {
    (0..DOCUMENTS).collect()
}

fn sorted() -> FeedOperation {
    FeedOperation::QueryItems(everywhere(SORTED))
}

fn usual() -> OperationOptions {
    OperationOptions::default()
}

async fn blocking_instance(gateway: &Gateway) -> BlockingInstance {
    let host = Face::Tasks.host(Options::default());
    let config = config(&gateway.endpoint());
    BlockingInstance::open(&host, &config).await.unwrap()
}

async fn async_feed(gateway: &Gateway, options: FeedOptions) -> AsyncFeed {
    let host = Face::Concurrent.host(Options::default());
    let opened = AsyncInstance::open(&host, &config(&gateway.endpoint())).await;
    let feed = opened.unwrap().open_feed(sorted(), options, usual()).await;
    feed.unwrap()
}

/// The numbers of all rows, in order.
fn ascending(mut rows: Vec<Value>) -> Vec<u64> {
    rows.sort_by_key(|row| row["n"].as_u64());
    rows.iter().map(|row| row["n"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_page_beside_another_is_refused_to_tasks() {
    let gateway = filled();
    let mut instance = blocking_instance(&gateway).await;
    let feed = instance
        .open_feed(&sorted(), &paged(9), &usual())
        .await
        .unwrap();
    let gate = Gate::new();
    gateway.on(1, is_page, Effect::after(&gate));
    let first = instance.submit_page(&feed).await.unwrap();
    assert_eq!(instance.step().await.unwrap(), []);
    let second = instance.submit_page(&feed).await.unwrap();
    assert_eq!(instance.wait().await.unwrap(), [second]);
    let error = error_of(finished(&mut instance, second).await);
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(
        error.message.contains("one page at a time"),
        "{}",
        error.message
    );
    let error = error_of(instance.continuation(&feed).await);
    assert_eq!(error.kind, ErrorKind::InvalidArgument);

    gate.open();
    assert_eq!(instance.wait().await.unwrap(), [first]);
    let mut found = rows(&finished(&mut instance, first).await.unwrap());
    assert!(instance.continuation(&feed).await.unwrap().is_some());
    loop {
        let page = instance.next_page(&feed).await.unwrap();
        if page.status == 204 {
            break;
        }
        found.extend(rows(&page));
    }
    assert_eq!(values(&found, "n"), all());
}

#[tokio::test]
async fn requests_of_a_page_are_bounded() {
    let gateway = filled();
    let mut instance = blocking_instance(&gateway).await;
    let bounded = FeedOptions {
        max_concurrency: Some(3),
        ..paged(60)
    };
    let feed = instance.open_feed(&sorted(), &paged(1), &usual()).await;
    instance.next_page(&feed.unwrap()).await.unwrap();
    gateway.clear();
    let gate = Gate::new();
    gateway.on(4, is_page, Effect::after(&gate));
    let feed = instance
        .open_feed(&sorted(), &bounded, &usual())
        .await
        .unwrap();
    let page = instance.submit_page(&feed).await.unwrap();
    assert_eq!(instance.step().await.unwrap(), []);
    let three = gateway.wait_until(|seen| seen.iter().filter(|seen| is_page(seen)).count() >= 3);
    timeout(PATIENCE, three).await.unwrap();
    assert_eq!(instance.step().await.unwrap(), []);
    assert_eq!(gateway.requests().len(), 3, "of four partitions");
    gate.open();
    assert_eq!(instance.wait().await.unwrap(), [page]);
    let found = rows(&finished(&mut instance, page).await.unwrap());
    assert_eq!(values(&found, "n"), all());
}

#[tokio::test]
async fn a_page_that_is_cancelled_is_asked_for_again() {
    let gateway = filled();
    let mut instance = blocking_instance(&gateway).await;
    let feed = instance
        .open_feed(&sorted(), &paged(9), &usual())
        .await
        .unwrap();
    gateway.container(DATABASE, CONTAINER).page_size(Some(3));
    let mut found = rows(&instance.next_page(&feed).await.unwrap());
    gateway.clear();
    for _ in 0..3 {
        let gate = Gate::new();
        gateway.on(1, is_page, Effect::after(&gate));
        let page = instance.submit_page(&feed).await.unwrap();
        assert_eq!(instance.step().await.unwrap(), []);
        let seen = gateway.wait_until(|seen| seen.iter().any(is_page));
        timeout(PATIENCE, seen).await.unwrap();
        instance.cancel(page).await.unwrap();
        let error = error_of(finished(&mut instance, page).await);
        assert_eq!(error.kind, ErrorKind::Cancelled);
        gate.open();
        gateway.clear();
        found.extend(rows(&instance.next_page(&feed).await.unwrap()));
    }
    // The feed may go while its page is under way.
    let page = instance.submit_page(&feed).await.unwrap();
    assert_eq!(instance.step().await.unwrap(), []);
    instance.release(feed).await.unwrap();
    assert_eq!(instance.wait().await.unwrap(), [page]);
    found.extend(rows(&finished(&mut instance, page).await.unwrap()));
    assert_eq!(values(&found, "n"), (0..45).collect::<Vec<u64>>());
}

#[tokio::test]
async fn calls_for_one_feed_wait_for_each_other() {
    let gateway = filled();
    let feed = async_feed(&gateway, paged(9)).await;
    let gate = Gate::new();
    gateway.on(1, is_page, Effect::after(&gate));
    let mut calls = JoinSet::new();
    for _ in 0..7 {
        let feed = feed.clone();
        calls.spawn(async move { feed.next_page().await });
    }
    let seen = gateway.wait_until(|seen| seen.iter().any(is_page));
    timeout(PATIENCE, seen).await.unwrap();
    gate.open();
    let mut found = Vec::new();
    while let Some(page) = calls.join_next().await {
        found.extend(rows(&page.unwrap().unwrap()));
    }
    assert_eq!(
        ascending(found),
        all(),
        "six full pages and one of six rows"
    );
    assert_eq!(feed.continuation().await.unwrap(), None);
}

#[tokio::test]
async fn calls_that_are_dropped_lose_no_rows() {
    let gateway = filled();
    gateway.container(DATABASE, CONTAINER).page_size(Some(3));
    for after in 0..12 {
        let feed = async_feed(&gateway, paged(7)).await;
        let mut found = Vec::new();
        for _ in 0..4 {
            let given_up = async {
                for _ in 0..after * 3 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                page = feed.next_page() => found.extend(rows(&page.unwrap())),
                () = given_up => {}
            }
        }
        loop {
            let page = feed.next_page().await.unwrap();
            if page.status == 204 {
                break;
            }
            found.extend(rows(&page));
        }
        assert_eq!(values(&found, "n"), all(), "given up after {after}");
    }
}

#[tokio::test]
async fn a_continuation_passes_over_no_page_that_waits() {
    let gateway = filled();
    let feed = async_feed(&gateway, paged(7)).await;
    tokio::select! {
        biased;
        _ = feed.next_page() => panic!("a page without waiting"),
        () = std::future::ready(()) => {}
    }
    let error = error_of(feed.continuation().await);
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    let mut found = rows(&feed.next_page().await.unwrap());
    let continuation = feed.continuation().await.unwrap();
    let options = FeedOptions {
        continuation,
        ..paged(7)
    };
    let feed = async_feed(&gateway, options).await;
    loop {
        let page = feed.next_page().await.unwrap();
        if page.status == 204 {
            break;
        }
        found.extend(rows(&page));
    }
    assert_eq!(values(&found, "n"), all());
}

#[tokio::test]
async fn consumers_of_an_async_feed_get_each_row_once() {
    let gateway = filled();
    let host = Face::Concurrent.host(Options::default());
    let client = Client::open(&host, config(&gateway.endpoint()))
        .await
        .unwrap();
    let container = client.container(DATABASE, CONTAINER);
    for text in [SORTED, "SELECT * FROM c"] {
        let query = Query::new(text).max_item_count(4);
        let feed: Feed = container.query_items(query).await.unwrap();
        let mut consumers = JoinSet::new();
        for _ in 0..8 {
            let feed = feed.clone();
            consumers.spawn(async move {
                let mut found: Vec<Value> = Vec::new();
                while let Some(page) = feed.next_page().await.unwrap() {
                    found.extend(page.items::<Value>().unwrap());
                }
                found
            });
        }
        let found = consumers.join_all().await.concat();
        assert_eq!(ascending(found), all());
        assert!(feed.next_page().await.unwrap().is_none(), "the end stays");
    }
}

#[test]
fn consumers_of_a_blocking_feed_get_each_row_once() {
    let gateway = filled();
    let host = Face::Blocking.host(Options::default());
    let client = blocking::Client::open(&host, config(&gateway.endpoint())).unwrap();
    let container = client.container(DATABASE, CONTAINER);
    let feed = container
        .query_items(Query::new(SORTED).max_item_count(4))
        .unwrap();
    let consume = || {
        let mut found: Vec<Value> = Vec::new();
        while let Some(page) = feed.next_page().unwrap() {
            found.extend(page.items::<Value>().unwrap());
        }
        found
    };
    let found = thread::scope(|scope| {
        let consumers: Vec<_> = (0..4).map(|_| scope.spawn(consume)).collect();
        let found = consumers
            .into_iter()
            .map(|consumer| consumer.join().unwrap());
        found.collect::<Vec<_>>().concat()
    });
    assert_eq!(ascending(found), all());
}

#[tokio::test]
async fn feeds_side_by_side_in_one_instance() {
    let gateway = filled();
    let host = Face::Concurrent.host(Options::default());
    let instance = AsyncInstance::open(&host, &config(&gateway.endpoint())).await;
    let instance = instance.unwrap();
    let mut feeds = JoinSet::new();
    for size in 1..=20 {
        let instance = instance.clone();
        feeds.spawn(async move {
            let feed = instance
                .open_feed(sorted(), paged(size), usual())
                .await
                .unwrap();
            let mut found = Vec::new();
            loop {
                let page = feed.next_page().await.unwrap();
                if page.status == 204 {
                    return found;
                }
                found.extend(rows(&page));
            }
        });
    }
    while let Some(found) = feeds.join_next().await {
        assert_eq!(values(&found.unwrap(), "n"), all());
    }
}
