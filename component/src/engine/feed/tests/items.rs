//! All items, as they are.

use std::rc::Rc;

use super::backend::{World, values};
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query::Target;
use crate::core::{ErrorKind, MetadataMode, OperationOptions};
use crate::engine::testing::{Reply, at};
use crate::wire::epk_range::EpkRange;
use crate::wire::key::KeyComponent;

fn of(target: Target) -> FeedOperation {
    FeedOperation::ReadFeed {
        container: at(),
        target,
    }
}

fn of_key() -> FeedOperation {
    of(Target::Key(vec![KeyComponent::Null]))
}

fn range(min: &str, max: &str) -> Target {
    Target::Range(EpkRange {
        min: min.parse().unwrap(),
        max: max.parse().unwrap(),
    })
}

fn from(continuation: Option<String>) -> FeedOptions {
    FeedOptions {
        continuation,
        ..FeedOptions::default()
    }
}

/// The values of all rows, of a feed that is dropped after every page.
fn resumed(world: &World, target: &Target, between: impl Fn(usize)) -> Vec<i64> {
    let (mut rows, mut continuation) = (Vec::new(), None);
    for count in 0.. {
        let mut feed = world.open(of(target.clone()), from(continuation));
        let Some(page) = world.next(&mut feed).unwrap() else {
            break;
        };
        rows.extend(values(&page));
        continuation = feed.continuation().unwrap();
        if continuation.is_none() {
            break;
        }
        between(count);
    }
    rows
}

#[test]
fn partitions_are_read_one_after_the_other_without_a_plan() {
    let world = World::new(3, 5, 2);
    let feed = world.open(of(Target::Container), FeedOptions::default());
    assert_eq!(world.rest(feed).concat(), world.in_order());
    let expected = "account container ranges ranges p0 p0 p0 p1 p1 p1 p2 p2 p2";
    let seen = world.sim.seen();
    let asked: Vec<_> = seen.iter().map(super::backend::what).collect();
    assert_eq!(asked.join(" "), expected);
    let mut items = seen.iter().filter(|seen| seen.what() == "item");
    assert!(items.all(|seen| {
        seen.method == "GET"
            && seen.header("x-ms-documentdb-isquery").is_none()
            && seen
                .header("x-ms-documentdb-query-enablecrosspartition")
                .is_none()
            && seen.header("x-ms-cosmos-intended-collection-rid") == Some("r1")
    }));
    assert!(world.sim.bodies().is_empty());
}

#[test]
fn pages_of_one_key_are_the_services() {
    let world = World::new(1, 5, 2);
    let driver = world
        .sim
        .open(|config| config.metadata = MetadataMode::Lean);
    let options = OperationOptions::default();
    let mut feed = driver
        .feed(of_key(), FeedOptions::default(), options)
        .unwrap();
    let first = world.next(&mut feed).unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first.body).contains("\"_rid\":\"r1\""));
    assert_eq!(
        first.diagnostics.operation_name,
        "read_all_items_of_logical_partition"
    );
    assert_eq!(feed.continuation().unwrap().as_deref(), Some("2"));
    let rest = world.rest(feed).concat();
    assert_eq!([values(&first), rest].concat(), world.in_order());
    // Lean, and nothing else is known.
    assert_eq!(world.asked(), ["[null]"; 3]);
    let mut feed = world.open(of_key(), from(Some("4".to_owned())));
    let last = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&last), world.in_order()[4..]);
    assert_eq!(world.next(&mut feed).unwrap(), None);
}

#[test]
fn a_feed_goes_on_at_every_page_whatever_becomes_of_the_partitions() {
    for page in [1, 2, 5] {
        for (target, from, to) in [
            (Target::Container, 0, 36),
            (range("05", "80"), 5, 9 + 9 + 8),
        ] {
            let world = World::new(4, 9, page);
            let backend = Rc::clone(&world.backend);
            let rows = resumed(&world, &target, |page| match page {
                0 => backend.replace("0", &[("4", 0, 4), ("5", 4, 60)]),
                2 => {
                    backend.replace("4", &[]);
                    backend.replace("5", &[]);
                    backend.replace("1", &[("6", 0, 120)]);
                }
                _ => {}
            });
            assert_eq!(rows, world.in_order()[from..to], "{target:?}");
        }
    }
}

#[test]
fn a_split_in_the_middle_loses_and_repeats_nothing() {
    for at in 0..8 {
        let world = World::new(2, 8, 2);
        let backend = Rc::clone(&world.backend);
        world.on(move |number, _| {
            if number == at {
                backend.replace("1", &[("2", 120, 124), ("3", 124, 0xFF)]);
            }
            None
        });
        let feed = world.open(of(Target::Container), FeedOptions::default());
        assert_eq!(world.rest(feed).concat(), world.in_order(), "at {at}");
    }
}

#[test]
fn continuations_are_no_querys() {
    let world = World::new(2, 5, 2);
    let mut feed = world.feed(super::backend::query("SELECT * FROM c"));
    world.next(&mut feed).unwrap();
    let querys = feed.continuation().unwrap();
    let mut feed = world.open(of(Target::Container), FeedOptions::default());
    world.next(&mut feed).unwrap();
    let own = feed.continuation().unwrap();
    world.sim.seen();
    for (target, token, word) in [
        (Target::Container, querys, "another kind of feed"),
        (range("", "80"), own.clone(), "scope"),
    ] {
        let mut feed = world.open(of(target), from(token));
        let error = world.next(&mut feed).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(word), "{}", error.message);
    }
    let mut feed = world.open(of_key(), from(own));
    assert!(world.next(&mut feed).is_err());
    assert_eq!(world.page_requests(), 0);
}

#[test]
fn what_cannot_be_read_is_refused_before_anything_is_sent() {
    let world = World::new(1, 1, 9);
    for target in [Target::Key(Vec::new()), range("40", "40")] {
        let options = OperationOptions::default();
        let refused = world
            .driver
            .feed(of(target), FeedOptions::default(), options);
        assert_eq!(refused.err().unwrap().kind, ErrorKind::InvalidArgument);
    }
    // An error has the feed's name.
    world.on(|_, _| Some(Reply::status(403, 0)));
    let mut feed = world.open(of(Target::Container), FeedOptions::default());
    let error = world.next(&mut feed).unwrap_err();
    assert!(
        error.message.starts_with("read_all_items:"),
        "{}",
        error.message
    );
}
