//! What an operation runs with: every option after all layers and defaults.

use std::rc::Rc;

use super::{AvailabilityStrategy, OperationOptions};
use crate::core::clock::{Nanos, SECOND, millis};
use crate::core::consistency::ReadConsistency;
use crate::core::error::Result;
use crate::core::retry::{Class, Limits};
use crate::core::runtime::Runtime;
use crate::core::throughput::PriorityLevel;

/// Every option with its default applied. Spans are in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Whether item writes return the item.
    pub content_response_on_write: bool,
    /// Headers to add, names in lower case.
    pub custom_headers: Vec<(String, String)>,
    /// The operation's activity id; none: a random one.
    pub activity_id: Option<String>,
    /// How fresh reads must be.
    pub read_consistency: ReadConsistency,
    /// Regions to avoid, in canonical form.
    pub excluded_regions: Vec<String>,
    /// What the options themselves say of the priority; a throughput control group may say more.
    pub priority_level: Option<PriorityLevel>,
    /// What the options themselves say of the bucket; a throughput control group may say more.
    pub throughput_bucket: Option<u32>,
    /// A throughput control group of the runtime; none: the default group, if there is one.
    pub throughput_control_group: Option<String>,
    /// For the operation as a whole, at least 1 s.
    pub end_to_end_timeout: Option<Nanos>,
    /// Further attempts in other regions.
    pub max_failover_retries: u32,
    /// Further attempts after 404/1002; none: 2 where one region takes writes, the
    /// number of endpoints where all do.
    pub max_session_retries: Option<u32>,
    /// Further attempts after 429.
    pub max_throttle_retries: u32,
    /// Waiting after 429, in sum.
    pub max_throttle_wait: Nanos,
    /// How long an endpoint that failed is avoided.
    pub endpoint_unavailability_ttl: Nanos,
    /// Whether session tokens are neither kept nor sent by themselves.
    pub session_capturing_disabled: bool,
    /// Whether reads may hedge.
    pub hedging: bool,
    /// How long a read waits before it hedges; none: the lesser of 1 s and half of the end-to-end timeout.
    pub hedging_threshold: Option<Nanos>,
    /// Whether a write of unknown outcome is sent again.
    pub retry_ambiguous_writes: bool,
    /// Request units that the operation may spend before it sends no more.
    pub ru_budget: Option<f64>,
    /// Whether answers and errors carry a summary and a text of their diagnostics.
    pub diagnostics_report: bool,
}

impl Resolved {
    /// How often a request may be repeated.
    pub fn limits(&self) -> Limits {
        Limits {
            failovers: self.max_failover_retries,
            sessions: self.max_session_retries,
            throttles: self.max_throttle_retries,
            throttle_wait: self.max_throttle_wait,
        }
    }

    /// What an operation may be repeated for: with ambiguous writes switched off, a write counts as one that must not be
    /// carried out twice.
    pub fn class(&self, class: Class) -> Class {
        match class {
            Class::Write if !self.retry_ambiguous_writes => Class::UnsafeWrite,
            _ => class,
        }
    }

    /// The defaults under all layers, which are merged already. The override goes before everything that is said of
    /// hedging.
    fn new(options: OperationOptions, hedging_override: Option<bool>) -> Self {
        let (strategy, threshold) = match options.availability_strategy {
            Some(AvailabilityStrategy::Disabled) => (false, None),
            Some(AvailabilityStrategy::Hedging(threshold)) => (true, threshold),
            None => (true, None),
        };
        let hedging = hedging_override.or(options.hedging_enabled);
        let wait = options.max_throttle_wait_ms;
        let ttl = options.endpoint_unavailability_ttl_ms;
        Self {
            content_response_on_write: options.content_response_on_write.unwrap_or(false),
            custom_headers: options.custom_headers,
            activity_id: options.activity_id,
            read_consistency: options.read_consistency.unwrap_or_default(),
            excluded_regions: options.excluded_regions.unwrap_or_default(),
            priority_level: options.priority_level,
            throughput_bucket: options.throughput_bucket,
            throughput_control_group: options.throughput_control_group,
            end_to_end_timeout: options.end_to_end_timeout_ms.map(millis),
            max_failover_retries: options.max_failover_retries.unwrap_or(3),
            max_session_retries: options.max_session_retries,
            max_throttle_retries: options.max_throttle_retries.unwrap_or(9),
            max_throttle_wait: wait.map_or(30 * SECOND, millis),
            endpoint_unavailability_ttl: ttl.map_or(60 * SECOND, millis),
            session_capturing_disabled: options.session_capturing_disabled.unwrap_or(false),
            hedging: hedging.unwrap_or(strategy),
            hedging_threshold: threshold.map(millis),
            retry_ambiguous_writes: options.retry_ambiguous_writes.unwrap_or(true),
            ru_budget: options.ru_budget,
            diagnostics_report: options.diagnostics_report.unwrap_or(false),
        }
    }
}

/// The layers below the operation's, merged once, and what they come to.
#[derive(Debug)]
pub struct Layers {
    lower: OperationOptions,
    resolved: Rc<Resolved>,
}

impl Layers {
    /// The account's layer, over the runtime's and the environment's.
    ///
    /// # Errors
    /// `invalid-argument`: see [`OperationOptions::checked`]; a throughput control group that the runtime has not.
    pub fn new(account: OperationOptions, runtime: &Runtime) -> Result<Self> {
        let lower = account.checked()?.over(&runtime.defaults);
        runtime.check_group(lower.throughput_control_group.as_deref())?;
        let resolved = Rc::new(Resolved::new(lower.clone(), runtime.hedging_override));
        Ok(Self { lower, resolved })
    }

    /// What an operation runs with that sets no option.
    pub fn resolved(&self) -> &Rc<Resolved> {
        &self.resolved
    }

    /// What an operation runs with that begins now. Costs nothing when the operation sets no option.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn resolve(&self, operation: OperationOptions, runtime: &Runtime) -> Result<Rc<Resolved>> {
        if operation.is_empty() {
            return Ok(Rc::clone(&self.resolved));
        }
        let operation = operation.checked()?;
        runtime.check_group(operation.throughput_control_group.as_deref())?;
        let merged = operation.over(&self.lower);
        Ok(Rc::new(Resolved::new(merged, runtime.hedging_override)))
    }
}
