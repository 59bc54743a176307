//! A feed over several partitions: requests side by side, answers into the feed (spec data-plane §3.7, §2.5).

use std::rc::Rc;

use super::asker::Asker;
use super::flights::{Flights, Landed, Leaves, Wanted};
use super::{Call, render};
use crate::core::feed::{Feed, Leaf, LeafId, LeafPage, Pull, Row, Shape, leaf_page_size};
use crate::core::feed_operation::{FeedOperation, FeedOptions, MAX_UNDER_WAY, PAGE_ROWS};
use crate::core::feed_token::{FeedKind, FeedToken, Fingerprint, Place};
use crate::core::query::{Target, place_of};
use crate::core::ranges::{RangeMap, Tile};
use crate::core::request::Request;
use crate::core::request::query::{EXECUTION_INFO, Page, Source};
use crate::core::{Result, explain};
use crate::engine::World;
use crate::engine::wait;
use crate::wire::epk_range::EpkRange;
use crate::wire::query_body::{self, ResumeFilter};

/// A feed over several leaves. Between two calls for a page nothing is under way.
///
/// Holds what its [`Feed`] holds: a page for each leaf of a merge, else the page that is being given and what
/// [`Limits`](crate::core::feed::Limits) allows. A page of the service has at most 4 MB; at most [`MAX_UNDER_WAY`] arrive at
/// a time.
pub(super) struct Fan {
    feed: Feed,
    shape: Shape,
    scope: Scope,
    /// As they were known last.
    ranges: Rc<RangeMap>,
    /// The query that is sent to every partition.
    text: String,
    /// The body with it, as most requests have it.
    body: Rc<Vec<u8>>,
    page_rows: usize,
    /// Requests under way at a time.
    concurrency: usize,
    /// Rows to ask each leaf for; none leaves it to the service.
    leaf_rows: Option<u64>,
}

/// What a feed reads, as far as its continuations depend on it.
pub(super) struct Scope {
    /// The container's resource id.
    pub(super) container: String,
    /// What is read.
    pub(super) kind: FeedKind,
    /// Of the query, if there is one, and the target.
    pub(super) fingerprint: Fingerprint,
    /// Where the complete key lies that the feed is about.
    pub(super) point: Option<EpkRange>,
}

impl Scope {
    /// The continuation of the feed when it stands there.
    pub(super) fn token(&self, place: Place) -> Result<String> {
        let token = FeedToken {
            kind: self.kind,
            container: self.container.clone(),
            fingerprint: self.fingerprint,
            place,
        };
        Ok(token.encode()?)
    }
}

impl Fan {
    pub(super) fn new(
        feed: Feed,
        shape: Shape,
        scope: Scope,
        ranges: Rc<RangeMap>,
        (operation, options): (&FeedOperation, &FeedOptions),
        text: String,
    ) -> Result<Self> {
        let page = options.max_item_count.unwrap_or(PAGE_ROWS);
        let concurrency = options.max_concurrency.unwrap_or(MAX_UNDER_WAY);
        let leaves = feed.wanted(usize::MAX).len() as u64;
        Ok(Self {
            leaf_rows: leaf_rows(&shape, options, leaves),
            body: Rc::new(match operation.query() {
                Some(query) => query_body::body(&text, &query.parameters, None)?,
                None => Vec::new(),
            }),
            page_rows: usize::try_from(page).unwrap_or(usize::MAX),
            concurrency: usize::try_from(concurrency).unwrap_or(usize::MAX),
            feed,
            shape,
            scope,
            ranges,
            text,
        })
    }

    /// The body of the next page; none at the end.
    ///
    /// What was asked ahead lands before rows leave the feed: it is paid for, and rows that have left must not wait, lest a
    /// dropped call lose them. If it fails, the leaf is asked again when it is needed.
    pub(super) async fn pull<W: World>(
        &mut self,
        asker: &Asker<W>,
        call: &mut Call,
    ) -> Result<Option<Vec<u8>>> {
        let (mut flights, mut failed) = (Flights::new(), None);
        let asks_ahead = self.feed.asks_ahead();
        loop {
            if flights.is_empty() || !asks_ahead {
                match self.feed.next_page(self.page_rows)? {
                    Pull::Page(rows) => return Ok(Some(render(&rows))),
                    Pull::Done => return Ok(None),
                    Pull::Blocked => {}
                }
                if let Some(error) = failed {
                    return Err(error);
                }
            }
            if !call.is_spent() {
                if failed.is_none() && !self.feed.is_ahead() {
                    asker.take_off(self, call, &mut flights)?;
                }
            } else if flights.is_empty() {
                return Ok(Some(render(&self.flush())));
            }
            let Some((leaf, landed)) = wait::first(&mut flights).await else {
                return Err(explain::stuck(asker.operation.name()));
            };
            let leaf = LeafId(leaf);
            match landed {
                Err(error) if asks_ahead => failed = Some(error),
                Err(error) => return Err(error),
                Ok(Landed::Page(mut answer)) => {
                    call.note(&mut answer.headers);
                    let info = answer.headers.other(EXECUTION_INFO).map(str::to_owned);
                    let page = LeafPage {
                        body: answer.body,
                        continuation: answer.headers.continuation,
                        execution_info: info,
                    };
                    // A page that makes no sense comes out of the feed, after the rows before it.
                    let _ = self.feed.accept(leaf, page);
                }
                Ok(Landed::Moved(ranges)) => {
                    Leaves::<W>::moved(self, leaf.0, ranges)?;
                }
            }
        }
    }

    /// The rows that there are of a page.
    pub(super) fn flush(&mut self) -> Vec<Row> {
        match self.feed.next_page(self.page_rows) {
            Ok(Pull::Page(rows)) => rows,
            _ => self.feed.flush(),
        }
    }

    pub(super) fn continuation(&self) -> Result<Option<String>> {
        let state = self.feed.state()?;
        if state.slices.is_empty() {
            return Ok(None);
        }
        let place = place_of(&self.shape, state);
        self.scope.token(place).map(Some)
    }

    /// The request for a leaf's next page; none if it lies in several partitions.
    fn request<W: World>(&self, asker: &Asker<W>, leaf: &Leaf) -> Result<Option<Request>> {
        let tiles = self.ranges.tiles(&leaf.slice);
        let target = asker.operation.target();
        let Some(from) = source(&self.scope, target, &leaf.slice, &tiles) else {
            return Ok(None);
        };
        let body = match (&leaf.query, &leaf.boundary) {
            (None, None) => Rc::clone(&self.body),
            (own, boundary) => {
                let text = own.as_deref().unwrap_or(&self.text);
                let filter = boundary.as_ref().map(|boundary| ResumeFilter {
                    values: &boundary.values,
                    rid: Some(&boundary.rid),
                    exclude: false,
                });
                let query = asker.operation.query();
                let parameters = query.map_or(&[][..], |query| &query.parameters);
                Rc::new(query_body::body(text, parameters, filter)?)
            }
        };
        let page = Page {
            from,
            max_item_count: self.leaf_rows,
            continuation: leaf.continuation.as_deref(),
            session_token: asker.feed.session_token.as_deref(),
        };
        asker.request(&body, page, Vec::new()).map(Some)
    }
}

impl<W: World> Leaves<W> for Fan {
    fn wanted(&self, asker: &Asker<W>, flying: &[u32]) -> Result<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for leaf in self.feed.wanted(self.concurrency) {
            if !flying.contains(&leaf.id.0) {
                wanted.push((leaf.id.0, self.request(asker, &leaf)?));
            }
        }
        Ok(wanted)
    }

    fn repair(&mut self, id: u32) -> Result<()> {
        let id = LeafId(id);
        let mut leaves = self.feed.wanted(usize::MAX).into_iter();
        let leaf = leaves.find(|leaf| leaf.id == id);
        let tiles = leaf.map(|leaf| self.ranges.tiles(&leaf.slice));
        let tiles = tiles.into_iter().flatten();
        let slices = tiles.map(|tile| tile.slice).collect();
        Ok(self.feed.replace(id, slices)?)
    }

    fn concurrency(&self, _: &Asker<W>) -> usize {
        self.concurrency
    }

    fn ranges(&mut self) -> &mut Rc<RangeMap> {
        &mut self.ranges
    }
}

/// Where the requests of a leaf go that reads this range, whose tiles these are; none if it lies in several partitions.
pub(super) fn source<'a>(
    scope: &Scope,
    target: &'a Target,
    range: &EpkRange,
    tiles: &'a [Tile],
) -> Option<Source<'a>> {
    match (target, tiles) {
        (Target::Key(key), _) if scope.point.as_ref() == Some(range) => Some(Source::Key(key)),
        (_, [tile]) => Some(Source::Tile(tile)),
        _ => None,
    }
}

/// A merge takes few rows of each leaf; what has to be read to its end comes in pages as large as they can be.
fn leaf_rows(shape: &Shape, options: &FeedOptions, leaves: u64) -> Option<u64> {
    let aggregates = shape.aggregate.is_some() || shape.aliases.iter().any(|(_, of)| of.is_some());
    if shape.grouped || aggregates || shape.dcount.is_some() || shape.non_streaming {
        return None;
    }
    if shape.order.is_empty() {
        return options.max_item_count.map(u64::from);
    }
    let offset = shape.offset.unwrap_or(0);
    let reach = shape.take().map(|take| take.saturating_add(offset));
    let page = options.max_item_count.unwrap_or(PAGE_ROWS);
    Some(leaf_page_size(reach, leaves, page.into()))
}
