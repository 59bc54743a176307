//! The two faces of the component in this process.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cosmosdb_driver_host::instance::{AsyncFeed, AsyncInstance, BlockingInstance, Feed};
use cosmosdb_driver_host::types::{MetadataMode, Response};
use cosmosdb_driver_host::{Config, Credential, Error, Face, Host, Options};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::agent::Agent;
use crate::steps::{answer, operation};

/// A component in wasmtime, called from Rust.
pub(crate) struct Wasmtime {
    host: Host,
    runtime: Runtime,
    client: Option<Client>,
}

enum Client {
    Blocking(Box<BlockingInstance>),
    Async(AsyncInstance),
}

enum Pages {
    Blocking(Feed),
    Async(AsyncFeed),
}

impl Wasmtime {
    /// Loads either component.
    ///
    /// # Errors
    /// It is not there, or no component of ours.
    pub(crate) fn load(component: &Path) -> io::Result<Self> {
        Ok(Self {
            host: Host::from_file(component, Options::default()).map_err(io::Error::other)?,
            runtime: current_thread()?,
            client: None,
        })
    }
}

impl Agent for Wasmtime {
    fn step(&mut self, step: &Value) -> io::Result<Value> {
        let Self {
            host,
            runtime,
            client,
        } = self;
        let done = runtime.block_on(run(host, client, step));
        match done {
            Ok(ok) => Ok(json!({ "ok": ok })),
            Err(error) => match error.driver() {
                Some(error) => Ok(json!({ "error": answer::error(error) })),
                None => Err(io::Error::other(error)),
            },
        }
    }
}

pub(crate) fn current_thread() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

async fn run(host: &Host, client: &mut Option<Client>, step: &Value) -> Result<Value, Error> {
    let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
    if text("do") == "open" {
        let config = Config::new(text("endpoint"), Credential::account_key(text("key")))
            .metadata(MetadataMode::Lean);
        *client = Some(match host.face() {
            Face::Async => Client::Async(AsyncInstance::open(host, &config).await?),
            _ => Client::Blocking(Box::new(BlockingInstance::open(host, &config).await?)),
        });
        return Ok(json!({}));
    }
    let Some(client) = client else {
        return Ok(json!({ "wrong": "no client is open" }));
    };
    match text("do").as_str() {
        "close" => {
            client.close().await?;
            Ok(json!({}))
        }
        "snapshot" => Ok(json!({ "snapshot": BASE64_STANDARD.encode(client.snapshot().await?) })),
        "restore" => {
            let snapshot = BASE64_STANDARD.decode(text("snapshot")).unwrap_or_default();
            client.restore(&snapshot).await
        }
        "query" | "read-feed" | "change-feed" | "read-many" => client.feed(step).await,
        _ => Ok(answer::response(&client.execute(step).await?)),
    }
}

impl Client {
    async fn execute(&mut self, step: &Value) -> Result<Response, Error> {
        let (operation, options) = (operation::operation(step), operation::options(step));
        match self {
            Self::Blocking(instance) => instance.execute(&operation, &options).await,
            Self::Async(instance) => instance.execute(operation, options).await,
        }
    }

    async fn feed(&mut self, step: &Value) -> Result<Value, Error> {
        let (operation, feed) = operation::feed(step);
        let options = operation::options(step);
        let pages = match self {
            Self::Blocking(instance) => {
                Pages::Blocking(instance.open_feed(&operation, &feed, &options).await?)
            }
            Self::Async(instance) => {
                Pages::Async(instance.open_feed(operation, feed, options).await?)
            }
        };
        let most = step["pages"].as_u64().unwrap_or(u64::MAX);
        let mut found = answer::Rows::default();
        for _ in 0..most {
            let page = match (&mut *self, &pages) {
                (Self::Blocking(instance), Pages::Blocking(feed)) => {
                    instance.next_page(feed).await?
                }
                (_, Pages::Async(feed)) => feed.next_page().await?,
                _ => break,
            };
            if page.status != 200 {
                break;
            }
            found.add(&page);
        }
        let continuation = match (&mut *self, &pages) {
            (Self::Blocking(instance), Pages::Blocking(feed)) => instance.continuation(feed).await,
            (_, Pages::Async(feed)) => feed.continuation().await,
            _ => Ok(None),
        };
        Ok(found.told(continuation.ok().flatten().as_deref()))
    }

    async fn snapshot(&mut self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Blocking(instance) => instance.snapshot().await,
            Self::Async(instance) => instance.snapshot().await,
        }
    }

    async fn restore(&mut self, snapshot: &[u8]) -> Result<Value, Error> {
        let restored = match self {
            Self::Blocking(instance) => instance.restore(snapshot).await,
            Self::Async(instance) => instance.restore(snapshot).await,
        };
        match restored {
            Ok(_) => Ok(json!({ "refused": null })),
            Err(Error::Snapshot(refusal)) => Ok(json!({ "refused": answer::refusal(refusal) })),
            Err(error) => Err(error),
        }
    }

    async fn close(&mut self) -> Result<(), Error> {
        match self {
            Self::Blocking(instance) => instance.close().await,
            Self::Async(instance) => instance.close().await,
        }
    }
}
