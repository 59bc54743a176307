//! Feeds of an instance of the WASI 0.2 face.

use wasmtime::component::ResourceAny;

use super::{BlockingInstance, FIRST, OnDriver, Task};
use crate::bindings::wit;
use crate::error::Error;
use crate::types::{FeedOperation, FeedOptions, OperationOptions};

/// Names a feed of one [`BlockingInstance`], until it is released.
#[derive(Debug)]
pub struct Feed(ResourceAny);

impl BlockingInstance {
    /// Opens a feed. Sends nothing. It lives until [`release`](Self::release), or as long as the instance. Errors:
    /// [`Error::Driver`], [`Error::Instance`].
    pub async fn open_feed(
        &mut self,
        operation: &FeedOperation,
        feed: &FeedOptions,
        options: &OperationOptions,
    ) -> Result<Feed, Error> {
        self.on(FIRST)?.open_feed(operation, feed, options).await
    }

    /// The next page: status 200, 304 if a change feed has nothing new, or 204 after the last one. Errors:
    /// [`Error::Driver`], [`Error::Instance`].
    pub async fn next_page(&mut self, feed: &Feed) -> Result<wit::Response, Error> {
        self.enter()?;
        let guest = self.driver.feed();
        let called = guest.call_next_page(&mut self.store, feed.0).await;
        self.left(called)?.map_err(Error::from)
    }

    /// Asks for the next page as a task: one at a time for each feed. Nothing is sent before [`step`](Self::step) or
    /// [`wait`](Self::wait). Errors: [`Error::Instance`].
    pub async fn submit_page(&mut self, feed: &Feed) -> Result<Task, Error> {
        self.enter()?;
        let called = self.tasks.call_submit_page(&mut self.store, feed.0).await;
        self.left(called).map(Task)
    }

    /// Where the feed stands; none at its end. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn continuation(&mut self, feed: &Feed) -> Result<Option<String>, Error> {
        self.enter()?;
        let guest = self.driver.feed();
        let called = guest.call_continuation(&mut self.store, feed.0).await;
        self.left(called)?.map_err(Error::from)
    }

    /// Lets a feed go, with all that it holds. Its page that is under way as a task goes on. Errors: [`Error::Instance`].
    pub async fn release(&mut self, feed: Feed) -> Result<(), Error> {
        self.enter()?;
        let dropped = feed.0.resource_drop_async(&mut self.store).await;
        self.left(dropped)
    }
}

impl OnDriver<'_> {
    /// Opens a feed. Sends nothing. Errors: [`Error::Driver`], [`Error::Instance`].
    pub async fn open_feed(
        &mut self,
        operation: &FeedOperation,
        feed: &FeedOptions,
        options: &OperationOptions,
    ) -> Result<Feed, Error> {
        let handle = self.handle;
        let instance = self.enter()?;
        let guest = instance.driver.driver();
        let called = guest.call_open_feed(&mut instance.store, handle, operation, feed, options);
        let called = called.await;
        Ok(Feed(instance.left(called)??))
    }
}
