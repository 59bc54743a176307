//! Rows of feeds as an iterator.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{Container, Feed};
use crate::client::rows::{Rows, items_api};
use crate::error::Error;
use crate::page::Page;
use crate::query::Query;

/// The rows of a feed one by one, decoded: an iterator. Made by [`Container::query_as`] and [`Feed::items`].
///
/// A page is asked for when the rows of the one before are used up, and a row is decoded when it is asked for: one that
/// does not fit the type is an error, and the next one follows. After another error that
/// [is retryable](Error::is_retryable) the next call asks for the page again; one that is not is the last item. A change
/// feed ends the iterator when it has nothing new for now; ask again later, and it goes on.
///
/// ```no_run
/// # use cosmosdb_driver_host::{Error, blocking::Container};
/// # #[derive(serde::Deserialize)]
/// # struct Order { id: String, price: f64 }
/// # fn example(orders: &Container) -> Result<(), Error> {
/// for order in orders.query_as::<Order>("SELECT * FROM c")? {
///     let order = order?;
///     println!("{}: {}", order.id, order.price);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Items<T> {
    feed: Feed,
    rows: Rows,
    item: PhantomData<fn() -> T>,
}

impl<T> Items<T> {
    fn of(feed: Feed) -> Self {
        Self {
            feed,
            rows: Rows::default(),
            item: PhantomData,
        }
    }

    /// Whoever asks has waited for the page.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // As the async one.
    fn nothing_under_way(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: DeserializeOwned> Iterator for Items<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.take() {
                return Some(row);
            }
            if self.rows.is_over() {
                return None;
            }
            let answer = self.feed.next_page();
            if let Err(error) = self.rows.begin(answer)? {
                return Some(Err(error));
            }
        }
    }
}

items_api!([] []);
