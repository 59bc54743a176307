//! Waiting with an end. Futures are handed over pinned: moving a large one costs as much as a host call.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::future::{Either, LocalBoxFuture, select};

use super::World;
use crate::core::clock::Nanos;

/// What the future comes to, if it does so before the monotonic clock shows `at`. A future that is ready at once needs
/// no clock.
pub(super) async fn until<W: World, F: Future>(
    world: &W,
    at: Nanos,
    future: Pin<&mut F>,
) -> Option<F::Output> {
    match select(future, pin!(world.sleep_until(at))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// The operation, and a chore beside it that others will be glad of. When the operation ends first, the chore gets a
/// little longer, but not beyond `latest`, and is given up then.
pub(super) async fn with_chore<W: World, F: Future>(
    world: &W,
    operation: Pin<&mut F>,
    mut chore: Pin<Box<dyn Future<Output = ()>>>,
    grace: Nanos,
    latest: Option<Nanos>,
) -> F::Output {
    match select(operation, chore.as_mut()).await {
        Either::Left((output, _)) => {
            let end = world.now().saturating_add(grace);
            until(world, end.min(latest.unwrap_or(end)), pin!(chore)).await;
            output
        }
        Either::Right(((), operation)) => operation.await,
    }
}

/// What the first of several futures comes to, with its name; it is taken out. None if there are none.
pub(super) async fn first<K: Copy, T>(
    futures: &mut Vec<(K, LocalBoxFuture<'static, T>)>,
) -> Option<(K, T)> {
    poll_fn(|context| {
        for at in 0..futures.len() {
            if let Some((name, future)) = futures.get_mut(at)
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                let name = *name;
                drop(futures.remove(at));
                return Poll::Ready(Some((name, output)));
            }
        }
        match futures.is_empty() {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}
