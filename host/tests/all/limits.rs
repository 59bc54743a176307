//! Limits of clients and hosts, and what is let go when.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use cosmosdb_driver_host::{
    Client, Config, Credential, Error, Face, Host, Limits, Options, ReadFeed, Response, blocking,
};
use serde_json::Value;
use tokio::time::timeout;

use super::{KEY, Server, host};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn config(server: &Server, limits: Limits) -> Config {
    super::config(server, Credential::account_key(KEY)).limits(limits)
}

fn assert_overloaded<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Overloaded(_)), "{error:?}");
    assert!(error.is_retryable() && !error.may_be_applied());
}

/// Async instances end on a task of their own.
async fn until_instances(host: &Host, expected: usize) {
    let ended = async {
        while host.instances() != expected {
            tokio::task::yield_now().await;
        }
    };
    let ended = timeout(PATIENCE, ended).await;
    ended.unwrap_or_else(|_| panic!("{} instances", host.instances()));
}

fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn async_calls_beyond_the_limits_wait_or_are_refused() {
    let server = Server::together(2);
    let host = host(Face::Async, Options::default());
    let limits = Limits::new().max_concurrent(1).max_waiting(1);
    let client = Client::open(&host, config(&server, limits)).await.unwrap();
    let items = client.container("db", "c");

    let first = tokio::spawn({
        let items = items.clone();
        async move { items.read_item::<Value>("together", "k").await }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut second = pin!(items.read_item::<Value>("2", "k"));
    assert!(poll(second.as_mut()).is_pending());
    assert_overloaded(items.read_item::<Value>("3", "k").await);
    let mut feed = items
        .read_items(ReadFeed::new())
        .await
        .unwrap()
        .items::<Value>();
    assert_overloaded(feed.next().await.unwrap());
    assert_eq!(server.seen().len(), 1, "nothing else is sent");

    server.release();
    assert_eq!(second.await.unwrap().status, 200);
    assert_eq!(first.await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn a_dropped_async_call_keeps_its_place_until_it_is_done() {
    let server = Server::together(2);
    let host = host(Face::Async, Options::default());
    let limits = Limits::new().max_concurrent(1).max_wait(PATIENCE);
    let client = Client::open(&host, config(&server, limits)).await.unwrap();
    let items = client.container("db", "c");

    let dropped = tokio::spawn({
        let items = items.clone();
        async move { items.read_item::<Value>("together", "k").await }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    let mut next = pin!(items.read_item::<Value>("2", "k"));
    for _ in 0..100 {
        assert!(poll(next.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(server.seen().len(), 1);
    server.release();
    assert_eq!(timeout(PATIENCE, next).await.unwrap().unwrap().status, 200);
}

#[test]
fn blocking_calls_beyond_the_limits_wait_or_are_refused() {
    let server = Server::together(2);
    let host = host(Face::Blocking, Options::default());
    let open = |limits| blocking::Client::open(&host, config(&server, limits)).unwrap();
    let limits = Limits::new().max_concurrent(1);
    let impatient = open(limits.max_wait(Duration::ZERO)).container("db", "c");
    let strict = open(limits.max_waiting(0)).container("db", "c");
    for items in [&impatient, &strict] {
        let before = server.seen().len();
        thread::scope(|scope| {
            let first = scope.spawn(|| items.read_item::<Value>("together", "k"));
            server.wait_for(before + 1);
            assert_overloaded(items.read_item::<Value>("2", "k"));
            assert_eq!(server.seen().len(), before + 1);
            server.release();
            assert_eq!(first.join().unwrap().unwrap().status, 200);
        });
        assert_eq!(items.read_item::<Value>("2", "k").unwrap().status, 200);
    }
    assert_eq!(host.instances(), 2, "one for each client");
}

#[test]
fn a_feed_has_an_instance_until_it_is_dropped() {
    let server = Server::start();
    let host = host(Face::Blocking, Options::default());
    let limits = Limits::new().max_concurrent(1).max_waiting(0);
    let client = blocking::Client::open(&host, config(&server, limits)).unwrap();
    let items = client.container("db", "c");
    let read = || -> Result<Response<Value>, Error> { items.read_item("1", "k") };

    let feed = items.read_items(ReadFeed::new()).unwrap();
    let rows = feed.items::<Value>();
    drop(feed);
    assert_overloaded(read());
    assert_overloaded(client.tasks());
    drop(rows);
    read().unwrap();
    assert_eq!(host.instances(), 1, "it was given back");

    let tasks = client.tasks().unwrap();
    assert_overloaded(read());
    drop(tasks);
    read().unwrap();
    assert_eq!(host.instances(), 1, "that of the tasks went with them");

    let feed = items.read_items(ReadFeed::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async move { drop(feed) });
    assert_eq!(
        host.instances(),
        0,
        "where waiting is not allowed it is discarded"
    );
    read().unwrap();
    drop((items, client));
    assert_eq!(host.instances(), 0, "with the client goes everything");
}

#[test]
fn idle_instances_go_when_their_time_is_over() {
    let server = Server::together(2);
    let host = host(Face::Blocking, Options::default());
    let open = |limits| blocking::Client::open(&host, config(&server, limits)).unwrap();
    let both = |client: &blocking::Client| {
        let items = client.container("db", "c");
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| items.read_item::<Value>("together", "k").unwrap());
            }
        });
    };
    let client = open(Limits::new().idle_timeout(Duration::ZERO));
    both(&client);
    assert_eq!(host.instances(), 2);
    client
        .container("db", "c")
        .read_item::<Value>("1", "k")
        .unwrap();
    assert_eq!(host.instances(), 1, "both went, and one came");
    drop(client);

    let client = open(Limits::new().idle_timeout(PATIENCE));
    both(&client);
    client
        .container("db", "c")
        .read_item::<Value>("1", "k")
        .unwrap();
    assert_eq!(host.instances(), 2);
    assert_eq!((client.release_idle(), host.instances()), (2, 0));
    client
        .container("db", "c")
        .read_item::<Value>("1", "k")
        .unwrap();
    assert_eq!(host.instances(), 1);
}

#[tokio::test]
async fn an_async_client_can_let_its_instance_go() {
    let server = Server::start();
    let host = host(Face::Async, Options::default());
    let config = super::config(&server, Credential::bearer_token("first"));
    let client = Client::open(&host, config).await.unwrap();
    client.set_bearer_token("second").await.unwrap();
    let items = client.container("db", "c");
    for _ in 0..2 {
        items.read_item::<Value>("1", "k").await.unwrap();
        assert!(server.last().authorization.ends_with("sig%3Dsecond"));
        assert_eq!(host.instances(), 1);
        client.release_idle().await.unwrap();
        until_instances(&host, 0).await;
    }
    let feed = items.read_items(ReadFeed::new()).await.unwrap();
    client.release_idle().await.unwrap();
    drop((items, client));
    assert_eq!(host.instances(), 1, "the feed still has it");
    drop(feed);
    until_instances(&host, 0).await;
}

#[tokio::test]
async fn a_host_has_no_more_instances_than_it_may() {
    let server = Server::start();
    let options = Options {
        max_instances: Some(1),
        ..Options::default()
    };
    let host = host(Face::Async, options);
    let open = || Client::open(&host, config(&server, Limits::new()));
    let first = open().await.unwrap();
    assert_overloaded(open().await);
    assert_eq!(host.instances(), 1);
    drop(first);
    until_instances(&host, 0).await;
    open().await.unwrap();
}

/// What `open` has made is idle, and gives way.
#[test]
fn tasks_take_the_only_instance_that_there_may_be() {
    let server = Server::start();
    let options = Options {
        max_instances: Some(1),
        ..Options::default()
    };
    let host = host(Face::Blocking, options);
    let client = blocking::Client::open(&host, config(&server, Limits::new())).unwrap();
    let tasks = client.tasks().unwrap();
    assert_eq!(host.instances(), 1);
    assert_overloaded(client.container("db", "c").read_item::<Value>("1", "k"));
    drop(tasks);
    client
        .container("db", "c")
        .read_item::<Value>("1", "k")
        .unwrap();
}
