//! Queries.

use serde::Serialize;

use crate::error::Error;
use crate::feed_options::feed_setters;
use crate::key::PartitionKey;
use crate::types::{ContainerRef, FeedOptions, FeedScope, QueryItems, QueryParameter};

/// A query over the items of a container, in Cosmos DB's SQL, for
/// [`Container::query_items`](crate::Container::query_items).
///
/// ```
/// use cosmosdb_driver_host::Query;
///
/// let cheap = Query::new("SELECT * FROM c WHERE c.price < @most ORDER BY c.price")
///     .parameter("@most", &9.99)
///     .in_key("contoso")
///     .max_item_count(50);
/// # drop(cheap);
/// ```
#[derive(Debug)]
pub struct Query {
    text: String,
    parameters: Vec<QueryParameter>,
    scope: FeedScope,
    query_metrics: bool,
    index_metrics: bool,
    options: FeedOptions,
    invalid: Option<Error>,
}

impl Query {
    /// A query over the whole container.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameters: Vec::new(),
            scope: FeedScope::Container,
            query_metrics: false,
            index_metrics: false,
            options: FeedOptions::default(),
            invalid: None,
        }
    }

    /// The value of a parameter; the name begins with `@`. A value that cannot be written as JSON is reported when the
    /// query is used.
    #[must_use]
    pub fn parameter<T: Serialize + ?Sized>(mut self, name: impl Into<String>, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(value) => {
                let name = name.into();
                self.parameters.push(QueryParameter { name, value });
            }
            Err(error) => {
                let unwritable = Error::unwritable("a parameter cannot be written as JSON");
                self.invalid = self.invalid.or_else(|| Some(unwritable(error)));
            }
        }
        self
    }

    /// Pages say how the query was carried out, in `headers.query_metrics`, one line for each answer.
    #[must_use]
    pub fn query_metrics(mut self) -> Self {
        self.query_metrics = true;
        self
    }

    /// Pages say which indexes were used, in `headers.index_metrics`, one line for each answer.
    #[must_use]
    pub fn index_metrics(mut self) -> Self {
        self.index_metrics = true;
        self
    }

    feed_setters!(options);
    crate::feed_options::scope_setters!();

    pub(crate) fn into_wit(
        self,
        container: ContainerRef,
    ) -> Result<(QueryItems, FeedOptions), Error> {
        if let Some(error) = self.invalid {
            return Err(error);
        }
        let query = QueryItems {
            container,
            scope: self.scope,
            text: self.text,
            parameters: self.parameters,
            query_metrics: self.query_metrics,
            index_metrics: self.index_metrics,
        };
        Ok((query, self.options))
    }
}

impl<T: Into<String>> From<T> for Query {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}
