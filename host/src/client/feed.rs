//! Feeds of the async client.

use std::sync::Arc;

use super::Client;
use super::front::FeedFront;
use crate::error::Error;
use crate::instance::AsyncFeed;
use crate::page::Page;
use crate::types::{FeedOperation, FeedOptions, OperationOptions, Response};

/// The pages of an operation that has many answers. Made by methods such as
/// [`Container::query_items`](super::Container::query_items).
///
/// Clones are the same feed: several consumers each get the next page, none twice. A call that is dropped loses nothing:
/// its page goes to the next caller. Nothing is sent between two calls, and the last clone that goes releases all that the
/// feed holds. It belongs to the client's instance of its time: if that traps, the feed fails with [`Error::Instance`].
///
/// ```no_run
/// # use cosmosdb_driver_host::{Container, Error, Query};
/// # use serde_json::Value;
/// # async fn example(orders: &Container) -> Result<(), Error> {
/// let query = Query::new("SELECT * FROM c WHERE c.paid = @paid").parameter("@paid", &false);
/// let feed = orders.query_items(query).await?;
/// while let Some(page) = feed.next_page().await? {
///     for order in page.items::<Value>()? {
///         println!("{} ({} RU)", order["id"], page.request_charge());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Feed {
    feed: AsyncFeed,
    front: Arc<FeedFront>,
}

impl Client {
    /// Opens any feed of the contract. Sends nothing. The other methods that make feeds are made from this one.
    pub async fn open_feed(
        &self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Feed, Error> {
        let front = Arc::new(self.0.front.feed(&operation));
        let instance = self.instance().await?;
        let feed = instance.open_feed(operation, feed, options).await?;
        Ok(Feed { feed, front })
    }
}

impl Feed {
    /// The next page; none after the last one. After an error the next call goes on where the feed stands, if it can.
    pub async fn next_page(&self) -> Result<Option<Page>, Error> {
        let watch = self.front.watch();
        let result = self.enter_and_ask().await;
        watch.end(&result);
        result.map(Page::of)
    }

    async fn enter_and_ask(&self) -> Result<Response, Error> {
        let ticket = self.front.front.enter().await?;
        self.feed.next_page_with(Some(ticket)).await
    }

    /// Where the feed stands after the pages that were given, for a feed of the same operation later; none at its end.
    /// Errors of note: the driver's `not-resumable`; `invalid-argument` while the page of a dropped call waits to be taken.
    pub async fn continuation(&self) -> Result<Option<String>, Error> {
        let _call = self.front.front.gate.begin()?;
        self.feed.continuation().await
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}
