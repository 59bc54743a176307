//! Feeds: opened when their first page is asked for, and then pulled a page at a time (spec data-plane §3, §5).
//!
//! Nothing runs between two calls, and a call that is dropped takes its requests with it: what was answered stays, the
//! rest is asked for again by the next call. So it is after an error too: the next call goes on where the feed stands,
//! unless it is the rows themselves that make no sense.
//!
//! Each call has an allowance of its own. When its request units are spent, or its time is over, it gives what rows there
//! are.

mod asker;
mod fan;
mod flights;
mod many;
mod open;
mod render;
mod rounds;
mod shared;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;

use std::pin::pin;
use std::rc::Rc;

use self::asker::Asker;
use self::fan::Fan;
use self::many::Many;
use self::render::render;
use self::rounds::Rounds;
pub use self::shared::Shared;
use super::World;
use super::state::State;
use super::wait;
use crate::core::allowance::{Allowance, DEADLINE_MARGIN, Verdict};
use crate::core::container::is_stale;
use crate::core::diagnostics::{Diagnostics, Recorder};
use crate::core::feed::NotResumable;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query::Target;
use crate::core::request::query::{Page as PageRequest, Source};
use crate::core::{Error, ErrorKind, OperationOptions, Result, explain};
use crate::wire::headers::ResponseHeaders;
use crate::wire::session_token::SessionToken;

/// The sub-status of a deadline that has come.
const TIME_IS_UP: u32 = 20_008;

/// The status of what comes after the last page.
const END: u16 = 204;

/// The pages of an operation with many answers. Outlives its driver.
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
    /// 200; 304 if a change feed has nothing new for now; 204 after the last page.
    pub status: u16,
    /// A JSON object with the rows in the array `Documents`, in a list of resources in the array that
    /// [`ResourceCollection`](crate::core::resources::ResourceCollection) names: the service's own where one request made
    /// the page. It may hold no rows and not be the last.
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

enum Stage {
    /// Nothing was asked yet.
    New,
    /// The service's pages are the feed's.
    Single(Single),
    /// The driver puts pages together.
    Many(Box<Fan>),
    /// The service's pages are the feed's, now from one partition and now from another.
    Rounds(Box<Rounds>),
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
    /// Of the page.
    status: u16,
}

impl<W: World> Feed<W> {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// `invalid-argument`: options or an operation that cannot be sent.
    pub(super) fn new(
        state: Rc<State<W>>,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Self> {
        operation.check()?;
        let stage = match &operation {
            FeedOperation::ReadMany(_) if feed.resumable || feed.continuation.is_some() => {
                return Err(NotResumable::ReadMany.into());
            }
            FeedOperation::ReadMany(_) => Stage::Items(Box::new(Many::new(&feed))),
            _ => Stage::New,
        };
        feed.check()?;
        let options = state.layers.resolve(options, &state.runtime)?;
        let given = options.activity_id.clone();
        Ok(Self {
            begun: feed.continuation.is_some(),
            asker: Asker {
                body: Rc::new(operation.body()?),
                correlated: given.unwrap_or_else(|| state.ids.next_id()),
                state,
                operation,
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
        let recorder = self.record();
        let page = self.page(recorder).await?;
        Ok((page.status != END).then_some(page))
    }

    /// The record of a page that is asked for next.
    fn record(&self) -> Recorder {
        self.asker.record()
    }

    /// The next page, or an empty one at the end.
    async fn page(&mut self, recorder: Recorder) -> Result<Page> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let mut call = self.asker.begin(recorder);
        let pulled = self.pull_in_time(&mut call).await;
        self.end(call, pulled)
    }

    /// Where the feed stands after the pages given, for a feed of the same operation; none at its end. The service's own
    /// continuation where its pages are the feed's and it keeps the place. Before the first page, what the caller gave. Of a
    /// change feed, which has no end, there is always one once a page was asked for.
    ///
    /// # Errors
    /// `not-resumable`: the feed cannot be resumed, or not yet: all versions and deletes before each partition has answered.
    /// `invalid-argument`: its continuation would be too long.
    pub fn continuation(&self) -> Result<Option<String>> {
        match &self.stage {
            Stage::New => self.asker.given_continuation(),
            Stage::Single(single) => Ok(single.continuation.clone()),
            Stage::Many(fan) => fan.continuation(),
            Stage::Rounds(rounds) => rounds.continuation(),
            Stage::Items(_) => Err(NotResumable::ReadMany.into()),
            Stage::Gone(error) => Err(error.for_another()),
        }
    }

    /// Bounds a call by its deadline, and does what is due beside it.
    async fn pull_in_time(&mut self, call: &mut Call) -> Result<Option<Vec<u8>>> {
        let state = Rc::clone(&self.asker.state);
        let world = &state.transport.world;
        let (recorder, deadline) = (call.recorder.clone(), call.allowance.deadline);
        let timeout = self.asker.options.end_to_end_timeout;
        let name = self.asker.operation.name();
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
            Stage::Rounds(rounds) => rounds.pull(&self.asker, call).await,
            Stage::Items(many) => many.pull(&self.asker, call).await,
            Stage::Gone(error) => Err(error.for_another()),
        }
    }

    /// Makes a page of what a call has come to.
    fn end(&mut self, call: Call, pulled: Result<Option<Vec<u8>>>) -> Result<Page> {
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
        let ended = body.is_none() && call.recorder.request_count() == 0;
        let status = if ended { END } else { call.status };
        let diagnostics = call.recorder.finish(Some((status, None)));
        let session = (!call.session.is_empty()).then(|| call.session.to_string());
        Ok(Page {
            status,
            body: match body {
                Some(body) => body,
                None if ended => Vec::new(),
                None => render(&[]),
            },
            request_charge,
            session_token: session,
            query_metrics: call.query_metrics,
            index_metrics: call.index_metrics,
            diagnostics,
        })
    }

    /// The rows that are there in spite of an error, which waits for the next call then. Spent allowances end a page, and
    /// are no errors.
    fn rescue(&mut self, call: &Call, error: Box<Error>) -> Result<Option<Vec<u8>>> {
        let rows = match &mut self.stage {
            Stage::Many(fan) => fan.flush(),
            Stage::Items(many) => many.flush(),
            _ => Vec::new(),
        };
        let body = match &mut self.stage {
            Stage::Rounds(rounds) => rounds.waiting(),
            _ => (!rows.is_empty()).then(|| render(&rows)),
        };
        if self.begun && is_recreated(&error) {
            self.stage = Stage::Gone(error.for_another());
        }
        let spent = error.kind == ErrorKind::BudgetSpent;
        if body.is_none() && !(spent && call.answered) {
            return Err(error);
        }
        if !spent && error.sub_status != Some(TIME_IS_UP) {
            self.pending = Some(error);
        }
        Ok(Some(body.unwrap_or_else(|| render(&[]))))
    }
}

impl Single {
    async fn pull<W: World>(
        &mut self,
        asker: &Asker<W>,
        call: &mut Call,
    ) -> Result<Option<Vec<u8>>> {
        if self.done {
            return Ok(None);
        }
        let page = PageRequest {
            from: match asker.operation.target() {
                Target::Key(key) => Source::Key(key),
                _ => Source::Whole,
            },
            max_item_count: asker.feed.max_item_count.map(u64::from),
            continuation: self.continuation.as_deref(),
            session_token: asker.feed.session_token.as_deref(),
        };
        let request = asker.request(&asker.body, page, Vec::new())?;
        let has_session = request.is_data_plane();
        let mut answer = asker.send(request, call).await?;
        answer.headers.session_token.take_if(|_| !has_session);
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
