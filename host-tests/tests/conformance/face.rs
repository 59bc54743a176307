//! The three ways to call the driver, as one.

use std::path::PathBuf;

use cosmosdb_driver_host::instance::{self, AsyncFeed, AsyncInstance, BlockingInstance, Task};
use cosmosdb_driver_host::types::{
    FeedOperation, FeedOptions, Operation, OperationOptions, Response, Restored,
};
use cosmosdb_driver_host::{Config, Error, Host, Options};

/// A way to call the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// WASI 0.2, one call at a time.
    Blocking,
    /// WASI 0.2, submitted and taken.
    Tasks,
    /// WASI 0.3.
    Concurrent,
}

impl Face {
    /// The component's file, as `cargo xtask build` makes it.
    pub(crate) fn artefact(self) -> PathBuf {
        host_tests::component(match self {
            Self::Blocking | Self::Tasks => "cosmosdb-driver.wasm",
            Self::Concurrent => "cosmosdb-driver-async.wasm",
        })
    }

    pub(crate) fn host(self, options: Options) -> Host {
        Host::from_file(self.artefact(), options).expect("the component loads")
    }

    /// Opens a driver in an instance of its own.
    pub(crate) async fn open(self, options: Options, config: &Config) -> Result<Driver, Error> {
        let host = self.host(options);
        Ok(match self {
            Self::Blocking => Driver::Blocking(BlockingInstance::open(&host, config).await?),
            Self::Tasks => Driver::Tasks(BlockingInstance::open(&host, config).await?),
            Self::Concurrent => Driver::Concurrent(AsyncInstance::open(&host, config).await?),
        })
    }
}

/// An open driver, called in one of the three ways.
pub(crate) enum Driver {
    Blocking(BlockingInstance),
    Tasks(BlockingInstance),
    Concurrent(AsyncInstance),
}

impl Driver {
    pub(crate) async fn execute(&mut self, operation: Operation) -> Result<Response, Error> {
        self.execute_with(operation, OperationOptions::default())
            .await
    }

    pub(crate) async fn execute_with(
        &mut self,
        operation: Operation,
        options: OperationOptions,
    ) -> Result<Response, Error> {
        match self {
            Self::Blocking(instance) => instance.execute(&operation, &options).await,
            Self::Tasks(instance) => {
                let task = instance.submit(&operation, &options).await?;
                assert_eq!(instance.wait().await?, [task]);
                finished(instance, task).await
            }
            Self::Concurrent(instance) => instance.execute(operation, options).await,
        }
    }

    pub(crate) async fn set_bearer_token(&mut self, token: &str) -> Result<(), Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => {
                instance.set_bearer_token(token).await
            }
            Self::Concurrent(instance) => instance.set_bearer_token(token).await,
        }
    }

    pub(crate) async fn snapshot(&mut self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => instance.snapshot().await,
            Self::Concurrent(instance) => instance.snapshot().await,
        }
    }

    pub(crate) async fn restore(&mut self, snapshot: &[u8]) -> Result<Restored, Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => instance.restore(snapshot).await,
            Self::Concurrent(instance) => instance.restore(snapshot).await,
        }
    }

    pub(crate) async fn close(&mut self) -> Result<(), Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => instance.close().await,
            Self::Concurrent(instance) => instance.close().await,
        }
    }
}

/// A feed of one of these drivers.
pub(crate) enum Feed {
    Blocking(instance::Feed),
    Concurrent(AsyncFeed),
}

impl Driver {
    pub(crate) async fn open_feed(
        &mut self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Feed, Error> {
        match self {
            Self::Blocking(instance) | Self::Tasks(instance) => {
                let feed = instance.open_feed(&operation, &feed, &options).await;
                feed.map(Feed::Blocking)
            }
            Self::Concurrent(instance) => {
                let feed = instance.open_feed(operation, feed, options).await;
                feed.map(Feed::Concurrent)
            }
        }
    }

    pub(crate) async fn next_page(&mut self, feed: &Feed) -> Result<Response, Error> {
        match (self, feed) {
            (Self::Blocking(instance), Feed::Blocking(feed)) => instance.next_page(feed).await,
            (Self::Tasks(instance), Feed::Blocking(feed)) => {
                let task = instance.submit_page(feed).await?;
                assert_eq!(instance.wait().await?, [task]);
                finished(instance, task).await
            }
            (_, Feed::Concurrent(feed)) => feed.next_page().await,
            _ => panic!("a feed of another face"),
        }
    }

    pub(crate) async fn continuation(&mut self, feed: &Feed) -> Result<Option<String>, Error> {
        match (self, feed) {
            (_, Feed::Concurrent(feed)) => feed.continuation().await,
            (Self::Blocking(instance) | Self::Tasks(instance), Feed::Blocking(feed)) => {
                instance.continuation(feed).await
            }
            _ => panic!("a feed of another face"),
        }
    }

    pub(crate) async fn release(&mut self, feed: Feed) -> Result<(), Error> {
        match (self, feed) {
            (Self::Blocking(instance) | Self::Tasks(instance), Feed::Blocking(feed)) => {
                instance.release(feed).await
            }
            (_, feed) => {
                drop(feed);
                Ok(())
            }
        }
    }
}

/// The result of a task that `wait` or `step` has named.
pub(crate) async fn finished(
    instance: &mut BlockingInstance,
    task: Task,
) -> Result<Response, Error> {
    let response = instance.take(task).await?;
    Ok(response.expect("a finished task has a result"))
}
