//! Which region an operation goes to, when the regions change and when they fail (spec driver-core §3.4 to §3.9).

use crate::core::clock::SECOND;
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::FailureCause;
use crate::core::{Operation, OperationOptions};
use crate::engine::testing::{Reply, Seen, Sim, account, at, create, metadata, read, warm};
use crate::engine::{Driver, World as _};

/// From now on the account has these regions; items are answered by `items`.
fn change_account(
    sim: &Sim,
    regions: &[&str],
    multi_write: bool,
    items: impl Fn(&Seen) -> Reply + 'static,
) {
    let document = account(regions, multi_write, "");
    sim.script(move |seen| metadata(seen, &document).unwrap_or_else(|| items(seen)));
}

fn excluding(regions: &[&str]) -> OperationOptions {
    let names = regions.iter().map(|name| (*name).to_owned()).collect();
    OperationOptions {
        excluded_regions: Some(names),
        ..OperationOptions::default()
    }
}

/// The region that answers an operation with these options.
fn region_of(
    sim: &Sim,
    driver: &Driver<Sim>,
    operation: Operation,
    options: OperationOptions,
) -> String {
    sim.seen();
    sim.run(driver.execute(operation, options)).unwrap();
    sim.seen().pop().unwrap().region
}

#[test]
fn the_write_region_moves() {
    let (sim, driver) = warm(false, |_| {});
    let only = |region: &'static str| {
        move |seen: &Seen| match (seen.method.as_str(), seen.region == region) {
            ("GET", _) | (_, true) => Reply::status(201, 0),
            _ => Reply::status(403, 3),
        }
    };
    change_account(&sim, &["west", "east", "north"], false, only("west"));
    let start = sim.now();
    sim.execute(&driver, create()).unwrap();
    assert_eq!(sim.trace(start), ["east 0", "account global 1", "west 2"]);
    sim.execute(&driver, create()).unwrap();
    sim.execute(&driver, Operation::DeleteContainer(at()))
        .unwrap();
    let regions: Vec<_> = sim.seen().into_iter().map(|seen| seen.region).collect();
    assert_eq!(regions, ["west", "west"]);
    // And back again, although the mark on east is still fresh.
    sim.pass(6 * SECOND);
    change_account(&sim, &["east", "west", "north"], false, only("east"));
    sim.execute(&driver, read()).unwrap();
    let start = sim.now();
    sim.seen();
    sim.execute(&driver, create()).unwrap();
    assert_eq!(sim.trace(start), ["west 0", "account global 1", "east 2"]);
}

#[test]
fn as_long_as_the_account_says_nothing_new_the_hub_is_asked_again() {
    let (sim, driver) = warm(false, |_| {});
    sim.items_say_in_turn(
        false,
        vec![
            Reply::status(403, 3),
            Reply::status(403, 3),
            Reply::status(201, 0),
        ],
    );
    sim.execute(&driver, create()).unwrap();
    let seen = sim.seen();
    let told: Vec<_> = seen
        .iter()
        .map(|seen| (seen.what(), seen.region.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("item", "east"),
            ("account", "global"),
            ("item", "east"),
            ("item", "east")
        ]
    );
}

#[test]
fn a_region_that_was_removed_is_not_used_any_more() {
    let (sim, driver) = warm(false, |config| {
        config.preferred_regions = vec!["West".to_owned()]
    });
    change_account(&sim, &["east", "north"], false, |seen| {
        Reply::status(
            if seen.region == "west" { 403 } else { 200 },
            if seen.region == "west" { 1008 } else { 0 },
        )
    });
    let start = sim.now();
    sim.execute(&driver, read()).unwrap();
    assert_eq!(sim.trace(start), ["west 0", "account global 1", "east 2"]);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(sim.items(), ["east"]);
}

#[test]
fn a_mark_expires_and_a_success_clears_it() {
    for (ttl, seconds) in [(None, 60), (Some(10_000), 10)] {
        let (sim, driver) = warm(false, |config| {
            config.defaults.endpoint_unavailability_ttl_ms = ttl
        });
        let down = |seen: &Seen| Reply::status(if seen.region == "east" { 503 } else { 200 }, 0);
        let reads = |expected: &[&str]| {
            sim.execute(&driver, read()).unwrap();
            assert_eq!(sim.items(), expected);
        };
        sim.items_say(false, down);
        reads(&["east", "west"]);
        sim.pass((seconds - 1) * SECOND);
        reads(&["west"]);
        sim.pass(SECOND);
        // The next one finds out, and the mark is as good as new.
        reads(&["east", "west"]);
        reads(&["west"]);
        sim.pass((seconds + 1) * SECOND);
        sim.items_say(false, |_| Reply::status(200, 0));
        reads(&["east"]);
        reads(&["east"]);
    }
}

#[test]
fn a_success_of_an_operation_that_minds_no_mark_clears_it() {
    let (sim, driver) = warm(false, |_| {});
    sim.items_say_in_turn(false, vec![Reply::status(503, 0), Reply::status(200, 0)]);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(sim.items(), ["east", "west"]);
    // Nobody else is left to ask.
    assert_eq!(
        region_of(&sim, &driver, read(), excluding(&["west", "north"])),
        "east"
    );
    assert_eq!(
        region_of(&sim, &driver, read(), OperationOptions::default()),
        "east"
    );
}

#[test]
fn connections_that_cannot_be_made_mark_the_region_for_writes_too() {
    let (sim, driver) = warm(true, |_| {});
    sim.items_say(true, |seen| match seen.region.as_str() {
        "east" => Reply::failure(RequestSent::NotSent, FailureCause::Connect),
        _ => Reply::status(201, 0),
    });
    sim.execute(&driver, read()).unwrap();
    sim.execute(&driver, create()).unwrap();
    assert_eq!(sim.items(), ["east", "east", "west", "west"]);
}

#[test]
fn one_write_region_becomes_many_and_many_become_one() {
    let header = "x-ms-cosmos-allow-tentative-writes";
    let (sim, driver) = warm(false, |config| {
        config.preferred_regions = vec!["West".to_owned()]
    });
    let writes = |multi_write: bool| {
        change_account(&sim, &["east", "west", "north"], multi_write, |_| {
            Reply::status(201, 0)
        });
        sim.pass(301 * SECOND);
        sim.execute(&driver, read()).unwrap();
        sim.seen();
        sim.execute(&driver, create()).unwrap();
        sim.execute(
            &driver,
            Operation::DeleteDatabase {
                id: "other".to_owned(),
            },
        )
        .unwrap();
        sim.execute(&driver, read()).unwrap();
        let seen = sim.seen();
        seen.iter()
            .map(|seen| (seen.region.clone(), seen.header(header).map(str::to_owned)))
            .collect::<Vec<_>>()
    };
    let said = |list: [(&str, Option<&str>); 3]| {
        list.map(|(region, header)| (region.to_owned(), header.map(str::to_owned)))
            .to_vec()
    };
    assert_eq!(
        writes(false),
        said([("east", None), ("east", None), ("west", None)])
    );
    // The hub is first in what it does itself.
    assert_eq!(
        writes(true),
        said([
            ("west", Some("true")),
            ("east", Some("true")),
            ("west", None)
        ])
    );
    assert_eq!(
        writes(false),
        said([("east", None), ("east", None), ("west", None)])
    );
}

#[test]
fn a_list_that_has_changed_is_walked_from_its_beginning() {
    let (sim, driver) = warm(true, |_| {});
    // The third attempt would go to the third place, which is east in the new list.
    change_account(&sim, &["north", "west", "east"], true, |seen| {
        match seen.region.as_str() {
            "east" => Reply::status(503, 0),
            "west" => Reply::status(403, 3),
            _ => Reply::status(201, 0),
        }
    });
    let start = sim.now();
    sim.execute(&driver, create()).unwrap();
    assert_eq!(
        sim.trace(start),
        ["east 0", "west 1", "account global 2", "north 3"]
    );
}

#[test]
fn preferred_regions_and_the_nearest_ones() {
    let names = ["westus", "eastus", "northeurope", "westeurope"];
    for (preferred, application, expected) in [
        (&[][..], None, "westus"),
        (&["North Europe"], None, "northeurope"),
        (&["Atlantis", "East US"], None, "eastus"),
        (&[], Some("France Central"), "westeurope"),
        (&[], Some("East US 2"), "eastus"),
        (&[], Some("Atlantis"), "westus"),
    ] {
        let document = account(&names, false, "");
        let sim = Sim::new(move |seen| {
            metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0))
        });
        let driver = sim.open(|config| {
            config.preferred_regions = preferred.iter().map(|name| (*name).to_owned()).collect();
            config.application_region = application.map(str::to_owned);
        });
        assert_eq!(
            region_of(&sim, &driver, read(), OperationOptions::default()),
            expected
        );
        assert_eq!(
            region_of(&sim, &driver, create(), OperationOptions::default()),
            "westus"
        );
    }
}

#[test]
fn the_innermost_layer_says_which_regions_to_avoid() {
    let (sim, driver) = warm(true, |config| config.defaults = excluding(&["East"]));
    for (options, expected) in [
        (OperationOptions::default(), "west"),
        (excluding(&["west"]), "east"),
        (excluding(&["WEST", "east"]), "north"),
        (excluding(&[]), "east"),
        (excluding(&["atlantis"]), "east"),
        // There is nowhere else to go.
        (excluding(&["north", "west", "east"]), "east"),
    ] {
        assert_eq!(
            region_of(&sim, &driver, read(), options.clone()),
            expected,
            "{options:?}"
        );
        assert_eq!(region_of(&sim, &driver, create(), options), expected);
    }
}

#[test]
fn failovers_and_metadata_avoid_them_too() {
    let document = account(&["east", "west", "north"], false, "");
    let sim = Sim::new(move |seen| match metadata(seen, &document) {
        Some(reply) => reply,
        None => Reply::status(if seen.region == "west" { 503 } else { 200 }, 0),
    });
    let driver = sim.open(|config| {
        config.preferred_regions = vec!["West".to_owned()];
        config.defaults.hedging_enabled = Some(false);
    });
    let start = sim.now();
    sim.run(driver.execute(read(), excluding(&["east"])))
        .unwrap();
    let expected = ["account global 0", "container west 1", "west 2", "north 3"];
    assert_eq!(sim.trace(start), expected);
    let other = sim.open(|_| {});
    let start = sim.now();
    sim.run(other.execute(read(), excluding(&["east", "west"])))
        .unwrap();
    let expected = ["account global 0", "container north 1", "north 2"];
    assert_eq!(sim.trace(start), expected);
}
