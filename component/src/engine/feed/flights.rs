//! Requests side by side: which of them are sent, and how they end (spec data-plane §2.5).

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::Call;
use super::asker::Asker;
use crate::core::clock::{Nanos, millis};
use crate::core::ranges::RangeMap;
use crate::core::request::Request;
use crate::core::{Error, Result};
use crate::engine::World;
use crate::engine::transport::Answer;

/// Before a partition is asked again that says it is gone when the container still has it.
const MOVE_PAUSE: Nanos = millis(200);

/// How a request to a leaf ended.
pub(super) enum Landed {
    Page(Box<Answer>),
    /// The partition is gone; these are there now.
    Moved(Rc<RangeMap>),
}

/// Requests under way, each with the number of its leaf.
pub(super) type Flights = Vec<(u32, LocalBoxFuture<'static, Result<Landed>>)>;

/// The number of a leaf and its request; none if it lies in several partitions by now.
pub(super) type Wanted = (u32, Option<Request>);

/// What is read leaf by leaf.
pub(super) trait Leaves<W: World> {
    /// The leaves that have to be asked, but those under way.
    fn wanted(&self, asker: &Asker<W>, flying: &[u32]) -> Result<Vec<Wanted>>;

    /// Requests under way at a time.
    fn concurrency(&self, asker: &Asker<W>) -> usize;

    /// The partitions as they were known last.
    fn ranges(&mut self) -> &mut Rc<RangeMap>;

    /// Cuts a leaf at their borders.
    fn repair(&mut self, leaf: u32) -> Result<()>;

    /// The partition of a leaf is gone, and these are there now.
    fn moved(&mut self, leaf: u32, ranges: Rc<RangeMap>) -> Result<()> {
        *self.ranges() = ranges;
        self.repair(leaf)
    }
}

impl<W: World> Asker<W> {
    /// Asks the leaves that are wanted. Those that lie in several partitions by now are cut first.
    pub(super) fn take_off(
        &self,
        leaves: &mut dyn Leaves<W>,
        call: &Call,
        flights: &mut Flights,
    ) -> Result<()> {
        let concurrency = leaves.concurrency(self);
        let mut cut = true;
        while cut {
            cut = false;
            let flying: Vec<u32> = flights.iter().map(|(leaf, _)| *leaf).collect();
            for (leaf, request) in leaves.wanted(self, &flying)? {
                if flights.len() >= concurrency {
                    return Ok(());
                }
                match request {
                    Some(request) => flights.push((leaf, self.ask(request, leaves.ranges(), call))),
                    None => {
                        leaves.repair(leaf)?;
                        cut = true;
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends a request, and finds out where the partition went if it is gone.
    fn ask(
        &self,
        request: Request,
        ranges: &Rc<RangeMap>,
        call: &Call,
    ) -> LocalBoxFuture<'static, Result<Landed>> {
        let id = request.range_id().map(str::to_owned);
        let at = request.scope.as_ref().map(|scope| scope.container.clone());
        let answer = self.send(request, call);
        let state = Rc::clone(&self.state);
        let (known, options) = (Rc::clone(ranges), Rc::clone(&self.options));
        let recorder = call.recorder.clone();
        async move {
            let error = match answer.await {
                Ok(answer) => return Ok(Landed::Page(Box::new(answer))),
                Err(error) => error,
            };
            let (Some(id), Some(at)) = (id.filter(|_| has_moved(&error)), at) else {
                return Err(error);
            };
            let found = state.ranges(&at, Some(&known), &options, &recorder).await;
            let Ok(ranges) = found else {
                return Err(error);
            };
            if ranges.by_id(&id).is_some() {
                let world = &state.transport.world;
                let at = recorder.now().saturating_add(MOVE_PAUSE);
                world.sleep_until(at).await;
                recorder.resume(world.now());
            }
            Ok(Landed::Moved(ranges))
        }
        .boxed_local()
    }
}

/// Whether the partition was split, merged or moved (spec §2.5).
fn has_moved(error: &Error) -> bool {
    error.status == Some(410) && matches!(error.sub_status, Some(1002 | 1007 | 1008))
}
