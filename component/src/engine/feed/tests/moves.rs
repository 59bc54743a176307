//! Partitions that split, merge or move while a feed reads them.

use std::rc::Rc;

use serde_json::json;

use super::backend::{Query, World, query};
use crate::core::ErrorKind;
use crate::engine::testing::Reply;

const PLAIN: &str = "SELECT * FROM c";
const SORTED: &str = "SELECT * FROM c ORDER BY c.v";

#[test]
fn a_split_in_the_middle_loses_and_repeats_nothing() {
    for sorted in [false, true] {
        for at in 0..10 {
            let world = World::new(2, 8, 2);
            if sorted {
                world.sort(json!({}));
            }
            let backend = Rc::clone(&world.backend);
            world.on(move |number, _| {
                if number == at {
                    backend.replace("1", &[("2", 120, 124), ("3", 124, 0xFF)]);
                }
                None
            });
            let pages = world.pages(Query {
                max_item_count: Some(3),
                ..query(if sorted { SORTED } else { PLAIN })
            });
            let expected: Vec<i64> = match sorted {
                true => (0..16).collect(),
                false => world.in_order(),
            };
            assert_eq!(pages.concat(), expected, "sorted {sorted} at {at}");
            let moved = world
                .asked()
                .iter()
                .filter(|line| *line == "ranges")
                .count();
            assert!(moved <= 4, "the ranges are read again at most once");
        }
    }
}

#[test]
fn partitions_that_merged_are_read_by_their_parts() {
    for sorted in [false, true] {
        let world = World::new(3, 6, 2);
        if sorted {
            world.sort(json!({}));
        }
        let backend = Rc::clone(&world.backend);
        world.on(move |number, _| {
            if number == 3 {
                backend.replace("1", &[]);
                backend.replace("2", &[("7", 80, 0xFF)]);
            }
            None
        });
        let pages = world.pages(query(if sorted { SORTED } else { PLAIN }));
        let expected: Vec<i64> = match sorted {
            true => (0..18).collect(),
            false => world.in_order(),
        };
        assert_eq!(pages.concat(), expected, "sorted {sorted}");
        let seen = world.sim.item_requests();
        let bounds = seen
            .iter()
            .filter(|seen| seen.header("x-ms-start-epk").is_some());
        assert!(bounds.count() > 0);
    }
}

#[test]
fn a_partition_that_says_so_for_a_while_is_asked_again() {
    for sub_status in [1002, 1007, 1008] {
        let world = World::new(1, 4, 9);
        world.on(move |number, _| (number < 10).then(|| Reply::status(410, sub_status)));
        assert_eq!(world.pages(query(PLAIN)).concat(), world.in_order());
        assert_eq!(world.page_requests(), 11);
    }
}

#[test]
fn a_partition_that_never_settles_ends_the_feed() {
    let world = World::new(1, 4, 9);
    world.on(|_, _| Some(Reply::status(410, 1007)));
    let mut feed = world.feed(query(PLAIN));
    let error = world.next(&mut feed).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(world.page_requests(), 11);
    assert!(error.diagnostics.unwrap().request_count > 11);
}

#[test]
fn what_another_feed_found_out_serves_this_one() {
    let world = World::new(2, 8, 2);
    let mut feed = world.feed(query(PLAIN));
    world.next(&mut feed).unwrap();
    let parts = [("2", 120, 124), ("3", 124, 0xFF)];
    world.backend.replace("1", &parts);
    world.pages(query(PLAIN));
    world.asked();
    while world.next(&mut feed).unwrap().is_some() {}
    let asked = world.asked();
    assert!(asked.iter().all(|line| line != "ranges"), "{asked:?}");
}

#[test]
fn a_container_created_anew_ends_the_feed() {
    for (status, sub_status) in [(410, 1000), (400, 1024)] {
        let world = World::new(1, 4, 2);
        let mut feed = world.feed(query(PLAIN));
        world.next(&mut feed).unwrap();
        world.on(move |_, _| Some(Reply::status(status, sub_status)));
        let error = world.next(&mut feed).unwrap_err();
        assert_eq!(error.status, Some(status));
        // The new container's rows do not belong to this feed.
        world.on(|_, _| None);
        assert_eq!(world.next(&mut feed).unwrap_err().status, Some(status));
        assert!(feed.continuation().is_err());
        world.sim.seen();
        assert_eq!(world.pages(query(PLAIN)).concat(), world.in_order());
        assert_eq!(world.asked()[..2], ["container", "ranges"]);
    }
}

#[test]
fn a_container_created_anew_before_the_first_page_is_found() {
    for (status, sub_status) in [(410, 1000), (400, 1024)] {
        let world = World::new(2, 4, 9);
        world.pages(query(PLAIN));
        world.sim.seen();
        world.on(move |number, _| (number == 0).then(|| Reply::status(status, sub_status)));
        let rows = world.pages(query(PLAIN)).concat();
        assert_eq!(rows, world.in_order(), "{status}");
        assert_eq!(world.asked().join(" "), "p0 container ranges ranges p0 p1");
    }
}
