//! Operations that are tried thousands of times: their records stay small and their totals exact.

use cosmosdb_driver_host::types::{
    Compaction, Diagnostics, DiagnosticsConfig, FaultError, FaultResponse, OperationOptions,
};
use cosmosdb_driver_host::{Config, Fault, Options, RuntimeConfig};

use crate::face::Face;
use crate::lab::{EAST, Lab, WEST, cluster, options, read, record};
use crate::scene::config;

on_every_face!(
    a_storm_of_throttles,
    a_storm_of_many_kinds,
    a_storm_across_regions,
);

/// So many requests.
const STORM: u32 = 5_000;

/// Of each, 0.25 RU.
const CHARGE: &str = "0.25";

/// Room for an instance, but not for the records of a storm.
const TIGHT: usize = 4 << 20;

/// An account behind a driver that does not give up, where so many requests of an operation are recorded.
async fn lab(face: Face, records: u32) -> Lab {
    let diagnostics = DiagnosticsConfig {
        max_request_diagnostics: Some(records),
        ..DiagnosticsConfig::default()
    };
    let options_of_operations = OperationOptions {
        max_throttle_retries: Some(STORM - 1),
        max_failover_retries: Some(STORM - 1),
        diagnostics_report: Some(true),
        ..OperationOptions::default()
    };
    let stubborn = |config: Config| {
        let runtime = RuntimeConfig::new().diagnostics(diagnostics);
        config.options(options_of_operations).runtime(runtime)
    };
    let cluster = cluster(false);
    let options = Options {
        max_memory: TIGHT,
        ..options(&cluster)
    };
    let config = stubborn(config(&cluster.endpoint()));
    let driver = face.open(options, &config).await.expect("a driver");
    Lab { cluster, driver }.warm().await
}

/// 429, again at once.
fn throttled(id: &str) -> Fault {
    let answer = FaultResponse::new(429).header("x-ms-retry-after-ms", "0");
    let answer = answer.header("x-ms-request-charge", CHARGE);
    Fault::new(id).read_item().response(answer)
}

/// A read that fails all the time: its record, which has at most so many requests one by one.
async fn storm(lab: &mut Lab, records: u32) -> Diagnostics {
    let failed = lab.execute(read()).await;
    let record = record(&failed).clone();
    assert!(failed.is_err());
    assert!(record.attempts.len() <= records as usize);
    assert_eq!(
        record.attempts.len() + record.omitted_attempts as usize,
        record.request_count as usize
    );
    let compaction = record.compaction.as_ref().expect("some were left out");
    let counted = counted(compaction) + compaction.omitted_requests;
    assert_eq!(counted, record.omitted_attempts);
    let report = record.report.as_ref().expect("a report");
    assert!(report.json.len() <= 8_192, "{} bytes", report.json.len());
    assert!(serde_json::from_str::<serde_json::Value>(&report.json).is_ok());
    let by_region = report.regions.iter().map(|region| region.request_count);
    assert_eq!(
        by_region.sum::<u32>() + compaction.omitted_requests,
        record.request_count
    );
    record
}

fn counted(compaction: &Compaction) -> u32 {
    compaction.runs.iter().map(|run| run.count).sum()
}

async fn a_storm_of_throttles(face: Face) {
    for records in [16, 64] {
        let mut lab = lab(face, records).await;
        lab.add(throttled("storm")).await;
        for storms in 1..=2 {
            let record = storm(&mut lab, records).await;
            assert_eq!(record.request_count, STORM);
            assert_eq!(record.request_charge, f64::from(STORM) * 0.25);
            assert_eq!(lab.hits("storm").await, Some(storms * STORM));
            let last = record.attempts.last().unwrap();
            assert_eq!(last.status, Some(429), "the last one is on record");
        }
        assert!(lab.cluster.requests().is_empty(), "nothing was sent");
        assert!(lab.driver.remove_fault("storm").await.unwrap());
        let calm = lab.ok(read()).await.diagnostics;
        assert_eq!((calm.request_count, calm.omitted_attempts), (1, 0));
    }
}

/// As many rules as a driver takes, one after the other.
async fn a_storm_of_many_kinds(face: Face) {
    const KINDS: u32 = 64;
    let mut lab = lab(face, 64).await;
    let hits = STORM.div_ceil(KINDS);
    for kind in 1..=KINDS {
        let rule = throttled(&kind.to_string()).hit_limit(hits);
        let answer = FaultResponse::new(429).sub_status(kind);
        let answer = answer.header("x-ms-retry-after-ms", "0");
        lab.add(rule.response(answer.header("x-ms-request-charge", CHARGE)))
            .await;
    }
    let record = storm(&mut lab, 64).await;
    assert_eq!(record.request_count, STORM);
    assert_eq!(record.request_charge, f64::from(STORM) * 0.25);
    let kinds = [1, KINDS].map(Some);
    let ends = [&record.attempts[0], record.attempts.last().unwrap()];
    assert_eq!(ends.map(|attempt| attempt.sub_status), kinds);
    let compaction = record.compaction.unwrap();
    assert!(compaction.runs.len() <= 32);
}

/// No two requests in a row are alike.
async fn a_storm_across_regions(face: Face) {
    let mut lab = lab(face, 64).await;
    let down = |id: &str, error| Fault::new(id).read_item().region(id).error(error);
    lab.add(down(EAST, FaultError::ServiceUnavailable)).await;
    lab.add(down(WEST, FaultError::InternalServerError)).await;
    let record = storm(&mut lab, 64).await;
    // Besides, the metadata that the driver wants to know when partitions fail.
    let reads = STORM + u32::try_from(lab.cluster.requests().len()).unwrap();
    assert_eq!(record.request_count, reads);
    let hits = [lab.hits(EAST).await, lab.hits(WEST).await];
    assert_eq!(hits, [Some(STORM / 2); 2]);
}
