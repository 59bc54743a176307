//! Measures what the components cost at run time, for `cargo xtask gauges`: prints lines of `name value`.
//!
//! Against a server that answers the same bytes on every run. Fuel is what wasmtime burns inside the component, about
//! one unit per instruction. Two things vary: the date's text is made once a second, and signatures hold more or fewer
//! characters that need escaping. So every call is made with many account keys, and the least counts, which is exact.

#![allow(clippy::print_stdout, reason = "it is what this program is for")]

use std::error::Error;

use base64::Engine as _;
use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{
    ContainerRef, ItemRef, KeyComponent, MetadataMode, Operation, OperationOptions, ReadItem,
    WriteItem,
};
use cosmosdb_driver_host::{Config, Credential, Host, Options};
use host_tests::component;
use host_tests::fixed::FixedServer;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Account keys to call with. A quarter of all signatures need no escaping but at the end: one of these has such a one.
const KEYS: std::ops::Range<u32> = 0..100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let blocking = host("cosmosdb-driver.wasm")?;
    let concurrent = host("cosmosdb-driver-async.wasm")?;
    for (name, operation) in [("read", read as fn() -> Operation), ("create", create)] {
        println!(
            "fuel.blocking.{name} {}",
            fuel_blocking(&blocking, operation, false).await?
        );
        println!(
            "fuel.tasks.{name} {}",
            fuel_blocking(&blocking, operation, true).await?
        );
        println!(
            "fuel.async.{name} {}",
            fuel_async(&concurrent, operation).await?
        );
    }
    for (name, metadata) in [("eager", MetadataMode::Eager), ("lean", MetadataMode::Lean)] {
        let server = FixedServer::start()?;
        let mut instance = BlockingInstance::open(&blocking, &config(&server, metadata, 0)).await?;
        let mut before = 0;
        for warmth in ["cold", "warm"] {
            instance.execute(&read(), &options()).await?;
            let seen = server.requests().len();
            println!("wire.{name}.{warmth}.read {}", seen.saturating_sub(before));
            before = seen;
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

fn config(server: &FixedServer, metadata: MetadataMode, key: u32) -> Config {
    // Any key will do: the server does not check signatures.
    let key = base64::prelude::BASE64_STANDARD.encode(key.to_le_bytes());
    Config::new(server.endpoint(), Credential::account_key(key)).metadata(metadata)
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

fn options() -> OperationOptions {
    OperationOptions::default()
}

/// The least fuel of several calls, each between two readings.
#[derive(Default)]
struct Least(Option<u64>);

impl Least {
    fn between(&mut self, before: Option<u64>, after: Option<u64>) {
        let burnt = after
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        self.0 = [self.0, burnt].into_iter().flatten().min();
    }

    fn found(self) -> Result<u64> {
        self.0.ok_or_else(|| "the host does not count fuel".into())
    }
}

/// On WASI 0.2, as a blocking call or as a task.
async fn fuel_blocking(host: &Host, operation: fn() -> Operation, as_task: bool) -> Result<u64> {
    let server = FixedServer::start()?;
    let mut least = Least::default();
    for key in KEYS {
        let config = config(&server, MetadataMode::Eager, key);
        let mut instance = BlockingInstance::open(host, &config).await?;
        instance.execute(&operation(), &options()).await?;
        let before = instance.fuel_consumed();
        if as_task {
            let task = instance.submit(&operation(), &options()).await?;
            instance.wait().await?;
            instance.take(task).await?;
        } else {
            instance.execute(&operation(), &options()).await?;
        }
        least.between(before, instance.fuel_consumed());
    }
    least.found()
}

async fn fuel_async(host: &Host, operation: fn() -> Operation) -> Result<u64> {
    let server = FixedServer::start()?;
    let mut least = Least::default();
    for key in KEYS {
        let config = config(&server, MetadataMode::Eager, key);
        let instance = AsyncInstance::open(host, &config).await?;
        instance.execute(operation(), options()).await?;
        let before = instance.fuel_consumed().await?;
        instance.execute(operation(), options()).await?;
        least.between(before, instance.fuel_consumed().await?);
    }
    least.found()
}
