//! A streaming merge: every leaf gives its rows sorted, and the lowest head of all comes next (spec data-plane §3.7).

use std::cmp::Ordering;
use std::rc::Rc;

use super::drain::Next;
use super::envelope::{Head, Key, boundary_keys, boundary_values, compare_keys, compare_rids};
use super::error::{FeedError, Result};
use super::lanes::{Lane, Lanes};
use super::row::Row;
use super::shape::Order;
use super::{Boundary, Leaf, LeafId, LeafPage, SliceState, State};
use crate::wire::epk_range::EpkRange;
use crate::wire::json;

/// Merges sorted leaves. Needs the next row of every leaf before it can give one; holds a page of each.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) lanes: Lanes,
    order: Vec<Order>,
    /// The next row of every leaf that has one, the lowest at the end.
    heads: Vec<(LeafId, Head)>,
}

/// Where a leaf of an ordered feed stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The last row given.
    last: Option<Rc<Mark>>,
    /// Whether a row of the page held was given.
    touched: bool,
    /// After a resume, as long as rows come that were given before: how many at the mark itself are still to come.
    trim: Option<u64>,
    /// Whether documents with equal keys come highest number first.
    descending_rids: bool,
}

/// A row that was given.
#[derive(Debug)]
struct Mark {
    keys: Vec<Key>,
    rid: Box<[u8]>,
    /// How many like it were given, with it.
    count: u64,
    values: Values,
}

/// The keys as JSON, or what they can be taken from: they are wanted only for tokens and once a page.
#[derive(Debug)]
enum Values {
    Row(Row),
    Json(Vec<String>),
}

impl Ordered {
    /// # Errors
    /// The boundaries do not fit the order.
    pub(super) fn new(slices: Vec<SliceState>, order: Vec<Order>) -> Result<Self> {
        let mut lanes = Lanes::default();
        for state in slices {
            let mut lane = Lane::new(state.slice);
            lane.place.last = match &state.boundary {
                Some(boundary) => Some(Rc::new(Mark::read(boundary, &order)?)),
                None => None,
            };
            if state.continuation.is_some() {
                lane.from = state.continuation;
            } else if let Some(boundary) = state.boundary {
                lane.place.trim = Some(boundary.skip);
                lane.filter = Some(Rc::new(boundary));
            }
            lanes.push(lane);
        }
        Ok(Self {
            lanes,
            order,
            heads: Vec::new(),
        })
    }

    /// Whether the next row is there, or the end.
    pub(super) fn is_ready(&self) -> bool {
        self.heads.len() >= self.lanes.list.len()
    }

    pub(super) fn next(&mut self) -> Result<Next> {
        loop {
            if !self.is_ready() {
                return Ok(Next::Blocked);
            }
            let Some((id, head)) = self.heads.pop() else {
                return Ok(Next::Done);
            };
            let Some(at) = self.lanes.place(id) else {
                continue;
            };
            let payload = head.payload.clone();
            if let Some(lane) = self.lanes.list.get_mut(at) {
                lane.place.record(head, &self.order);
            }
            self.advance(at)?;
            if let Some(payload) = payload {
                return Ok(Next::Row(payload));
            }
        }
    }

    pub(super) fn wanted(&self, limit: usize) -> Vec<Leaf> {
        let waiting = self.lanes.list.iter().filter(|lane| lane.page.is_none());
        waiting.take(limit).map(|lane| lane.leaf(None)).collect()
    }

    pub(super) fn accept(&mut self, id: LeafId, mut page: LeafPage) -> Result<()> {
        let info = page.execution_info.take();
        let at = self.lanes.accept(id, page)?;
        if let Some(lane) = self.lanes.list.get_mut(at) {
            let first = self.order.first().is_some_and(|order| order.descending);
            lane.place.descending_rids = descending_rids(info.as_deref(), first);
        }
        self.advance(at)
    }

    pub(super) fn state(&self, state: &mut State) {
        for lane in &self.lanes.list {
            let place = &lane.place;
            // A continuation belongs to the plain body, and leads to the beginning of a page.
            let exact = lane.filter.is_none() && !place.touched;
            state.push(SliceState {
                slice: lane.slice.clone(),
                continuation: lane.from.clone().filter(|_| exact),
                boundary: place.last.as_ref().map(|last| last.boundary()),
            });
        }
    }

    /// Finds the leaf's next row, as far as its page has one.
    fn advance(&mut self, at: usize) -> Result<()> {
        let Some(lane) = self.lanes.list.get_mut(at) else {
            return Ok(());
        };
        while let Some(row) = lane.page.as_mut().and_then(|page| page.pop_front()) {
            let head = Head::parse(row, &self.order)?;
            if lane.place.given_before(&head, &self.order) {
                continue;
            }
            let id = lane.id;
            let place = self.insertion(at, &head);
            self.heads.insert(place, (id, head));
            return Ok(());
        }
        lane.place.end_page();
        if !lane.end_page() {
            self.lanes.list.remove(at);
        }
        Ok(())
    }

    /// Where the head of this leaf belongs: before all that come earlier than it.
    fn insertion(&self, at: usize, head: &Head) -> usize {
        let slice = self.lanes.list.get(at).map(|lane| &lane.slice);
        self.heads.partition_point(|(id, other)| {
            let order = compare_keys(&other.keys, &head.keys, &self.order);
            order.then_with(|| self.compare_slices(*id, slice)) == Ordering::Greater
        })
    }

    fn compare_slices(&self, id: LeafId, other: Option<&EpkRange>) -> Ordering {
        let one = self.lanes.place(id).and_then(|at| self.lanes.list.get(at));
        match (one, other) {
            (Some(one), Some(other)) => one.slice.min.cmp(&other.min),
            _ => Ordering::Equal,
        }
    }
}

impl Place {
    fn record(&mut self, head: Head, order: &[Order]) {
        let again = self.last.as_ref().filter(|last| {
            last.rid == head.rid && compare_keys(&last.keys, &head.keys, order) == Ordering::Equal
        });
        let before = again.map_or(0, |last| last.count);
        self.touched = true;
        let mark = Mark {
            keys: head.keys,
            rid: head.rid,
            count: before.saturating_add(1),
            values: Values::Row(head.row),
        };
        match self.last.as_mut().and_then(Rc::get_mut) {
            Some(last) => *last = mark,
            None => self.last = Some(Rc::new(mark)),
        }
    }

    /// Whether a row after a resume lies at or before the mark.
    fn given_before(&mut self, head: &Head, order: &[Order]) -> bool {
        let (Some(left), Some(last)) = (self.trim, &self.last) else {
            return false;
        };
        let by_rid = || {
            let order = compare_rids(&head.rid, &last.rid);
            if self.descending_rids {
                order.reverse()
            } else {
                order
            }
        };
        let left = match compare_keys(&head.keys, &last.keys, order).then_with(by_rid) {
            Ordering::Less => Some(left),
            Ordering::Equal => left.checked_sub(1),
            Ordering::Greater => None,
        };
        self.trim = left;
        left.is_some()
    }

    /// Lets go of the page that the last row was on.
    fn end_page(&mut self) {
        self.touched = false;
        // Leaves share a mark only after a split, and then it holds no page.
        if let Some(mark) = self.last.as_mut().and_then(Rc::get_mut) {
            mark.values = Values::Json(mark.json());
        }
    }
}

impl Mark {
    fn read(boundary: &Boundary, order: &[Order]) -> Result<Self> {
        let keys = boundary_keys(&boundary.values, order)
            .filter(|_| !boundary.rid.is_empty() && boundary.skip > 0)
            .ok_or(FeedError::BadState(
                "a row to go on from does not fit its ORDER BY",
            ))?;
        Ok(Self {
            keys,
            rid: boundary.rid.as_bytes().into(),
            count: boundary.skip,
            values: Values::Json(boundary.values.clone()),
        })
    }

    fn json(&self) -> Vec<String> {
        match &self.values {
            Values::Row(row) => boundary_values(row),
            Values::Json(values) => values.clone(),
        }
    }

    fn boundary(&self) -> Boundary {
        Boundary {
            values: self.json(),
            rid: String::from_utf8_lossy(&self.rid).into_owned(),
            skip: self.count,
        }
    }
}

/// What a response says of the order of documents with equal keys; the direction of the first column if nothing.
fn descending_rids(info: Option<&str>, first_column: bool) -> bool {
    let (mut enabled, mut reverse) = (info.is_none(), false);
    let read = json::members(
        info.unwrap_or("{}").as_bytes(),
        &mut |name, value| match name {
            "reverseRidEnabled" => enabled = json::is_true(value),
            "reverseIndexScan" => reverse = json::is_true(value),
            _ => (),
        },
    );
    if enabled || read.is_none() {
        first_column
    } else {
        reverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_with_equal_keys_come_as_the_service_says() {
        for (info, first_column, expected) in [
            (None, true, true),
            (None, false, false),
            (
                Some(r#"{"reverseRidEnabled":true,"reverseIndexScan":false}"#),
                true,
                true,
            ),
            (
                Some(r#"{"reverseRidEnabled":true,"reverseIndexScan":true}"#),
                false,
                false,
            ),
            (
                Some(r#"{"reverseRidEnabled":false,"reverseIndexScan":true}"#),
                false,
                true,
            ),
            (
                Some(r#"{"reverseRidEnabled":false,"reverseIndexScan":false}"#),
                true,
                false,
            ),
            (Some("{}"), true, false),
            (Some("nonsense"), true, true),
        ] {
            assert_eq!(descending_rids(info, first_column), expected, "{info:?}");
        }
    }
}
