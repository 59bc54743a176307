//! The outside world, as the driver sees it.

use std::future::Future;

use crate::core::clock::Nanos;
use crate::core::exchange::{Head, HttpResponse, TransportFailure};

/// Sends, tells the time, and rolls dice.
pub trait World: 'static {
    /// A request whose head has been handed over.
    type Outgoing;

    /// Hands over the head of a request. Apart from [`send`](Self::send), so that the headers need not live, or be
    /// copied, while it waits.
    ///
    /// # Errors
    /// The head was refused; nothing was sent.
    fn begin(&self, head: &Head<'_>) -> Result<Self::Outgoing, TransportFailure>;

    /// Sends the request and reads the whole response, the upload and the response side by side: a response that
    /// comes before the upload ends is the answer. Does not follow redirects.
    fn send(
        &self,
        outgoing: Self::Outgoing,
        body: Option<&[u8]>,
    ) -> impl Future<Output = Result<HttpResponse, TransportFailure>>;

    /// Monotonic time.
    fn now(&self) -> Nanos;

    /// Waits until the monotonic clock shows `at`.
    fn sleep_until(&self, at: Nanos) -> impl Future<Output = ()>;

    /// Seconds since 1970, for the date of a request.
    fn unix_seconds(&self) -> u64;

    /// 128 random bits.
    fn random(&self) -> (u64, u64);
}
