//! Between attempts: what was learned, what is marked, and the way to the next one.

use std::rc::Rc;

use super::{Ended, Pipeline};
use crate::core::account::Target;
use crate::core::allowance::Verdict;
use crate::core::clock::Nanos;
use crate::core::container::is_stale;
use crate::core::diagnostics::{ExecutionContext, RequestSent};
use crate::core::retry::{Decision, Direction, Step};
use crate::core::session::captures;
use crate::core::{Error, Result, explain};
use crate::engine::World;
use crate::engine::transport::Answer;
use crate::wire::headers::name;

impl<W: World> Pipeline<W> {
    /// What every answer tells, good or bad. Says whether it is a success.
    pub(super) fn learn(&mut self, target: &Rc<Target>, answer: &Answer) -> bool {
        let success = explain::is_success(self.request.is_read(), answer.status);
        self.charge(answer);
        let said = (answer.status, answer.headers.sub_status);
        let random = self.state.ids.next_random();
        let mut router = self.state.router.borrow_mut();
        router.answered(&mut self.route, target, said, success, random);
        drop(router);
        self.capture(target, answer);
        success
    }

    /// Who answered a request that is not about items: whatever goes on after the answer has to go there.
    pub(in crate::engine) fn answered_by(&self) -> Option<Rc<Target>> {
        self.route.pin().cloned()
    }

    /// The throughput group pays.
    pub(super) fn charge(&self, answer: &Answer) {
        let Some(id) = self.metered else { return };
        let mut groups = self.state.runtime.groups.borrow_mut();
        if let Some(meter) = groups.meter(id) {
            meter.charge(answer.headers.request_charge, self.recorder.now());
        }
    }

    /// Remembers how far the session has got.
    fn capture(&mut self, target: &Rc<Target>, answer: &Answer) {
        let Some(scope) = &self.request.scope else {
            // Unless it is a success, what follows turns elsewhere if it has to.
            self.route.turn(Direction::Same, target);
            return;
        };
        let Some(token) = &answer.headers.session_token else {
            return;
        };
        if self.options.session_capturing_disabled
            || !captures(answer.status, answer.headers.sub_status)
        {
            return;
        }
        // As it is known now: the answer may be late, and the container another one by this time.
        // Whoever did not ask for a container by its id believes the answer: what is known may be outdated.
        let asked = self.container.as_ref();
        let known = asked.and_then(|_| self.state.containers.definition_of(&scope.container));
        let known = known.as_ref().map(|container| container.rid.as_str());
        let answered = answer.headers.other(name::CONTENT_PATH);
        let mut sessions = self.state.sessions.borrow_mut();
        sessions.capture(&scope.container, known, answered, token);
    }

    /// Goes where the decision says; an error ends the operation.
    pub(super) async fn follow(
        &mut self,
        target: &Rc<Target>,
        ended: Ended,
        decision: Decision,
    ) -> Result<()> {
        self.spent = decision.spent;
        self.unsure |= match &ended {
            Ok(answer) => explain::is_ambiguous(answer.status),
            Err(failure) => failure.sent != RequestSent::NotSent,
        };
        match decision.step {
            // An attempt that was cut at the operation's deadline says so, even if it was the last one anyway.
            Step::Surface if ended.is_ok() || !self.is_over() => {
                if lags(&ended) {
                    Box::pin(self.doubt_the_session()).await;
                }
                Err(self.surface(target, ended))
            }
            Step::Surface | Step::OutOfTime => {
                let cause = self.surface(target, ended);
                Err(self.out_of_time(cause))
            }
            Step::Retry {
                direction,
                delay,
                context,
            } => {
                if self.route.own_list().is_some() {
                    // It is the account itself that is being read.
                    self.keep_primary(target, ended, direction);
                } else {
                    let _ = self.check_allowance(target, ended)?;
                    if decision.refresh_account {
                        self.state.account_event(&self.recorder).await;
                    }
                }
                self.context = context;
                self.route.turn(direction, target);
                self.rest(delay).await;
                Ok(())
            }
            // Whoever named the partition finds those that took its place.
            Step::RefreshRanges if self.request.is_to_range() => Err(self.surface(target, ended)),
            Step::RefreshRanges => {
                let _ = self.check_allowance(target, ended)?;
                self.refresh_ranges().await?;
                self.context = ExecutionContext::OperationRetry;
                Ok(())
            }
            // Tried, and it is the same container.
            Step::RecoverContainer => Err(self.surface(target, ended)),
        }
    }

    /// A lean driver looks where else it could go, and decides again.
    pub(super) async fn seek_regions(
        &mut self,
        target: &Rc<Target>,
        ended: Ended,
    ) -> Result<(Ended, Decision)> {
        let ended = self.check_allowance(target, ended)?;
        self.sought = true;
        let found = self.state.topology(&self.recorder).await;
        let mut decision = self.judge(target, &ended);
        decision.refresh_account &= found.is_err();
        Ok((ended, decision))
    }

    /// A lean driver does not know whether the container that its session tokens are of still exists. When no region has
    /// what they say, it finds out, so that the next operation does not wait for a container that is gone.
    async fn doubt_the_session(&self) {
        let Some(scope) = &self.request.scope else {
            return;
        };
        let sent = self.request.header(name::SESSION_TOKEN).is_some();
        if !sent || self.container.is_some() || self.has_own_token() {
            return;
        }
        let (at, options) = (&scope.container, &self.options);
        let (state, recorder) = (&self.state, &self.recorder);
        // From a feed, or from a snapshot: it may be of the container that is gone.
        let known = state.containers.definition_of(at);
        let found = state.container(at, known.as_ref(), options, recorder);
        let Ok(found) = found.await else { return };
        state.sessions.borrow_mut().recreated(at, &found.rid);
        if known.is_some_and(|known| known.rid != found.rid) {
            state.containers.forget_ranges(at);
        }
    }

    /// Waits, and lets the record go on from there.
    pub(super) async fn rest(&self, pause: Nanos) {
        if pause > 0 {
            let world = &self.state.transport.world;
            world
                .sleep_until(self.recorder.now().saturating_add(pause))
                .await;
            self.recorder.resume(world.now());
        }
    }

    /// Looks the container up again; true if it is another one now (spec §12.4).
    pub(super) async fn recover_container(&mut self) -> Result<bool> {
        self.recovered = true;
        let (Some(scope), Some(known)) = (&self.request.scope, self.container.take()) else {
            return Ok(false);
        };
        let at = scope.container.clone();
        let found = self
            .state
            .container(&at, Some(&known), &self.options, &self.recorder)
            .await?;
        let other = found.rid != known.rid;
        if other {
            self.state.sessions.borrow_mut().recreated(&at, &found.rid);
            self.state.containers.forget_ranges(&at);
            found.bind(&mut self.request)?;
        }
        self.container = Some(found);
        if other {
            self.get_ranges().await;
            self.find_partition();
            self.add_session_token()?;
        }
        self.context = ExecutionContext::OperationRetry;
        Ok(other)
    }

    /// Reads the ranges again that told the partition, once for all operations that they misled. Another partition may have
    /// the item now, and needs another token.
    async fn refresh_ranges(&mut self) -> Result<()> {
        let (Some(scope), Some(known)) = (&self.request.scope, self.ranges.take()) else {
            return Ok(());
        };
        let at = scope.container.clone();
        let _ = self
            .state
            .ranges(&at, Some(&known), &self.options, &self.recorder)
            .await;
        self.find_partition();
        self.add_session_token()
    }

    /// When no source of the account document answers, the error of the first one tells most.
    fn keep_primary(&mut self, target: &Target, ended: Ended, direction: Direction) {
        if self.primary.is_none() && direction == Direction::Next {
            self.primary = Some(self.surface(target, ended));
        }
    }

    /// The error for how the last attempt ended.
    fn surface(&mut self, target: &Target, ended: Ended) -> Box<Error> {
        let (name, read) = (self.request.name, self.request.is_read());
        if let Some(error) = self.refused.take() {
            return self.last_form(error);
        }
        let error = match ended {
            Err(failure) => explain::failure(name, read, target.endpoint.url(), &failure),
            Ok(answer) => {
                if let Some(scope) = &self.request.scope
                    && is_stale(answer.status, answer.headers.sub_status)
                {
                    self.state.containers.forget(&scope.container);
                }
                self.state.transport.refusal((name, read), answer)
            }
        };
        match self.primary.take() {
            // Who is not let in learns that, wherever it was said.
            Some(primary) if !matches!(error.status, Some(401 | 403)) => primary,
            _ => self.last_form(error),
        }
    }

    /// Whether the deadline has come.
    fn is_over(&self) -> bool {
        let now = self.recorder.now();
        self.allowance
            .deadline
            .is_some_and(|deadline| now >= deadline)
    }

    fn out_of_time(&self, cause: Box<Error>) -> Box<Error> {
        explain::out_of_time(self.request.name, self.options.end_to_end_timeout, cause)
    }

    /// Whether the caller's budget allows another attempt.
    pub(super) fn check_allowance(&mut self, target: &Target, ended: Ended) -> Result<Ended> {
        match self
            .allowance
            .may_start(self.recorder.request_charge(), self.recorder.now())
        {
            Verdict::Go => Ok(ended),
            Verdict::DeadlinePassed => {
                let cause = self.surface(target, ended);
                Err(self.out_of_time(cause))
            }
            Verdict::RuSpent => {
                let cause = self.surface(target, ended);
                Err(explain::ru_budget_spent(self.request.name, cause))
            }
        }
    }
}

/// Whether a region has not caught up with the session.
fn lags(ended: &Ended) -> bool {
    let lagging = |answer: &Answer| (answer.status, answer.headers.sub_status) == (404, Some(1002));
    ended.as_ref().is_ok_and(lagging)
}
