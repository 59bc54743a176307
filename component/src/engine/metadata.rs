//! What operations need to know first: the account, containers, partition key ranges. Read once, by whoever needs it
//! first, through the same pipeline as everything else.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::World;
use super::pipeline::Pipeline;
use super::state::State;
use super::transport::Answer;
use crate::core::clock::{Nanos, millis};
use crate::core::container::Container;
use crate::core::diagnostics::Recorder;
use crate::core::operation::ContainerRef;
use crate::core::options::Resolved;
use crate::core::ranges::{Incomplete, Mark, RangeMap};
use crate::core::request::Request;
use crate::core::router::Route;
use crate::core::routing::refresh::{self, Claim};
use crate::core::routing::topology::{Purpose, Topology};
use crate::core::{Error, Result, explain};
use crate::wire::account::{self, AccountDocument};
use crate::wire::{container, ranges};

/// Metadata documents are a few kilobytes; what is larger is refused.
const MAX_METADATA_BYTES: usize = 1 << 20;

/// Something that is fetched for whoever needs it.
type Fetch<T> = LocalBoxFuture<'static, Result<Rc<T>>>;

/// Something to do beside an operation.
pub(super) type Chore = LocalBoxFuture<'static, ()>;

const RANGES: &str = "read_partition_key_ranges";

/// Between readings of partition key ranges that do not cover the container.
const INCOMPLETE_PAUSES: [Nanos; 2] = [millis(50), millis(100)];

/// A container has at most so many pages of partition key ranges.
const MAX_RANGE_PAGES: usize = 1_000;

impl<W: World> State<W> {
    /// Whether even a lean driver has to know the account: regions have no endpoints otherwise.
    pub(super) fn needs_topology(&self) -> bool {
        !self.preferred.is_empty()
    }

    /// The account's topology, read unless it is there.
    pub(super) async fn topology(self: &Rc<Self>, recorder: &Recorder) -> Result<Rc<Topology>> {
        if let Some(topology) = self.account.ready() {
            return Ok(topology);
        }
        let result = self.account.get(None, || self.read_account(recorder)).await;
        recorder.resume(self.transport.world.now());
        result
    }

    /// The account has changed, says an answer: reads it again, at most every few seconds. Without an answer what was known stands.
    pub(super) async fn account_event(self: &Rc<Self>, recorder: &Recorder) {
        let Some(known) = self.account.ready() else {
            return;
        };
        let claim = self.refresh.borrow_mut().claim(recorder.now());
        if claim.is_none() && !self.account.is_fetching() {
            return;
        }
        let lease = Lease { state: self, claim };
        let fetched = self
            .account
            .get(Some(&known), || self.read_account(recorder))
            .await;
        if fetched.is_ok() {
            lease.keep();
        }
        recorder.resume(self.transport.world.now());
    }

    /// The account document is read again when it is old, beside an operation; none while it is young.
    #[inline(always)] // every operation comes this way
    pub(super) fn account_chore(self: &Rc<Self>, recorder: &Recorder) -> Option<Chore> {
        let known = self.account.ready()?;
        let interval = self.runtime.account_refresh_interval;
        if !self.refresh.borrow().is_due(recorder.now(), interval) || self.account.is_fetching() {
            return None;
        }
        Some(self.read_account_again(known, recorder))
    }

    #[cold]
    fn read_account_again(self: &Rc<Self>, known: Rc<Topology>, recorder: &Recorder) -> Chore {
        let (state, recorder) = (Rc::clone(self), recorder.clone());
        let chore = async move {
            // A refresh that is given up counts as one that failed.
            state.refresh.borrow_mut().failed(recorder.now());
            let _ = state
                .account
                .get(Some(&known), || state.read_account(&recorder))
                .await;
        };
        chore.boxed_local()
    }

    fn read_account(self: &Rc<Self>, recorder: &Recorder) -> Fetch<Topology> {
        let (state, recorder) = (Rc::clone(self), recorder.clone());
        async move {
            let known = state.account.ready();
            let sources = refresh::sources(known.as_deref(), &state.configured, &state.backups);
            let route = Route::along(sources, state.layers.resolved());
            let answer = state
                .metadata(
                    Request::account(),
                    state.layers.resolved(),
                    &recorder,
                    route,
                )
                .await?;
            let document = account::parse(&answer.body)
                .ok_or_else(|| explain::nonsense("read_account", "account document"))?;
            Ok(state.install(&document, recorder.now()))
        }
        .boxed_local()
    }

    /// Takes over an account document.
    pub(super) fn install(&self, document: &AccountDocument, now: Nanos) -> Rc<Topology> {
        self.refresh.borrow_mut().done(now);
        let known = self.account.ready();
        if let Some(known) = &known
            && known.is_current(document)
        {
            return Rc::clone(known);
        }
        let emulator = self.emulator_host.as_deref();
        let topology = Rc::new(Topology::new(
            document,
            &self.configured,
            emulator,
            &self.preferred,
            known.as_deref(),
        ));
        let mut router = self.router.borrow_mut();
        router.install(Rc::clone(&topology));
        self.transport
            .set_user_agent(&self.identity.user_agent(router.features()));
        topology
    }

    /// A container's definition, read unless it is there; the one after `outdated`, if that is given.
    pub(super) async fn container(
        self: &Rc<Self>,
        at: &ContainerRef,
        outdated: Option<&Rc<Container>>,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Result<Rc<Container>> {
        let known = self.containers.entry(at);
        if outdated.is_none()
            && let Some(container) = known.definition.ready()
        {
            return Ok(container);
        }
        let fetch = || self.read_container(at, options, recorder);
        let result = known.definition.get(outdated, fetch).await;
        recorder.resume(self.transport.world.now());
        result
    }

    fn read_container(
        self: &Rc<Self>,
        at: &ContainerRef,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Fetch<Container> {
        let (state, at) = (Rc::clone(self), at.clone());
        let (options, recorder) = (Rc::clone(options), recorder.clone());
        async move {
            let route = Route::new(Purpose::Read, false, &options);
            let request = Request::container(&at)?;
            let answer = state.metadata(request, &options, &recorder, route).await;
            let answer = answer.map_err(|error| state.no_container(&at, error))?;
            let document = container::parse(&answer.body)
                .ok_or_else(|| explain::nonsense("read_container", "container definition"))?;
            Ok(Rc::new(Container::from(document)))
        }
        .boxed_local()
    }

    /// A container that an operation needs cannot be read. If it is gone, so is what was known of it.
    fn no_container(&self, at: &ContainerRef, error: Box<Error>) -> Box<Error> {
        if error.status != Some(404) {
            return error;
        }
        self.containers.forget(at);
        explain::no_container(error)
    }

    /// Whether partition key ranges are read before they are missed: the caller wants it so, or the account moves single
    /// partitions between regions.
    pub(super) fn wants_ranges(&self) -> bool {
        self.eager_ranges || self.router.borrow().moves_partitions()
    }

    /// The container's partition key ranges, read unless they are there; those after `outdated`, if that is given, read
    /// once for all who ask. The old ones serve others meanwhile, and stay where no new ones can be read.
    pub(super) async fn ranges(
        self: &Rc<Self>,
        at: &ContainerRef,
        outdated: Option<&Rc<RangeMap>>,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Result<Rc<RangeMap>> {
        let flight = Rc::clone(&self.containers.entry(at).ranges.borrow());
        if outdated.is_none()
            && let Some(ranges) = flight.ready()
        {
            return Ok(ranges);
        }
        let fetch = || self.read_ranges(at, options, recorder);
        let result = flight.get(outdated, fetch).await;
        recorder.resume(self.transport.world.now());
        result
    }

    /// Partition key ranges that an operation has missed are read beside the next one.
    pub(super) fn ranges_chore(
        self: &Rc<Self>,
        at: &ContainerRef,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Option<Chore> {
        let known = self.containers.missing_ranges(at)?;
        let (state, at) = (Rc::clone(self), at.clone());
        let (options, recorder) = (Rc::clone(options), recorder.clone());
        let chore = async move {
            known.ranges_missed.set(false);
            let _ = state.ranges(&at, None, &options, &recorder).await;
        };
        Some(chore.boxed_local())
    }

    /// What has changed in the ranges that are known, if reads still go where they came from; else all of them. Changes that
    /// do not fit are followed by everything (spec §12.3).
    fn read_ranges(
        self: &Rc<Self>,
        at: &ContainerRef,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Fetch<RangeMap> {
        let (state, at) = (Rc::clone(self), at.clone());
        let (options, recorder) = (Rc::clone(options), recorder.clone());
        let known = self.containers.ranges_of(&at);
        let mut known = known.filter(|known| self.is_near(known, &options, recorder.now()));
        let mut pauses = INCOMPLETE_PAUSES.into_iter();
        async move {
            loop {
                let incremental = known.is_some();
                let found = state.read_range_pages(&at, known.take(), &options, &recorder);
                if let Ok(map) = found.await? {
                    return Ok(Rc::new(map));
                }
                if incremental {
                    continue;
                }
                // A split is under way; it takes a moment.
                let pause = pauses.next().ok_or_else(explain::incomplete_ranges)?;
                let world = &state.transport.world;
                world
                    .sleep_until(recorder.now().saturating_add(pause))
                    .await;
                recorder.resume(world.now());
            }
        }
        .boxed_local()
    }

    /// All pages, until one says that there is nothing more. An etag means something to the region that gave it alone, so
    /// that whatever comes after it is asked for there. If it fails, the pages are read from the first on elsewhere, once.
    async fn read_range_pages(
        self: &Rc<Self>,
        at: &ContainerRef,
        mut known: Option<Rc<RangeMap>>,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Result<std::result::Result<RangeMap, Incomplete>> {
        let mut mark = known.as_ref().and_then(|known| known.mark().cloned());
        let (mut rows, mut failed) = (Vec::new(), None);
        for _ in 0..MAX_RANGE_PAGES {
            let etag = mark.as_ref().map(|mark| &*mark.etag);
            let request = Request::partition_key_ranges(at, etag)?;
            let mut route = match &mark {
                Some(mark) => Route::along(vec![Rc::clone(&mark.source)], options),
                None => Route::new(Purpose::Read, false, options),
            };
            if let (None, Some(failed)) = (&mark, &failed) {
                route.avoid(Rc::clone(failed));
            }
            let mut pipeline = Pipeline::new(self, request, options, recorder, route);
            let answer = match pipeline.run().await {
                Err(_) if mark.is_some() && failed.is_none() => {
                    failed = mark.take().map(|mark| mark.source);
                    (rows, known) = (Vec::new(), None);
                    continue;
                }
                answer => answer?,
            };
            if answer.status == 304 {
                break;
            }
            let page = ranges::parse(&answer.body)
                .ok_or_else(|| explain::nonsense(RANGES, "list of partition key ranges"))?;
            rows.extend(page);
            let etag = answer.headers.etag;
            mark = etag.and_then(|etag| {
                let source = pipeline.answered_by()?;
                Some(Mark { etag, source })
            });
            if mark.is_none() {
                break;
            }
        }
        Ok(match known {
            Some(known) => known.merge(rows, mark),
            None => RangeMap::build(rows, mark),
        })
    }

    /// Whether these ranges were read where a read would go now.
    fn is_near(&self, ranges: &RangeMap, options: &Rc<Resolved>, now: Nanos) -> bool {
        let mut route = Route::new(Purpose::Read, false, options);
        let here = self.router.borrow_mut().choose(&mut route, now);
        ranges.mark().is_some_and(|mark| mark.source == here)
    }

    /// A request for the driver itself, on behalf of an operation.
    async fn metadata(
        self: &Rc<Self>,
        request: Request,
        options: &Rc<Resolved>,
        recorder: &Recorder,
        route: Route,
    ) -> Result<Answer> {
        let name = request.name;
        let mut pipeline = Pipeline::new(self, request, options, recorder, route);
        let answer = pipeline.run().await?;
        if answer.body.len() > MAX_METADATA_BYTES {
            return Err(explain::nonsense(name, "document of less than a megabyte"));
        }
        Ok(answer)
    }
}

/// An event refresh that counts only if it succeeds.
struct Lease<'a, W: World> {
    state: &'a State<W>,
    claim: Option<Claim>,
}

impl<W: World> Lease<'_, W> {
    fn keep(mut self) {
        self.claim = None;
    }
}

impl<W: World> Drop for Lease<'_, W> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.state.refresh.borrow_mut().release(&claim);
        }
    }
}
