//! Which way a query goes: through to the service, or by a plan to several partitions (spec data-plane §3.2, §3.3).

use std::rc::Rc;

use super::fan::{Fan, Scope};
use super::{Asker, Call, Single, Stage};
use crate::core::container::Container;
use crate::core::feed::{Feed, Limits, Shape, Slice};
use crate::core::feed_token::{self, Continuation, FeedKind, Fingerprint, Refused};
use crate::core::plan_cache::PlanKey;
use crate::core::query::{self, Target, feed_slice, state_of};
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
        let (state, at) = (&self.state, &self.query.container);
        let streams = query::streams(&self.query.text);
        let keyed = matches!(self.query.target, Target::Key(_));
        let lean = state.metadata == MetadataMode::Lean;
        if !lean || state.needs_topology() {
            state.topology(&call.recorder).await?;
        }
        if keyed && streams && lean {
            return self.single();
        }
        let container = state.container(at, &self.options, &call.recorder).await?;
        let target = self.resolve(&container)?;
        if matches!(target, Resolved::Key(_)) && streams {
            return self.single();
        }
        let plain =
            matches!(target, Resolved::Range(_)) && analyse(&self.query.text) == Analysis::Plain;
        let plan = match plain {
            true => None,
            false => Some(self.plan(&container, call).await?),
        };
        let ranges = state.ranges(at, &self.options, &call.recorder).await?;
        let fan = self.fan(&container, target, plan.as_deref(), ranges)?;
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
        Ok(match &self.query.target {
            Target::Container => Resolved::Range(EpkRange::ALL),
            Target::Range(range) => Resolved::Range(range.clone()),
            Target::Key(key) => match container.prefix(key) {
                Some(range) => Resolved::Range(range),
                None => Resolved::Key(point_of(container, key)?),
            },
        })
    }

    /// How the gateway would have it run, asked once for each query.
    async fn plan(&self, container: &Container, call: &mut Call) -> Result<Rc<QueryPlan>> {
        let keyed = matches!(self.query.target, Target::Key(_));
        // A plan for one key covers that key alone.
        let features = [SUPPORTED_FEATURES, if keyed { ",Key" } else { "" }].concat();
        let key = PlanKey::new(&container.rid, &self.body, &features);
        if let Some(plan) = self.state.plans.borrow_mut().get(key) {
            return Ok(plan);
        }
        let request = Request::query_plan(&self.query, Rc::clone(&self.body), &self.correlated)?;
        let answer = self.send(request, call).await?;
        let plan = query_plan::parse(&answer.body, container.key_shape())
            .map_err(|malformed| Error::new(ErrorKind::Service, malformed.to_string()))?;
        let plan = Rc::new(plan);
        let mut plans = self.state.plans.borrow_mut();
        plans.insert(key, Rc::clone(&plan), answer.body.len());
        Ok(plan)
    }

    fn fan(
        &self,
        container: &Container,
        target: Resolved,
        plan: Option<&QueryPlan>,
        ranges: Rc<RangeMap>,
    ) -> Result<Fan> {
        let query = &self.query;
        let parts = parts_of(&target, plan, &ranges);
        let work = plan.map(|plan| &plan.work);
        let (shape, text) = match work {
            Some(Work::Query(info)) => (query::shape_of(info), info.text(&query.text)),
            work => {
                let shape = Shape {
                    // A search is read to its end, like one.
                    non_streaming: work.is_some(),
                    ..Shape::default()
                };
                (shape, query.text.clone())
            }
        };
        let slices = slices_of(&parts, &ranges);
        let mut feed = match work {
            Some(Work::Hybrid(info)) => {
                let search = query::hybrid_of(info, &text);
                let everywhere = slices_of(&[EpkRange::ALL], &ranges);
                Feed::hybrid(search, everywhere, slices, &Limits::default())?
            }
            _ => Feed::new(&shape, slices, &Limits::default())?,
        };
        if self.feed.resumable || self.feed.continuation.is_some() {
            feed.state()?;
        }
        let scope = Scope {
            container: container.rid.clone(),
            fingerprint: Fingerprint::of(&[&self.body, query.scope()?.as_bytes()]),
            point: match target {
                Resolved::Key(point) => Some(point),
                Resolved::Range(_) => None,
            },
        };
        if let Some(text) = &self.feed.continuation {
            let token = feed_token::parse(text)?.driver()?;
            let root = token.open(FeedKind::Query, &scope.container, scope.fingerprint)?;
            let state = state_of(&shape, root, &parts, &ranges)?;
            feed = Feed::resume(&shape, state, &Limits::default())?;
        }
        Fan::new(feed, shape, scope, ranges, (query, &self.feed), text)
    }
}

/// What the target comes to in the container.
enum Resolved {
    /// One complete key, as the range that holds nothing else.
    Key(EpkRange),
    /// A part of the hash space.
    Range(EpkRange),
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
fn slices_of(parts: &[EpkRange], ranges: &RangeMap) -> Vec<Slice> {
    let mut slices = Vec::new();
    for part in parts {
        for tile in ranges.tiles(part) {
            slices.push(feed_slice(&tile.slice));
        }
    }
    slices
}
