//! Partitions whose writes the service moves to another region, and reads that have to find the region that takes them
//! (spec driver-core §7.4, §7.5).

use crate::core::clock::MILLI;
use crate::core::config::{Config, TopologyCache};
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::FailureCause;
use crate::core::{Operation, OperationOptions};
use crate::engine::testing::{Reply, Seen, account, at, create_of, increment, read_of};

use super::two_partitions::World;

static REGIONS: [&str; 3] = ["east", "west", "north"];
const FLAG: &str = r#","enablePerPartitionFailoverBehavior":true"#;
const HUB_ONLY: &str = "x-ms-cosmos-hub-region-processing-only";

/// An account that writes in the region east and moves single partitions.
fn open(change: impl FnOnce(&mut Config)) -> World {
    World::with_environment(account(&REGIONS, false, FLAG), &[], change)
}

fn failures() -> Vec<Reply> {
    let failure = |cause| Reply::failure(RequestSent::Unknown, cause);
    let statuses = [
        (503, 0),
        (500, 0),
        (502, 0),
        (408, 0),
        (410, 1022),
        (403, 3),
        (403, 1008),
        (429, 3092),
    ];
    let answers = statuses.map(|(status, sub_status)| Reply::status(status, sub_status));
    answers
        .into_iter()
        .chain([
            failure(FailureCause::Broken),
            failure(FailureCause::Timeout),
        ])
        .collect()
}

fn excluding(regions: &[&str]) -> OperationOptions {
    OperationOptions {
        excluded_regions: Some(regions.iter().map(|region| (*region).to_owned()).collect()),
        ..OperationOptions::default()
    }
}

#[test]
fn ranges_are_read_with_the_container() {
    for (flag, expected) in [
        (FLAG, "account container ranges ranges item"),
        ("", "account container item"),
    ] {
        let world = World::with_environment(account(&REGIONS, false, flag), &[], |config| {
            config.partition_failover.topology_cache = Some(TopologyCache::Lazy);
        });
        let driver = world.sim.open(|_| {});
        world.sim.seen();
        world.sim.execute(&driver, create_of("0")).unwrap();
        let seen: Vec<_> = world.sim.seen().iter().map(Seen::what).collect();
        assert_eq!(seen.join(" "), expected);
    }
}

#[test]
fn a_failing_write_walks_the_read_regions_at_once() {
    for reply in failures() {
        let world = open(|_| {});
        world.break_down(&["east", "west"], reply.clone());
        world.sim.seen();
        let response = world.respond(create_of("0"));
        let seen = world.sim.seen();
        let items: Vec<_> = seen.iter().filter(|seen| seen.what() == "item").collect();
        let regions: Vec<_> = items.iter().map(|seen| seen.region.as_str()).collect();
        assert_eq!(regions, REGIONS, "{reply:?}");
        // Reading the account in between takes a millisecond.
        assert!(items[2].at - items[0].at <= 3 * MILLI, "{reply:?}");
        let attempts = response.diagnostics.attempts.iter();
        let own = attempts.filter(|attempt| attempt.operation_name == "create_item");
        let contexts: Vec<_> = own
            .map(|attempt| (attempt.context.name(), attempt.fallback()))
            .collect();
        let moved = ("region_failover", Some("partition moved"));
        assert_eq!(contexts, [("initial", None), moved, moved]);
        // The next one knows; other partitions stay at the hub.
        assert_eq!(world.run(create_of("0")), "north", "{reply:?}");
        assert_eq!(world.run(create_of("1")), "east", "{reply:?}");
        assert_eq!(world.run(read_of("1")), "east", "{reply:?}");
    }
}

#[test]
fn a_hub_that_cannot_be_reached_is_left() {
    let world = open(|_| {});
    world.break_down(
        &["east"],
        Reply::failure(RequestSent::NotSent, FailureCause::Connect),
    );
    assert_eq!(world.run(create_of("0")), "east east west");
    assert_eq!(world.run(create_of("0")), "west");
}

#[test]
fn a_write_that_must_not_be_repeated_is_not() {
    for (status, trail) in [
        (500, "east"),
        (408, "east"),
        (503, "east west"),
        (410, "east west"),
    ] {
        let world = open(|_| {});
        world.answer(move |seen| (seen.region == "east").then(|| Reply::status(status, 0)));
        assert_eq!(world.run(increment()), trail, "{status}");
        let next = if trail == "east" { "east west" } else { "west" };
        assert_eq!(world.run(create_of("1")), next, "{status}");
    }
}

#[test]
fn only_an_answer_of_the_new_region_makes_it_permanent() {
    for (status, sub_status, confirms) in [
        (201, 0, true),
        (409, 0, true),
        (412, 0, true),
        (449, 0, false),
    ] {
        let world = open(|_| {});
        world.answer(move |seen| match seen.region.as_str() {
            "east" => Some(Reply::status(503, 0)),
            _ => Some(Reply::status(status, sub_status)),
        });
        assert!(world.run(create_of("0")).starts_with("east west"));
        let avoided = if confirms {
            vec!["east".to_owned()]
        } else {
            Vec::new()
        };
        assert_eq!(world.avoids(true), avoided, "{status}");
        world.answer(|_| None);
        let expected = if confirms { "west" } else { "east" };
        assert_eq!(world.run(create_of("0")), expected, "{status}");
    }
    // Nobody takes it: all is as it was, and nobody is to blame.
    let world = open(|_| {});
    world.break_down(&REGIONS, Reply::status(503, 0));
    assert_eq!(world.run(create_of("0")), "east west north east");
    assert!(world.avoids(true).is_empty());
    world.answer(|_| None);
    assert_eq!(world.run(create_of("0")), "east");
}

#[test]
fn a_moved_partition_moves_again() {
    let world = open(|_| {});
    world.break_down(&["east"], Reply::status(503, 0));
    assert_eq!(world.run(create_of("0")), "east west");
    world.break_down(&["west"], Reply::status(403, 3));
    assert_eq!(world.run(create_of("0")), "west east");
    assert_eq!(world.run(create_of("0")), "east");
}

#[test]
fn when_the_account_stops_it_all_writes_go_to_the_hub() {
    let world = open(|_| {});
    world.break_down(&["east"], Reply::status(503, 0));
    assert_eq!(world.run(create_of("0")), "east west");
    assert_eq!(world.run(create_of("0")), "west");
    // An answer to a read says that the account has changed.
    for (flag, moved) in [(FLAG, "west"), ("", "east"), (FLAG, "east")] {
        world.change(account(&REGIONS, false, flag));
        world.answer(|seen| {
            (seen.method == "GET" && seen.region == "north").then(|| Reply::status(403, 1008))
        });
        world.sim.pass(5_000 * MILLI);
        let read = world.sim.run(
            world
                .driver
                .execute(read_of("1"), excluding(&["east", "west"])),
        );
        assert!(read.is_err());
        assert_eq!(world.run(create_of("0")), moved, "{flag}");
    }
}

#[test]
fn excluded_regions_are_walked_only_if_all_are_excluded() {
    let world = open(|_| {});
    world.break_down(&["east"], Reply::status(503, 0));
    let run = |excluded: &[&str], range| {
        world.sim.seen();
        world
            .sim
            .run(world.driver.execute(create_of(range), excluding(excluded)))
            .ok();
        world.sim.trail()
    };
    assert_eq!(run(&["west"], "0"), "east north");
    assert_eq!(run(&[], "0"), "north");
    assert_eq!(run(&["north"], "0"), "east west");
    assert_eq!(run(&["east", "west", "north"], "0"), "west");
    assert_eq!(run(&["west", "north"], "1"), "east");
}

/// A read that lags in the west; the hub of the partition `0` is the region north, that of `1` east.
fn lagging(seen: &Seen) -> Option<Reply> {
    let hub = if seen.range() == "0" { "north" } else { "east" };
    match (seen.header(HUB_ONLY), seen.region.as_str()) {
        (None, "west") => Some(Reply::status(404, 1002)),
        (Some("True"), region) if region == hub => None,
        (Some(_), _) => Some(Reply::status(403, 3)),
        _ => None,
    }
}

fn prefer_west(config: &mut Config) {
    config.preferred_regions = vec!["West".to_owned()];
}

#[test]
fn a_read_that_lags_looks_for_the_hub_of_its_partition() {
    let world = open(prefer_west);
    world.answer(lagging);
    let begun = crate::engine::World::now(&world.sim);
    assert_eq!(world.run(read_of("0")), "west east north");
    assert_eq!(
        crate::engine::World::now(&world.sim) - begun,
        3 * MILLI,
        "no pause, nothing read again"
    );
    assert!(world.avoids(false).is_empty() && world.avoids(true).is_empty());
    // It is remembered, for reads that need the hub.
    assert_eq!(world.run(read_of("0")), "west north");
    assert_eq!(world.run(read_of("1")), "west east");
    let response = world.respond(read_of("0"));
    let last = response.diagnostics.attempts.last().unwrap();
    assert_eq!(
        (last.context.name(), last.fallback()),
        ("operation_retry", Some("partition moved"))
    );
    world.sim.seen();
    world
        .sim
        .run(world.driver.execute(read_of("0"), excluding(&["north"])))
        .ok();
    assert!(!world.sim.trail().contains("north"));
}

#[test]
fn a_hub_that_stumbles_is_still_the_hub() {
    let world = open(prefer_west);
    world.answer(|seen| match (seen.header(HUB_ONLY), seen.region.as_str()) {
        (None, "west") => Some(Reply::status(404, 1002)),
        (Some(_), "east") => Some(Reply::status(503, 0)),
        _ => None,
    });
    assert_eq!(world.run(read_of("0")), "west east east east east");
}

#[test]
fn without_moving_partitions_there_is_one_hub() {
    let world = World::with_environment(account(&REGIONS, false, ""), &[], prefer_west);
    world.answer(|seen| match (seen.header(HUB_ONLY), seen.region.as_str()) {
        (None, "west") => Some(Reply::status(404, 1002)),
        (Some(_), _) => Some(Reply::status(403, 3)),
        _ => None,
    });
    assert_eq!(world.run(read_of("0")), "west east east east east");
    world.sim.execute(&world.driver, read_of("0")).unwrap_err();
    let seen = world.sim.item_requests();
    let pauses: Vec<_> = seen
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at) / (75 * MILLI))
        .collect();
    // At once to the hub; then after 100, 200, 300 ms, give or take a quarter.
    assert_eq!(pauses, [0, 1, 2, 3]);
}

#[test]
fn the_header_for_the_hub_is_for_items_of_accounts_with_one_write_region() {
    for (multi_write, operation, expected) in [
        (false, read_of("0"), [None, Some("True"), Some("True")]),
        (false, create_of("0"), [None, Some("True"), Some("True")]),
        (true, read_of("0"), [None; 3]),
        (true, create_of("0"), [None; 3]),
        (false, Operation::ReadContainer(at()), [None; 3]),
    ] {
        let world = World::new(multi_write, |config| {
            config.defaults.max_session_retries = Some(2)
        });
        world.sim.script(|_| Reply::status(404, 1002));
        world.sim.seen();
        world
            .sim
            .execute(&world.driver, operation.clone())
            .unwrap_err();
        let mut seen = world.sim.seen();
        seen.retain(|seen| {
            seen.what()
                == if seen.what() == "item" {
                    "item"
                } else {
                    "container"
                }
        });
        let headers: Vec<_> = seen
            .iter()
            .take(3)
            .map(|seen| seen.header(HUB_ONLY))
            .collect();
        assert_eq!(headers, expected, "{operation:?} {multi_write}");
    }
}
