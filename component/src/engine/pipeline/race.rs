//! Hedging: the first attempt of a read against a second one elsewhere, once the first has taken long (spec §7.1).

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures_util::future::{Either, select};

use super::Pipeline;
use crate::core::account::Target;
use crate::core::clock::Nanos;
use crate::core::diagnostics::{AttemptId, ExecutionContext, Hedge, elapsed_ms};
use crate::core::hedging::{
    self, Ending, Facts, Plan, Race, RequestClass, Settings, Step, Strategy,
};
use crate::core::query::NAME;
use crate::core::retry::Direction;
use crate::engine::World;
use crate::engine::attempt::{Ended, Plan as Attempt};
use crate::engine::state::State;
use crate::engine::wait;
use crate::wire::headers::name;

/// Why the second request goes elsewhere.
const HEDGE: &str = "hedge";

/// A race that may be run.
pub(super) struct Hedging {
    plan: Plan,
    class: RequestClass,
    alternate: Rc<Target>,
}

/// One of the two requests.
#[derive(Clone)]
struct Leg {
    target: Rc<Target>,
    id: AttemptId,
    is_primary: bool,
}

/// A metadata race counts while it runs, however it ends.
struct Permit<'a, W: World>(&'a State<W>);

impl<'a, W: World> Permit<'a, W> {
    fn new(state: &'a State<W>) -> Self {
        state
            .metadata_hedges
            .update(|count| count.saturating_add(1));
        Self(state)
    }
}

impl<W: World> Drop for Permit<'_, W> {
    fn drop(&mut self) {
        self.0
            .metadata_hedges
            .update(|count| count.saturating_sub(1));
    }
}

impl<W: World> Pipeline<W> {
    /// Whether this attempt may race, and against which region.
    pub(super) fn hedging(&self, primary: &Target) -> Option<Hedging> {
        let class = self.hedging_class();
        if class == RequestClass::Other || self.context != ExecutionContext::Initial {
            return None;
        }
        let router = self.state.router.borrow();
        if router.read_regions() < 2 {
            return None;
        }
        let applicable = router.applicable(&self.route);
        let facts = Facts {
            class,
            settings: Settings {
                enabled_override: None,
                enabled: Some(self.options.hedging),
                strategy: self
                    .options
                    .hedging_threshold
                    .map(|own| Strategy::Hedging(Some(own))),
            },
            account_disabled: router.hedging_disabled(),
            regions: applicable.len(),
            first_attempt: true,
            pinned: self.route.is_pinned(),
            timeout: self.options.end_to_end_timeout,
            metadata_hedges: self.state.metadata_hedges.get(),
            max_metadata_hedges: self.state.max_metadata_hedges,
        };
        let plan = hedging::plan(&facts)?;
        let alternate = hedging::alternate(&applicable, primary)?;
        Some(Hedging {
            plan,
            class,
            alternate,
        })
    }

    fn hedging_class(&self) -> RequestClass {
        match self.request.name {
            "read_item" => RequestClass::ItemRead,
            NAME if !self.request.is_to_range() => RequestClass::SinglePartitionQuery,
            "read_container" => RequestClass::ContainerRead,
            // Where a later page begins is known only to the region that gave the first.
            "read_partition_key_ranges" if self.request.header(name::IF_NONE_MATCH).is_none() => {
                RequestClass::FirstRangesPage
            }
            _ => RequestClass::Other,
        }
    }

    /// The first attempt, and a second one if that takes long. Gives the attempt that decides, and where it went.
    pub(super) async fn run_race(
        &mut self,
        primary: Rc<Target>,
        hedging: Hedging,
    ) -> (Rc<Target>, Ended) {
        let state = Rc::clone(&self.state);
        let world = &state.transport.world;
        let metadata = matches!(
            hedging.class,
            RequestClass::ContainerRead | RequestClass::FirstRangesPage
        );
        let _permit = metadata.then(|| Permit::new(&state));
        let threshold = self.recorder.now().saturating_add(hedging.plan.threshold);
        let plan = self.plan(Rc::clone(&primary), self.context);
        let (first, attempt) = self.attempt(&plan);
        let mut attempt = pin!(attempt);
        let alone = if self.harvest(&hedging).is_some_and(|at| at <= threshold) {
            Some(attempt.as_mut().await)
        } else {
            wait::until(world, threshold, attempt.as_mut()).await
        };
        let primary = Leg {
            target: primary,
            id: first,
            is_primary: true,
        };
        if let Some(ended) = alone {
            self.settle_alone(&hedging, &primary, &ended);
            return (primary.target, ended);
        }
        let mut race = Race::default();
        race.on_threshold();
        self.recorder.resume(world.now());
        let (second, alternate) = self.attempt(&self.second_plan(&hedging));
        let mut alternate = pin!(alternate);
        let other = Leg {
            target: Rc::clone(&hedging.alternate),
            id: second,
            is_primary: false,
        };
        match select(attempt.as_mut(), alternate.as_mut()).await {
            Either::Left((ended, _)) => {
                self.settle(race, &hedging, (primary, ended), (other, alternate))
                    .await
            }
            Either::Right((ended, _)) => {
                self.settle(race, &hedging, (other, ended), (primary, attempt))
                    .await
            }
        }
    }

    /// When it is too late to send anything more.
    fn harvest(&self, hedging: &Hedging) -> Option<Nanos> {
        let deadline = self.allowance.deadline?;
        Some(deadline.saturating_sub(hedging.plan.harvest))
    }

    fn second_plan(&self, hedging: &Hedging) -> Attempt {
        let target = Rc::clone(&hedging.alternate);
        let preferred = self.state.router.borrow().prefers(&self.route, &target);
        Attempt {
            fallback: (!preferred).then_some(HEDGE),
            ..self.plan(target, ExecutionContext::Hedging)
        }
    }

    /// The first attempt has ended before the second one was due. That it won is not worth a record.
    fn settle_alone(&self, hedging: &Hedging, primary: &Leg, ended: &Ended) {
        if is_final(ended) {
            self.state
                .router
                .borrow_mut()
                .hedge_lost(&self.route, &primary.target);
        } else if self.is_late() {
            let mut race = Race::default();
            race.on_deadline();
            self.note(&race, hedging, primary);
        }
    }

    fn is_late(&self) -> bool {
        self.allowance
            .deadline
            .is_some_and(|at| self.recorder.now() >= at)
    }

    /// One leg has ended. If that does not decide, the other one does, unless time is up.
    async fn settle(
        &mut self,
        mut race: Race,
        hedging: &Hedging,
        (lead, ended): (Leg, Ended),
        (other, rest): (Leg, Pin<&mut dyn Future<Output = Ended>>),
    ) -> (Rc<Target>, Ended) {
        let world = Rc::clone(&self.state);
        let world = &world.transport.world;
        let primary = if lead.is_primary {
            lead.clone()
        } else {
            other.clone()
        };
        if self.is_late() && ended.is_err() {
            // Nobody has ended: both were cut.
            race.on_deadline();
            self.recorder.time_out(world.now());
            self.note(&race, hedging, &primary);
            return (lead.target, ended);
        }
        if self.tell(&mut race, hedging, &lead, &ended) != Step::Wait {
            self.recorder.cancel(other.id, self.recorder.now());
            self.note(&race, hedging, &primary);
            return (lead.target, ended);
        }
        if let Ok(answer) = &ended {
            self.charge(answer);
        }
        let last = match self.harvest(hedging) {
            Some(at) => wait::until(world, at, pin!(rest)).await,
            None => Some(rest.await),
        };
        let Some(last) = last else {
            race.on_deadline();
            self.recorder.cancel(other.id, world.now());
            self.note(&race, hedging, &primary);
            // What has arrived is all that there will be.
            self.allowance.deadline = Some(self.recorder.now());
            return (lead.target, ended);
        };
        // Whoever wins, the first to end has failed.
        let decision = self.judge(&lead.target, &ended);
        self.blame(&lead.target, &decision);
        if self.tell(&mut race, hedging, &other, &last) == Step::BothTransient {
            self.spent.failovers = self.spent.failovers.saturating_add(1);
            self.route.turn(Direction::Next, &lead.target);
        }
        self.note(&race, hedging, &primary);
        (other.target, last)
    }

    fn tell(&self, race: &mut Race, hedging: &Hedging, leg: &Leg, ended: &Ended) -> Step {
        if leg.is_primary {
            return race.on_primary(is_final(ended));
        }
        let is_final = ended.as_ref().is_ok_and(|answer| {
            let sub_status = answer.headers.sub_status;
            let hub_only = self.route.is_hub_only();
            hedging::is_final_from_alternate(hedging.class, hub_only, answer.status, sub_status)
        });
        race.on_alternate(is_final)
    }

    /// Records how the race ended, and lets the circuit breaker know.
    fn note(&self, race: &Race, hedging: &Hedging, primary: &Leg) {
        let ending = race.ending();
        let mut router = self.state.router.borrow_mut();
        match ending {
            Ending::AlternateWon => {
                let random = self.state.ids.next_random();
                router.hedge_won(&self.route, &primary.target, self.recorder.now(), random);
            }
            Ending::PrimaryWonAfterHedge => router.hedge_lost(&self.route, &primary.target),
            _ => {}
        }
        self.recorder.hedged(Hedge {
            ending: ending.name(),
            threshold_ms: elapsed_ms(0, hedging.plan.threshold),
            primary: primary.target.region.clone(),
            alternate: hedging.alternate.region.clone(),
        });
    }
}

fn is_final(ended: &Ended) -> bool {
    ended
        .as_ref()
        .is_ok_and(|answer| hedging::is_final(answer.status, answer.headers.sub_status))
}
