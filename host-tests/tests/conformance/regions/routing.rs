//! Where requests go when all is well.

use cosmosdb_driver_host::Config;
use cosmosdb_driver_host::types::{PatchOperation, PatchValue};
use host_tests::cluster::{Effect, GLOBAL};
use serde_json::json;

use super::{
    Regions, THREE, TWO, as_is, attempts, create, excluding, fallback, items, multi_write, reads,
    single_write, writes,
};
use crate::account::lean;
use crate::build::{at, json, text};
use crate::face::Face;
use crate::scene::read;

on_every_face!(
    the_first_region_serves_and_the_hub_takes_writes,
    preferred_regions_come_first,
    every_region_takes_writes_where_the_account_says_so,
    excluded_regions_are_not_asked,
    a_lean_driver_asks_where_it_was_told_to,
    a_lean_driver_finds_the_regions_when_it_needs_them,
    a_lean_driver_with_preferred_regions_needs_the_account_first,
    a_lean_driver_finds_the_write_region,
    the_account_is_read_at_a_backup_endpoint,
    a_patch_by_read_modify_write_reads_where_it_writes,
);

const TENTATIVE: &str = "x-ms-cosmos-allow-tentative-writes";

async fn the_first_region_serves_and_the_hub_takes_writes(face: Face) {
    for regions in [TWO, THREE] {
        let mut regions = Regions::cold(face, single_write(regions), as_is).await;
        let response = regions.ok(read()).await;
        assert_eq!(json(&response.body)["id"], json!("1"));
        assert_eq!(
            regions.trace(),
            ["global account", "eastus container", "eastus read"]
        );
        assert_eq!(attempts(&response.diagnostics), ["eastus 200"]);
        assert_eq!(fallback(&response.diagnostics), None);
        let endpoint = &response.diagnostics.attempts.last().unwrap().endpoint;
        assert_eq!(*endpoint, regions.cluster.region("East US").endpoint());
        regions.ok(create("2")).await;
        regions.ok(read()).await;
        assert_eq!(regions.trace(), ["eastus create", "eastus read"]);
    }
}

async fn a_patch_by_read_modify_write_reads_where_it_writes(face: Face) {
    let elsewhere = |c: Config| c.preferred_regions(["West US"]);
    let mut regions = Regions::warm(face, single_write(TWO), elsewhere).await;
    let set = PatchOperation::Set(PatchValue {
        path: "/n".to_owned(),
        value: b"1".to_vec(),
    });
    regions.ok(at(text("a")).modify("1", vec![set])).await;
    assert_eq!(regions.trace(), ["eastus read", "eastus replace"]);
}

async fn preferred_regions_come_first(face: Face) {
    type Change = fn(Config) -> Config;
    let cases: [(Change, &str); 5] = [
        (|c| c.preferred_regions(["West US"]), "westus"),
        (
            |c| c.preferred_regions(["Atlantis", "northeurope", "East US"]),
            "northeurope",
        ),
        (|c| c.preferred_regions(["Atlantis"]), "eastus"),
        (|c| c.application_region("UK South"), "northeurope"),
        (|c| c.application_region("West US 2"), "westus"),
    ];
    for (change, expected) in cases {
        let mut regions = Regions::cold(face, single_write(THREE), change).await;
        regions.ok(read()).await;
        regions.ok(create("2")).await;
        assert_eq!(
            regions.trace(),
            [
                "global account".to_owned(),
                format!("{expected} container"),
                format!("{expected} read"),
                "eastus create".to_owned(),
            ]
        );
    }
}

async fn every_region_takes_writes_where_the_account_says_so(face: Face) {
    for (account, writer, header) in [
        (single_write(THREE), "eastus", None),
        (multi_write(THREE), "westus", Some("true")),
    ] {
        let west = |config: Config| config.preferred_regions(["West US"]);
        let mut regions = Regions::warm(face, account, west).await;
        regions.ok(create("2")).await;
        let seen = regions.cluster.requests();
        assert_eq!(seen[0].header(TENTATIVE), header);
        assert_eq!(regions.trace(), [format!("{writer} create")]);
        regions.ok(read()).await;
        assert_eq!(regions.cluster.requests()[0].header(TENTATIVE), None);
        assert_eq!(regions.trace(), ["westus read"]);
    }
}

async fn excluded_regions_are_not_asked(face: Face) {
    let change = |config: Config| config.excluded_regions(["East US"]);
    let mut regions = Regions::warm(face, multi_write(THREE), change).await;
    let cases: [(Option<&[&str]>, &str); 6] = [
        (None, "westus"),
        (Some(&["eastus", "WEST US"]), "northeurope"),
        (Some(&["West US"]), "eastus"),
        (Some(&["Atlantis"]), "eastus"),
        (Some(&[]), "eastus"),
        // Nobody is left: the hub serves.
        (Some(&["West US", "North Europe", "East US"]), "eastus"),
    ];
    for (number, (excluded, expected)) in cases.into_iter().enumerate() {
        let options = || excluded.map(excluding).unwrap_or_default();
        regions.ok_with(read(), options()).await;
        let write = create(&format!("new {number}"));
        let written = regions.ok_with(write, options()).await;
        let (read, create) = (format!("{expected} read"), format!("{expected} create"));
        assert_eq!(regions.trace(), [read, create], "{excluded:?}");
        let because = (expected != "eastus").then_some("region excluded");
        assert_eq!(fallback(&written.diagnostics), because);
    }
    // Not even when all the others fail.
    regions
        .cluster
        .on("West US", reads().times(1), Effect::refuse(503, 0));
    let other = excluding(&["East US"]);
    let response = regions.ok_with(read(), other).await;
    assert_eq!(
        attempts(&response.diagnostics),
        ["westus 503", "northeurope 200"]
    );
}

async fn a_lean_driver_asks_where_it_was_told_to(face: Face) {
    let mut regions = Regions::cold(face, single_write(TWO), lean).await;
    let response = regions.ok(read()).await;
    regions.ok(create("2")).await;
    assert_eq!(regions.trace(), ["global read", "global create"]);
    assert_eq!(attempts(&response.diagnostics), ["unknown 200"]);
}

async fn a_lean_driver_finds_the_regions_when_it_needs_them(face: Face) {
    let mut regions = Regions::cold(face, single_write(THREE), lean).await;
    let refusals = regions
        .cluster
        .on(GLOBAL, items().times(1), Effect::refuse(503, 0));
    let response = regions.ok(read()).await;
    // The endpoint that failed stands for the hub, which is not asked next.
    assert_eq!(
        regions.trace(),
        ["global read", "global account", "westus read"]
    );
    assert_eq!(refusals.hits(), 1);
    assert_eq!(
        attempts(&response.diagnostics),
        ["unknown 503", "westus 200"]
    );
    // From now on it knows them.
    regions.ok(read()).await;
    regions.ok(create("2")).await;
    assert_eq!(regions.trace(), ["eastus read", "eastus create"]);
}

async fn a_lean_driver_with_preferred_regions_needs_the_account_first(face: Face) {
    let change = |config: Config| lean(config).preferred_regions(["West US"]);
    let mut regions = Regions::cold(face, single_write(TWO), change).await;
    regions.ok(read()).await;
    regions.ok(create("2")).await;
    regions.ok(read()).await;
    assert_eq!(
        regions.trace(),
        [
            "global account",
            "westus read",
            "eastus create",
            "westus read"
        ]
    );
}

async fn a_lean_driver_finds_the_write_region(face: Face) {
    let mut regions = Regions::cold(face, single_write(TWO), lean).await;
    regions.cluster.set_writable(&["West US"]);
    regions.cluster.on(GLOBAL, writes(), Effect::refuse(403, 3));
    let created = regions.ok(create("2")).await;
    assert_eq!(
        regions.trace(),
        ["global create", "global account", "westus create"]
    );
    assert_eq!(
        attempts(&created.diagnostics),
        ["unknown 403/3", "westus 201"]
    );
    assert!(!created.diagnostics.attempted_more_than_once);
}

async fn the_account_is_read_at_a_backup_endpoint(face: Face) {
    let mut regions = Regions::cold(face, single_write(TWO), as_is).await;
    regions.cluster.offline(GLOBAL);
    let backup = regions.cluster.region("West US").endpoint();
    regions.driver = regions
        .another(|config| config.backup_endpoint(backup))
        .await;
    let response = regions.ok(read()).await;
    assert_eq!(
        regions.trace(),
        ["westus account", "eastus container", "eastus read"]
    );
    let names = response.diagnostics.attempts.iter();
    let names: Vec<&str> = names.map(|one| one.operation_name.as_str()).collect();
    assert_eq!(
        names,
        [
            "read_account",
            "read_account",
            "read_account",
            "read_container",
            "read_item"
        ],
        "twice at the endpoint that is gone"
    );
}
