//! Waiting with an end. Futures are handed over pinned: moving a large one costs as much as a host call.

use std::future::Future;
use std::pin::{Pin, pin};

use futures_util::future::{Either, select};

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
