//! A value that is fetched once, however many ask for it at the same time (spec driver-core §12.1).

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

use futures_util::future::LocalBoxFuture;
use futures_util::lock::Mutex;

use crate::core::Result;

/// A cell that fills itself once. Failures are not kept: all who wait get the error, the next one tries again.
pub(super) struct SingleFlight<T> {
    slot: RefCell<Slot<T>>,
}

enum Slot<T> {
    Empty,
    /// Weak: when all who wait are gone, so is the fetch, and with it its request.
    Fetching(Weak<Flight<T>>),
    Ready(Rc<T>),
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
            slot: RefCell::new(Slot::Empty),
        }
    }
}

impl<T> SingleFlight<T> {
    /// The value if it is there.
    pub(super) fn ready(&self) -> Option<Rc<T>> {
        match &*self.slot.borrow() {
            Slot::Ready(value) => Some(Rc::clone(value)),
            Slot::Empty | Slot::Fetching(_) => None,
        }
    }

    /// The value, fetched by `fetch` unless it is there or on its way.
    pub(super) async fn get(
        &self,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> Result<Rc<T>> {
        if let Some(value) = self.ready() {
            return Ok(value);
        }
        let flight = self.join(fetch);
        let mut state = flight.0.lock().await;
        let result = match &mut *state {
            State::Landed(result) => return result.clone(),
            State::Flying(future) => future.await,
        };
        self.slot.replace(
            result
                .as_ref()
                .map_or(Slot::Empty, |value| Slot::Ready(Rc::clone(value))),
        );
        *state = State::Landed(result.clone());
        result
    }

    fn join(
        &self,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>,
    ) -> Rc<Flight<T>> {
        let mut slot = self.slot.borrow_mut();
        if let Slot::Fetching(weak) = &*slot
            && let Some(flight) = weak.upgrade()
        {
            return flight;
        }
        let flight = Rc::new(Flight(Mutex::new(State::Flying(fetch()))));
        *slot = Slot::Fetching(Rc::downgrade(&flight));
        flight
    }
}

impl<T> fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.slot.borrow() {
            Slot::Empty => "Empty",
            Slot::Fetching(_) => "Fetching",
            Slot::Ready(_) => "Ready",
        })
    }
}

#[cfg(test)]
mod tests;
