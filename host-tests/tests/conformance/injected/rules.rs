//! The life of a rule: added, switched, counted, taken away.

use std::time::Duration;

use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{ErrorKind, FaultError, FaultOperation, OperationOptions};
use cosmosdb_driver_host::{Error, Fault, RuntimeConfig};

use crate::face::Face;
use crate::lab::{EAST, Lab, cluster, host, own, read, trail, upsert};
use crate::scene::config;

on_every_face!(
    rules_are_switched_and_taken_away,
    what_cannot_be_a_rule_is_refused,
    the_first_rule_that_fits_acts,
    rules_meet_metadata_too,
    rules_are_for_what_begins_later,
    a_closed_driver_has_no_rules,
);

/// Reads fail, here.
fn broken(id: &str) -> Fault {
    let fault = Fault::new(id).error(FaultError::ServiceUnavailable);
    fault.read_item().region(EAST)
}

async fn rules_are_switched_and_taken_away(face: Face) {
    let mut lab = Lab::with(face, false, |config| {
        config.endpoint_unavailability_ttl(Duration::ZERO)
    })
    .await;
    lab = lab.warm().await;
    lab.add(broken("rule").disabled()).await;
    for (enabled, requests) in [
        (None, 1),
        (Some(true), 2),
        (Some(false), 1),
        (Some(true), 2),
    ] {
        if let Some(enabled) = enabled {
            assert!(lab.driver.set_fault_enabled("rule", enabled).await.unwrap());
        }
        let record = lab.ok(read()).await.diagnostics;
        assert_eq!(own(&record).len(), requests, "{enabled:?}");
        assert!(record.fault_injection_enabled);
        let expected = if requests == 2 { "applied" } else { "disabled" };
        assert_eq!(own(&record)[0].fault_evaluations[0].outcome, expected);
    }
    assert_eq!(lab.hits("rule").await, Some(2));
    assert!(lab.driver.remove_fault("rule").await.unwrap());
    let record = lab.ok(read()).await.diagnostics;
    assert!(own(&record).len() == 1 && !record.fault_injection_enabled);
    assert!(own(&record)[0].fault_evaluations.is_empty());

    assert_eq!(lab.hits("rule").await, None);
    assert!(!lab.driver.remove_fault("rule").await.unwrap());
    assert!(!lab.driver.set_fault_enabled("rule", true).await.unwrap());
}

async fn what_cannot_be_a_rule_is_refused(face: Face) {
    let mut lab = Lab::new(face).await;
    lab.add(broken("0")).await;
    let twice = lab.driver.add_fault(broken("0")).await.unwrap_err();
    assert_eq!(twice.kind(), Some(ErrorKind::InvalidArgument));
    for id in 1..64 {
        lab.add(broken(&id.to_string())).await;
    }
    let many = lab.driver.add_fault(broken("64")).await.unwrap_err();
    assert_eq!(many.kind(), Some(ErrorKind::InvalidArgument));
    assert!(lab.driver.remove_fault("7").await.unwrap());
    lab.add(broken("64")).await;
}

async fn the_first_rule_that_fits_acts(face: Face) {
    let mut lab = Lab::new(face).await.warm().await;
    let hour = Duration::from_secs(3600);
    lab.add(Fault::new("other").create_item()).await;
    lab.add(broken("far").container("elsewhere")).await;
    lab.add(broken("early").start_after(hour)).await;
    lab.add(broken("late").end_after(Duration::ZERO)).await;
    lab.add(broken("here")).await;
    lab.add(broken("beaten")).await;
    lab.add(broken("never").region("West US").probability(0.0))
        .await;
    let record = lab.ok(read()).await.diagnostics;
    assert_eq!(trail(&record), ["eastus", "westus"]);
    let said = |attempt: usize| -> Vec<(&str, &str)> {
        let said = own(&record)[attempt].fault_evaluations.iter();
        said.map(|said| (said.rule.as_str(), said.outcome.as_str()))
            .collect()
    };
    let passed_over = [
        ("other", "operation_mismatch"),
        ("far", "container_mismatch"),
        ("early", "before_start_time"),
        ("late", "after_end_time"),
    ];
    let rest = [
        ("beaten", "superseded"),
        ("never", "region_mismatch"),
        ("here", "applied"),
    ];
    let mut first = said(0);
    // A rule for another region is passed over for that, whatever else does not fit.
    assert_eq!(first.split_off(4), rest);
    assert_eq!(first, passed_over);
    let second: Vec<_> = said(1).into_iter().skip(4).collect();
    let elsewhere = [
        ("here", "region_mismatch"),
        ("beaten", "region_mismatch"),
        ("never", "probability_miss"),
    ];
    assert_eq!(second, elsewhere);
    for id in ["other", "far", "early", "late", "beaten", "never"] {
        assert_eq!(lab.hits(id).await, Some(0), "{id}");
    }
    assert_eq!(lab.hits("here").await, Some(1));
}

async fn rules_meet_metadata_too(face: Face) {
    for (operation, name) in [
        (FaultOperation::MetadataReadDatabaseAccount, "read_account"),
        (FaultOperation::MetadataReadContainer, "read_container"),
    ] {
        let mut lab = Lab::new(face).await;
        let once = Fault::new("rule").operation(operation).hit_limit(1);
        lab.add(once.error(FaultError::ServiceUnavailable)).await;
        let record = lab.ok(read()).await.diagnostics;
        let failed = record
            .attempts
            .iter()
            .filter(|attempt| attempt.status == Some(503));
        let failed: Vec<_> = failed
            .map(|attempt| attempt.operation_name.as_str())
            .collect();
        assert_eq!((failed, lab.hits("rule").await), (vec![name], Some(1)));
        assert_eq!(lab.cluster.lines().len(), record.attempts.len() - 1);
    }
}

async fn rules_are_for_what_begins_later(face: Face) {
    let mut lab = Lab::new(face).await.warm().await;
    lab.ok(read()).await;
    lab.add(broken("rule")).await;
    assert_eq!(lab.hits("rule").await, Some(0));
    let response = lab.ok(upsert()).await;
    assert_eq!(trail(&response.diagnostics), ["eastus"]);
    assert_eq!(lab.cluster.requests().len(), 2);
}

async fn a_closed_driver_has_no_rules(face: Face) {
    let mut lab = Lab::new(face).await;
    lab.add(broken("rule")).await;
    lab.driver.close().await.unwrap();
    let refused = lab.driver.add_fault(broken("other")).await.unwrap_err();
    assert_eq!(refused.kind(), Some(ErrorKind::Closed));
    assert_eq!(lab.hits("rule").await, None);
    assert!(!lab.driver.set_fault_enabled("rule", true).await.unwrap());
    assert!(!lab.driver.remove_fault("rule").await.unwrap());
}

/// How many attempts a read took.
fn attempts(result: Result<cosmosdb_driver_host::types::Response, Error>) -> usize {
    own(&result.unwrap().diagnostics).len()
}

#[tokio::test]
async fn each_driver_of_a_blocking_instance_has_its_own() {
    let cluster = cluster(false);
    let config = config(&cluster.endpoint());
    let host = host(Face::Blocking, &cluster);
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    let runtime = instance.runtime(&RuntimeConfig::new()).await.unwrap();
    let driver = instance.open_driver(runtime, &config).await.unwrap();
    let none = OperationOptions::default();

    let mut other = instance.on(driver).unwrap();
    other.add_fault(broken("rule")).await.unwrap();
    assert_eq!(attempts(other.execute(&read(), &none).await), 2);
    assert_eq!(other.fault_hits("rule").await.unwrap(), Some(1));
    assert_eq!(attempts(instance.execute(&read(), &none).await), 1);
    assert_eq!(instance.fault_hits("rule").await.unwrap(), None);
    let mut other = instance.on(driver).unwrap();
    assert!(other.set_fault_enabled("rule", false).await.unwrap());
    assert!(other.remove_fault("rule").await.unwrap());
}

#[tokio::test]
async fn each_driver_of_an_async_instance_has_its_own() {
    let cluster = cluster(false);
    let config = config(&cluster.endpoint());
    let host = host(Face::Concurrent, &cluster);
    let instance = AsyncInstance::open(&host, &config).await.unwrap();
    let runtime = instance.runtime(&RuntimeConfig::new()).await.unwrap();
    let other = runtime.open(&config).await.unwrap();
    let none = OperationOptions::default;

    other.add_fault(broken("rule")).await.unwrap();
    assert_eq!(attempts(other.execute(read(), none()).await), 2);
    assert_eq!(other.fault_hits("rule").await.unwrap(), Some(1));
    assert_eq!(attempts(instance.execute(read(), none()).await), 1);
    assert_eq!(instance.fault_hits("rule").await.unwrap(), None);
}
