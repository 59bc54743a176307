//! The blocking client and its tasks, on the WASI 0.2 component.

use std::sync::Arc;
use std::thread;

use cosmosdb_driver_host::blocking::Client;
use cosmosdb_driver_host::instance::BlockingInstance;
use cosmosdb_driver_host::types::{
    ContainerRef, ErrorKind, ItemRef, Operation, OperationOptions, ReadItem,
};
use cosmosdb_driver_host::{
    ContainerDefinition, Credential, Error, Face, MasterKeySigner, Options, PartitionKey,
};
use http::Method;
use serde_json::{Value, json};

use super::{KEY, Server, TIGHT, config, host};

fn client(server: &Server, options: Options) -> Client {
    Client::open(
        &host(Face::Blocking, options),
        config(server, Credential::account_key(KEY)),
    )
    .unwrap()
}

fn read(id: &str) -> Operation {
    Operation::ReadItem(ReadItem {
        item: ItemRef {
            container: ContainerRef {
                database: "db".to_owned(),
                container: "c".to_owned(),
            },
            id: id.to_owned(),
            key: PartitionKey::from("k").components().cloned().collect(),
        },
        precondition: None,
        session_token: None,
    })
}

#[test]
fn items_are_written_and_read() {
    let server = Server::start();
    let items = client(&server, Options::default()).container("db", "c");
    let item = json!({ "id": "1" });
    assert_eq!(
        items.upsert_item(("contoso", 7), &item).unwrap().status,
        201
    );
    assert_eq!(
        items
            .read_item::<Value>("1", ("contoso", 7))
            .unwrap()
            .into_value()
            .unwrap(),
        item
    );
    assert_eq!(server.seen().len(), 2);

    let error = items
        .delete_item("missing", PartitionKey::NULL)
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[test]
fn an_early_refusal_is_seen_during_the_upload() {
    let server = Server::start();
    let busy = client(&server, Options::default()).container("db", "busy");
    for _ in 0..10 {
        let error = busy
            .create_item_bytes("k", vec![b' '; 2_000_000])
            .unwrap_err();
        assert!(error.is_throttled(), "{error}");
    }
}

#[test]
fn databases_and_containers_are_managed() {
    let server = Server::start();
    let database = client(&server, Options::default()).database("db");
    database.create(None).unwrap();
    assert_eq!(server.last().path, "/dbs");
    database
        .create_container(&ContainerDefinition::new("c", ["/tenant"]), None)
        .unwrap();
    let seen = server.last();
    assert_eq!(
        (seen.method, seen.path.as_str()),
        (Method::POST, "/dbs/db/colls")
    );
    let read = database
        .container("c")
        .read()
        .unwrap()
        .json::<Value>()
        .unwrap();
    assert_eq!(read.into_value().unwrap()["id"], "c");
    database.container("c").delete().unwrap();
    database.read().unwrap();
    database.delete().unwrap();
    assert_eq!(server.last().path, "/dbs/db");
}

#[test]
fn callers_do_not_wait_for_each_other() {
    let server = Server::together(8);
    let items = client(&server, Options::default()).container("db", "c");
    thread::scope(|scope| {
        for number in 0..8 {
            let items = items.clone();
            let id = format!("together{number}");
            scope
                .spawn(move || assert_eq!(items.read_item::<Value>(&id, "k").unwrap().status, 200));
        }
    });
    assert_eq!(server.seen().len(), 8);
}

#[test]
fn a_connection_outlives_the_client_that_opened_it() {
    let server = Server::start();
    let host = host(Face::Blocking, Options::default());
    let open = || Client::open(&host, config(&server, Credential::account_key(KEY))).unwrap();
    let (first, second) = (open(), open());
    first.database("a").read().unwrap();
    drop(first);
    second.database("b").read().unwrap();
    drop(second);
    open().database("c").read().unwrap();
    assert_eq!((server.connections(), server.seen().len()), (1, 3));
}

#[test]
fn an_instance_that_traps_is_not_used_again() {
    let server = Server::start();
    let items = client(
        &server,
        Options {
            max_memory: TIGHT,
            ..Options::default()
        },
    )
    .container("db", "c");
    let error = items
        .create_item_bytes("k", vec![b' '; 2 * TIGHT])
        .unwrap_err();
    assert!(matches!(error, Error::Instance { .. }), "{error}");
    assert_eq!(items.read_item::<Value>("1", "k").unwrap().status, 200);
}

#[tokio::test]
async fn a_dropped_call_ends_the_instance() {
    let server = Server::start();
    let host = host(Face::Blocking, Options::default());
    let config = config(&server, Credential::account_key(KEY));
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let options = OperationOptions::default();
    assert_eq!(
        instance.execute(&read("1"), &options).await.unwrap().status,
        200
    );

    let hanging = read("never");
    tokio::select! {
        answer = instance.execute(&hanging, &options) => panic!("{answer:?}"),
        () = async { while server.seen().len() < 2 { tokio::task::yield_now().await } } => {}
    }
    assert!(instance.has_ended());
    let error = instance.execute(&read("1"), &options).await.unwrap_err();
    assert!(matches!(error, Error::Instance { .. }), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn tasks_run_side_by_side_in_one_instance() {
    let server = Server::together(20);
    let mut tasks = client(&server, Options::default()).tasks().unwrap();
    for number in 0..20 {
        tasks
            .submit(
                read(&format!("together{number}")),
                OperationOptions::default(),
            )
            .unwrap();
    }
    assert_eq!(server.seen().len(), 0);
    let mut finished = 0;
    loop {
        let ready = tasks.wait().unwrap();
        if ready.is_empty() {
            break;
        }
        for task in ready {
            assert_eq!(tasks.take(task).unwrap().unwrap().status, 200);
            finished += 1;
        }
    }
    assert_eq!((finished, server.seen().len()), (20, 20));
}

#[test]
fn a_task_can_be_cancelled() {
    let server = Server::start();
    let mut tasks = client(&server, Options::default()).tasks().unwrap();
    let task = tasks
        .submit(read("never"), OperationOptions::default())
        .unwrap();
    while server.seen().is_empty() {
        assert!(tasks.step().unwrap().is_empty());
    }
    assert!(tasks.take(task).unwrap().is_none());
    tasks.cancel(task).unwrap();
    assert_eq!(tasks.wait().unwrap(), [task]);
    let error = tasks.take(task).unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Cancelled), "{error}");
    let error = tasks.take(task).unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
}

#[test]
fn the_host_signs_where_the_guest_does_not() {
    let server = Server::start();
    let signer = Arc::new(MasterKeySigner::new(KEY).unwrap());
    let host = host(
        Face::Blocking,
        Options {
            signer: Some(signer),
            ..Options::default()
        },
    );
    let client = Client::open(&host, config(&server, Credential::host())).unwrap();
    client
        .container("db", "c")
        .read_item::<Value>("1", "k")
        .unwrap();
    assert!(
        server
            .last()
            .authorization
            .starts_with("type%3Dmaster%26ver%3D1.0%26sig%3D")
    );
}

#[test]
fn a_new_bearer_token_is_used_by_all_instances() {
    let server = Server::together(2);
    let host = host(Face::Blocking, Options::default());
    let client = Client::open(&host, config(&server, Credential::bearer_token("first"))).unwrap();
    let both = || {
        thread::scope(|scope| {
            for id in ["together-a", "together-b"] {
                let items = client.container("db", "c");
                scope.spawn(move || items.read_item::<Value>(id, "k").unwrap());
            }
        })
    };
    both();
    client.set_bearer_token("second").unwrap();
    both();
    let tokens: Vec<_> = server
        .seen()
        .into_iter()
        .map(|seen| seen.authorization)
        .collect();
    assert!(
        tokens[..2]
            .iter()
            .all(|token| token.ends_with("sig%3Dfirst")),
        "{tokens:?}"
    );
    assert!(
        tokens[2..]
            .iter()
            .all(|token| token.ends_with("sig%3Dsecond")),
        "{tokens:?}"
    );
}

#[test]
fn fuel_is_the_same_for_the_same_work() {
    let server = Server::start();
    let client = client(
        &server,
        Options {
            metered: true,
            ..Options::default()
        },
    );
    let items = client.container("db", "c");
    let read = || {
        let before = client.fuel_consumed().unwrap();
        items.read_item::<Value>("1", "k").unwrap();
        client.fuel_consumed().unwrap() - before
    };
    read();
    // The text of the date is made anew each second: the least of some has none of it.
    let least = || (0..3).map(|_| read()).min().unwrap();
    let (second, third) = (least(), least());
    assert!(
        second > 1000 && second.abs_diff(third) < second / 50,
        "{second} {third}"
    );
}

#[tokio::test]
async fn inside_of_a_runtime_it_is_an_error_and_no_panic() {
    let server = Server::start();
    let host = host(Face::Blocking, Options::default());
    let config = config(&server, Credential::account_key(KEY));
    let error = Client::open(&host, config.clone()).unwrap_err();
    assert!(matches!(error, Error::Runtime(_)), "{error}");

    // Opened elsewhere, used and dropped here.
    let client = thread::spawn(move || Client::open(&host, config).unwrap())
        .join()
        .unwrap();
    let error = client.container("db", "c").read().unwrap_err();
    assert!(matches!(error, Error::Runtime(_)), "{error}");
    drop(client);
    tokio::task::spawn_blocking(move || drop(server))
        .await
        .unwrap();
}
