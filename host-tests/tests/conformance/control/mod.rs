//! The control plane and raw requests, against an account that has all of it.

mod definitions;
mod raw;
mod resources;
mod throughput;

use cosmosdb_driver_host::types::{Error as DriverError, Operation, OperationOptions, Response};
use cosmosdb_driver_host::{Config, Options};
use host_tests::gateway::{self, Gateway};
use host_tests::scripted::Seen;

use crate::account::{CONTAINER, DATABASE, lean};
use crate::face::{Driver, Face};
use crate::scene::{config, execute, fails};

/// The path of the container.
const AT: &str = "/dbs/shop/colls/items";

pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    pub(crate) driver: Driver,
}

impl Scene {
    /// Lean metadata: no request but those of the operation.
    pub(crate) async fn new(face: Face) -> Self {
        Self::with(face, lean).await
    }

    pub(crate) async fn with(face: Face, change: impl FnOnce(Config) -> Config) -> Self {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            ranges: 2,
            ..gateway::Options::default()
        };
        let gateway = Gateway::start(options).unwrap();
        let config = change(config(&gateway.endpoint()));
        let driver = face.open(Options::default(), &config).await.unwrap();
        Self { gateway, driver }
    }

    pub(crate) async fn ok(&mut self, operation: Operation) -> Response {
        match execute(&mut self.driver, operation).await {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn ok_with(
        &mut self,
        operation: Operation,
        options: OperationOptions,
    ) -> Response {
        let response = self.driver.execute_with(operation, options).await;
        response.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn fails(&mut self, operation: Operation) -> DriverError {
        fails(&mut self.driver, operation).await
    }

    /// The requests since the last look.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.gateway.lines();
        self.gateway.clear();
        lines
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        self.gateway.requests().pop().expect("a request")
    }
}

/// Another header of an answer.
pub(crate) fn other<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut others = response.headers.others.iter();
    let found = others.find(|(other, _)| other == name)?;
    Some(&found.1)
}

/// What was sent, by the names in the diagnostics.
pub(crate) fn names(response: &Response) -> Vec<&str> {
    let attempts = response.diagnostics.attempts.iter();
    attempts
        .map(|attempt| attempt.operation_name.as_str())
        .collect()
}
