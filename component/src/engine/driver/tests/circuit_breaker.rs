//! The circuit breaker through the whole engine: a partition that keeps failing in a region is served by the next one
//! (spec driver-core §7.2).

use std::pin::pin;

use futures_util::future::join;

use crate::core::clock::{MILLI, SECOND};
use crate::core::config::TopologyCache;
use crate::core::diagnostics::{EventKind, RequestSent};
use crate::core::exchange::FailureCause;
use crate::core::{OperationOptions, Response};
use crate::engine::testing::{Reply, account, create_of, poll, read_of};

use super::two_partitions::World;

/// Opens the circuit of reads of the partition `0` in the region east.
fn trip(world: &World) {
    world.break_down(&["east"], Reply::status(503, 0));
    for _ in 0..10 {
        assert_eq!(world.run(read_of("0")), "east west");
    }
    assert_eq!(world.run(read_of("0")), "west");
}

fn context(response: &Response) -> &'static str {
    response.diagnostics.attempts[0].context.name()
}

#[test]
fn ten_failed_reads_move_a_partition_and_no_other() {
    let broken = Reply::failure(RequestSent::Unknown, FailureCause::Broken);
    for reply in [
        Reply::status(503, 0),
        Reply::status(500, 0),
        Reply::status(502, 0),
        Reply::status(408, 0),
        Reply::status(410, 1022),
        Reply::status(429, 3092),
        broken,
    ] {
        let world = World::new(false, |_| {});
        world.break_down(&["east"], reply.clone());
        for number in 1..=10 {
            assert_eq!(world.run(read_of("0")), "east west", "{number} {reply:?}");
        }
        assert_eq!(world.run(read_of("0")), "west", "{reply:?}");
        assert_eq!(world.run(read_of("1")), "east", "{reply:?}");
        // Writes have one place to go.
        assert_eq!(world.run(create_of("1")), "east");
        assert!(world.avoids(false).is_empty(), "{reply:?}");
    }
}

#[test]
fn what_says_nothing_against_the_partition_does_not_count() {
    for (status, sub_status, trail) in [
        (404, 0, "east"),
        (400, 0, "east"),
        (404, 1002, "east east east"),
    ] {
        let world = World::new(false, |_| {});
        world.break_down(&["east"], Reply::status(status, sub_status));
        for _ in 0..12 {
            assert_eq!(world.run(read_of("0")), trail, "{status}");
        }
    }
}

#[test]
fn a_success_begins_the_count_anew() {
    let world = World::new(false, |_| {});
    for _ in 0..2 {
        world.break_down(&["east"], Reply::status(503, 0));
        for _ in 0..9 {
            assert_eq!(world.run(read_of("0")), "east west");
        }
        world.answer(|_| None);
        assert_eq!(world.run(read_of("0")), "east");
    }
    // And so does a rest of more than five minutes.
    world.break_down(&["east"], Reply::status(503, 0));
    for _ in 0..9 {
        world.run(read_of("0"));
    }
    world.sim.pass(301 * SECOND);
    for _ in 0..10 {
        assert_eq!(world.run(read_of("0")), "east west");
    }
    assert_eq!(world.run(read_of("0")), "west");
}

#[test]
fn five_failed_writes_move_a_partition_where_all_regions_write() {
    let world = World::new(true, |_| {});
    world.break_down(&["east"], Reply::status(503, 0));
    for _ in 0..5 {
        assert_eq!(world.run(create_of("0")), "east west");
    }
    assert_eq!(world.run(create_of("0")), "west");
    assert_eq!(world.run(create_of("1")), "east");
    // Reads are counted apart.
    assert_eq!(world.run(read_of("0")), "east west");
    let world = World::new(false, |_| {});
    world.break_down(&["east"], Reply::status(503, 0));
    for _ in 0..6 {
        assert_eq!(world.run(create_of("0")), "east east east east");
    }
}

#[test]
fn excluded_regions_do_not_fill_in() {
    let world = World::new(false, |config| {
        config.defaults.excluded_regions = Some(vec!["West".to_owned()])
    });
    world.break_down(&["east"], Reply::status(503, 0));
    for _ in 0..10 {
        assert_eq!(world.run(read_of("0")), "east north");
    }
    assert_eq!(world.run(read_of("0")), "north");
}

#[test]
fn where_every_region_fails_routing_is_normal_again() {
    let world = World::new(false, |config| {
        config.partition_failover.read_failure_threshold = Some(3);
        config.defaults.max_failover_retries = Some(2);
    });
    world.break_down(&["east", "west", "north"], Reply::status(503, 0));
    for _ in 0..7 {
        assert_eq!(world.run(read_of("0")), "east west north");
    }
}

#[test]
fn a_probe_that_succeeds_closes_the_circuit() {
    let world = World::new(false, |_| {});
    trip(&world);
    world.answer(|_| None);
    world.sim.pass(250 * SECOND);
    assert_eq!(world.run(read_of("0")), "west", "nobody has looked yet");
    world.sim.pass(60 * SECOND);
    let moved = world.respond(read_of("0"));
    assert_eq!(
        (context(&moved), world.sim.trail()),
        ("circuit_breaker_probe", "east".to_owned())
    );
    let healthy = world.respond(read_of("0"));
    assert_eq!(
        (context(&healthy), world.sim.trail()),
        ("initial", "east".to_owned())
    );
}

#[test]
fn a_probe_that_fails_opens_it_again() {
    for reply in [Reply::status(503, 0), Reply::status(500, 0)] {
        let world = World::new(false, |_| {});
        trip(&world);
        world.break_down(&["east"], reply);
        for _ in 0..2 {
            world.sim.pass(310 * SECOND);
            let response = world.respond(read_of("0"));
            assert_eq!(world.sim.trail(), "east west");
            let contexts = response
                .diagnostics
                .attempts
                .iter()
                .map(|attempt| attempt.context.name());
            assert_eq!(
                contexts.collect::<Vec<_>>(),
                ["circuit_breaker_probe", "region_failover"]
            );
            assert_eq!(world.run(read_of("0")), "west");
        }
    }
}

#[test]
fn one_probes_and_the_others_stay_away() {
    let world = World::new(false, |_| {});
    trip(&world);
    world.answer(|_| Some(Reply::status(200, 0).after(100 * MILLI)));
    world.sim.pass(310 * SECOND);
    let execute = || {
        world
            .driver
            .execute(read_of("0"), OperationOptions::default())
    };
    let (one, two) = world.sim.run(join(execute(), execute()));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(world.sim.trail(), "east west");
}

#[test]
fn a_probe_that_is_dropped_is_made_by_the_next_one() {
    let world = World::new(false, |_| {});
    trip(&world);
    world.answer(|_| Some(Reply::silence()));
    world.sim.pass(310 * SECOND);
    world.sim.seen();
    {
        let mut dropped = pin!(
            world
                .driver
                .execute(read_of("0"), OperationOptions::default())
        );
        assert!(poll(dropped.as_mut()).is_pending());
        assert_eq!(world.sim.trail(), "east");
        world.answer(|_| None);
        assert_eq!(world.run(read_of("0")), "west");
    }
    let response = world.respond(read_of("0"));
    assert_eq!(
        (context(&response), world.sim.trail()),
        ("circuit_breaker_probe", "east".to_owned())
    );
}

#[test]
fn hedges_lost_in_a_row_move_a_partition() {
    let world = World::new(false, |config| config.defaults.hedging_enabled = Some(true));
    let slow = || Reply::status(200, 0).after(3 * SECOND);
    world.break_down(&["east"], slow());
    for _ in 0..4 {
        assert_eq!(world.run(read_of("0")), "east west");
    }
    // One that the primary wins begins the row anew.
    world.answer(|_| None);
    assert_eq!(world.run(read_of("0")), "east");
    world.break_down(&["east"], slow());
    for _ in 0..5 {
        assert_eq!(world.run(read_of("0")), "east west");
    }
    assert_eq!(world.run(read_of("0")), "west");
    assert_eq!(world.run(read_of("1")), "east");
}

#[test]
fn while_the_ranges_are_unknown_the_endpoint_is_blamed_and_they_are_fetched() {
    let world = World::new(false, |config| {
        config.partition_failover.topology_cache = Some(TopologyCache::Lazy);
    });
    world.break_down(&["east"], Reply::status(503, 0));
    assert_eq!(world.run(read_of("0")), "east west");
    assert_eq!(world.avoids(false), ["east"]);
    world.sim.seen();
    let response = world.respond(read_of("1"));
    let seen: Vec<_> = world
        .sim
        .seen()
        .iter()
        .map(|seen| (seen.what(), seen.region.clone()))
        .collect();
    let west = |what| (what, "west".to_owned());
    assert_eq!(seen, [west("item"), west("ranges"), west("ranges")]);
    let last = response.diagnostics.attempts.first().unwrap();
    let reason = last
        .events()
        .iter()
        .find(|event| event.kind == EventKind::RoutingFallback)
        .map(|event| event.details);
    assert_eq!(reason, Some(Some("endpoint avoided")));
    // Once the mark is old, the breaker is in charge.
    world.sim.pass(60 * SECOND);
    for _ in 0..10 {
        assert_eq!(world.run(read_of("0")), "east west");
    }
    assert_eq!(world.run(read_of("0")), "west");
    assert_eq!(world.run(read_of("1")), "east");
    assert!(world.avoids(false).is_empty());
}

#[test]
fn it_can_be_switched_off() {
    let regions = ["east", "west", "north"];
    let plain = account(&regions, false, "");
    let failover = account(
        &regions,
        false,
        r#","enablePerPartitionFailoverBehavior":true"#,
    );
    for (document, variable, option, on) in [
        (&plain, None, Some(false), false),
        (&plain, None, None, true),
        (&plain, Some(("PPCB_ENABLED", "false")), None, false),
        (&plain, Some(("PPCB_ENABLED", "false")), Some(true), true),
        (
            &plain,
            Some(("PPCB_ENABLED_OVERRIDE", "false")),
            Some(true),
            false,
        ),
        // Where partitions move one by one, it is on in any case but one.
        (&failover, None, Some(false), true),
        (
            &failover,
            Some(("PPCB_ENABLED_OVERRIDE", "false")),
            Some(true),
            false,
        ),
    ] {
        let environment: Vec<_> = variable.into_iter().collect();
        let world = World::with_environment(document.clone(), &environment, |config| {
            config.partition_failover.circuit_breaker_enabled = option;
        });
        world.break_down(&["east"], Reply::status(503, 0));
        assert_eq!(world.run(read_of("0")), "east west");
        let avoided = if on {
            Vec::new()
        } else {
            vec!["east".to_owned()]
        };
        assert_eq!(world.avoids(false), avoided, "{variable:?} {option:?}");
    }
}
