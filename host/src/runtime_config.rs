//! What clients of one process share.

use std::fmt;
use std::time::Duration;

use crate::bindings::wit;
use crate::setters::{milliseconds, option_setters};
use crate::types::{DiagnosticsConfig, OperationOptions, RequestTimeouts, ThroughputControlGroup};

/// What drivers share: environment, defaults below the accounts' own, user agent, timeouts, throughput control groups.
/// Checked when a driver is opened.
///
/// ```
/// use std::time::Duration;
///
/// use cosmosdb_driver_host::types::ThroughputControlGroup;
/// use cosmosdb_driver_host::{Config, Credential, RuntimeConfig};
///
/// let runtime = RuntimeConfig::from_environment()
///     .user_agent_suffix("my-app")
///     .end_to_end_timeout(Duration::from_secs(5))
///     .add_throughput_control_group(ThroughputControlGroup {
///         target_ru_per_second: Some(400.0),
///         ..ThroughputControlGroup::new("reports")
///     });
/// let config = Config::new("https://my-account.documents.azure.com/", Credential::host()).runtime(runtime);
/// # drop(config);
/// ```
#[derive(Clone, Default)]
pub struct RuntimeConfig {
    environment: Vec<(String, String)>,
    defaults: OperationOptions,
    user_agent_suffix: Option<String>,
    workload_id: Option<u8>,
    correlation_id: Option<String>,
    wrapping_sdk_identifier: Option<String>,
    user_agent_properties: Vec<(String, String)>,
    diagnostics: DiagnosticsConfig,
    throughput_control_groups: Vec<ThroughputControlGroup>,
    timeouts: RequestTimeouts,
    account_refresh_interval_ms: Option<u64>,
}

/// What the names of the driver's environment variables begin with.
const PREFIX: &str = "AZURE_COSMOS_";

impl RuntimeConfig {
    /// Nothing set: built-in defaults, no environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// With those of this process's environment variables whose names begin with `AZURE_COSMOS_`; those that are not
    /// Unicode are left out.
    pub fn from_environment() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let ours = |(name, _): &(String, String)| name.starts_with(PREFIX);
        Self {
            environment: std::env::vars_os().filter_map(text).filter(ours).collect(),
            ..Self::default()
        }
    }

    /// Hands one environment variable to the component, which sees no others. The types of the options name those
    /// that exist; others are ignored, and so are values that are malformed.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    option_setters!(defaults);

    /// Ends the user agent of all requests: at most 25 characters of letters, digits, `-`, `_`, `.` and `~`. A client's
    /// own goes first.
    #[must_use]
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// A number for the program, 1 to 50, which stands in the user agent where there is no suffix.
    #[must_use]
    pub fn workload_id(mut self, id: u8) -> Self {
        self.workload_id = Some(id);
        self
    }

    /// A name for the program, at most 50 characters of those that a suffix may have, which stands in the user agent
    /// where there is neither suffix nor workload id.
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// Name and version of a library around this one, like `my-sdk/1.2.0`, which begins the user agent.
    #[must_use]
    pub fn wrapping_sdk_identifier(mut self, identifier: impl Into<String>) -> Self {
        self.wrapping_sdk_identifier = Some(identifier.into());
        self
    }

    /// Adds a key and a value to the user agent.
    #[must_use]
    pub fn user_agent_property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.user_agent_properties.push((key.into(), value.into()));
        self
    }

    /// How much is recorded of operations.
    #[must_use]
    pub fn diagnostics(mut self, diagnostics: DiagnosticsConfig) -> Self {
        self.diagnostics = diagnostics;
        self
    }

    /// Adds a group of operations that share a throughput. An operation names it with
    /// [`ItemOptions::throughput_control_group`](crate::ItemOptions::throughput_control_group).
    #[must_use]
    pub fn add_throughput_control_group(mut self, group: ThroughputControlGroup) -> Self {
        self.throughput_control_groups.push(group);
        self
    }

    /// How long single requests may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: RequestTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// After which time the account's topology is read again, at least 100 ms; in whole milliseconds. Built-in default:
    /// 5 minutes.
    #[must_use]
    pub fn account_refresh_interval(mut self, interval: Duration) -> Self {
        self.account_refresh_interval_ms = Some(milliseconds(interval));
        self
    }

    pub(crate) fn to_wit(&self) -> wit::RuntimeConfig {
        wit::RuntimeConfig {
            environment: self.environment.clone(),
            defaults: self.defaults.clone(),
            user_agent_suffix: self.user_agent_suffix.clone(),
            workload_id: self.workload_id,
            correlation_id: self.correlation_id.clone(),
            wrapping_sdk_identifier: self.wrapping_sdk_identifier.clone(),
            user_agent_properties: self.user_agent_properties.clone(),
            diagnostics: self.diagnostics,
            throughput_control_groups: self.throughput_control_groups.clone(),
            timeouts: self.timeouts,
            account_refresh_interval_ms: self.account_refresh_interval_ms,
        }
    }
}

/// Values of headers and environment variables may be secrets.
impl fmt::Debug for RuntimeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeConfig")
            .field("user_agent_suffix", &self.user_agent_suffix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let config = RuntimeConfig::new()
            .environment("KEY", "secret")
            .header("x-key", "secret");
        let printed = format!("{config:?} {config:#?}");
        assert!(!printed.contains("secret"), "{printed}");
    }

    #[test]
    fn of_the_environment_only_the_drivers_own_is_taken() {
        let taken = RuntimeConfig::from_environment().environment;
        assert!(taken.iter().all(|(name, _)| name.starts_with(PREFIX)));
        let there = std::env::vars_os()
            .filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with(PREFIX)));
        assert_eq!(taken.len(), there.count());
    }
}
