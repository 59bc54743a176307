//! What a server saw.

use bytes::BytesMut;
use http::{HeaderMap, Method};
use tokio::sync::watch;

/// One request, as far as the server read it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The number of the connection it came on, from 0.
    pub connection: u64,
    /// The verb.
    pub method: Method,
    /// The path as sent.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The bytes of the body that were read, without the framing of chunks.
    pub body: BytesMut,
    /// Whether the body was read to its end.
    pub complete: bool,
    /// Whether the client went away before its answer was complete.
    pub abandoned: bool,
}

impl Seen {
    /// A header's text; none if it is absent or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The requests whose heads were read, in order of arrival. Their numbers count from 0.
#[derive(Debug, Default)]
pub(crate) struct Log(watch::Sender<Vec<Seen>>);

impl Log {
    /// Adds a request; returns its number.
    pub(super) fn enter(&self, request: Seen) -> usize {
        let mut number = 0;
        self.0.send_modify(|seen| {
            number = seen.len();
            seen.push(request);
        });
        number
    }

    /// Changes what is known about a request.
    pub(super) fn update(&self, number: usize, change: impl FnOnce(&mut Seen)) {
        self.0.send_modify(|seen| change(&mut seen[number]));
    }

    /// Looks at the requests so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&[Seen]) -> T) -> T {
        look(&self.0.borrow())
    }

    /// Waits until the requests seen so far satisfy `condition`, and returns them. Asks again whenever a head or a
    /// piece of a body was read, and when a client went away.
    pub(crate) async fn wait_until(&self, mut condition: impl FnMut(&[Seen]) -> bool) -> Vec<Seen> {
        let mut watching = self.0.subscribe();
        let seen = watching.wait_for(|seen| condition(seen)).await;
        seen.map_or_else(|_| Vec::new(), |seen| seen.clone())
    }
}
