//! Waiting for the clock. One alarm at the host serves all timers: the face sets it for the earliest, and leaves it as it
//! is when a later one joins, so that an attempt which ends in time costs no host call for its timer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use slab::Slab;

thread_local! {
    static TIMERS: RefCell<Timers> = const {
        RefCell::new(Timers { waiting: Slab::new(), earliest: u64::MAX })
    };
}

struct Timers {
    waiting: Slab<Timer>,
    /// None of them is due before. It may be too early, because the one that it was made for has gone.
    earliest: u64,
}

struct Timer {
    at: u64,
    /// Gone once it rang.
    waker: Option<Waker>,
}

/// Frees the timer's place when its future goes.
struct Place(usize);

impl Drop for Place {
    fn drop(&mut self) {
        TIMERS.with_borrow_mut(|timers| timers.waiting.try_remove(self.0));
    }
}

/// Waits until the monotonic clock shows `at`.
pub(super) async fn sleep_until(at: u64) {
    let mut place: Option<Place> = None;
    poll_fn(move |context| {
        TIMERS.with_borrow_mut(|timers| {
            let Some(Place(index)) = place else {
                let waker = Some(context.waker().clone());
                place = Some(Place(timers.waiting.insert(Timer { at, waker })));
                timers.earliest = timers.earliest.min(at);
                return Poll::Pending;
            };
            match timers.waiting.get_mut(index).map(|timer| &mut timer.waker) {
                Some(Some(waker)) => {
                    waker.clone_from(context.waker());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        })
    })
    .await;
}

/// When the alarm must ring at the latest; none if nobody waits, or all have been woken.
pub(super) fn earliest() -> Option<u64> {
    TIMERS.with_borrow(|timers| {
        let waits = !timers.waiting.is_empty() && timers.earliest != u64::MAX;
        waits.then_some(timers.earliest)
    })
}

/// The alarm rang: wakes whose time has come.
pub(super) fn ring(now: u64) {
    TIMERS.with_borrow_mut(|timers| {
        timers.earliest = u64::MAX;
        for (_, timer) in &mut timers.waiting {
            if timer.at > now {
                timers.earliest = timers.earliest.min(timer.at);
            } else if let Some(waker) = timer.waker.take() {
                waker.wake();
            }
        }
    });
}
