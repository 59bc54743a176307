//! Instances that end: by a trap, or by a call that was dropped.

use std::thread;

use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{ErrorKind, OperationOptions};
use cosmosdb_driver_host::{Client, Error, Options, blocking};
use host_tests::scripted::{ScriptedServer, Step};
use tokio::time::timeout;

use crate::account::lean;
use crate::face::Face;
use crate::scene::{GOOD, PATIENCE, config, good, read, write};

/// Room for an instance, but not for the answer of [`large`].
const TIGHT: usize = 4 << 20;

/// An answer that the driver would take if it had the memory.
fn large() -> Step {
    Step::huge(200, 16 << 20)
}

fn tight() -> Options {
    Options {
        max_memory: TIGHT,
        ..Options::default()
    }
}

fn options() -> OperationOptions {
    OperationOptions::default()
}

/// The error of a call whose instance has ended: typed, and honest about what is not known.
fn assert_ended<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.expect_err("the instance has ended");
    assert!(matches!(error, Error::Instance { .. }), "{error:?}");
    assert!(error.is_retryable() && error.may_be_applied());
    assert_eq!((error.kind(), error.status()), (None, None));
    assert!(error.to_string().contains("unknown"), "{error}");
}

async fn requests(server: &ScriptedServer, number: usize) {
    let seen = server.wait_until(|seen| seen.len() >= number && seen[number - 1].complete);
    timeout(PATIENCE, seen).await.expect("the server sees it");
}

#[tokio::test]
async fn a_trap_ends_a_blocking_instance_and_no_other() {
    let server = ScriptedServer::start([good(), large(), good()]).unwrap();
    let host = Face::Blocking.host(tight());
    let config = lean(config(&server.endpoint()));
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let mut other = BlockingInstance::open(&host, &config).await.unwrap();
    instance.execute(&read(), &options()).await.unwrap();
    assert!(!instance.has_ended());

    assert_ended(instance.execute(&read(), &options()).await);
    assert!(instance.has_ended());
    assert_ended(instance.execute(&read(), &options()).await);
    assert_ended(instance.submit(&read(), &options()).await);
    assert_ended(instance.wait().await);
    assert_ended(instance.close().await);
    assert_eq!(server.requests().len(), 2, "nothing is sent by what ended");

    assert_eq!(
        other.execute(&read(), &options()).await.unwrap().status,
        200
    );
    assert!(!other.has_ended());
}

#[tokio::test]
async fn a_trap_ends_the_tasks_beside_it() {
    let server = ScriptedServer::start([Step::silent(), large(), good()]).unwrap();
    let host = Face::Tasks.host(tight());
    let config = lean(config(&server.endpoint()));
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let silent = instance.submit(&write(), &options()).await.unwrap();
    assert_eq!(instance.step().await.unwrap(), []);
    requests(&server, 1).await;
    instance.submit(&read(), &options()).await.unwrap();
    assert_ended(instance.wait().await);
    assert_ended(instance.take(silent).await);
    drop(instance);
    let left = server.wait_until(|seen| seen[0].abandoned);
    timeout(PATIENCE, left)
        .await
        .expect("its requests end with it");
}

#[tokio::test]
async fn a_trap_ends_the_calls_in_flight_beside_it() {
    let server = ScriptedServer::start([Step::silent(), large(), good()]).unwrap();
    let host = Face::Concurrent.host(tight());
    let config = lean(config(&server.endpoint()));
    let instance = AsyncInstance::open(&host, &config).await.unwrap();
    let beside = instance.clone();
    let beside = tokio::spawn(async move { beside.execute(write(), options()).await });
    requests(&server, 1).await;
    assert_ended(instance.execute(read(), options()).await);
    assert_ended(timeout(PATIENCE, beside).await.unwrap().unwrap());
    assert!(instance.has_ended());
    assert_ended(instance.execute(read(), options()).await);
    assert_ended(instance.close().await);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_async_client_replaces_an_instance_that_trapped() {
    let server = ScriptedServer::start([Step::silent(), large(), good()]).unwrap();
    let host = Face::Concurrent.host(tight());
    let client = Client::open(&host, lean(config(&server.endpoint()))).await;
    let client = client.unwrap();
    let beside = client.clone();
    let beside = tokio::spawn(async move { beside.execute(write(), options()).await });
    requests(&server, 1).await;
    assert_ended(client.execute(read(), options()).await);
    assert_ended(timeout(PATIENCE, beside).await.unwrap().unwrap());
    let answer = client.execute(read(), options()).await.unwrap();
    assert_eq!(answer.value.as_deref(), Some(GOOD.as_bytes()));
    assert_eq!(
        server.requests().len(),
        3,
        "nothing is sent again in silence"
    );
}

#[test]
fn a_blocking_client_replaces_an_instance_that_trapped() {
    let script = [good(), large(), good()];
    let server = ScriptedServer::start(script).unwrap();
    let host = Face::Blocking.host(tight());
    let client = blocking::Client::open(&host, lean(config(&server.endpoint()))).unwrap();
    client.execute(read(), options()).unwrap();
    assert_ended(client.execute(write(), options()));
    let answer = client.execute(read(), options()).unwrap();
    assert_eq!(answer.value.as_deref(), Some(GOOD.as_bytes()));
    assert_eq!(
        server.requests().len(),
        3,
        "nothing is sent again in silence"
    );
    let elsewhere = client.clone();
    let answer = thread::spawn(move || elsewhere.execute(read(), options()));
    assert_eq!(answer.join().unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn a_dropped_call_ends_a_blocking_instance() {
    let server = ScriptedServer::start([Step::silent(), good()]).unwrap();
    let host = Face::Blocking.host(Options::default());
    let config = lean(config(&server.endpoint()));
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let (operation, options) = (write(), options());
    tokio::select! {
        answer = instance.execute(&operation, &options) => panic!("{answer:?}"),
        () = requests(&server, 1) => {}
    }
    assert!(instance.has_ended());
    assert_ended(instance.execute(&operation, &options).await);
    assert_eq!(server.requests().len(), 1);
    drop(instance);
    let left = server.wait_until(|seen| seen[0].abandoned);
    timeout(PATIENCE, left)
        .await
        .expect("its requests end with it");
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    assert_eq!(
        instance.execute(&read(), &options).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn a_dropped_call_ends_no_async_instance() {
    let server = ScriptedServer::start([Step::silent(), good()]).unwrap();
    let host = Face::Concurrent.host(Options::default());
    let config = lean(config(&server.endpoint()));
    let instance = AsyncInstance::open(&host, &config).await.unwrap();
    tokio::select! {
        answer = instance.execute(write(), options()) => panic!("{answer:?}"),
        () = requests(&server, 1) => {}
    }
    assert!(!instance.has_ended());
    let answer = instance.execute(read(), options()).await.unwrap();
    assert_eq!(answer.body, GOOD.as_bytes());
    instance.close().await.unwrap();
    let error = instance.execute(read(), options()).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Closed));
}
