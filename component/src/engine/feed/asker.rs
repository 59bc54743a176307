//! Who asks for what, and the requests that come of it.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::Call;
use crate::core::Result;
use crate::core::allowance::Allowance;
use crate::core::change_feed::{self, Mode};
use crate::core::clock::Nanos;
use crate::core::control::Paging;
use crate::core::diagnostics::Recorder;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::options::Resolved;
use crate::core::request::Request;
use crate::core::request::query::Page;
use crate::core::router::Route;
use crate::core::routing::topology::Purpose;
use crate::engine::World;
use crate::engine::pipeline::Pipeline;
use crate::engine::state::State;
use crate::engine::transport::Answer;
use crate::wire::headers::HeaderList;
use crate::wire::session_token::SessionToken;

/// Who asks for what.
pub(super) struct Asker<W: World> {
    pub(super) state: Rc<State<W>>,
    pub(super) operation: FeedOperation,
    pub(super) feed: FeedOptions,
    /// The request body of a query as the caller gave it; else empty.
    pub(super) body: Rc<Vec<u8>>,
    pub(super) options: Rc<Resolved>,
    /// The same for all requests of the feed.
    pub(super) correlated: String,
}

impl<W: World> Asker<W> {
    pub(super) fn record(&self) -> Recorder {
        let (state, options) = (&self.state, &self.options);
        let now = state.transport.world.now();
        let id = options.activity_id.clone();
        let id = id.unwrap_or_else(|| state.ids.next_id());
        let name = self.operation.name();
        let recorder = Recorder::new(name, id, now, &state.runtime.diagnostics);
        if options.diagnostics_report {
            recorder.report(state.runtime.diagnostics);
        }
        recorder
    }

    pub(super) fn begin(&self, recorder: Recorder) -> Call {
        let (options, now) = (&self.options, recorder.now());
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
            status: 200,
        }
    }

    /// Where the feed stands before it is opened.
    pub(super) fn given_continuation(&self) -> Result<Option<String>> {
        match (&self.operation, &self.feed.continuation) {
            // None would start anew, and what happens until then would be lost.
            (FeedOperation::ChangeFeed(changes), None)
                if changes.mode == Mode::AllVersionsAndDeletes =>
            {
                Err(change_feed::not_pinned())
            }
            (_, given) => Ok(given.clone()),
        }
    }

    /// The request for a page. The body is of queries alone; `more` are headers of a change feed.
    pub(super) fn request(
        &self,
        body: &Rc<Vec<u8>>,
        page: Page<'_>,
        more: HeaderList,
    ) -> Result<Request> {
        let at = match &self.operation {
            FeedOperation::QueryItems(query) => {
                return Request::query(query, Rc::clone(body), &self.correlated, page);
            }
            FeedOperation::Resources(resources) => {
                let paging = Paging {
                    max_item_count: self.feed.max_item_count,
                    continuation: page.continuation.map(str::to_owned),
                };
                return resources.page(body, paging);
            }
            FeedOperation::ReadFeed { container, .. } => container,
            FeedOperation::ChangeFeed(changes) => &changes.container,
            FeedOperation::ReadMany(items) => &items.container,
        };
        Request::items(self.operation.name(), at, page, more)
    }

    /// Sends a request through the pipeline. Begins at the first poll.
    pub(super) fn send(
        &self,
        request: Request,
        call: &Call,
    ) -> LocalBoxFuture<'static, Result<Answer>> {
        self.send_until(request, &call.recorder, call.allowance.deadline)
    }

    /// The same, with another end than the call's.
    pub(super) fn send_until(
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
