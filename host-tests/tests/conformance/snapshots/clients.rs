//! The clients of the host crate hand over what they know.

use cosmosdb_driver_host::types::{MetadataMode, SnapshotRefusal};
use cosmosdb_driver_host::{Client, Error, Options, blocking};
use tokio::task::JoinSet;

use super::{PAGES, SORTED, Sent, all_of, gateway, item};
use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;
use crate::scene::config;

#[tokio::test]
async fn an_async_client_hands_over() {
    let gateway = gateway();
    let host = Face::Concurrent.host(Options::default());
    let open = || Client::open(&host, config(&gateway.endpoint()));
    let first = open().await.unwrap();
    let orders = first.container(DATABASE, CONTAINER);
    orders.upsert_item("k7", &item(7)).await.unwrap();
    let second = open().await.unwrap();
    let snapshot = first.snapshot().await.unwrap();
    let restored = second.restore(&snapshot).await.unwrap();
    assert_eq!(all_of(&restored), 3);
    gateway.clear();
    let orders = second.container(DATABASE, CONTAINER);
    orders.read_item_bytes("7", "k7").await.unwrap();
    assert_eq!(Sent::of(&gateway), Sent(0, 0, 1));
    let refused = second.restore(&snapshot[1..]).await.unwrap_err();
    assert!(matches!(refused, Error::Snapshot(SnapshotRefusal::Damaged)));
}

#[test]
fn a_blocking_client_hands_over_what_all_its_instances_know() {
    let gateway = gateway();
    let host = Face::Blocking.host(Options::default());
    let open = || blocking::Client::open(&host, config(&gateway.endpoint())).unwrap();
    let first = open();
    // A feed keeps its instance to itself: the operation beside it has another.
    let orders = first.container(DATABASE, CONTAINER);
    let feed = orders.query_items("SELECT * FROM c").unwrap();
    while feed.next_page().unwrap().is_some() {}
    orders.upsert_item("k7", &item(7)).unwrap();
    drop(feed);
    let snapshot = first.snapshot().unwrap();
    let second = open();
    let restored = second.restore(&snapshot).unwrap();
    assert_eq!(
        all_of(&restored),
        4,
        "ranges of one, the session of the other"
    );
    gateway.clear();
    let orders = second.container(DATABASE, CONTAINER);
    let feed = orders.query_items("SELECT * FROM c").unwrap();
    while feed.next_page().unwrap().is_some() {}
    // A second instance begins with it too.
    orders.read_item_bytes("7", "k7").unwrap();
    assert_eq!(Sent::of(&gateway), Sent(0, 0, 5));
    assert_eq!(second.snapshot().unwrap().len(), snapshot.len());
}

/// Nothing that is missed is fetched twice.
#[tokio::test]
async fn a_cold_lean_driver_fetches_once_for_all() {
    let gateway = gateway();
    let host = Face::Concurrent.host(Options::default());
    let config = config(&gateway.endpoint()).metadata(MetadataMode::Lean);
    let client = Client::open(&host, config).await.unwrap();
    let mut all = JoinSet::new();
    for _ in 0..16 {
        let orders = client.container(DATABASE, CONTAINER);
        all.spawn(async move {
            let feed = orders.query_items(SORTED).await.unwrap();
            while feed.next_page().await.unwrap().is_some() {}
        });
    }
    all.join_all().await;
    assert_eq!(Sent::of(&gateway), Sent(1 + PAGES, 1, 16 * 4));
}
