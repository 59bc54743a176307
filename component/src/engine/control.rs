//! Operations that are not one request, and requests on behalf of one: all under its deadline and on its record.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use super::World;
use super::pipeline::Pipeline;
use super::state::State;
use super::transport::Answer;
use crate::core::allowance::{Allowance, Verdict};
use crate::core::control::sequence::Sequence;
use crate::core::diagnostics::Recorder;
use crate::core::operation::{ContainerRef, PartitionKey};
use crate::core::options::Resolved;
use crate::core::request::Request;
use crate::core::router::Route;
use crate::core::routing::topology::Purpose;
use crate::core::{Error, ErrorKind, Operation, Result};
use crate::wire::epk::Epk;
use crate::wire::feed_range;
use crate::wire::headers::ResponseHeaders;

/// Whose requests they are.
pub(super) struct Errand<W: World> {
    pub(super) state: Rc<State<W>>,
    pub(super) options: Rc<Resolved>,
    pub(super) recorder: Recorder,
    pub(super) allowance: Allowance,
}

impl<W: World> Errand<W> {
    /// One request after the other.
    pub(super) async fn run(self, operation: Operation) -> Result<Answer> {
        if let Operation::ReadFeedRanges { container, key } = &operation {
            return self.feed_ranges(container, key).await;
        }
        let name = operation.name();
        let (mut sequence, mut request) =
            Sequence::begin(operation, self.options.content_response_on_write)?;
        loop {
            let purpose = sequence.purpose(&request);
            let next = match self.send(*request, purpose).await {
                Ok(answer) => {
                    match sequence.answered(answer.status, &answer.headers, &answer.body)? {
                        None => return Ok(answer),
                        Some(next) => self.afford(name).map(|()| next),
                    }
                }
                Err(error) => Err(error),
            };
            request = match next {
                Ok(next) => next,
                Err(error) => sequence.failed(error, self.recorder.may_have_applied())?,
            };
        }
    }

    fn send(&self, request: Request, purpose: Purpose) -> LocalBoxFuture<'static, Result<Answer>> {
        let (state, options) = (&self.state, &self.options);
        let route = Route::new(purpose, request.is_data_plane(), options);
        let mut pipeline = Pipeline::new(state, request, options, &self.recorder, route);
        pipeline.admit(self.allowance.deadline);
        pipeline.completed()
    }

    /// Whether the caller's budget allows another request.
    fn afford(&self, name: &str) -> Result<()> {
        let (spent, now) = (self.recorder.request_charge(), self.recorder.now());
        if self.allowance.may_start(spent, now) != Verdict::RuSpent {
            return Ok(());
        }
        let message = ": the requests so far have used up the RU budget of this call: raise the budget, or call again later.";
        Err(Error::new(ErrorKind::BudgetSpent, [name, message].concat()))
    }

    /// The container's partition key ranges, or the part of its hash space that a key stands for, as a JSON array of texts.
    async fn feed_ranges(&self, at: &ContainerRef, key: &PartitionKey) -> Result<Answer> {
        let (state, options, recorder) = (&self.state, &self.options, &self.recorder);
        let mut body = String::from("[");
        if key.is_empty() {
            for range in state.ranges(at, None, options, recorder).await?.ranges() {
                push(&mut body, &range.min, &range.max);
            }
        } else {
            let container = state.container(at, None, options, recorder).await?;
            let range = container.range_of(key)?;
            push(&mut body, &range.min, &range.max);
        }
        body.push(']');
        Ok(Answer {
            status: 200,
            headers: ResponseHeaders::default(),
            body: body.into_bytes(),
            results: Vec::new(),
        })
    }
}

fn push(body: &mut String, min: &Epk, max: &Epk) {
    let separator = if body.len() > 1 { ",\"" } else { "\"" };
    body.extend([separator, &feed_range::to_text(min, max), "\""]);
}
