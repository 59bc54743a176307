//! Many operations in flight in one instance. Gates prove it: no answer is released before the server has seen all
//! the requests.

use std::collections::{BTreeMap, HashSet};

use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{ErrorKind, Operation, OperationOptions, Response};
use cosmosdb_driver_host::{Config, Error, Options};
use host_tests::scripted::{Gate, ScriptedServer, Seen, Step};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::account::lean;
use crate::build::{at, text};
use crate::face::{Face, finished};
use crate::scene::{ACCOUNT, DEFINITION, GOOD, PATIENCE, config};

/// Answers by the number of the operation, which is the item's id.
type Answers = BTreeMap<usize, Response>;

fn read(id: usize) -> Operation {
    at(text("a")).read(&id.to_string())
}

/// An item of 1 MB, like no other.
fn large(id: usize) -> String {
    let filling = format!("{id:09},").repeat(100_000);
    format!(r#"{{"id":"{id}","pk":"a","large":"{filling}"}}"#)
}

/// Answers that carry the number of the request that they answer, all behind one gate.
fn numbered(answers: usize, gate: &Gate) -> ScriptedServer {
    let answer = |number: usize| Step::respond(200, &[], number.to_string()).after(gate);
    ScriptedServer::start((0..answers).map(answer)).unwrap()
}

/// Each operation got the answer to its own request, and there were no other requests.
fn assert_matched(seen: &[Seen], answers: &Answers) {
    for (id, answer) in answers {
        let number: usize = std::str::from_utf8(&answer.body).unwrap().parse().unwrap();
        let expected = format!("/dbs/shop/colls/items/docs/{id}");
        assert_eq!(seen[number].path, expected);
    }
    assert_eq!(seen.len(), answers.len());
}

async fn async_instance(config: &Config) -> AsyncInstance {
    let host = Face::Concurrent.host(Options::default());
    AsyncInstance::open(&host, config).await.unwrap()
}

/// Begins so many operations, each in a tokio task.
fn begin(
    instance: &AsyncInstance,
    calls: usize,
    operation: fn(usize) -> Operation,
) -> JoinSet<(usize, Response)> {
    let call = |id| {
        let instance = instance.clone();
        async move {
            let answer = instance.execute(operation(id), OperationOptions::default());
            (id, answer.await.unwrap())
        }
    };
    (0..calls).map(call).collect()
}

async fn all(calls: JoinSet<(usize, Response)>) -> Answers {
    let answers = timeout(PATIENCE, calls.join_all()).await;
    answers.expect("all are answered").into_iter().collect()
}

/// Waits for so many requests, then opens the gate.
async fn release(server: &ScriptedServer, requests: usize, gate: &Gate) {
    let seen = server.wait_until(|seen| seen.len() == requests);
    timeout(PATIENCE, seen).await.expect("all are in flight");
    gate.open();
}

#[tokio::test]
async fn two_hundred_calls_in_one_instance() {
    const CALLS: usize = 200;
    let gate = Gate::new();
    let server = numbered(CALLS, &gate);
    let instance = async_instance(&lean(config(&server.endpoint()))).await;
    let calls = begin(&instance, CALLS, read);
    release(&server, CALLS, &gate).await;
    let answers = all(calls).await;
    assert_eq!(answers.len(), CALLS);
    assert_matched(&server.requests(), &answers);
}

#[tokio::test]
async fn a_hundred_large_uploads_in_one_instance() {
    const CALLS: usize = 100;
    let gate = Gate::new();
    let server = ScriptedServer::start([Step::respond(201, &[], "").after(&gate)]).unwrap();
    let instance = async_instance(&lean(config(&server.endpoint()))).await;
    let calls = begin(&instance, CALLS, |id| at(text("a")).create(large(id)));
    let are_whole = |seen: &[Seen]| seen.iter().filter(|seen| seen.complete).count() == CALLS;
    let seen = timeout(PATIENCE, server.wait_until(are_whole)).await;
    let seen = seen.expect("all are in flight");
    gate.open();
    let answers = all(calls).await;
    assert!(answers.values().all(|answer| answer.status == 201));
    assert_eq!(answers.len(), CALLS);
    let bodies: HashSet<&[u8]> = seen.iter().map(|seen| &seen.body[..]).collect();
    for id in 0..CALLS {
        assert!(bodies.contains(large(id).as_bytes()), "item {id}");
    }
    assert_eq!(server.requests().len(), CALLS);
}

#[tokio::test]
async fn fifty_tasks_in_one_instance() {
    const TASKS: usize = 50;
    let gate = Gate::new();
    let server = numbered(TASKS, &gate);
    let host = Face::Tasks.host(Options::default());
    let config = lean(config(&server.endpoint()));
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let mut tasks = Vec::new();
    for id in 0..TASKS {
        let options = OperationOptions::default();
        tasks.push(instance.submit(&read(id), &options).await.unwrap());
    }
    assert!(
        server.requests().is_empty(),
        "nothing is sent before a step"
    );
    assert!(instance.step().await.unwrap().is_empty());
    release(&server, TASKS, &gate).await;

    let mut answers = Answers::new();
    while answers.len() < TASKS {
        let news = timeout(PATIENCE, instance.wait()).await.unwrap().unwrap();
        assert!(!news.is_empty(), "some are still running");
        for task in news {
            let id = tasks.iter().position(|known| *known == task).unwrap();
            let answer = finished(&mut instance, task).await.unwrap();
            assert!(answers.insert(id, answer).is_none(), "told once");
        }
    }
    assert!(instance.wait().await.unwrap().is_empty());
    assert_matched(&server.requests(), &answers);
}

#[tokio::test]
async fn fifty_cold_calls_read_the_metadata_once() {
    const CALLS: usize = 50;
    let gates = [Gate::new(), Gate::new()];
    let script = [
        Step::respond(200, &[], ACCOUNT).after(&gates[0]),
        Step::respond(200, &[], DEFINITION).after(&gates[1]),
        Step::respond(200, &[], GOOD),
    ];
    let server = ScriptedServer::start(script).unwrap();
    let instance = async_instance(&config(&server.endpoint())).await;
    let calls = begin(&instance, CALLS, read);
    release(&server, 1, &gates[0]).await;
    release(&server, 2, &gates[1]).await;
    let answers = all(calls).await;
    let seen = server.requests();
    let paths: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths[..2], ["/", "/dbs/shop/colls/items"]);
    assert!(paths[2..].iter().all(|path| path.contains("/docs/")));
    assert_eq!(paths.len(), 2 + CALLS);
    let counts = answers
        .values()
        .map(|answer| answer.diagnostics.request_count);
    assert_eq!(
        counts.sum::<u32>() as usize,
        paths.len(),
        "each is counted once"
    );
}

/// An operation that has so many milliseconds, in a tokio task of its own, once the server has seen it.
async fn begun(
    server: &ScriptedServer,
    instance: &AsyncInstance,
    id: usize,
    end_to_end_timeout_ms: u64,
) -> JoinHandle<Result<Response, Error>> {
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(end_to_end_timeout_ms),
        ..OperationOptions::default()
    };
    let instance = instance.clone();
    let call = tokio::spawn(async move { instance.execute(read(id), options).await });
    let seen = server.wait_until(|seen| seen.len() > id);
    timeout(PATIENCE, seen).await.expect("the server sees it");
    call
}

async fn end(call: JoinHandle<Result<Response, Error>>) -> Result<Response, Error> {
    let ended = timeout(PATIENCE, call).await;
    ended.expect("it ends").expect("it does not panic")
}

/// The call that is told of the alarm ends with it, and another one still waits for its own time. Both wait for the rest
/// of a body, where the host has no time of its own.
#[tokio::test]
async fn a_deadline_holds_after_another_one_has_passed() {
    let never = Gate::new();
    let stalled = || Step::slow_body(200, &[], vec![(never.clone(), GOOD.into())]);
    let server = ScriptedServer::start([stalled(), stalled()]).unwrap();
    let instance = async_instance(&lean(config(&server.endpoint()))).await;
    let first = begun(&server, &instance, 0, 1_500).await;
    let second = begun(&server, &instance, 1, 1_000).await;
    for call in [second, first] {
        let late = end(call).await.expect_err("it is not answered");
        assert_eq!(late.kind(), Some(ErrorKind::Timeout), "{late}");
    }
}

/// All timers share an alarm, which is the first call's. Each row: the milliseconds of two calls; whether the first one is
/// answered before the second one's time is up, or afterwards.
#[tokio::test]
async fn deadlines_hold_whoever_set_the_alarm() {
    for (first_ms, second_ms, at_once) in [
        (20_000, 1_000, false),
        (1_000, 1_001, true),
        (20_000, 1_000, true),
    ] {
        let (gate, never) = (Gate::new(), Gate::new());
        let answer = Step::respond(200, &[], GOOD).after(&gate);
        let server = ScriptedServer::start([answer, Step::silent().after(&never)]).unwrap();
        let instance = async_instance(&lean(config(&server.endpoint()))).await;
        let first = begun(&server, &instance, 0, first_ms).await;
        let second = begun(&server, &instance, 1, second_ms).await;
        let late = if at_once {
            gate.open();
            end(first).await.unwrap();
            end(second).await
        } else {
            let late = end(second).await;
            gate.open();
            end(first).await.unwrap();
            late
        };
        let late = late.expect_err("it is not answered");
        assert_eq!(late.kind(), Some(ErrorKind::Timeout), "{late}");
    }
}
