//! A value that is fetched once, however many ask for it at the same time (spec driver-core §12.1).

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, Shared, WeakShared};

use crate::core::Result;

/// A fetch under way. It is driven by whoever waits for it, so it goes on when the one who began it goes away.
type Fetch<T> = Shared<LocalBoxFuture<'static, Result<Rc<T>>>>;

/// A cell that fills itself once. Failures are not kept: all who wait get the error, the next one tries again.
#[derive(Debug)]
pub(super) struct SingleFlight<T> {
    slot: RefCell<Slot<T>>,
}

#[derive(Debug)]
enum Slot<T> {
    Empty,
    /// Weak: when all who waited are gone, so is the fetch, and with it its request.
    Fetching(WeakShared<LocalBoxFuture<'static, Result<Rc<T>>>>),
    Ready(Rc<T>),
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
        let result = flight.clone().await;
        self.land(&flight, &result);
        result
    }

    fn join(&self, fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Rc<T>>>) -> Fetch<T> {
        let mut slot = self.slot.borrow_mut();
        if let Slot::Fetching(weak) = &*slot
            && let Some(flight) = weak.upgrade()
        {
            return flight;
        }
        let flight = fetch().shared();
        *slot = flight.downgrade().map_or(Slot::Empty, Slot::Fetching);
        flight
    }

    fn land(&self, flight: &Fetch<T>, result: &Result<Rc<T>>) {
        let mut slot = self.slot.borrow_mut();
        let is_ours = match &*slot {
            Slot::Fetching(weak) => weak.upgrade().is_some_and(|current| current.ptr_eq(flight)),
            Slot::Empty | Slot::Ready(_) => false,
        };
        if is_ours {
            *slot = result
                .as_ref()
                .map_or(Slot::Empty, |value| Slot::Ready(Rc::clone(value)));
        }
    }
}

#[cfg(test)]
mod tests;
