//! What the emulator's servers saw.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// One request, as it came over the wire.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The name of the region whose endpoint it was sent to.
    pub region: String,
    /// The verb.
    pub method: Method,
    /// The path as sent: escaped, with the query string if there was one.
    pub path: String,
    /// All headers. `authorization` is marked as sensitive, so that `Debug` does not show it.
    pub headers: HeaderMap,
    /// The complete body.
    pub body: Bytes,
    /// The status that was answered; 0 while there is none, and when the connection was dropped instead.
    pub status: u16,
}

impl Recorded {
    /// A header's text; none if it is absent or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The requests since the start or the last [`take`](Self::take).
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    kept: Vec<Recorded>,
    /// How many were taken before the first one kept.
    taken: usize,
}

impl Log {
    /// Adds a request that has no answer yet. Returns its number.
    pub(super) fn begin(&self, request: Recorded) -> usize {
        let mut entries = self.entries();
        entries.kept.push(request);
        entries.taken + entries.kept.len() - 1
    }

    /// Notes what a request was answered with, unless it was taken meanwhile.
    pub(super) fn end(&self, number: usize, status: StatusCode) {
        let mut entries = self.entries();
        let index = number.checked_sub(entries.taken);
        if let Some(request) = index.and_then(|index| entries.kept.get_mut(index)) {
            request.status = status.as_u16();
        }
    }

    /// All requests.
    pub(super) fn all(&self) -> Vec<Recorded> {
        self.entries().kept.clone()
    }

    /// All requests, which are forgotten here.
    pub(super) fn take(&self) -> Vec<Recorded> {
        let mut entries = self.entries();
        entries.taken += entries.kept.len();
        mem::take(&mut entries.kept)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
