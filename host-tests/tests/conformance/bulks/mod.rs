//! Bulks, against an account whose containers have several partitions.

mod ends;
mod failures;
mod random;
mod results;

use cosmosdb_driver_host::types::{
    BatchAction, BatchPatch, BatchReplace, BatchResult, Bulk, BulkOperation, Error as DriverError,
    ErrorKind, Operation, OperationOptions, Outcome, PatchOperation, PatchValue, Response,
};
use cosmosdb_driver_host::{Config, Options};
use host_tests::gateway::{self, Control, Effect, Gateway};
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, json as parse, text};
use crate::face::{Driver, Face};
use crate::scene::{config, execute, fails};

struct Scene {
    gateway: Gateway,
    driver: Driver,
}

impl Scene {
    /// Eager metadata, a container with so many ranges.
    async fn new(face: Face, ranges: u32) -> Self {
        Self::with(face, ranges, &["/pk"], |config| config).await
    }

    async fn with(
        face: Face,
        ranges: u32,
        key: &[&str],
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            key,
            ranges,
        };
        let gateway = Gateway::start(options).unwrap();
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(Options::default(), &config).await.unwrap();
        Self { gateway, driver }
    }

    /// A driver that knows the ranges.
    async fn warm(face: Face, ranges: u32) -> Self {
        let mut scene = Self::new(face, ranges).await;
        scene.ok(vec![read(0)]).await;
        scene.gateway.clear();
        scene
    }

    async fn ok(&mut self, operations: Vec<BulkOperation>) -> Response {
        match execute(&mut self.driver, bulk(operations)).await {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    async fn with_options(
        &mut self,
        operations: Vec<BulkOperation>,
        options: OperationOptions,
    ) -> Response {
        let done = self.driver.execute_with(bulk(operations), options).await;
        done.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn fails(&mut self, operation: Operation) -> DriverError {
        fails(&mut self.driver, operation).await
    }

    fn control(&self) -> Control<'_> {
        self.gateway.container(DATABASE, CONTAINER)
    }

    /// Puts the items of these numbers there, with 1 as their `n`.
    fn fill(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            self.control().put(document(number, 1));
        }
    }

    fn item(&self, number: usize) -> Option<Value> {
        let key = json!(key_of(number));
        self.control().item(&[key], &id_of(number))
    }

    fn n(&self, number: usize) -> i64 {
        self.item(number)
            .map_or(0, |item| item["n"].as_i64().unwrap())
    }

    /// The range that an item lies in.
    fn range(&self, number: usize) -> String {
        self.control().range_of(&[json!(key_of(number))])
    }

    /// Does this to the next requests of bulks.
    fn on_bulk(&self, times: u64, effect: impl Into<Effect>) {
        self.gateway.on(times, is_bulk, effect);
    }

    /// The next so many operations on items that satisfy a condition fail.
    fn fail(
        &self,
        times: u64,
        about: impl Fn(usize) -> bool + Send + 'static,
        status: (u16, u32),
        retry_after: Option<u64>,
    ) {
        let about = move |operation: &Value| about(number_of(operation));
        self.control()
            .fail_operations(times, about, status, retry_after);
    }

    /// The ids in each request of a bulk, with the range that it went to.
    fn batches(&self) -> Vec<(String, Vec<usize>)> {
        let seen = self.gateway.requests();
        let bulks = seen.iter().filter(|seen| is_bulk(seen));
        bulks.map(batch_of).collect()
    }
}

fn is_bulk(seen: &Seen) -> bool {
    seen.header("x-ms-cosmos-batch-atomic") == Some("False")
}

fn batch_of(seen: &Seen) -> (String, Vec<usize>) {
    let range = seen.header("x-ms-documentdb-partitionkeyrangeid").unwrap();
    let operations = parse(&seen.body);
    let operations = operations.as_array().unwrap().iter();
    (range.to_owned(), operations.map(number_of).collect())
}

/// Which item an operation as it is sent is about.
fn number_of(operation: &Value) -> usize {
    let own = operation["id"].as_str();
    let id = own.or_else(|| operation["resourceBody"]["id"].as_str());
    id.unwrap().parse().unwrap()
}

fn id_of(number: usize) -> String {
    number.to_string()
}

/// Each item has a key of its own.
fn key_of(number: usize) -> String {
    format!("k{number}")
}

fn document(number: usize, n: i64) -> Value {
    json!({ "id": id_of(number), "pk": key_of(number), "n": n })
}

fn body(number: usize, n: i64) -> Vec<u8> {
    document(number, n).to_string().into_bytes()
}

fn operation(number: usize, action: BatchAction) -> BulkOperation {
    BulkOperation {
        key: text(&key_of(number)),
        action,
        precondition: None,
    }
}

fn create(number: usize) -> BulkOperation {
    operation(number, BatchAction::Create(body(number, 1)))
}

fn upsert(number: usize) -> BulkOperation {
    operation(number, BatchAction::Upsert(body(number, 2)))
}

fn replace(number: usize) -> BulkOperation {
    let id = id_of(number);
    let body = body(number, 3);
    operation(number, BatchAction::Replace(BatchReplace { id, body }))
}

fn read(number: usize) -> BulkOperation {
    operation(number, BatchAction::Read(id_of(number)))
}

fn delete(number: usize) -> BulkOperation {
    operation(number, BatchAction::Delete(id_of(number)))
}

fn patch(number: usize, path: &str) -> BulkOperation {
    let step = PatchOperation::Increment(PatchValue {
        path: path.to_owned(),
        value: b"1".to_vec(),
    });
    let patch = BatchPatch {
        id: id_of(number),
        operations: vec![step],
        condition: None,
    };
    operation(number, BatchAction::Patch(patch))
}

/// What must not be carried out twice.
fn increment(number: usize) -> BulkOperation {
    patch(number, "/n")
}

fn bulk(operations: Vec<BulkOperation>) -> Operation {
    Operation::ExecuteBulk(Bulk {
        container: container(DATABASE, CONTAINER),
        operations,
        max_concurrency: None,
    })
}

fn statuses(response: &Response) -> Vec<u16> {
    let results = response.results.iter();
    results.map(|result| result.status).collect()
}

/// Kind and outcome of a result that must be a failure.
fn failed(result: &BatchResult) -> (ErrorKind, Outcome) {
    let failure = result.failure().expect("a failure");
    (failure.kind, failure.outcome)
}
