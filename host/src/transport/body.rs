//! The response's body under the guest's timeout.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;
use wasmtime_wasi_http::Error;

use super::failure;

/// Fails when the service is silent for too long while the guest waits. The time in which the guest does not read
/// does not count.
pub(super) struct TimedBody {
    inner: Incoming,
    timeout: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    pub(super) fn new(inner: Incoming, timeout: Duration) -> Self {
        Self {
            inner,
            timeout,
            silence: None,
        }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.silence = None;
            return Poll::Ready(
                frame.map(|frame| frame.map_err(|error| failure::after_head(&error))),
            );
        }
        let timeout = this.timeout;
        let silence = this
            .silence
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(silence.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
