//! What calls pass on their way into a client: its limits, its end, and who observes.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::Config;
use crate::error::Error;
use crate::gate::{Gate, Held, Ticket};
use crate::host::Host;
use crate::observe::{Subject, Watch, Watcher};
use crate::types::{FeedOperation, Operation};

pub(super) struct Front {
    pub(super) gate: Gate,
    watcher: Option<Watcher>,
}

/// The same for one feed.
pub(super) struct FeedFront {
    pub(super) front: Arc<Front>,
    subject: Option<Subject>,
    _held: Held,
}

impl Front {
    pub(super) fn new(host: &Host, config: &Config) -> Self {
        let observer = host.observer().cloned();
        Self {
            gate: Gate::new(config.client_limits()),
            watcher: observer.map(|observer| Watcher::new(observer, config)),
        }
    }

    pub(super) fn watch(&self, operation: &Operation) -> Watch<'_> {
        let subject = || Cow::Owned(Subject::of(operation));
        Watch::begin(self.watcher.as_ref(), subject)
    }

    /// For a call of the async client. Errors: [`Error::Overloaded`]; the driver's `closed`.
    pub(super) async fn enter(&self) -> Result<Ticket, Error> {
        Ok((self.gate.begin()?, self.gate.place().await?))
    }

    pub(super) fn feed(self: &Arc<Self>, operation: &FeedOperation) -> FeedFront {
        FeedFront {
            front: Arc::clone(self),
            subject: self.watcher.as_ref().map(|_| Subject::of_feed(operation)),
            _held: self.gate.hold(),
        }
    }
}

impl FeedFront {
    /// Of the next page.
    pub(super) fn watch(&self) -> Watch<'_> {
        let watcher = self.front.watcher.as_ref().zip(self.subject.as_ref());
        match watcher {
            Some((watcher, subject)) => Watch::begin(Some(watcher), || Cow::Borrowed(subject)),
            None => Watch::none(),
        }
    }
}
