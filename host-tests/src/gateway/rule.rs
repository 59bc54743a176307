//! What a test does to requests before the account sees them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::answer::Answer;
use crate::scripted::{Gate, Seen, Step};

/// What happens to a request.
#[derive(Clone, Debug)]
pub struct Effect(pub(super) Deed);

#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// The account serves it once the gate is open.
    Hold(Gate),
    /// The account serves it, and this comes instead of the answer.
    Lose(Step),
    /// This comes, and the account does nothing.
    Refuse(Answer),
    /// This comes, and the account does nothing.
    Play(Step),
}

impl Effect {
    /// Reads the request, and serves it when the gate is open.
    pub fn after(gate: &Gate) -> Self {
        Self(Deed::Hold(gate.clone()))
    }

    /// A refusal in the shape of the service. Sub-status 0 is not sent.
    pub fn refuse(status: u16, sub_status: u32) -> Self {
        let answer = Answer::refusal(status, sub_status, "Refused by a rule of the test.");
        Self(Deed::Refuse(answer))
    }

    /// Adds a header to a refusal.
    pub fn header(self, name: &str, value: &str) -> Self {
        match self.0 {
            Deed::Refuse(answer) => Self(Deed::Refuse(answer.header(name, value))),
            other => Self(other),
        }
    }

    /// Serves the request and sends this instead of the answer: a write is applied and its answer lost.
    pub fn served_then(step: Step) -> Self {
        Self(Deed::Lose(step))
    }
}

/// Bytes, silence, or the end of the connection. The account does nothing.
impl From<Step> for Effect {
    fn from(step: Step) -> Self {
        Self(Deed::Play(step))
    }
}

/// A rule at work. Dropping the handle changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Rule(Arc<AtomicU64>);

impl Rule {
    /// How many requests the rule has acted on.
    pub fn hits(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

type Test = Box<dyn Fn(&Seen) -> bool + Send>;

/// All rules, the oldest first.
#[derive(Default)]
pub(super) struct Rules(Vec<Entry>);

struct Entry {
    about: Test,
    times: u64,
    effect: Effect,
    rule: Rule,
}

impl Rules {
    pub(super) fn add(&mut self, about: Test, times: u64, effect: Effect) -> Rule {
        let rule = Rule::default();
        self.0.push(Entry {
            about,
            times,
            effect,
            rule: rule.clone(),
        });
        rule
    }

    /// The effect of the oldest rule that is about the request and not used up, which counts.
    pub(super) fn effect(&self, request: &Seen) -> Option<Effect> {
        let mut open = self.0.iter().filter(|one| one.rule.hits() < one.times);
        let acting = open.find(|entry| (entry.about)(request))?;
        acting.rule.0.fetch_add(1, Ordering::Relaxed);
        Some(acting.effect.clone())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rules", self.0.len())
    }
}
