//! Where and when the account document is read (spec driver-core §3.3).

use std::pin::pin;

use futures_util::future::join_all;

use crate::core::clock::{MILLI, SECOND};
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::FailureCause;
use crate::core::{ErrorKind, OperationOptions};
use crate::engine::testing::{Reply, Seen, Sim, account, create, metadata, read, warm};
use crate::engine::{Driver, World as _};

/// An account with backup endpoints, whose account document is answered by `script` first.
fn with_backups(
    names: &[&str],
    script: impl Fn(&Seen) -> Option<Reply> + 'static,
) -> (Sim, Driver<Sim>) {
    let document = account(&["east", "west"], false, "");
    let sim = Sim::new(move |seen| {
        let said = (seen.what() == "account").then(|| script(seen)).flatten();
        said.or_else(|| metadata(seen, &document))
            .unwrap_or_else(|| Reply::status(200, 0))
    });
    let endpoint = |name: &&str| format!("https://a-{name}.example.com");
    let backups: Vec<_> = names.iter().map(endpoint).collect();
    let driver = sim.open(|config| config.backup_endpoints = backups);
    (sim, driver)
}

#[test]
fn the_first_operation_reads_it_once() {
    let (sim, driver) = with_backups(&["b"], |_| None);
    let start = sim.now();
    let operations =
        [read(), create(), read()].map(|o| driver.execute(o, OperationOptions::default()));
    assert!(sim.run(join_all(operations)).iter().all(Result::is_ok));
    assert_eq!(
        sim.trace(start),
        [
            "account global 0",
            "container east 1",
            "east 2",
            "east 2",
            "east 2"
        ]
    );
}

#[test]
fn backup_endpoints_are_asked_in_order() {
    let names = ["b", "c", "d", "e", "f"];
    for retries in [None, Some(0)] {
        let (sim, _) = with_backups(&[], |_| None);
        let document = account(&["east"], false, "");
        sim.script(move |seen| match (seen.what(), seen.region.as_str()) {
            ("account", "global") => Reply::status(503, 0),
            ("account", "b") => Reply::status(500, 0),
            ("account", "c") => Reply::failure(RequestSent::Unknown, FailureCause::Broken),
            ("account", "d" | "e") => Reply::status(408, 0),
            _ => metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0)),
        });
        let driver = sim.open(|config| {
            config.backup_endpoints = names
                .map(|name| format!("https://a-{name}.example.com"))
                .to_vec();
            config.defaults.max_failover_retries = retries;
        });
        sim.execute(&driver, read()).unwrap();
        let asked: Vec<_> = sim
            .seen()
            .into_iter()
            .filter(|s| s.what() == "account")
            .map(|s| s.region)
            .collect();
        assert_eq!(asked, ["global", "b", "c", "d", "e", "f"]);
    }
}

#[test]
fn when_nobody_answers_the_first_error_counts() {
    let (sim, driver) = with_backups(&["b", "c"], |seen| {
        Some(match seen.region.as_str() {
            "global" => Reply::status(503, 9001),
            "b" => Reply::status(500, 0),
            _ => Reply::failure(RequestSent::NotSent, FailureCause::Dns),
        })
    });
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!(
        (error.status, error.sub_status),
        (Some(503), Some(9001)),
        "{error:?}"
    );
    assert!(
        error.message.starts_with("read_account"),
        "{}",
        error.message
    );
    let regions: Vec<_> = sim.seen().into_iter().map(|seen| seen.region).collect();
    assert_eq!(regions, ["global", "b", "c", "c"]);
    // Failures are not kept.
    sim.script(|seen| {
        metadata(seen, &account(&["east"], false, "")).unwrap_or_else(|| Reply::status(200, 0))
    });
    sim.execute(&driver, read()).unwrap();
}

#[test]
fn a_lone_endpoint_is_asked_three_times() {
    let (sim, driver) = with_backups(&[], |_| Some(Reply::status(503, 0)));
    let start = sim.now();
    assert_eq!(sim.execute(&driver, read()).unwrap_err().status, Some(503));
    let seen = sim.seen();
    assert_eq!(seen.len(), 3);
    // After about 100 ms, and 200 ms after that.
    let after: Vec<_> = seen.iter().map(|seen| (seen.at - start) / MILLI).collect();
    assert!(
        (75..=126).contains(&after[1]) && (225..=378).contains(&after[2]),
        "{after:?}"
    );
}

#[test]
fn who_is_not_let_in_stops_asking() {
    for (status, sub_status, kind) in [
        (401, 0, ErrorKind::Unauthorized),
        (403, 0, ErrorKind::Forbidden),
        (403, 5300, ErrorKind::Forbidden),
    ] {
        let (sim, driver) = with_backups(&["b"], move |_| Some(Reply::status(status, sub_status)));
        assert_eq!(sim.execute(&driver, read()).unwrap_err().kind, kind);
        assert_eq!(sim.seen().len(), 1);
        // Nor is it any better told by the endpoint that failed before.
        let (sim, driver) = with_backups(&["b", "c"], move |seen| {
            Some(Reply::status(
                if seen.region == "global" { 503 } else { status },
                sub_status,
            ))
        });
        assert_eq!(sim.execute(&driver, read()).unwrap_err().kind, kind);
        assert_eq!(sim.seen().len(), 2);
    }
}

#[test]
fn an_account_that_is_gone_ends_the_read() {
    let (sim, driver) = with_backups(&[], |_| Some(Reply::status(403, 1008)));
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(503), Some(20_312)));
    assert_eq!(error.cause.unwrap().sub_status, Some(1008));
}

#[test]
fn it_is_read_again_beside_an_operation_once_for_all_of_them() {
    let (sim, driver) = warm(false, |_| {});
    sim.pass(299 * SECOND);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(sim.items(), ["east"]);
    sim.pass(2 * SECOND);
    let start = sim.now();
    let operations =
        [read(), read(), read()].map(|o| driver.execute(o, OperationOptions::default()));
    assert!(sim.run(join_all(operations)).iter().all(Result::is_ok));
    assert_eq!(
        sim.trace(start),
        ["east 0", "account global 0", "east 0", "east 0"]
    );
    // The clock starts anew.
    sim.pass(299 * SECOND);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(sim.items(), ["east"]);
}

#[test]
fn a_slow_refresh_delays_nobody_much_and_is_left_alone_for_a_while() {
    let (sim, driver) = warm(false, |_| {});
    sim.script(|seen| match seen.what() {
        "account" => Reply::silence(),
        _ => Reply::status(200, 0),
    });
    sim.pass(301 * SECOND);
    for (passed, asks, takes) in [
        (0, true, 251),
        (SECOND, false, 1),
        (3_700 * MILLI, false, 1),
        (100 * MILLI, true, 251),
    ] {
        sim.pass(passed);
        let start = sim.now();
        let response = sim.execute(&driver, read()).unwrap();
        assert_eq!((sim.now() - start) / MILLI, takes);
        let asked = sim
            .seen()
            .iter()
            .filter(|seen| seen.what() == "account")
            .count();
        assert_eq!(asked, usize::from(asks));
        assert_eq!(response.diagnostics.request_count, 1 + u32::from(asks));
    }
}

#[test]
fn a_refresh_within_the_grace_counts() {
    let (sim, driver) = warm(false, |_| {});
    let document = account(&["west", "east"], false, "");
    sim.script(move |seen| match metadata(seen, &document) {
        Some(reply) => reply.after(200 * MILLI),
        None => Reply::status(200, 0),
    });
    sim.pass(301 * SECOND);
    sim.execute(&driver, read()).unwrap();
    sim.execute(&driver, read()).unwrap();
    // What was known served until then.
    let regions: Vec<_> = sim.seen().into_iter().map(|seen| seen.region).collect();
    assert_eq!(regions, ["east", "global", "west"]);
}

#[test]
fn regions_are_asked_when_the_configured_endpoint_is_down() {
    let (sim, driver) = warm(false, |_| {});
    let document = account(&["north", "east"], false, "");
    sim.script(move |seen| match (seen.what(), seen.region.as_str()) {
        ("account", "global") => Reply::failure(RequestSent::NotSent, FailureCause::Connect),
        ("account", "east") => Reply::status(503, 0),
        _ => metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0)),
    });
    sim.pass(301 * SECOND);
    sim.execute(&driver, read()).unwrap();
    sim.execute(&driver, create()).unwrap();
    let seen = sim.seen();
    let told: Vec<_> = seen
        .iter()
        .map(|seen| (seen.what(), seen.region.as_str()))
        .collect();
    let expected = [
        ("item", "east"),
        ("account", "global"),
        ("account", "global"),
        ("account", "east"),
        ("account", "west"),
        ("item", "north"),
    ];
    assert_eq!(told, expected);
}

/// No region takes writes, and says so late enough that there is time for one more try within a second.
fn forbidden() -> Reply {
    Reply::status(403, 3).after(300 * MILLI)
}

/// How often the account is asked by a write that no region takes.
fn asks(sim: &Sim, driver: &Driver<Sim>) -> usize {
    sim.execute(driver, create()).unwrap_err();
    sim.seen()
        .iter()
        .filter(|seen| seen.what() == "account")
        .count()
}

#[test]
fn answers_ask_for_it_every_five_seconds_at_most() {
    let (sim, driver) = warm(false, |config| {
        config.defaults.end_to_end_timeout_ms = Some(1_000)
    });
    sim.items_say(false, |_| forbidden());
    assert_eq!(asks(&sim, &driver), 1);
    assert_eq!(asks(&sim, &driver), 0);
    sim.pass(3 * SECOND);
    assert_eq!(asks(&sim, &driver), 0);
    sim.pass(SECOND);
    assert_eq!(asks(&sim, &driver), 1);
}

#[test]
fn a_refresh_that_fails_or_is_dropped_does_not_count() {
    let (sim, driver) = warm(false, |config| {
        config.defaults.end_to_end_timeout_ms = Some(1_000)
    });
    let with_account = |account: Reply| {
        move |seen: &Seen| match seen.what() {
            "account" => account.clone(),
            _ => forbidden(),
        }
    };
    sim.script(with_account(Reply::status(401, 0)));
    assert_eq!(asks(&sim, &driver), 1);
    assert_eq!(asks(&sim, &driver), 1);
    sim.script(with_account(Reply::silence()));
    assert_eq!(asks(&sim, &driver), 1);
    {
        let mut dropped = pin!(driver.execute(create(), OperationOptions::default()));
        assert!(sim.step(dropped.as_mut()).is_pending());
        assert!(sim.step(dropped.as_mut()).is_pending());
    }
    assert_eq!(sim.seen().last().map(Seen::what), Some("account"));
    sim.items_say(false, |_| forbidden());
    assert_eq!(asks(&sim, &driver), 1);
    assert_eq!(asks(&sim, &driver), 0);
}
