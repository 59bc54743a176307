//! Rows of feeds as a stream.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use serde::de::DeserializeOwned;

use super::rows::{Rows, items_api};
use super::{Container, Feed};
use crate::error::Error;
use crate::page::Page;
use crate::query::Query;

/// The rows of a feed one by one, decoded: a [`Stream`]. Made by [`Container::query_as`] and [`Feed::items`].
///
/// A page is asked for when the rows of the one before are used up, and a row is decoded when it is asked for: one that
/// does not fit the type is an error, and the next one follows. After another error that
/// [is retryable](Error::is_retryable) the next call asks for the page again; one that is not is the last item.
///
/// A change feed ends the stream when it has nothing new for now; ask again later, and it goes on. Dropped while a page is
/// under way, it loses nothing for other consumers of the feed; the rows that it has not given are lost.
///
/// ```no_run
/// # use cosmosdb_driver_host::{Container, Error, Query};
/// # #[derive(serde::Deserialize)]
/// # struct Order { id: String, price: f64 }
/// # async fn example(orders: &Container) -> Result<(), Error> {
/// let query = Query::new("SELECT * FROM c WHERE c.price < @most").parameter("@most", &9.99);
/// let mut cheap = orders.query_as::<Order>(query).await?;
/// while let Some(order) = cheap.next().await {
///     let order = order?;
///     println!("{}: {}", order.id, order.price);
/// }
/// println!("{} RU", cheap.request_charge());
/// # Ok(())
/// # }
/// ```
pub struct Items<T> {
    feed: Feed,
    rows: Rows,
    asked: Option<Asked>,
    item: PhantomData<fn() -> T>,
}

/// A page that is under way.
type Asked = Pin<Box<dyn Future<Output = Result<Option<Page>, Error>> + Send>>;

impl<T> Items<T> {
    fn of(feed: Feed) -> Self {
        Self {
            feed,
            rows: Rows::default(),
            asked: None,
            item: PhantomData,
        }
    }

    fn nothing_under_way(&self) -> Result<(), Error> {
        match self.asked {
            None => Ok(()),
            Some(_) => Err(Error::invalid_argument(
                "a page is under way, and a continuation would pass it over: take its first row, and ask again",
            )),
        }
    }
}

impl<T: DeserializeOwned> Items<T> {
    /// The next row; none after the last one. What [`Stream::poll_next`] does, for callers without a crate of combinators.
    /// Dropped early, it loses nothing.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<T: DeserializeOwned> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(row) = this.rows.take() {
                return Poll::Ready(Some(row));
            }
            if this.rows.is_over() {
                return Poll::Ready(None);
            }
            let asked = this.asked.get_or_insert_with(|| {
                let feed = this.feed.clone();
                Box::pin(async move { feed.next_page().await })
            });
            let answer = ready!(asked.as_mut().poll(context));
            this.asked = None;
            match this.rows.begin(answer) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

items_api!([async] [.await]);
