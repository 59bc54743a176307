//! Measures what the components cost at run time, for `cargo xtask gauges`: prints lines of `name value`.
//!
//! Against a server that answers the same bytes on every run. Fuel is what wasmtime burns inside the component, about
//! one unit per instruction; it is exact, save that the date's text is made once a second, so the least of several
//! calls counts.

#![allow(clippy::print_stdout, reason = "it is what this program is for")]

use std::error::Error;

use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{
    ContainerRef, ItemRef, KeyComponent, MetadataMode, Operation, OperationOptions, ReadItem,
    WriteItem,
};
use cosmosdb_driver_host::{Config, Credential, Host, Options};
use host_tests::component;
use host_tests::fixed::FixedServer;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Calls of each kind; the first ones fill the caches.
const CALLS: u32 = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let blocking = host("cosmosdb-driver.wasm")?;
    let concurrent = host("cosmosdb-driver-async.wasm")?;
    for (name, operation) in [("read", read()), ("create", create())] {
        let server = FixedServer::start()?;
        let mut instance =
            BlockingInstance::open(&blocking, &config(&server, MetadataMode::Eager)).await?;
        println!(
            "fuel.blocking.{name} {}",
            fuel_blocking(&mut instance, &operation).await?
        );
        println!(
            "fuel.tasks.{name} {}",
            fuel_tasks(&mut instance, &operation).await?
        );
        let instance =
            AsyncInstance::open(&concurrent, &config(&server, MetadataMode::Eager)).await?;
        println!(
            "fuel.async.{name} {}",
            fuel_async(&instance, &operation).await?
        );
    }
    for (name, metadata) in [("eager", MetadataMode::Eager), ("lean", MetadataMode::Lean)] {
        let server = FixedServer::start()?;
        let mut instance = BlockingInstance::open(&blocking, &config(&server, metadata)).await?;
        for warmth in ["cold", "warm"] {
            let before = server.requests().len();
            instance
                .execute(&read(), &OperationOptions::default())
                .await?;
            println!(
                "wire.{name}.{warmth}.read {}",
                server.requests().len() - before
            );
        }
    }
    Ok(())
}

fn host(file: &str) -> Result<Host> {
    let options = Options {
        metered: true,
        ..Options::default()
    };
    Ok(Host::from_file(component(file), options)?)
}

fn config(server: &FixedServer, metadata: MetadataMode) -> Config {
    // Any key will do: the server does not check signatures.
    Config::new(server.endpoint(), Credential::account_key("a2V5")).metadata(metadata)
}

fn at() -> ContainerRef {
    ContainerRef {
        database: "shop".to_owned(),
        container: "orders".to_owned(),
    }
}

fn key() -> Vec<KeyComponent> {
    vec![KeyComponent::Text("tenant-1".to_owned())]
}

fn read() -> Operation {
    let item = ItemRef {
        container: at(),
        id: "item-1".to_owned(),
        key: key(),
    };
    Operation::ReadItem(ReadItem {
        item,
        precondition: None,
        session_token: None,
    })
}

fn create() -> Operation {
    Operation::CreateItem(WriteItem {
        container: at(),
        key: key(),
        body: vec![b'x'; 1024],
        precondition: None,
        session_token: None,
    })
}

/// The fuel of the cheapest of several calls, each between two readings.
#[derive(Default)]
struct Least {
    before: Option<u64>,
    least: Option<u64>,
}

impl Least {
    fn reading(&mut self, fuel: Option<u64>) {
        let burnt = fuel
            .zip(self.before)
            .map(|(now, before)| now.saturating_sub(before));
        self.least = [self.least, burnt].into_iter().flatten().min();
        self.before = fuel;
    }

    fn found(self) -> Result<u64> {
        self.least
            .ok_or_else(|| "the host does not count fuel".into())
    }
}

async fn fuel_blocking(instance: &mut BlockingInstance, operation: &Operation) -> Result<u64> {
    let mut least = Least::default();
    for _ in 0..CALLS {
        least.reading(instance.fuel_consumed());
        instance
            .execute(operation, &OperationOptions::default())
            .await?;
    }
    least.reading(instance.fuel_consumed());
    least.found()
}

async fn fuel_tasks(instance: &mut BlockingInstance, operation: &Operation) -> Result<u64> {
    let mut least = Least::default();
    for _ in 0..CALLS {
        least.reading(instance.fuel_consumed());
        let task = instance
            .submit(operation, &OperationOptions::default())
            .await?;
        instance.wait().await?;
        instance.take(task).await?;
    }
    least.reading(instance.fuel_consumed());
    least.found()
}

async fn fuel_async(instance: &AsyncInstance, operation: &Operation) -> Result<u64> {
    let mut least = Least::default();
    for _ in 0..CALLS {
        least.reading(instance.fuel_consumed().await?);
        instance
            .execute(operation.clone(), OperationOptions::default())
            .await?;
    }
    least.reading(instance.fuel_consumed().await?);
    least.found()
}
