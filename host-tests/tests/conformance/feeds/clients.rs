//! Feeds as the methods and builders of both clients give them.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use cosmosdb_driver_host::types::{ErrorKind, FeedOptions, ResourceCollection};
use cosmosdb_driver_host::{
    ChangeFeed, Client, Host, Options, Page, PartitionKey, ReadFeed, ReadMany, blocking,
};
use host_tests::gateway::{self, Gateway};
use serde_json::{Value, json};

use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;
use crate::scene::config;

/// An account of four partitions with twenty items, of two keys.
pub(super) fn account() -> (Gateway, u64) {
    let options = gateway::Options {
        database: DATABASE,
        container: CONTAINER,
        ranges: 4,
        ..gateway::Options::default()
    };
    let gateway = Gateway::start(options).unwrap();
    for n in 0..20 {
        put(&gateway, n);
    }
    let now = gateway.now();
    (gateway, now)
}

pub(super) fn put(gateway: &Gateway, n: i64) {
    let key = if n < 15 { "a" } else { "b" };
    let container = gateway.container(DATABASE, CONTAINER);
    container.put(json!({ "id": n.to_string(), "pk": key, "n": n }));
}

pub(super) fn host(face: Face) -> Host {
    face.host(Options::default())
}

fn numbers(pages: &[Page]) -> BTreeSet<i64> {
    let items = pages.iter().flat_map(|page| page.items::<Value>().unwrap());
    let items: Vec<i64> = items.map(|item| item["n"].as_i64().unwrap()).collect();
    let numbers: BTreeSet<i64> = items.iter().copied().collect();
    assert_eq!(numbers.len(), items.len(), "none twice");
    numbers
}

/// Written once for both clients: `[async] [.await]`, or `[] []`.
macro_rules! suite {
    ([$($async:ident)?] [$($await:tt)*] $client:ty, $feed:ty) => {
        $($async)? fn rest(feed: $feed) -> Vec<Page> {
            let mut pages = Vec::new();
            while let Some(page) = feed.next_page()$($await)*.unwrap() {
                if page.is_unchanged() {
                    break;
                }
                pages.push(page);
            }
            pages
        }

        $($async)? fn read_feed(client: &$client) {
            let items = client.container(DATABASE, CONTAINER);
            let feed = items.read_items(ReadFeed::new().max_item_count(6))$($await)*.unwrap();
            let first = feed.next_page()$($await)*.unwrap().unwrap();
            assert!((1..=6).contains(&first.items::<Value>().unwrap().len()));
            assert!(first.request_charge() > 0.0 && first.session_token().is_some());
            let token = feed.continuation()$($await)*.unwrap().unwrap();
            let clone = feed.clone();
            drop(feed);
            let mut live = rest(clone)$($await)*;
            live.push(first.clone());
            assert!(numbers(&live).into_iter().eq(0..20));
            let resumed = ReadFeed::new().max_item_count(6).continuation(token);
            let mut later = rest(items.read_items(resumed)$($await)*.unwrap())$($await)*;
            later.push(first);
            assert!(numbers(&later).into_iter().eq(0..20));

            let own = rest(items.read_items(ReadFeed::new().in_key("b"))$($await)*.unwrap())$($await)*;
            assert!(numbers(&own).into_iter().eq(15..20));
            let wrong = ReadFeed::new().in_range("nonsense");
            let error = items.read_items(wrong)$($await)*.unwrap_err();
            assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
        }

        $($async)? fn change_feed(client: &$client, gateway: &Gateway, start: u64) {
            let items = client.container(DATABASE, CONTAINER);
            let moment = UNIX_EPOCH + Duration::from_secs(start + 60);
            let changes = ChangeFeed::from_beginning().max_item_count(6).max_concurrency(2);
            let feed = items.change_feed(changes)$($await)*.unwrap();
            let now = items.change_feed(ChangeFeed::from_now())$($await)*.unwrap();
            assert!(now.next_page()$($await)*.unwrap().unwrap().is_unchanged());
            let versions = ChangeFeed::all_versions_and_deletes().in_key("b");
            let versions = items.change_feed(versions)$($await)*.unwrap();
            assert!(versions.next_page()$($await)*.unwrap().unwrap().is_unchanged());
            assert!(numbers(&rest(feed.clone())$($await)*).into_iter().eq(0..20));
            let token = feed.continuation()$($await)*.unwrap().unwrap();
            gateway.advance(60);
            put(gateway, 20);
            let resumed = ChangeFeed::from_now().continuation(token);
            for feed in [
                feed,
                now,
                items.change_feed(resumed)$($await)*.unwrap(),
                items.change_feed(ChangeFeed::since(moment))$($await)*.unwrap(),
            ] {
                assert!(numbers(&rest(feed)$($await)*).into_iter().eq([20]));
            }
            let wrapped = ChangeFeed::since(moment).with_metadata();
            let wrapped = rest(items.change_feed(wrapped)$($await)*.unwrap())$($await)*;
            for pages in [wrapped, rest(versions)$($await)*] {
                let rows: Vec<Value> = pages.iter().flat_map(|page| page.items::<Value>().unwrap()).collect();
                assert_eq!((rows.len(), &rows[0]["current"]["n"]), (1, &json!(20)));
            }
        }

        $($async)? fn read_many(client: &$client) {
            let items = client.container(DATABASE, CONTAINER);
            let wanted = [("3", "a"), ("99", "a"), ("17", "b"), ("3", "a")];
            let pages = rest(items.read_many(ReadMany::items(wanted))$($await)*.unwrap())$($await)*;
            assert!(numbers(&pages).into_iter().eq([3, 17]));
            let ordered = ReadMany::items(wanted).in_order();
            let pages = rest(items.read_many(ordered)$($await)*.unwrap())$($await)*;
            let rows = pages.iter().flat_map(|page| page.items::<Option<Value>>().unwrap());
            let found: Vec<_> = rows.map(|row| row.map(|row| row["n"].as_i64().unwrap())).collect();
            assert_eq!(found, [Some(3), None, Some(17), Some(3)]);
            let keys = ReadMany::keys(["b", "nobody"]).max_item_count(2);
            let pages = rest(items.read_many(keys)$($await)*.unwrap())$($await)*;
            assert!(numbers(&pages).into_iter().eq(15..20) && pages.len() >= 3);
            let none: [PartitionKey; 0] = [];
            let error = items.read_many(ReadMany::keys(none))$($await)*.unwrap_err();
            assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
            let error = items.read_many(ReadMany::items(wanted).resumable())$($await)*.unwrap_err();
            assert_eq!(error.kind(), Some(ErrorKind::NotResumable), "{error}");
        }

        $($async)? fn resources(client: &$client) {
            for (collection, id) in [
                (ResourceCollection::Databases, DATABASE),
                (ResourceCollection::Containers(DATABASE.to_owned()), CONTAINER),
            ] {
                let feed = client.read_resources(collection, FeedOptions::default())$($await)*.unwrap();
                let page = feed.next_page()$($await)*.unwrap().unwrap();
                let rows = page.items::<Value>().unwrap();
                assert_eq!((rows.len(), &rows[0]["id"]), (1, &json!(id)));
                assert!(feed.next_page()$($await)*.unwrap().is_none());
                assert_eq!(feed.continuation()$($await)*.unwrap(), None);
            }
        }

        $($async)? fn all(client: $client, gateway: &Gateway, start: u64) {
            read_feed(&client)$($await)*;
            read_many(&client)$($await)*;
            resources(&client)$($await)*;
            change_feed(&client, gateway, start)$($await)*;
        }
    };
}

mod of_async {
    use super::*;

    suite!([async] [.await] Client, cosmosdb_driver_host::Feed);

    #[tokio::test]
    async fn the_async_client_reads_feeds() {
        let (gateway, start) = account();
        let host = host(Face::Concurrent);
        let client = Client::open(&host, config(&gateway.endpoint())).await;
        all(client.unwrap(), &gateway, start).await;
    }
}

mod of_blocking {
    use super::*;

    suite!([] [] blocking::Client, blocking::Feed);

    #[test]
    fn the_blocking_client_reads_feeds() {
        let (gateway, start) = account();
        let client = blocking::Client::open(&host(Face::Blocking), config(&gateway.endpoint()));
        all(client.unwrap(), &gateway, start);
    }
}
