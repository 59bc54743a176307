//! Which way a feed goes: through to the service, or to several partitions, by a plan if it is a query (spec data-plane §3.2,
//! §3.3, §5.1).

use std::rc::Rc;

use futures_util::FutureExt as _;

use super::asker::Asker;
use super::fan::{Fan, Scope};
use super::rounds::Rounds;
use super::{Call, Single, Stage};
use crate::core::container::Container;
use crate::core::feed::{Feed, Limits, Shape};
use crate::core::feed_operation::FeedOperation;
use crate::core::feed_token::{self, Continuation, FeedKind, Fingerprint, Refused};
use crate::core::plan_cache::PlanKey;
use crate::core::query::{self, Query, Target, state_of};
use crate::core::ranges::RangeMap;
use crate::core::request::Request;
use crate::core::{Error, ErrorKind, MetadataMode, Result};
use crate::engine::World;
use crate::wire::epk_range::EpkRange;
use crate::wire::key::KeyComponent;
use crate::wire::query_plan::{self, Coverage, QueryPlan, SUPPORTED_FEATURES, Work};
use crate::wire::query_text::{Analysis, analyse};

impl<W: World> Asker<W> {
    /// Finds the way, and where on it the feed begins.
    pub(super) async fn open(&self, call: &mut Call) -> Result<Stage> {
        let (state, query) = (&self.state, self.operation.query());
        let keyed = matches!(self.operation.target(), Target::Key(_));
        let streams = match &self.operation {
            FeedOperation::QueryItems(query) => query::streams(&query.text),
            FeedOperation::ReadFeed { .. } | FeedOperation::Resources(_) => true,
            // The driver keeps the place, not the service.
            FeedOperation::ChangeFeed(_) | FeedOperation::ReadMany(_) => false,
        };
        let lean = state.metadata == MetadataMode::Lean;
        if !lean || state.needs_topology() {
            state.topology(&call.recorder).await?;
        }
        let at = match self.operation.container() {
            Some(at) if !(keyed && streams && lean) => at,
            _ => return self.single(),
        };
        let container = state
            .container(at, None, &self.options, &call.recorder)
            .await?;
        let target = self.resolve(&container)?;
        if matches!(target, Resolved::Key(_)) && streams {
            return self.single();
        }
        let over_range = matches!(target, Resolved::Range(_));
        let plain = |query: &Query| over_range && analyse(&query.text) == Analysis::Plain;
        let plan = match query {
            Some(query) if !plain(query) => Some(self.plan(query, &container, call).await?),
            _ => None,
        };
        let ranges = match &target {
            // A search counts words everywhere.
            Resolved::Key(_) if !searches(plan.as_deref()) => Rc::new(RangeMap::whole()),
            _ => {
                state
                    .ranges(at, None, &self.options, &call.recorder)
                    .await?
            }
        };
        if let FeedOperation::ChangeFeed(changes) = &self.operation {
            let (Resolved::Key(part) | Resolved::Range(part)) = &target;
            let scope = self.scope(changes.kind(), &container, &target)?;
            let rounds = Rounds::new(self, changes, scope, part, ranges)?;
            return Ok(Stage::Rounds(Box::new(rounds)));
        }
        let fan = self.fan(&container, &target, plan.as_deref(), ranges)?;
        Ok(Stage::Many(Box::new(fan)))
    }

    fn single(&self) -> Result<Stage> {
        let continuation = match &self.feed.continuation {
            None => None,
            Some(text) => match feed_token::parse(text)? {
                Continuation::Server(own) => Some(own),
                Continuation::Driver(_) => return Err(Refused::OtherQuery.into()),
            },
        };
        Ok(Stage::Single(Single {
            continuation,
            done: false,
        }))
    }

    /// Which part of the container's hash space is meant.
    fn resolve(&self, container: &Container) -> Result<Resolved> {
        Ok(match self.operation.target() {
            Target::Container => Resolved::Range(EpkRange::ALL),
            Target::Range(range) => Resolved::Range(range.clone()),
            Target::Key(key) => match container.prefix(key) {
                Some(range) => Resolved::Range(range),
                None => Resolved::Key(point_of(container, key)?),
            },
        })
    }

    /// How the gateway would have it run: asked once for each query, also by feeds that are opened at the same time.
    async fn plan(
        &self,
        query: &Query,
        container: &Container,
        call: &Call,
    ) -> Result<Rc<QueryPlan>> {
        let keyed = matches!(query.target, Target::Key(_));
        // A plan for one key covers that key alone.
        let features = [SUPPORTED_FEATURES, if keyed { ",Key" } else { "" }].concat();
        let key = PlanKey::new(&container.rid, &self.body, &features);
        if let Some(plan) = self.state.plans.borrow_mut().get(key) {
            return Ok(plan);
        }
        let request = Request::query_plan(query, Rc::clone(&self.body), &self.correlated)?;
        // Others wait for it, whose time is not up when this call's is.
        let answer = self.send_until(request, &call.recorder, None);
        let (state, shape) = (Rc::clone(&self.state), container.key_shape());
        let fetch = async move {
            let answer = answer.await?;
            let plan = query_plan::parse(&answer.body, shape)
                .map_err(|malformed| Error::new(ErrorKind::Service, malformed.to_string()))?;
            let plan = Rc::new(plan);
            let mut plans = state.plans.borrow_mut();
            plans.insert(key, Rc::clone(&plan), answer.body.len());
            Ok(plan)
        };
        let plan = self
            .state
            .planning(key)
            .get(None, || fetch.boxed_local())
            .await;
        call.recorder.resume(self.state.transport.world.now());
        plan
    }

    fn scope(&self, kind: FeedKind, container: &Container, target: &Resolved) -> Result<Scope> {
        let text = self.operation.target().text()?;
        Ok(Scope {
            container: container.rid.clone(),
            kind,
            fingerprint: Fingerprint::of(&[&self.body, text.as_bytes()]),
            point: match target {
                Resolved::Key(point) => Some(point.clone()),
                Resolved::Range(_) => None,
            },
        })
    }

    fn fan(
        &self,
        container: &Container,
        target: &Resolved,
        plan: Option<&QueryPlan>,
        ranges: Rc<RangeMap>,
    ) -> Result<Fan> {
        let own_text = self.operation.query().map_or("", |query| &query.text);
        let parts = parts_of(target, plan, &ranges);
        let work = plan.map(|plan| &plan.work);
        let (shape, text) = match work {
            Some(Work::Query(info)) => (query::shape_of(info), info.text(own_text)),
            work => {
                let shape = Shape {
                    // A search is read to its end, like one.
                    non_streaming: work.is_some(),
                    ..Shape::default()
                };
                (shape, own_text.to_owned())
            }
        };
        let slices = slices_of(&parts, &ranges);
        self.feed.check_fan_out(slices.len())?;
        let limits = Limits {
            prefetch: usize::try_from(self.feed.prefetch.unwrap_or(0)).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        let mut feed = match work {
            Some(Work::Hybrid(info)) => {
                let search = query::hybrid_of(info, &text);
                let everywhere = slices_of(&[EpkRange::ALL], &ranges);
                self.feed.check_fan_out(everywhere.len())?;
                Feed::hybrid(search, everywhere, slices, &limits)?
            }
            _ => Feed::new(&shape, slices, &limits)?,
        };
        if self.feed.resumable || self.feed.continuation.is_some() {
            feed.state()?;
        }
        let kind = match self.operation.query() {
            Some(_) => FeedKind::Query,
            None => FeedKind::ReadFeed,
        };
        let scope = self.scope(kind, container, target)?;
        if let Some(text) = &self.feed.continuation {
            let token = feed_token::parse(text)?.driver()?;
            let place = token.open(scope.kind, &scope.container, scope.fingerprint)?;
            let state = state_of(&shape, &place, &parts, &ranges)?;
            feed = Feed::resume(&shape, state, &limits)?;
        }
        Fan::new(
            feed,
            shape,
            scope,
            ranges,
            (&self.operation, &self.feed),
            text,
        )
    }
}

/// What the target comes to in the container.
enum Resolved {
    /// One complete key, as the range that holds nothing else.
    Key(EpkRange),
    /// A part of the hash space.
    Range(EpkRange),
}

fn searches(plan: Option<&QueryPlan>) -> bool {
    plan.is_some_and(|plan| matches!(plan.work, Work::Hybrid(_)))
}

fn point_of(container: &Container, key: &[KeyComponent]) -> Result<EpkRange> {
    let point = container.point(key).ok_or_else(|| {
        Error::invalid("the partition key holds a number that no key can hold: give finite numbers")
    })?;
    Ok(EpkRange {
        max: point.successor(0),
        min: point,
    })
}

/// What is read: in ascending order and apart.
fn parts_of(target: &Resolved, plan: Option<&QueryPlan>, ranges: &RangeMap) -> Vec<EpkRange> {
    let whole = match target {
        Resolved::Key(point) => return vec![point.clone()],
        Resolved::Range(range) => range,
    };
    match plan.map(|plan| plan.coverage.within(whole)) {
        None => vec![whole.clone()],
        Some(Coverage::Ranges(parts)) => parts,
        Some(Coverage::FirstPartition) => {
            let first = ranges.ranges().first();
            let all_of = first.map(|range| EpkRange {
                min: range.min.clone(),
                max: range.max.clone(),
            });
            all_of.into_iter().collect()
        }
    }
}

/// The parts cut at the borders of the partitions.
fn slices_of(parts: &[EpkRange], ranges: &RangeMap) -> Vec<EpkRange> {
    let mut slices = Vec::new();
    for part in parts {
        for tile in ranges.tiles(part) {
            slices.push(tile.slice);
        }
    }
    slices
}
