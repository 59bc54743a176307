//! The types of the contract, as `wit/types.wit` defines and documents them.
//!
//! Without its `config`, `credential` and `runtime-config`: what the macro generates for those prints secrets. Use
//! [`Config`](crate::Config), [`Credential`](crate::Credential) and [`RuntimeConfig`](crate::RuntimeConfig).

pub use crate::bindings::wit::{
    Attempt, AttemptEvent, AttemptEventKind, AttemptRollup, AvailabilityStrategy, Batch,
    BatchAction, BatchOperation, BatchPatch, BatchReplace, BatchResult, Bulk, BulkOperation,
    ChangeFeed, ChangeFeedMode, ChangeFeedStart, Compaction, ContainerRef, CreateContainer,
    CreateDatabase, DeleteItem, Diagnostics, DiagnosticsConfig, DiagnosticsReport, Error,
    ErrorCause, ErrorKind, ExecutionContext, FaultCondition, FaultError, FaultEvaluation,
    FaultOperation, FaultResponse, FaultRule, FeedOperation, FeedOptions, FeedRangeScope,
    FeedScope, Hedge, HttpMethod, ItemId, ItemRef, KeyComponent, ManageResource, ManageThroughput,
    MetadataMode, Operation, OperationFailure, OperationOptions, Outcome, PartitionFailover,
    PatchItem, PatchMove, PatchOperation, PatchValue, PipelineKind, Precondition, PriorityLevel,
    QueryItems, QueryParameter, RawRequest, ReadConsistency, ReadFeed, ReadItem, ReadMany,
    ReadManyInput, ReadResources, RegionSummary, ReplaceContainer, ReplaceItem, RequestSent,
    RequestTimeouts, ResourceAction, ResourceCollection, ResourceKind, ResourceRef, Response,
    ResponseHeaders, Restored, SnapshotRefusal, Throughput, ThroughputControlGroup, TopologyCache,
    Verbosity, WriteItem,
};

/// Nothing set: everything falls through to the client's, the runtime's and the built-in defaults.
impl Default for OperationOptions {
    fn default() -> Self {
        Self {
            content_response_on_write: None,
            custom_headers: Vec::new(),
            activity_id: None,
            read_consistency: None,
            excluded_regions: None,
            priority_level: None,
            throughput_bucket: None,
            throughput_control_group: None,
            end_to_end_timeout_ms: None,
            max_failover_retries: None,
            max_session_retries: None,
            max_throttle_retries: None,
            max_throttle_wait_ms: None,
            endpoint_unavailability_ttl_ms: None,
            session_capturing_disabled: None,
            hedging_enabled: None,
            availability_strategy: None,
            retry_ambiguous_writes: None,
            ru_budget: None,
            diagnostics_report: None,
        }
    }
}

/// The service's and the driver's own choices, from the start.
impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            max_item_count: None,
            max_concurrency: None,
            prefetch: None,
            max_fan_out: None,
            continuation: None,
            session_token: None,
            resumable: false,
        }
    }
}

/// Nothing set: everything falls through to the environment and the built-in defaults.
impl Default for PartitionFailover {
    fn default() -> Self {
        Self {
            circuit_breaker_enabled: None,
            read_failure_threshold: None,
            write_failure_threshold: None,
            counter_reset_window_ms: None,
            partition_unavailability_ms: None,
            failback_sweep_interval_ms: None,
            consecutive_hedge_wins: None,
            topology_cache: None,
        }
    }
}

/// Nothing set: everything falls through to the environment and the built-in defaults.
impl Default for DiagnosticsConfig {
    fn default() -> Self {
        Self {
            max_request_diagnostics: None,
            max_summary_size_bytes: None,
            default_verbosity: None,
        }
    }
}

/// Nothing set: everything falls through to the environment and the built-in defaults.
impl Default for RequestTimeouts {
    fn default() -> Self {
        Self {
            connect_ms: None,
            data_plane_request_ms: None,
            metadata_request_ms: None,
        }
    }
}

impl ThroughputControlGroup {
    /// A group without a limit, a priority or a bucket, for operations that name it.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            target_ru_per_second: None,
            priority_level: None,
            throughput_bucket: None,
            is_default: false,
        }
    }
}
