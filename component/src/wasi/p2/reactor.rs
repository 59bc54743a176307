//! Waiting for the host: a table of pollables, each with the waker of whoever waits for it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;
use wasi::clocks::monotonic_clock::{now, subscribe_duration, subscribe_instant};
use wasi::io::poll::{Pollable, poll};

use crate::wasi::timers;

thread_local! {
    static WAITING: RefCell<Slab<Waiting>> = const { RefCell::new(Slab::new()) };
    static ALARM: Cell<Option<Alarm>> = const { Cell::new(None) };
}

/// When it rings, and the host's pollable.
type Alarm = (u64, Rc<Pollable>);

/// Someone who waits for a pollable.
struct Waiting {
    source: Rc<Inner>,
    waker: Waker,
}

struct Inner {
    pollable: Pollable,
    /// The place in the table while somebody waits.
    place: Cell<Option<usize>>,
}

/// Something of the host's that becomes ready, again and again. Drop it before what it was made from.
pub(super) struct Source(Rc<Inner>);

impl Source {
    pub(super) fn new(pollable: Pollable) -> Self {
        Self(Rc::new(Inner {
            pollable,
            place: Cell::new(None),
        }))
    }

    /// Waits until it is ready.
    pub(super) async fn ready(&self) {
        self.forget();
        let mut begun = false;
        poll_fn(|context| {
            let waker = context.waker();
            WAITING.with_borrow_mut(|table| {
                match self.0.place.get().and_then(|place| table.get_mut(place)) {
                    // Polled again without being ready: only the waker may be another.
                    Some(waiting) => waiting.waker.clone_from(waker),
                    None if begun => return Poll::Ready(()),
                    None => {
                        begun = true;
                        let waiting = Waiting {
                            source: Rc::clone(&self.0),
                            waker: waker.clone(),
                        };
                        self.0.place.set(Some(table.insert(waiting)));
                    }
                }
                Poll::Pending
            })
        })
        .await;
    }

    fn forget(&self) {
        if let Some(place) = self.0.place.take() {
            WAITING.with_borrow_mut(|table| table.try_remove(place));
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Whether a turn may wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Until something is ready.
    Block,
    /// Not at all.
    Peek,
}

/// Asks the host what is ready and wakes who waits for it. False if nobody waits for anything.
pub(super) fn turn(turn: Turn) -> bool {
    let waiting: Vec<(usize, Rc<Inner>)> = WAITING.with_borrow(|table| {
        table
            .iter()
            .map(|(place, waiting)| (place, Rc::clone(&waiting.source)))
            .collect()
    });
    let alarm = alarm();
    match (waiting.as_slice(), &alarm) {
        ([], None) => return false,
        ([(place, only)], None) => {
            if turn == Turn::Block {
                only.pollable.block();
            }
            if turn == Turn::Block || only.pollable.ready() {
                fire(*place);
            }
        }
        (many, alarm) => {
            // A timer that is due makes the call return at once.
            let due = (turn == Turn::Peek).then(|| subscribe_duration(0));
            let sources = many.iter().map(|(_, source)| &source.pollable);
            let pollables: Vec<_> = sources.chain(alarm.as_deref()).chain(&due).collect();
            for index in poll(&pollables) {
                match many.get(index as usize) {
                    Some((place, _)) => fire(*place),
                    None if index as usize == many.len() && alarm.is_some() => ring(),
                    None => {}
                }
            }
        }
    }
    true
}

/// The pollable that is ready when the earliest timer may be due; none if nobody waits.
fn alarm() -> Option<Rc<Pollable>> {
    let earliest = timers::earliest()?;
    let alarm = match ALARM.take() {
        Some(alarm) if alarm.0 <= earliest => alarm,
        _ => (earliest, Rc::new(subscribe_instant(earliest))),
    };
    let pollable = Rc::clone(&alarm.1);
    ALARM.set(Some(alarm));
    Some(pollable)
}

fn ring() {
    ALARM.take();
    timers::ring(now());
}

fn fire(place: usize) {
    if let Some(waiting) = WAITING.with_borrow_mut(|table| table.try_remove(place)) {
        waiting.source.place.set(None);
        waiting.waker.wake();
    }
}

/// A waker that remembers that it was woken.
#[derive(Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    /// Whether it was woken since the last time.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a future to its end, and `others` whenever something became ready. None if it waits for something that nobody
/// can bring about.
pub(super) fn run<F: Future>(future: F, others: impl Fn()) -> Option<F::Output> {
    let mut future = pin!(future);
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    let mut first = true;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if !flag.take() {
            if std::mem::take(&mut first) {
                // One of them may hold what the future waits for, and be able to go on.
                others();
                if flag.take() {
                    continue;
                }
            }
            if !turn(Turn::Block) {
                return None;
            }
            others();
        }
    }
}
