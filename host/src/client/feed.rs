//! Feeds of the async client.

use super::Client;
use crate::error::Error;
use crate::instance::AsyncFeed;
use crate::page::Page;
use crate::types::{FeedOperation, FeedOptions, OperationOptions};

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
#[derive(Debug, Clone)]
pub struct Feed(AsyncFeed);

impl Client {
    /// Opens any feed of the contract. Sends nothing. The other methods that make feeds are made from this one.
    pub async fn open_feed(
        &self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Feed, Error> {
        let instance = self.instance().await?;
        instance.open_feed(operation, feed, options).await.map(Feed)
    }
}

impl Feed {
    /// The next page; none after the last one. After an error the next call goes on where the feed stands, if it can.
    pub async fn next_page(&self) -> Result<Option<Page>, Error> {
        self.0.next_page().await.map(Page::of)
    }

    /// Where the feed stands after the pages that were given, for a feed of the same operation later; none at its end.
    /// Errors of note: the driver's `not-resumable`; `invalid-argument` while the page of a dropped call waits to be taken.
    pub async fn continuation(&self) -> Result<Option<String>, Error> {
        self.0.continuation().await
    }
}
