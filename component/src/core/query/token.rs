//! From where a query stands to its continuation token, and back (spec data-plane §3.9).

use crate::core::feed::{self, Distinct, Shape, State};
use crate::core::feed_token::{self, Place, Refused, Walk};
use crate::core::ranges::RangeMap;
use crate::wire::epk_range::EpkRange;
use crate::wire::query_plan::Direction;

/// What a token says of where a query of this shape stands.
pub fn place_of(shape: &Shape, state: State) -> Place {
    let mut slices = state.slices;
    let walk = match slices.first() {
        None => Walk::Drained,
        Some(_) if is_merge(shape) => Walk::Merge {
            directions: directions_of(shape),
        },
        Some(first) => {
            let cursor = first.slice.min.clone();
            slices.retain(|slice| slice.continuation.is_some());
            Walk::Drain { cursor }
        }
    };
    Place {
        walk,
        skip: state.skip,
        take: state.take,
        last: state.last,
        slices,
    }
}

/// Where a query of this shape goes on, over the partitions that there are now. `scope` is what it reads. How much its
/// OFFSET and LIMIT have left is not looked at.
///
/// # Errors
/// The token is of another shape, or of another part of the container.
pub fn state_of(
    shape: &Shape,
    place: &Place,
    scope: &[EpkRange],
    map: &RangeMap,
) -> Result<State, Refused> {
    let fits = match &place.walk {
        Walk::Drained => {
            return Ok(State {
                // At the end nothing is left.
                take: shape.take().map(|_| 0),
                ..State::default()
            });
        }
        Walk::Drain { .. } => !is_merge(shape),
        Walk::Merge { directions } => *directions == directions_of(shape) && is_merge(shape),
        Walk::Changes { .. } => false,
    };
    let is_distinct = shape.distinct == Distinct::Ordered;
    if !fits
        || place.take.is_some() != shape.take().is_some()
        || place.last.is_some() && !is_distinct
    {
        return Err(Refused::Damaged);
    }
    Ok(State {
        slices: feed_token::resume(place, scope, map)?,
        skip: place.skip,
        take: place.take,
        last: place.last,
    })
}

fn is_merge(shape: &Shape) -> bool {
    !shape.order.is_empty() && !shape.non_streaming
}

fn directions_of(shape: &Shape) -> Vec<Direction> {
    let direction = |order: &feed::Order| match order.descending {
        true => Direction::Descending,
        false => Direction::Ascending,
    };
    shape.order.iter().map(direction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::feed::{Boundary, Order, SliceState};
    use crate::core::feed_token::{Continuation, FeedKind, FeedToken, Fingerprint, parse};
    use crate::core::ranges::testing::ranges;

    fn slice(
        (min, max): (&str, &str),
        continuation: Option<&str>,
        value: Option<&str>,
    ) -> SliceState {
        SliceState {
            slice: crate::core::ranges::testing::slice(min, max),
            continuation: continuation.map(str::to_owned),
            boundary: value.map(|value| Boundary {
                values: vec![value.to_owned()],
                rid: "r".to_owned(),
                skip: 1,
            }),
        }
    }

    fn ordered() -> Shape {
        Shape {
            order: vec![Order::default()],
            ..Shape::default()
        }
    }

    /// Through a token's text and back.
    fn again(shape: &Shape, state: State) -> Result<State, Refused> {
        let fingerprint = Fingerprint::of(&[]);
        let token = FeedToken {
            kind: FeedKind::Query,
            container: "r1".to_owned(),
            fingerprint,
            place: place_of(shape, state),
        };
        let Continuation::Driver(token) = parse(&token.encode()?)? else {
            panic!("a token of the driver")
        };
        let place = token.open(FeedKind::Query, "r1", fingerprint)?;
        state_of(shape, &place, &[EpkRange::ALL], &ranges(0, &["40", "80"]))
    }

    #[test]
    fn what_goes_into_a_token_comes_out() {
        let windowed = Shape {
            top: Some(9),
            offset: Some(3),
            ..Shape::default()
        };
        let distinct = Shape {
            distinct: Distinct::Ordered,
            ..ordered()
        };
        let drained = vec![
            slice(("40", "80"), Some("a"), None),
            slice(("80", "FF"), None, None),
        ];
        let merged = vec![
            slice(("", "40"), None, Some("7")),
            slice(("40", "80"), Some("b"), None),
            slice(("80", "FF"), None, None),
        ];
        let cases = [
            (Shape::default(), drained.clone(), 0, None, None),
            (windowed, drained, 2, Some(9), None),
            (ordered(), merged.clone(), 0, None, None),
            (distinct, merged, 0, None, Some(5)),
        ];
        for (shape, slices, skip, take, last) in cases {
            let state = State {
                slices,
                skip,
                take,
                last,
            };
            assert_eq!(again(&shape, state.clone()), Ok(state));
        }
    }

    #[test]
    fn the_end_has_a_token_too() {
        let limited = Shape {
            top: Some(9),
            ..Shape::default()
        };
        for (shape, take) in [(Shape::default(), None), (limited, Some(0))] {
            let end = again(&shape, State::default()).unwrap();
            assert_eq!((end.slices.len(), end.take), (0, take));
        }
    }

    #[test]
    fn a_token_of_another_shape_is_refused() {
        let state = State {
            slices: vec![slice(("", "FF"), None, None)],
            ..State::default()
        };
        let limited = Shape {
            top: Some(9),
            ..Shape::default()
        };
        let descending = Shape {
            order: vec![Order { descending: true }],
            ..Shape::default()
        };
        let map = ranges(0, &["40", "80"]);
        let plain = place_of(&Shape::default(), state.clone());
        let merge = place_of(&ordered(), state);
        for (shape, place) in [
            (&ordered(), &plain),
            (&limited, &plain),
            (&Shape::default(), &merge),
            (&descending, &merge),
        ] {
            let found = state_of(shape, place, &[EpkRange::ALL], &map);
            assert_eq!(found, Err(Refused::Damaged));
        }
    }
}
