//! A value that is fetched once, however many ask for it at the same time (spec driver-core §12.1).

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, ready};
use futures_util::lock::Mutex;

use crate::core::{Result, explain};

/// A cell that fills itself once, and again when told that its value is outdated. Failures are not kept: all who wait get
/// the error, the next one tries again. While a value is fetched again, the old one serves.
pub(super) struct SingleFlight<T>(Rc<Cell<T>>);

struct Cell<T> {
    ready: RefCell<Option<Rc<T>>>,
    /// Weak: when all who wait are gone, so is the fetch, and with it its request.
    fetching: RefCell<Weak<Flight>>,
}

/// A fetch that several wait for, and that fills the cell. Whoever holds the lock drives it, one at a time: on WASI 0.3 a
/// request belongs to the task that polls it, and must not change hands while an event for it is under way. If the driver
/// goes away, the lock passes on to the next.
struct Flight(Mutex<State>);

enum State {
    Flying(LocalBoxFuture<'static, Result<()>>),
    Landed(Result<()>),
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self(Rc::new(Cell {
            ready: RefCell::new(None),
            fetching: RefCell::new(Weak::new()),
        }))
    }
}

impl<T: 'static> SingleFlight<T> {
    /// The value if it is there.
    pub(super) fn ready(&self) -> Option<Rc<T>> {
        self.0.ready.borrow().clone()
    }

    /// Takes over a value from elsewhere.
    pub(super) fn put(&self, value: Rc<T>) {
        self.0.ready.replace(Some(value));
    }

    /// Whether it is being fetched.
    pub(super) fn is_fetching(&self) -> bool {
        self.0.fetching.borrow().strong_count() > 0
    }

    /// The value, another one than `outdated`: the one that is there, else the one that is on its way, else what `fetch`
    /// brings. Boxed, because this is awaited in many places.
    pub(super) fn get(
        &self,
        outdated: Option<&Rc<T>>,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> LocalBoxFuture<'_, Result<Rc<T>>> {
        match self.ready() {
            Some(known) if !outdated.is_some_and(|outdated| Rc::ptr_eq(&known, outdated)) => {
                ready(Ok(known)).boxed_local()
            }
            _ => self.filled(self.flight(fetch)),
        }
    }

    fn filled(&self, flight: Rc<Flight>) -> LocalBoxFuture<'_, Result<Rc<T>>> {
        let value = |landed: Result<()>| {
            landed?;
            self.ready().ok_or_else(|| explain::stuck("fetch"))
        };
        flight.land().map(value).boxed_local()
    }

    /// The fetch under way, or else this one.
    fn flight(&self, fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>) -> Rc<Flight> {
        let mut fetching = self.0.fetching.borrow_mut();
        if let Some(flight) = fetching.upgrade() {
            return flight;
        }
        let cell = Rc::clone(&self.0);
        let filled = fetch().map(move |result| {
            cell.fetching.replace(Weak::new());
            cell.ready.replace(Some(result?));
            Ok(())
        });
        let flight = Rc::new(Flight(Mutex::new(State::Flying(filled.boxed_local()))));
        *fetching = Rc::downgrade(&flight);
        flight
    }
}

impl Flight {
    /// Drives the fetch, or waits for whoever does.
    fn land(self: Rc<Self>) -> LocalBoxFuture<'static, Result<()>> {
        let land = async move {
            let mut state = self.0.lock().await;
            let result = match &mut *state {
                State::Landed(result) => return share(result),
                State::Flying(future) => future.await,
            };
            *state = State::Landed(share(&result));
            result
        };
        land.boxed_local()
    }
}

/// What came of a fetch, for one more who waited.
fn share(result: &Result<()>) -> Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(error.for_another()),
    }
}

impl<T: 'static> fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            match (self.is_fetching(), self.0.ready.borrow().is_some()) {
                (true, _) => "Fetching",
                (false, true) => "Ready",
                (false, false) => "Empty",
            },
        )
    }
}

#[cfg(test)]
mod tests;
