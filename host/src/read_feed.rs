//! Items and changes of containers, page by page.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::feed_options::{feed_setters, scope_setters};
use crate::key::PartitionKey;
use crate::types::{
    self, ChangeFeedMode, ChangeFeedStart, ContainerRef, FeedOptions, FeedScope, ItemId,
    ReadManyInput,
};

/// All items of a container, or of a part of it, for [`Container::read_items`](crate::Container::read_items).
#[derive(Debug)]
pub struct ReadFeed {
    scope: FeedScope,
    pub(crate) options: FeedOptions,
}

impl ReadFeed {
    /// All items of the container.
    pub fn new() -> Self {
        Self {
            scope: FeedScope::Container,
            options: FeedOptions::default(),
        }
    }

    feed_setters!(options);
    scope_setters!();

    pub(crate) fn into_wit(self, container: ContainerRef) -> (types::ReadFeed, FeedOptions) {
        let scope = self.scope;
        (types::ReadFeed { container, scope }, self.options)
    }
}

impl Default for ReadFeed {
    fn default() -> Self {
        Self::new()
    }
}

/// The changes of the items of a container, or of a part of it, for
/// [`Container::change_feed`](crate::Container::change_feed).
///
/// A job that runs now and then keeps the feed's continuation between its runs:
///
/// ```no_run
/// # use cosmosdb_driver_host::{ChangeFeed, Error, blocking::Container};
/// # fn example(orders: &Container, kept: Option<String>) -> Result<Option<String>, Error> {
/// let changes = match kept {
///     Some(cursor) => ChangeFeed::from_now().continuation(cursor),
///     None => ChangeFeed::from_beginning(),
/// };
/// let feed = orders.change_feed(changes)?;
/// while let Some(page) = feed.next_page()? {
///     if page.is_unchanged() {
///         break;
///     }
///     for order in page.items::<serde_json::Value>()? {
///         println!("{order}");
///     }
/// }
/// feed.continuation()
/// # }
/// ```
#[derive(Debug)]
pub struct ChangeFeed {
    mode: ChangeFeedMode,
    start: ChangeFeedStart,
    scope: FeedScope,
    with_metadata: bool,
    pub(crate) options: FeedOptions,
}

impl ChangeFeed {
    /// The latest version of each item, from the oldest on.
    pub fn from_beginning() -> Self {
        Self::new(ChangeFeedMode::LatestVersion, ChangeFeedStart::Beginning)
    }

    /// The latest version of each item that changes from now on.
    pub fn from_now() -> Self {
        Self::new(ChangeFeedMode::LatestVersion, ChangeFeedStart::Now)
    }

    /// The latest version of each item that changed from that moment on, which counts in whole seconds.
    pub fn since(moment: SystemTime) -> Self {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = ChangeFeedStart::At(since.as_secs());
        Self::new(ChangeFeedMode::LatestVersion, start)
    }

    /// Every version and deletion from now on, with metadata. The container needs a change feed policy that keeps them.
    pub fn all_versions_and_deletes() -> Self {
        Self::new(ChangeFeedMode::AllVersionsAndDeletes, ChangeFeedStart::Now)
    }

    /// Rows are `{"current":{…},"metadata":{…}}` instead of the items alone. All versions and deletes always are.
    #[must_use]
    pub fn with_metadata(mut self) -> Self {
        self.with_metadata = true;
        self
    }

    feed_setters!(options);
    scope_setters!();

    fn new(mode: ChangeFeedMode, start: ChangeFeedStart) -> Self {
        Self {
            mode,
            start,
            scope: FeedScope::Container,
            with_metadata: false,
            options: FeedOptions::default(),
        }
    }

    pub(crate) fn into_wit(self, container: ContainerRef) -> (types::ChangeFeed, FeedOptions) {
        let feed = types::ChangeFeed {
            container,
            scope: self.scope,
            mode: self.mode,
            start: self.start,
            with_metadata: self.with_metadata,
        };
        (feed, self.options)
    }
}

/// Many items by their ids and keys, or all items of some keys, for
/// [`Container::read_many`](crate::Container::read_many).
///
/// ```
/// use cosmosdb_driver_host::ReadMany;
///
/// let items = ReadMany::items([("1", "contoso"), ("7", "fabrikam")]).in_order();
/// let tenants = ReadMany::keys(["contoso", "fabrikam"]);
/// # drop((items, tenants));
/// ```
#[derive(Debug)]
pub struct ReadMany {
    input: ReadManyInput,
    in_order: bool,
    pub(crate) options: FeedOptions,
}

impl ReadMany {
    /// These items, each by its id and key.
    pub fn items<I: Into<String>, K: Into<PartitionKey>>(
        items: impl IntoIterator<Item = (I, K)>,
    ) -> Self {
        let item = |(id, key): (I, K)| ItemId {
            id: id.into(),
            key: key.into().into_wit(),
        };
        Self::new(ReadManyInput::Items(items.into_iter().map(item).collect()))
    }

    /// All items of these keys; of hierarchical keys the first components alone will do.
    pub fn keys<K: Into<PartitionKey>>(keys: impl IntoIterator<Item = K>) -> Self {
        let keys = keys.into_iter().map(|key| key.into().into_wit());
        Self::new(ReadManyInput::Keys(keys.collect()))
    }

    /// Rows come in the order of the items, `null` for one that does not exist, and as often as it was asked for. Without
    /// this they come as they arrive, each once, and what does not exist is left out.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    feed_setters!(options);

    fn new(input: ReadManyInput) -> Self {
        Self {
            input,
            in_order: false,
            options: FeedOptions::default(),
        }
    }

    pub(crate) fn into_wit(self, container: ContainerRef) -> (types::ReadMany, FeedOptions) {
        let many = types::ReadMany {
            container,
            input: self.input,
            in_order: self.in_order,
        };
        (many, self.options)
    }
}
