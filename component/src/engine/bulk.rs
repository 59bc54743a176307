//! A bulk: batches side by side, answers into the scheduler, which says what is sent again (spec data-plane §6.3).
//!
//! Dropping the future abandons what is under way. When the deadline comes or the request units are spent, every
//! operation without a result fails by itself, and the bulk as a whole has succeeded.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::World;
use super::pipeline::Pipeline;
use super::state::State;
use super::transport::Answer;
use super::wait;
use crate::core::allowance::{Allowance, Verdict};
use crate::core::batch::BULK_NAME;
use crate::core::bulk::{Answer as BatchAnswer, Batch, BatchId, Bulk, Input, Settings, Step};
use crate::core::clock::Nanos;
use crate::core::container::Container;
use crate::core::diagnostics::Recorder;
use crate::core::operation::{BulkOperations, ContainerRef};
use crate::core::options::Resolved;
use crate::core::ranges::RangeMap;
use crate::core::request::Request;
use crate::core::router::Route;
use crate::core::routing::topology::Purpose;
use crate::core::{Error, ErrorKind, MetadataMode, Result, explain};
use crate::wire::batch;
use crate::wire::headers::ResponseHeaders;
use crate::wire::session_token::SessionToken;

/// A bulk under way.
struct Run<W: World> {
    state: Rc<State<W>>,
    at: ContainerRef,
    options: Rc<Resolved>,
    recorder: Recorder,
    allowance: Allowance,
    flights: Vec<(Flight, LocalBoxFuture<'static, Landed>)>,
    /// How far the partitions have got that answered.
    session: SessionToken,
}

/// What is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flight {
    Batch(BatchId),
    /// Looks up the container and its ranges.
    Metadata,
    /// Something for others.
    Chore,
    /// Ends at an instant.
    Timer,
}

/// What came of it.
enum Landed {
    /// The answer to a batch, and whether the service may have carried out an attempt that got none.
    Batch(Result<Box<Answer>>, bool),
    Metadata(Result<Known>),
    Nothing,
}

/// The container, and how it is divided.
type Known = (Rc<Container>, Rc<RangeMap>);

/// Carries out all operations. Errors: none of them could be.
#[cold]
pub(super) fn run<W: World>(
    state: &Rc<State<W>>,
    operations: BulkOperations,
    options: &Rc<Resolved>,
    recorder: &Recorder,
    deadline: Option<Nanos>,
) -> LocalBoxFuture<'static, Result<Answer>> {
    let mut run = Run {
        state: Rc::clone(state),
        at: operations.container.clone(),
        options: Rc::clone(options),
        recorder: recorder.clone(),
        allowance: Allowance {
            ru: options.ru_budget,
            deadline,
        },
        flights: Vec::new(),
        session: SessionToken::default(),
    };
    if let Some(chore) = state.account_chore(recorder) {
        let chore = chore.map(|()| Landed::Nothing);
        run.flights.push((Flight::Chore, chore.boxed_local()));
    }
    run.complete(operations).boxed_local()
}

impl<W: World> Run<W> {
    async fn complete(mut self, operations: BulkOperations) -> Result<Answer> {
        let settings = Settings::new(&self.options, operations.max_concurrency)?;
        self.look_up(None, false);
        let mut known = loop {
            match self.landing(None).await {
                Some((_, Landed::Metadata(known))) => break known?,
                _ if self.is_over() => return Err(self.late()),
                _ => {}
            }
        };
        let mut bulk = Bulk::new(settings, Rc::clone(&known.1));
        for (key, operation) in operations.operations {
            bulk.push(Input::new(&known.0, &key, operation));
        }
        while let Some(until) = self.advance(&mut bulk, &known) {
            match self.landing(until).await {
                Some((Flight::Batch(id), Landed::Batch(answer, unsure))) => {
                    self.settle(&mut bulk, id, answer, unsure);
                }
                Some((_, Landed::Metadata(found))) => renew(&mut bulk, &mut known, found),
                Some(_) => {}
                None => bulk.abort(&Error::new(
                    ErrorKind::Service,
                    "execute_bulk: an operation waits for nothing: report it as a bug",
                )),
            }
        }
        Ok(self.conclude(bulk))
    }

    /// Sends what may be sent. Until when there is nothing else to do; none at the end.
    fn advance(&mut self, bulk: &mut Bulk, known: &Known) -> Option<Option<Nanos>> {
        loop {
            let now = self.recorder.now();
            match self
                .allowance
                .may_start(self.recorder.request_charge(), now)
            {
                Verdict::Go => {}
                Verdict::DeadlinePassed => bulk.abort(&self.late()),
                // What is under way is paid for.
                Verdict::RuSpent if self.is_sending() => return Some(None),
                Verdict::RuSpent => bulk.abort(&explain::bulk_budget_spent(BULK_NAME)),
            }
            match bulk.next(now) {
                Step::Done => return None,
                Step::Wait => return Some(None),
                Step::WaitUntil(at) if self.flights.is_empty() && self.is_too_late(at) => {
                    bulk.abort(&self.late());
                }
                Step::WaitUntil(at) => return Some(Some(at)),
                Step::Refresh { container } => self.look_up(Some(known.clone()), container),
                Step::Send(batch) => {
                    let id = batch.id;
                    if let Err(error) = self.send(batch, &known.0) {
                        self.settle(bulk, id, Err(error), false);
                    }
                }
            }
        }
    }

    fn send(&mut self, batch: Batch, container: &Rc<Container>) -> Result<()> {
        let id = batch.id;
        let request = Request::bulk(self.at.clone(), batch)?;
        let route = Route::new(Purpose::Write, true, &self.options);
        let (state, options, recorder) = (&self.state, &self.options, &self.recorder);
        let mut pipeline = Pipeline::new(state, request, options, recorder, route);
        pipeline.admit(self.allowance.deadline);
        pipeline.for_bulk(container);
        let flight = async move {
            let answer = pipeline.complete().await;
            Landed::Batch(answer.map(Box::new), pipeline.is_unsure())
        };
        self.flights.push((Flight::Batch(id), flight.boxed_local()));
        Ok(())
    }

    /// Looks up the container and its ranges: those that are known, or others than `known`, the container too if it may be
    /// another one `anew`.
    fn look_up(&mut self, known: Option<Known>, anew: bool) {
        let (state, at) = (Rc::clone(&self.state), self.at.clone());
        let (options, recorder) = (Rc::clone(&self.options), self.recorder.clone());
        let flight = async move {
            let found = state.look_up(&at, known, anew, &options, &recorder);
            Landed::Metadata(found.await)
        };
        self.flights.push((Flight::Metadata, flight.boxed_local()));
    }

    /// What lands first; nothing at that instant, or at the deadline. None if nothing is under way.
    async fn landing(&mut self, until: Option<Nanos>) -> Option<(Flight, Landed)> {
        if let Some(at) = until.into_iter().chain(self.allowance.deadline).min() {
            let (state, recorder) = (Rc::clone(&self.state), self.recorder.clone());
            let timer = async move {
                state.transport.world.sleep_until(at).await;
                recorder.resume(state.transport.world.now());
                Landed::Nothing
            };
            self.flights.push((Flight::Timer, timer.boxed_local()));
        }
        let landed = wait::first(&mut self.flights).await;
        self.flights.retain(|(flight, _)| *flight != Flight::Timer);
        landed
    }

    /// Tells the scheduler how a batch ended.
    fn settle(&mut self, bulk: &mut Bulk, id: BatchId, answer: Result<Box<Answer>>, unsure: bool) {
        let (now, random) = (self.recorder.now(), self.state.ids.next_random());
        let answer = match answer {
            Ok(answer) => answer,
            Err(mut error) => {
                if unsure {
                    error.outcome = crate::core::Outcome::Unknown;
                }
                bulk.on_answer(id, BatchAnswer::Failed(&error), now, random);
                return;
            }
        };
        let token = answer.headers.session_token.iter();
        for part in token.flat_map(|token| token.split(',')) {
            self.session.advance_part(part).ok();
        }
        let credential = &self.state.transport.credential;
        let results = BatchAnswer::Results {
            results: batch::results(&answer.body),
            headers: &answer.headers,
            hide: &|text| credential.hide(text),
            repeated: unsure,
        };
        bulk.on_answer(id, results, now, random);
    }

    fn conclude(self, bulk: Bulk) -> Answer {
        let results = bulk.into_outcomes();
        let failed = results.iter().any(Result::is_err);
        Answer {
            status: if failed { 207 } else { 200 },
            headers: ResponseHeaders {
                request_charge: self.recorder.request_charge(),
                session_token: (!self.session.is_empty()).then(|| self.session.to_string()),
                ..ResponseHeaders::default()
            },
            body: Vec::new(),
            results,
        }
    }

    /// Whether batches are under way.
    fn is_sending(&self) -> bool {
        let mut flights = self.flights.iter();
        flights.any(|(flight, _)| matches!(flight, Flight::Batch(_)))
    }

    fn is_too_late(&self, at: Nanos) -> bool {
        self.allowance
            .deadline
            .is_some_and(|deadline| at >= deadline)
    }

    fn is_over(&self) -> bool {
        self.is_too_late(self.recorder.now())
    }

    /// The deadline has come, or would before anything else.
    fn late(&self) -> Box<Error> {
        self.recorder.time_out(self.state.transport.world.now());
        explain::cut_off(BULK_NAME, self.options.end_to_end_timeout, false)
    }
}

/// Goes on with what was found; not in a container where keys mean something else.
fn renew(bulk: &mut Bulk, known: &mut Known, found: Result<Known>) {
    match found {
        Ok(found) if !found.0.has_keys_of(&known.0) => {
            let mut error = Error::new(
                ErrorKind::Unavailable,
                "execute_bulk: the container was created anew with another partition key: call again with keys for that one",
            );
            error.retryable = true;
            bulk.abort(&error);
        }
        found => bulk.on_ranges(found.map(|found| {
            *known = found;
            Rc::clone(&known.1)
        })),
    }
}

impl<W: World> State<W> {
    /// A container and its ranges.
    async fn look_up(
        self: &Rc<Self>,
        at: &ContainerRef,
        known: Option<Known>,
        anew: bool,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Result<Known> {
        let Some((container, ranges)) = known else {
            if self.metadata == MetadataMode::Eager || self.needs_topology() {
                self.topology(recorder).await?;
            }
            let container = self.container(at, None, options, recorder).await?;
            return Ok((container, self.ranges(at, None, options, recorder).await?));
        };
        if !anew {
            let ranges = self.ranges(at, Some(&ranges), options, recorder).await?;
            return Ok((container, ranges));
        }
        let found = self
            .container(at, Some(&container), options, recorder)
            .await?;
        if found.rid != container.rid {
            self.sessions.borrow_mut().recreated(at, &found.rid);
            self.containers.forget_ranges(at);
        }
        let ranges = self.ranges(at, Some(&ranges), options, recorder).await?;
        Ok((found, ranges))
    }
}
