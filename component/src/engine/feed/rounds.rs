//! A change feed: partitions are asked in turn, and an answer with changes is a page (spec data-plane §5.3, §5.4).
//!
//! One request at a time, unless the caller allows more: then a call waits for all that it has sent, and what came beside
//! its page is given by the next calls. Only a feed of all versions and deletes begins with a request to each partition.

use std::rc::Rc;

use super::asker::Asker;
use super::fan::{Scope, source};
use super::flights::{Flights, Landed, Leaves, Wanted};
use super::{Call, render};
use crate::core::Result;
use crate::core::change_feed::{Answer, ChangeFeed, Changes, Leaf, LeafId, Next, State};
use crate::core::feed_operation::MAX_UNDER_WAY;
use crate::core::feed_token;
use crate::core::ranges::RangeMap;
use crate::core::request::Request;
use crate::core::request::query::Page;
use crate::engine::World;
use crate::engine::wait;
use crate::wire::epk_range::EpkRange;

/// A change feed at work. Between two calls for a page nothing is under way.
pub(super) struct Rounds {
    feed: ChangeFeed,
    scope: Scope,
    /// As they were known last.
    ranges: Rc<RangeMap>,
}

impl Rounds {
    /// Goes on where the caller's continuation says, else begins; over these slices, which make up `part`.
    pub(super) fn new<W: World>(
        asker: &Asker<W>,
        changes: &Changes,
        scope: Scope,
        part: &EpkRange,
        ranges: Rc<RangeMap>,
    ) -> Result<Self> {
        let feed = match &asker.feed.continuation {
            None => {
                let tiles = ranges.tiles(part).into_iter();
                ChangeFeed::new(
                    changes.mode,
                    changes.start,
                    tiles.map(|tile| tile.slice).collect(),
                )
            }
            Some(text) => {
                let token = feed_token::parse(text)?.driver()?;
                let place = token.open(scope.kind, &scope.container, scope.fingerprint)?;
                ChangeFeed::resume(changes.mode, State::of(&place, part, &ranges)?)
            }
        };
        Ok(Self {
            feed: if changes.enveloped {
                feed.enveloped()
            } else {
                feed
            },
            scope,
            ranges,
        })
    }

    /// The body of the next page. Never the end.
    pub(super) async fn pull<W: World>(
        &mut self,
        asker: &Asker<W>,
        call: &mut Call,
    ) -> Result<Option<Vec<u8>>> {
        let mut flights = Flights::new();
        loop {
            // What is taken has left the feed: nothing may be waited for from there on.
            if flights.is_empty() {
                match self.feed.next_page() {
                    Next::Page(body) => return Ok(Some(body)),
                    Next::CaughtUp => {
                        call.status = 304;
                        return Ok(Some(render(&[])));
                    }
                    Next::Asking => {}
                }
            }
            if !call.is_spent() {
                asker.take_off(self, call, &mut flights)?;
            }
            let Some((leaf, landed)) = wait::first(&mut flights).await else {
                return Ok(Some(render(&[])));
            };
            let leaf = LeafId(leaf);
            match landed? {
                Landed::Page(mut answer) => {
                    call.note(&mut answer.headers);
                    let etag = answer.headers.etag;
                    let answer = match answer.status {
                        304 => Answer::NotModified { etag },
                        _ => Answer::Changes {
                            body: answer.body,
                            etag,
                        },
                    };
                    self.feed.accept(leaf, answer)?;
                }
                Landed::Moved(ranges) => {
                    Leaves::<W>::moved(self, leaf.0, ranges)?;
                }
            }
        }
    }

    /// A page that has come already.
    pub(super) fn waiting(&mut self) -> Option<Vec<u8>> {
        match self.feed.next_page() {
            Next::Page(body) => Some(body),
            _ => None,
        }
    }

    pub(super) fn continuation(&self) -> Result<Option<String>> {
        let place = self.feed.state()?.into_place();
        self.scope.token(place).map(Some)
    }

    /// The request for a slice's next changes; none if it lies in several partitions.
    fn request<W: World>(&self, asker: &Asker<W>, leaf: &Leaf) -> Result<Option<Request>> {
        let target = asker.operation.target();
        let tiles = self.ranges.tiles(&leaf.slice);
        let Some(from) = source(&self.scope, target, &leaf.slice, &tiles) else {
            return Ok(None);
        };
        let page = Page {
            from,
            max_item_count: asker.feed.max_item_count.map(u64::from),
            continuation: None,
            session_token: asker.feed.session_token.as_deref(),
        };
        let headers = self.feed.headers(leaf);
        asker.request(&asker.body, page, headers).map(Some)
    }
}

impl<W: World> Leaves<W> for Rounds {
    fn wanted(&self, asker: &Asker<W>, flying: &[u32]) -> Result<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for leaf in self.feed.wanted(self.concurrency(asker)) {
            if !flying.contains(&leaf.id.0) {
                wanted.push((leaf.id.0, self.request(asker, &leaf)?));
            }
        }
        Ok(wanted)
    }

    fn repair(&mut self, leaf: u32) -> Result<()> {
        self.feed.repair(LeafId(leaf), &self.ranges)
    }

    fn concurrency(&self, asker: &Asker<W>) -> usize {
        let default = if self.feed.is_pinning() {
            MAX_UNDER_WAY
        } else {
            1
        };
        let concurrency = asker.feed.max_concurrency.unwrap_or(default);
        usize::try_from(concurrency).unwrap_or(usize::MAX)
    }

    fn ranges(&mut self) -> &mut Rc<RangeMap> {
        &mut self.ranges
    }
}
