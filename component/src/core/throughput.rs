//! Throughput control: the service's buckets and priorities, and a limit of the driver's own (spec driver-core §11.1).

use super::clock::{MILLI, Nanos, SECOND};
use super::error::{Error, Result};

#[cfg(test)]
mod tests;

/// Carries the throughput bucket, a decimal number.
pub const BUCKET_HEADER: &str = "x-ms-cosmos-throughput-bucket";

/// Carries the priority level.
pub const PRIORITY_HEADER: &str = "x-ms-cosmos-priority-level";

/// How many groups a runtime takes.
pub const MAX_GROUPS: usize = 64;

/// What the service throttles first when request units run out: low before high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriorityLevel {
    /// Throttled last. The service's default.
    High,
    /// Throttled first.
    Low,
}

impl PriorityLevel {
    /// The value of [`PRIORITY_HEADER`].
    pub fn header(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Low => "Low",
        }
    }
}

/// A throughput group: a name for settings that many operations share.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupConfig {
    /// Unique in its runtime.
    pub name: String,
    /// The driver starts no operation of the group while the group is above this rate, in RU per second. Default: no
    /// limit.
    pub target_ru_per_second: Option<f64>,
    /// Sent with the group's operations. Default: nothing.
    pub priority: Option<PriorityLevel>,
    /// Sent with the group's operations; the service knows 1 to 5. Default: nothing.
    pub bucket: Option<u32>,
    /// Whether operations that name no group belong to this one. Default: no.
    pub is_default: bool,
}

/// What an operation itself says about its throughput.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Direct<'a> {
    /// Over the group's.
    pub priority: Option<PriorityLevel>,
    /// Over the group's.
    pub bucket: Option<u32>,
    /// The name of its group.
    pub group: Option<&'a str>,
}

/// What holds for an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Control {
    /// To send.
    pub priority: Option<PriorityLevel>,
    /// To send.
    pub bucket: Option<u32>,
    /// Whose meter to ask before the operation and to charge after it; none without a target.
    pub metered: Option<GroupId>,
}

/// A group of one [`Groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupId(usize);

/// All groups of a runtime. Groups are never removed.
#[derive(Debug, Default)]
pub struct Groups(Vec<Group>);

#[derive(Debug)]
struct Group {
    config: GroupConfig,
    meter: Option<Meter>,
}

impl Groups {
    /// Adds a group.
    ///
    /// # Errors
    /// `invalid-argument`: a name that is taken, a second default, a target that is no positive number, more than
    /// [`MAX_GROUPS`].
    pub fn register(&mut self, config: GroupConfig) -> Result<()> {
        if self.get(&config.name).is_some() {
            return Err(Error::invalid(format!(
                "there is a throughput group \"{}\" already: choose another name",
                config.name
            )));
        }
        if let Some(default) = self.default_group().filter(|_| config.is_default) {
            return Err(Error::invalid(format!(
                "the throughput group \"{}\" is the default already: there can be one only",
                default.config.name
            )));
        }
        if self.0.len() >= MAX_GROUPS {
            return Err(Error::invalid(format!(
                "there are {MAX_GROUPS} throughput groups, the most that a runtime takes"
            )));
        }
        let meter = config.target_ru_per_second.map(Meter::new).transpose()?;
        self.0.push(Group { config, meter });
        Ok(())
    }

    /// The group of this name.
    pub fn get(&self, name: &str) -> Option<&GroupConfig> {
        let found = self.0.iter().find(|group| group.config.name == name);
        found.map(|group| &group.config)
    }

    /// Changes what a group sends, for operations that begin later. Whether there is such a group.
    pub fn change(
        &mut self,
        name: &str,
        priority: Option<PriorityLevel>,
        bucket: Option<u32>,
    ) -> bool {
        let found = self.0.iter_mut().find(|group| group.config.name == name);
        let exists = found.is_some();
        if let Some(group) = found {
            group.config.priority = priority;
            group.config.bucket = bucket;
        }
        exists
    }

    /// What holds for an operation: field by field what it says itself, else what its group says. Its group is the one
    /// that it names, else the default one.
    ///
    /// # Errors
    /// `invalid-argument`: there is no group of that name.
    pub fn resolve(&self, direct: &Direct<'_>) -> Result<Control> {
        let own = Control {
            priority: direct.priority,
            bucket: direct.bucket,
            metered: None,
        };
        let belongs = |group: &Group| match direct.group {
            Some(name) => group.config.name == name,
            None => group.config.is_default,
        };
        match (self.0.iter().position(belongs), direct.group) {
            (Some(at), _) => Ok(self.over_group(own, at)),
            (None, None) => Ok(own),
            (None, Some(name)) => Err(Error::invalid(format!(
                "there is no throughput group \"{name}\": register it with the runtime first"
            ))),
        }
    }

    /// The meter of a group, none if it has no target.
    pub fn meter(&mut self, id: GroupId) -> Option<&mut Meter> {
        self.0.get_mut(id.0)?.meter.as_mut()
    }

    fn default_group(&self) -> Option<&Group> {
        self.0.iter().find(|group| group.config.is_default)
    }

    fn over_group(&self, own: Control, at: usize) -> Control {
        let Some(group) = self.0.get(at) else {
            return own;
        };
        Control {
            priority: own.priority.or(group.config.priority),
            bucket: own.bucket.or(group.config.bucket),
            metered: group.meter.is_some().then_some(GroupId(at)),
        }
    }
}

/// Whether an operation may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// At once.
    Go,
    /// Ask again after so long.
    Wait(Nanos),
}

/// Keeps a group at its target: a token bucket in RU, full at first, that holds one second of the target.
///
/// What an operation costs is known only afterwards. So it may start while the balance is above zero, and its charge
/// may put the balance below: later operations wait until that is paid off. On average the group keeps its target; a
/// burst may exceed it by what was under way.
///
/// There is no queue. Those who wait wake at about the same time, in no particular order, and one who waits may be
/// overtaken by a newcomer: nobody is served first, but nobody waits while the balance is above zero either.
///
/// It counts what this instance of the driver spends; others with the same target have a meter of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    /// In RU per second, and the capacity in RU.
    target: f64,
    /// In RU.
    balance: f64,
    /// When the balance was last brought up to date.
    at: Nanos,
}

impl Meter {
    /// A full bucket.
    ///
    /// # Errors
    /// `invalid-argument`: a target that is no positive number.
    pub fn new(target_ru_per_second: f64) -> Result<Self> {
        if !(target_ru_per_second.is_finite() && target_ru_per_second > 0.0) {
            return Err(Error::invalid(
                "the target of a throughput group is no positive number: give RU per second, or none for no limit",
            ));
        }
        Ok(Self {
            target: target_ru_per_second,
            balance: target_ru_per_second,
            at: 0,
        })
    }

    /// Whether an operation may start now. The wait lasts a millisecond longer than the debt, so that one is enough.
    pub fn admit(&mut self, now: Nanos) -> Admission {
        self.refill(now);
        if self.balance > 0.0 {
            return Admission::Go;
        }
        let seconds = -self.balance / self.target;
        // The conversion saturates.
        let wait = (seconds * SECOND as f64).ceil() as Nanos;
        Admission::Wait(wait.saturating_add(MILLI))
    }

    /// Takes what a request cost, in RU. What is no positive number costs nothing.
    pub fn charge(&mut self, ru: f64, now: Nanos) {
        self.refill(now);
        if ru.is_finite() && ru > 0.0 {
            self.balance -= ru;
        }
    }

    fn refill(&mut self, now: Nanos) {
        let elapsed = now.saturating_sub(self.at) as f64 / SECOND as f64;
        self.balance = (self.balance + elapsed * self.target).min(self.target);
        self.at = self.at.max(now);
    }
}
