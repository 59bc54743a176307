//! How failures of single partitions are handled (spec driver-core §7.2, §8.3).

use crate::core::circuit_breaker;
use crate::core::clock::millis;
use crate::core::error::Result;
use crate::core::options::environment::Environment;
use crate::core::options::within;
use crate::core::runtime::Runtime;

/// The least window in which failures are counted, in milliseconds.
const MIN_RESET_WINDOW_MS: u64 = 1_000;

/// When the partition key ranges of a container are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyCache {
    /// With the container.
    Eager,
    /// When something needs them.
    Lazy,
}

/// One layer: environment or account. Absent fields fall through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionFailoverConfig {
    /// Whether partitions that keep failing in a region are served by another. Built-in default: yes.
    pub circuit_breaker_enabled: Option<bool>,
    /// Failed reads in a row that open the breaker, at least 1. Built-in default: 10.
    pub read_failure_threshold: Option<u32>,
    /// Failed writes in a row that open the breaker, at least 1. Built-in default: 5.
    pub write_failure_threshold: Option<u32>,
    /// Milliseconds without a failure after which counting starts anew, at least 1000. Built-in default: 300 000.
    pub counter_reset_window_ms: Option<u64>,
    /// Milliseconds for which an open breaker is not tried again, at least 1. Built-in default: 5000.
    pub partition_unavailability_ms: Option<u64>,
    /// Milliseconds between looks at open breakers, at least 1. Built-in default: 300 000.
    pub failback_sweep_interval_ms: Option<u64>,
    /// Hedged requests won in a row by the other region that open the breaker, at least 1. Built-in default: 5.
    pub consecutive_hedge_wins: Option<u32>,
    /// When the partition key ranges are read. Built-in default: lazy.
    pub topology_cache: Option<TopologyCache>,
}

impl PartitionFailoverConfig {
    /// The environment's layer.
    pub(in crate::core) fn from_environment(environment: Environment<'_>) -> Self {
        let time = |name, low| environment.number(name, low, u64::MAX);
        Self {
            circuit_breaker_enabled: environment.switch("PPCB_ENABLED"),
            read_failure_threshold: environment.count("PPCB_READ_FAILURE_THRESHOLD", 1),
            write_failure_threshold: environment.count("PPCB_WRITE_FAILURE_THRESHOLD", 1),
            counter_reset_window_ms: time("PPCB_COUNTER_RESET_WINDOW_MS", MIN_RESET_WINDOW_MS),
            partition_unavailability_ms: time("PPCB_PARTITION_UNAVAILABILITY_DURATION_MS", 1),
            failback_sweep_interval_ms: time("PPCB_FAILBACK_SWEEP_INTERVAL_MS", 1),
            consecutive_hedge_wins: environment.count("PPCB_CONSECUTIVE_HEDGE_WIN_THRESHOLD", 1),
            topology_cache: environment
                .text("PARTITION_TOPOLOGY_CACHE_MODE")
                .and_then(topology_cache),
        }
    }

    /// The account's layer over the environment's, with the defaults below.
    pub(super) fn checked(
        self,
        runtime: &Runtime,
    ) -> Result<(circuit_breaker::Settings, TopologyCache)> {
        self.check()?;
        let lower = &runtime.partition_failover;
        let count = |own: Option<u32>, lower, default| own.or(lower).unwrap_or(default);
        let time = |own: Option<u64>, lower, default| millis(own.or(lower).unwrap_or(default));
        let enabled = self
            .circuit_breaker_enabled
            .or(lower.circuit_breaker_enabled);
        let topology_cache = self.topology_cache.or(lower.topology_cache);
        let breaker = circuit_breaker::Settings {
            enabled_override: runtime.circuit_breaker_override,
            enabled: enabled.unwrap_or(true),
            read_threshold: count(
                self.read_failure_threshold,
                lower.read_failure_threshold,
                10,
            ),
            write_threshold: count(
                self.write_failure_threshold,
                lower.write_failure_threshold,
                5,
            ),
            reset_window: time(
                self.counter_reset_window_ms,
                lower.counter_reset_window_ms,
                300_000,
            ),
            unavailability: time(
                self.partition_unavailability_ms,
                lower.partition_unavailability_ms,
                5_000,
            ),
            sweep_interval: time(
                self.failback_sweep_interval_ms,
                lower.failback_sweep_interval_ms,
                300_000,
            ),
            hedge_win_threshold: count(
                self.consecutive_hedge_wins,
                lower.consecutive_hedge_wins,
                5,
            ),
        };
        Ok((breaker, topology_cache.unwrap_or(TopologyCache::Lazy)))
    }

    fn check(&self) -> Result<()> {
        let count = |number: Option<u32>| number.map(u64::from);
        let at_least = [
            (
                "read-failure-threshold",
                count(self.read_failure_threshold),
                1,
            ),
            (
                "write-failure-threshold",
                count(self.write_failure_threshold),
                1,
            ),
            (
                "counter-reset-window-ms",
                self.counter_reset_window_ms,
                MIN_RESET_WINDOW_MS,
            ),
            (
                "partition-unavailability-ms",
                self.partition_unavailability_ms,
                1,
            ),
            (
                "failback-sweep-interval-ms",
                self.failback_sweep_interval_ms,
                1,
            ),
            (
                "consecutive-hedge-wins",
                count(self.consecutive_hedge_wins),
                1,
            ),
        ];
        for (what, number, low) in at_least {
            within(what, number, low, u64::MAX)?;
        }
        Ok(())
    }
}

fn topology_cache(text: &str) -> Option<TopologyCache> {
    if text.eq_ignore_ascii_case("eager") {
        Some(TopologyCache::Eager)
    } else if text.eq_ignore_ascii_case("lazy") {
        Some(TopologyCache::Lazy)
    } else {
        None
    }
}
