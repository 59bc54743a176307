//! The inputs that wait for one physical partition, and when its next batch leaves.

use std::rc::Rc;

use super::Settings;
use super::limiter::Limiter;
use super::window::Window;
use crate::core::clock::Nanos;

/// The queue of one physical partition.
#[derive(Debug)]
pub(super) struct Lane {
    /// The id of the partition key range.
    pub(super) range: Rc<str>,
    /// The inputs that wait, in input order: whoever is sent back keeps its place.
    waiting: Vec<u64>,
    /// Batches under way.
    under_way: u32,
    /// Nothing leaves before: the service asked to wait.
    not_before: Nanos,
    limiter: Limiter,
}

impl Lane {
    pub(super) fn new(range: Rc<str>, max_batches: u32) -> Self {
        Self {
            range,
            waiting: Vec::new(),
            under_way: 0,
            not_before: 0,
            limiter: Limiter::new(max_batches),
        }
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way == 0
    }

    /// Adds an input at its place.
    pub(super) fn add(&mut self, index: u64) {
        let place = self.waiting.partition_point(|other| *other < index);
        self.waiting.insert(place, index);
    }

    /// Takes all inputs away.
    pub(super) fn clear(&mut self) -> Vec<u64> {
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

    /// When the next batch leaves: as soon as it is full, its oldest input is old enough, or (`hurry`) nothing more will
    /// come. None: not before an answer, or another input.
    pub(super) fn due(
        &self,
        window: &Window,
        settings: &Settings,
        hurry: bool,
        now: Nanos,
    ) -> Option<Nanos> {
        if self.waiting.is_empty() || self.under_way >= self.limiter.degree() {
            return None;
        }
        let (mut due, mut count, mut bytes) = (Nanos::MAX, 0_usize, 0_usize);
        for item in self.waiting.iter().filter_map(|index| window.get(*index)) {
            let age = if hurry { 0 } else { settings.max_age };
            due = due.min(item.since.saturating_add(age).max(item.not_before));
            if item.not_before <= now {
                count = count.saturating_add(1);
                bytes = bytes.saturating_add(item.operation.len());
            }
            if count >= settings.max_operations || bytes >= settings.max_batch_bytes {
                due = now;
                break;
            }
        }
        Some(due.max(self.not_before))
    }

    /// Takes the inputs of the next batch: the first ones that are due, as many as fit. One fits always.
    pub(super) fn take(&mut self, window: &Window, settings: &Settings, now: Nanos) -> Vec<u64> {
        let (mut taken, mut rest) = (Vec::new(), Vec::new());
        let (mut bytes, mut share, mut full) = (2_usize, settings.max_operations, false);
        for index in std::mem::take(&mut self.waiting) {
            let Some(item) = window.get(index) else {
                continue;
            };
            if full || item.not_before > now {
                rest.push(index);
                continue;
            }
            let with_it = bytes.saturating_add(item.operation.len()).saturating_add(1);
            let fewer = share.min(item.share);
            full =
                !taken.is_empty() && (taken.len() >= fewer || with_it > settings.max_batch_bytes);
            if full {
                rest.push(index);
                continue;
            }
            (bytes, share) = (with_it, fewer);
            taken.push(index);
        }
        self.waiting = rest;
        self.under_way = self.under_way.saturating_add(1);
        taken
    }
}
