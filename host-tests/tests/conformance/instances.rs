//! Instances that end: by a trap, or by a call that was dropped.

use std::thread;
use std::time::Duration;

use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{ErrorKind, Operation, OperationOptions};
use cosmosdb_driver_host::{Client, Error, Options, RuntimeConfig, blocking};
use host_tests::scripted::{ScriptedServer, Seen, Step};
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

on_every_face!(calls_leave_nothing_behind);

/// Calls that are refused at once, so that thousands take no time: each brings arguments, and takes an error away.
async fn calls_leave_nothing_behind(face: Face) {
    const CALLS: usize = 10_000;
    let options = Options {
        max_memory: 2 << 20,
        ..Options::default()
    };
    let config = lean(config("http://127.0.0.1:9"));
    let mut driver = face.open(options, &config).await.unwrap();
    for call in 0..CALLS {
        let refused = driver.execute(Operation::ReadDatabase(String::new())).await;
        let kind = refused.expect_err("there is no such database").kind();
        // A hundred bytes more after each, and the instance would have ended by now.
        assert_eq!(kind, Some(ErrorKind::InvalidArgument), "call {call}");
    }
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

/// A runtime whose drivers send this header, unless their own configuration says otherwise.
fn shared() -> RuntimeConfig {
    RuntimeConfig::new().header("x-from", "runtime")
}

/// What the header was in every request so far.
fn senders(server: &ScriptedServer) -> Vec<String> {
    let requests = server.requests();
    let sender = |request: &Seen| request.header("x-from").unwrap_or("nobody").to_owned();
    requests.iter().map(sender).collect()
}

#[tokio::test]
async fn drivers_of_a_blocking_instance_share_a_runtime() {
    let server = ScriptedServer::start([good(), good(), good(), good()]).unwrap();
    let other_server = ScriptedServer::start([good()]).unwrap();
    let host = Face::Blocking.host(Options::default());
    let config = |server: &ScriptedServer| lean(config(&server.endpoint()));
    let mut instance = BlockingInstance::open(&host, &config(&server))
        .await
        .unwrap();
    let runtime = instance.runtime(&shared()).await.unwrap();
    let plain = instance.open_driver(runtime, &config(&server)).await;
    let plain = plain.unwrap();
    let own = config(&other_server).header("x-from", "account");
    let own = instance.open_driver(runtime, &own).await.unwrap();

    let mut on_plain = instance.on(plain).unwrap();
    on_plain.execute(&read(), &options()).await.unwrap();
    let mut on_own = instance.on(own).unwrap();
    let task = on_own.submit(&read(), &options()).await.unwrap();
    on_own.close().await.unwrap();
    assert_eq!(instance.wait().await.unwrap(), [task]);
    instance.execute(&read(), &options()).await.unwrap();
    assert_eq!(senders(&server), ["runtime", "nobody"]);
    assert_eq!(senders(&other_server), ["account"]);

    let mut on_own = instance.on(own).unwrap();
    let closed = on_own.execute(&read(), &options()).await.unwrap_err();
    assert_eq!(closed.kind(), Some(ErrorKind::Closed));
    let mut on_plain = instance.on(plain).unwrap();
    on_plain.execute(&read(), &options()).await.unwrap();
}

#[tokio::test]
async fn drivers_of_an_async_instance_share_a_runtime() {
    let server = ScriptedServer::start([good(), good(), good()]).unwrap();
    let other_server = ScriptedServer::start([good()]).unwrap();
    let host = Face::Concurrent.host(Options::default());
    let config = |server: &ScriptedServer| lean(config(&server.endpoint()));
    let instance = AsyncInstance::open(&host, &config(&server)).await.unwrap();
    let runtime = instance.runtime(&shared()).await.unwrap();
    let plain = runtime.open(&config(&server)).await.unwrap();
    let own = config(&other_server).header("x-from", "account");
    let own = runtime.open(&own).await.unwrap();
    drop(runtime);

    plain.execute(read(), options()).await.unwrap();
    own.execute(read(), options()).await.unwrap();
    drop(own);
    instance.execute(read(), options()).await.unwrap();
    assert_eq!(senders(&server), ["runtime", "nobody"]);
    assert_eq!(senders(&other_server), ["account"]);

    instance.close().await.unwrap();
    drop(instance);
    plain.execute(read(), options()).await.unwrap();
    assert!(!plain.has_ended());
}

#[tokio::test]
async fn a_wrong_runtime_or_driver_is_refused_and_the_instance_goes_on() {
    let server = ScriptedServer::start([good(), good()]).unwrap();
    let wrong = RuntimeConfig::new().end_to_end_timeout(Duration::from_millis(999));
    let config = lean(config(&server.endpoint()));
    let rival = config.clone().runtime(shared());
    let unlike = config.clone().application_region("eastus");
    let unlike = unlike.preferred_regions(["westus"]);
    let invalid = |error: Error, said: &str| {
        assert_eq!(error.kind(), Some(ErrorKind::InvalidArgument), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    };

    let host = Face::Blocking.host(Options::default());
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let refused = instance.runtime(&wrong).await.unwrap_err();
    invalid(refused, "at least 1000");
    let runtime = instance.runtime(&shared()).await.unwrap();
    let refused = instance.open_driver(runtime, &rival).await.unwrap_err();
    assert!(matches!(refused, Error::Options(_)), "{refused}");
    let refused = instance.open_driver(runtime, &unlike).await.unwrap_err();
    invalid(refused, "leave one of them out");
    let driver = instance.open_driver(runtime, &config).await.unwrap();
    let mut other = BlockingInstance::open(&host, &config).await.unwrap();
    assert!(matches!(other.on(driver), Err(Error::Options(_))));
    let refused = other.open_driver(runtime, &config).await;
    assert!(matches!(refused, Err(Error::Options(_))));
    let mut driver = instance.on(driver).unwrap();
    driver.execute(&read(), &options()).await.unwrap();

    let host = Face::Concurrent.host(Options::default());
    let wrong = config.clone().runtime(wrong);
    let refused = AsyncInstance::open(&host, &wrong).await.unwrap_err();
    invalid(refused, "at least 1000");
    let instance = AsyncInstance::open(&host, &config).await.unwrap();
    let runtime = instance.runtime(&shared()).await.unwrap();
    let refused = runtime.open(&rival).await.unwrap_err();
    assert!(matches!(refused, Error::Options(_)), "{refused}");
    invalid(
        runtime.open(&unlike).await.unwrap_err(),
        "leave one of them out",
    );
    instance.execute(read(), options()).await.unwrap();
}
