//! Somewhere to run a test: an account with a database, and a driver for it.

use std::cell::RefCell;
use std::ops::Deref;
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

thread_local! {
    /// The database of the test on this thread: every test has a thread for itself.
    static CURRENT: RefCell<String> = RefCell::new(DATABASE.to_owned());
}

/// The database of this test: [`DATABASE`] on the emulator, which every test has for itself, and one of its own on a
/// real account.
pub(crate) fn database() -> String {
    CURRENT.with_borrow(Clone::clone)
}

/// An account with a database, a container, and an open driver.
pub(crate) struct Account {
    pub(crate) emulator: Server,
    pub(crate) driver: Driver,
}

/// The embedded emulator, or nothing if the environment names an account.
pub(crate) struct Server(Option<Emulator>);

impl Deref for Server {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        self.0
            .as_ref()
            .expect("a test that runs anywhere does not look at the emulator")
    }
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
        Self {
            emulator: Server(Some(emulator)),
            driver,
        }
    }

    /// A real account if the environment names one, else the emulator: for tests that look at answers, and at
    /// requests only through [`sees`](Self::sees). End them with [`end`](Self::end).
    pub(crate) async fn anywhere(face: Face) -> Self {
        let variable = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        let (Some(endpoint), Some(key)) = (variable("COSMOS_ENDPOINT"), variable("COSMOS_KEY"))
        else {
            let emulator = Emulator::builder().start_blocking().unwrap();
            return Self::bare(face, emulator, |config| config).await;
        };
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("conformance-{}-{number}", std::process::id());
        CURRENT.with_borrow_mut(|current| *current = name);
        let config = Config::new(endpoint, Credential::account_key(key));
        // An emulator's regions are where it is; what else the account names is not for these tests.
        let driver = face
            .open(Options::default(), &config)
            .await
            .expect("a driver");
        Self {
            emulator: Server(None),
            driver,
        }
    }

    /// [`anywhere`](Self::anywhere) with a database and a container with these partition key paths.
    pub(crate) async fn anywhere_with_key(face: Face, paths: &[&str], version: u32) -> Self {
        Self::anywhere(face).await.prepare(paths, version).await
    }

    /// Looks at the last request, if it can be seen.
    pub(crate) fn sees(&self, look: impl FnOnce(Recorded)) {
        if self.emulator.0.is_some() {
            look(self.last());
        }
    }

    /// Removes the database.
    pub(crate) async fn end(mut self) {
        self.ok(Operation::DeleteDatabase(database())).await;
    }

    /// Makes database and container.
    pub(crate) async fn prepare(mut self, paths: &[&str], version: u32) -> Self {
        for operation in build::database_and_container(&database(), CONTAINER, paths, version) {
            self.driver
                .execute(operation)
                .await
                .expect("the preparation works");
        }
        if let Some(emulator) = &self.emulator.0 {
            emulator.take_requests();
        }
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

    /// The error of an operation that must fail.
    pub(crate) async fn fails(&mut self, operation: Operation) -> Error {
        self.driver.execute(operation).await.expect_err("an error")
    }

    /// The error's kind.
    pub(crate) async fn refused(&mut self, operation: Operation) -> ErrorKind {
        self.fails(operation)
            .await
            .kind()
            .expect("an error of the driver")
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

/// Numbers the databases of a test run on a real account.
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Lean metadata.
pub(crate) fn lean(config: Config) -> Config {
    config.metadata(MetadataMode::Lean)
}
