//! Rows one by one, as stream and as iterator.

use std::collections::BTreeSet;

use cosmosdb_driver_host::types::ErrorKind;
use cosmosdb_driver_host::{ChangeFeed, Client, Error, Query, ReadFeed, blocking};
use host_tests::gateway::Gateway;
use serde::Deserialize;

use super::clients::{account, host, put};
use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;
use crate::scene::config;

#[derive(Debug, Deserialize)]
struct Item {
    n: i64,
}

/// One whose numbers are small.
#[derive(Debug, Deserialize)]
struct Small {
    n: u8,
}

/// Written once for both clients: `[async] [.await]`, or `[] []`.
macro_rules! suite {
    ([$($async:ident)?] [$($await:tt)*] $client:ty, $items:ident) => {
        $($async)? fn rest(items: &mut $items<Item>) -> BTreeSet<i64> {
            let mut numbers = BTreeSet::new();
            while let Some(item) = items.next()$($await)* {
                assert!(numbers.insert(item.unwrap().n), "none twice");
            }
            numbers
        }

        $($async)? fn pages_are_asked_for_one_by_one(client: &$client, gateway: &Gateway) {
            let container = client.container(DATABASE, CONTAINER);
            let query = Query::new("SELECT * FROM c").in_key("a").max_item_count(6);
            let mut items = container.query_as::<Item>(query)$($await)*.unwrap();
            let mut numbers = BTreeSet::from([items.next()$($await)*.unwrap().unwrap().n]);
            assert_eq!(items.rows_left(), 5);
            gateway.clear();
            for (left, requests) in [(4, 0), (3, 0), (2, 0), (1, 0), (0, 0), (5, 1), (4, 1)] {
                numbers.insert(items.next()$($await)*.unwrap().unwrap().n);
                assert_eq!((items.rows_left(), gateway.requests().len()), (left, requests));
            }
            let page = items.page().unwrap();
            assert!(page.request_charge() > 0.0 && page.session_token().is_some());
            assert!(items.request_charge() > page.request_charge());
            numbers.extend(rest(&mut items)$($await)*);
            assert!(numbers.into_iter().eq(0..15));
            assert!(items.next()$($await)*.is_none());
            assert_eq!(items.continuation()$($await)*.unwrap(), None);
        }

        $($async)? fn a_continuation_passes_no_row_over(client: &$client) {
            let container = client.container(DATABASE, CONTAINER);
            let feed = || ReadFeed::new().in_key("a").max_item_count(4);
            let mut items = container.read_items(feed())$($await)*.unwrap().items::<Item>();
            let mut numbers = BTreeSet::from([items.next()$($await)*.unwrap().unwrap().n]);
            let error = items.continuation()$($await)*.unwrap_err();
            assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
            while items.rows_left() > 0 {
                numbers.insert(items.next()$($await)*.unwrap().unwrap().n);
            }
            let token = items.continuation()$($await)*.unwrap().unwrap();
            let later = container.read_items(feed().continuation(token))$($await)*.unwrap();
            let later = rest(&mut later.items())$($await)*;
            assert!(numbers.is_disjoint(&later));
            numbers.extend(later);
            assert!(numbers.into_iter().eq(0..15));
        }

        $($async)? fn consumers_share_a_feed(client: &$client) {
            let container = client.container(DATABASE, CONTAINER);
            let feed = container.read_items(ReadFeed::new().max_item_count(3))$($await)*.unwrap();
            let (mut one, mut other) = (feed.items::<Item>(), feed.items::<Item>());
            let mut numbers = BTreeSet::new();
            loop {
                let rows = [one.next()$($await)*, other.next()$($await)*];
                if rows.iter().all(Option::is_none) {
                    break;
                }
                for item in rows.into_iter().flatten() {
                    assert!(numbers.insert(item.unwrap().n), "none twice");
                }
            }
            assert!(numbers.into_iter().eq(0..20));
        }

        $($async)? fn a_row_that_does_not_fit_costs_no_other(client: &$client, gateway: &Gateway) {
            put(gateway, 1000);
            let container = client.container(DATABASE, CONTAINER);
            let feed = container.read_items(ReadFeed::new().in_key("b"))$($await)*.unwrap();
            let mut items = feed.items::<Small>();
            let (mut fit, mut misfits) = (Vec::new(), 0);
            while let Some(item) = items.next()$($await)* {
                match item {
                    Ok(item) => fit.push(item.n),
                    Err(error) => {
                        assert!(matches!(error, Error::Json { .. }), "{error}");
                        misfits += 1;
                    }
                }
            }
            fit.sort_unstable();
            assert_eq!((fit, misfits), (vec![15, 16, 17, 18, 19, 20], 1));
        }

        $($async)? fn an_error_that_stays_is_the_last_item(client: &$client, gateway: &Gateway) {
            let nowhere = client.container(DATABASE, "nowhere");
            let mut items = nowhere.query_as::<Item>("SELECT * FROM c")$($await)*.unwrap();
            assert!(items.next()$($await)*.unwrap().unwrap_err().is_not_found());
            gateway.clear();
            assert!(items.next()$($await)*.is_none());
            assert!(gateway.requests().is_empty());
        }

        $($async)? fn a_change_feed_goes_on(client: &$client, gateway: &Gateway) {
            let container = client.container(DATABASE, CONTAINER);
            let changes = ChangeFeed::from_beginning().in_key("b");
            let changes = container.change_feed(changes)$($await)*.unwrap();
            let mut items = changes.items::<Item>();
            assert!(rest(&mut items)$($await)*.into_iter().eq(15..20));
            assert!(items.page().unwrap().is_unchanged());
            put(gateway, 20);
            assert!(rest(&mut items)$($await)*.into_iter().eq([20]));
        }

        $($async)? fn all(client: $client, gateway: &Gateway) {
            pages_are_asked_for_one_by_one(&client, gateway)$($await)*;
            a_continuation_passes_no_row_over(&client)$($await)*;
            consumers_share_a_feed(&client)$($await)*;
            an_error_that_stays_is_the_last_item(&client, gateway)$($await)*;
            a_change_feed_goes_on(&client, gateway)$($await)*;
            a_row_that_does_not_fit_costs_no_other(&client, gateway)$($await)*;
        }
    };
}

mod of_async {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use cosmosdb_driver_host::Items;

    use super::*;

    suite!([async] [.await] Client, Items);

    #[tokio::test]
    async fn the_async_client_streams_rows() {
        let (gateway, _) = account();
        let client = Client::open(&host(Face::Concurrent), config(&gateway.endpoint())).await;
        let client = client.unwrap();
        all(client.clone(), &gateway).await;
        a_dropped_stream_leaves_its_page_to_others(client).await;
    }

    async fn a_dropped_stream_leaves_its_page_to_others(client: Client) {
        let container = client.container(DATABASE, CONTAINER);
        let feed = container.read_items(ReadFeed::new().in_key("a").max_item_count(4));
        let feed = feed.await.unwrap();
        let mut dropped = feed.items::<Item>();
        {
            let next = pin!(dropped.next());
            let polled = next.poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Pending));
        }
        // Its page is under way: a continuation would pass it over.
        assert!(dropped.continuation().await.is_err());
        drop(dropped);
        let numbers = rest(&mut feed.items()).await;
        assert!(numbers.into_iter().eq(0..15));
    }
}

mod of_blocking {
    use cosmosdb_driver_host::blocking::Items;

    use super::*;

    suite!([] [] blocking::Client, Items);

    #[test]
    fn the_blocking_client_iterates_over_rows() {
        let (gateway, _) = account();
        let client = blocking::Client::open(&host(Face::Blocking), config(&gateway.endpoint()));
        all(client.unwrap(), &gateway);
    }
}
