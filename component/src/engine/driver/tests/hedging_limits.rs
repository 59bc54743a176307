//! Which requests race at all, and against whom (spec driver-core §7.1).

use futures_util::future::join;

use crate::core::clock::{MILLI, SECOND};
use crate::core::config::{Config, TopologyCache};
use crate::core::operation::{Conditions, ContainerRef};
use crate::core::options::AvailabilityStrategy;
use crate::core::runtime::{RuntimeConfig, TimeoutsConfig};
use crate::core::{Operation, OperationOptions};
use crate::engine::Driver;
use crate::engine::testing::{
    Reply, Seen, Sim, account, at, create, increment, item, metadata, read,
};

use super::hedging::{REGIONS, ending, open, open_with, says, timeline, with};

#[test]
fn only_the_first_attempt_races() {
    // The first one fails at once, the second is slow: that is nobody's race.
    let (sim, driver) = open(vec![says(1, 503), says(3_000, 200), says(1, 200)], |_| {});
    let response = sim.execute(&driver, read()).unwrap();
    assert_eq!(timeline(&sim), "east 0, west 1");
    assert_eq!(ending(&response.diagnostics), None);
    let (sim, driver) = open(vec![says(1, 404), says(1, 200)], |_| {});
    sim.execute(&driver, read()).unwrap_err();
    assert_eq!(timeline(&sim), "east 0");
}

#[test]
fn writes_never_race() {
    let delete = || Operation::DeleteItem {
        item: item(),
        conditions: Conditions::default(),
    };
    for operation in [create, increment, delete] {
        for multi_write in [false, true] {
            let document = account(&REGIONS, multi_write, "");
            let slow = |_: &Seen| Reply::status(200, 0).after(50 * SECOND);
            let sim = Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| slow(seen)));
            let driver = sim.open(|_| {});
            let response = sim.execute(&driver, operation()).unwrap();
            assert_eq!(timeline(&sim), "east 0");
            assert_eq!(response.diagnostics.hedge, None);
        }
    }
}

#[test]
fn excluded_regions_are_no_target() {
    let excluding = |regions: &[&str]| {
        let regions = regions.iter().map(|region| (*region).to_owned()).collect();
        with(|options| options.excluded_regions = Some(regions))
    };
    for (excluded, trail) in [
        (&["West"][..], "east 0, north 1000"),
        (&["east"], "west 0, north 1000"),
        (&["west", "north"], "east 0"),
    ] {
        let (sim, driver) = open(
            vec![says(2_000, 200), says(2_000, 200), says(2_000, 200)],
            |_| {},
        );
        sim.run(driver.execute(read(), excluding(excluded)))
            .unwrap();
        assert_eq!(timeline(&sim), trail);
    }
}

#[test]
fn the_alternate_is_another_region_on_another_host() {
    let twins = r#"{"writableLocations":[{"name":"east","databaseAccountEndpoint":"https://a-east.example.com:443/"}],
        "readableLocations":[{"name":"east","databaseAccountEndpoint":"https://a-east.example.com:443/"},
        {"name":"West","databaseAccountEndpoint":"https://a-east.example.com/"},
        {"name":"East","databaseAccountEndpoint":"https://a-other.example.com/"},
        {"name":"North","databaseAccountEndpoint":"https://a-north.example.com/"}]}"#;
    let slow = |_: &Seen| Reply::status(200, 0).after(2 * SECOND);
    let sim = Sim::new(move |seen| metadata(seen, twins).unwrap_or_else(|| slow(seen)));
    let driver = sim.open(|_| {});
    sim.execute(&driver, read()).unwrap();
    assert_eq!(timeline(&sim), "east 0, north 1000");
}

/// What the account says, the options of runtime, account and operation; whether a slow read races.
type Switches = (
    &'static str,
    RuntimeConfig,
    OperationOptions,
    OperationOptions,
    bool,
);

#[rustfmt::skip]
fn switches() -> Vec<Switches> {
    let (none, default) = (OperationOptions::default, RuntimeConfig::default);
    let off = || with(|options| options.hedging_enabled = Some(false));
    let on = || with(|options| options.hedging_enabled = Some(true));
    let disabled = || with(|options| options.availability_strategy = Some(AvailabilityStrategy::Disabled));
    let variable = |name: &str, value: &str| RuntimeConfig {
        environment: vec![(format!("AZURE_COSMOS_HEDGING_ENABLED{name}"), value.to_owned())],
        ..default()
    };
    let runtime = |defaults| RuntimeConfig { defaults, ..default() };
    vec![
        ("", default(), none(), none(), true),
        ("", default(), none(), off(), false),
        ("", default(), none(), disabled(), false),
        ("", default(), off(), none(), false),
        ("", default(), disabled(), on(), true),
        ("", runtime(off()), none(), none(), false),
        ("", variable("", "false"), none(), none(), false),
        ("", variable("_OVERRIDE", "false"), none(), on(), false),
        ("", variable("_OVERRIDE", "true"), off(), off(), true),
        (r#","disableCrossRegionalHedging":true"#, default(), none(), on(), false),
    ]
}

#[test]
fn it_can_be_switched_off_everywhere() {
    for (number, case) in switches().into_iter().enumerate() {
        let (more, runtime, account, operation, races) = case;
        let slow = vec![says(2_000, 200), says(2_000, 200)];
        let (sim, driver) = open_with(more, runtime, slow, |config| config.defaults = account);
        sim.run(driver.execute(read(), operation)).unwrap();
        let trail = if races { "east 0, west 1000" } else { "east 0" };
        assert_eq!(timeline(&sim), trail, "case {number}");
    }
}

/// A driver whose metadata requests may take long, in an account whose first region is slow.
fn slow_metadata(change: impl FnOnce(&mut Config)) -> (Sim, Driver<Sim>) {
    let document = account(&REGIONS[..2], false, "");
    let sim = Sim::new(move |seen| {
        let after = if seen.region == "east" {
            3 * SECOND
        } else {
            100 * MILLI
        };
        let reply = metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0));
        if seen.what() == "account" {
            reply
        } else {
            reply.after(after)
        }
    });
    let timeouts = TimeoutsConfig {
        metadata_request_ms: Some(10_000),
        ..TimeoutsConfig::default()
    };
    let runtime = RuntimeConfig {
        timeouts,
        ..RuntimeConfig::default()
    };
    let driver = sim.open_with(runtime, change);
    (sim, driver)
}

/// Like [`timeline`], of other requests than those for items.
fn metadata_timeline(sim: &Sim, what: &str) -> String {
    let mut seen = sim.seen();
    seen.retain(|seen| seen.what() == what);
    let first = seen.first().map_or(0, |seen| seen.at);
    let at = |seen: &Seen| format!("{} {}", seen.region, (seen.at - first) / MILLI);
    seen.iter().map(at).collect::<Vec<_>>().join(", ")
}

#[test]
fn container_and_first_ranges_page_race_after_a_second_and_a_half() {
    let off = |config: &mut Config| config.defaults.hedging_enabled = Some(false);
    for (change, trail) in [
        ((|_| {}) as fn(&mut Config), "east 0, west 1500"),
        (off, "east 0"),
    ] {
        let (sim, driver) = slow_metadata(change);
        let container = Operation::ReadContainer(at());
        let response = sim.execute(&driver, container).unwrap();
        assert_eq!(metadata_timeline(&sim, "container"), trail);
        let expected = (trail != "east 0").then_some("alternate_won");
        assert_eq!(ending(&response.diagnostics), expected);
    }
    let eager =
        |config: &mut Config| config.partition_failover.topology_cache = Some(TopologyCache::Eager);
    let (sim, driver) = slow_metadata(eager);
    sim.execute(&driver, read()).unwrap();
    // The page that says that there is no more is asked for where the first one came from.
    assert_eq!(
        metadata_timeline(&sim, "ranges"),
        "east 0, west 1500, west 1600"
    );
}

#[test]
fn so_many_metadata_requests_race_at_a_time() {
    let other = ContainerRef {
        container: "other".to_owned(),
        ..at()
    };
    for (limit, expected) in [(None, 4), (Some(2), 4), (Some(1), 3), (Some(0), 2)] {
        let (sim, driver) = slow_metadata(|config| config.max_concurrent_metadata_hedges = limit);
        let execute =
            |at| driver.execute(Operation::ReadContainer(at), OperationOptions::default());
        let (one, two) = sim.run(join(execute(at()), execute(other.clone())));
        assert!(one.is_ok() && two.is_ok());
        let seen = sim.seen();
        let containers = seen
            .iter()
            .filter(|seen| seen.what() == "container")
            .count();
        assert_eq!(containers, expected, "{limit:?}");
        // Who has raced makes room.
        if limit == Some(1) {
            sim.execute(&driver, Operation::ReadContainer(at()))
                .unwrap();
            assert_eq!(metadata_timeline(&sim, "container"), "east 0, west 1500");
        }
    }
}
