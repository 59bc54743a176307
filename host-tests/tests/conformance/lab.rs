//! An account of several regions, and a driver with fault rules for it.

use cosmosdb_driver_host::types::{Attempt, Diagnostics, FaultRule, Operation, Response};
use cosmosdb_driver_host::{Config, Error, Host, Options};
use host_tests::cluster::{Cluster, ClusterOptions};
use tokio::time::timeout;

use crate::account::{CONTAINER, DATABASE};
use crate::build::{at, text};
use crate::face::{Driver, Face};
use crate::scene::{PATIENCE, config};

/// The regions: the hub first.
pub(crate) const EAST: &str = "East US";
pub(crate) const WEST: &str = "West US";

/// The item that is there from the start.
pub(crate) const ITEM: &str = r#"{"id":"1","pk":"a"}"#;

pub(crate) struct Lab {
    pub(crate) cluster: Cluster,
    pub(crate) driver: Driver,
}

impl Lab {
    /// An account whose hub is [`EAST`], which alone takes writes; nothing has been sent yet.
    pub(crate) async fn new(face: Face) -> Self {
        Self::with(face, false, |config| config).await
    }

    /// The same where all regions take writes, or the hub alone, with a changed configuration.
    pub(crate) async fn with(
        face: Face,
        multi_write: bool,
        change: impl FnOnce(Config) -> Config,
    ) -> Self {
        let cluster = cluster(multi_write);
        let config = change(config(&cluster.endpoint()));
        let driver = face.open(options(&cluster), &config).await;
        let driver = driver.expect("a driver");
        Self { cluster, driver }
    }

    pub(crate) async fn execute(&mut self, operation: Operation) -> Result<Response, Error> {
        let answer = timeout(PATIENCE, self.driver.execute(operation)).await;
        answer.expect("an answer, however bad")
    }

    pub(crate) async fn ok(&mut self, operation: Operation) -> Response {
        match self.execute(operation).await {
            Ok(response) => response,
            Err(error) => panic!("{error}"),
        }
    }

    /// The driver learns what it needs to know, and all requests so far are forgotten.
    pub(crate) async fn warm(mut self) -> Self {
        self.ok(read()).await;
        self.cluster.clear();
        self
    }

    pub(crate) async fn add(&mut self, rule: impl Into<FaultRule>) {
        let added = self.driver.add_fault(rule).await;
        added.expect("a rule");
    }

    pub(crate) async fn hits(&mut self, id: &str) -> Option<u32> {
        self.driver.fault_hits(id).await.expect("an instance")
    }
}

impl Driver {
    pub(crate) async fn add_fault(&mut self, rule: impl Into<FaultRule>) -> Result<(), Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => instance.add_fault(rule).await,
            Self::Concurrent(instance) => instance.add_fault(rule).await,
        }
    }

    pub(crate) async fn set_fault_enabled(
        &mut self,
        id: &str,
        enabled: bool,
    ) -> Result<bool, Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => {
                instance.set_fault_enabled(id, enabled).await
            }
            Self::Concurrent(instance) => instance.set_fault_enabled(id, enabled).await,
        }
    }

    pub(crate) async fn fault_hits(&mut self, id: &str) -> Result<Option<u32>, Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => instance.fault_hits(id).await,
            Self::Concurrent(instance) => instance.fault_hits(id).await,
        }
    }

    pub(crate) async fn remove_fault(&mut self, id: &str) -> Result<bool, Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => instance.remove_fault(id).await,
            Self::Concurrent(instance) => instance.remove_fault(id).await,
        }
    }
}

/// The account, with [`ITEM`] in it.
pub(crate) fn cluster(multi_write: bool) -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        regions: &[EAST, WEST],
        multi_write,
        database: DATABASE,
        container: CONTAINER,
        ..ClusterOptions::default()
    });
    let cluster = cluster.unwrap();
    cluster.put(serde_json::from_str(ITEM).unwrap());
    cluster
}

/// A host that may reach the regions.
pub(crate) fn options(cluster: &Cluster) -> Options {
    let endpoint = |region| cluster.region(region).endpoint();
    Options {
        allow: [EAST, WEST].map(endpoint).to_vec(),
        ..Options::default()
    }
}

/// The same, for this face.
pub(crate) fn host(face: Face, cluster: &Cluster) -> Host {
    face.host(options(cluster))
}

/// Reads [`ITEM`].
pub(crate) fn read() -> Operation {
    at(text("a")).read("1")
}

/// Writes [`ITEM`] again.
pub(crate) fn upsert() -> Operation {
    at(text("a")).upsert(ITEM)
}

/// What is on record of an operation, whichever way it ended.
pub(crate) fn record(result: &Result<Response, Error>) -> &Diagnostics {
    match result {
        Ok(response) => &response.diagnostics,
        Err(error) => {
            let error = error.driver().expect("an error of the driver");
            error.diagnostics.as_ref().expect("diagnostics")
        }
    }
}

/// The attempts of the operation itself, without those for metadata.
pub(crate) fn own(record: &Diagnostics) -> Vec<&Attempt> {
    let own = |attempt: &&Attempt| attempt.operation_name == record.operation_name;
    record.attempts.iter().filter(own).collect()
}

/// The regions of these attempts.
pub(crate) fn trail(record: &Diagnostics) -> Vec<&str> {
    let own = own(record).into_iter();
    own.map(|attempt| attempt.region.as_deref().unwrap_or("-"))
        .collect()
}
