//! What runtimes and drivers are made from.

use crate::core::config::{PartitionFailoverConfig, TopologyCache};
use crate::core::credential::CredentialConfig;
use crate::core::diagnostics::Verbosity;
use crate::core::identity::Identity;
use crate::core::runtime::{DiagnosticsConfig, RuntimeConfig, TimeoutsConfig};
use crate::core::throughput::{GroupConfig, PriorityLevel};
use crate::core::{Config, MetadataMode, OperationOptions};
use crate::wasi::abi::{Layout, Lift, Wire, lift};
use crate::wire::secret::Secret;

enumerations! {
    MetadataMode { Eager, Lean }
    TopologyCache { Eager, Lazy }
    Verbosity { Summary, Detailed }
}

impl Wire for Secret {
    const LAYOUT: Layout = String::LAYOUT;
}

#[allow(unsafe_code)] // a text like others
impl Lift for Secret {
    unsafe fn lift(at: *const u8, into: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe { into.write(Self::new(lift::<String>(at))) }
    }
}

variant!(CredentialConfig {
    0 => key: Secret => Self::AccountKey(key),
    1 => text: Secret => Self::ConnectionString(text),
    2 => token: Secret => Self::ResourceToken(token),
    3 => token: Secret => Self::BearerToken(token),
    _ => (): () => Self::Host,
});

record!(PartitionFailoverConfig {
    circuit_breaker_enabled: Option<bool>,
    read_failure_threshold: Option<u32>,
    write_failure_threshold: Option<u32>,
    counter_reset_window_ms: Option<u64>,
    partition_unavailability_ms: Option<u64>,
    failback_sweep_interval_ms: Option<u64>,
    consecutive_hedge_wins: Option<u32>,
    topology_cache: Option<TopologyCache>,
});

record!(Config {
    endpoint: Option<String>,
    credential: CredentialConfig,
    metadata: MetadataMode,
    defaults: OperationOptions,
    preferred_regions: Vec<String>,
    application_region: Option<String>,
    backup_endpoints: Vec<String>,
    user_agent_suffix: Option<String>,
    max_concurrent_metadata_hedges: Option<u32>,
    partition_failover: PartitionFailoverConfig,
});

// Fields of `runtime-config`.
record!(Identity {
    suffix: Option<String>,
    workload_id: Option<u8>,
    correlation_id: Option<String>,
    wrapping_sdk_identifier: Option<String>,
    properties: Vec<(String, String)>,
});

record!(DiagnosticsConfig {
    max_request_diagnostics: Option<u32>,
    max_summary_size_bytes: Option<u32>,
    default_verbosity: Option<Verbosity>,
});

record!(GroupConfig {
    name: String,
    target_ru_per_second: Option<f64>,
    priority: Option<PriorityLevel>,
    bucket: Option<u32>,
    is_default: bool,
});

record!(TimeoutsConfig {
    connect_ms: Option<u64>,
    data_plane_request_ms: Option<u64>,
    metadata_request_ms: Option<u64>,
});

record!(RuntimeConfig {
    environment: Vec<(String, String)>,
    defaults: OperationOptions,
    identity: Identity,
    diagnostics: DiagnosticsConfig,
    throughput_control_groups: Vec<GroupConfig>,
    timeouts: TimeoutsConfig,
    account_refresh_interval_ms: Option<u64>,
});
