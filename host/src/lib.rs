//! Embeds the `cosmosdb-driver` component in a [wasmtime] host: a client of Azure Cosmos DB (NoSQL API, gateway
//! mode) whose protocol logic runs in a sandbox.
//!
//! The component decides (signing, routing, checks, diagnostics) and can reach nothing but HTTP, clocks and random
//! numbers. This crate loads it ([`Host`]), carries its requests ([`Options`]: allowed origins, trusted roots,
//! timeouts, pooled connections), and gives its operations typed methods:
//!
//! - [`Client`]: async, on the WASI 0.3 component; hundreds of calls at once in one instance.
//! - [`blocking::Client`]: on the WASI 0.2 component; an instance for each concurrent caller, and
//!   [tasks](blocking::Tasks).
//! - [`instance`]: the layer below, for hosts that manage instances and runtimes themselves.
//! - [`Network`]: for components that have the driver inside, such as plugins.
//!
//! The contract's own types are in [`types`]. [`guide`] has a page for each task.
//!
//! ```no_run
//! use cosmosdb_driver_host::{blocking::Client, Config, Host, Options, PartitionKey, Patch};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Order {
//!     id: String,
//!     tenant: String,
//!     stock: u32,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::from_file("cosmosdb-driver.wasm", Options::default())?;
//! let config = Config::from_connection_string(std::env::var("CONNECTION_STRING")?);
//! let client = Client::open(&host, config)?;
//! let orders = client.container("shop", "orders");
//!
//! let order = Order { id: "1".into(), tenant: "contoso".into(), stock: 3 };
//! match orders.create_item("contoso", &order) {
//!     Err(error) if error.is_conflict() => println!("it is there already"),
//!     created => println!("{} RU", created?.request_charge()),
//! }
//! orders.patch_item("1", "contoso", Patch::new().increment("/stock", -1))?;
//! let order: Order = orders.read_item("1", "contoso")?.into_value()?;
//! println!("{} left", order.stock);
//! orders.delete_item("1", PartitionKey::from(order.tenant))?;
//! # Ok(())
//! # }
//! ```
//!
//! Many operations at once, feeds that are read page by page, and what is not about items:
//!
//! ```no_run
//! use cosmosdb_driver_host::{Bulk, Query, blocking::Container, types::Throughput};
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Order {
//!     id: String,
//!     tenant: String,
//!     price: f64,
//! }
//!
//! # fn example(orders: &Container, new: &[Order]) -> Result<(), Box<dyn std::error::Error>> {
//! let mut bulk = Bulk::new();
//! for order in new {
//!     bulk.upsert(&order.tenant, order);
//! }
//! let done = orders.execute_bulk(bulk)?;
//! for (place, failure) in done.failures() {
//!     println!("{} failed: {failure}", new[place].id);
//! }
//!
//! let cheap = Query::new("SELECT * FROM c WHERE c.price < @most ORDER BY c.price").parameter("@most", &9.99);
//! let feed = orders.query_items(cheap)?;
//! while let Some(page) = feed.next_page()? {
//!     for order in page.items::<Order>()? {
//!         println!("{}", order.id);
//!     }
//!     let _cursor = feed.continuation()?; // goes on elsewhere, later
//! }
//!
//! orders.update(&json!({ "defaultTtl": 3600 }))?; // keeps all other properties
//! let hello = orders.stored_procedure("hello");
//! hello.create(&json!({ "id": "hello", "body": "function hello(name) { … }" }))?;
//! let said: String = hello.execute("contoso", &("world", 1))?.json()?.into_value()?;
//! orders.replace_throughput(Throughput::Autoscale(4000))?;
//! # drop(said);
//! # Ok(())
//! # }
//! ```
//!
//! [wasmtime]: https://wasmtime.dev

mod background;
mod batch;
mod bindings;
mod bulk;
mod cache;
mod client;
mod config;
mod control;
mod definition;
mod error;
mod face;
mod fault;
mod feed_options;
mod gate;
pub mod guide;
mod host;
pub mod instance;
mod item_options;
mod key;
mod network;
mod observe;
mod options;
mod page;
mod patch;
mod query;
mod read_feed;
mod response;
mod runtime_config;
mod setters;
mod slots;
mod state;
mod transport;
pub mod types;

pub use batch::Batch;
pub use bulk::Bulk;
pub use client::{Client, Container, Database, Feed, Items, Resource, blocking};
pub use config::{Config, Credential};
pub use control::ProvisionedThroughput;
pub use definition::ContainerDefinition;
pub use error::Error;
pub use face::Face;
pub use fault::Fault;
pub use gate::{Abandoned, Limits};
pub use host::Host;
pub use item_options::ItemOptions;
pub use key::PartitionKey;
pub use network::{Network, compile};
#[cfg(feature = "tracing")]
pub use observe::TracingObserver;
pub use observe::{Observer, OperationInfo, OperationRecord};
pub use options::Options;
pub use page::Page;
pub use patch::Patch;
pub use query::Query;
pub use read_feed::{ChangeFeed, ReadFeed, ReadMany};
pub use response::Response;
pub use runtime_config::RuntimeConfig;
pub use state::{HasImports, Imports, link_async, link_blocking};
pub use transport::{Budget, Denied, MasterKeySigner, Meter, Paths, Proxy, Signer, Spent};
