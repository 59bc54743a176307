//! Options of a call.

use crate::core::OperationOptions;
use crate::core::consistency::ReadConsistency;
use crate::core::options::AvailabilityStrategy;
use crate::core::throughput::PriorityLevel;

enumerations! {
    ReadConsistency { Default, Eventual, Session, LatestCommitted, GlobalStrong }
    PriorityLevel { High, Low }
}

variant!(AvailabilityStrategy {
    0 => (): () => Self::Disabled,
    _ => threshold: Option<u64> => Self::Hedging(threshold),
});

record!(OperationOptions {
    content_response_on_write: Option<bool>,
    custom_headers: Vec<(String, String)>,
    activity_id: Option<String>,
    read_consistency: Option<ReadConsistency>,
    excluded_regions: Option<Vec<String>>,
    priority_level: Option<PriorityLevel>,
    throughput_bucket: Option<u32>,
    throughput_control_group: Option<String>,
    end_to_end_timeout_ms: Option<u64>,
    max_failover_retries: Option<u32>,
    max_session_retries: Option<u32>,
    max_throttle_retries: Option<u32>,
    max_throttle_wait_ms: Option<u64>,
    endpoint_unavailability_ttl_ms: Option<u64>,
    session_capturing_disabled: Option<bool>,
    hedging_enabled: Option<bool>,
    availability_strategy: Option<AvailabilityStrategy>,
    retry_ambiguous_writes: Option<bool>,
    ru_budget: Option<f64>,
    diagnostics_report: Option<bool>,
});
