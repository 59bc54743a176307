//! A driver that fetches nothing before it is missed (spec driver-core §3, design: cold start).

use std::cell::Cell;

use crate::core::clock::SECOND;
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::FailureCause;
use crate::core::{MetadataMode, Operation, Response, Result};
use crate::engine::testing::{Reply, Seen, Sim, account, create, metadata, read};
use crate::engine::{Driver, World as _};

/// A lean driver of an account with the regions east, west and north. The configured endpoint is another one.
fn lean(multi_write: bool, items: impl Fn(&Seen) -> Reply + 'static) -> (Sim, Driver<Sim>) {
    let document = account(&["east", "west", "north"], multi_write, "");
    let sim = Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| items(seen)));
    let driver = sim.open(|config| config.metadata = MetadataMode::Lean);
    (sim, driver)
}

/// What is sent when the configured endpoint answers like this, and the regions well.
fn trace(operation: Operation, multi_write: bool, first: Reply) -> (Vec<String>, Result<Response>) {
    let (sim, driver) = lean(multi_write, move |seen| match seen.region.as_str() {
        "global" => first.clone(),
        _ => Reply::status(200, 0),
    });
    let start = sim.now();
    let result = sim.execute(&driver, operation);
    (sim.trace(start), result)
}

#[test]
fn one_request_when_all_is_well() {
    let (sim, driver) = lean(false, |_| Reply::status(200, 0));
    for operation in [read(), create(), read()] {
        let start = sim.now();
        let response = sim.execute(&driver, operation).unwrap();
        assert_eq!(sim.trace(start), ["global 0"]);
        assert_eq!(response.diagnostics.request_count, 1);
        sim.pass(400 * SECOND);
    }
}

#[test]
fn the_account_is_read_when_another_region_may_help() {
    for failure in [
        Reply::status(500, 0),
        Reply::status(503, 0),
        Reply::status(408, 0),
        Reply::status(410, 1000),
        Reply::status(410, 0),
        Reply::status(429, 3092),
        Reply::status(403, 1008),
        Reply::failure(RequestSent::Unknown, FailureCause::Broken),
    ] {
        // The configured endpoint stands for the hub: the hub itself is not asked next.
        let (trace, result) = trace(read(), false, failure);
        result.unwrap();
        assert_eq!(trace, ["global 0", "account global 1", "west 2"]);
    }
    let (trace, result) = trace(
        read(),
        false,
        Reply::failure(RequestSent::NotSent, FailureCause::Connect),
    );
    result.unwrap();
    assert_eq!(
        trace,
        ["global 0", "global 1", "account global 2", "west 3"]
    );
}

#[test]
fn it_is_not_read_for_what_it_cannot_help_with() {
    for (status, sub_status, requests) in [
        (400, 0, 1),
        (401, 0, 1),
        (403, 0, 1),
        (404, 0, 1),
        (409, 0, 1),
        (412, 0, 1),
        (429, 3200, 10),
    ] {
        let (trace, result) = trace(create(), false, Reply::status(status, sub_status));
        assert_eq!(result.unwrap_err().status, Some(status));
        assert_eq!(trace.len(), requests);
        assert!(
            trace.iter().all(|line| line.starts_with("global")),
            "{trace:?}"
        );
    }
}

#[test]
fn a_lagging_session_is_looked_for_where_it_may_have_arrived() {
    // At the hub, which is the only one that writes; or in the next region.
    for (multi_write, expected) in [(false, "east 2"), (true, "west 2")] {
        let (trace, result) = trace(read(), multi_write, Reply::status(404, 1002));
        result.unwrap();
        assert_eq!(trace, ["global 0", "account global 1", expected]);
    }
}

#[test]
fn a_write_finds_the_write_region() {
    let (trace_of_one, result) = trace(create(), false, Reply::status(403, 3));
    result.unwrap();
    // The account was read just now: it is not read again for the same answer.
    assert_eq!(trace_of_one, ["global 0", "account global 1", "east 2"]);
    let (sim, driver) = lean(true, |seen| {
        Reply::status(if seen.region == "global" { 503 } else { 201 }, 0)
    });
    sim.execute(&driver, create()).unwrap();
    sim.execute(&driver, create()).unwrap();
    let seen = sim.seen();
    let tentative = |seen: &Seen| seen.header("x-ms-cosmos-allow-tentative-writes").is_some();
    let told: Vec<_> = seen
        .iter()
        .map(|seen| (seen.region.as_str(), tentative(seen)))
        .collect();
    assert_eq!(
        told,
        [
            ("global", false),
            ("global", false),
            ("west", true),
            ("east", true)
        ]
    );
}

#[test]
fn the_only_write_region_gets_a_rest_by_whatever_name() {
    let (trace, result) = trace(create(), false, Reply::status(503, 0));
    result.unwrap();
    assert_eq!(trace[..2], ["global 0", "account global 1"]);
    let after: u64 = trace[2].strip_prefix("east ").unwrap().parse().unwrap();
    assert!((76..=128).contains(&after), "{after}");
}

#[test]
fn without_an_answer_it_stays_where_it_is_and_asks_no_more() {
    let asked = Cell::new(0);
    let sim = Sim::new(move |seen| match seen.what() {
        "account" => Reply::status(401, 0),
        _ => Reply::status(
            if asked.replace(asked.get() + 1) < 3 {
                503
            } else {
                200
            },
            0,
        ),
    });
    let driver = sim.open(|config| config.metadata = MetadataMode::Lean);
    sim.execute(&driver, read()).unwrap();
    let told: Vec<_> = sim
        .seen()
        .iter()
        .map(|seen| (seen.what(), seen.region.clone()))
        .collect();
    let told: Vec<_> = told
        .iter()
        .map(|(what, region)| (*what, region.as_str()))
        .collect();
    let item = ("item", "global");
    assert_eq!(told, [item, ("account", "global"), item, item, item]);
}

#[test]
fn preferred_regions_need_the_account_first() {
    let document = account(&["east", "west"], false, "");
    let sim =
        Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0)));
    let driver = sim.open(|config| {
        config.metadata = MetadataMode::Lean;
        config.preferred_regions = vec!["West".to_owned()];
    });
    let start = sim.now();
    sim.execute(&driver, read()).unwrap();
    sim.execute(&driver, create()).unwrap();
    assert_eq!(sim.trace(start), ["account global 0", "west 1", "east 2"]);
}

#[test]
fn nobody_misses_what_a_lean_driver_cannot_use() {
    let (sim, driver) = lean(false, |seen| {
        Reply::status(if seen.region == "global" { 503 } else { 200 }, 0)
    });
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    let start = sim.now();
    sim.execute(&driver, read()).unwrap();
    // Without the container's definition its partition key ranges are of no use.
    assert_eq!(sim.trace(start), ["east 0"]);
}

#[test]
fn tokens_of_a_container_that_is_gone_are_found_out() {
    let document = account(&["east"], false, "");
    let old = || {
        Reply::status(200, 0)
            .with("x-ms-session-token", "0:1#9")
            .with("x-ms-content-path", "r0")
    };
    let first = document.clone();
    let sim = Sim::new(move |seen| metadata(seen, &first).unwrap_or_else(old));
    let driver = sim.open(|config| config.metadata = MetadataMode::Lean);
    sim.execute(&driver, read()).unwrap();
    // Created anew: nobody has what the old one's token says.
    sim.script(move |seen| {
        metadata(seen, &document).unwrap_or_else(|| {
            let lags = seen.header("x-ms-session-token").is_some();
            Reply::status(if lags { 404 } else { 200 }, if lags { 1002 } else { 0 })
        })
    });
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!(error.sub_status, Some(20_310));
    sim.seen();
    assert_eq!(sim.execute(&driver, read()).unwrap().status, 200);
    assert_eq!(sim.items().len(), 1);
}
