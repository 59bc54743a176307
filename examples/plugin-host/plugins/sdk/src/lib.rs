//! What a plugin is written with: the bindings of its world, made of the WIT files, and a little to say less.

// The generated code: what is documented comes from the WIT files.
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../../wit", "../../wit"],
        world: "example:plugins/plugin",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "plugin_sdk",
    });
}

pub use bindings::*;

use cosmosdb::driver::driver::{Driver, Runtime};
use cosmosdb::driver::types::{
    Config, ContainerRef, Credential, DiagnosticsConfig, Error, FeedOptions, ItemRef, KeyComponent,
    MetadataMode, OperationOptions, PartitionFailover, Rejection, RequestTimeouts, RuntimeConfig,
};
use exports::example::plugins::job::Place;

/// A driver for the account of this place, whose requests the host signs. Sends nothing.
///
/// # Errors
/// The endpoint is none.
pub fn open(place: &Place) -> Result<Driver, Rejection> {
    Runtime::create(&runtime_config())?.open(&config(place, Credential::Host))
}

/// The configuration of [`open`], with another credential maybe. `lean`: a plugin lives for one call.
pub fn config(place: &Place, credential: Credential) -> Config {
    Config {
        endpoint: Some(place.endpoint.clone()),
        credential,
        metadata: MetadataMode::Lean,
        defaults: options(),
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

/// A runtime with nothing set.
pub fn runtime_config() -> RuntimeConfig {
    RuntimeConfig {
        environment: Vec::new(),
        defaults: options(),
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

/// Options with nothing set.
pub fn options() -> OperationOptions {
    OperationOptions {
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

/// Feed options with nothing set.
pub fn feed_options() -> FeedOptions {
    FeedOptions {
        max_item_count: None,
        max_concurrency: None,
        prefetch: None,
        max_fan_out: None,
        continuation: None,
        session_token: None,
        resumable: false,
    }
}

/// The container of this place.
pub fn container(place: &Place) -> ContainerRef {
    ContainerRef {
        database: place.database.clone(),
        container: place.container.clone(),
    }
}

/// An item of a container whose partition key is one text.
pub fn item(container: ContainerRef, id: &str, key: &str) -> ItemRef {
    ItemRef {
        container,
        id: id.to_owned(),
        key: vec![KeyComponent::Text(key.to_owned())],
    }
}

/// An error in one line: its kind, and what it says.
pub fn told(error: &Error) -> String {
    format!("{:?}: {}", error.kind, error.message)
}
