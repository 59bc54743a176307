//! What one guest uses of the network.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::watch;
use wasmtime_wasi_http::{Error, WasiBody};

/// Refused requests that are told one by one.
const TOLD: usize = 16;
/// Characters of a refused request's URL that are told.
const TOLD_URL: usize = 256;

/// How much of the network one guest may use. Once a part of it is used up, no further request leaves. Default: everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests, repetitions and metadata included.
    pub requests: u64,
    /// Bytes of request bodies, together.
    pub sent_bytes: u64,
    /// Bytes of response bodies, together.
    pub received_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            requests: u64::MAX,
            sent_bytes: u64::MAX,
            received_bytes: u64::MAX,
        }
    }
}

/// A part of a [`Budget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spent {
    /// All requests were made, and one more was refused.
    Requests,
    /// A request's body was cut off.
    SentBytes,
    /// A response's body was cut off.
    ReceivedBytes,
}

/// Counts what the guest of one store uses, and keeps it within its budget. Clones count together.
#[derive(Debug, Clone)]
pub struct Meter(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    budget: Budget,
    requests: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    refused: AtomicU64,
    /// The first of them.
    told: Mutex<Vec<String>>,
    spent: watch::Sender<Option<Spent>>,
}

impl Meter {
    /// Begins at zero.
    pub fn new(budget: Budget) -> Self {
        Self(Arc::new(Counters {
            budget,
            requests: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            told: Mutex::default(),
            spent: watch::Sender::new(None),
        }))
    }

    /// Requests that were let through.
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Bytes of their bodies.
    pub fn sent_bytes(&self) -> u64 {
        self.0.sent_bytes.load(Ordering::Relaxed)
    }

    /// Bytes of the responses' bodies that the guest was given.
    pub fn received_bytes(&self) -> u64 {
        self.0.received_bytes.load(Ordering::Relaxed)
    }

    /// Requests that [`Options::allow`](crate::Options::allow) or [`Options::paths`](crate::Options::paths) did not let out.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// The first 16 of them, as method and URL. Written by the guest: names and ids are in it, control characters are not.
    pub fn refused_requests(&self) -> Vec<String> {
        self.told().clone()
    }

    /// Which part of the budget was used up first; none if it holds.
    pub fn spent(&self) -> Option<Spent> {
        *self.0.spent.borrow()
    }

    /// Waits until a part of the budget is used up. The guest is told of it by an error; a host that has no patience ends
    /// it here.
    pub async fn until_spent(&self) -> Spent {
        let mut changes = self.0.spent.subscribe();
        loop {
            let spent = *changes.borrow_and_update();
            if let Some(spent) = spent {
                return spent;
            }
            // The sender lives as long as this.
            let _ = changes.changed().await;
        }
    }

    pub(super) fn refuse(&self, method: &Method, uri: &Uri) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told();
        if told.len() < TOLD {
            let url = uri.to_string();
            told.push(format!(
                "{method} {}",
                url.chars().take(TOLD_URL).collect::<String>()
            ));
        }
    }

    /// False if there is none left, or no other part of the budget.
    pub(super) fn request(&self) -> bool {
        let budget = self.0.budget.requests;
        self.spent().is_none() && self.take(&self.0.requests, 1, budget, Spent::Requests)
    }

    /// This body, which fails where the budget ends.
    pub(super) fn counting_sent(self, body: WasiBody) -> WasiBody {
        self.counting(body, Self::send, || Error::HttpRequestBodySize(None))
    }

    /// This body, which fails where the budget ends.
    pub(super) fn counting_received(self, body: WasiBody) -> WasiBody {
        self.counting(body, Self::receive, || Error::HttpResponseBodySize(None))
    }

    fn counting(
        self,
        body: WasiBody,
        take: fn(&Self, usize) -> bool,
        error: fn() -> Error,
    ) -> WasiBody {
        Counted {
            body,
            meter: self,
            take,
            error,
        }
        .boxed_unsync()
    }

    fn send(&self, bytes: usize) -> bool {
        let budget = self.0.budget.sent_bytes;
        self.take(&self.0.sent_bytes, bytes as u64, budget, Spent::SentBytes)
    }

    fn receive(&self, bytes: usize) -> bool {
        let budget = self.0.budget.received_bytes;
        self.take(
            &self.0.received_bytes,
            bytes as u64,
            budget,
            Spent::ReceivedBytes,
        )
    }

    fn take(&self, used: &AtomicU64, amount: u64, budget: u64, spent: Spent) -> bool {
        let within = |used: u64| used.checked_add(amount).filter(|used| *used <= budget);
        let taken = used.try_update(Ordering::Relaxed, Ordering::Relaxed, within);
        if taken.is_err() {
            self.0.spent.send_if_modified(|first| {
                let is_first = first.is_none();
                first.get_or_insert(spent);
                is_first
            });
        }
        taken.is_ok()
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body under a meter.
struct Counted {
    body: WasiBody,
    meter: Meter,
    take: fn(&Meter, usize) -> bool,
    error: fn() -> Error,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        let bytes = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        if (this.take)(&this.meter, bytes) {
            Poll::Ready(frame)
        } else {
            Poll::Ready(Some(Err((this.error)())))
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_to_its_last_bit() {
        let meter = Meter::new(Budget {
            requests: 2,
            sent_bytes: 10,
            received_bytes: 10,
        });
        assert!(meter.request() && meter.request());
        assert!(meter.send(4) && meter.send(6) && meter.receive(10));
        assert_eq!(meter.spent(), None);
        assert!(!meter.receive(1));
        assert!(!meter.request() && !meter.send(1));
        assert_eq!(meter.spent(), Some(Spent::ReceivedBytes), "the first");
        assert_eq!(
            (meter.requests(), meter.sent_bytes(), meter.received_bytes()),
            (2, 10, 10)
        );
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_it() {
        let meter = Meter::new(Budget {
            requests: 0,
            ..Budget::default()
        });
        let other = meter.clone();
        assert!(!other.request());
        assert_eq!(meter.until_spent().await, Spent::Requests);
    }

    #[test]
    fn what_is_told_of_refusals_is_bounded() {
        let meter = Meter::new(Budget::default());
        let uri = format!("https://a.example/{}", "x".repeat(10_000))
            .parse()
            .unwrap();
        for _ in 0..100 {
            meter.refuse(&Method::GET, &uri);
        }
        assert_eq!(meter.refused(), 100);
        let told = meter.refused_requests();
        assert_eq!(told.len(), TOLD);
        assert!(told.iter().all(|one| one.len() == TOLD_URL + "GET ".len()));
    }
}
