//! What is refused, errors, budgets, sessions, and calls that are dropped.

use super::*;

#[test]
fn what_cannot_be_read_is_refused_at_once() {
    let world = World::new(1, &[]);
    let one = || items(std::iter::once(id(0)), Order::Any);
    let refused = |items, options| world.open(items, options).err().unwrap();
    let none = refused(
        items(std::iter::empty(), Order::Any),
        FeedOptions::default(),
    );
    assert_eq!(none.kind, ErrorKind::InvalidArgument);
    let resumable = FeedOptions {
        resumable: true,
        ..FeedOptions::default()
    };
    let resumed = FeedOptions {
        continuation: Some("c2.e30".to_owned()),
        ..FeedOptions::default()
    };
    for options in [resumable, resumed] {
        let error = refused(one(), options);
        assert!(error.message.contains("no continuation"), "{error}");
    }
    let feed = world.open(one(), FeedOptions::default()).unwrap();
    assert!(feed.continuation().is_err());
    assert!(world.sim.seen().is_empty());
    assert!(!format!("{:?}", FeedOperation::ReadMany(one())).contains("k0"));
}

#[test]
fn sessions_and_own_tokens_go_along() {
    let world = World::new(40, &["20"]);
    let all = || items((0..40).map(id), Order::Any);
    let token = |seen: &Seen| seen.header("x-ms-session-token").map(str::to_owned);
    let tokens = || {
        world
            .sim
            .item_requests()
            .iter()
            .map(token)
            .collect::<Vec<_>>()
    };
    let read = |options| {
        let mut feed = world.open(all(), options).unwrap();
        while world.sim.run(feed.next_page()).unwrap().is_some() {}
        tokens()
    };
    assert_eq!(read(FeedOptions::default()), [None, None]);
    let own = |token: &str| Some(token.to_owned());
    assert_eq!(read(FeedOptions::default()), [own("0:1#9"), own("1:1#9")]);
    let given = FeedOptions {
        session_token: own("1:1#3"),
        ..FeedOptions::default()
    };
    assert_eq!(read(given), [own("1:1#3"), own("1:1#3")]);
}

#[test]
fn an_error_comes_after_the_rows_before_it_and_the_read_goes_on() {
    let world = World::new(40, &["20"]);
    world.on(|number, _| (number == 1).then(|| Reply::status(403, 0).after(9_000_000)));
    let mut feed = world
        .open(items((0..40).map(id), Order::Any), FeedOptions::default())
        .unwrap();
    let mut pages = vec![world.sim.run(feed.next_page()).unwrap().unwrap()];
    assert!(!sorted(&pages).is_empty());
    let error = world.sim.run(feed.next_page()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    pages.extend(world.sim.run(feed.next_page()).unwrap());
    assert_eq!(sorted(&pages), (0..40).collect::<Vec<_>>());
    assert_eq!(world.asked(), "p0 p1 p1");
}

#[test]
fn only_a_missing_item_is_skipped() {
    for (items_of, status) in [(1, (404, 1003)), (9, (404, 0)), (9, (404, 1002))] {
        let world = World::new(9, &[]);
        world.on(move |_, _| Some(Reply::status(status.0, status.1)));
        let mut feed = world
            .open(
                items((0..items_of).map(id), Order::Any),
                FeedOptions::default(),
            )
            .unwrap();
        assert!(world.sim.run(feed.next_page()).is_err(), "{status:?}");
    }
}

#[test]
fn spent_request_units_end_a_page() {
    let world = World::new(40, &QUARTERS);
    let (operation, feed) = (
        FeedOperation::ReadMany(items((0..40).map(id), Order::Any)),
        FeedOptions {
            max_concurrency: Some(1),
            ..FeedOptions::default()
        },
    );
    let options = OperationOptions {
        ru_budget: Some(4.0),
        ..OperationOptions::default()
    };
    let mut feed = world.driver.feed(operation, feed, options).unwrap();
    let mut pages = Vec::new();
    while let Some(page) = world.sim.run(feed.next_page()).unwrap() {
        assert_eq!(page.request_charge, 6.0);
        pages.push(page);
    }
    assert_eq!((pages.len(), sorted(&pages).len()), (2, 40));
}

#[test]
fn a_deadline_ends_a_page_with_the_rows_there_are() {
    let world = World::new(40, &["20"]);
    world.on(|number, _| (number == 1).then(Reply::silence));
    let operation = FeedOperation::ReadMany(items((0..40).map(id), Order::Any));
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(1_000),
        ..OperationOptions::default()
    };
    let mut feed = world
        .driver
        .feed(operation, FeedOptions::default(), options)
        .unwrap();
    let mut pages = Vec::new();
    while let Some(page) = world.sim.run(feed.next_page()).unwrap() {
        pages.push(page);
    }
    assert_eq!((pages.len(), sorted(&pages).len()), (2, 40));
}

#[test]
fn a_lean_driver_learns_only_what_it_must() {
    let world = World::new(40, &["20"]);
    let driver = world
        .sim
        .open(|config| config.metadata = MetadataMode::Lean);
    let operation = FeedOperation::ReadMany(items((0..40).map(id), Order::Any));
    let mut feed = driver
        .feed(
            operation,
            FeedOptions::default(),
            OperationOptions::default(),
        )
        .unwrap();
    let page = world.sim.run(feed.next_page()).unwrap().unwrap();
    assert_eq!(sorted(&[page]).len(), 40);
    let seen = world.sim.seen();
    let said: Vec<_> = seen.iter().map(Seen::what).collect();
    assert_eq!(said, ["container", "ranges", "ranges", "item", "item"]);
    let one = FeedOperation::ReadMany(items(std::iter::once(id(0)), Order::Any));
    let mut feed = driver
        .feed(one, FeedOptions::default(), OperationOptions::default())
        .unwrap();
    world.sim.run(feed.next_page()).unwrap();
    let seen = world.sim.item_requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].header("x-ms-cosmos-intended-collection-rid"),
        Some("r1")
    );
}

#[test]
fn a_call_that_is_dropped_loses_no_rows() {
    for polls in 0..12 {
        let world = World::new(40, &QUARTERS);
        world.service.page.set(3);
        let mut feed = world
            .open(items((0..40).map(id), Order::Input), options(10))
            .unwrap();
        let mut pages = Vec::new();
        for _ in 0..3 {
            let mut call = std::pin::pin!(feed.next_page());
            for _ in 0..polls {
                if let std::task::Poll::Ready(page) = world.sim.step(call.as_mut()) {
                    pages.extend(page.unwrap());
                    break;
                }
            }
        }
        while let Some(page) = world.sim.run(feed.next_page()).unwrap() {
            pages.push(page);
        }
        let expected: Vec<_> = (0..40).map(Some).collect();
        assert_eq!(numbers(&pages), expected, "{polls}");
    }
}

#[test]
fn a_slow_region_is_raced_for_single_items_only() {
    let world = World::new(9, &[]);
    world.on(|_, seen| (seen.region == "east").then(Reply::silence));
    let driver = world
        .sim
        .open(|config| config.partition_failover.circuit_breaker_enabled = Some(false));
    for (count, hedged) in [(1, true), (9, false)] {
        let operation = FeedOperation::ReadMany(items((0..count).map(id), Order::Any));
        let (feed, options) = (FeedOptions::default(), OperationOptions::default());
        let mut feed = driver.feed(operation, feed, options).unwrap();
        let page = world.sim.run(feed.next_page()).unwrap().unwrap();
        assert_eq!(page.diagnostics.hedge.is_some(), hedged);
        assert_eq!(world.sim.trail(), "east west");
        assert_eq!(sorted(&[page]).len(), count);
    }
}
