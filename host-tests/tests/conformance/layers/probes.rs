//! What is seen of an option, in a word.

use std::time::Duration;

use cosmosdb_driver_host::Fault;
use cosmosdb_driver_host::types::{
    AvailabilityStrategy, ExecutionContext, FaultError, FaultOperation, FaultResponse,
    RequestTimeouts, ThroughputControlGroup,
};

use super::{Setup, account::patient};
use crate::face::Face;
use crate::lab::{EAST, own, record, trail, upsert};

/// Longer than any test has patience: a request that nothing but a timeout ends.
pub(super) const FOR_EVER: Duration = Duration::from_secs(3600);

pub(super) async fn answer_to_a_write(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, true).await;
    let answer = stage.execute(upsert()).await.unwrap();
    let body = if answer.body.is_empty() {
        "empty"
    } else {
        "item"
    };
    format!("{}, {body}", stage.header("prefer"))
}

pub(super) async fn header_of_a_read(face: Face, setup: Setup, name: &str) -> String {
    let mut stage = setup.open(face, true).await;
    stage.read().await.unwrap();
    stage.header(name)
}

/// The activity id of a read on the wire and on record, if it is one of these.
pub(super) async fn activity(face: Face, setup: Setup, known: [&str; 2]) -> String {
    let mut stage = setup.open(face, true).await;
    let said = stage.read().await.unwrap().diagnostics.activity_id;
    assert_eq!(said, stage.header("x-ms-activity-id"));
    if known.contains(&said.as_str()) {
        return said;
    }
    "another".to_owned()
}

pub(super) async fn region_of_a_read(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, true).await;
    stage.read().await.unwrap();
    stage.lab.cluster.requests().remove(0).region
}

pub(super) async fn bucket_of_the_group(face: Face, mut setup: Setup) -> String {
    for (name, bucket) in [("one", 1), ("two", 2)] {
        let group = ThroughputControlGroup {
            throughput_bucket: Some(bucket),
            ..ThroughputControlGroup::new(name)
        };
        setup.runtime = setup.runtime.add_throughput_control_group(group);
    }
    header_of_a_read(face, setup, "x-ms-cosmos-throughput-bucket").await
}

/// What ends a read that nobody answers.
pub(super) async fn end_of_patience(face: Face, mut setup: Setup) -> String {
    setup.runtime = setup.runtime.hedging_enabled(false).max_failover_retries(0);
    setup.runtime = setup.runtime.timeouts(RequestTimeouts {
        data_plane_request_ms: Some(1_500),
        ..RequestTimeouts::default()
    });
    let mut stage = setup.open(face, true).await;
    stage.lab.add(Fault::new("slow").delay(FOR_EVER)).await;
    let error = stage.read().await.unwrap_err();
    let error = error.driver().unwrap();
    if (error.status, error.sub_status) != (Some(408), Some(20_008)) {
        return "none".to_owned();
    }
    let (_, after) = error
        .message
        .split_once("timeout of ")
        .expect("the timeout");
    after.split(" has").next().unwrap_or_default().to_owned()
}

pub(super) fn unavailable() -> Fault {
    Fault::new("down").error(FaultError::ServiceUnavailable)
}

pub(super) fn lagging() -> Fault {
    Fault::new("lags").error(FaultError::ReadSessionNotAvailable)
}

/// 429 with a pause of so many milliseconds.
pub(super) fn throttled(pause_ms: u32) -> Fault {
    let answer = FaultResponse::new(429).header("x-ms-retry-after-ms", pause_ms.to_string());
    Fault::new("throttled").response(answer)
}

/// 503 for 5 RU.
pub(super) fn expensive() -> Fault {
    let answer = FaultResponse::new(503).header("x-ms-request-charge", "5");
    Fault::new("expensive").response(answer)
}

/// How often a read is tried that always fails like this.
pub(super) async fn attempts_when(face: Face, setup: Setup, fault: Fault) -> String {
    let mut stage = setup.open(face, true).await;
    stage.lab.add(fault.read_item()).await;
    let failed = stage.read().await;
    assert!(failed.is_err());
    own(record(&failed)).len().to_string()
}

/// Where a read goes after another has failed in the first region.
pub(super) async fn region_after_a_failure(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, true).await;
    let once = unavailable().read_item().region(EAST).hit_limit(1);
    stage.lab.add(once).await;
    let first = stage.read().await;
    assert_eq!(trail(record(&first)), ["eastus", "westus"]);
    let second = stage.read().await;
    trail(record(&second)).join(", ")
}

/// Whether a read after a write has a session token.
pub(super) async fn session_after_a_write(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, false).await;
    let write = stage.execute(upsert()).await.unwrap();
    stage.read().await.unwrap();
    let token = stage.header("x-ms-session-token");
    if write.headers.session_token.as_deref() == Some(token.as_str()) {
        return "the write's".to_owned();
    }
    token
}

/// Whether a slow read goes to another region too, and when.
pub(super) async fn hedge(face: Face, setup: Setup) -> String {
    const SLOW: Duration = Duration::from_millis(1_800);
    let mut stage = setup.open(face, true).await;
    let slow = Fault::new("slow").read_item().region(EAST);
    stage.lab.add(slow.delay(SLOW)).await;
    let record = stage.read().await.unwrap().diagnostics;
    let regions = stage.lab.cluster.requests_in("westus").len();
    assert_eq!(regions, usize::from(record.hedge.is_some()));
    match record.hedge {
        None => "alone".to_owned(),
        Some(hedge) => format!("after {} ms", hedge.threshold_ms),
    }
}

/// The same, with a strategy that hedges soon.
pub(super) async fn hedge_switched(face: Face, mut setup: Setup) -> String {
    let soon = AvailabilityStrategy::Hedging(Some(1));
    setup.runtime = setup.runtime.availability_strategy(soon);
    hedge(face, setup).await
}

/// How often a write is tried whose outcome nobody knows.
pub(super) async fn attempts_of_a_lost_write(face: Face, mut setup: Setup) -> String {
    setup.multi_write = true;
    setup.runtime = setup.runtime.max_failover_retries(1);
    let mut stage = setup.open(face, true).await;
    let lost = Fault::new("lost").error(FaultError::ResponseTimeout);
    stage.lab.add(lost.upsert_item()).await;
    let failed = stage.execute(upsert()).await;
    assert!(
        failed
            .as_ref()
            .is_err_and(cosmosdb_driver_host::Error::may_be_applied)
    );
    own(record(&failed)).len().to_string()
}

pub(super) async fn report(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, true).await;
    let report = stage.read().await.unwrap().diagnostics.report;
    let said = report.map_or("none", |report| {
        assert!(report.json.contains("request_count") && report.regions.len() == 1);
        "there"
    });
    said.to_owned()
}

pub(super) async fn user_agent(face: Face, setup: Setup) -> String {
    header_of_a_read(face, setup, "user-agent").await
}

/// What stands behind the parentheses.
pub(super) async fn end_of_the_user_agent(face: Face, setup: Setup) -> String {
    let agent = user_agent(face, setup).await;
    let (_, end) = agent.split_once(')').expect("parentheses");
    end.trim_start().to_owned()
}

/// Whether a slow container is read in another region too.
pub(super) async fn hedge_of_a_container_read(face: Face, mut setup: Setup) -> String {
    setup.runtime = setup.runtime.timeouts(patient());
    let mut stage = setup.open(face, false).await;
    let slow = Fault::new("slow").operation(FaultOperation::MetadataReadContainer);
    let slow = slow.region(EAST).delay(Duration::from_millis(2_500));
    stage.lab.add(slow).await;
    let record = stage.read().await.unwrap().diagnostics;
    let mut attempts = record.attempts.iter();
    let hedged = attempts.any(|attempt| {
        let second = attempt.execution_context == ExecutionContext::Hedging;
        second && attempt.operation_name == "read_container"
    });
    let said = if hedged { "hedged" } else { "alone" };
    said.to_owned()
}
