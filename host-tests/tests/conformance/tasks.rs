//! What tasks promise besides answers: order, ids, and how they end early.

use std::collections::HashSet;

use cosmosdb_driver_host::instance::{BlockingInstance, Task};
use cosmosdb_driver_host::types::{Error as DriverError, ErrorKind, Operation, Outcome};
use cosmosdb_driver_host::types::{OperationOptions, Response};
use cosmosdb_driver_host::{Config, Error, Options};
use host_tests::scripted::{Gate, ScriptedServer, Seen, Step};
use tokio::time::timeout;

use crate::account::lean;
use crate::face::{Face, finished};
use crate::scene::{ACCOUNT, DEFINITION, GOOD, PATIENCE, config, good, read, write};

struct Tasks {
    server: ScriptedServer,
    instance: BlockingInstance,
}

impl Tasks {
    async fn lean(script: impl IntoIterator<Item = Step>) -> Self {
        Self::open(script, lean).await
    }

    async fn eager(script: impl IntoIterator<Item = Step>) -> Self {
        Self::open(script, |config| config).await
    }

    async fn open(
        script: impl IntoIterator<Item = Step>,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let server = ScriptedServer::start(script).unwrap();
        let host = Face::Tasks.host(Options::default());
        let config = change(config(&server.endpoint()));
        let instance = BlockingInstance::open(&host, &config).await.unwrap();
        Self { server, instance }
    }

    async fn submit(&mut self, operation: Operation) -> Task {
        let options = OperationOptions::default();
        self.instance.submit(&operation, &options).await.unwrap()
    }

    /// A task whose request the server has read.
    async fn sent(&mut self, operation: Operation) -> Task {
        let task = self.submit(operation).await;
        assert_eq!(self.instance.step().await.unwrap(), []);
        self.saw(|seen| seen.last().is_some_and(|request| request.complete))
            .await;
        task
    }

    async fn saw(&self, condition: impl FnMut(&[Seen]) -> bool) {
        let seen = self.server.wait_until(condition);
        timeout(PATIENCE, seen).await.expect("the server sees it");
    }

    async fn wait(&mut self) -> Vec<Task> {
        let news = timeout(PATIENCE, self.instance.wait()).await;
        news.expect("a task ends").unwrap()
    }

    async fn take(&mut self, task: Task) -> Result<Response, Error> {
        finished(&mut self.instance, task).await
    }

    async fn error(&mut self, task: Task) -> DriverError {
        match self.take(task).await {
            Err(Error::Driver(error)) => *error,
            other => panic!("not an error of the driver: {other:?}"),
        }
    }

    async fn execute(&mut self, operation: Operation) -> Result<Response, Error> {
        let options = OperationOptions::default();
        let answer = timeout(PATIENCE, self.instance.execute(&operation, &options)).await;
        answer.expect("a call ends")
    }

    async fn cancel(&mut self, task: Task) -> DriverError {
        self.instance.cancel(task).await.unwrap();
        assert_eq!(self.instance.step().await.unwrap(), [task]);
        let error = self.error(task).await;
        assert_eq!((error.kind, error.status), (ErrorKind::Cancelled, None));
        error
    }

    async fn still_works(&mut self) {
        let task = self.submit(read()).await;
        assert_eq!(self.wait().await, [task]);
        assert_eq!(self.take(task).await.unwrap().body, GOOD.as_bytes());
    }
}

#[tokio::test]
async fn a_task_cancelled_before_it_began_sends_nothing() {
    let mut tasks = Tasks::lean([good()]).await;
    for operation in [read(), write()] {
        let task = tasks.submit(operation).await;
        let error = tasks.cancel(task).await;
        assert_eq!(error.outcome, Outcome::NotApplied);
    }
    assert_eq!(tasks.server.connections(), 0);
    tasks.still_works().await;
    assert_eq!(tasks.server.requests().len(), 1);
}

#[tokio::test]
async fn cancelling_one_task_sends_nothing_of_another() {
    let mut tasks = Tasks::lean([good()]).await;
    let first = tasks.submit(read()).await;
    let second = tasks.submit(write()).await;
    for task in [first, second] {
        tasks.instance.cancel(task).await.unwrap();
        let error = tasks.error(task).await;
        assert_eq!(error.kind, ErrorKind::Cancelled);
        assert_eq!(error.outcome, Outcome::NotApplied, "it was not under way");
        assert_eq!(error.diagnostics.unwrap().request_count, 0);
    }
    tasks.still_works().await;
    assert_eq!(tasks.server.requests().len(), 1);
    assert_eq!(tasks.server.connections(), 1);
}

#[tokio::test]
async fn a_cancelled_write_may_have_been_applied() {
    for (operation, outcome) in [(write(), Outcome::Unknown), (read(), Outcome::NotApplied)] {
        let mut tasks = Tasks::lean([Step::silent(), good()]).await;
        let task = tasks.sent(operation).await;
        let error = tasks.cancel(task).await;
        assert_eq!(error.outcome, outcome);
        tasks.saw(|seen| seen[0].abandoned).await;
        tasks.still_works().await;
    }
}

#[tokio::test]
async fn a_cancelled_task_tells_what_was_sent() {
    let mut tasks = Tasks::lean([Step::silent(), good()]).await;
    let task = tasks.sent(write()).await;
    let sent = tasks.server.requests()[0].clone();
    let diagnostics = tasks.cancel(task).await.diagnostics;
    let diagnostics = diagnostics.expect("an operation was begun");
    let id = sent.header("x-ms-activity-id");
    assert_eq!(Some(diagnostics.activity_id.as_str()), id);
}

#[tokio::test]
async fn cancelling_the_finished_and_the_unknown_is_ignored() {
    let mut tasks = Tasks::lean([good()]).await;
    let task = tasks.submit(read()).await;
    assert_eq!(tasks.wait().await, [task]);
    tasks.instance.cancel(task).await.unwrap();
    assert_eq!(tasks.take(task).await.unwrap().status, 200);
    tasks.instance.cancel(task).await.unwrap();
    // Of another instance, which has given out more ids.
    let mut other = Tasks::lean([good()]).await;
    other.submit(read()).await;
    let unknown = other.submit(read()).await;
    tasks.instance.cancel(unknown).await.unwrap();
    assert_eq!(tasks.error(unknown).await.kind, ErrorKind::InvalidArgument);
    assert_eq!(tasks.wait().await, []);
    tasks.still_works().await;
}

#[tokio::test]
async fn a_result_is_taken_once() {
    let gate = Gate::new();
    let mut tasks = Tasks::lean([good().after(&gate), good()]).await;
    let task = tasks.sent(read()).await;
    assert!(tasks.instance.take(task).await.unwrap().is_none());
    gate.open();
    assert_eq!(tasks.wait().await, [task]);
    assert_eq!(tasks.take(task).await.unwrap().status, 200);
    let error = tasks.error(task).await;
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.diagnostics.is_none() && !error.retryable);
    tasks.still_works().await;
}

#[tokio::test]
async fn a_taken_task_is_not_told_again() {
    let mut tasks = Tasks::lean([good()]).await;
    let task = tasks.submit(read()).await;
    tasks.instance.cancel(task).await.unwrap();
    tasks.error(task).await;
    assert_eq!(tasks.instance.step().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_waits_for_a_silent_server_but_wait() {
    let gate = Gate::new();
    let mut tasks = Tasks::lean([good().after(&gate)]).await;
    assert_eq!(tasks.wait().await, [], "nothing to wait for");
    assert_eq!(tasks.instance.step().await.unwrap(), []);
    let first = tasks.sent(read()).await;
    let second = tasks.sent(read()).await;
    for _ in 0..3 {
        let step = timeout(PATIENCE, tasks.instance.step()).await;
        assert_eq!(step.expect("a step does not wait").unwrap(), []);
    }
    gate.open();
    let mut news = tasks.wait().await;
    if news.len() == 1 {
        news.extend(tasks.wait().await);
    }
    assert_eq!(
        HashSet::<Task>::from_iter(news),
        HashSet::from([first, second])
    );
}

#[tokio::test]
async fn ids_are_not_used_again_while_they_live() {
    let mut tasks = Tasks::lean([good()]).await;
    let mut living = HashSet::new();
    for round in 0..100 {
        let task = tasks.submit(read()).await;
        assert!(living.insert(task), "{task:?} lives already");
        if round % 3 == 0 {
            tasks.instance.cancel(task).await.unwrap();
        }
        if round % 5 == 0 {
            assert!(tasks.instance.cancel(task).await.is_ok());
            tasks.error(task).await;
            living.remove(&task);
        }
    }
}

/// The first task began the account request that all wait for.
#[tokio::test]
async fn the_metadata_goes_on_without_the_task_that_began_it() {
    let gate = Gate::new();
    let account = Step::respond(200, &[], ACCOUNT).after(&gate);
    let definition = Step::respond(200, &[], DEFINITION);
    let mut tasks = Tasks::eager([account, definition, good()]).await;
    let leader = tasks.sent(write()).await;
    let mut others = vec![tasks.submit(read()).await, tasks.submit(write()).await];
    assert_eq!(tasks.instance.step().await.unwrap(), []);
    tasks.cancel(leader).await;
    gate.open();
    while !others.is_empty() {
        for task in tasks.wait().await {
            others.retain(|other| *other != task);
            assert_eq!(tasks.take(task).await.unwrap().status, 200);
        }
    }
    let seen = tasks.server.requests();
    let paths: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths[..2], ["/", "/dbs/shop/colls/items"]);
    assert_eq!(paths.len(), 4, "{paths:?}");
}

/// When all who wait are gone, so is the request; the next one begins anew.
#[tokio::test]
async fn metadata_that_nobody_waits_for_is_abandoned() {
    let script = [
        Step::silent(),
        Step::respond(200, &[], ACCOUNT),
        Step::respond(200, &[], DEFINITION),
        good(),
    ];
    let mut tasks = Tasks::eager(script).await;
    let task = tasks.sent(read()).await;
    tasks.cancel(task).await;
    tasks.saw(|seen| seen[0].abandoned).await;
    tasks.still_works().await;
    assert_eq!(tasks.server.requests().len(), 4);
}

/// Nobody steps the task meanwhile: the call has to, or it would wait for ever for what the task has begun.
#[tokio::test]
async fn a_blocking_call_runs_the_task_that_fetches_its_metadata() {
    let gate = Gate::new();
    let account = Step::respond(200, &[], ACCOUNT).after(&gate);
    let definition = Step::respond(200, &[], DEFINITION);
    let mut tasks = Tasks::eager([account, definition, good()]).await;
    let task = tasks.sent(read()).await;
    let release = async { gate.open() };
    // The call is polled first: it waits when the gate opens.
    let (answer, ()) = tokio::join!(tasks.execute(write()), release);
    assert_eq!(answer.unwrap().status, 200);
    assert_eq!(tasks.wait().await, [task]);
    assert_eq!(tasks.take(task).await.unwrap().status, 200);
    let seen = tasks.server.requests();
    let paths: Vec<&str> = seen.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths[..2], ["/", "/dbs/shop/colls/items"]);
    let is_item = |path: &&str| path.starts_with("/dbs/shop/colls/items/docs");
    assert_eq!(paths[2..].iter().filter(|path| is_item(path)).count(), 2);
    assert_eq!(paths.len(), 4, "{paths:?}");
}

#[tokio::test]
async fn a_task_submitted_before_the_end_of_its_driver_runs_to_its_own() {
    let [account, definition] = [ACCOUNT, DEFINITION].map(|body| Step::respond(200, &[], body));
    let mut tasks = Tasks::eager([account, definition, good()]).await;
    let before = tasks.submit(write()).await;
    tasks.instance.close().await.unwrap();
    let after = tasks.submit(write()).await;
    assert_eq!(tasks.wait().await, [after]);
    assert_eq!(tasks.error(after).await.kind, ErrorKind::Closed);
    assert_eq!(tasks.wait().await, [before]);
    assert_eq!(tasks.take(before).await.unwrap().body, GOOD.as_bytes());
    let seen = tasks.server.requests();
    assert_eq!(seen.len(), 3, "metadata and one write");
    for request in seen {
        let signature = request.header("authorization").expect("a signature");
        assert!(signature.starts_with("type%3Dmaster%26ver%3D1.0%26sig%3D"));
    }
}
