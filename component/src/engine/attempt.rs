//! One attempt: faults, the clock, the record.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use super::World;
use super::state::State;
use super::transport::Answer;
use super::wait;
use crate::core::account::Target;
use crate::core::clock::{MILLI, Nanos};
use crate::core::diagnostics::{
    AttemptId, Departure, ExecutionContext, FaultEvaluation, Pipeline, Recorder, RequestSent,
};
use crate::core::exchange::{FailureCause, HttpResponse, TransportFailure};
use crate::core::faults::{Applied, Effect, FaultOperation, FaultRequest, Record};
use crate::core::options::Resolved;
use crate::core::request::Request;
use crate::wire::headers::name;

/// What the network, or a fault in its place, came to.
type Responded = std::result::Result<HttpResponse, TransportFailure>;

/// How an attempt ended.
pub(super) type Ended = std::result::Result<Answer, TransportFailure>;

/// What an attempt is besides its request.
pub(super) struct Plan {
    pub(super) target: Rc<Target>,
    pub(super) context: ExecutionContext,
    /// How long it may take.
    pub(super) timeout: Nanos,
    /// Its beginning, if that is not the end of the one before.
    pub(super) start: Option<Nanos>,
}

impl<W: World> State<W> {
    /// Begins an attempt: the head is handed over before this returns, the rest is up to the future. Dropping the future
    /// abandons the request, but leaves the record open.
    pub(super) fn attempt(
        self: &Rc<Self>,
        request: &mut Request,
        options: &Resolved,
        plan: &Plan,
        recorder: &Recorder,
    ) -> (AttemptId, impl Future<Output = Ended> + use<W>) {
        let pipeline = if request.is_data_plane() {
            Pipeline::DataPlane
        } else {
            Pipeline::Metadata
        };
        let token = request.header(name::SESSION_TOKEN).map_or(0, <[u8]>::len);
        let id = recorder.depart(&Departure {
            operation_name: request.name,
            read: request.is_read(),
            context: plan.context,
            pipeline,
            region: plan.target.region.as_deref(),
            endpoint: plan.target.endpoint.url(),
            fallback: None,
            session_token_bytes: u32::try_from(token).unwrap_or(u32::MAX),
            at: plan.start,
        });
        let start = plan.start.unwrap_or_else(|| recorder.now());
        let fault = self.fault(request, &plan.target, recorder, id, start);
        let outgoing = self.transport.begin(
            request,
            &options.custom_headers,
            plan,
            self.runtime.timeouts.connect,
            recorder.activity_id(),
        );
        let (state, recorder) = (Rc::clone(self), recorder.clone());
        let (body, timeout) = (request.body.clone(), plan.timeout);
        let future = async move {
            let exchange = async {
                let bytes = body.as_deref().map(Vec::as_slice);
                match (outgoing, fault) {
                    (Err(failure), _) => Err(failure),
                    (Ok(outgoing), None) => state.transport.world.send(outgoing, bytes).await,
                    (Ok(outgoing), Some(fault)) => {
                        Box::pin(state.inject(outgoing, bytes, fault, &recorder, id)).await
                    }
                }
            };
            let at = start.saturating_add(timeout);
            let response = wait::until(&state.transport.world, at, pin!(exchange)).await;
            let timed_out = response.is_none();
            let response = response.unwrap_or_else(|| Err(silent(timeout)));
            let ended = response.and_then(|response| state.transport.complete(response));
            land(
                &recorder,
                id,
                state.transport.world.now(),
                &ended,
                timed_out,
            );
            ended
        };
        (id, future)
    }

    /// Carries out a fault, in place of the request or around it.
    async fn inject(
        &self,
        outgoing: W::Outgoing,
        bytes: Option<&[u8]>,
        fault: Applied,
        recorder: &Recorder,
        id: AttemptId,
    ) -> Responded {
        let world = &self.transport.world;
        let Effect::DiscardSuccess {
            failure,
            reservation,
        } = fault.effect
        else {
            self.rest(fault.delay).await;
            return match fault.effect {
                Effect::Respond(response) => Ok(response),
                Effect::Fail(failure) => Err(failure),
                _ => world.send(outgoing, bytes).await,
            };
        };
        let response = world.send(outgoing, bytes).await?;
        if !matches!(response.status, 200..=299) {
            return Ok(response);
        }
        recorder.note_faults(id, vec![evaluation(&reservation.commit())]);
        self.rest(fault.delay).await;
        Err(failure)
    }

    async fn rest(&self, delay: Nanos) {
        if delay > 0 {
            let world = &self.transport.world;
            world.sleep_until(world.now().saturating_add(delay)).await;
        }
    }

    /// The fault that strikes this attempt, if any. No rules cost nothing.
    fn fault(
        &self,
        request: &Request,
        target: &Target,
        recorder: &Recorder,
        id: AttemptId,
        now: Nanos,
    ) -> Option<Applied> {
        if self.faults.borrow().is_empty() {
            return None;
        }
        let facts = FaultRequest {
            operation: FaultOperation::of(request.name),
            region: target.region.as_deref(),
            host: target.endpoint.authority(),
            path: request.link.path(),
        };
        let found = self
            .faults
            .borrow()
            .evaluate(&facts, now, self.ids.next_random());
        recorder.note_faults(id, found.records.iter().map(evaluation).collect());
        found.applied
    }
}

fn evaluation(record: &Record) -> FaultEvaluation {
    FaultEvaluation {
        rule: record.rule.to_string(),
        outcome: record.outcome,
    }
}

fn silent(timeout: Nanos) -> TransportFailure {
    TransportFailure {
        sent: RequestSent::Unknown,
        cause: FailureCause::Timeout,
        detail: format!("no complete answer within {} ms", timeout / MILLI),
    }
}

fn land(recorder: &Recorder, id: AttemptId, now: Nanos, ended: &Ended, timed_out: bool) {
    recorder.land(id, now, |attempt| match ended {
        Ok(answer) => {
            attempt.status = Some(answer.status);
            attempt.sub_status = answer.headers.sub_status;
            attempt.request_charge = answer.headers.request_charge;
            attempt.activity_id.clone_from(&answer.headers.activity_id);
            attempt.server_duration_ms = answer.headers.server_duration_ms;
        }
        Err(failure) => {
            attempt.request_sent = failure.sent;
            attempt.error = Some(failure.detail.clone());
            attempt.timed_out = timed_out;
        }
    });
}
