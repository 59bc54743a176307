//! How many instances a host has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crate::error::Error;

/// Counts the stores of one host.
#[derive(Debug)]
pub(crate) struct Slots {
    live: Arc<AtomicUsize>,
    most: usize,
}

/// One store. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Slots {
    pub(crate) fn new(most: Option<u32>) -> Self {
        let most = most.and_then(|most| usize::try_from(most).ok());
        Self {
            live: Arc::default(),
            most: most.unwrap_or(usize::MAX),
        }
    }

    /// Errors: [`Error::Overloaded`].
    pub(crate) fn take(&self) -> Result<Slot, Error> {
        let others = self.live.fetch_add(1, SeqCst);
        let slot = Slot(Arc::clone(&self.live));
        if others >= self.most {
            return Err(Error::Overloaded(
                "the host has as many instances as Options::max_instances allows: let idle ones go \
                 (Client::release_idle), close clients that are not needed, or raise it",
            ));
        }
        Ok(slot)
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(SeqCst)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
