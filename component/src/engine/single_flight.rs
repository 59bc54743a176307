//! A value that is fetched once, however many ask for it at the same time (spec driver-core §12.1).

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use futures_util::future::LocalBoxFuture;
use futures_util::lock::Mutex;

use crate::core::Result;

/// A cell that fills itself once, and again when told that its value is outdated. Failures are not kept: all who wait get
/// the error, the next one tries again. While a value is fetched again, the old one serves.
pub(super) struct SingleFlight<T> {
    ready: RefCell<Option<Rc<T>>>,
    /// Weak: when all who wait are gone, so is the fetch, and with it its request.
    fetching: RefCell<Weak<Flight<T>>>,
}

/// A fetch that several wait for. Whoever holds the lock drives it, one at a time: on WASI 0.3 a request belongs to the
/// task that polls it, and must not change hands while an event for it is under way. If the driver goes away, the lock
/// passes on to the next.
struct Flight<T>(Mutex<State<T>>);

enum State<T> {
    Flying(LocalBoxFuture<'static, Result<Rc<T>>>),
    Landed(Result<Rc<T>>),
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self {
            ready: RefCell::new(None),
            fetching: RefCell::new(Weak::new()),
        }
    }
}

impl<T> SingleFlight<T> {
    /// The value if it is there.
    pub(super) fn ready(&self) -> Option<Rc<T>> {
        self.ready.borrow().clone()
    }

    /// Takes over a value from elsewhere.
    pub(super) fn put(&self, value: Rc<T>) {
        self.ready.replace(Some(value));
    }

    /// Whether it is being fetched.
    pub(super) fn is_fetching(&self) -> bool {
        self.fetching.borrow().strong_count() > 0
    }

    /// The value, fetched by `fetch` unless it is there or on its way.
    pub(super) async fn get(
        &self,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> Result<Rc<T>> {
        match self.ready() {
            Some(value) => Ok(value),
            None => self.join(fetch).await,
        }
    }

    /// Another value than `outdated`: the one that is there, if it is another by now, else one fetched by `fetch` or
    /// already on its way.
    pub(super) async fn refresh(
        &self,
        outdated: &Rc<T>,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> Result<Rc<T>> {
        match self.ready() {
            Some(value) if !Rc::ptr_eq(&value, outdated) => Ok(value),
            _ => self.join(fetch).await,
        }
    }

    async fn join(
        &self,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> Result<Rc<T>> {
        let flight = self.flight(fetch);
        let mut state = flight.0.lock().await;
        let result = match &mut *state {
            State::Landed(result) => return share(result),
            State::Flying(future) => future.await,
        };
        if let Ok(value) = &result {
            self.ready.replace(Some(Rc::clone(value)));
        }
        self.fetching.replace(Weak::new());
        *state = State::Landed(share(&result));
        result
    }

    /// The fetch under way, or else this one.
    fn flight(
        &self,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> Rc<Flight<T>> {
        let mut fetching = self.fetching.borrow_mut();
        if let Some(flight) = fetching.upgrade() {
            return flight;
        }
        let flight = Rc::new(Flight(Mutex::new(State::Flying(fetch()))));
        *fetching = Rc::downgrade(&flight);
        flight
    }
}

/// What came of a fetch, for one more who waited.
fn share<T>(result: &Result<Rc<T>>) -> Result<Rc<T>> {
    match result {
        Ok(value) => Ok(Rc::clone(value)),
        Err(error) => Err(error.for_another()),
    }
}

impl<T> fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_fetching(), self.ready.borrow().is_some()) {
            (true, _) => "Fetching",
            (false, true) => "Ready",
            (false, false) => "Empty",
        })
    }
}

#[cfg(test)]
mod tests;
