//! Injected faults: what every error does to an operation, and where the operation ends (spec driver-core §10, §14.3).

use crate::core::clock::MILLI;
use crate::core::config::TopologyCache;
use crate::core::diagnostics::{Diagnostics, RequestSent, Verbosity};
use crate::core::faults::{
    CustomResponse, FaultCondition, FaultError, FaultOperation, FaultResult, FaultRule,
};
use crate::core::{Error, Operation, Response, Result};
use crate::engine::testing::{Reply, Sim, account, create, increment, metadata, read};
use crate::engine::{Driver, World};

/// An account with the hub east and the satellite west, where all is well.
pub(super) fn open(multi_write: bool) -> (Sim, Driver<Sim>) {
    let document = account(&["east", "west"], multi_write, "");
    let sim =
        Sim::new(move |seen| metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0)));
    let driver = sim.open(|_| {});
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    (sim, driver)
}

pub(super) fn error(error: FaultError) -> FaultResult {
    FaultResult {
        error: Some(error),
        ..FaultResult::default()
    }
}

pub(super) fn rule(result: FaultResult) -> FaultRule {
    FaultRule::new("rule", result)
}

pub(super) fn in_region(region: &str, result: FaultResult) -> FaultRule {
    let condition = FaultCondition {
        region: Some(region.to_owned()),
        ..FaultCondition::default()
    };
    FaultRule {
        condition,
        ..rule(result)
    }
}

pub(super) fn times(limit: u32, rule: FaultRule) -> FaultRule {
    FaultRule {
        hit_limit: Some(limit),
        ..rule
    }
}

pub(super) fn of(operation: FaultOperation, rule: FaultRule) -> FaultRule {
    let condition = FaultCondition {
        operation: Some(operation),
        ..rule.condition
    };
    FaultRule { condition, ..rule }
}

pub(super) fn add(driver: &Driver<Sim>, rule: FaultRule) {
    driver
        .faults(|faults, _| faults.add(rule))
        .unwrap()
        .unwrap();
}

pub(super) fn hits(driver: &Driver<Sim>) -> u32 {
    driver
        .faults(|faults, _| faults.hits("rule"))
        .unwrap()
        .unwrap()
}

pub(super) fn record(result: &Result<Response>) -> &Diagnostics {
    match result {
        Ok(response) => &response.diagnostics,
        Err(error) => error.diagnostics.as_ref().unwrap(),
    }
}

fn status(error: &Error) -> (u16, u32) {
    (error.status.unwrap_or(0), error.sub_status.unwrap_or(0))
}

/// Every error: what the record says of an attempt, and where the attempts of a read go, of a write, and of a write that
/// must not be carried out twice. All attempts fail.
type Row = (
    FaultError,
    Option<(u16, u32)>,
    RequestSent,
    [&'static str; 3],
);

#[rustfmt::skip]
const ROWS: [Row; 10] = [
    (FaultError::InternalServerError, Some((500, 0)), RequestSent::Sent, ["ewew", "eeee", "e"]),
    (FaultError::TooManyRequests, Some((429, 0)), RequestSent::Sent, ["eeeeeeeeee"; 3]),
    (FaultError::ReadSessionNotAvailable, Some((404, 1002)), RequestSent::Sent, ["eee"; 3]),
    (FaultError::Timeout, Some((408, 0)), RequestSent::Sent, ["ewew", "eeee", "e"]),
    (FaultError::ServiceUnavailable, Some((503, 0)), RequestSent::Sent, ["ewew", "eeee", "eeee"]),
    (FaultError::PartitionIsGone, Some((410, 1002)), RequestSent::Sent, ["ee"; 3]),
    (FaultError::WriteForbidden, Some((403, 3)), RequestSent::Sent, ["e", "eeeee", "eeeee"]),
    (FaultError::DatabaseAccountNotFound, Some((403, 1008)), RequestSent::Sent, ["ewewe", "eeeee", "eeeee"]),
    (FaultError::ConnectionError, None, RequestSent::NotSent, ["eewweeww", "eeeeeeee", "eeeeeeee"]),
    (FaultError::ResponseTimeout, None, RequestSent::Unknown, ["ewew", "eeee", "e"]),
];

#[test]
fn every_error_does_what_its_row_says() {
    let operations: [(fn() -> Operation, FaultOperation); 3] = [
        (read, FaultOperation::ReadItem),
        (create, FaultOperation::CreateItem),
        (increment, FaultOperation::PatchItem),
    ];
    for (fault, answer, sent, trails) in ROWS {
        for ((operation, name), expected) in operations.iter().zip(trails) {
            let (sim, driver) = open(false);
            add(&driver, of(*name, rule(error(fault))));
            let error = sim.execute(&driver, operation()).unwrap_err();
            let record = error.diagnostics.unwrap();
            let attempts = record.attempts.iter();
            let own = attempts.filter(|attempt| attempt.operation_name == record.operation_name);
            let mut trail = String::new();
            for attempt in own {
                trail.push_str(&attempt.region.as_deref().unwrap()[..1]);
                let sub_status = attempt.sub_status.unwrap_or(0);
                let said = attempt.status.map(|status| (status, sub_status));
                assert_eq!((said, attempt.request_sent), (answer, sent), "{fault:?}");
                assert_eq!(attempt.fault_evaluations()[0].outcome, "applied");
            }
            assert_eq!(trail, expected, "{fault:?} {name:?}");
            assert_eq!(hits(&driver), u32::try_from(expected.len()).unwrap());
        }
    }
}

#[test]
fn retry_with_stays_where_it_is_for_half_a_minute() {
    let (sim, driver) = open(true);
    add(
        &driver,
        of(
            FaultOperation::CreateItem,
            rule(error(FaultError::RetryWith)),
        ),
    );
    let begun = sim.now();
    let failed = sim.execute(&driver, create()).unwrap_err();
    assert_eq!(status(&failed), (449, 0));
    assert!((29_000 * MILLI..=30_100 * MILLI).contains(&(sim.now() - begun)));
    assert!((33..=37).contains(&hits(&driver)));
}

#[test]
fn metadata_can_be_hit() {
    for (operation, name) in [
        (FaultOperation::MetadataReadDatabaseAccount, "read_account"),
        (FaultOperation::MetadataReadContainer, "read_container"),
        (
            FaultOperation::MetadataPartitionKeyRanges,
            "read_partition_key_ranges",
        ),
    ] {
        let document = account(&["east", "west"], false, "");
        let sim = Sim::new(move |seen| {
            metadata(seen, &document).unwrap_or_else(|| Reply::status(200, 0))
        });
        let driver = sim
            .open(|config| config.partition_failover.topology_cache = Some(TopologyCache::Eager));
        add(
            &driver,
            times(
                1,
                of(operation, rule(error(FaultError::ServiceUnavailable))),
            ),
        );
        let response = sim.execute(&driver, read()).unwrap();
        let attempts = response.diagnostics.attempts.iter();
        let hit: Vec<_> = attempts
            .filter(|attempt| attempt.status == Some(503))
            .map(|attempt| attempt.operation_name)
            .collect();
        assert_eq!(hit, [name]);
    }
}

#[test]
fn a_response_of_ones_own() {
    let (sim, driver) = open(false);
    let custom = CustomResponse {
        status: 409,
        sub_status: 7,
        headers: vec![("x-ms-request-charge".to_owned(), b"2.5".to_vec())],
        body: b"{}".to_vec(),
    };
    let result = FaultResult {
        custom_response: Some(custom),
        ..error(FaultError::Timeout)
    };
    add(&driver, rule(result));
    let failed = sim.execute(&driver, create()).unwrap_err();
    assert_eq!(status(&failed), (409, 7));
    assert_eq!(failed.diagnostics.unwrap().request_charge, 2.5);
}

#[test]
fn without_rules_nothing_is_on_record() {
    let (sim, driver) = open(true);
    let record = || sim.execute(&driver, read()).unwrap().diagnostics;
    let quiet = record();
    assert!(!quiet.fault_injection_enabled && quiet.attempts[0].fault_evaluations().is_empty());
    assert!(!quiet.json(Verbosity::Detailed, 8192).contains("fault"));
    add(&driver, rule(FaultResult::default()));
    assert!(record().fault_injection_enabled);
    driver.faults(|faults, _| faults.clear()).unwrap();
    assert_eq!(record().json(Verbosity::Detailed, 8192).find("fault"), None);
}

#[test]
fn what_rules_said_is_on_record() {
    let (sim, driver) = open(true);
    let named = |id: &str| FaultRule::new(id, FaultResult::default());
    let off = FaultRule {
        enabled: false,
        ..named("off")
    };
    let old = FaultRule {
        end: Some(sim.now()),
        ..named("old")
    };
    let east = in_region("east", error(FaultError::ServiceUnavailable));
    for rule in [off, east, named("all"), old] {
        add(&driver, rule);
    }
    let record = sim.execute(&driver, read()).unwrap().diagnostics;
    let outcomes = |at: usize| {
        let evaluations = record.attempts[at].fault_evaluations().iter();
        let said = evaluations.map(|said| format!("{} {}", said.rule, said.outcome));
        said.collect::<Vec<_>>().join(", ")
    };
    let (first, second) = (outcomes(0), outcomes(1));
    assert_eq!(
        first,
        "off disabled, all superseded, old after_end_time, rule applied"
    );
    assert_eq!(
        second,
        "off disabled, rule region_mismatch, old after_end_time, all applied"
    );
    let json = record.json(Verbosity::Detailed, 8192);
    assert!(json.contains(r#"{"rule":"all","outcome":"superseded"}"#));
}
