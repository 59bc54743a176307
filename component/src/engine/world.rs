//! The outside world, as the driver sees it.

use std::future::Future;

use crate::core::exchange::{HttpRequest, HttpResponse, TransportFailure};

/// Sends, tells the time, and rolls dice.
pub trait World: 'static {
    /// Sends a request and reads the whole response, the upload and the response side by side: a response that comes
    /// before the upload ends is the answer. Does not follow redirects.
    fn send(
        &self,
        request: HttpRequest<'_>,
    ) -> impl Future<Output = Result<HttpResponse, TransportFailure>>;

    /// Monotonic nanoseconds.
    fn now(&self) -> u64;

    /// Seconds since 1970, for the date of a request.
    fn unix_seconds(&self) -> u64;

    /// 128 random bits.
    fn random(&self) -> (u64, u64);
}
