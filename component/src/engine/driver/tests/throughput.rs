//! Throughput control and the user agent, as the service sees them (spec driver-core §11).

use std::rc::Rc;

use futures_util::future::join;

use crate::core::clock::{MILLI, SECOND};
use crate::core::identity::Identity;
use crate::core::runtime::RuntimeConfig;
use crate::core::throughput::{BUCKET_HEADER, GroupConfig, PRIORITY_HEADER, PriorityLevel};
use crate::core::{ErrorKind, OperationOptions};
use crate::engine::testing::{Reply, Sim, account, create, metadata, read};
use crate::engine::{Driver, World};

/// A world where every item request costs so many request units.
fn world(charge: &'static str, more: &'static str) -> Sim {
    Sim::new(move |seen| {
        let document = account(&["east", "west"], false, more);
        let item = || Reply::status(200, 0).with("x-ms-request-charge", charge);
        metadata(seen, &document).unwrap_or_else(item)
    })
}

fn with(
    priority: Option<PriorityLevel>,
    bucket: Option<u32>,
    group: Option<&str>,
) -> OperationOptions {
    OperationOptions {
        priority_level: priority,
        throughput_bucket: bucket,
        throughput_control_group: group.map(str::to_owned),
        ..OperationOptions::default()
    }
}

fn group(name: &str, target: Option<f64>) -> GroupConfig {
    GroupConfig {
        name: name.to_owned(),
        target_ru_per_second: target,
        ..GroupConfig::default()
    }
}

/// What an item request says of priority and bucket.
fn said(
    sim: &Sim,
    driver: &Driver<Sim>,
    options: OperationOptions,
) -> (Option<String>, Option<String>) {
    sim.seen();
    sim.run(driver.execute(read(), options)).unwrap();
    let seen = sim.seen();
    let others = seen.iter().filter(|seen| seen.what() != "item");
    assert!(
        others
            .into_iter()
            .all(|seen| seen.header(PRIORITY_HEADER).is_none())
    );
    let item = sim_item(&seen);
    let text = |name| item.header(name).map(str::to_owned);
    (text(PRIORITY_HEADER), text(BUCKET_HEADER))
}

fn sim_item(seen: &[crate::engine::testing::Seen]) -> &crate::engine::testing::Seen {
    seen.iter().find(|seen| seen.what() == "item").unwrap()
}

#[test]
fn priority_and_bucket_by_layer() {
    use PriorityLevel::{High, Low};
    let none = || with(None, None, None);
    for (runtime, account, operation, expected) in [
        (none(), none(), none(), (None, None)),
        (
            with(Some(Low), Some(1), None),
            none(),
            none(),
            (Some("Low"), Some("1")),
        ),
        (
            with(Some(Low), Some(1), None),
            with(Some(High), None, None),
            none(),
            (Some("High"), Some("1")),
        ),
        (
            with(Some(Low), Some(1), None),
            with(Some(High), Some(2), None),
            with(None, Some(3), None),
            (Some("High"), Some("3")),
        ),
        (
            none(),
            none(),
            with(Some(Low), None, None),
            (Some("Low"), None),
        ),
    ] {
        let sim = world("1", "");
        let runtime = RuntimeConfig {
            defaults: runtime,
            ..RuntimeConfig::default()
        };
        let driver = sim.open_with(runtime, |config| config.defaults = account);
        let (priority, bucket) = said(&sim, &driver, operation);
        assert_eq!((priority.as_deref(), bucket.as_deref()), expected);
    }
}

#[test]
fn groups_fill_in_what_nobody_said() {
    use PriorityLevel::{High, Low};
    let default = GroupConfig {
        priority: Some(Low),
        bucket: Some(4),
        is_default: true,
        ..group("usual", None)
    };
    let named = GroupConfig {
        priority: Some(High),
        ..group("urgent", None)
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![default, named],
        ..RuntimeConfig::default()
    };
    let sim = world("1", "");
    let driver = sim.open_with(runtime, |_| {});
    for (options, expected) in [
        (with(None, None, None), (Some("Low"), Some("4"))),
        (with(None, None, Some("urgent")), (Some("High"), None)),
        (
            with(None, Some(5), Some("urgent")),
            (Some("High"), Some("5")),
        ),
        (with(Some(High), None, None), (Some("High"), Some("4"))),
    ] {
        let (priority, bucket) = said(&sim, &driver, options);
        assert_eq!((priority.as_deref(), bucket.as_deref()), expected);
    }
    let error = sim
        .run(driver.execute(read(), with(None, None, Some("unknown"))))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert_eq!(error.diagnostics.unwrap().request_count, 0);
}

#[test]
fn a_target_delays_operations_of_all_drivers_of_a_runtime() {
    let default = GroupConfig {
        is_default: true,
        ..group("slow", Some(100.0))
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![default, group("free", None)],
        ..RuntimeConfig::default()
    };
    let runtime = Rc::new(runtime.checked().unwrap());
    let sim = world("150", "");
    let (one, two) = (sim.open_on(&runtime, |_| {}), sim.open_on(&runtime, |_| {}));
    sim.run(one.execute(read(), with(None, None, Some("free"))))
        .unwrap();
    sim.run(two.execute(read(), with(None, None, Some("free"))))
        .unwrap();
    sim.pass(SECOND);
    let begun = sim.now();
    sim.seen();
    // The bucket is full: 100 RU. Each call leaves a debt that the next one waits for, whichever driver it is.
    for driver in [&one, &two, &one] {
        sim.execute(driver, read()).unwrap();
    }
    sim.run(two.execute(read(), with(None, None, Some("free"))))
        .unwrap();
    let at: Vec<_> = sim
        .item_requests()
        .iter()
        .map(|seen| (seen.at - begun) / (10 * MILLI))
        .collect();
    assert_eq!(at, [0, 50, 200, 200]);
}

#[test]
fn waiting_for_the_group_counts_as_time_of_the_operation() {
    let default = GroupConfig {
        is_default: true,
        ..group("slow", Some(1.0))
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![default],
        ..RuntimeConfig::default()
    };
    let sim = world("11", "");
    let driver = sim.open_with(runtime, |_| {});
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    let begun = sim.now();
    let options = OperationOptions {
        end_to_end_timeout_ms: Some(3_000),
        ..OperationOptions::default()
    };
    let error = sim.run(driver.execute(create(), options)).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(408), Some(20_008)));
    assert_eq!(sim.now() - begun, 3 * SECOND);
    assert!(sim.seen().is_empty());
}

#[test]
fn both_requests_of_a_race_are_paid() {
    let default = GroupConfig {
        is_default: true,
        ..group("slow", Some(100.0))
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![default],
        ..RuntimeConfig::default()
    };
    let sim = world("0", "");
    let driver = sim.open_with(runtime, |_| {});
    sim.execute(&driver, read()).unwrap();
    sim.script(|seen| {
        let (status, after) = match (seen.method.as_str(), seen.region.as_str()) {
            ("GET", "east") => (503, 1_100),
            ("GET", _) => (200, 200),
            _ => (201, 1),
        };
        Reply::status(status, 0)
            .with("x-ms-request-charge", "150")
            .after(after * MILLI)
    });
    let response = sim.execute(&driver, read()).unwrap();
    assert_eq!(response.diagnostics.hedge.unwrap().ending, "alternate_won");
    assert_eq!(response.diagnostics.request_charge, 300.0);
    let begun = sim.now();
    sim.execute(&driver, create()).unwrap();
    sim.execute(&driver, create()).unwrap();
    // 100 less 150 when the first fails, 10 more in the 100 ms until the second answers, less 150: 1.9 s. Then 1.5 s for
    // the first write.
    assert_eq!((sim.now() - begun) / (10 * MILLI), 340);
}

#[test]
fn many_wait_for_one_group() {
    let default = GroupConfig {
        is_default: true,
        ..group("slow", Some(10.0))
    };
    let runtime = RuntimeConfig {
        throughput_control_groups: vec![default],
        ..RuntimeConfig::default()
    };
    let sim = world("30", "");
    let driver = sim.open_with(runtime, |_| {});
    sim.execute(&driver, read()).unwrap();
    let execute = || driver.execute(read(), OperationOptions::default());
    let begun = sim.now();
    let (one, two) = sim.run(join(execute(), execute()));
    assert!(one.is_ok() && two.is_ok());
    let waited = sim.now() - begun;
    assert!(
        (2 * SECOND..=2 * SECOND + 20 * MILLI).contains(&waited),
        "{waited}"
    );
}

/// What a driver says of itself when it reads the account, and afterwards.
fn user_agents(
    identity: Identity,
    suffix: Option<&str>,
    breaker: bool,
    more: &'static str,
) -> (String, String) {
    let sim = world("1", more);
    let runtime = RuntimeConfig {
        identity,
        ..RuntimeConfig::default()
    };
    let driver = sim.open_with(runtime, |config| {
        config.user_agent_suffix = suffix.map(str::to_owned);
        config.partition_failover.circuit_breaker_enabled = Some(breaker);
    });
    sim.execute(&driver, read()).unwrap();
    let seen = sim.seen();
    let agent = |seen: &crate::engine::testing::Seen| seen.header("user-agent").unwrap().to_owned();
    assert!(
        seen[1..]
            .iter()
            .all(|other| agent(other) == agent(&seen[1]))
    );
    (agent(&seen[0]), agent(&seen[1]))
}

#[test]
fn the_suffix_of_the_user_agent() {
    let text = |text: &str| Some(text.to_owned());
    for (suffix, workload, correlation, own, expected) in [
        (None, None, None, None, ")"),
        (None, None, text("tag"), None, ") tag"),
        (None, Some(7), text("tag"), None, ") w7"),
        (text("app"), Some(7), text("tag"), None, ") app"),
        (text("app"), Some(7), text("tag"), Some("mine"), ") mine"),
        (None, Some(7), None, Some("mine"), ") mine"),
    ] {
        let identity = Identity {
            suffix,
            workload_id: workload,
            correlation_id: correlation,
            ..Identity::default()
        };
        let (first, later) = user_agents(identity, own, true, "");
        assert!(
            first.ends_with(expected) && first == later,
            "{first} {expected}"
        );
        assert!(first.starts_with("cosmosdb-driver/"), "{first}");
    }
}

#[test]
fn the_user_agent_tells_of_breaker_and_failover() {
    const FLAG: &str = r#","enablePerPartitionFailoverBehavior":true"#;
    for (breaker, more, first, later) in [
        (true, "", Some("; ft=Ag)"), Some("; ft=Ag)")),
        (false, "", None, None),
        // Partitions that move turn the breaker on.
        (true, FLAG, Some("; ft=Ag)"), Some("; ft=Aw)")),
        (false, FLAG, None, Some("; ft=Aw)")),
    ] {
        let (before, after) = user_agents(Identity::default(), None, breaker, more);
        for (agent, flags) in [(before, first), (after, later)] {
            let said = agent.find("; ft=").map(|at| &agent[at..]);
            assert_eq!(said, flags, "{breaker} {more}");
        }
    }
}
