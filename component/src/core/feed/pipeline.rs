//! The nodes of a feed put together: source, gathering, distinct rows, window, count.

use super::buffered::{Buffered, Ready};
use super::dcount::DCount;
use super::distinct::Seen;
use super::drain::{Drain, Next};
use super::error::{FeedError, NotResumable, Result};
use super::hybrid::{Hybrid, Search};
use super::ordered::Ordered;
use super::row::Row;
use super::shape::{Distinct, Limits, Shape};
use super::window::Window;
use super::{Leaf, LeafId, LeafPage, SliceState, State};
use crate::wire::epk_range::EpkRange;

/// What there is of the next page.
#[derive(Debug)]
pub enum Pull {
    /// It: never empty.
    Page(Vec<Row>),
    /// Leaves have to answer first: see [`Feed::wanted`].
    Blocked,
    /// There is none: the feed is at its end.
    Done,
}

/// The rows of a query over many partitions.
///
/// Stages, from the leaves on: a drain, an ordered merge or a hybrid search; aggregates, groups or the best rows;
/// `DISTINCT`; `OFFSET`, `LIMIT` and `TOP`; a count of distinct rows. `DISTINCT` works on the query's rows, so it follows
/// aggregates and groups.
#[derive(Debug)]
pub struct Feed {
    source: Source,
    gathered: Gathered,
    seen: Seen,
    window: Window,
    dcount: Option<DCount>,
    resumable: std::result::Result<(), NotResumable>,
    /// Rows of the page that is being put together.
    page: Vec<Row>,
    /// Where the feed stood before these.
    before_page: Option<State>,
    failed: Option<FeedError>,
}

#[derive(Debug)]
enum Source {
    Drain(Drain),
    Ordered(Ordered),
    Search(Box<Search>),
}

#[derive(Debug)]
enum Gathered {
    /// Rows pass one by one.
    Nothing,
    /// As long as there are more.
    Rows(Buffered),
    /// To be given.
    Ready(Ready),
}

impl Feed {
    /// A feed from its beginning, over these slices in ascending order.
    ///
    /// # Errors
    /// A plan that cannot be carried out; see [`Limits`].
    pub fn new(shape: &Shape, slices: Vec<EpkRange>, limits: &Limits) -> Result<Self> {
        let state = State {
            slices: slices.into_iter().map(SliceState::fresh).collect(),
            skip: shape.offset.unwrap_or(0),
            take: shape.take(),
            last: None,
        };
        Self::resume(shape, state, limits)
    }

    /// A feed from where another one of the same query stood, its slices cut along today's partitions.
    ///
    /// # Errors
    /// As for a new one; a state that is not one of this query's.
    pub fn resume(shape: &Shape, state: State, limits: &Limits) -> Result<Self> {
        state.check(shape)?;
        let window = Window {
            skip: state.skip,
            take: state.take,
        };
        let gathered = Buffered::new(shape, window, limits)?;
        let resumable = resumable(shape);
        let source = if !shape.order.is_empty() && !shape.non_streaming {
            Source::Ordered(Ordered::new(state.slices, shape.order.clone())?)
        } else if gathered.is_some() || shape.dcount.is_some() {
            Source::Drain(Drain::eager(state.slices))
        } else {
            Source::Drain(Drain::sequential(state.slices, limits.prefetch))
        };
        Ok(Self {
            seen: Seen::new(distinct(shape), state.last, limits),
            source,
            gathered: gathered.map_or(Gathered::Nothing, Gathered::Rows),
            window,
            dcount: shape.dcount.clone().map(DCount::new),
            resumable,
            page: Vec::new(),
            before_page: None,
            failed: None,
        })
    }

    /// A hybrid search. `everywhere` are the slices whose words are counted, of the whole container unless the caller
    /// wants otherwise; `targets` the slices that are searched.
    ///
    /// # Errors
    /// A plan that cannot be carried out.
    pub fn hybrid(
        plan: Hybrid,
        everywhere: Vec<EpkRange>,
        targets: Vec<EpkRange>,
        limits: &Limits,
    ) -> Result<Self> {
        let shape = Shape {
            top: (plan.take == 0).then_some(0),
            ..Shape::default()
        };
        let search = Search::new(plan, everywhere, targets, *limits)?;
        Ok(Self {
            source: Source::Search(Box::new(search)),
            resumable: Err(NotResumable::Hybrid),
            ..Self::new(&shape, Vec::new(), limits)?
        })
    }

    /// The next page: at most `limit` rows if the driver puts it together; in a plain feed, all rows of the service's
    /// page, which need not be sent again after a resume then.
    ///
    /// # Errors
    /// Once the rows before the failure were given, the same error from now on.
    pub fn next_page(&mut self, limit: usize) -> Result<Pull> {
        let end = self.fill(limit.max(1));
        // A merge may take a request for every row, so it waits for a whole page.
        let waits = end == End::Blocked && matches!(self.source, Source::Ordered(_));
        if !self.page.is_empty() && !waits {
            self.before_page = None;
            return Ok(Pull::Page(std::mem::take(&mut self.page)));
        }
        match (end, &self.failed) {
            (End::Failed, Some(error)) => Err(*error),
            (End::Blocked, _) => Ok(Pull::Blocked),
            _ => {
                // Rows that came to none since are not to be read again.
                self.before_page = None;
                Ok(Pull::Done)
            }
        }
    }

    /// The rows that there are of the next page, when no more requests may be sent for it. The feed goes on after them.
    pub fn flush(&mut self) -> Vec<Row> {
        self.before_page = None;
        std::mem::take(&mut self.page)
    }

    /// Whether the feed may want leaves that its next page can do without.
    pub fn asks_ahead(&self) -> bool {
        matches!(&self.source, Source::Drain(drain) if drain.asks_ahead())
    }

    /// Whether such a feed has what its next page needs.
    pub fn is_ahead(&self) -> bool {
        matches!(&self.source, Source::Drain(drain) if drain.is_ahead())
    }

    /// The leaves whose answers are needed, at most `limit`: first those that hold up the next page, then those that will
    /// be needed later. They are the same until their answers are accepted, so leave out what is under way.
    pub fn wanted(&self, limit: usize) -> Vec<Leaf> {
        if self.failed.is_some() || self.window.is_closed() {
            return Vec::new();
        }
        match &self.source {
            Source::Drain(drain) => drain.wanted(limit),
            Source::Ordered(ordered) => ordered.wanted(limit),
            Source::Search(search) => search.wanted(limit),
        }
    }

    /// Takes the answer of a leaf.
    ///
    /// # Errors
    /// It makes no sense; the feed has failed.
    pub fn accept(&mut self, leaf: LeafId, page: LeafPage) -> Result<()> {
        let accepted = match &mut self.source {
            Source::Drain(drain) => drain.accept(leaf, page),
            Source::Ordered(ordered) => ordered.accept(leaf, page),
            Source::Search(search) => search.accept(leaf, page),
        };
        self.checked(accepted)
    }

    /// The partition of a leaf is gone: puts one leaf for each of these slices in its place. They go on where it stood.
    ///
    /// # Errors
    /// The slices, in ascending order, do not cover the leaf's exactly; the leaf was replaced more than 10 times without
    /// an answer. The feed has failed.
    pub fn replace(&mut self, leaf: LeafId, slices: Vec<EpkRange>) -> Result<()> {
        let replaced = match &mut self.source {
            Source::Drain(drain) => drain.lanes.replace(leaf, slices),
            Source::Ordered(ordered) => ordered.lanes.replace(leaf, slices),
            Source::Search(search) => search.replace(leaf, slices),
        };
        self.checked(replaced)
    }

    /// Where the feed stands after the last page that was given.
    ///
    /// # Errors
    /// Why it cannot be resumed.
    pub fn state(&self) -> std::result::Result<State, NotResumable> {
        self.resumable?;
        match &self.before_page {
            _ if self.failed.is_some() => Err(NotResumable::Failed),
            Some(state) => Ok(state.clone()),
            None => Ok(self.current_state()),
        }
    }

    fn checked(&mut self, result: Result<()>) -> Result<()> {
        if let Err(error) = &result {
            self.failed = Some(*error);
        }
        result
    }

    fn current_state(&self) -> State {
        let mut state = State {
            slices: Vec::new(),
            skip: self.window.skip,
            take: self.window.take,
            last: match self.seen {
                Seen::Last(last) => last,
                _ => None,
            },
        };
        match &self.source {
            _ if self.window.is_closed() => (),
            Source::Drain(drain) => drain.state(&mut state),
            Source::Ordered(ordered) => ordered.state(&mut state),
            Source::Search(_) => (),
        }
        state
    }

    /// Adds rows to the page as far as they are there.
    fn fill(&mut self, limit: usize) -> End {
        if self.failed.is_some() {
            return End::Failed;
        }
        if let Source::Ordered(ordered) = &self.source
            && self.page.is_empty()
            && self.resumable.is_ok()
            && ordered.is_ready()
        {
            self.before_page = Some(self.current_state());
        }
        loop {
            if self.page.len() >= limit && self.between_pages() {
                return End::Full;
            }
            match self.next_row() {
                Ok(Next::Row(row)) => self.page.push(row),
                Ok(Next::Blocked) => return End::Blocked,
                Ok(Next::Done) => return End::Done,
                Err(error) => {
                    self.failed = Some(error);
                    return End::Failed;
                }
            }
        }
    }

    /// Whether the feed could be resumed from here.
    fn between_pages(&self) -> bool {
        match (&self.gathered, &self.source) {
            (Gathered::Nothing, Source::Drain(drain)) => drain.between_pages(),
            _ => true,
        }
    }

    fn next_row(&mut self) -> Result<Next> {
        loop {
            let next = match self.window.is_closed() {
                true => Next::Done,
                false => self.gathered_row()?,
            };
            let row = match next {
                Next::Row(row) => row,
                Next::Blocked => return Ok(Next::Blocked),
                Next::Done => {
                    let count = self.dcount.take().map(|dcount| dcount.row());
                    return Ok(count.map_or(Next::Done, Next::Row));
                }
            };
            if !self.seen.is_new(&row)? || !self.window.admits() {
                continue;
            }
            match &mut self.dcount {
                Some(dcount) => dcount.add(),
                None => return Ok(Next::Row(row)),
            }
        }
    }

    fn gathered_row(&mut self) -> Result<Next> {
        loop {
            let buffered = match &mut self.gathered {
                Gathered::Nothing => return self.source.next(),
                Gathered::Ready(ready) => return Ok(ready.next().map_or(Next::Done, Next::Row)),
                Gathered::Rows(buffered) => buffered,
            };
            match self.source.next()? {
                Next::Row(row) => buffered.add(row)?,
                Next::Blocked => return Ok(Next::Blocked),
                Next::Done => {
                    if let Gathered::Rows(buffered) =
                        std::mem::replace(&mut self.gathered, Gathered::Nothing)
                    {
                        self.gathered = Gathered::Ready(buffered.finish());
                    }
                }
            }
        }
    }
}

/// Why no more rows are added to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Full,
    Blocked,
    Done,
    Failed,
}

impl Source {
    fn next(&mut self) -> Result<Next> {
        match self {
            Self::Drain(drain) => Ok(drain.next()),
            Self::Ordered(ordered) => ordered.next(),
            Self::Search(search) => search.next(),
        }
    }
}

/// Whether, or why not, a feed of this shape can go on from a token.
fn resumable(shape: &Shape) -> std::result::Result<(), NotResumable> {
    if shape.grouped {
        return Err(NotResumable::GroupBy);
    }
    if shape.aggregates() || shape.dcount.is_some() {
        return Err(NotResumable::Aggregate);
    }
    if shape.non_streaming {
        return Err(NotResumable::NonStreamingOrderBy);
    }
    match distinct(shape) {
        Distinct::Unordered => Err(NotResumable::Distinct),
        _ => Ok(()),
    }
}

/// Equal rows follow one another only in a merge.
fn distinct(shape: &Shape) -> Distinct {
    match shape.distinct {
        Distinct::Ordered if shape.order.is_empty() || shape.non_streaming => Distinct::Unordered,
        distinct => distinct,
    }
}
