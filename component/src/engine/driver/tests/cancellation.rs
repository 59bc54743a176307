//! Operations that are dropped, or wait, anywhere: others find everything in order (spec driver-core §12.1, §15, §17).

use std::cell::Cell;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::join;

use crate::core::clock::{MILLI, Nanos, SECOND};
use crate::core::config::TopologyCache;
use crate::core::runtime::RuntimeConfig;
use crate::core::throughput::GroupConfig;
use crate::core::{Operation, OperationOptions};
use crate::engine::Driver;
use crate::engine::testing::{CONTAINER, Reply, Seen, Sim, account, create, metadata, read};

/// A place to wait at.
struct Scene {
    name: &'static str,
    /// Whether an operation went before, and how long ago.
    before: Option<Nanos>,
    operation: fn() -> Operation,
    items: fn(&Seen, u32) -> Reply,
}

fn well(_: &Seen, _: u32) -> Reply {
    Reply::status(200, 0)
}

fn scenes() -> Vec<Scene> {
    let scene = |name, before, operation, items| Scene {
        name,
        before,
        operation,
        items,
    };
    vec![
        scene("cold start", None, read, well),
        scene("old account", Some(301 * SECOND), create, well),
        scene("throttled", Some(SECOND), read, |_, n| {
            Reply::status(if n < 3 { 429 } else { 200 }, 0)
        }),
        scene("retry with", Some(SECOND), create, |_, n| {
            Reply::status(if n < 3 { 449 } else { 200 }, 0)
        }),
        scene("forbidden", Some(SECOND), create, |seen, n| {
            let refused = n < 3 && seen.method != "GET";
            Reply::status(if refused { 403 } else { 200 }, 3)
        }),
        scene("down", Some(SECOND), read, |_, n| {
            Reply::status(if n < 2 { 503 } else { 200 }, 0)
        }),
        scene("recreated", Some(SECOND), read, |seen, _| {
            let known = seen.header("x-ms-cosmos-intended-collection-rid") == Some("r2");
            Reply::status(if known { 200 } else { 400 }, 1024)
        }),
        scene("ranges gone", Some(SECOND), read, |_, n| {
            Reply::status(if n < 1 { 410 } else { 200 }, 1002)
        }),
        scene("hedged", Some(SECOND), read, |seen, _| {
            Reply::status(200, 0).after(if seen.region == "east" { 3 } else { 2 } * SECOND)
        }),
        scene("silent", Some(SECOND), read, |_, n| match n {
            0 | 1 => Reply::silence(),
            _ => Reply::status(200, 0),
        }),
    ]
}

/// A world where everything takes a while, at the scene.
fn at(scene: &Scene) -> (Sim, Driver<Sim>) {
    let document = account(&["east", "west"], true, "");
    let sim = Sim::new(|_| Reply::status(200, 0));
    let healthy = document.clone();
    sim.script(move |seen| metadata(seen, &healthy).unwrap_or_else(|| Reply::status(200, 0)));
    let group = GroupConfig {
        name: "g".to_owned(),
        target_ru_per_second: Some(1.0),
        is_default: true,
        ..GroupConfig::default()
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![group],
        ..RuntimeConfig::default()
    };
    let driver = sim.open_with(runtime, |config| {
        config.partition_failover.topology_cache = Some(TopologyCache::Eager);
    });
    if let Some(passed) = scene.before {
        sim.execute(&driver, read()).unwrap();
        sim.pass(passed);
    }
    let (items, asked) = (scene.items, Cell::new(0));
    let recreated = scene.name == "recreated";
    sim.script(move |seen| match metadata(seen, &document) {
        Some(_) if seen.what() == "container" && recreated => {
            Reply::json(&CONTAINER.replace("r1", "r2")).after(10 * MILLI)
        }
        Some(reply) => reply.after(10 * MILLI),
        // Dear enough that the next operation has to wait for its turn.
        None => items(seen, asked.replace(asked.get() + 1)).with("x-ms-request-charge", "3"),
    });
    sim.seen();
    (sim, driver)
}

/// Every operation ends, and nothing is held on to.
fn check(sim: &Sim, driver: &Driver<Sim>, case: &str) {
    let last = sim.execute(driver, read());
    assert!(last.is_ok(), "{case}: {last:?}");
    let state = driver.state.borrow().clone().unwrap();
    assert_eq!(state.metadata_hedges.get(), 0, "{case}");
    assert!(!state.account.is_fetching(), "{case}");
    assert!(state.router.try_borrow_mut().is_ok() && state.sessions.try_borrow_mut().is_ok());
    assert!(state.refresh.try_borrow_mut().is_ok() && state.faults.try_borrow_mut().is_ok());
}

/// How many steps an operation of the scene takes.
fn length(scene: &Scene) -> usize {
    let (sim, driver) = at(scene);
    let mut operation = pin!(driver.execute((scene.operation)(), OperationOptions::default()));
    let mut steps = 1;
    loop {
        if let Poll::Ready(result) = sim.step(operation.as_mut()) {
            assert!(result.is_ok(), "{}: {result:?}", scene.name);
            return steps;
        }
        steps += 1;
    }
}

#[test]
fn an_operation_that_is_dropped_anywhere_harms_no_other() {
    for scene in scenes() {
        let steps = length(&scene);
        assert!(steps > 1, "{}", scene.name);
        for dropped_after in 0..steps {
            let (sim, driver) = at(&scene);
            {
                let mut dropped =
                    pin!(driver.execute((scene.operation)(), OperationOptions::default()));
                for _ in 0..dropped_after {
                    assert!(sim.step(dropped.as_mut()).is_pending());
                }
            }
            check(
                &sim,
                &driver,
                &format!("{} dropped after {dropped_after}", scene.name),
            );
        }
    }
}

#[test]
fn an_operation_that_waits_anywhere_is_in_nobodys_way() {
    for scene in scenes() {
        for begun_after in 0..length(&scene) {
            let (sim, driver) = at(&scene);
            let mut first = pin!(driver.execute((scene.operation)(), OperationOptions::default()));
            for _ in 0..begun_after {
                assert!(sim.step(first.as_mut()).is_pending());
            }
            let second = driver.execute(read(), OperationOptions::default());
            let (first, second) = sim.run(join(first, second));
            let case = format!("{} begun after {begun_after}", scene.name);
            assert!(
                first.is_ok() && second.is_ok(),
                "{case}: {first:?} {second:?}"
            );
            check(&sim, &driver, &case);
        }
    }
}

#[test]
fn who_waits_for_another_takes_over_when_it_is_dropped() {
    for scene in scenes() {
        for dropped_after in 0..length(&scene) {
            let (sim, driver) = at(&scene);
            let case = format!("{} taken over after {dropped_after}", scene.name);
            let mut second = pin!(driver.execute(read(), OperationOptions::default()));
            let mut ready = None;
            {
                let mut first =
                    pin!(driver.execute((scene.operation)(), OperationOptions::default()));
                for _ in 0..dropped_after {
                    if sim.step(first.as_mut()).is_ready() {
                        break;
                    }
                    if ready.is_none()
                        && let Poll::Ready(result) = crate::engine::testing::poll(second.as_mut())
                    {
                        ready = Some(result);
                    }
                }
            }
            let result = match ready {
                Some(result) => result,
                None => sim.run(second),
            };
            assert!(result.is_ok(), "{case}: {result:?}");
            if scene.name == "cold start" {
                let accounts = sim
                    .seen()
                    .iter()
                    .filter(|seen| seen.what() == "account")
                    .count();
                assert_eq!(accounts, 1, "{case}");
            }
            check(&sim, &driver, &case);
        }
    }
}
