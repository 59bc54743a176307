//! Clients that are closed.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use cosmosdb_driver_host::{
    Client, Credential, Error, Face, Host, Limits, Options, ReadFeed, blocking,
};
use serde_json::Value;

use super::{KEY, Server, config, host};

async fn client(server: &Server, limits: Limits) -> (Host, Client) {
    let host = host(Face::Async, Options::default());
    let config = config(server, Credential::account_key(KEY)).limits(limits);
    let client = Client::open(&host, config).await.unwrap();
    (host, client)
}

fn blocking_client(server: &Server) -> (Host, blocking::Client) {
    let host = host(Face::Blocking, Options::default());
    let config = config(server, Credential::account_key(KEY));
    let client = blocking::Client::open(&host, config).unwrap();
    (host, client)
}

fn assert_closed<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(error.is_closed() && !error.may_be_applied(), "{error:?}");
}

/// A call that nobody waited for any longer.
fn assert_abandoned<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(error.may_be_applied(), "{error:?}");
    assert!(error.to_string().contains("shut down"), "{error}");
}

#[tokio::test]
async fn an_async_client_waits_for_its_calls_and_takes_no_others() {
    let server = Server::together(2);
    let limits = Limits::new().max_concurrent(1);
    let (host, client) = client(&server, limits).await;
    let items = client.container("db", "c");
    let feed = items.read_items(ReadFeed::new()).await.unwrap();
    let under_way = tokio::spawn({
        let items = items.clone();
        async move { items.read_item::<Value>("together", "k").await }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let context = &mut Context::from_waker(Waker::noop());
    let mut waiting = pin!(items.read_item::<Value>("2", "k"));
    assert!(waiting.as_mut().poll(context).is_pending());
    {
        let mut close = pin!(client.close());
        assert!(close.as_mut().poll(context).is_pending());
        assert_closed(waiting.await);
        assert_closed(items.read_item::<Value>("3", "k").await);
        assert_closed(feed.next_page().await);
        assert!(close.as_mut().poll(context).is_pending());
        assert_eq!(host.instances(), 1);
        server.release();
        close.await;
    }
    assert_eq!(under_way.await.unwrap().unwrap().status, 200);
    assert_eq!(host.instances(), 0);
    assert_closed(client.set_bearer_token("other").await);
    assert_closed(client.snapshot().await);
    assert_closed(feed.continuation().await);
    client.close().await;
    assert_eq!((server.seen().len(), host.instances()), (2, 0));
}

#[tokio::test]
async fn an_async_shutdown_says_what_it_abandoned() {
    let server = Server::start();
    let (host, client) = client(&server, Limits::new()).await;
    let items = client.container("db", "c");
    let feed = items.read_items(ReadFeed::new()).await.unwrap();
    let hanging = tokio::spawn(async move { items.read_item::<Value>("never", "k").await });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let abandoned = client.shutdown(Duration::ZERO).await;
    assert_eq!((abandoned.calls, abandoned.feeds), (1, 1));
    assert_eq!(host.instances(), 0);
    assert_abandoned(hanging.await.unwrap());
    assert_closed(feed.next_page().await);
    drop(feed);
    let abandoned = client.shutdown(Duration::ZERO).await;
    assert_eq!((abandoned.calls, abandoned.feeds), (0, 0));
}

#[test]
fn a_blocking_client_waits_for_its_calls_and_takes_no_others() {
    let server = Server::together(2);
    let (host, client) = blocking_client(&server);
    let items = client.container("db", "c");
    let mut tasks = client.tasks().unwrap();
    thread::scope(|scope| {
        let under_way = scope.spawn(|| items.read_item::<Value>("together", "k"));
        server.wait_for(1);
        let close = scope.spawn(|| client.close());
        // Until it has begun, calls are taken.
        while items.read_item::<Value>("2", "k").is_ok() {}
        assert_closed(items.read_item::<Value>("2", "k"));
        assert_closed(tasks.wait());
        assert!(!close.is_finished());
        server.release();
        close.join().unwrap().unwrap();
        assert_eq!(under_way.join().unwrap().unwrap().status, 200);
    });
    assert_eq!(host.instances(), 1, "that of the tasks");
    drop(tasks);
    assert_eq!(host.instances(), 0);
    assert_closed(client.snapshot());
    assert_closed(client.tasks());
    assert_closed(items.read_items(ReadFeed::new()));
}

#[test]
fn a_blocking_shutdown_says_what_it_abandoned() {
    let server = Server::start();
    let (host, client) = blocking_client(&server);
    let items = client.container("db", "c");
    let feed = items.read_items(ReadFeed::new()).unwrap();
    thread::scope(|scope| {
        let hanging = scope.spawn(|| items.read_item::<Value>("never", "k"));
        server.wait_for(1);
        let abandoned = client.shutdown(Duration::ZERO).unwrap();
        assert_eq!((abandoned.calls, abandoned.feeds), (1, 1));
        assert_abandoned(hanging.join().unwrap());
    });
    assert_eq!(host.instances(), 1, "that of the feed");
    assert_closed(feed.next_page());
    drop(feed);
    assert_eq!((server.seen().len(), host.instances()), (1, 0));
}
