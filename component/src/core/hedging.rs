//! Hedging: a slow read asks a second region as well, and takes the first answer that counts (spec driver-core §7.1).
//!
//! [`plan`] says whether an operation hedges and when, [`alternate`] where to, and [`Race`] who wins.

use std::rc::Rc;

use super::account::Target;
use super::clock::{MILLI, Nanos, SECOND};
pub use race::{Ending, Race, Step};

mod race;
#[cfg(test)]
mod tests;

/// How many metadata reads of a driver may hedge at a time, unless told otherwise. Further ones do not hedge.
pub const MAX_METADATA_HEDGES: u32 = 32;

/// The longest threshold of data requests, and their threshold without an end-to-end timeout.
const MAX_THRESHOLD: Nanos = SECOND;

/// Metadata reads have no end-to-end timeout of their own: between their first attempt's timeout and the second's.
const METADATA_THRESHOLD: Nanos = 1_500 * MILLI;

/// The longest time set aside before the deadline to take what arrives.
const MAX_HARVEST: Nanos = 50 * MILLI;

/// What kind of request wants to hedge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestClass {
    /// Reads an item.
    ItemRead,
    /// A page of a query that goes to one physical partition.
    SinglePartitionQuery,
    /// Reads a container's properties for the driver.
    ContainerRead,
    /// The first page of the partition key ranges, none of which is known yet.
    FirstRangesPage,
    /// Anything else, among it everything that writes: never hedged.
    Other,
}

impl RequestClass {
    fn is_metadata(self) -> bool {
        matches!(self, Self::ContainerRead | Self::FirstRangesPage)
    }
}

/// An availability strategy, as the caller states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// No hedging.
    Disabled,
    /// Hedging after a threshold, by default the one of [`plan`]. Metadata reads keep theirs.
    Hedging(Option<Nanos>),
}

/// The options that decide about hedging, resolved over all layers. Default: on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// `AZURE_COSMOS_HEDGING_ENABLED_OVERRIDE`: beats both others.
    pub enabled_override: Option<bool>,
    /// On or off, whatever the strategy says.
    pub enabled: Option<bool>,
    /// Decides where the switches do not, and may set the threshold.
    pub strategy: Option<Strategy>,
}

impl Settings {
    fn is_enabled(&self) -> bool {
        let switch = self.enabled_override.or(self.enabled);
        switch.unwrap_or(!matches!(self.strategy, Some(Strategy::Disabled)))
    }
}

/// What [`plan`] decides on.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The kind of request.
    pub class: RequestClass,
    /// The caller's wishes.
    pub settings: Settings,
    /// The account's `disableCrossRegionalHedging`.
    pub account_disabled: bool,
    /// Read regions, by name, that the operation does not exclude.
    pub regions: usize,
    /// Whether this is the operation's first attempt. Later ones do not race.
    pub first_attempt: bool,
    /// Whether the request must go to one region: pinned continuations, probes, verification reads of a patch.
    pub pinned: bool,
    /// The operation's end-to-end timeout.
    pub timeout: Option<Nanos>,
    /// Metadata reads that hedge now.
    pub metadata_hedges: u32,
    /// How many of them may, by default [`MAX_METADATA_HEDGES`]; 0 turns their hedging off.
    pub max_metadata_hedges: u32,
}

/// When to hedge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Ask the alternate when the primary has not answered for so long.
    pub threshold: Nanos,
    /// How long before the deadline the harvest begins: nothing more is sent, and what still arrives is taken.
    pub harvest: Nanos,
}

/// Whether and when this request hedges.
///
/// The threshold of data requests is the strategy's, else 1 s or half the end-to-end timeout, whichever is shorter. That
/// of metadata reads is 1.5 s. The harvest takes 50 ms or a tenth of the timeout, at least 1 ms.
pub fn plan(facts: &Facts) -> Option<Plan> {
    let metadata = facts.class.is_metadata();
    let may_hedge = facts.class != RequestClass::Other
        && facts.regions >= 2
        && facts.first_attempt
        && !facts.pinned
        && !facts.account_disabled
        && facts.settings.is_enabled()
        && (!metadata || facts.metadata_hedges < facts.max_metadata_hedges);
    if !may_hedge {
        return None;
    }
    let timeout = facts.timeout.unwrap_or(Nanos::MAX);
    let threshold = match facts.settings.strategy {
        _ if metadata => METADATA_THRESHOLD,
        Some(Strategy::Hedging(Some(own))) => own,
        _ => MAX_THRESHOLD.min(timeout / 2),
    };
    Some(Plan {
        threshold,
        harvest: MAX_HARVEST.min(timeout / 10).max(MILLI),
    })
}

/// Where the second request goes: the first of the applicable read targets, in order of preference, whose region and
/// whose host and port are not the primary's.
pub fn alternate(applicable: &[Rc<Target>], primary: &Target) -> Option<Rc<Target>> {
    let differs = |target: &&Rc<Target>| {
        target.region.is_some()
            && target.region != primary.region
            && target.endpoint != primary.endpoint
    };
    applicable.iter().find(differs).cloned()
}

/// Whether an answer ends the race: another region would say the same. A request without an answer never does.
pub fn is_final(status: u16, sub_status: Option<u32>) -> bool {
    match status {
        ..400 => true,
        400 | 401 | 405 | 409 | 412 | 413 | 422 | 451 | 501 | 505 => true,
        403 => sub_status != Some(1008),
        404 => sub_status.unwrap_or(0) == 0,
        429 => matches!(sub_status, Some(3200 | 3210 | 3214)),
        _ => false,
    }
}

/// Whether the alternate's answer ends the race. Not every final one does:
///
/// - Of a metadata read only success: the second region may not know yet what was created in the first.
/// - Where the request asked for the hub alone, 403 with sub-status 3 says only that this region is not it.
pub fn is_final_from_alternate(
    class: RequestClass,
    hub_only: bool,
    status: u16,
    sub_status: Option<u32>,
) -> bool {
    let not_the_hub = hub_only && (status, sub_status) == (403, Some(3));
    is_final(status, sub_status) && !not_the_hub && (status < 400 || !class.is_metadata())
}
