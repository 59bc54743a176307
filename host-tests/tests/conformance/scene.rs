//! A server that misbehaves as told, and a driver for it.

use std::time::Duration;

use cosmosdb_driver_host::types::{
    Error as DriverError, ErrorKind, Operation, Outcome, RequestTimeouts, Response,
};
use cosmosdb_driver_host::{Config, Credential, Error, Options, RuntimeConfig};
use host_tests::scripted::{ScriptedServer, Step};
use tokio::time::timeout;

use crate::account::lean;
use crate::build::{at, text};
use crate::face::{Driver, Face};

/// Bounds a hang. Nothing is measured with it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The body of a good answer.
pub(crate) const GOOD: &str = r#"{"id":"1","pk":"a"}"#;

/// An account document that names no regions: the configured endpoint serves.
pub(crate) const ACCOUNT: &str = "{}";

/// The definition of the test's container.
pub(crate) const DEFINITION: &str =
    r#"{"_rid":"rid","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}"#;

pub(crate) fn read() -> Operation {
    at(text("a")).read("1")
}

pub(crate) fn write() -> Operation {
    at(text("a")).create(GOOD)
}

/// A good answer.
pub(crate) fn good() -> Step {
    Step::respond(200, &[], GOOD)
}

/// What is known of the effect when the service may have seen the request and gave no answer.
pub(crate) fn outcome(operation: &Operation) -> Outcome {
    match operation {
        Operation::ReadItem(_) => Outcome::NotApplied,
        _ => Outcome::Unknown,
    }
}

/// A driver that repeats nothing by itself, but what provably never left, what 449 and 403/3 ask for, and what waits for
/// a look at changed metadata: whatever goes wrong is seen as it is.
pub(crate) fn one_attempt(config: Config) -> Config {
    config
        .max_failover_retries(0)
        .max_session_retries(0)
        .max_throttle_retries(0)
}

/// The server and the driver.
pub(crate) struct Scene {
    pub(crate) server: ScriptedServer,
    pub(crate) driver: Driver,
}

impl Scene {
    /// Lean metadata, one attempt: one request for an operation.
    pub(crate) async fn lean(face: Face, script: impl IntoIterator<Item = Step>) -> Self {
        Self::hosted(face, script, Options::default()).await
    }

    /// Lean metadata, all the attempts that the driver makes by itself.
    pub(crate) async fn retrying(face: Face, script: impl IntoIterator<Item = Step>) -> Self {
        Self::with(face, script, Options::default(), lean).await
    }

    /// Lean metadata, one attempt, and a host with these options.
    pub(crate) async fn hosted(
        face: Face,
        script: impl IntoIterator<Item = Step>,
        options: Options,
    ) -> Self {
        let change = |config| one_attempt(lean(config));
        Self::with(face, script, options, change).await
    }

    /// Eager metadata, one attempt for each request, however slow the machine is.
    pub(crate) async fn eager(face: Face, script: impl IntoIterator<Item = Step>) -> Self {
        let timeouts = RequestTimeouts {
            metadata_request_ms: Some(60_000),
            ..RequestTimeouts::default()
        };
        let patient = RuntimeConfig::new().timeouts(timeouts);
        let change = |config| one_attempt(config).runtime(patient);
        Self::with(face, script, Options::default(), change).await
    }

    async fn with(
        face: Face,
        script: impl IntoIterator<Item = Step>,
        options: Options,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let server = ScriptedServer::start(script).unwrap();
        let config = change(config(&server.endpoint()));
        let driver = face.open(options, &config).await.expect("a driver");
        Self { server, driver }
    }

    pub(crate) async fn execute(&mut self, operation: Operation) -> Result<Response, Error> {
        execute(&mut self.driver, operation).await
    }

    /// The driver's error.
    pub(crate) async fn fails(&mut self, operation: Operation) -> DriverError {
        fails(&mut self.driver, operation).await
    }

    /// A fault without a usable answer: a retryable transport error, and one request on the wire, besides `already`
    /// others before it.
    pub(crate) async fn breaks(&mut self, operation: Operation, already: usize) -> DriverError {
        let expected = outcome(&operation);
        let error = self.fails(operation).await;
        assert_eq!(
            (error.kind, error.outcome, error.status),
            (ErrorKind::Transport, expected, None),
            "{error:?}"
        );
        assert!(error.retryable, "{error:?}");
        let seen = self.server.requests().len() - already;
        assert_eq!(seen, 1, "nothing is sent twice in silence");
        let diagnostics = error.diagnostics.as_ref().expect("diagnostics");
        assert_eq!(diagnostics.request_count, 1);
        assert!(diagnostics.attempts[0].error.is_some(), "{diagnostics:?}");
        error
    }

    /// After every fault: the same driver gets the good answer that is next in the script.
    pub(crate) async fn still_works(&mut self) {
        works(&mut self.driver).await;
    }
}

/// An account key for this endpoint.
pub(crate) fn config(endpoint: &str) -> Config {
    Config::new(endpoint, Credential::account_key("a2V5"))
}

pub(crate) async fn execute(driver: &mut Driver, operation: Operation) -> Result<Response, Error> {
    let answer = timeout(PATIENCE, driver.execute(operation)).await;
    answer.expect("an answer, however bad")
}

pub(crate) async fn fails(driver: &mut Driver, operation: Operation) -> DriverError {
    match execute(driver, operation).await {
        Err(Error::Driver(error)) => *error,
        Err(other) => panic!("not an error of the driver: {other}"),
        Ok(response) => panic!("status {} and no error", response.status),
    }
}

pub(crate) async fn works(driver: &mut Driver) {
    match execute(driver, read()).await {
        Ok(response) => assert_eq!(
            (response.status, &response.body[..]),
            (200, GOOD.as_bytes())
        ),
        Err(error) => panic!("the driver does not recover: {error}"),
    }
}
