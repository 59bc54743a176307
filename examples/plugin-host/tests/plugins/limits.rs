//! What ends a run, and that run only.

use std::time::Duration;

use cosmosdb_driver_host::Budget;
use host_tests::scripted::{ScriptedServer, Step};
use plugin_host::{Limit, Limits, Outcome, PluginHost};

use crate::scene::{self, DRIVER, HOSTILE, ORDERS, Scene, component};

const MIB: u64 = 1 << 20;

/// Runs one attack; returns how many requests the server saw.
fn ends(scene: &Scene, limits: Limits, input: &str, expected: &Outcome) -> usize {
    let report = scene.run(&scene.load(HOSTILE, limits), input);
    assert_eq!(&report.outcome, expected, "{input}: {report:?}");
    let seen = scene.clean_requests();
    // The server throws away what it has of a request that was cut off.
    let cut_off = u64::from(expected == &refused(Limit::SentBytes));
    assert_eq!(
        seen.len() as u64 + cut_off,
        report.usage.requests,
        "{input}"
    );
    assert!(report.usage.fuel <= limits.fuel && report.usage.memory <= limits.memory);
    let sent: usize = seen.iter().map(|request| request.body.len()).sum();
    assert!(sent as u64 <= limits.network.sent_bytes, "{input}: {sent}");
    seen.len()
}

fn refused(by: Limit) -> Outcome {
    Outcome::Refused { by }
}

/// No limit on what is executed, so that another one has to end it.
fn much_fuel() -> Limits {
    Limits {
        fuel: u64::MAX,
        time: Duration::from_mins(10),
        ..Limits::default()
    }
}

fn network(change: impl FnOnce(&mut Budget)) -> Limits {
    let mut limits = much_fuel();
    change(&mut limits.network);
    limits
}

#[test]
fn too_much_work() {
    let scene = Scene::new();
    let orders = scene.load(ORDERS, Limits::default());
    let little = Limits {
        fuel: 20_000_000,
        time: Duration::from_mins(10),
        ..Limits::default()
    };
    ends(&scene, little, "loop", &refused(Limit::Fuel));
    let calls = Limits {
        network: Budget::default(),
        ..little
    };
    assert!(ends(&scene, calls, "calls", &refused(Limit::Fuel)) > 10);
    scene.serves(&orders);
    let short = Limits {
        time: Duration::from_millis(100),
        ..much_fuel()
    };
    ends(&scene, short, "loop", &refused(Limit::Time));
    scene.serves(&orders);
}

#[test]
fn a_server_that_never_answers() {
    let silent = ScriptedServer::start([Step::silent()]).unwrap();
    let scene = Scene::new();
    let limits = Limits {
        time: Duration::from_millis(100),
        ..Limits::default()
    };
    let account = scene::account(&silent.endpoint(), scene.emulator.key());
    let host = PluginHost::new(&component(DRIVER), account, limits).unwrap();
    let hostile = host.load(&component(HOSTILE)).unwrap();
    let report = scene.run(&hostile, "read shop|orders|1");
    assert_eq!(report.outcome, refused(Limit::Time));
    scene.serves(&scene.load(ORDERS, Limits::default()));
}

#[test]
fn too_many_requests() {
    let scene = Scene::new();
    let limits = network(|budget| budget.requests = 5);
    assert_eq!(ends(&scene, limits, "calls", &refused(Limit::Requests)), 5);
    let none = network(|budget| budget.requests = 0);
    assert_eq!(ends(&scene, none, "calls", &refused(Limit::Requests)), 0);
    scene.serves(&scene.load(ORDERS, Limits::default()));
}

#[test]
fn too_many_bytes() {
    let scene = Scene::new();
    let limits = network(|budget| budget.sent_bytes = MIB);
    ends(
        &scene,
        limits,
        "send 100 300000",
        &refused(Limit::SentBytes),
    );
    let sent = ends(
        &scene,
        much_fuel(),
        "send 2 1500000",
        &Outcome::Done("all were sent".to_owned()),
    );
    assert_eq!(sent, 2);
    let limits = network(|budget| budget.received_bytes = MIB);
    let read = "read shop|orders|big1";
    assert_eq!(
        ends(&scene, limits, read, &refused(Limit::ReceivedBytes)),
        1
    );
    scene.serves(&scene.load(ORDERS, Limits::default()));
}

#[test]
fn too_much_memory() {
    let scene = Scene::new();
    let orders = scene.load(ORDERS, Limits::default());
    ends(
        &scene,
        much_fuel(),
        "allocate 1000",
        &refused(Limit::Memory),
    );
    scene.serves(&orders);
    // Its own memory, and the driver's copy.
    ends(
        &scene,
        much_fuel(),
        "send 1 20000000",
        &refused(Limit::Memory),
    );
    let tiny = Limits {
        memory: 100_000,
        ..Limits::default()
    };
    ends(&scene, tiny, "loop", &refused(Limit::Memory));
    scene.serves(&orders);
}

#[test]
fn too_many_drivers_or_feeds() {
    let scene = Scene::new();
    for input in ["drivers 100000", "feeds 100000"] {
        ends(&scene, much_fuel(), input, &refused(Limit::Handles));
    }
    scene.serves(&scene.load(ORDERS, Limits::default()));
}

#[test]
fn too_long_an_answer() {
    let scene = Scene::new();
    ends(
        &scene,
        much_fuel(),
        "answer 1048577",
        &refused(Limit::Answer),
    );
    let answer = Outcome::Done("x".repeat(1 << 20));
    ends(&scene, much_fuel(), "answer 1048576", &answer);
}

#[test]
fn too_deep_a_recursion() {
    let scene = Scene::new();
    let hostile = scene.load(HOSTILE, much_fuel());
    let outcome = scene.run(&hostile, "recurse").outcome;
    assert!(
        matches!(&outcome, Outcome::Trapped { reason } if reason.contains("stack")),
        "{outcome:?}"
    );
    scene.serves(&scene.load(ORDERS, Limits::default()));
}
