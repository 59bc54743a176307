//! Waiting for the clock. One alarm at the host serves all timers: it is set for the earliest, and left as it is when a
//! later one joins, so that an attempt which ends in time costs no host call for its timer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use slab::Slab;
use wasi::clocks::monotonic_clock::{now, subscribe_instant};
use wasi::io::poll::Pollable;

thread_local! {
    static TIMERS: RefCell<Timers> = const {
        RefCell::new(Timers { waiting: Slab::new(), alarm: None })
    };
}

struct Timers {
    waiting: Slab<Timer>,
    /// When it rings, and the host's pollable.
    alarm: Option<(u64, Rc<Pollable>)>,
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

/// The pollable that is ready when the earliest timer may be due; none if nobody waits.
pub(super) fn alarm() -> Option<Rc<Pollable>> {
    TIMERS.with_borrow_mut(|timers| {
        let waits = |(_, timer): (usize, &Timer)| timer.waker.is_some().then_some(timer.at);
        let earliest = timers.waiting.iter().filter_map(waits).min()?;
        match &timers.alarm {
            Some((at, pollable)) if *at <= earliest => Some(Rc::clone(pollable)),
            _ => {
                let pollable = Rc::new(subscribe_instant(earliest));
                timers.alarm = Some((earliest, Rc::clone(&pollable)));
                Some(pollable)
            }
        }
    })
}

/// The alarm rang: wakes whose time has come.
pub(super) fn ring() {
    let now = now();
    TIMERS.with_borrow_mut(|timers| {
        timers.alarm = None;
        for (_, timer) in &mut timers.waiting {
            if timer.at <= now
                && let Some(waker) = timer.waker.take()
            {
                waker.wake();
            }
        }
    });
}
