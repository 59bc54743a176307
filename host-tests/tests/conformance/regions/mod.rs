//! Accounts of several regions: where requests go when all is well, and what becomes of them when it is not.
//!
//! The tests assert on what each region's server saw, and on what the driver says that it did.

use cosmosdb_driver_host::types::{
    AttemptEventKind, Diagnostics, Error as DriverError, ExecutionContext, Operation,
    OperationOptions, Response,
};
use cosmosdb_driver_host::{Config, Error, Options};
use host_tests::cluster::{Cluster, ClusterOptions, Match, Request};
use http::Method;
use tokio::time::timeout;

use crate::account::{CONTAINER, DATABASE};
use crate::build::{at, text};
use crate::face::{Driver, Face};
use crate::scene::{self, PATIENCE, read};

mod changes;
mod deadlines;
mod failover;
mod hedging;
mod outages;
mod partitions;
mod ranges;
mod routing;
mod sessions;
mod throttling;

/// East US is the hub where one region takes the writes.
const THREE: &[&str] = &["East US", "West US", "North Europe"];
const TWO: &[&str] = &["East US", "West US"];

/// An account with the item `1` under the key `a`, and a driver for it.
struct Regions {
    cluster: Cluster,
    driver: Driver,
    face: Face,
    names: &'static [&'static str],
}

/// One region takes the writes.
fn single_write(regions: &'static [&'static str]) -> ClusterOptions<'static> {
    ClusterOptions {
        regions,
        database: DATABASE,
        container: CONTAINER,
        ..ClusterOptions::default()
    }
}

/// Every region takes writes.
fn multi_write(regions: &'static [&'static str]) -> ClusterOptions<'static> {
    ClusterOptions {
        multi_write: true,
        ..single_write(regions)
    }
}

/// A configuration as it is.
fn as_is(config: Config) -> Config {
    config
}

impl Regions {
    /// A driver that knows nothing yet. Slow reads are not hedged.
    async fn cold(
        face: Face,
        account: ClusterOptions<'static>,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let cluster = Cluster::start(account).unwrap();
        cluster.put(serde_json::json!({ "id": "1", "pk": "a" }));
        let names = account.regions;
        let driver = open(face, &cluster, names, change).await;
        Self {
            cluster,
            driver,
            face,
            names,
        }
    }

    /// A driver that knows the account and the container, and has read in the region that it prefers.
    async fn warm(
        face: Face,
        account: ClusterOptions<'static>,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let mut regions = Self::cold(face, account, change).await;
        regions.ok_with(read(), unhedged()).await;
        regions.cluster.clear();
        regions
    }

    /// A driver that knows the account and the container, and has no connection to the region that comes first.
    async fn unconnected(
        face: Face,
        account: ClusterOptions<'static>,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let first = account.regions[0];
        let mut regions = Self::cold(face, account, change).await;
        regions.ok_with(read(), excluding(&[first])).await;
        assert_eq!(regions.cluster.region(first).connections(), 0);
        regions.cluster.clear();
        regions
    }

    /// Another driver of the same account, with a configuration of its own.
    async fn another(&self, change: impl FnOnce(Config) -> Config) -> Driver {
        open(self.face, &self.cluster, self.names, change).await
    }

    async fn ok(&mut self, operation: Operation) -> Response {
        self.ok_with(operation, OperationOptions::default()).await
    }

    async fn ok_with(&mut self, operation: Operation, options: OperationOptions) -> Response {
        match execute(&mut self.driver, operation, options).await {
            Ok(response) => response,
            Err(error) => panic!("{error}: {:?}", self.cluster.lines()),
        }
    }

    async fn fails(&mut self, operation: Operation) -> DriverError {
        self.fails_with(operation, OperationOptions::default())
            .await
    }

    async fn fails_with(&mut self, operation: Operation, options: OperationOptions) -> DriverError {
        match execute(&mut self.driver, operation, options).await {
            Err(Error::Driver(error)) => *error,
            other => panic!("no error of the driver: {other:?}"),
        }
    }

    /// What the servers have seen since the last time, like `eastus read`, in order of arrival.
    fn trace(&self) -> Vec<String> {
        let requests = self.cluster.requests();
        self.cluster.clear();
        told(&requests)
    }

    /// Waits until the servers have seen this, as in a [`trace`](Self::trace).
    async fn saw(&self, line: &str) {
        let seen = self
            .cluster
            .wait_until(|seen| told(seen).iter().any(|told| told == line));
        timeout(PATIENCE, seen).await.expect(line);
    }

    /// Waits until the client has given up a request to this region.
    async fn given_up(&self, region: &str) {
        let gone = |seen: &Request| seen.region == region && seen.abandoned;
        let seen = self.cluster.wait_until(|seen| seen.iter().any(gone));
        timeout(PATIENCE, seen).await.expect("it is given up");
    }
}

async fn open(
    face: Face,
    cluster: &Cluster,
    names: &[&str],
    change: impl FnOnce(Config) -> Config,
) -> Driver {
    let origin = |name: &&str| format!("http://{}", cluster.region(name).authority());
    let options = Options {
        allow: names.iter().map(origin).collect(),
        ..Options::default()
    };
    let config = scene::config(&cluster.endpoint()).hedging_enabled(false);
    face.open(options, &change(config)).await.expect("a driver")
}

async fn execute(
    driver: &mut Driver,
    operation: Operation,
    options: OperationOptions,
) -> Result<Response, Error> {
    let answer = timeout(PATIENCE, driver.execute_with(operation, options)).await;
    answer.expect("an answer, however bad")
}

/// But for partition key ranges, which are read beside an operation when another one has missed them.
fn told(requests: &[Request]) -> Vec<String> {
    let told = requests
        .iter()
        .map(|seen| format!("{} {}", seen.region, what(seen)));
    told.filter(|line| !line.ends_with(" ranges")).collect()
}

fn what(seen: &Request) -> &'static str {
    match (&seen.method, seen.path.as_str()) {
        (_, "/") => "account",
        (_, path) if path.ends_with("/pkranges") => "ranges",
        (&Method::GET, path) if !path.contains("/docs") => "container",
        (&Method::GET, _) => "read",
        (&Method::PUT, _) => "replace",
        (&Method::DELETE, _) => "delete",
        _ if seen.header("x-ms-documentdb-is-upsert").is_some() => "upsert",
        _ => "create",
    }
}

/// What the driver says that it did for the operation itself, like `eastus 503` or `eastus 404/1002`, or `eastus -` if no
/// answer came.
fn attempts(diagnostics: &Diagnostics) -> Vec<String> {
    let own = diagnostics
        .attempts
        .iter()
        .filter(|attempt| attempt.operation_name == diagnostics.operation_name);
    own.map(|attempt| {
        let region = attempt.region.as_deref().unwrap_or("unknown");
        match (attempt.status, attempt.sub_status) {
            (None, _) => format!("{region} -"),
            (Some(status), None) => format!("{region} {status}"),
            (Some(status), Some(sub_status)) => format!("{region} {status}/{sub_status}"),
        }
    })
    .collect()
}

/// Why each of these requests was made.
fn contexts(diagnostics: &Diagnostics) -> Vec<ExecutionContext> {
    let own = diagnostics
        .attempts
        .iter()
        .filter(|attempt| attempt.operation_name == diagnostics.operation_name);
    own.map(|attempt| attempt.execution_context).collect()
}

/// Why the last request did not go where it would have gone by preference.
fn fallback(diagnostics: &Diagnostics) -> Option<&str> {
    let events = &diagnostics.attempts.last()?.events;
    let fallback = events
        .iter()
        .find(|event| event.kind == AttemptEventKind::RoutingFallback)?;
    fallback.details.as_deref()
}

/// The region that the answer came from.
fn answered_by(response: &Response) -> &str {
    let last = response.diagnostics.attempts.iter().rfind(|attempt| {
        attempt.operation_name == response.diagnostics.operation_name && attempt.status.is_some()
    });
    last.and_then(|attempt| attempt.region.as_deref())
        .expect("an answer of a region that is known")
}

/// Reads of items.
fn reads() -> Match {
    Match::any().method(Method::GET).path("/docs/")
}

/// Creates and upserts of items.
fn writes() -> Match {
    Match::any().method(Method::POST).path("/docs")
}

/// Everything about items.
fn items() -> Match {
    Match::any().path("/docs")
}

/// Creates an item under the key `a`.
fn create(id: &str) -> Operation {
    at(text("a")).create(body(id))
}

fn upsert(id: &str) -> Operation {
    at(text("a")).upsert(body(id))
}

fn body(id: &str) -> String {
    format!(r#"{{"id":"{id}","pk":"a"}}"#)
}

/// However slow.
fn unhedged() -> OperationOptions {
    OperationOptions {
        hedging_enabled: Some(false),
        ..OperationOptions::default()
    }
}

fn excluding(regions: &[&str]) -> OperationOptions {
    OperationOptions {
        excluded_regions: Some(regions.iter().map(|name| (*name).to_owned()).collect()),
        ..OperationOptions::default()
    }
}
