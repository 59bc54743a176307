//! What the item streams of both clients do between two pages.

use std::ops::Range;
use std::vec::IntoIter;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::page::Page;

/// The current page, and where those of its rows lie that were not taken yet. A row is decoded when it is taken.
#[derive(Debug, Default)]
pub(super) struct Rows {
    page: Option<Page>,
    left: IntoIter<Range<usize>>,
    request_charge: f64,
    /// After an error that will not go away.
    over: bool,
}

impl Rows {
    /// The next row of the current page.
    pub(super) fn take<T: for<'a> Deserialize<'a>>(&mut self) -> Option<Result<T, Error>> {
        let place = self.left.next()?;
        let row = self.page.as_ref()?.body.get(place)?;
        Some(serde_json::from_slice(row).map_err(Error::unreadable("a row does not fit the type")))
    }

    /// Goes on with the answer to a request for a page. None if there are no rows to wait for: the feed is at its end,
    /// or a change feed has nothing new.
    pub(super) fn begin(
        &mut self,
        answer: Result<Option<Page>, Error>,
    ) -> Option<Result<(), Error>> {
        let page = match answer {
            Ok(page) => page?,
            Err(error) => {
                self.over = !error.is_retryable();
                return Some(Err(error));
            }
        };
        self.request_charge += page.request_charge();
        let rows = page.rows();
        let unchanged = page.is_unchanged();
        self.page = Some(page);
        match rows {
            Ok(rows) => self.left = rows.into_iter(),
            Err(error) => return Some(Err(error)),
        }
        (!unchanged).then_some(Ok(()))
    }

    /// Whether an error has ended it: so that nobody asks for ever.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn page(&self) -> Option<&Page> {
        self.page.as_ref()
    }

    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    pub(super) fn request_charge(&self) -> f64 {
        self.request_charge
    }

    /// Errors: while rows are left, which a continuation would pass over.
    pub(super) fn taken(&self) -> Result<(), Error> {
        if self.left() == 0 {
            return Ok(());
        }
        Err(Error::invalid_argument(
            "rows of the current page were not taken yet, and a continuation would pass them over: take them (rows_left \
             tells how many), and ask again",
        ))
    }
}

impl Page {
    /// Where the rows lie in the body.
    fn rows(&self) -> Result<Vec<Range<usize>>, Error> {
        let begin = self.body.as_ptr().addr();
        let place = |row: &&RawValue| {
            let start = row.get().as_ptr().addr().saturating_sub(begin);
            start..start.saturating_add(row.get().len())
        };
        Ok(self.items::<&RawValue>()?.iter().map(place).collect())
    }
}

/// Defines the methods of `Items` that both clients have: `[async] [.await]` makes them async, `[] []` blocking.
macro_rules! items_api {
    ([$($async:ident)?] [$($await:tt)*]) => {
        impl Feed {
            /// Its rows one by one, decoded. Sends nothing before the first row is asked for, and then one page's requests
            /// whenever the rows of the page before are used up. Several of these of one feed share its pages.
            pub fn items<T>(&self) -> Items<T> {
                Items::of(self.clone())
            }
        }

        impl Container {
            /// The rows of a query one by one, decoded: [`query_items`](Self::query_items) and [`Feed::items`] in one.
            pub $($async)? fn query_as<T: DeserializeOwned>(
                &self,
                query: impl Into<Query>,
            ) -> Result<Items<T>, Error> {
                Ok(Items::of(self.query_items(query)$($await)*?))
            }
        }

        impl<T> Items<T> {
            /// The page of the last row: what it cost, its status, headers and diagnostics. None before the first one.
            pub fn page(&self) -> Option<&Page> {
                self.rows.page()
            }

            /// How many rows of the current page were not taken yet. They are in memory.
            pub fn rows_left(&self) -> usize {
                self.rows.left()
            }

            /// The sum over all pages so far, in request units.
            pub fn request_charge(&self) -> f64 {
                self.rows.request_charge()
            }

            /// Where the feed stands, for a feed of the same operation later; none at its end. Ask when no
            /// [`rows_left`](Self::rows_left).
            /// Errors of note: the driver's `invalid-argument` while rows are left or a page is under way, for they would
            /// be passed over; `not-resumable`.
            pub $($async)? fn continuation(&self) -> Result<Option<String>, Error> {
                self.nothing_under_way()?;
                self.rows.taken()?;
                self.feed.continuation()$($await)*
            }
        }

        impl<T> std::fmt::Debug for Items<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("Items")
                    .field("rows_left", &self.rows_left())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use items_api;
