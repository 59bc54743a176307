//! Who may begin: the limits of a client, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;

use crate::bindings::wit::Rejection;
use crate::error::Error;
use crate::types::ErrorKind;

/// How much one client does at a time, for [`Config::limits`](crate::Config::limits). Nothing set: no limits.
///
/// ```
/// use std::time::Duration;
///
/// use cosmosdb_driver_host::{Config, Credential, Limits};
///
/// let limits = Limits::new()
///     .max_concurrent(64)
///     .max_waiting(256)
///     .max_wait(Duration::from_secs(2));
/// let config = Config::new("https://my-account.documents.azure.com/", Credential::host()).limits(limits);
/// # drop(config);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    max_concurrent: Option<u32>,
    max_waiting: Option<u32>,
    max_wait: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
}

impl Limits {
    /// No limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the async client: calls under way. Of the blocking client: instances in use, one for each call, open feed and
    /// [`Tasks`](crate::blocking::Tasks). At least 1. Further calls wait for a place, in order. Default: no limit.
    #[must_use]
    pub fn max_concurrent(mut self, calls: u32) -> Self {
        self.max_concurrent = Some(calls.max(1));
        self
    }

    /// How many calls may wait for a place; the next one fails with [`Error::Overloaded`] at once. 0: nobody waits.
    /// Default: no limit.
    #[must_use]
    pub fn max_waiting(mut self, calls: u32) -> Self {
        self.max_waiting = Some(calls);
        self
    }

    /// How long a call may wait for a place before it fails with [`Error::Overloaded`]. A blocking caller who holds the
    /// last place himself, with an open feed, waits in vain. Default: no limit.
    #[must_use]
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = Some(time);
        self
    }

    /// How long an instance of the blocking client may be idle. No thread looks after it: what is idle for longer goes
    /// when the client is used next; see also [`release_idle`](crate::blocking::Client::release_idle). No meaning for the
    /// async client, which has one instance. Default: no limit.
    #[must_use]
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = Some(time);
        self
    }
}

/// What a shutdown did not wait for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abandoned {
    /// Calls that were under way when the time was over. They fail with [`Error::Instance`]: whether they were carried
    /// out is unknown.
    pub calls: usize,
    /// Feeds (of the blocking client also [`Tasks`](crate::blocking::Tasks)) that somebody still held. No page of them
    /// was under way, unless it is among the calls.
    pub feeds: usize,
}

/// Lets calls in.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: Limits,
    places: Option<Arc<Semaphore>>,
    waiting: AtomicUsize,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: AtomicUsize,
    feeds: AtomicUsize,
    closed: AtomicBool,
    abandoned: AtomicBool,
    /// The last call of a closed client has ended; or those that are left are abandoned.
    over: Notify,
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Call(Arc<State>);

/// A feed that somebody holds.
#[derive(Debug)]
pub(crate) struct Held(Arc<State>);

/// One of the places that [`Limits::max_concurrent`] gives; none if there is no such limit.
#[derive(Debug)]
pub(crate) struct Place(#[allow(dead_code)] Option<OwnedSemaphorePermit>);

/// What a call keeps until it has ended, whether or not its caller still waits.
pub(crate) type Ticket = (Call, Place);

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        let places = limits.max_concurrent.map(|places| {
            let places = usize::try_from(places).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)))
        });
        Self {
            limits,
            places,
            waiting: AtomicUsize::new(0),
            state: Arc::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A call begins. Errors: the driver's `closed`.
    pub(crate) fn begin(&self) -> Result<Call, Error> {
        self.state.calls.fetch_add(1, SeqCst);
        let call = Call(Arc::clone(&self.state));
        self.check_open()?;
        Ok(call)
    }

    /// Errors: the driver's `closed`.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.is_closed() {
            Err(closed())
        } else {
            Ok(())
        }
    }

    pub(crate) fn hold(&self) -> Held {
        self.state.feeds.fetch_add(1, SeqCst);
        Held(Arc::clone(&self.state))
    }

    /// Errors: [`Error::Overloaded`]; the driver's `closed`.
    pub(crate) async fn place(&self) -> Result<Place, Error> {
        let Some(places) = &self.places else {
            return Ok(Place(None));
        };
        match Arc::clone(places).try_acquire_owned() {
            Ok(place) => return Ok(Place(Some(place))),
            Err(TryAcquireError::Closed) => return Err(closed()),
            Err(TryAcquireError::NoPermits) => {}
        }
        let _waiting = Waiting::new(self)?;
        let place = Arc::clone(places).acquire_owned();
        let place = match self.limits.max_wait {
            Some(time) => timeout(time, place).await.map_err(|_| {
                Error::Overloaded(
                    "no place became free within Limits::max_wait: call again later, or raise Limits::max_concurrent",
                )
            })?,
            None => place.await,
        };
        place.map(|place| Place(Some(place))).map_err(|_| closed())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.closed.load(SeqCst)
    }

    /// Lets nobody in any more, waits for the calls under way, and abandons those that are not done in time.
    pub(crate) async fn close(&self, time: Option<Duration>) -> Abandoned {
        self.state.closed.store(true, SeqCst);
        if let Some(places) = &self.places {
            places.close();
        }
        let done = self.over(|state| state.calls.load(SeqCst) == 0);
        match time {
            Some(time) => drop(timeout(time, done).await),
            None => done.await,
        }
        let abandoned = Abandoned {
            calls: self.state.calls.load(SeqCst),
            feeds: self.state.feeds.load(SeqCst),
        };
        self.state.abandoned.store(true, SeqCst);
        self.state.over.notify_waiters();
        abandoned
    }

    /// The result of the work, unless the client is closed meanwhile and does not wait for it.
    pub(crate) async fn unless_abandoned<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            result = work => result,
            () = self.over(|state| state.abandoned.load(SeqCst)) => Err(abandoned()),
        }
    }

    async fn over(&self, is_over: impl Fn(&State) -> bool) {
        loop {
            // Hears of what happens from now on.
            let changed = self.state.over.notified();
            if is_over(&self.state) {
                return;
            }
            changed.await;
        }
    }
}

/// What a call fails with that a shutdown did not wait for.
pub(crate) const SHUT_DOWN: &str = "the client was shut down, and did not wait for this call";

fn abandoned() -> Error {
    Error::Instance {
        reason: SHUT_DOWN.to_owned(),
    }
}

fn closed() -> Error {
    Error::from(Rejection {
        kind: ErrorKind::Closed,
        message: "the client was closed: open another one".to_owned(),
    })
}

impl Drop for Call {
    fn drop(&mut self) {
        let before = self.0.calls.fetch_sub(1, SeqCst);
        if before == 1 && self.0.closed.load(SeqCst) {
            self.0.over.notify_waiters();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.feeds.fetch_sub(1, SeqCst);
    }
}

/// A call that waits for a place.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(gate: &'a Gate) -> Result<Self, Error> {
        let others = gate.waiting.fetch_add(1, SeqCst);
        let waiting = Self(&gate.waiting);
        let room = gate
            .limits
            .max_waiting
            .and_then(|most| usize::try_from(most).ok());
        if room.is_some_and(|most| others >= most) {
            return Err(Error::Overloaded(
                "as many calls wait as Limits::max_waiting allows: call again later, or raise the limits",
            ));
        }
        Ok(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
