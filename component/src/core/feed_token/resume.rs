//! What a token means for the partitions that there are now.

use super::{Place, Refused, Walk};
use crate::core::feed::SliceState;
use crate::core::ranges::RangeMap;
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;

/// The slices of a feed that goes on, in ascending order, each within one partition. `scope` is what the feed reads, in
/// ascending order and apart.
///
/// After a split each part goes on with the slice's continuation and boundary. After a merge several slices are read from
/// one partition. What a drain has not asked yet starts.
///
/// # Errors
/// [`Refused::Uncovered`]: a slice lies outside the scope, or the slices of a change feed do not make it up; nothing is ever
/// left out in silence.
pub fn resume(
    place: &Place,
    scope: &[EpkRange],
    map: &RangeMap,
) -> Result<Vec<SliceState>, Refused> {
    let slices = &place.slices;
    let mut leaves = Leaves {
        map,
        found: Vec::new(),
    };
    covered(slices, scope)?;
    if let Walk::Changes { .. } = place.walk {
        make_up(slices, scope)?;
    }
    match &place.walk {
        Walk::Drain { cursor } => leaves.drain(cursor, slices, scope)?,
        _ => {
            for slice in slices {
                leaves.go_on(slice)?;
            }
        }
    }
    Ok(leaves.found)
}

/// Whether every slice lies within one range of the scope.
fn covered(slices: &[SliceState], scope: &[EpkRange]) -> Result<(), Refused> {
    let mut scope = scope.iter();
    let mut range = scope.next();
    for slice in slices {
        // Both are in ascending order.
        while range.is_some_and(|range| range.max <= slice.slice.min) {
            range = scope.next();
        }
        if !range.is_some_and(|range| range.contains(&slice.slice)) {
            return Err(Refused::Uncovered);
        }
    }
    Ok(())
}

/// Whether slices within the scope leave none of it out.
fn make_up(slices: &[SliceState], scope: &[EpkRange]) -> Result<(), Refused> {
    let mut slices = slices.iter().peekable();
    for range in scope {
        let mut end = &range.min;
        while let Some(slice) = slices.next_if(|slice| slice.slice.min == *end) {
            end = &slice.slice.max;
        }
        if *end != range.max {
            return Err(Refused::Uncovered);
        }
    }
    Ok(())
}

struct Leaves<'a> {
    map: &'a RangeMap,
    found: Vec<SliceState>,
}

impl Leaves<'_> {
    /// The slices of a sequential drain, and what lies between them.
    fn drain(
        &mut self,
        cursor: &Epk,
        slices: &[SliceState],
        scope: &[EpkRange],
    ) -> Result<(), Refused> {
        let mut slices = slices.iter().peekable();
        for range in scope {
            let mut end = if *cursor > range.min {
                cursor
            } else {
                &range.min
            };
            while let Some(slice) = slices.next_if(|slice| slice.slice.min < range.max) {
                self.start(end, &slice.slice.min)?;
                self.go_on(slice)?;
                end = &slice.slice.max;
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
        self.go_on(&SliceState::fresh(EpkRange {
            min: min.clone(),
            max: max.clone(),
        }))
    }

    fn go_on(&mut self, state: &SliceState) -> Result<(), Refused> {
        let tiles = self.map.tiles(&state.slice);
        if tiles
            .last()
            .is_none_or(|last| last.slice.max != state.slice.max)
        {
            return Err(Refused::Uncovered);
        }
        for tile in tiles {
            self.found.push(SliceState {
                slice: tile.slice,
                ..state.clone()
            });
        }
        Ok(())
    }
}
