//! Where a feed stands, and going on from there.

use super::super::shape::Distinct;
use super::backend::page;
use super::*;

#[test]
fn a_state_has_what_is_left() {
    let mut feed = feed(
        &sorted_by(1),
        &[("", "10"), ("10", "20"), ("20", "30"), ("30", "FF")],
    );
    let fresh = feed.state().unwrap().slices;
    assert_eq!(fresh, [SliceState::fresh(slice("", "FF"))]);

    let more = |rows: &[String]| LeafPage {
        continuation: Some("next".to_owned()),
        ..page(rows)
    };
    feed.accept(LeafId(0), page(&[row(1, "1")])).unwrap();
    feed.accept(LeafId(1), more(&[row(2, "1"), row(2, "1"), row(3, "9")]))
        .unwrap();
    feed.accept(LeafId(2), more(&[row(4, "1")])).unwrap();
    feed.accept(LeafId(3), more(&[row(5, "8")])).unwrap();
    assert_eq!(given(feed.next_page(4)), ["1", "2", "2", "4"]);
    let boundary = |number, skip| Boundary {
        values: vec!["1".to_owned()],
        rid: rid(number),
        skip,
    };
    let state = feed.state().unwrap();
    assert_eq!(
        state.slices,
        [
            SliceState {
                slice: slice("10", "20"),
                continuation: None,
                boundary: Some(boundary(2, 2))
            },
            SliceState {
                slice: slice("20", "30"),
                continuation: Some("next".to_owned()),
                boundary: Some(boundary(4, 1)),
            },
            SliceState::fresh(slice("30", "FF")),
        ]
    );
    // A page that is not complete yet has not been given.
    assert!(matches!(feed.next_page(4), Ok(Pull::Blocked)));
    assert_eq!(feed.state().unwrap(), state);

    let feed = Feed::resume(&sorted_by(1), state, &Limits::default()).unwrap();
    let wanted = feed.wanted(9);
    let asked: Vec<_> = wanted
        .iter()
        .map(|leaf| (leaf.continuation.is_some(), leaf.boundary.is_some()))
        .collect();
    assert_eq!(asked, [(false, true), (true, false), (false, false)]);
    let boundary = wanted[0].boundary.as_ref().unwrap();
    assert_eq!(
        (&boundary.values[..], &boundary.rid),
        (&["1".to_owned()][..], &rid(2))
    );
}

#[test]
fn a_feed_whose_last_rows_come_to_none_is_at_its_end() {
    let shape = Shape {
        offset: Some(9),
        limit: Some(1),
        ..sorted_by(1)
    };
    let mut feed = feed(&shape, &[("", "FF")]);
    feed.accept(LeafId(0), page(&[row(1, "1"), row(2, "2")]))
        .unwrap();
    assert!(matches!(feed.next_page(5), Ok(Pull::Done)));
    assert_eq!(feed.state().unwrap().slices, []);
}

#[test]
fn states_of_something_else() {
    let state = |slices: &[(&str, &str)], boundary: Option<Boundary>| State {
        slices: slices
            .iter()
            .map(|(min, max)| SliceState {
                boundary: boundary.clone(),
                ..SliceState::fresh(slice(min, max))
            })
            .collect(),
        take: Some(3),
        ..State::default()
    };
    let boundary = |values: &[&str], rid: &str, skip| Boundary {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        rid: rid.to_owned(),
        skip,
    };
    let everything: &[(&str, &str)] = &[("", "FF")];
    let shape = Shape {
        offset: Some(2),
        limit: Some(3),
        ..sorted_by(1)
    };
    for bad in [
        State {
            skip: 3,
            ..state(everything, None)
        },
        State {
            take: Some(4),
            ..state(everything, None)
        },
        State {
            take: None,
            ..state(everything, None)
        },
        state(&[("20", "30"), ("10", "20")], None),
        state(&[("10", "30"), ("20", "40")], None),
        state(&[("10", "1000")], None),
        state(everything, Some(boundary(&[], "r", 1))),
        state(everything, Some(boundary(&["1", "2"], "r", 1))),
        state(everything, Some(boundary(&["{}"], "r", 1))),
        state(everything, Some(boundary(&["nonsense"], "r", 1))),
        state(everything, Some(boundary(&["1"], "", 1))),
        state(everything, Some(boundary(&["1"], "r", 0))),
    ] {
        let resumed = Feed::resume(&shape, bad, &Limits::default());
        assert!(matches!(resumed, Err(FeedError::BadState(_))));
    }
}

#[test]
fn what_has_no_token_says_why() {
    for (shape, expected) in [
        (Shape::default(), Ok(())),
        (sorted_by(2), Ok(())),
        (
            Shape {
                distinct: Distinct::Ordered,
                ..sorted_by(1)
            },
            Ok(()),
        ),
        (
            Shape {
                distinct: Distinct::Ordered,
                ..Shape::default()
            },
            Err(NotResumable::Distinct),
        ),
        (
            Shape {
                distinct: Distinct::Unordered,
                ..sorted_by(1)
            },
            Err(NotResumable::Distinct),
        ),
        (
            Shape {
                aggregate: Some(AggregateKind::Sum),
                ..Shape::default()
            },
            Err(NotResumable::Aggregate),
        ),
        (
            Shape {
                dcount: Some(String::new()),
                ..Shape::default()
            },
            Err(NotResumable::Aggregate),
        ),
        (
            Shape {
                grouped: true,
                ..Shape::default()
            },
            Err(NotResumable::GroupBy),
        ),
        (
            Shape {
                non_streaming: true,
                top: Some(1),
                ..sorted_by(1)
            },
            Err(NotResumable::NonStreamingOrderBy),
        ),
    ] {
        assert_eq!(feed(&shape, &[]).state().map(drop), expected);
    }
}
