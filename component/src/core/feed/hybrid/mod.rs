//! Hybrid search: several rankings of the same items become one (spec data-plane §3.8).
//!
//! First, if the plan wants it, all partitions count documents and words; then every component query goes to all
//! partitions, with these counts filled in; at the end the rankings are fused. Nothing of it can be resumed.

mod fusion;
mod statistics;

use std::collections::VecDeque;
use std::rc::Rc;

use super::best::Best;
use super::drain::{Drain, Next};
use super::error::{FeedError, Result};
use super::row::Row;
use super::shape::{Limits, Order};
use super::window::Window;
use super::{Leaf, LeafId, LeafPage, SliceState};
use crate::wire::epk_range::EpkRange;
use crate::wire::value;

use statistics::Statistics;

/// What the plan of a hybrid search says (`hybridSearchQueryInfo`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hybrid {
    /// `globalStatisticsQuery`; absent unless `requiresGlobalStatistics`.
    pub statistics: Option<String>,
    /// `componentQueryInfos`.
    pub components: Vec<Component>,
    /// `componentWeights`; 1 for those missing.
    pub weights: Vec<f64>,
    /// `skip`, 0 by default.
    pub skip: u64,
    /// `take`, which the service demands.
    pub take: u64,
}

/// One ranking: a query sorted by its score.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Component {
    /// `rewrittenQuery`, with its placeholders.
    pub query: String,
    /// `orderBy`; highest first by default.
    pub order: Vec<Order>,
    /// Rows of it that count: `offset` and the smaller one of `top` and `limit` together. By default, and at most,
    /// [`Limits::window`].
    pub reach: Option<u64>,
}

/// The rows of a hybrid search.
#[derive(Debug)]
pub(super) struct Search {
    plan: Hybrid,
    phase: Phase,
    /// The queries of this phase.
    queries: Vec<Rc<str>>,
    targets: Vec<EpkRange>,
    limits: Limits,
}

#[derive(Debug)]
enum Phase {
    Statistics(Drain, Statistics),
    Components(Drain, Vec<Best>),
    Rows(VecDeque<Row>),
}

impl Search {
    /// `everywhere` are the slices that are counted: the whole container for global statistics.
    ///
    /// # Errors
    /// A plan without components, or one that wants more rows than allowed.
    pub(super) fn new(
        mut plan: Hybrid,
        everywhere: Vec<EpkRange>,
        targets: Vec<EpkRange>,
        limits: Limits,
    ) -> Result<Self> {
        for component in &mut plan.components {
            if component.order.is_empty() {
                component.order = vec![Order { descending: true }];
            }
            if component.reach.is_some_and(|reach| reach > limits.window) {
                return Err(FeedError::TooMuch("rows of a component of a hybrid search"));
            }
        }
        if plan.components.is_empty() {
            return Err(FeedError::Unsupported("a hybrid search without components"));
        }
        let query = plan.statistics.take();
        let counted = query.as_ref().map_or_else(Vec::new, |_| everywhere);
        let drain = Drain::eager(counted.into_iter().map(SliceState::fresh).collect());
        Ok(Self {
            queries: query.map(Rc::from).into_iter().collect(),
            phase: Phase::Statistics(drain, Statistics::default()),
            plan,
            targets,
            limits,
        })
    }

    pub(super) fn next(&mut self) -> Result<Next> {
        loop {
            match &mut self.phase {
                Phase::Statistics(drain, statistics) => match drain.next() {
                    Next::Row(row) => statistics.add(row.bytes())?,
                    Next::Blocked => return Ok(Next::Blocked),
                    Next::Done => self.begin_components()?,
                },
                Phase::Components(drain, rankings) => match drain.next() {
                    Next::Row(row) => {
                        if let Some(best) = rankings.get_mut(row.query as usize) {
                            best.add(row)?;
                        }
                    }
                    Next::Blocked => return Ok(Next::Blocked),
                    Next::Done => self.phase = Phase::Rows(self.fused()?),
                },
                Phase::Rows(rows) => return Ok(rows.pop_front().map_or(Next::Done, Next::Row)),
            }
        }
    }

    pub(super) fn wanted(&self, limit: usize) -> Vec<Leaf> {
        let Some(drain) = self.drain() else {
            return Vec::new();
        };
        let waiting = drain.lanes.list.iter().filter(|lane| lane.page.is_none());
        let query = |query: u32| self.queries.get(query as usize).cloned();
        waiting
            .take(limit)
            .map(|lane| lane.leaf(query(lane.query)))
            .collect()
    }

    pub(super) fn accept(&mut self, id: LeafId, page: LeafPage) -> Result<()> {
        match &mut self.phase {
            Phase::Statistics(drain, _) | Phase::Components(drain, _) => drain.accept(id, page),
            Phase::Rows(_) => Err(FeedError::Malformed("a page came that was not asked for")),
        }
    }

    pub(super) fn replace(&mut self, id: LeafId, slices: Vec<EpkRange>) -> Result<()> {
        match &mut self.phase {
            Phase::Statistics(drain, _) | Phase::Components(drain, _) => {
                drain.lanes.replace(id, slices)
            }
            Phase::Rows(_) => Err(FeedError::BadReplacement),
        }
    }

    fn drain(&self) -> Option<&Drain> {
        match &self.phase {
            Phase::Statistics(drain, _) | Phase::Components(drain, _) => Some(drain),
            Phase::Rows(_) => None,
        }
    }

    fn begin_components(&mut self) -> Result<()> {
        let Phase::Statistics(drain, statistics) = &self.phase else {
            return Ok(());
        };
        let mut texts = Vec::new();
        let mut rankings = Vec::new();
        for component in &self.plan.components {
            texts.push(component.query.as_str());
            let reach = component.reach.unwrap_or(self.limits.window);
            let room = self
                .limits
                .bytes
                .checked_div(self.plan.components.len())
                .unwrap_or(0);
            rankings.push(Best::new(component.order.clone(), reach, room));
        }
        self.queries = statistics.fill(&texts)?;
        let drain = Drain::queries(&drain.lanes, texts.len() as u32, &self.targets);
        self.phase = Phase::Components(drain, rankings);
        Ok(())
    }

    fn fused(&mut self) -> Result<VecDeque<Row>> {
        let Phase::Components(_, rankings) = &mut self.phase else {
            return Ok(VecDeque::new());
        };
        let mut rows = Vec::new();
        let several = rankings.len() > 1;
        for best in rankings.drain(..) {
            rows.extend(best.into_heads());
        }
        if several {
            rows = fusion::fused(rows, &self.plan)?;
        }
        let mut window = Window {
            skip: self.plan.skip,
            take: Some(self.plan.take),
        };
        let mut given = VecDeque::new();
        for head in rows {
            let inner = head.payload.as_ref().and_then(|row| {
                let payload = value::member(row.bytes(), b"payload")?;
                Some(row.part(payload))
            });
            if let Some(row) = inner
                && window.admits()
            {
                given.push_back(row);
            }
        }
        Ok(given)
    }
}
