//! The contract with whoever drives a feed: errors, limits, replacements.

use super::super::shape::Distinct;
use super::backend::page;
use super::*;

#[test]
fn nothing_is_asked_for_no_rows() {
    for shape in [
        Shape {
            top: Some(0),
            ..Shape::default()
        },
        Shape {
            limit: Some(0),
            offset: Some(7),
            ..sorted_by(1)
        },
        Shape {
            limit: Some(0),
            aggregate: Some(AggregateKind::Count),
            value: true,
            ..Shape::default()
        },
    ] {
        let mut feed = feed(&shape, &[("", "FF")]);
        assert!(matches!(feed.next_page(1), Ok(Pull::Done)));
        assert!(feed.wanted(1).is_empty());
        if let Ok(state) = feed.state() {
            assert!(state.slices.is_empty());
        }
    }
}

#[test]
fn rows_before_a_failure_are_given_first() {
    let mut feed = feed(&sorted_by(1), &[("", "FF")]);
    assert!(matches!(feed.next_page(5), Ok(Pull::Blocked)));
    let rows = [row(1, "1"), row(2, "2"), row(3, "[]"), row(4, "4")];
    feed.accept(LeafId(0), page(&rows)).unwrap();
    assert_eq!(given(feed.next_page(5)), ["1"]);
    for _ in 0..2 {
        let error = feed.next_page(5).unwrap_err();
        assert_eq!(error, FeedError::UnorderedKey { column: 0 });
    }
    assert_eq!(feed.state(), Err(NotResumable::Failed));
    assert!(feed.wanted(9).is_empty());
}

#[test]
fn pages_that_make_no_sense() {
    for body in [
        "",
        "[]",
        "{}",
        "{\"Documents\":7}",
        "{\"Documents\":[1,}",
        "{\"_x\":[1]}",
        "{\"Documents\":[1]",
    ] {
        let mut feed = feed(&Shape::default(), &[("", "FF")]);
        let page = LeafPage {
            body: body.as_bytes().to_vec(),
            ..LeafPage::default()
        };
        assert!(
            matches!(feed.accept(LeafId(0), page), Err(FeedError::Malformed(_))),
            "{body}"
        );
        assert!(feed.next_page(1).is_err());
    }
    let mut feed = feed(&Shape::default(), &[("", "FF")]);
    assert!(feed.accept(LeafId(7), page(&[])).is_err());
}

#[test]
fn replacements_cover_what_they_replace() {
    let bad: [&[(&str, &str)]; 7] = [
        &[],
        &[("10", "20")],
        &[("10", "20"), ("30", "40")],
        &[("10", "30"), ("20", "40")],
        &[("10", "50")],
        &[("10", "10"), ("10", "40")],
        &[("20", "40"), ("10", "20")],
    ];
    for slices in bad {
        let mut feed = feed(&Shape::default(), &[("10", "40")]);
        let slices = slices.iter().map(|(min, max)| slice(min, max)).collect();
        assert_eq!(
            feed.replace(LeafId(0), slices),
            Err(FeedError::BadReplacement)
        );
        assert!(feed.next_page(1).is_err());
    }
    let mut feed = feed(&Shape::default(), &[("10", "40")]);
    feed.replace(LeafId(0), vec![slice("1000", "20"), slice("2000", "4000")])
        .unwrap();
    let ids: Vec<LeafId> = feed.wanted(9).iter().map(|leaf| leaf.id).collect();
    assert_eq!(ids, [LeafId(1)]);
    assert_eq!(
        feed.replace(LeafId(0), vec![slice("10", "40")]),
        Err(FeedError::BadReplacement)
    );
}

#[test]
fn ten_repairs_in_a_row() {
    let mut feed = feed(&Shape::default(), &[("", "FF")]);
    for answered in [true, false] {
        for repair in 0..10 {
            let id = feed.wanted(1)[0].id;
            assert_eq!(feed.replace(id, vec![slice("", "FF")]), Ok(()), "{repair}");
        }
        let id = feed.wanted(1)[0].id;
        if answered {
            let page = LeafPage {
                continuation: Some("c".to_owned()),
                ..page(&[])
            };
            feed.accept(id, page).unwrap();
            assert!(matches!(feed.next_page(1), Ok(Pull::Blocked)));
        } else {
            assert_eq!(
                feed.replace(id, vec![slice("", "FF")]),
                Err(FeedError::Unsettled)
            );
        }
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        window: 10,
        entries: 2,
        bytes: 100,
        prefetch: 0,
    };
    let new = |shape: &Shape| Feed::new(shape, vec![slice("", "FF")], &limits);
    let nearest = |top| Shape {
        non_streaming: true,
        offset: Some(3),
        top,
        ..sorted_by(1)
    };
    assert!(matches!(
        new(&nearest(None)),
        Err(FeedError::Unsupported(_))
    ));
    assert!(matches!(new(&nearest(Some(8))), Err(FeedError::TooMuch(_))));
    let distinct = Shape {
        distinct: Distinct::Unordered,
        ..nearest(Some(1))
    };
    assert!(matches!(new(&distinct), Err(FeedError::Unsupported(_))));

    let set = Shape {
        aggregate: Some(AggregateKind::MakeSet),
        value: true,
        ..Shape::default()
    };
    let list = Shape {
        aggregate: Some(AggregateKind::MakeList),
        value: true,
        ..Shape::default()
    };
    let group = Shape {
        grouped: true,
        aliases: vec![("a".to_owned(), None)],
        ..Shape::default()
    };
    let long = "7".repeat(101);
    for (shape, rows) in [
        (nearest(Some(7)), vec![row(1, &long)]),
        (set, vec!["[{\"item\":[1,2,3]}]".to_owned()]),
        (list, vec![format!("[{{\"item\":[{long}]}}]")]),
        (
            group,
            vec![format!(
                "{{\"groupByItems\":[1],\"payload\":{{\"a\":{long}}}}}"
            )],
        ),
        (
            Shape {
                distinct: Distinct::Unordered,
                ..Shape::default()
            },
            vec!["1".to_owned(), "2".to_owned(), "3".to_owned()],
        ),
    ] {
        let mut feed = new(&shape).unwrap();
        feed.accept(LeafId(0), page(&rows)).unwrap();
        let mut pull = feed.next_page(9);
        if matches!(pull, Ok(Pull::Page(_))) {
            pull = feed.next_page(9);
        }
        assert!(
            matches!(pull, Err(FeedError::TooMuch(_))),
            "{shape:?} {pull:?}"
        );
    }
}

#[test]
fn leaves_ahead_are_asked_for_a_page_each() {
    let slices = [("", "10"), ("10", "20"), ("20", "30"), ("30", "FF")];
    let wanted = |feed: &Feed, limit| {
        feed.wanted(limit)
            .iter()
            .map(|leaf| leaf.id.0)
            .collect::<Vec<_>>()
    };
    let plain = feed(&Shape::default(), &slices);
    assert_eq!(wanted(&plain, 9), [0]);
    let count = Shape {
        aggregate: Some(AggregateKind::Count),
        value: true,
        ..Shape::default()
    };
    assert_eq!(wanted(&feed(&count, &slices), 3), [0, 1, 2]);
    assert_eq!(wanted(&feed(&sorted_by(1), &slices), 9), [0, 1, 2, 3]);

    let limits = Limits {
        prefetch: 2,
        ..Limits::default()
    };
    let slices = slices.iter().map(|(min, max)| slice(min, max)).collect();
    let mut ahead = Feed::new(&Shape::default(), slices, &limits).unwrap();
    assert_eq!(wanted(&ahead, 9), [0, 1, 2]);
    ahead.accept(LeafId(1), page(&["1".to_owned()])).unwrap();
    assert_eq!(wanted(&ahead, 9), [0, 2]);
    assert!(matches!(ahead.next_page(1), Ok(Pull::Blocked)));
    ahead.accept(LeafId(0), page(&["0".to_owned()])).unwrap();
    assert_eq!(given(ahead.next_page(1)), ["0"]);
    assert_eq!(
        ahead.state().unwrap().slices,
        [SliceState::fresh(slice("10", "FF"))]
    );
    assert_eq!(given(ahead.next_page(1)), ["1"]);
}
