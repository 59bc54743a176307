//! What a token means for the partitions that there are now.

use super::{Boundary, Node, Refused, Slice};
use crate::core::ranges::{RangeMap, Tile};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;

/// A leaf that goes on where a slice of the token stands, or starts.
#[derive(Debug, Clone, PartialEq)]
pub struct ResumedLeaf {
    /// The partition, and what of it the leaf reads.
    pub tile: Tile,
    /// The service's continuation or etag; none for a leaf that has not been asked.
    pub continuation: Option<String>,
    /// The last row given.
    pub boundary: Option<Boundary>,
}

/// The leaves of a feed that goes on, in ascending order. `scope` is what the feed reads, in ascending order and apart.
///
/// After a split each part goes on with the slice's continuation and boundary. After a merge several leaves read from one
/// partition, each its own slice of it. What a sequential drain has not asked yet starts.
///
/// # Errors
/// [`Refused::Uncovered`]: a slice lies outside the scope, or the slices of a change feed do not make it up; nothing is ever
/// left out in silence. [`Refused::OtherKind`]: the token has no slices: it belongs to a single leaf, or to a read of many
/// items, whose units find their partitions by their items.
pub fn resume(
    node: &Node,
    scope: &[EpkRange],
    map: &RangeMap,
) -> Result<Vec<ResumedLeaf>, Refused> {
    let mut leaves = Leaves {
        map,
        found: Vec::new(),
    };
    match node {
        Node::Drained => {}
        Node::SkipTake { child, .. } | Node::Distinct { child, .. } => {
            return resume(child, scope, map);
        }
        Node::SequentialDrain { cursor, slices } => {
            covered(slices, scope)?;
            leaves.drain(cursor, slices, scope)?;
        }
        Node::OrderedMerge { slices, .. } => {
            covered(slices, scope)?;
            for slice in slices {
                leaves.go_on(slice)?;
            }
        }
        Node::Changes { slices, .. } => {
            covered(slices, scope)?;
            make_up(slices, scope)?;
            for slice in slices {
                leaves.go_on(slice)?;
            }
        }
        Node::Request { .. } | Node::ReadMany { .. } => return Err(Refused::OtherKind),
    }
    Ok(leaves.found)
}

/// Whether every slice lies within one range of the scope.
fn covered(slices: &[Slice], scope: &[EpkRange]) -> Result<(), Refused> {
    let mut scope = scope.iter();
    let mut range = scope.next();
    for slice in slices {
        // Both are in ascending order.
        while range.is_some_and(|range| range.max <= slice.range.min) {
            range = scope.next();
        }
        if !range.is_some_and(|range| range.contains(&slice.range)) {
            return Err(Refused::Uncovered);
        }
    }
    Ok(())
}

/// Whether slices within the scope leave none of it out.
fn make_up(slices: &[Slice], scope: &[EpkRange]) -> Result<(), Refused> {
    let mut slices = slices.iter().peekable();
    for range in scope {
        let mut end = &range.min;
        while let Some(slice) = slices.next_if(|slice| slice.range.min == *end) {
            end = &slice.range.max;
        }
        if *end != range.max {
            return Err(Refused::Uncovered);
        }
    }
    Ok(())
}

struct Leaves<'a> {
    map: &'a RangeMap,
    found: Vec<ResumedLeaf>,
}

impl Leaves<'_> {
    /// The slices of a sequential drain, and what lies between them.
    fn drain(&mut self, cursor: &Epk, slices: &[Slice], scope: &[EpkRange]) -> Result<(), Refused> {
        let mut slices = slices.iter().peekable();
        for range in scope {
            let mut end = if *cursor > range.min {
                cursor
            } else {
                &range.min
            };
            while let Some(slice) = slices.next_if(|slice| slice.range.min < range.max) {
                self.start(end, &slice.range.min)?;
                self.go_on(slice)?;
                end = &slice.range.max;
            }
            self.start(end, &range.max)?;
        }
        Ok(())
    }

    /// Leaves that begin; none if there is nothing between the bounds.
    fn start(&mut self, min: &Epk, max: &Epk) -> Result<(), Refused> {
        if min >= max {
            return Ok(());
        }
        self.go_on(&Slice {
            range: EpkRange {
                min: min.clone(),
                max: max.clone(),
            },
            continuation: None,
            boundary: None,
            chunk: 0,
        })
    }

    fn go_on(&mut self, slice: &Slice) -> Result<(), Refused> {
        let tiles = self.map.tiles(&slice.range);
        if tiles
            .last()
            .is_none_or(|last| last.slice.max != slice.range.max)
        {
            return Err(Refused::Uncovered);
        }
        for tile in tiles {
            self.found.push(ResumedLeaf {
                tile,
                continuation: slice.continuation.clone(),
                boundary: slice.boundary.clone(),
            });
        }
        Ok(())
    }
}
