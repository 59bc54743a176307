//! Options of a call, in layers: operation, then account, then runtime, then environment, then built-in default; each
//! option falls through on its own (spec driver-core §8). What a call runs with is a snapshot, made when it begins.

pub mod environment;
pub(super) mod headers;
mod resolved;

pub use resolved::{Layers, Resolved};

use super::consistency::ReadConsistency;
use super::error::{Error, Result};
use super::throughput::PriorityLevel;
use crate::wire::region;

/// The least time for an operation as a whole (spec §5.3).
pub const MIN_END_TO_END_TIMEOUT_MS: u64 = 1_000;

/// Regions that one list may name, and the bytes of a name: several times what exists.
const MAX_REGIONS: usize = 256;
const MAX_REGION_BYTES: usize = 64;

/// Whether reads ask a second region when the first is slow (spec §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityStrategy {
    /// They never do.
    Disabled,
    /// They do after so many milliseconds, at least 1; none: the lesser of 1 s and half of the end-to-end timeout.
    Hedging(Option<u64>),
}

/// Options of one layer. Absent fields fall through to the next layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperationOptions {
    /// Whether item writes return the item. Built-in default: no.
    pub content_response_on_write: Option<bool>,
    /// Headers to add; they merge by name.
    pub custom_headers: Vec<(String, String)>,
    /// The operation's activity id. Built-in default: a random one.
    pub activity_id: Option<String>,
    /// How fresh reads must be (spec §6.6). Built-in default: the account's consistency.
    pub read_consistency: Option<ReadConsistency>,
    /// Regions to avoid (spec §3.6); an empty list clears those of lower layers. Built-in default: none.
    pub excluded_regions: Option<Vec<String>>,
    /// Who is served first under load (spec §11.1). Built-in default: nothing said.
    pub priority_level: Option<PriorityLevel>,
    /// The server-side throughput bucket (spec §11.1). Built-in default: none.
    pub throughput_bucket: Option<u32>,
    /// The runtime's throughput control group that the operation belongs to. Built-in default: the runtime's default
    /// group, if it has one.
    pub throughput_control_group: Option<String>,
    /// Milliseconds for the operation as a whole, at least 1000 (spec §5.3). Built-in default: no limit.
    pub end_to_end_timeout_ms: Option<u64>,
    /// Further attempts in other regions (spec §4.5). Built-in default: 3.
    pub max_failover_retries: Option<u32>,
    /// Further attempts after 404/1002 (spec §4.5). Built-in default: 2; the number of endpoints where every region
    /// takes writes.
    pub max_session_retries: Option<u32>,
    /// Further attempts after 429 (spec §4.6). Built-in default: 9.
    pub max_throttle_retries: Option<u32>,
    /// Milliseconds that an operation waits after 429 in sum (spec §4.6). Built-in default: 30 000.
    pub max_throttle_wait_ms: Option<u64>,
    /// Milliseconds that an endpoint is avoided after it failed (spec §3.8). Built-in default: 60 000.
    pub endpoint_unavailability_ttl_ms: Option<u64>,
    /// Whether session tokens are neither kept nor sent by themselves (spec §6.4). Built-in default: no.
    pub session_capturing_disabled: Option<bool>,
    /// Whether reads may hedge; goes before the strategy (spec §7.1). Built-in default: what the strategy says.
    pub hedging_enabled: Option<bool>,
    /// How reads hedge (spec §7.1). Built-in default: hedging with its usual threshold.
    pub availability_strategy: Option<AvailabilityStrategy>,
    /// Whether a write of unknown outcome is sent again (spec §16, row 3). Built-in default: yes.
    pub retry_ambiguous_writes: Option<bool>,
    /// Request units that the operation may spend before it sends no more. Built-in default: no limit.
    pub ru_budget: Option<f64>,
    /// Whether answers and errors carry a summary and a text of their diagnostics. Built-in default: no.
    pub diagnostics_report: Option<bool>,
}

/// Hands the names of all options that fall through as a whole to a macro.
macro_rules! each_option {
    ($apply:ident, $($layer:ident),+) => {
        $apply!(
            $($layer),+;
            content_response_on_write, activity_id, read_consistency, excluded_regions, priority_level,
            throughput_bucket, throughput_control_group, end_to_end_timeout_ms, max_failover_retries,
            max_session_retries, max_throttle_retries, max_throttle_wait_ms, endpoint_unavailability_ttl_ms,
            session_capturing_disabled, hedging_enabled, availability_strategy, retry_ambiguous_writes, ru_budget,
            diagnostics_report
        )
    };
}

macro_rules! all_absent {
    ($layer:ident; $($field:ident),+) => { $($layer.$field.is_none())&&+ };
}

macro_rules! fall_through {
    ($higher:ident, $lower:ident; $($field:ident),+) => {
        $(if $higher.$field.is_none() {
            $higher.$field.clone_from(&$lower.$field);
        })+
    };
}

impl OperationOptions {
    /// Whether the layer sets nothing.
    pub fn is_empty(&self) -> bool {
        self.custom_headers.is_empty() && each_option!(all_absent, self)
    }

    /// Checks the layer, lowers its header names and brings its regions into their canonical form.
    ///
    /// # Errors
    /// `invalid-argument`: a header that cannot be sent, an activity id that is no UUID, a number out of its range.
    pub fn checked(mut self) -> Result<Self> {
        headers::check(&mut self.custom_headers)?;
        if let Some(id) = &self.activity_id
            && !is_uuid(id)
        {
            return Err(Error::invalid(
                "the activity id is no UUID: pass one like 6f0c2f0e-…, or none",
            ));
        }
        within(
            "end-to-end-timeout-ms",
            self.end_to_end_timeout_ms,
            MIN_END_TO_END_TIMEOUT_MS,
            u64::MAX,
        )?;
        if let Some(AvailabilityStrategy::Hedging(threshold)) = self.availability_strategy {
            within("the threshold of hedging in ms", threshold, 1, u64::MAX)?;
        }
        if let Some(budget) = self.ru_budget
            && (!budget.is_finite() || budget <= 0.0)
        {
            return Err(Error::invalid(
                "ru-budget is not a finite number above 0: give the request units that the operation may spend, or none",
            ));
        }
        if let Some(regions) = self.excluded_regions {
            self.excluded_regions = Some(canonical_regions("excluded-regions", regions)?);
        }
        Ok(self)
    }

    /// This layer over a lower one.
    #[must_use]
    pub fn over(mut self, lower: &Self) -> Self {
        headers::merge(&mut self.custom_headers, &lower.custom_headers);
        each_option!(fall_through, self, lower);
        self
    }
}

/// A number outside of its range is `invalid-argument`; none is in every range.
pub(in crate::core) fn within(what: &str, value: Option<u64>, low: u64, high: u64) -> Result<()> {
    let Some(value) = value.filter(|value| *value < low || *value > high) else {
        return Ok(());
    };
    let limits = if high == u64::MAX {
        format!("at least {low}")
    } else {
        format!("{low} to {high}")
    };
    Err(Error::invalid(format!(
        "{what} is {value}: give {limits}, or leave it out"
    )))
}

/// A list of regions in their canonical form.
pub(in crate::core) fn canonical_regions(what: &str, regions: Vec<String>) -> Result<Vec<String>> {
    if regions.len() > MAX_REGIONS {
        return Err(Error::invalid(format!(
            "{what} names {} regions, at most {MAX_REGIONS} are taken: leave some out",
            regions.len()
        )));
    }
    regions
        .into_iter()
        .map(|name| canonical_region(what, &name))
        .collect()
}

/// The name of a region in its canonical form.
pub(in crate::core) fn canonical_region(what: &str, name: &str) -> Result<String> {
    let name = region::canonical(name);
    if name.is_empty() || name.len() > MAX_REGION_BYTES {
        return Err(Error::invalid(format!(
            "{what} holds a name that is empty or longer than {MAX_REGION_BYTES} bytes: write regions as the portal shows \
             them, like West US 2"
        )));
    }
    Ok(name)
}

fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests;
