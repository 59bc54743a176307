//! What drivers of one process share: environment, defaults, identity, throughput groups, timeouts (spec driver-core
//! §8.4).

use std::cell::RefCell;

use super::clock::{Nanos, SECOND, millis};
use super::config::PartitionFailoverConfig;
use super::diagnostics::{self, Verbosity};
use super::error::{Error, Result};
use super::identity::Identity;
use super::options::environment::Environment;
use super::options::{OperationOptions, within};
use super::throughput::{GroupConfig, Groups};
use super::timeouts::Timeouts;

/// Limits of the options, in milliseconds, records and bytes.
const CONNECT_MS: (u64, u64) = (100, 6_000);
const REQUEST_MS: (u64, u64) = (100, 65_000);
const REFRESH_MS: (u64, u64) = (100, u64::MAX);
const REQUEST_DIAGNOSTICS: (u64, u64) = (16, 4_096);
const SUMMARY_BYTES: (u64, u64) = (4_096, 1 << 20);

/// What a runtime is created from. Absent fields fall through to the environment, then to the built-in default.
#[derive(Debug, Default)]
pub struct RuntimeConfig {
    /// Environment variables that the host hands in.
    pub environment: Vec<(String, String)>,
    /// Options for all operations of all drivers.
    pub defaults: OperationOptions,
    /// What the user agent says of the program.
    pub identity: Identity,
    /// How much diagnostics hold.
    pub diagnostics: DiagnosticsConfig,
    /// Groups of operations that share a throughput.
    pub throughput_control_groups: Vec<GroupConfig>,
    /// How long single requests may take.
    pub timeouts: TimeoutsConfig,
    /// Milliseconds after which the account's topology is read again, at least 100. Built-in default: 300 000.
    pub account_refresh_interval_ms: Option<u64>,
}

/// How much diagnostics hold (spec §8.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiagnosticsConfig {
    /// Requests that are recorded one by one, 16 to 4096. Built-in default: 64.
    pub max_request_diagnostics: Option<u32>,
    /// Bytes of a summary, 4096 to 1 048 576. Built-in default: 8192.
    pub max_summary_size_bytes: Option<u32>,
    /// The form where none is asked for. Built-in default: summary.
    pub default_verbosity: Option<Verbosity>,
}

/// How long single requests may take, in milliseconds (spec §5.2, §8.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeoutsConfig {
    /// To connect: 100 to 6000. Built-in default: 5000.
    pub connect_ms: Option<u64>,
    /// A request for data: 100 to 65 000. Built-in default: 6000 for reads, 65 000 for writes.
    pub data_plane_request_ms: Option<u64>,
    /// A request for metadata: 100 to 65 000. Built-in default: the ladders of §5.1.
    pub metadata_request_ms: Option<u64>,
}

/// What drivers share. Nothing in it changes but the balance of the throughput groups.
#[derive(Debug)]
pub struct Runtime {
    /// The runtime's layer over the environment's.
    pub defaults: OperationOptions,
    /// Beats what all layers say of hedging.
    pub hedging_override: Option<bool>,
    /// Beats what everything else says of the circuit breaker.
    pub circuit_breaker_override: Option<bool>,
    /// The environment's layer of the drivers' own options.
    pub partition_failover: PartitionFailoverConfig,
    /// What the user agent says, before a driver's own suffix.
    pub identity: Identity,
    /// Groups of operations that share a throughput.
    pub groups: RefCell<Groups>,
    /// How long single requests may take.
    pub timeouts: Timeouts,
    /// How much diagnostics hold.
    pub diagnostics: diagnostics::Settings,
    /// After which time the account's topology is read again.
    pub account_refresh_interval: Nanos,
    /// Emulator host for which `http://` is allowed.
    pub emulator_host: Option<String>,
}

impl RuntimeConfig {
    /// Checks everything and reads the environment, once.
    ///
    /// # Errors
    /// `invalid-argument`: an option that cannot be sent, or is out of its range.
    pub fn checked(self) -> Result<Runtime> {
        let environment = Environment(&self.environment);
        let mut groups = Groups::default();
        for group in self.throughput_control_groups {
            groups.register(group)?;
        }
        let refresh = number(
            ("account-refresh-interval-ms", REFRESH_MS),
            self.account_refresh_interval_ms,
            (environment, "E2E_BACKGROUND_ACCOUNT_REFRESH_INTERVAL_MS"),
        )?;
        let runtime = Runtime {
            defaults: self.defaults.checked()?.over(&environment.options()),
            hedging_override: environment.switch("HEDGING_ENABLED_OVERRIDE"),
            circuit_breaker_override: environment.switch("PPCB_ENABLED_OVERRIDE"),
            partition_failover: PartitionFailoverConfig::from_environment(environment),
            identity: self.identity.checked()?,
            groups: RefCell::new(groups),
            timeouts: self.timeouts.checked(environment)?,
            diagnostics: self.diagnostics.checked(environment)?,
            account_refresh_interval: refresh.map_or(300 * SECOND, millis),
            emulator_host: environment.text("EMULATOR_HOST").map(str::to_owned),
        };
        runtime.check_group(runtime.defaults.throughput_control_group.as_deref())?;
        Ok(runtime)
    }
}

impl Runtime {
    /// Whether there is a throughput control group of this name.
    pub(in crate::core) fn check_group(&self, name: Option<&str>) -> Result<()> {
        let Some(name) = name else { return Ok(()) };
        if self.groups.borrow().get(name).is_some() {
            return Ok(());
        }
        Err(Error::invalid(
            "throughput-control-group names no group of the runtime: add it to the runtime's throughput-control-groups, or \
             correct the name",
        ))
    }
}

impl TimeoutsConfig {
    fn checked(self, environment: Environment<'_>) -> Result<Timeouts> {
        let data = number(
            ("timeouts.data-plane-request-ms", REQUEST_MS),
            self.data_plane_request_ms,
            (
                environment,
                "CONNECTION_POOL_MAX_DATAPLANE_REQUEST_TIMEOUT_MS",
            ),
        )?;
        let metadata = number(
            ("timeouts.metadata-request-ms", REQUEST_MS),
            self.metadata_request_ms,
            (
                environment,
                "CONNECTION_POOL_MAX_METADATA_REQUEST_TIMEOUT_MS",
            ),
        )?;
        let connect = number(
            ("timeouts.connect-ms", CONNECT_MS),
            self.connect_ms,
            (environment, "CONNECTION_POOL_MAX_CONNECT_TIMEOUT_MS"),
        )?;
        Ok(Timeouts {
            connect: connect.map_or(5 * SECOND, millis),
            data_plane: data.map(millis),
            metadata: metadata.map(millis),
        })
    }
}

impl DiagnosticsConfig {
    fn checked(self, environment: Environment<'_>) -> Result<diagnostics::Settings> {
        let requests = number(
            ("diagnostics.max-request-diagnostics", REQUEST_DIAGNOSTICS),
            self.max_request_diagnostics.map(u64::from),
            (environment, "DIAGNOSTICS_MAX_REQUEST_DIAGNOSTICS"),
        )?;
        let bytes = number(
            ("diagnostics.max-summary-size-bytes", SUMMARY_BYTES),
            self.max_summary_size_bytes.map(u64::from),
            (environment, "DIAGNOSTICS_MAX_SUMMARY_SIZE_BYTES"),
        )?;
        let verbosity = self.default_verbosity.or_else(|| {
            environment
                .text("DIAGNOSTICS_DEFAULT_VERBOSITY")
                .and_then(Verbosity::parse)
        });
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(diagnostics::Settings {
            max_request_diagnostics: size(requests.unwrap_or(64)),
            max_summary_size_bytes: size(bytes.unwrap_or(8192)),
            verbosity: verbosity.unwrap_or(Verbosity::Summary),
        })
    }
}

/// A number that is given, or the environment's. The given one must be in the range, the other counts as absent if it
/// is not.
pub(in crate::core) fn number(
    (what, (low, high)): (&str, (u64, u64)),
    given: Option<u64>,
    (environment, name): (Environment<'_>, &str),
) -> Result<Option<u64>> {
    within(what, given, low, high)?;
    Ok(given.or_else(|| environment.number(name, low, high)))
}

#[cfg(test)]
mod tests;
