//! From where a query stands to its continuation token, and back (spec data-plane §3.9).

use crate::core::feed::{self, Distinct, Shape, SliceState, State};
use crate::core::feed_token::{self, Node, Refused, Slice};
use crate::core::ranges::RangeMap;
use crate::wire::epk_range::EpkRange;
use crate::wire::query_plan::Direction;

/// What a token says of where a query of this shape stands.
///
/// # Errors
/// A bound that is none, which no feed has.
pub fn token_of(shape: &Shape, state: State) -> Result<Node, Refused> {
    if state.slices.is_empty() {
        return Ok(Node::Drained);
    }
    let mut slices = Vec::with_capacity(state.slices.len());
    for slice in state.slices {
        slices.push(slice_of(slice)?);
    }
    let mut node = if is_merge(shape) {
        let directions = directions_of(shape);
        Node::OrderedMerge { directions, slices }
    } else {
        let Some(first) = slices.first() else {
            return Ok(Node::Drained);
        };
        let cursor = first.range.min.clone();
        slices.retain(|slice| slice.continuation.is_some());
        Node::SequentialDrain { cursor, slices }
    };
    if is_distinct(shape) {
        node = Node::Distinct {
            last: state.last,
            child: Box::new(node),
        };
    }
    if is_windowed(shape) {
        node = Node::SkipTake {
            skip: state.skip,
            take: state.take,
            child: Box::new(node),
        };
    }
    Ok(node)
}

/// Where a query of this shape goes on, over the partitions that there are now. `scope` is what it reads.
///
/// # Errors
/// The token is of another shape, or of another part of the container.
pub fn state_of(
    shape: &Shape,
    node: Node,
    scope: &[EpkRange],
    map: &RangeMap,
) -> Result<State, Refused> {
    let mut state = State {
        // At the end nothing is left.
        take: shape.take().map(|_| 0),
        ..State::default()
    };
    if node == Node::Drained {
        return Ok(state);
    }
    let mut node = node;
    if is_windowed(shape) {
        let Node::SkipTake { skip, take, child } = node else {
            return Err(Refused::Damaged);
        };
        (state.skip, state.take, node) = (skip, take, *child);
    }
    if is_distinct(shape) {
        let Node::Distinct { last, child } = node else {
            return Err(Refused::Damaged);
        };
        (state.last, node) = (last, *child);
    }
    match &node {
        Node::SequentialDrain { .. } if !is_merge(shape) => {}
        Node::OrderedMerge { directions, .. } if *directions == directions_of(shape) => {}
        _ => return Err(Refused::Damaged),
    }
    for leaf in feed_token::resume(&node, scope, map)? {
        state.slices.push(SliceState {
            slice: feed_slice(&leaf.tile.slice),
            continuation: leaf.continuation,
            boundary: leaf.boundary.map(|boundary| feed::Boundary {
                values: boundary.values,
                rid: boundary.rid,
                skip: boundary.skip,
            }),
        });
    }
    Ok(state)
}

/// A part of the hash space as feeds have it.
pub fn feed_slice(range: &EpkRange) -> feed::Slice {
    feed::Slice {
        min: range.min.to_hex(),
        max: range.max.to_hex(),
    }
}

/// A slice of a feed as part of the hash space; none if its bounds are none.
pub fn range_of(slice: &feed::Slice) -> Option<EpkRange> {
    Some(EpkRange {
        min: slice.min.parse().ok()?,
        max: slice.max.parse().ok()?,
    })
}

fn slice_of(state: SliceState) -> Result<Slice, Refused> {
    Ok(Slice {
        range: range_of(&state.slice).ok_or(Refused::Damaged)?,
        continuation: state.continuation,
        boundary: state.boundary.map(|boundary| feed_token::Boundary {
            values: boundary.values,
            rid: boundary.rid,
            skip: boundary.skip,
        }),
        chunk: 0,
    })
}

fn is_merge(shape: &Shape) -> bool {
    !shape.order.is_empty() && !shape.non_streaming
}

fn is_distinct(shape: &Shape) -> bool {
    shape.distinct == Distinct::Ordered
}

fn is_windowed(shape: &Shape) -> bool {
    shape.offset.is_some() || shape.take().is_some()
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
    use crate::core::feed::{Boundary, Order};
    use crate::core::feed_token::{Continuation, FeedKind, FeedToken, Fingerprint, parse};
    use crate::core::ranges::testing::ranges;

    fn slice(
        (min, max): (&str, &str),
        continuation: Option<&str>,
        value: Option<&str>,
    ) -> SliceState {
        SliceState {
            slice: feed::Slice {
                min: min.to_owned(),
                max: max.to_owned(),
            },
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
            root: token_of(shape, state)?,
        };
        let Continuation::Driver(token) = parse(&token.encode()?)? else {
            panic!("a token of the driver")
        };
        let node = token.open(FeedKind::Query, "r1", fingerprint)?;
        state_of(shape, node, &[EpkRange::ALL], &ranges(0, &["40", "80"]))
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
        let plain = token_of(&Shape::default(), state.clone()).unwrap();
        let merge = token_of(&ordered(), state).unwrap();
        for (shape, node) in [
            (&ordered(), &plain),
            (&limited, &plain),
            (&Shape::default(), &merge),
            (&descending, &merge),
        ] {
            let found = state_of(shape, node.clone(), &[EpkRange::ALL], &map);
            assert_eq!(found, Err(Refused::Damaged));
        }
    }
}
