//! Records that say nothing, so that the driver's own defaults apply.

use crate::types::{
    Config, Credential, DiagnosticsConfig, FeedOptions, MetadataMode, OperationOptions,
    PartitionFailover, RequestTimeouts, RuntimeConfig,
};

impl Config {
    /// One account, by its endpoint.
    pub fn new(endpoint: String, credential: Credential, metadata: MetadataMode) -> Self {
        Self {
            endpoint: Some(endpoint),
            credential,
            metadata,
            defaults: OperationOptions::default(),
            preferred_regions: Vec::new(),
            application_region: None,
            backup_endpoints: Vec::new(),
            user_agent_suffix: None,
            max_concurrent_metadata_hedges: None,
            partition_failover: PartitionFailover {
                circuit_breaker_enabled: None,
                read_failure_threshold: None,
                write_failure_threshold: None,
                counter_reset_window_ms: None,
                partition_unavailability_ms: None,
                failback_sweep_interval_ms: None,
                consecutive_hedge_wins: None,
                topology_cache: None,
            },
        }
    }
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            environment: Vec::new(),
            defaults: OperationOptions::default(),
            user_agent_suffix: None,
            workload_id: None,
            correlation_id: None,
            wrapping_sdk_identifier: None,
            user_agent_properties: Vec::new(),
            diagnostics: DiagnosticsConfig {
                max_request_diagnostics: None,
                max_summary_size_bytes: None,
                default_verbosity: None,
            },
            throughput_control_groups: Vec::new(),
            timeouts: RequestTimeouts {
                connect_ms: None,
                data_plane_request_ms: None,
                metadata_request_ms: None,
            },
            account_refresh_interval_ms: None,
        }
    }
}

#[allow(clippy::derivable_impls, reason = "the type is generated")]
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

#[allow(clippy::derivable_impls, reason = "the type is generated")]
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
