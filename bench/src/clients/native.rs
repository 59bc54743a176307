//! The service's own driver and SDK, which are not WebAssembly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use azure_data_cosmos::clients::ContainerClient;
use azure_data_cosmos::options::Region;
use azure_data_cosmos::{
    AccountReference, CosmosClient, CosmosRuntime, FeedScope, Query, RoutingStrategy,
};
use azure_data_cosmos_driver::models::{
    AccountReference as DriverAccount, ContainerReference, CosmosOperation, FeedRange,
    ItemReference, PartitionKey,
};
use azure_data_cosmos_driver::options::{ConnectionPoolOptions, DriverOptions, OperationOptions};
use azure_data_cosmos_driver::{CosmosDriver, CosmosDriverRuntime};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::account;
use crate::load::{Shared, Turn, Work};

/// The driver, whose payloads are bytes as those of ours.
#[derive(Clone)]
pub(super) struct Driver {
    driver: Arc<CosmosDriver>,
    containers: Arc<Mutex<HashMap<String, ContainerReference>>>,
    item: Vec<u8>,
    query: Vec<u8>,
}

impl Driver {
    pub(super) async fn open(endpoint: &str, http2: bool) -> Result<Self> {
        let runtime = CosmosDriverRuntime::builder()
            .with_connection_pool(pool(http2)?)
            .build()
            .await?;
        let account = DriverAccount::with_account_key(endpoint.parse()?, account::key());
        let options = DriverOptions::builder(account).build();
        let query = serde_json::json!({ "query": account::QUERY, "parameters": [] });
        Ok(Self {
            driver: runtime.create_driver(options).await?,
            containers: Arc::default(),
            item: account::item().into(),
            query: query.to_string().into(),
        })
    }

    /// Looked up once, as its documentation wants it.
    async fn container(&self, name: &str) -> Result<ContainerReference> {
        let known = {
            let containers = self.containers.lock();
            let containers = containers.unwrap_or_else(PoisonError::into_inner);
            containers.get(name).cloned()
        };
        if let Some(container) = known {
            return Ok(container);
        }
        let options = OperationOptions::default();
        let found = self
            .driver
            .resolve_container(account::DATABASE, name, options);
        let container = found.await?;
        let mut containers = self
            .containers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        containers.insert(name.to_owned(), container.clone());
        Ok(container)
    }
}

impl Shared for Driver {
    async fn call(&self, turn: Turn) -> Result<()> {
        let container = self.container(&turn.container).await?;
        let key = PartitionKey::from(account::KEY);
        let operation = match turn.work {
            Work::Read => {
                CosmosOperation::read_item(ItemReference::from_name(&container, key, turn.item))
            }
            Work::Create => {
                let item = ItemReference::from_name(&container, key, account::ITEM);
                CosmosOperation::create_item(item).with_body(self.item.clone())
            }
            Work::Query => {
                let range = FeedRange::for_partition(key, container.partition_key_definition());
                CosmosOperation::query_items(container, Some(range)).with_body(self.query.clone())
            }
        };
        let done = self
            .driver
            .execute_operation(operation, OperationOptions::default());
        let response = done.await?.context("there is an answer")?;
        ensure!(response.status().is_success(), "{:?}", response.status());
        Ok(())
    }
}

/// The SDK, whose payloads are values.
#[derive(Clone)]
pub(super) struct Sdk {
    container: ContainerClient,
    item: Item,
}

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    id: String,
    tenant: String,
    price: f64,
    text: String,
}

impl Sdk {
    pub(super) async fn open(endpoint: &str, http2: bool) -> Result<Self> {
        let runtime = CosmosRuntime::builder()
            .with_connection_pool(pool(http2)?)
            .build()
            .await?;
        let account = AccountReference::with_authentication_key(endpoint.parse()?, account::key());
        let client = CosmosClient::builder()
            .with_runtime(runtime)
            .build(account, RoutingStrategy::ProximityTo(Region::EAST_US))
            .await?;
        let container = client
            .database_client(account::DATABASE)
            .container_client(account::CONTAINER, None)
            .await?;
        Ok(Self {
            container,
            item: serde_json::from_str(&account::item())?,
        })
    }
}

impl Shared for Sdk {
    async fn call(&self, turn: Turn) -> Result<()> {
        match turn.work {
            Work::Read => {
                let read = self.container.read_item(account::KEY, &turn.item, None);
                drop(read.await?);
            }
            Work::Create => {
                let created =
                    self.container
                        .create_item(account::KEY, account::ITEM, &self.item, None);
                drop(created.await?);
            }
            Work::Query => {
                let scope = FeedScope::partition(account::KEY);
                let query = Query::from(account::QUERY);
                let rows = self
                    .container
                    .query_items::<Item>(query, scope, None)
                    .await?;
                let rows: Vec<_> = rows.try_collect().await?;
                ensure!(rows.len() == 100, "{} rows", rows.len());
            }
        }
        Ok(())
    }
}

fn pool(http2: bool) -> Result<ConnectionPoolOptions> {
    Ok(ConnectionPoolOptions::builder()
        .with_is_http2_allowed(http2)
        .build()?)
}
