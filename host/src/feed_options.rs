//! How feeds are read, as methods of the builders of their operations.

/// Defines the methods; `$options` is the field that holds the options.
macro_rules! feed_setters {
    ($options:ident) => {
        /// Rows of a page, at least 1; the service's pages may have fewer. Default: the service decides, and pages that the
        /// driver puts together have up to 1000.
        #[must_use]
        pub fn max_item_count(mut self, rows: u32) -> Self {
            self.$options.max_item_count = Some(rows);
            self
        }

        /// Requests of one page under way at a time, at least 1. Default: 32.
        #[must_use]
        pub fn max_concurrency(mut self, requests: u32) -> Self {
            self.$options.max_concurrency = Some(requests);
            self
        }

        /// How many partitions beyond the one that a page needs are asked for a page each while it waits, where partitions
        /// are read one after the other. Default: 0.
        #[must_use]
        pub fn prefetch(mut self, partitions: u32) -> Self {
            self.$options.prefetch = Some(partitions);
            self
        }

        /// How many partitions a query may begin with. Default: 100.
        #[must_use]
        pub fn max_fan_out(mut self, partitions: u32) -> Self {
            self.$options.max_fan_out = Some(partitions);
            self
        }

        /// Goes on where a feed of the same operation ended, as its `continuation` says.
        #[must_use]
        pub fn continuation(mut self, continuation: impl Into<String>) -> Self {
            self.$options.continuation = Some(continuation.into());
            self
        }

        /// Refuses, before the first page, an operation whose feed has no continuation.
        #[must_use]
        pub fn resumable(mut self) -> Self {
            self.$options.resumable = true;
            self
        }
    };
}

/// Defines the methods for a field `scope`.
macro_rules! scope_setters {
    () => {
        /// Only the items of this partition key; of hierarchical keys the first components alone will do.
        #[must_use]
        pub fn in_key(mut self, key: impl Into<PartitionKey>) -> Self {
            self.scope = FeedScope::Key(key.into().into_wit());
            self
        }

        /// Only a part of the container's hash space: a feed range as text.
        #[must_use]
        pub fn in_range(mut self, range: impl Into<String>) -> Self {
            self.scope = FeedScope::Range(range.into());
            self
        }
    };
}

pub(crate) use {feed_setters, scope_setters};
