//! Change feeds: which changes come, in which order, and how many requests that takes.

use serde_json::{Value, json};

use super::backend::{Backend, World, values};
use crate::core::change_feed::{Changes, Mode, Start};
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query::Target;
use crate::core::{ErrorKind, MetadataMode, OperationOptions};
use crate::engine::testing::{Reply, Seen, Sim, at};
use crate::engine::{Feed, Page};
use crate::wire::key::KeyComponent;

/// What a partition answers: changes between two places behind an etag, which is a number of changes.
pub(super) fn page_of(backend: &Backend, seen: &Seen, min: u8, max: u8) -> Reply {
    assert_eq!(seen.header("x-ms-continuation"), None);
    let log = backend.log.borrow();
    let from = match seen.header("if-none-match") {
        None => 0,
        Some("*") => log.len(),
        Some(etag) => etag.trim_matches('"').parse().unwrap(),
    };
    let inside = |(_, (place, _)): &(usize, &(u8, i64))| (min..max).contains(place);
    let news: Vec<_> = log.iter().enumerate().skip(from).filter(inside).collect();
    let etag = match news.get(backend.page.get()) {
        Some((number, _)) => *number,
        None => log.len(),
    };
    let page = news.iter().take(backend.page.get());
    let rows: Vec<Value> = page.map(|(_, (_, value))| json!({"v": value})).collect();
    let reply = match rows.is_empty() {
        true => Reply::status(304, 0),
        false => {
            let body = json!({"_rid": "r1", "Documents": rows, "_count": rows.len()});
            Reply::json(&body.to_string())
        }
    };
    reply
        .with("etag", &format!("\"{etag}\""))
        .with("x-ms-request-charge", "2")
        .with("x-ms-session-token", &format!("{min}:1#{}", log.len()))
}

/// All latest versions from the beginning.
pub(super) fn changes() -> Changes {
    Changes {
        container: at(),
        target: Target::Container,
        mode: Mode::LatestVersion,
        start: Start::Beginning,
        enveloped: false,
    }
}

/// All versions and deletes.
pub(super) fn versions() -> Changes {
    Changes {
        mode: Mode::AllVersionsAndDeletes,
        start: Start::Now,
        ..changes()
    }
}

impl World {
    /// Partitions with one change each, at their first place, so often.
    pub(super) fn with_changes(partitions: u8, rounds: i64, page: usize) -> Self {
        let world = Self::new(partitions, 1, page);
        for round in 0..rounds {
            for partition in 0..partitions {
                world.change(
                    partition * (240 / partitions),
                    round * 100 + i64::from(partition),
                );
            }
        }
        world
    }

    pub(super) fn change(&self, place: u8, value: i64) {
        self.backend.log.borrow_mut().push((place, value));
    }

    pub(super) fn changes(&self, changes: Changes, feed: FeedOptions) -> Feed<Sim> {
        self.open(FeedOperation::ChangeFeed(changes), feed)
    }

    pub(super) fn take(&self, feed: &mut Feed<Sim>) -> (u16, Vec<i64>) {
        let page = self.next(feed).unwrap().unwrap();
        (page.status, values(&page))
    }
}

pub(super) fn from(continuation: Option<String>) -> FeedOptions {
    FeedOptions {
        continuation,
        ..FeedOptions::default()
    }
}

fn at_once(requests: u32) -> FeedOptions {
    FeedOptions {
        max_concurrency: Some(requests),
        ..FeedOptions::default()
    }
}

#[test]
fn a_page_is_one_request_and_comes_as_it_is() {
    let world = World::with_changes(1, 5, 2);
    let mut feed = world.changes(changes(), FeedOptions::default());
    let first: Page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!((first.status, values(&first)), (200, vec![0, 100]));
    assert!(String::from_utf8_lossy(&first.body).contains("\"_rid\":\"r1\""));
    assert_eq!(first.session_token.as_deref(), Some("0:1#5"));
    assert_eq!(
        world.asked().join(" "),
        "account container ranges ranges p0"
    );
    assert_eq!(world.take(&mut feed), (200, vec![200, 300]));
    assert_eq!(world.take(&mut feed), (200, vec![400]));
    // Nothing new is no end.
    for _ in 0..3 {
        let nothing = world.next(&mut feed).unwrap().unwrap();
        assert_eq!(
            (nothing.status, nothing.diagnostics.status),
            (304, Some((304, None)))
        );
        assert_eq!(nothing.body, br#"{"Documents":[],"_count":0}"#);
        assert_eq!(nothing.request_charge, 2.0);
        assert_eq!(nothing.diagnostics.operation_name, "query_change_feed");
    }
    world.change(0, 7);
    assert_eq!(world.take(&mut feed), (200, vec![7]));
    assert_eq!(world.asked(), ["p0"; 6]);
}

#[test]
fn requests_say_what_they_are() {
    let world = World::with_changes(1, 1, 9);
    let date = "Tue, 01 Jul 2025 12:34:56 GMT";
    for (start, first, since) in [
        (Start::Beginning, None, None),
        (Start::Now, Some("*"), None),
        (Start::At(1_751_373_296), None, Some(date)),
    ] {
        for enveloped in [false, true] {
            let own = Changes {
                start,
                enveloped,
                ..changes()
            };
            let options = FeedOptions {
                max_item_count: Some(7),
                session_token: Some("0:1#9".to_owned()),
                ..FeedOptions::default()
            };
            let mut feed = world.changes(own, options);
            world.take(&mut feed);
            world.take(&mut feed);
            let seen = world.sim.item_requests();
            let header = |name: &str| [seen[0].header(name), seen[1].header(name)];
            assert!(seen.iter().all(|seen| seen.method == "GET"));
            assert_eq!(header("a-im"), [Some("Incremental Feed"); 2]);
            assert_eq!(header("if-none-match"), [first, Some("\"1\"")]);
            assert_eq!(header("if-modified-since"), [since; 2]);
            let format = enveloped.then_some("2021-09-15");
            let name = "x-ms-cosmos-changefeed-wire-format-version";
            assert_eq!(header(name), [format; 2]);
            assert_eq!(header("x-ms-max-item-count"), [Some("7"); 2]);
            assert_eq!(header("x-ms-session-token"), [Some("0:1#9"); 2]);
            assert_eq!(header("x-ms-documentdb-isquery"), [None; 2]);
            let name = "x-ms-cosmos-intended-collection-rid";
            assert_eq!(header(name), [Some("r1"); 2]);
        }
    }
    assert!(world.sim.bodies().is_empty());
}

#[test]
fn partitions_have_their_turns() {
    let world = World::with_changes(3, 2, 1);
    let mut feed = world.changes(changes(), FeedOptions::default());
    let pages: Vec<_> = (0..6).map(|_| world.take(&mut feed).1).collect();
    assert_eq!(pages.concat(), [0, 1, 2, 100, 101, 102]);
    assert_eq!(world.page_requests(), 6);
    // One has changes: the others are passed over, and a round ends with the last of them.
    world.change(80, 5);
    assert_eq!(world.take(&mut feed), (200, vec![5]));
    world.asked();
    assert_eq!(world.take(&mut feed), (304, vec![]));
    assert_eq!(world.asked(), ["p2", "p0", "p1"]);
}

#[test]
fn one_key_needs_no_partitions() {
    let world = World::with_changes(1, 2, 1);
    let of_key = || Changes {
        target: Target::Key(vec![KeyComponent::Null]),
        ..changes()
    };
    for (mode, known) in [
        (MetadataMode::Eager, "account container"),
        (MetadataMode::Lean, "container"),
    ] {
        let driver = world.sim.open(|config| config.metadata = mode);
        let open = |continuation| {
            let operation = FeedOperation::ChangeFeed(of_key());
            let options = OperationOptions::default();
            driver.feed(operation, from(continuation), options).unwrap()
        };
        let mut feed = open(None);
        assert_eq!(world.take(&mut feed), (200, vec![0]));
        let mut feed = open(feed.continuation().unwrap());
        assert_eq!(world.take(&mut feed), (200, vec![100]));
        assert_eq!(world.take(&mut feed), (304, vec![]));
        let seen = world.sim.seen();
        let asked: Vec<_> = seen.iter().map(super::backend::what).collect();
        assert_eq!(asked.join(" "), format!("{known} [null] [null] [null]"));
        let mut keyed = seen.iter().filter(|seen| seen.what() == "item");
        assert!(keyed.all(|seen| seen.header("x-ms-start-epk").is_none()
            && seen.header("x-ms-cosmos-intended-collection-rid") == Some("r1")));
    }
}

#[test]
fn all_versions_are_pinned_before_the_first_page() {
    let world = World::with_changes(40, 1, 9);
    let mut feed = world.changes(versions(), FeedOptions::default());
    let error = feed.continuation().unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotResumable);
    let begun = crate::engine::World::now(&world.sim);
    // A call that ends too early has no continuation either, but the next one goes on.
    world.on(|number, _| (number == 35).then(|| Reply::status(403, 0)));
    assert!(world.next(&mut feed).is_err() && feed.continuation().is_err());
    let before = world.page_requests();
    assert_eq!(world.take(&mut feed), (304, vec![]));
    assert!((40..=72).contains(&(before + world.page_requests())));
    let took = crate::engine::World::now(&world.sim) - begun;
    assert!(
        took < 10 * crate::core::clock::MILLI,
        "not one by one: {took}"
    );
    // What happens from here on comes, and to each other feed that goes on from here.
    let continuation = feed.continuation().unwrap();
    world.change(120, 1);
    world.change(0, 2);
    world.asked();
    let mut other = world.changes(versions(), from(continuation));
    for feed in [&mut feed, &mut other] {
        let first = world.take(feed);
        assert_eq!([first, world.take(feed)], [(200, vec![2]), (200, vec![1])]);
    }
    assert_eq!(world.page_requests(), 2 * 21);
}

#[test]
fn more_requests_at_once_lose_nothing() {
    let world = World::with_changes(3, 2, 1);
    let mut feed = world.changes(changes(), at_once(3));
    assert_eq!(world.take(&mut feed), (200, vec![0]));
    assert_eq!(world.page_requests(), 3);
    // They are here already.
    let second = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(
        (values(&second), second.diagnostics.request_count),
        (vec![1], 0)
    );
    let kept = feed.continuation().unwrap();
    assert_eq!(world.take(&mut feed), (200, vec![2]));
    assert_eq!(world.page_requests(), 0);
    // A page that nobody took comes again.
    let mut other = world.changes(changes(), from(kept));
    let rest: Vec<_> = (0..4).map(|_| world.take(&mut other).1).collect();
    assert_eq!(rest.concat(), [2, 100, 101, 102]);
    assert_eq!(world.page_requests(), 4);
    // The feed goes on from what came.
    let rest: Vec<_> = (0..3).map(|_| world.take(&mut feed).1).collect();
    assert_eq!(rest.concat(), [100, 101, 102]);
    assert_eq!(world.take(&mut feed), (304, vec![]));
    assert_eq!(world.page_requests(), 6);
}

#[test]
fn never_more_requests_at_once_than_allowed() {
    for limit in [1, 2, 5] {
        let world = World::with_changes(7, 0, 1);
        let mut feed = world.changes(changes(), at_once(limit));
        let begun = std::cell::Cell::new(Vec::new());
        world.on(move |_, seen| {
            let mut times: Vec<_> = begun.take();
            times.push(seen.at);
            let same = times.iter().filter(|at| **at == seen.at).count();
            assert!(same <= limit as usize);
            begun.set(times);
            None
        });
        assert_eq!(world.take(&mut feed), (304, vec![]));
        assert_eq!(world.page_requests(), 7);
    }
}

#[test]
fn empty_pages_move_on_or_mean_nothing_new() {
    let world = World::with_changes(1, 1, 9);
    let empty = |etag: &str| Reply::json(r#"{"Documents":[]}"#).with("etag", etag);
    world.on(move |number, _| match number {
        0 => Some(empty("\"0\"")),
        2 | 3 => Some(empty("\"1\"")),
        _ => None,
    });
    let mut feed = world.changes(changes(), FeedOptions::default());
    assert_eq!(world.take(&mut feed), (200, vec![0]));
    assert_eq!(world.page_requests(), 2);
    // Some services say so instead of 304.
    assert_eq!(world.take(&mut feed), (304, vec![]));
    assert_eq!(world.page_requests(), 1);
}

#[test]
fn what_cannot_be_asked_is_refused_at_once() {
    let world = World::new(1, 1, 9);
    for wrong in [
        Changes {
            start: Start::Beginning,
            ..versions()
        },
        Changes {
            start: Start::At(7),
            ..versions()
        },
        Changes {
            target: Target::Key(Vec::new()),
            ..changes()
        },
    ] {
        let operation = FeedOperation::ChangeFeed(wrong);
        let options = OperationOptions::default();
        let refused = world
            .driver
            .feed(operation, FeedOptions::default(), options);
        assert_eq!(refused.err().unwrap().kind, ErrorKind::InvalidArgument);
    }
}
