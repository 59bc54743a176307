//! Feeds of the blocking client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Client;
use super::pool::Pooled;
use crate::client::front::FeedFront;
use crate::error::Error;
use crate::instance;
use crate::page::Page;
use crate::types::{FeedOperation, FeedOptions, OperationOptions};

/// The pages of an operation that has many answers. Made by methods such as
/// [`Container::query_items`](super::Container::query_items).
///
/// Clones are the same feed: several threads each get the next page, none twice. Nothing is sent between two calls. A feed
/// has an instance for itself, which the client gets back when the last clone goes; if the instance traps, the feed fails
/// with [`Error::Instance`].
///
/// ```no_run
/// # use cosmosdb_driver_host::{Error, blocking::Container};
/// # use serde_json::Value;
/// # fn example(orders: &Container) -> Result<(), Error> {
/// let feed = orders.query_items("SELECT VALUE c.id FROM c")?;
/// while let Some(page) = feed.next_page()? {
///     println!("{:?}", page.items::<String>()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Feed(Arc<Inner>);

struct Inner {
    /// Gone only while it is being dropped.
    open: Mutex<Option<(Pooled, instance::Feed)>>,
    client: Client,
    front: FeedFront,
}

impl Client {
    /// Opens any feed of the contract. Sends nothing. The other methods that make feeds are made from this one.
    #[allow(clippy::needless_pass_by_value)] // As the async client's.
    pub fn open_feed(
        &self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Feed, Error> {
        let front = self.0.front.feed(&operation);
        let opened = self.0.host.block_on(async {
            let _call = self.0.front.gate.begin()?;
            let mut pooled = self.checkout().await?;
            let opened = pooled.instance.open_feed(&operation, &feed, &options).await;
            match opened {
                Ok(feed) => Ok((pooled, feed)),
                Err(error) => {
                    self.give_back(pooled);
                    Err(error)
                }
            }
        })??;
        Ok(Feed(Arc::new(Inner {
            open: Mutex::new(Some(opened)),
            client: self.clone(),
            front,
        })))
    }
}

impl Feed {
    /// The next page; none after the last one. After an error the next call goes on where the feed stands, if it can.
    pub fn next_page(&self) -> Result<Option<Page>, Error> {
        let watch = self.0.front.watch();
        let result = self.call(async |pooled, feed| pooled.instance.next_page(feed).await);
        watch.end(&result);
        result.map(Page::of)
    }

    /// Where the feed stands after the pages that were given, for a feed of the same operation later; none at its end.
    /// Errors of note: the driver's `not-resumable`.
    pub fn continuation(&self) -> Result<Option<String>, Error> {
        self.call(async |pooled, feed| pooled.instance.continuation(feed).await)
    }

    fn call<T>(
        &self,
        act: impl AsyncFnOnce(&mut Pooled, &instance::Feed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let gate = &self.0.front.front.gate;
        let _call = gate.begin()?;
        let mut open = self.0.open();
        let Some((pooled, feed)) = &mut *open else {
            return Err(Error::Runtime("the feed is gone"));
        };
        let work = gate.unless_abandoned(act(pooled, feed));
        self.0.client.0.host.block_on(work)?
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Option<(Pooled, instance::Feed)>> {
        // A thread that panicked has left the instance as entered: it fails by itself.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    /// Where waiting is not allowed, the instance goes with its feed.
    fn drop(&mut self) {
        let Some((mut pooled, feed)) = self.open().take() else {
            return;
        };
        let host = self.client.0.host.clone();
        let released = host.block_on(async { pooled.instance.release(feed).await });
        if matches!(released, Ok(Ok(()))) {
            self.client.give_back(pooled);
        }
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
