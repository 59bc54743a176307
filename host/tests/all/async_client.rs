//! The async client, on the WASI 0.3 component.

use std::task::{Context, Waker};
use std::time::Duration;

use cosmosdb_driver_host::{
    Client, Credential, Error, Face, ItemOptions, Options, Patch, Response, types::ErrorKind,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::{KEY, Server, TIGHT, config, host};

async fn client(server: &Server, options: Options) -> Client {
    let config = config(server, Credential::account_key(KEY));
    Client::open(&host(Face::Async, options), config)
        .await
        .unwrap()
}

#[tokio::test]
async fn items_are_written_and_read() {
    let server = Server::start();
    let items = client(&server, Options::default())
        .await
        .container("db", "c");

    let item = json!({ "id": "1", "tenant": "contoso" });
    let created = items.create_item("contoso", &item).await.unwrap();
    assert_eq!((created.status, created.value.is_none()), (201, true));
    assert_eq!(
        (created.etag(), created.session_token()),
        (Some("\"e1\""), Some("0:-1#7"))
    );
    assert_eq!(created.request_charge(), 2.5);
    let seen = server.last();
    assert_eq!(
        (seen.method, seen.path.as_str()),
        (Method::POST, "/dbs/db/colls/c/docs")
    );
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), item);
    assert!(
        seen.authorization.starts_with("type%3Dmaster"),
        "{}",
        seen.authorization
    );

    let read: Response<Value> = items.read_item("1", "contoso").await.unwrap();
    assert_eq!(read.into_value().unwrap(), json!({ "id": "1" }));
    assert_eq!(server.last().path, "/dbs/db/colls/c/docs/1");

    let guarded = items.with(ItemOptions::new().if_match("\"e1\""));
    guarded.replace_item("1", "contoso", &item).await.unwrap();
    let seen = server.last();
    assert_eq!(
        (seen.method, seen.if_match.as_deref()),
        (Method::PUT, Some("\"e1\""))
    );

    items
        .patch_item("1", "contoso", Patch::new().set("/tenant", "x"))
        .await
        .unwrap();
    assert_eq!(server.last().method, Method::PATCH);
    items.delete_item("1", "contoso").await.unwrap();
    assert_eq!(server.last().method, Method::DELETE);
}

#[tokio::test]
async fn errors_tell_what_they_mean() {
    let server = Server::start();
    let items = client(&server, Options::default())
        .await
        .container("db", "c");
    let error = items.read_item::<Value>("missing", "k").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.status(), Some(404));

    let error = items.read_item::<u32>("1", "k").await.unwrap_err();
    assert!(matches!(error, Error::Json { .. }), "{error}");

    let before = server.seen().len();
    let error = items.read_item::<Value>("a/b", "k").await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
    assert_eq!(server.seen().len(), before);
}

#[tokio::test]
async fn an_early_refusal_is_seen_during_the_upload() {
    let server = Server::start();
    let busy = client(&server, Options::default())
        .await
        .container("db", "busy");
    for _ in 0..10 {
        let error = busy
            .create_item_bytes("k", vec![b' '; 2_000_000])
            .await
            .unwrap_err();
        assert!(error.is_throttled(), "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_millis(17)));
    }
}

#[tokio::test]
async fn one_instance_has_hundreds_of_calls_in_flight() {
    // The server answers none before it has them all.
    let server = Server::together(256);
    let items = client(&server, Options::default())
        .await
        .container("db", "c");
    let reads = (0..256).map(|number| {
        let items = &items;
        async move {
            items
                .read_item::<Value>(&format!("together{number}"), number)
                .await
        }
    });
    for (number, read) in join_all(reads).await.into_iter().enumerate() {
        assert_eq!(
            read.unwrap().into_value().unwrap()["id"],
            format!("together{number}")
        );
    }
    assert_eq!(server.seen().len(), 256);
}

#[tokio::test]
async fn a_trap_ends_the_calls_under_way_and_no_later_ones() {
    let server = Server::together(2);
    let options = Options {
        max_memory: TIGHT,
        ..Options::default()
    };
    let items = client(&server, options).await.container("db", "c");

    let hanging = tokio::spawn({
        let items = items.clone();
        async move { items.read_item::<Value>("together-a", "k").await }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let error = items
        .create_item_bytes("k", vec![b' '; 2 * TIGHT])
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Instance { .. }), "{error}");
    assert!(
        error.may_be_applied() && error.to_string().contains("unknown"),
        "{error}"
    );
    let error = hanging.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Instance { .. }), "{error}");

    assert_eq!(
        items.read_item::<Value>("1", "k").await.unwrap().status,
        200
    );
    assert_eq!(server.last().path, "/dbs/db/colls/c/docs/1");
}

#[tokio::test]
async fn a_new_bearer_token_outlives_the_instance() {
    let server = Server::start();
    let options = Options {
        max_memory: TIGHT,
        ..Options::default()
    };
    let config = config(&server, Credential::bearer_token("first"));
    let client = Client::open(&host(Face::Async, options), config)
        .await
        .unwrap();
    let items = client.container("db", "c");
    items.read_item::<Value>("1", "k").await.unwrap();
    assert!(server.last().authorization.ends_with("sig%3Dfirst"));

    client.set_bearer_token("second").await.unwrap();
    items.read_item::<Value>("1", "k").await.unwrap();
    assert!(server.last().authorization.ends_with("sig%3Dsecond"));

    assert!(client.set_bearer_token("Bearer third").await.is_err());
    items
        .create_item_bytes("k", vec![b' '; 2 * TIGHT])
        .await
        .unwrap_err();
    items.read_item::<Value>("1", "k").await.unwrap();
    assert!(server.last().authorization.ends_with("sig%3Dsecond"));
}

#[tokio::test]
async fn fuel_is_counted_when_metered() {
    let server = Server::start();
    let metered = client(
        &server,
        Options {
            metered: true,
            ..Options::default()
        },
    )
    .await;
    let before = metered.fuel_consumed().await.unwrap().unwrap();
    metered
        .container("db", "c")
        .read_item::<Value>("1", "k")
        .await
        .unwrap();
    assert!(metered.fuel_consumed().await.unwrap().unwrap() > before);

    let unmetered = client(&server, Options::default()).await;
    assert_eq!(unmetered.fuel_consumed().await.unwrap(), None);
}

#[tokio::test]
async fn instances_come_from_a_pool_of_the_asked_size() {
    let server = Server::start();
    let options = Options {
        pooled_instances: Some(2),
        max_memory: 16 << 20,
        ..Options::default()
    };
    let host = host(Face::Async, options);
    let open = || Client::open(&host, config(&server, Credential::account_key(KEY)));
    let clients = [open().await.unwrap(), open().await.unwrap()];
    let error = open().await.unwrap_err();
    assert!(matches!(error, Error::Overloaded(_)) && error.is_retryable());
    assert!(error.to_string().contains("pooled_instances"), "{error}");
    for client in clients {
        client
            .container("db", "c")
            .read_item::<Value>("1", "k")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_reported_by_the_driver() {
    let server = Server::start();
    let host = host(Face::Async, Options::default());
    let error = Client::open(
        &host,
        config(&server, Credential::account_key("not base64!")),
    );
    let error = error.await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument));
    assert!(!error.to_string().contains("not base64!"), "{error}");
}

#[test]
fn a_missing_runtime_is_an_error_and_no_panic() {
    let server = Server::start();
    let host = host(Face::Async, Options::default());
    let open = Client::open(&host, config(&server, Credential::account_key(KEY)));
    let opened = std::pin::pin!(open).poll(&mut Context::from_waker(Waker::noop()));
    let std::task::Poll::Ready(Err(error)) = opened else {
        panic!("{opened:?}")
    };
    assert!(matches!(error, Error::Runtime(_)), "{error}");
}
