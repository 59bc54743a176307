//! Somewhere to run a test: an account with a database, and a driver for it.

use std::sync::atomic::{AtomicU32, Ordering};

use cosmosdb_driver_host::types::{ErrorKind, MetadataMode, Operation, Response};
use cosmosdb_driver_host::{Config, Credential, Error, Options};
use host_tests::emulator::{Emulator, Recorded};

use crate::build;
use crate::face::{Driver, Face};

/// The database of a test.
pub(crate) const DATABASE: &str = "shop";

/// The container of a test, with the partition key `/pk`.
pub(crate) const CONTAINER: &str = "items";

/// The embedded emulator with a database, a container, and an open driver. The requests of the preparation are not
/// in its log.
pub(crate) struct Account {
    pub(crate) emulator: Emulator,
    pub(crate) driver: Driver,
}

impl Account {
    /// One region, the container of [`CONTAINER`], eager metadata, an account key.
    pub(crate) async fn new(face: Face) -> Self {
        Self::with_key(face, &["/pk"], 2).await
    }

    /// With these partition key paths and this version of the hash.
    pub(crate) async fn with_key(face: Face, paths: &[&str], version: u32) -> Self {
        let account = Self::bare(face, Emulator::builder().start_blocking().unwrap(), |c| c).await;
        account.prepare(paths, version).await
    }

    /// Without a database, with a changed configuration.
    pub(crate) async fn bare(
        face: Face,
        emulator: Emulator,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let config = change(config(&emulator));
        let driver = face
            .open(options(&emulator), &config)
            .await
            .expect("a driver");
        Self { emulator, driver }
    }

    /// Makes database and container.
    pub(crate) async fn prepare(mut self, paths: &[&str], version: u32) -> Self {
        for operation in build::database_and_container(DATABASE, CONTAINER, paths, version) {
            self.driver
                .execute(operation)
                .await
                .expect("the preparation works");
        }
        self.emulator.take_requests();
        self
    }

    /// Another driver for the same data.
    pub(crate) async fn another(
        &self,
        face: Face,
        change: impl FnOnce(Config) -> Config,
    ) -> Driver {
        let config = change(config(&self.emulator));
        face.open(options(&self.emulator), &config)
            .await
            .expect("a driver")
    }

    pub(crate) async fn ok(&mut self, operation: Operation) -> Response {
        match self.driver.execute(operation).await {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    /// The error's kind; the instance must answer afterwards.
    pub(crate) async fn refused(&mut self, operation: Operation) -> ErrorKind {
        let error = self.driver.execute(operation).await.expect_err("an error");
        error.kind().expect("an error of the driver")
    }

    /// The last request on the wire.
    pub(crate) fn last(&self) -> Recorded {
        self.emulator.requests().pop().expect("a request")
    }
}

/// How to reach an emulator: its account key, eager metadata.
pub(crate) fn config(emulator: &Emulator) -> Config {
    Config::new(emulator.endpoint(), Credential::account_key(emulator.key()))
}

/// A host that may reach all regions of an emulator.
pub(crate) fn options(emulator: &Emulator) -> Options {
    Options {
        allow: origins(emulator),
        ..Options::default()
    }
}

pub(crate) fn origins(emulator: &Emulator) -> Vec<String> {
    emulator
        .authorities()
        .iter()
        .map(|authority| format!("http://{authority}"))
        .collect()
}

/// A real account if the environment names one, else the emulator: for tests that look only at answers.
pub(crate) struct Anywhere {
    pub(crate) driver: Driver,
    pub(crate) database: String,
    _emulator: Option<Emulator>,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Anywhere {
    pub(crate) async fn new(face: Face) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let database = format!("conformance-{}-{number}", std::process::id());
        let variable = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        let (config, options, emulator) =
            match (variable("COSMOS_ENDPOINT"), variable("COSMOS_KEY")) {
                (Some(endpoint), Some(key)) => (
                    Config::new(endpoint, Credential::account_key(key)),
                    Options::default(),
                    None,
                ),
                _ => {
                    let emulator = Emulator::builder().start_blocking().unwrap();
                    (config(&emulator), options(&emulator), Some(emulator))
                }
            };
        let driver = face.open(options, &config).await.expect("a driver");
        Self {
            driver,
            database,
            _emulator: emulator,
        }
    }

    /// Makes the database with one container.
    pub(crate) async fn with_container(face: Face, paths: &[&str], version: u32) -> Self {
        let mut anywhere = Self::new(face).await;
        for operation in
            build::database_and_container(&anywhere.database, CONTAINER, paths, version)
        {
            anywhere.ok(operation).await;
        }
        anywhere
    }

    pub(crate) async fn ok(&mut self, operation: Operation) -> Response {
        match self.driver.execute(operation).await {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn fails(&mut self, operation: Operation) -> Error {
        self.driver.execute(operation).await.expect_err("an error")
    }

    /// Removes the database.
    pub(crate) async fn end(mut self) {
        let database = self.database.clone();
        self.ok(Operation::DeleteDatabase(database)).await;
    }
}

/// Lean metadata.
pub(crate) fn lean(config: Config) -> Config {
    config.metadata(MetadataMode::Lean)
}
