//! Fault injection: rules that make requests fail on purpose, for tests of what is built on the driver
//! (spec driver-core §10).
//!
//! Rules are consulted once for every attempt, below all retries: a call that is sent four times meets its rule four
//! times.

mod evaluate;
mod rule;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::rc::Rc;

pub use evaluate::{Applied, Effect, Evaluation, FaultRequest, Record, Reservation};
pub use rule::{
    CustomResponse, FaultCondition, FaultError, FaultOperation, FaultResult, FaultRule,
};

use super::error::{Error, Result};
use crate::wire::region;

/// How many rules a driver takes.
pub const MAX_RULES: usize = 64;

/// All rules of a driver, in the order in which they were added: the first that matches is applied.
#[derive(Debug, Default)]
pub struct Faults {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    rule: FaultRule,
    /// Shared with reservations, which may outlive the rule.
    hits: Rc<Cell<u32>>,
}

impl Faults {
    /// Adds a rule behind the others, with no hits. Its region becomes canonical.
    ///
    /// # Errors
    /// `invalid-argument`: another rule has this id, or there are [`MAX_RULES`] already.
    pub fn add(&mut self, mut rule: FaultRule) -> Result<()> {
        if self.find(&rule.id).is_some() {
            return Err(Error::invalid(format!(
                "there is a fault rule \"{}\" already: remove it first, or choose another id",
                rule.id
            )));
        }
        if self.entries.len() >= MAX_RULES {
            return Err(Error::invalid(format!(
                "there are {MAX_RULES} fault rules, the most that a driver takes: remove one first"
            )));
        }
        if let Some(name) = &mut rule.condition.region {
            *name = region::canonical(name);
        }
        self.entries.push(Entry {
            rule,
            hits: Rc::default(),
        });
        Ok(())
    }

    /// Turns a rule on or off, whether there is one of this id. What it is applied to already goes on.
    pub fn set_enabled(&mut self, id: &str, enabled: bool) -> bool {
        let found = self.entries.iter_mut().find(|entry| &*entry.rule.id == id);
        let exists = found.is_some();
        if let Some(entry) = found {
            entry.rule.enabled = enabled;
        }
        exists
    }

    /// How often a rule was applied, reservations included; none if there is no rule of this id.
    pub fn hits(&self, id: &str) -> Option<u32> {
        self.find(id).map(|entry| entry.hits.get())
    }

    /// Removes a rule with its hits, whether there was one of this id.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| &*entry.rule.id != id);
        self.entries.len() < before
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn find(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.rule.id == id)
    }
}
