//! Our driver, through the crate `cosmosdb-driver-host`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance, Feed, Task};
use cosmosdb_driver_host::types::{
    ContainerRef, FeedOperation, FeedOptions, FeedScope, ItemRef, KeyComponent, Operation,
    OperationOptions, QueryItems, ReadItem, RequestTimeouts, Response, WriteItem,
};
use cosmosdb_driver_host::{Config, Credential, Host, Options, RuntimeConfig};
use tokio::task::JoinSet;

use crate::account;
use crate::load::{Client, Running, Shared, Turn, Turns, Work};

/// The component's file of each face.
pub(crate) const BLOCKING: &str = "cosmosdb-driver.wasm";
pub(crate) const ASYNC: &str = "cosmosdb-driver-async.wasm";

/// As it is by default, but patient: a request that is repeated would be counted twice.
pub(crate) fn config(endpoint: &str) -> Config {
    let timeouts = RequestTimeouts {
        data_plane_request_ms: Some(60_000),
        ..RequestTimeouts::default()
    };
    Config::new(endpoint, Credential::account_key(account::key()))
        .runtime(RuntimeConfig::new().timeouts(timeouts))
}

/// One instance of the WASI 0.3 face.
#[derive(Clone)]
pub(crate) struct Async(AsyncInstance);

impl Async {
    pub(crate) async fn open(endpoint: &str, components: &Path, options: Options) -> Result<Self> {
        let host = Host::from_file(components.join(ASYNC), options)?;
        Ok(Self(AsyncInstance::open(&host, &config(endpoint)).await?))
    }
}

impl Shared for Async {
    async fn call(&self, turn: Turn) -> Result<()> {
        let options = OperationOptions::default();
        check(match asked(turn) {
            Asked::Point(operation) => self.0.execute(operation, options).await?,
            Asked::Feed(query) => {
                let feed = self.0.open_feed(query, page_options(), options).await?;
                feed.next_page().await?
            }
        })
    }

    async fn fuel(&self) -> Option<u64> {
        self.0.fuel_consumed().await.ok().flatten()
    }
}

/// An instance of the WASI 0.2 face for each caller.
pub(crate) struct Pool {
    host: Host,
    config: Config,
    idle: Vec<BlockingInstance>,
}

impl Pool {
    pub(crate) fn open(endpoint: &str, components: &Path, options: Options) -> Result<Self> {
        Ok(Self {
            host: Host::from_file(components.join(BLOCKING), options)?,
            config: config(endpoint),
            idle: Vec::new(),
        })
    }
}

impl Client for Pool {
    fn run(&mut self, turns: Arc<Turns>) -> Running<'_> {
        Box::pin(async move {
            let mut lanes = JoinSet::new();
            for _ in 0..turns.load.in_flight {
                let mut instance = match self.idle.pop() {
                    Some(instance) => instance,
                    None => BlockingInstance::open(&self.host, &self.config).await?,
                };
                let turns = Arc::clone(&turns);
                lanes.spawn(async move {
                    let mut latencies = Vec::new();
                    while let Some(turn) = turns.next() {
                        let start = Instant::now();
                        blocking(&mut instance, turn).await?;
                        latencies.push(start.elapsed());
                    }
                    anyhow::Ok((instance, latencies))
                });
            }
            let mut all = Vec::new();
            while let Some(lane) = lanes.join_next().await {
                let (instance, mut latencies) = lane??;
                self.idle.push(instance);
                all.append(&mut latencies);
            }
            Ok(all)
        })
    }
}

async fn blocking(instance: &mut BlockingInstance, turn: Turn) -> Result<()> {
    let options = OperationOptions::default();
    check(match asked(turn) {
        Asked::Point(operation) => instance.execute(&operation, &options).await?,
        Asked::Feed(query) => {
            let feed = instance
                .open_feed(&query, &page_options(), &options)
                .await?;
            let page = instance.next_page(&feed).await;
            instance.release(feed).await?;
            page?
        }
    })
}

/// Tasks in one instance of the WASI 0.2 face.
pub(crate) struct Tasks(BlockingInstance);

impl Tasks {
    pub(crate) async fn open(endpoint: &str, components: &Path, options: Options) -> Result<Self> {
        let host = Host::from_file(components.join(BLOCKING), options)?;
        Ok(Self(
            BlockingInstance::open(&host, &config(endpoint)).await?,
        ))
    }

    async fn submit(&mut self, turn: Turn) -> Result<(Task, Option<Feed>)> {
        let options = OperationOptions::default();
        Ok(match asked(turn) {
            Asked::Point(operation) => (self.0.submit(&operation, &options).await?, None),
            Asked::Feed(query) => {
                let feed = self.0.open_feed(&query, &page_options(), &options).await?;
                (self.0.submit_page(&feed).await?, Some(feed))
            }
        })
    }

    async fn run(&mut self, turns: &Turns) -> Result<Vec<Duration>> {
        let mut running = HashMap::new();
        let mut latencies = Vec::new();
        let mut free = turns.load.in_flight;
        loop {
            while free > 0
                && let Some(turn) = turns.next()
            {
                let start = Instant::now();
                let (task, feed) = self.submit(turn).await?;
                running.insert(task, (start, feed));
                free -= 1;
            }
            if running.is_empty() {
                return Ok(latencies);
            }
            for task in self.0.wait().await? {
                check(self.0.take(task).await?.context("it has finished")?)?;
                let (start, feed) = running.remove(&task).context("it was submitted")?;
                if let Some(feed) = feed {
                    self.0.release(feed).await?;
                }
                latencies.push(start.elapsed());
                free += 1;
            }
        }
    }
}

impl Client for Tasks {
    fn run(&mut self, turns: Arc<Turns>) -> Running<'_> {
        Box::pin(async move { Self::run(self, &turns).await })
    }

    fn fuel(&mut self) -> std::pin::Pin<Box<dyn Future<Output = Option<u64>> + '_>> {
        Box::pin(async { self.0.fuel_consumed() })
    }
}

/// One operation, in the component's types.
pub(crate) enum Asked {
    Point(Operation),
    Feed(FeedOperation),
}

pub(crate) fn asked(turn: Turn) -> Asked {
    let container = ContainerRef {
        database: account::DATABASE.to_owned(),
        container: turn.container,
    };
    let key = vec![KeyComponent::Text(account::KEY.to_owned())];
    match turn.work {
        Work::Read => Asked::Point(Operation::ReadItem(ReadItem {
            item: ItemRef {
                container,
                id: turn.item,
                key,
            },
            precondition: None,
            session_token: None,
        })),
        Work::Create => Asked::Point(Operation::CreateItem(WriteItem {
            container,
            key,
            body: account::item().into(),
            precondition: None,
            session_token: None,
        })),
        Work::Query => Asked::Feed(FeedOperation::QueryItems(QueryItems {
            container,
            scope: FeedScope::Key(key),
            text: account::QUERY.to_owned(),
            parameters: Vec::new(),
            query_metrics: false,
            index_metrics: false,
        })),
    }
}

fn page_options() -> FeedOptions {
    FeedOptions::default()
}

fn check(response: Response) -> Result<()> {
    ensure!(matches!(response.status, 200 | 201), "{}", response.status);
    Ok(())
}
