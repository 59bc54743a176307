//! The inputs that wait for one physical partition, and when its next batch leaves.

use std::rc::Rc;

use super::Settings;
use super::limiter::Limiter;
use super::model::Item;
use crate::core::clock::Nanos;

/// The queue of one physical partition.
pub(super) struct Lane {
    /// The id of the partition key range.
    pub(super) range: Rc<str>,
    /// The inputs that wait, in input order: whoever is sent back keeps its place.
    waiting: Vec<usize>,
    /// Batches under way.
    under_way: u32,
    /// Nothing leaves before: the service asked to wait.
    not_before: Nanos,
    /// Nothing leaves before the ranges were read: this one may be gone.
    pub(super) held: bool,
    limiter: Limiter,
}

impl Lane {
    pub(super) fn new(range: Rc<str>, max_batches: u32) -> Self {
        Self {
            range,
            waiting: Vec::new(),
            under_way: 0,
            not_before: 0,
            held: false,
            limiter: Limiter::new(max_batches),
        }
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way == 0
    }

    /// Adds an input at its place.
    pub(super) fn add(&mut self, index: usize) {
        let place = self.waiting.partition_point(|other| *other < index);
        self.waiting.insert(place, index);
    }

    /// Takes all inputs away.
    pub(super) fn clear(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.waiting)
    }

    /// Lets nothing leave before.
    pub(super) fn pause(&mut self, until: Nanos) {
        self.not_before = self.not_before.max(until);
    }

    /// A batch was answered after so long.
    pub(super) fn answered(&mut self, took: Nanos, throttled: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        self.limiter.answered(took, throttled);
    }

    /// From when on the next batch may leave. None: not before an answer.
    pub(super) fn due(&self, items: &[Item], now: Nanos) -> Option<Nanos> {
        if self.held || self.waiting.is_empty() || self.under_way >= self.limiter.degree() {
            return None;
        }
        let mut due = Nanos::MAX;
        for item in self.waiting.iter().filter_map(|index| items.get(*index)) {
            due = due.min(item.not_before);
            if due <= now {
                break;
            }
        }
        Some(due.max(self.not_before))
    }

    /// Takes the inputs of the next batch: the first ones that are due, as many as fit. One fits always.
    pub(super) fn take(&mut self, items: &[Item], settings: &Settings, now: Nanos) -> Vec<usize> {
        let (mut taken, mut rest) = (Vec::new(), Vec::new());
        let (mut bytes, mut share) = (2_usize, settings.max_operations);
        let mut waiting = self.waiting.iter();
        for index in waiting.by_ref() {
            let Some(item) = items.get(*index).filter(|item| item.not_before <= now) else {
                rest.push(*index);
                continue;
            };
            let with_it = bytes.saturating_add(item.operation.len()).saturating_add(1);
            let fewer = share.min(item.share);
            if !taken.is_empty() && (taken.len() >= fewer || with_it > settings.max_batch_bytes) {
                rest.push(*index);
                break;
            }
            (bytes, share) = (with_it, fewer);
            taken.push(*index);
        }
        rest.extend_from_slice(waiting.as_slice());
        self.waiting = rest;
        self.under_way = self.under_way.saturating_add(1);
        taken
    }
}
