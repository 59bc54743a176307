//! Waiting with an end.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};

use super::World;
use crate::core::clock::Nanos;

/// What the future comes to, if it does so before the monotonic clock shows `at`. A future that is ready at once needs
/// no clock.
pub(super) async fn until<W: World, F: Future>(
    world: &W,
    at: Nanos,
    future: F,
) -> Option<F::Output> {
    let (future, sleep) = (pin!(future), pin!(world.sleep_until(at)));
    match select(future, sleep).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// The operation, and a chore beside it that others will be glad of. When the operation ends first, the chore gets a
/// little longer, but not beyond `latest`, and is given up then.
pub(super) async fn with_chore<W: World, F: Future>(
    world: &W,
    operation: F,
    chore: impl Future<Output = ()>,
    grace: Nanos,
    latest: Option<Nanos>,
) -> F::Output {
    let (operation, chore) = (pin!(operation), pin!(chore));
    match select(operation, chore).await {
        Either::Left((output, chore)) => {
            let end = world.now().saturating_add(grace);
            until(world, end.min(latest.unwrap_or(end)), chore).await;
            output
        }
        Either::Right(((), operation)) => operation.await,
    }
}
