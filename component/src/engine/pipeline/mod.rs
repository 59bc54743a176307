//! The operation pipeline: one operation from its admission to its end, over as many attempts as its budgets allow
//! (spec driver-core §4.1). Every decision is the core's; this carries them out.

mod batch;
mod enter;
mod follow;
mod race;

use std::future::Future;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::World;
use super::attempt::{Ended, Plan};
use super::state::State;
use super::transport::Answer;
use crate::core::account::Target;
use crate::core::allowance::Allowance;
use crate::core::clock::Nanos;
use crate::core::container::Container;
use crate::core::diagnostics::{AttemptId, ExecutionContext, Recorder};
use crate::core::exchange::FailureCause;
use crate::core::options::Resolved;
use crate::core::ranges::RangeMap;
use crate::core::request::Request;
use crate::core::retry::{Decision, Ending, Facts, Limits, Spent, Step, decide};
use crate::core::router::Route;
use crate::core::throughput::GroupId;
use crate::core::{Error, Result, timeouts};
use crate::wire::headers::name;

/// One operation on its way.
pub(super) struct Pipeline<W: World> {
    state: Rc<State<W>>,
    request: Request,
    options: Rc<Resolved>,
    recorder: Recorder,
    route: Route,
    /// What it may spend.
    allowance: Allowance,
    spent: Spent,
    /// What the next attempt is.
    context: ExecutionContext,
    /// Attempts that ran out of time: the rung of the timeout ladder.
    rung: u32,
    container: Option<Rc<Container>>,
    /// The partition key ranges that told the partition.
    ranges: Option<Rc<RangeMap>>,
    /// Whether the container was looked up again already.
    recovered: bool,
    /// Whether the account was asked for because it was missed.
    sought: bool,
    /// Whether an attempt may have been carried out that was no success.
    unsure: bool,
    /// Whether the caller gave a session token.
    own_token: bool,
    /// The throughput group that pays.
    metered: Option<GroupId>,
    /// How the first source of an account document failed.
    primary: Option<Box<Error>>,
    /// The operation that failed in a batch which may succeed later.
    refused: Option<Box<Error>>,
}

impl<W: World> Pipeline<W> {
    // Once is enough of so many fields.
    #[inline(never)]
    pub(super) fn new(
        state: &Rc<State<W>>,
        request: Request,
        options: &Rc<Resolved>,
        recorder: &Recorder,
        route: Route,
    ) -> Box<Self> {
        Box::new(Self {
            state: Rc::clone(state),
            own_token: request.header(name::SESSION_TOKEN).is_some(),
            request,
            options: Rc::clone(options),
            recorder: recorder.clone(),
            route,
            allowance: Allowance::default(),
            metered: None,
            spent: Spent::default(),
            context: ExecutionContext::Initial,
            rung: 0,
            container: None,
            ranges: None,
            recovered: false,
            sought: false,
            unsure: false,
            primary: None,
            refused: None,
        })
    }

    /// Everything before the first attempt that needs no waiting, as for all but the first operations; false if something
    /// has to be waited for.
    pub(super) fn begin(&mut self) -> Result<bool> {
        if !self.is_ready() {
            return Ok(false);
        }
        self.bind()?;
        let waits = self.take_turn()?;
        Ok(!waits)
    }

    /// An operation of the caller's, which was admitted.
    pub(super) async fn complete(&mut self) -> Result<Answer> {
        if !self.is_ready() {
            Box::pin(self.get_ready()).await?;
        }
        self.bind()?;
        if self.take_turn()? {
            Box::pin(self.wait_for_turn()).await;
        }
        self.run().await
    }

    /// The same for whoever wants nothing but the answer. Begins at the first poll.
    pub(super) fn completed(mut self: Box<Self>) -> LocalBoxFuture<'static, Result<Answer>> {
        async move { self.complete().await }.boxed_local()
    }

    /// Attempts until one succeeds or nothing more may be tried. What happens rarely is boxed: the future is moved about
    /// with every operation.
    pub(super) async fn run(&mut self) -> Result<Answer> {
        loop {
            let now = self.recorder.now();
            let mut target = self.choose(now);
            let ended = match self.hedging(&target) {
                None => {
                    let context = if self.route.is_probe() {
                        ExecutionContext::CircuitBreakerProbe
                    } else {
                        self.context
                    };
                    let (_, attempt) = self.attempt(&self.plan(Rc::clone(&target), context));
                    attempt.await
                }
                Some(hedging) => {
                    let ended;
                    (target, ended) = Box::pin(self.run_race(target, hedging)).await;
                    ended
                }
            };
            let good = matches!(&ended, Ok(answer) if self.learn(&target, answer));
            let mut ended = match ended {
                Ok(answer) if good && !self.request.is_batch() => return Ok(answer),
                Ok(mut answer) if good => {
                    if self.conclude(&mut answer)? {
                        return Ok(answer);
                    }
                    Ok(answer)
                }
                ended => ended,
            };
            if timed_out(&ended) {
                self.rung = self.rung.saturating_add(1);
            }
            let mut decision = self.judge(&target, &ended);
            if decision.elsewhere && self.is_lost() {
                (ended, decision) = Box::pin(self.seek_regions(&target, ended)).await?;
            }
            if decision.step == Step::RecoverContainer {
                ended = self.check_allowance(&target, ended)?;
                if !self.request.is_tied() && Box::pin(self.recover_container()).await? {
                    continue;
                }
                // It is the same container: the answer has another reason. Or the request has no place in another one.
                decision = self.judge(&target, &ended);
            }
            self.blame(&target, &decision);
            Box::pin(self.follow(&target, ended, decision)).await?;
            self.refused = None;
        }
    }

    /// Where the next attempt goes, dressed for it.
    fn choose(&mut self, now: Nanos) -> Rc<Target> {
        let state = Rc::clone(&self.state);
        let target = state.router.borrow_mut().choose(&mut self.route, now);
        self.dress();
        target
    }

    /// What may have changed since the last attempt.
    fn dress(&mut self) {
        if !self.request.goes_to_readers() && self.state.router.borrow().multi_write() {
            self.request
                .set_header(name::ALLOW_TENTATIVE_WRITES, "true");
        }
        if self.route.is_hub_only() {
            self.request.set_header(name::HUB_REGION_ONLY, "True");
        }
    }

    fn attempt(&mut self, plan: &Plan) -> (AttemptId, impl Future<Output = Ended> + use<W>) {
        let state = Rc::clone(&self.state);
        state.attempt(&mut self.request, &self.options, plan, &self.recorder)
    }

    fn plan(&self, target: Rc<Target>, context: ExecutionContext) -> Plan {
        let class = self.request.timeout_class();
        let bounded = self.allowance.deadline.is_some();
        let policy = timeouts::attempt(class, self.rung, bounded, &self.state.runtime.timeouts);
        Plan {
            target,
            context,
            fallback: self.route.fallback(),
            timeout: self.allowance.attempt_timeout(self.recorder.now(), policy),
        }
    }

    fn judge(&self, target: &Rc<Target>, ended: &Ended) -> Decision {
        let now = self.recorder.now();
        let router = self.state.router.borrow();
        let ending = match ended {
            Ok(answer) => Ending::Answer {
                status: answer.status,
                sub_status: answer.headers.sub_status.unwrap_or(0),
            },
            Err(failure) => Ending::Failure {
                sent: failure.sent,
                cause: failure.cause,
            },
        };
        let not_the_hub = matches!(
            ending,
            Ending::Answer {
                status: 403,
                sub_status: 3
            }
        );
        let other_hub = not_the_hub && router.has_other_hub(&self.route, target);
        let deadline = self.allowance.deadline;
        decide(&Facts {
            ending,
            class: self.class(),
            multi_write: router.multi_write(),
            hub_only: self.route.is_hub_only(),
            partition_failover: router.fails_over(&self.route),
            breaker: router.watches(&self.route),
            other_endpoint: other_hub || router.has_other(&self.route, target),
            endpoints: router.endpoints(&self.route),
            recoverable: self.is_recoverable(),
            retry_after: self.retry_after(ended),
            pause: if timed_out(ended) {
                timeouts::pause(self.request.timeout_class(), self.rung)
            } else {
                0
            },
            remaining: deadline.map(|at| at.saturating_sub(now)),
            random: self.state.ids.next_random(),
            limits: self.limits(),
            spent: self.spent,
        })
    }

    /// What the options say. But the account is asked for at every source, and no more than three times if there are
    /// fewer.
    fn limits(&self) -> Limits {
        let mut limits = self.options.limits();
        if let Some(sources) = self.route.own_list() {
            let others = u32::try_from(sources).unwrap_or(u32::MAX).saturating_sub(1);
            limits.failovers = limits.failovers.min(2).max(others);
        }
        limits
    }

    /// Whether regions are unknown that might help. Without an answer the operation stays where it is, and asks no more.
    fn is_lost(&self) -> bool {
        self.state.account.ready().is_none() && !self.sought && self.route.own_list().is_none()
    }

    /// Whether the container may be looked up again (spec §12.4).
    fn is_recoverable(&self) -> bool {
        self.container.is_some() && !self.recovered && !self.has_own_token()
    }

    /// Marks who is at fault.
    fn blame(&mut self, target: &Rc<Target>, decision: &Decision) {
        let (now, random) = (self.recorder.now(), self.state.ids.next_random());
        let state = Rc::clone(&self.state);
        let mut router = state.router.borrow_mut();
        router.failed(&mut self.route, target, decision, now, random);
        if decision.mark_partition
            && self.route.partition().is_none()
            && self.container.is_some()
            && router.cares_for_partition(&self.route)
            && let Some(scope) = &self.request.scope
        {
            self.state.containers.miss_ranges(&scope.container);
        }
    }
}

fn timed_out(ended: &Ended) -> bool {
    matches!(ended, Err(failure) if failure.cause == FailureCause::Timeout)
}

impl<W: World> Drop for Pipeline<W> {
    fn drop(&mut self) {
        let state = Rc::clone(&self.state);
        state.router.borrow_mut().leave(&mut self.route);
    }
}
