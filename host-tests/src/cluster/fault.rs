//! What goes wrong on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::Method;

use super::answer::Answer;
use crate::scripted::{Gate, Seen, Step};

/// The requests that a rule is about. What is not said matches anything.
#[derive(Clone, Debug, Default)]
#[must_use = "a match does nothing before a rule has it"]
pub struct Match {
    method: Option<Method>,
    path: Option<String>,
    whole_path: Option<String>,
    headers: Vec<(String, Option<String>)>,
    skip: u64,
    times: Option<u64>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// `GET /`: the account document.
    pub fn account() -> Self {
        let mut account = Self::any().method(Method::GET);
        account.whole_path = Some("/".to_owned());
        account
    }

    /// Requests with this verb.
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Requests whose path, as sent, contains this text.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Requests that have this header.
    pub fn header(mut self, name: &str) -> Self {
        self.headers.push((name.to_owned(), None));
        self
    }

    /// Requests whose header is exactly this.
    pub fn header_is(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// Only the `n`th of these requests, from 1.
    pub fn nth(self, n: u64) -> Self {
        self.skip(n.saturating_sub(1)).times(1)
    }

    /// Not the first `n` of these requests.
    pub fn skip(mut self, n: u64) -> Self {
        self.skip = n;
        self
    }

    /// Only so many of these requests. Default: all.
    pub fn times(mut self, n: u64) -> Self {
        self.times = Some(n);
        self
    }

    fn fits(&self, request: &Seen) -> bool {
        let (method, path) = (self.method.as_ref(), self.path.as_ref());
        let whole_path = self.whole_path.as_ref();
        method.is_none_or(|method| *method == request.method)
            && path.is_none_or(|part| request.path.contains(part))
            && whole_path.is_none_or(|path| *path == request.path)
            && self.headers.iter().all(|(name, value)| match value {
                Some(value) => request.header(name) == Some(value),
                None => request.headers.contains_key(name),
            })
    }
}

/// What happens to a request that a rule matches.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Nothing happens before it is open; the request has been read by then.
    pub(super) gate: Option<Gate>,
    pub(super) deed: Deed,
}

#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// The region serves the request.
    Serve,
    /// It serves it and holds the answer's body back.
    HoldBody(Gate),
    /// It serves it, and this comes instead of the answer.
    Lose(Step),
    /// This comes, and the region does nothing.
    Play(Step),
    /// The region refuses.
    Refuse(Answer),
}

impl Effect {
    /// The region serves the request as if there were no rule: for [`after`](Self::after), and to count.
    pub fn serve() -> Self {
        Self::new(Deed::Serve)
    }

    /// A refusal in the shape of the service. Sub-status 0 is not sent. The region's data stays as it is.
    pub fn refuse(status: u16, sub_status: u32) -> Self {
        let answer = Answer::refusal(status, sub_status, "Refused by a rule of the test.");
        Self::new(Deed::Refuse(answer))
    }

    /// The region serves the request, and the client gets this instead of the answer: a write is applied and its
    /// answer lost.
    pub fn served_then(step: Step) -> Self {
        Self::new(Deed::Lose(step))
    }

    /// The region serves the request and sends the head of its answer; the body comes when the gate is open.
    pub fn slow_body(gate: &Gate) -> Self {
        Self::new(Deed::HoldBody(gate.clone()))
    }

    /// Adds a header to a refusal, or replaces it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Deed::Refuse(answer) = self.deed {
            self.deed = Deed::Refuse(answer.header(name, value));
        }
        self
    }

    /// Replaces the body of a refusal.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Deed::Refuse(answer) = self.deed {
            self.deed = Deed::Refuse(answer.body(body));
        }
        self
    }

    /// Reads the request, and then does nothing before the gate is open.
    pub fn after(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    fn new(deed: Deed) -> Self {
        Self { gate: None, deed }
    }
}

/// Bytes, silence, or the end of the connection. The region's data stays as it is.
impl From<Step> for Effect {
    fn from(step: Step) -> Self {
        Self::new(Deed::Play(step))
    }
}

/// A rule at work. Dropping the handle changes nothing.
#[derive(Clone, Debug)]
pub struct Rule(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    matched: AtomicU64,
    hits: AtomicU64,
    stopped: AtomicBool,
}

impl Rule {
    /// How many requests the rule has acted on.
    pub fn hits(&self) -> u64 {
        self.0.hits.load(Ordering::Relaxed)
    }

    /// Ends the rule. What it holds at a gate stays held.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }
}

/// All rules, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// None: every site.
    site: Option<usize>,
    about: Match,
    effect: Effect,
    rule: Rule,
}

impl Rules {
    pub(super) fn add(&mut self, site: Option<usize>, about: Match, effect: Effect) -> Rule {
        let rule = Rule(Arc::default());
        self.0.push(Entry {
            site,
            about,
            effect,
            rule: rule.clone(),
        });
        rule
    }

    /// The effect on a request: that of the oldest rule that matches it and is not used up.
    pub(super) fn effect(&self, site: usize, request: &Seen) -> Effect {
        let acting = self.0.iter().find(|entry| entry.acts(site, request));
        acting.map_or_else(Effect::serve, |entry| entry.effect.clone())
    }
}

impl Entry {
    /// Whether the rule acts on the request, which counts.
    fn acts(&self, site: usize, request: &Seen) -> bool {
        let counters = &self.rule.0;
        let used_up = self
            .about
            .times
            .is_some_and(|times| self.rule.hits() >= times);
        if used_up
            || counters.stopped.load(Ordering::Relaxed)
            || self.site.is_some_and(|only| only != site)
            || !self.about.fits(request)
        {
            return false;
        }
        let acts = counters.matched.fetch_add(1, Ordering::Relaxed) >= self.about.skip;
        counters.hits.fetch_add(u64::from(acts), Ordering::Relaxed);
        acts
    }
}
