//! Partitions and containers that change while items are read.

use super::*;

#[test]
fn a_split_in_the_middle_loses_and_repeats_nothing() {
    for order in [Order::Any, Order::Input] {
        for moment in 0..8 {
            let world = World::new(60, &["20"]);
            world.service.page.set(7);
            let service = Rc::clone(&world.service);
            world.on(move |number, _| {
                if number == moment {
                    service.split(5, &["10", "20", "30"]);
                }
                None
            });
            let (pages, _) = world.pages(items((0..60).map(id), order), options(25));
            assert_eq!(
                sorted(&pages),
                (0..60).collect::<Vec<_>>(),
                "{order:?} {moment}"
            );
        }
    }
}

#[test]
fn partitions_that_merged_are_read_by_their_parts() {
    for moment in 0..6 {
        let world = World::new(60, &["10", "20"]);
        world.service.page.set(9);
        let service = Rc::clone(&world.service);
        world.on(move |number, _| {
            if number == moment {
                service.split(8, &[]);
            }
            None
        });
        let (pages, _) = world.pages(items((0..60).map(id), Order::Input), FeedOptions::default());
        let expected: Vec<_> = (0..60).map(Some).collect();
        assert_eq!(numbers(&pages), expected, "{moment}");
    }
}

#[test]
fn a_partition_that_never_settles_ends_the_read() {
    let world = World::new(9, &[]);
    world.on(|_, _| Some(Reply::status(410, 1007)));
    let mut feed = world
        .open(items((0..9).map(id), Order::Any), FeedOptions::default())
        .unwrap();
    let error = world.sim.run(feed.next_page()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(world.asked().split(' ').count(), 11);
}

#[test]
fn a_container_created_anew_restarts_the_read_unless_rows_were_given() {
    for eager in [true, false] {
        for count in [1, 40] {
            let mut world = World::new(40, &QUARTERS);
            if !eager {
                world.driver = world
                    .sim
                    .open(|config| config.metadata = MetadataMode::Lean);
            }
            let all = || items((0..count).map(id), Order::Any);
            world.pages(all(), FeedOptions::default());
            world.service.create_anew();
            let (pages, asked) = world.pages(all(), FeedOptions::default());
            assert_eq!(sorted(&pages), (0..count).collect::<Vec<_>>(), "{asked}");
        }
    }
    let world = World::new(40, &QUARTERS);
    let serial = FeedOptions {
        max_concurrency: Some(1),
        ..options(1)
    };
    let read = items((0..40).map(id), Order::Any);
    let mut feed = world.open(read, serial).unwrap();
    world.sim.run(feed.next_page()).unwrap();
    world.service.create_anew();
    let ended = (0..40).find_map(|_| world.sim.run(feed.next_page()).err());
    assert_eq!(ended.unwrap().kind, ErrorKind::Unavailable);
    assert!(world.sim.run(feed.next_page()).is_err());
}

#[test]
fn a_point_read_of_another_container_does_not_count() {
    let world = World::new(40, &QUARTERS);
    let low = |n: &usize| Service::place(*n) < "10".parse().unwrap();
    let (first, rest): (Vec<_>, Vec<_>) = (0..40).partition(low);
    let wanted: Vec<_> = first.iter().take(1).chain(&rest).copied().collect();
    let read = || items(wanted.iter().map(|n| id(*n)), Order::Input);
    world.pages(read(), FeedOptions::default());
    // The queries have been answered when the point read finds the new container.
    let service = Rc::clone(&world.service);
    world.on(move |number, seen| {
        let is_point = number == 0 && seen.method == "GET";
        is_point.then(|| {
            service.ends.set(true);
            Reply::status(400, 1024).after(9_000_000)
        })
    });
    let (pages, _) = world.pages(read(), FeedOptions::default());
    assert!(numbers(&pages).iter().all(Option::is_none));
}
