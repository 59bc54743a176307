//! Feeds: a query is opened when its first page is asked for, and then pulled a page at a time (spec data-plane §3).
//!
//! Nothing runs between two calls, and a call that is dropped takes its requests with it: what was answered stays, the
//! rest is asked for again by the next call. So it is after an error too: the next call goes on where the feed stands,
//! unless it is the rows themselves that make no sense.
//!
//! Each call has an allowance of its own. When its request units are spent, or its time is over, it gives what rows there
//! are.

mod fan;
mod many;
mod open;
mod render;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;

use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use self::fan::Fan;
use self::many::Many;
use self::render::render;
use super::World;
use super::pipeline::Pipeline;
use super::state::State;
use super::transport::Answer;
use super::wait;
use crate::core::allowance::{Allowance, DEADLINE_MARGIN, Verdict};
use crate::core::clock::Nanos;
use crate::core::container::is_stale;
use crate::core::diagnostics::{Diagnostics, Recorder};
use crate::core::feed::NotResumable;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::options::Resolved;
use crate::core::query::{Query, Target};
use crate::core::request::Request;
use crate::core::request::query::{Page as PageRequest, Source};
use crate::core::router::Route;
use crate::core::routing::topology::Purpose;
use crate::core::{Error, ErrorKind, OperationOptions, Result, explain};
use crate::wire::headers::ResponseHeaders;
use crate::wire::query_body;
use crate::wire::session_token::SessionToken;

/// The sub-status of a deadline that has come.
const TIME_IS_UP: u32 = 20_008;

/// The rows of a query. Outlives its driver.
pub struct Feed<W: World> {
    asker: Asker<W>,
    stage: Stage,
    /// Whether something of the container has come, or came before.
    begun: bool,
    /// What went wrong after the rows that were given.
    pending: Option<Box<Error>>,
}

/// Some rows, and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// 200; 304 if a change feed has nothing new for now.
    pub status: u16,
    /// A JSON object with the rows in the array `Documents`: the service's own where one request made the page. It may hold
    /// no rows and not be the last.
    pub body: Vec<u8>,
    /// Of all requests of this page, in RU.
    pub request_charge: f64,
    /// How far the partitions had got that answered.
    pub session_token: Option<String>,
    /// How the query was executed, for each answer, if wanted.
    pub query_metrics: Vec<String>,
    /// Which indexes were used, for each answer, if wanted.
    pub index_metrics: Vec<String>,
    /// What was sent for this page.
    pub diagnostics: Box<Diagnostics>,
}

/// Who asks for what.
struct Asker<W: World> {
    state: Rc<State<W>>,
    /// The operation's.
    name: &'static str,
    query: Query,
    feed: FeedOptions,
    /// The request body of the text as it is.
    body: Rc<Vec<u8>>,
    options: Rc<Resolved>,
    /// The same for all requests of the feed.
    correlated: String,
}

enum Stage {
    /// Nothing was asked yet.
    New,
    /// The service's pages are the feed's.
    Single(Single),
    /// The driver puts pages together.
    Many(Box<Fan>),
    /// Of items that the caller named.
    Items(Box<Many>),
    /// The container is another one now, and the rest of the rows gone.
    Gone(Box<Error>),
}

struct Single {
    /// Where the next page begins.
    continuation: Option<String>,
    done: bool,
}

/// One call for a page.
struct Call {
    recorder: Recorder,
    allowance: Allowance,
    session: SessionToken,
    query_metrics: Vec<String>,
    index_metrics: Vec<String>,
    /// Whether the feed has moved on.
    answered: bool,
}

impl<W: World> Feed<W> {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// `invalid-argument`: options or a query that cannot be sent.
    pub(super) fn new(
        state: Rc<State<W>>,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Self> {
        let name = operation.name();
        let (query, stage) = match operation {
            FeedOperation::QueryItems(query) => (query, Stage::New),
            FeedOperation::ReadMany(items) => {
                items.check()?;
                if feed.resumable || feed.continuation.is_some() {
                    return Err(NotResumable::ReadMany.into());
                }
                let queries = Query::new(items.container.clone(), "");
                (queries, Stage::Items(Box::new(Many::new(items, &feed))))
            }
        };
        query.check()?;
        feed.check()?;
        let options = state.layers.resolve(options, &state.runtime)?;
        let given = options.activity_id.clone();
        Ok(Self {
            begun: feed.continuation.is_some(),
            asker: Asker {
                body: Rc::new(query_body::body(&query.text, &query.parameters, None)?),
                correlated: given.unwrap_or_else(|| state.ids.next_id()),
                state,
                name,
                query,
                feed,
                options,
            },
            stage,
            pending: None,
        })
    }

    /// The next page, none at the end. A page without rows means that there were requests, but no rows.
    ///
    /// Dropping the future abandons its requests; the feed stays where it is.
    ///
    /// # Errors
    /// Of the request that failed, after the rows that came before it. The next call goes on from there, if it can.
    pub async fn next_page(&mut self) -> Result<Option<Page>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let mut call = self.asker.begin();
        let pulled = self.pull_in_time(&mut call).await;
        self.end(call, pulled)
    }

    /// Where the feed stands after the pages given, for a feed of the same query; none at its end. The service's own
    /// continuation where its pages are the feed's. Before the first page, what the caller gave.
    ///
    /// # Errors
    /// `invalid-argument`: the feed cannot be resumed, or its continuation would be too long.
    pub fn continuation(&self) -> Result<Option<String>> {
        match &self.stage {
            Stage::New => Ok(self.asker.feed.continuation.clone()),
            Stage::Single(single) => Ok(single.continuation.clone()),
            Stage::Many(fan) => fan.continuation(),
            Stage::Items(_) => Err(NotResumable::ReadMany.into()),
            Stage::Gone(error) => Err(error.for_another()),
        }
    }

    /// Bounds a call by its deadline, and does what is due beside it.
    async fn pull_in_time(&mut self, call: &mut Call) -> Result<Option<Vec<u8>>> {
        let state = Rc::clone(&self.asker.state);
        let world = &state.transport.world;
        let (recorder, deadline) = (call.recorder.clone(), call.allowance.deadline);
        let (name, timeout) = (self.asker.name, self.asker.options.end_to_end_timeout);
        let chore = state.account_chore(&recorder);
        let mut pull = Box::pin(self.pull(call));
        let run = async {
            match chore {
                None => pull.await,
                Some(chore) => {
                    let latest = deadline.map(|at| at.saturating_sub(DEADLINE_MARGIN));
                    // No grace: a page that has left the feed must not wait, lest a dropped call lose it.
                    wait::with_chore(world, pull.as_mut(), chore, 0, latest).await
                }
            }
        };
        let Some(deadline) = deadline else {
            return run.await;
        };
        let in_time = wait::until(world, deadline, pin!(run)).await;
        in_time.unwrap_or_else(|| {
            recorder.time_out(world.now());
            Err(explain::cut_off(name, timeout, false))
        })
    }

    /// A container created anew before anything of it came is no reason to fail (spec §2.5).
    async fn pull(&mut self, call: &mut Call) -> Result<Option<Vec<u8>>> {
        let pulled = self.pull_stage(call).await;
        match pulled {
            Err(error) if is_recreated(&error) && self.starts_anew(call) => {
                self.pull_stage(call).await
            }
            pulled => pulled,
        }
    }

    fn starts_anew(&mut self, call: &Call) -> bool {
        match &mut self.stage {
            Stage::Items(many) => many.starts_anew(),
            _ if self.begun || call.answered => false,
            stage => {
                *stage = Stage::New;
                true
            }
        }
    }

    async fn pull_stage(&mut self, call: &mut Call) -> Result<Option<Vec<u8>>> {
        if matches!(self.stage, Stage::New) {
            self.stage = self.asker.open(call).await?;
        }
        match &mut self.stage {
            Stage::New => Ok(None),
            Stage::Single(single) => single.pull(&self.asker, call).await,
            Stage::Many(fan) => fan.pull(&self.asker, call).await,
            Stage::Items(many) => many.pull(&self.asker, call).await,
            Stage::Gone(error) => Err(error.for_another()),
        }
    }

    /// Makes a page of what a call has come to.
    fn end(&mut self, call: Call, pulled: Result<Option<Vec<u8>>>) -> Result<Option<Page>> {
        self.begun |= call.answered;
        let body = match pulled.or_else(|error| self.rescue(&call, error)) {
            Ok(body) => body,
            Err(mut error) => {
                let status = error.status.map(|status| (status, error.sub_status));
                error.diagnostics = Some(call.recorder.finish(status));
                return Err(error);
            }
        };
        let request_charge = call.recorder.request_charge();
        let diagnostics = call.recorder.finish(Some((200, None)));
        if body.is_none() && diagnostics.request_count == 0 {
            return Ok(None);
        }
        let session = (!call.session.is_empty()).then(|| call.session.to_string());
        Ok(Some(Page {
            status: 200,
            body: body.unwrap_or_else(|| render(&[])),
            request_charge,
            session_token: session,
            query_metrics: call.query_metrics,
            index_metrics: call.index_metrics,
            diagnostics,
        }))
    }

    /// The rows that are there in spite of an error, which waits for the next call then. Spent allowances end a page, and
    /// are no errors.
    fn rescue(&mut self, call: &Call, error: Box<Error>) -> Result<Option<Vec<u8>>> {
        let rows = match &mut self.stage {
            Stage::Many(fan) => fan.flush(),
            Stage::Items(many) => many.flush(),
            _ => Vec::new(),
        };
        if self.begun && is_recreated(&error) {
            self.stage = Stage::Gone(error.for_another());
        }
        let spent = error.kind == ErrorKind::BudgetSpent;
        if rows.is_empty() && !(spent && call.answered) {
            return Err(error);
        }
        if !spent && error.sub_status != Some(TIME_IS_UP) {
            self.pending = Some(error);
        }
        Ok(Some(render(&rows)))
    }
}

impl<W: World> Asker<W> {
    fn begin(&self) -> Call {
        let (state, options) = (&self.state, &self.options);
        let now = state.transport.world.now();
        let id = options.activity_id.clone();
        let id = id.unwrap_or_else(|| state.ids.next_id());
        let recorder = Recorder::new(self.name, id, now, &state.runtime.diagnostics);
        if options.diagnostics_report {
            recorder.report(state.runtime.diagnostics);
        }
        let timeout = options.end_to_end_timeout;
        Call {
            recorder,
            allowance: Allowance {
                ru: options.ru_budget,
                deadline: timeout.map(|timeout| now.saturating_add(timeout)),
            },
            session: SessionToken::default(),
            query_metrics: Vec::new(),
            index_metrics: Vec::new(),
            answered: false,
        }
    }

    /// Sends a request through the pipeline. Begins at the first poll.
    fn send(&self, request: Request, call: &Call) -> LocalBoxFuture<'static, Result<Answer>> {
        self.send_until(request, &call.recorder, call.allowance.deadline)
    }

    fn send_until(
        &self,
        request: Request,
        recorder: &Recorder,
        deadline: Option<Nanos>,
    ) -> LocalBoxFuture<'static, Result<Answer>> {
        let (state, options) = (&self.state, &self.options);
        let route = Route::new(Purpose::Read, request.is_data_plane(), options);
        let mut pipeline = Pipeline::new(state, request, options, recorder, route);
        pipeline.admit(deadline);
        async move { pipeline.complete().await }.boxed_local()
    }
}

impl Single {
    async fn pull<W: World>(
        &mut self,
        asker: &Asker<W>,
        call: &mut Call,
    ) -> Result<Option<Vec<u8>>> {
        let Target::Key(key) = &asker.query.target else {
            return Ok(None);
        };
        if self.done {
            return Ok(None);
        }
        let page = PageRequest {
            from: Source::Key(key),
            body: Rc::clone(&asker.body),
            correlated: &asker.correlated,
            max_item_count: asker.feed.max_item_count.map(u64::from),
            continuation: self.continuation.as_deref(),
            session_token: asker.feed.session_token.as_deref(),
        };
        let request = Request::query(&asker.query, page)?;
        let mut answer = asker.send(request, call).await?;
        call.note(&mut answer.headers);
        self.continuation = answer.headers.continuation;
        self.done = self.continuation.is_none();
        Ok(Some(answer.body))
    }
}

impl Call {
    /// Takes what an answer says besides its rows.
    fn note(&mut self, headers: &mut ResponseHeaders) {
        self.answered = true;
        for part in headers.session_token.iter().flat_map(|it| it.split(',')) {
            self.session.advance_part(part).ok();
        }
        self.query_metrics.extend(headers.query_metrics.take());
        self.index_metrics.extend(headers.index_metrics.take());
    }

    /// Whether no more requests may be sent for the sake of request units.
    fn is_spent(&self) -> bool {
        let spent = self.recorder.request_charge();
        self.allowance.may_start(spent, self.recorder.now()) == Verdict::RuSpent
    }
}

/// Whether the container is not the one that the driver knew (spec §2.5).
fn is_recreated(error: &Error) -> bool {
    let status = error.status.unwrap_or(0);
    error.kind != ErrorKind::NotFound && is_stale(status, error.sub_status)
}
