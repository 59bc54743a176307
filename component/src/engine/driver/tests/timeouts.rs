//! How long attempts may take (spec driver-core §5).

use crate::core::clock::{MILLI, Nanos, SECOND};
use crate::core::runtime::{RuntimeConfig, TimeoutsConfig};
use crate::core::{ErrorKind, Operation, OperationOptions, Outcome};
use crate::engine::World as _;
use crate::engine::testing::{
    CONTAINER, Reply, Seen, Sim, account, at, create, metadata, read, warm, warm_with,
};

/// The timeouts that the heads carried, in milliseconds: to connect, and until the first byte.
fn timeouts(seen: &[Seen]) -> Vec<(Nanos, Nanos)> {
    let of = |seen: &Seen| {
        (
            seen.connect_timeout / MILLI,
            seen.first_byte_timeout / MILLI,
        )
    };
    seen.iter().map(of).collect()
}

#[test]
fn a_read_has_six_seconds_and_goes_to_the_next_region_then() {
    let (sim, driver) = warm(false, |_| {});
    // The answer has begun, perhaps, but does not end: it is cut just the same.
    for late in [
        Reply::silence(),
        Reply::status(200, 0).after(6 * SECOND + 1),
    ] {
        let west = Reply::status(200, 0);
        sim.items_say(false, move |seen| {
            if seen.region == "east" {
                late.clone()
            } else {
                west.clone()
            }
        });
        let start = sim.now();
        let response = sim.execute(&driver, read()).unwrap();
        let seen = sim.seen();
        assert_eq!(timeouts(&seen), [(5_000, 6_000); 2]);
        assert_eq!(seen[1].at - start, 6 * SECOND);
        assert_eq!(seen[1].region, "west");
        let cut = &response.diagnostics.attempts[0];
        assert!(cut.timed_out && (cut.status, cut.sub_status) == (Some(408), Some(20_008)));
        assert_eq!(cut.duration_ms, 6_000.0);
    }
    // What is just in time is taken.
    sim.items_say(false, |_| Reply::status(200, 0).after(6 * SECOND - 1));
    assert_eq!(
        sim.execute(&driver, read())
            .unwrap()
            .diagnostics
            .request_count,
        1
    );
}

#[test]
fn a_write_has_65_seconds_and_six_if_there_is_a_deadline() {
    let (sim, driver) = warm(true, |_| {});
    let slow = |seen: &Seen| match seen.region.as_str() {
        "east" => Reply::silence(),
        _ => Reply::status(201, 0),
    };
    sim.items_say(true, slow);
    let start = sim.now();
    sim.execute(&driver, create()).unwrap();
    let seen = sim.seen();
    assert_eq!(timeouts(&seen), [(5_000, 65_000); 2]);
    assert_eq!(
        (seen[1].at - start, seen[1].region.as_str()),
        (65 * SECOND, "west")
    );

    let options = OperationOptions {
        end_to_end_timeout_ms: Some(8_000),
        ..OperationOptions::default()
    };
    let start = sim.now();
    sim.run(driver.execute(create(), options)).unwrap();
    let seen = sim.seen();
    // The second one has what is left.
    assert_eq!(timeouts(&seen), [(5_000, 6_000), (2_000, 2_000)]);
    assert_eq!(seen[1].at - start, 6 * SECOND);
}

#[test]
fn metadata_climbs_a_ladder() {
    let (sim, driver) = warm(false, |_| {});
    sim.script(|_| Reply::silence());
    let start = sim.now();
    let error = sim
        .execute(&driver, Operation::ReadContainer(at()))
        .unwrap_err();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Timeout, Outcome::NotApplied)
    );
    let seen = sim.seen();
    assert_eq!(
        timeouts(&seen),
        [
            (1_000, 1_000),
            (5_000, 5_000),
            (5_000, 65_000),
            (5_000, 65_000)
        ]
    );
    let starts: Vec<_> = seen
        .iter()
        .map(|seen| (seen.region.as_str(), (seen.at - start) / SECOND))
        .collect();
    // A pause of a second before the third.
    assert_eq!(
        starts,
        [("east", 0), ("west", 1), ("north", 7), ("east", 72)]
    );

    let delete = Operation::DeleteContainer(at());
    sim.script(|_| Reply::status(204, 0));
    sim.execute(&driver, delete).unwrap();
    assert_eq!(timeouts(&sim.seen()), [(5_000, 65_000)]);
}

#[test]
fn a_container_that_an_item_needs_climbs_it_too() {
    let sim = Sim::new(|_| Reply::silence());
    let document = account(&["east", "west"], false, "");
    sim.script(move |seen| match (seen.what(), seen.region.as_str()) {
        ("container", "west") => Reply::json(CONTAINER),
        ("container", _) => Reply::silence(),
        _ => metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0)),
    });
    let driver = sim.open(|config| config.defaults.hedging_enabled = Some(false));
    let start = sim.now();
    sim.execute(&driver, read()).unwrap();
    let expected = [
        "account global 0",
        "container east 1",
        "container west 1001",
        "east 1002",
    ];
    assert_eq!(sim.trace(start), expected);
}

#[test]
fn the_account_has_a_ladder_of_its_own_over_its_sources() {
    let sim = Sim::new(|_| Reply::silence());
    let driver = sim.open(|config| {
        config.backup_endpoints = ["b", "c"]
            .map(|name| format!("https://a-{name}.example.com"))
            .to_vec();
    });
    let start = sim.now();
    assert_eq!(
        sim.execute(&driver, read()).unwrap_err().kind,
        ErrorKind::Timeout
    );
    assert_eq!((sim.now() - start) / SECOND, 36);
    let seen = sim.seen();
    assert_eq!(
        timeouts(&seen),
        [(5_000, 5_000), (5_000, 10_000), (5_000, 20_000)]
    );
    let starts: Vec<_> = seen
        .iter()
        .map(|seen| (seen.region.as_str(), (seen.at - start) / SECOND))
        .collect();
    assert_eq!(starts, [("global", 0), ("b", 5), ("c", 16)]);

    let driver = sim.open(|_| {});
    assert_eq!(
        sim.execute(&driver, read()).unwrap_err().kind,
        ErrorKind::Timeout
    );
    assert_eq!(
        timeouts(&sim.seen()),
        [(5_000, 5_000), (5_000, 10_000), (5_000, 20_000)]
    );
}

#[test]
fn the_runtime_can_set_them_all() {
    let timeouts_config = TimeoutsConfig {
        connect_ms: Some(400),
        data_plane_request_ms: Some(1_500),
        metadata_request_ms: Some(700),
    };
    let runtime = RuntimeConfig {
        timeouts: timeouts_config,
        ..RuntimeConfig::default()
    };
    let (sim, driver) = warm_with(runtime, true, |_| {});
    sim.script(|_| Reply::silence());
    for (operation, timeout) in [
        (read(), 1_500),
        (create(), 1_500),
        (Operation::ReadContainer(at()), 700),
    ] {
        let start = sim.now();
        sim.execute(&driver, operation).unwrap_err();
        let seen = sim.seen();
        assert_eq!(timeouts(&seen), [(400, timeout); 4]);
        assert_eq!(seen[1].at - start, timeout * MILLI);
    }
}
