//! Many items at once: requests side by side until all are answered (spec data-plane §4).

use std::rc::Rc;

use super::asker::Asker;
use super::flights::{Flights, Landed, Leaves, Wanted};
use super::{Call, render};
use crate::core::feed::{FeedError, Row};
use crate::core::feed_operation::{FeedOperation, FeedOptions, MAX_UNDER_WAY, PAGE_ROWS};
use crate::core::operation::{Conditions, ItemRef};
use crate::core::query::Query;
use crate::core::ranges::RangeMap;
use crate::core::read_many::{Answer, Ask, Items, ReadMany, Unit, UnitId, is_absent};
use crate::core::request::Request;
use crate::core::request::query::{Page, Source};
use crate::core::{Error, ErrorKind, MetadataMode, Operation, Result, explain};
use crate::engine::World;
use crate::engine::wait;
use crate::wire::headers::name;

/// A read of many items. Between two calls for a page nothing is under way.
///
/// Holds the rows that no page had room for: at most what [`MAX_UNDER_WAY`] answers of 4 MB bring, but all
/// of them in input order.
pub(super) struct Many {
    begun: Option<Begun>,
    page_rows: usize,
    /// Requests under way at a time.
    concurrency: usize,
}

/// What is known once the container is.
struct Begun {
    read: ReadMany,
    /// What all its queries have in common: the container.
    queries: Query,
    /// The container's resource id.
    rid: String,
    /// As they were known last.
    ranges: Rc<RangeMap>,
    /// Requests under way at a time.
    concurrency: usize,
}

impl Many {
    pub(super) fn new(options: &FeedOptions) -> Self {
        let page = options.max_item_count.unwrap_or(PAGE_ROWS);
        let concurrency = options.max_concurrency.unwrap_or(MAX_UNDER_WAY);
        Self {
            begun: None,
            page_rows: usize::try_from(page).unwrap_or(usize::MAX),
            concurrency: usize::try_from(concurrency).unwrap_or(usize::MAX),
        }
    }

    /// Forgets what came, unless somebody has it.
    pub(super) fn starts_anew(&mut self) -> bool {
        if self
            .begun
            .as_ref()
            .is_some_and(|begun| begun.read.has_given())
        {
            return false;
        }
        self.begun = None;
        true
    }

    /// The rows that there are of a page.
    pub(super) fn flush(&mut self) -> Vec<Row> {
        let begun = self.begun.as_mut();
        begun.map_or_else(Vec::new, |begun| begun.read.take(self.page_rows))
    }

    /// The body of the next page; none at the end. It waits for all that is under way: that is paid for, and rows that have
    /// left must not wait, lest a dropped call lose them.
    pub(super) async fn pull<W: World>(
        &mut self,
        asker: &Asker<W>,
        call: &mut Call,
    ) -> Result<Option<Vec<u8>>> {
        let FeedOperation::ReadMany(items) = &asker.operation else {
            return Ok(None);
        };
        let begun = match &mut self.begun {
            Some(begun) => begun,
            none => none.insert(begin(items, asker, call, self.concurrency).await?),
        };
        let mut flights = Flights::new();
        loop {
            let full = begun.read.ready() >= self.page_rows || begun.read.is_done();
            if !full && !call.is_spent() {
                asker.take_off(begun, call, &mut flights)?;
            } else if flights.is_empty() {
                let rows = begun.read.take(self.page_rows);
                let done = rows.is_empty() && begun.read.is_done();
                return Ok((!done).then(|| render(&rows)));
            }
            let Some((unit, landed)) = wait::first(&mut flights).await else {
                return Err(explain::stuck(asker.operation.name()));
            };
            begun.land(asker, call, UnitId(unit), landed)?;
        }
    }
}

/// Learns what there is to know, and plans the requests.
async fn begin<W: World>(
    items: &Items,
    asker: &Asker<W>,
    call: &Call,
    concurrency: usize,
) -> Result<Begun> {
    let (state, at) = (&asker.state, &items.container);
    if state.metadata == MetadataMode::Eager || state.needs_topology() {
        state.topology(&call.recorder).await?;
    }
    let container = state
        .container(at, None, &asker.options, &call.recorder)
        .await?;
    let ranges = state
        .ranges(at, None, &asker.options, &call.recorder)
        .await?;
    Ok(Begun {
        read: ReadMany::new(items, &container.definition, &ranges)?,
        queries: Query::new(at.clone(), ""),
        rid: container.rid.clone(),
        ranges,
        concurrency,
    })
}

impl Begun {
    /// The request of a unit; none if it lies in several partitions.
    fn request<W: World>(&self, asker: &Asker<W>, unit: Unit) -> Result<Option<Request>> {
        let session_token = asker.feed.session_token.clone();
        let (body, continuation) = match unit.ask {
            Ask::Query { body, continuation } => (body, continuation),
            Ask::Item(item) => {
                let operation = Operation::ReadItem {
                    item: ItemRef {
                        container: self.queries.container.clone(),
                        id: item.id,
                        key: item.key,
                    },
                    conditions: Conditions {
                        precondition: None,
                        session_token,
                    },
                };
                let mut request = Request::new(operation, false)?;
                // A lean driver would not say which container it means.
                request.set_header(name::INTENDED_CONTAINER_RID, self.rid.as_str());
                return Ok(Some(request));
            }
        };
        let tiles = self.ranges.tiles(&unit.slice);
        let [tile] = &*tiles else { return Ok(None) };
        let page = Page {
            from: Source::Tile(tile),
            max_item_count: None,
            continuation: continuation.as_deref(),
            session_token: session_token.as_deref(),
        };
        Request::query(&self.queries, body, &asker.correlated, page).map(Some)
    }

    /// Takes what came of a unit's request.
    fn land<W: World>(
        &mut self,
        asker: &Asker<W>,
        call: &mut Call,
        unit: UnitId,
        landed: Result<Landed>,
    ) -> Result<()> {
        // A point read finds its way to a container created anew, where it was not meant to go.
        let known = asker
            .state
            .containers
            .definition_of(&self.queries.container);
        if known.is_some_and(|known| known.rid != self.rid) {
            return Err(recreated());
        }
        let is_item = self.read.is_item(unit);
        let mut answer = match landed {
            Ok(Landed::Page(answer)) => answer,
            Ok(Landed::Moved(ranges)) => return Leaves::<W>::moved(self, unit.0, ranges),
            Err(mut error) => {
                let status = error.status.unwrap_or(0);
                if !is_item || !is_absent(status, error.sub_status) {
                    return Err(error);
                }
                if let Some(headers) = &mut error.headers {
                    call.note(headers);
                }
                return self.read.accept(unit, Answer::Absent);
            }
        };
        call.note(&mut answer.headers);
        let (body, continuation) = (answer.body, answer.headers.continuation);
        let answer = match is_item {
            true => Answer::Item(body),
            false => Answer::Page { body, continuation },
        };
        self.read.accept(unit, answer)
    }
}

impl<W: World> Leaves<W> for Begun {
    fn wanted(&self, asker: &Asker<W>, flying: &[u32]) -> Result<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for unit in self.read.wanted(self.concurrency) {
            let id = unit.id.0;
            if !flying.contains(&id) {
                wanted.push((id, self.request(asker, unit)?));
            }
        }
        Ok(wanted)
    }

    fn repair(&mut self, unit: u32) -> Result<()> {
        match self.read.repair(UnitId(unit), &self.ranges)? {
            true => Ok(()),
            false => Err(FeedError::Unsettled.into()),
        }
    }

    fn concurrency(&self, _: &Asker<W>) -> usize {
        self.concurrency
    }

    fn ranges(&mut self) -> &mut Rc<RangeMap> {
        &mut self.ranges
    }
}

/// The answers belong to two containers of one name.
fn recreated() -> Box<Error> {
    let mut error = Error::new(
        ErrorKind::Unavailable,
        "read_many_items: the container was deleted and created anew while its items were read: read them again",
    );
    (error.status, error.sub_status) = (Some(410), Some(1000));
    error
}
