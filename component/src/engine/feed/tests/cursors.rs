//! Change feeds that are dropped and go on, that meet splits and merges, and that fail on the way.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use super::backend::{World, query, values};
use super::changes::{changes, from, versions};
use crate::core::change_feed::{Changes, Start};
use crate::core::clock::{MILLI, SECOND};
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query::Target;
use crate::core::{Error, ErrorKind, OperationOptions};
use crate::engine::Feed;
use crate::engine::testing::{CONTAINER, Reply, Sim, account};
use crate::wire::epk_range::EpkRange;
use crate::wire::key::KeyComponent;

fn range(min: &str, max: &str) -> Target {
    Target::Range(EpkRange {
        min: min.parse().unwrap(),
        max: max.parse().unwrap(),
    })
}

/// Changes until there are no more.
fn rest(world: &World, feed: &mut Feed<Sim>) -> Vec<i64> {
    let mut rows = Vec::new();
    loop {
        match world.take(feed) {
            (304, _) => return rows,
            (_, page) => rows.extend(page),
        }
    }
}

fn sorted(mut rows: Vec<i64>) -> Vec<i64> {
    rows.sort_unstable();
    rows
}

/// A host that runs now and then: it opens the feed where it was, takes a page, keeps the place, and forgets the rest.
fn runs(world: &World, changes: &Changes, between: impl Fn(usize)) -> Vec<i64> {
    let (mut rows, mut kept) = (Vec::new(), None);
    for run in 0.. {
        let mut feed = world.changes(changes.clone(), from(kept));
        let (status, page) = world.take(&mut feed);
        kept = feed.continuation().unwrap();
        rows.extend(page);
        if status == 304 {
            break;
        }
        between(run);
    }
    rows
}

#[test]
fn a_host_that_runs_now_and_then_is_fair_and_asks_once() {
    let world = World::with_changes(3, 3, 1);
    let count = Cell::new(0);
    let rows = runs(&world, &changes(), |run| {
        let asked = world.asked();
        match run {
            0 => assert_eq!(asked.join(" "), "account container ranges ranges p0"),
            _ => assert_eq!(asked, [format!("p{}", run % 3)]),
        }
        count.set(run);
    });
    assert_eq!(rows, [0, 1, 2, 100, 101, 102, 200, 201, 202]);
    assert_eq!((count.get(), world.page_requests()), (8, 3));
}

#[test]
fn splits_and_merges_between_two_pages_lose_and_repeat_nothing() {
    for own in [changes(), versions()] {
        for step in 0..4 {
            let world = World::new(4, 1, 2);
            let mut feed = world.changes(own.clone(), FeedOptions::default());
            assert_eq!(world.take(&mut feed), (304, vec![]));
            for number in 0..24 {
                world.change((number * 37 % 240) as u8, number);
            }
            let mut kept = feed.continuation().unwrap();
            let backend = Rc::clone(&world.backend);
            let mut rows = Vec::new();
            for run in 0.. {
                let mut feed = world.changes(own.clone(), from(kept));
                let (status, page) = world.take(&mut feed);
                rows.extend(page);
                kept = feed.continuation().unwrap();
                if status == 304 {
                    break;
                }
                match run - step {
                    0 => backend.replace("0", &[("4", 0, 4), ("5", 4, 60)]),
                    2 => {
                        backend.replace("4", &[]);
                        backend.replace("5", &[]);
                        backend.replace("1", &[("6", 0, 120)]);
                    }
                    4 => backend.replace("2", &[("7", 120, 123), ("8", 123, 180)]),
                    _ => {}
                }
            }
            assert_eq!(sorted(rows), (0..24).collect::<Vec<_>>(), "{step}");
        }
    }
}

#[test]
fn a_split_or_merge_in_the_middle_loses_and_repeats_nothing() {
    for at in 0..12 {
        for concurrency in [1, 3] {
            let world = World::with_changes(3, 5, 2);
            let backend = Rc::clone(&world.backend);
            world.on(move |number, _| {
                if number == at {
                    backend.replace("1", &[("3", 80, 81), ("4", 81, 160)]);
                }
                if number == at + 3 {
                    backend.replace("4", &[]);
                    backend.replace("2", &[("5", 81, 0xFF)]);
                }
                None
            });
            let options = FeedOptions {
                max_concurrency: Some(concurrency),
                ..FeedOptions::default()
            };
            let mut feed = world.changes(changes(), options);
            let rows = rest(&world, &mut feed);
            let expected: Vec<i64> = (0..5).flat_map(|n| (n * 100)..(n * 100 + 3)).collect();
            assert_eq!(sorted(rows), expected, "at {at}");
        }
    }
}

#[test]
fn a_part_of_the_container_has_bounds() {
    let world = World::new(2, 1, 9);
    for place in [9, 10, 119, 120, 129, 130] {
        world.change(place, place.into());
    }
    let part = Changes {
        target: range("0A", "82"),
        ..changes()
    };
    let rows = runs(&world, &part, |_| ());
    assert_eq!(rows, [10, 119, 120, 129]);
    let seen = world.sim.item_requests();
    let bounds = |name: &str| seen.iter().map(|seen| seen.header(name).unwrap()).collect();
    let (from, to): (Vec<_>, Vec<_>) = (bounds("x-ms-start-epk"), bounds("x-ms-end-epk"));
    assert_eq!(from, ["0A", "78", "0A", "78"]);
    assert_eq!(to, ["78", "82", "78", "82"]);
}

#[test]
fn the_start_goes_along_until_a_partition_has_answered() {
    let world = World::with_changes(2, 1, 9);
    let late = Changes {
        start: Start::At(1_751_373_296),
        ..changes()
    };
    let mut feed = world.changes(late, FeedOptions::default());
    world.take(&mut feed);
    world.sim.seen();
    // The continuation has its own start.
    let mut feed = world.changes(changes(), from(feed.continuation().unwrap()));
    world.take(&mut feed);
    world.take(&mut feed);
    let seen = world.sim.item_requests();
    let date = Some("Tue, 01 Jul 2025 12:34:56 GMT");
    let header = |name: &str| {
        seen.iter()
            .map(|seen| seen.header(name))
            .collect::<Vec<_>>()
    };
    assert_eq!(header("if-modified-since"), [date; 3]);
    assert_eq!(
        header("if-none-match"),
        [None, Some("\"2\""), Some("\"2\"")]
    );
}

#[test]
fn partitions_that_move_are_asked_again_but_not_for_ever() {
    let world = World::with_changes(1, 1, 9);
    world.on(|number, _| (number < 10).then(|| Reply::status(410, 1007)));
    let mut feed = world.changes(changes(), FeedOptions::default());
    assert_eq!(world.take(&mut feed), (200, vec![0]));
    assert_eq!(world.page_requests(), 11);
    world.on(|_, _| Some(Reply::status(410, 1002)));
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(world.page_requests(), 11);
    assert!(feed.continuation().unwrap().is_some());
}

#[test]
fn an_error_comes_after_the_page_before_it_and_the_feed_goes_on() {
    let world = World::with_changes(3, 1, 9);
    let slow = || Reply::status(403, 0).after(5 * MILLI);
    world.on(move |number, _| (number == 1).then(slow));
    let options = FeedOptions {
        max_concurrency: Some(3),
        ..FeedOptions::default()
    };
    let mut feed = world.changes(changes(), options);
    assert_eq!(world.take(&mut feed), (200, vec![0]));
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert_eq!(world.page_requests(), 3);
    assert_eq!(sorted(rest(&world, &mut feed)), [1, 2]);
    // Alone it is the answer, and the place stays.
    world.on(|_, _| Some(Reply::status(403, 0)));
    let kept = feed.continuation().unwrap();
    assert!(world.next(&mut feed).is_err());
    assert_eq!(feed.continuation().unwrap(), kept);
}

#[test]
fn answers_without_an_etag_are_errors() {
    let world = World::with_changes(1, 2, 1);
    world.on(|number, _| (number == 0).then(|| Reply::json(r#"{"Documents":[1]}"#)));
    let mut feed = world.changes(changes(), FeedOptions::default());
    assert_eq!(world.next(&mut feed).unwrap_err().kind, ErrorKind::Service);
    assert_eq!(rest(&world, &mut feed), [0, 100]);
}

#[test]
fn a_call_that_is_dropped_takes_its_requests_with_it() {
    for concurrency in [1, 3] {
        let world = World::with_changes(3, 4, 1);
        let options = FeedOptions {
            max_concurrency: Some(concurrency),
            ..FeedOptions::default()
        };
        let mut feed = world.changes(changes(), options);
        let mut rows = Vec::new();
        for polls in 0..40 {
            {
                let mut call = pin!(feed.next_page());
                for _ in 0..polls % 4 {
                    if let std::task::Poll::Ready(page) = world.sim.step(call.as_mut()) {
                        rows.extend(values(&page.unwrap().unwrap()));
                        break;
                    }
                }
            }
            world.sim.pass(MILLI);
        }
        rows.extend(rest(&world, &mut feed));
        let expected: Vec<i64> = (0..4).flat_map(|n| (n * 100)..(n * 100 + 3)).collect();
        assert_eq!(sorted(rows), expected);
    }
}

#[test]
fn spent_request_units_and_deadlines_end_a_round() {
    let world = World::with_changes(5, 0, 9);
    let open = |change: fn(&mut OperationOptions)| {
        let mut options = OperationOptions::default();
        change(&mut options);
        let operation = FeedOperation::ChangeFeed(changes());
        let feed = FeedOptions::default();
        world.driver.feed(operation, feed, options).unwrap()
    };
    let mut feed = open(|options| options.ru_budget = Some(3.0));
    // Not all have said that they have nothing new.
    let counts = [(200, 2), (200, 2), (304, 1)];
    for (status, count) in counts {
        assert_eq!(world.take(&mut feed), (status, vec![]));
        assert_eq!(world.page_requests(), count);
    }
    let mut feed = open(|options| options.end_to_end_timeout_ms = Some(1_000));
    world.on(|number, _| (number == 3).then(Reply::silence));
    let begun = crate::engine::World::now(&world.sim);
    assert_eq!(world.next(&mut feed).unwrap_err().kind, ErrorKind::Timeout);
    assert!(crate::engine::World::now(&world.sim) - begun <= SECOND);
    world.asked();
    assert_eq!(world.take(&mut feed), (304, vec![]));
    assert_eq!(world.asked(), ["p3", "p4"]);
}

#[test]
fn a_container_created_anew_ends_the_feed() {
    let world = World::with_changes(1, 2, 1);
    let of_key = Changes {
        target: Target::Key(vec![KeyComponent::Null]),
        ..changes()
    };
    for own in [changes(), of_key] {
        for (status, sub_status) in [(410, 1000), (400, 1024)] {
            // Before anything came the new one will do.
            world.sim.seen();
            world.on(move |number, _| (number == 0).then(|| Reply::status(status, sub_status)));
            let mut feed = world.changes(own.clone(), FeedOptions::default());
            assert_eq!(world.take(&mut feed), (200, vec![0]));
            let asked = world.asked();
            assert!(asked.iter().any(|line| line == "container"), "{asked:?}");
            world.on(move |_, _| Some(Reply::status(status, sub_status)));
            assert_eq!(world.next(&mut feed).unwrap_err().status, Some(status));
            world.on(|_, _| None);
            assert_eq!(world.next(&mut feed).unwrap_err().status, Some(status));
            assert!(feed.continuation().is_err());
        }
    }
}

#[test]
fn a_feed_of_one_key_that_moved_to_a_new_container_goes_on_there() {
    let recreated = Rc::new(Cell::new(false));
    let now = Rc::clone(&recreated);
    let sim = Sim::new(move |seen| {
        let rid = if now.get() { "r2" } else { "r1" };
        let named = seen.header("x-ms-cosmos-intended-collection-rid");
        match seen.what() {
            "account" => Reply::json(&account(&["east"], false, "")),
            "container" => Reply::json(&CONTAINER.replace("r1", rid)),
            _ if named != Some(rid) => Reply::status(400, 1024),
            _ => Reply::status(304, 0).with("etag", "\"1\""),
        }
    });
    let driver = sim.open(|_| {});
    let next = |continuation| {
        let of_key = Changes {
            target: Target::Key(vec![KeyComponent::Null]),
            ..changes()
        };
        let operation = FeedOperation::ChangeFeed(of_key);
        let options = OperationOptions::default();
        let mut feed = driver.feed(operation, from(continuation), options).unwrap();
        let page = sim.run(feed.next_page())?;
        assert_eq!(page.unwrap().status, 304);
        feed.continuation()
    };
    let old = next(None).unwrap();
    recreated.set(true);
    // Its place means nothing in the new container.
    assert!(next(old).is_err());
    recreated.set(false);
    next(None).unwrap();
    recreated.set(true);
    let new = next(None).unwrap();
    assert_eq!(next(new.clone()).unwrap(), new);
}

fn refused(world: &World, changes: Changes, continuation: &Option<String>) -> Box<Error> {
    let mut feed = world.changes(changes, from(continuation.clone()));
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert_eq!(world.page_requests(), 0);
    error
}

#[test]
fn a_continuation_belongs_to_its_feed() {
    let world = World::with_changes(2, 2, 1);
    let mut feed = world.changes(changes(), FeedOptions::default());
    world.take(&mut feed);
    let own = feed.continuation().unwrap();
    let mut feed = world.feed(query("SELECT * FROM c"));
    world.next(&mut feed).unwrap();
    world.next(&mut feed).unwrap();
    let given = Some("kept".to_owned());
    let unopened = world.changes(versions(), from(given.clone()));
    assert_eq!(unopened.continuation().unwrap(), given);
    world.asked();
    let part = Changes {
        target: range("", "80"),
        ..changes()
    };
    for (other, token, word) in [
        (versions(), &own, "other mode"),
        (part, &own, "another part"),
        (changes(), &Some("\"7\"".to_owned()), "service's own"),
        (changes(), &own.clone().map(|own| own + "A"), "damaged"),
    ] {
        let error = refused(&world, other, token);
        assert!(error.message.contains(word), "{}", error.message);
    }
}
