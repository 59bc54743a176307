//! The containers that this driver has met: definitions and partition key ranges, each fetched once.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

use super::single_flight::SingleFlight;
use crate::core::clock::{Nanos, SECOND};
use crate::core::container::Container;
use crate::core::operation::ContainerRef;
use crate::core::ranges::RangeMap;

/// Containers kept; beyond it they are forgotten and read again as needed.
pub(super) const MAX_CONTAINERS: usize = 1024;

/// Between two tries to read partition key ranges that operations wait for.
const RANGES_PAUSE: Nanos = 30 * SECOND;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Containers {
    /// Sorted by name.
    known: RefCell<Vec<(ContainerRef, Rc<Known>)>>,
    /// Whether ranges were ever missed: otherwise no operation need look.
    missed: Cell<bool>,
}

/// What is known of one container.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) definition: SingleFlight<Container>,
    pub(super) ranges: RefCell<Rc<SingleFlight<RangeMap>>>,
    /// Whether an operation would have fared better with the ranges.
    pub(super) ranges_missed: Cell<bool>,
    /// When reading the ranges failed last.
    ranges_failed: Cell<Option<Nanos>>,
}

impl Containers {
    /// The container's entry, made if it is not there.
    pub(super) fn entry(&self, at: &ContainerRef) -> Rc<Known> {
        let mut containers = self.known.borrow_mut();
        let place = match containers.binary_search_by(|(known, _)| known.cmp(at)) {
            Ok(place) => place,
            Err(_) if containers.len() >= MAX_CONTAINERS => {
                containers.clear();
                0
            }
            Err(place) => place,
        };
        match containers.get(place) {
            Some((name, known)) if name == at => Rc::clone(known),
            _ => {
                let known = Rc::<Known>::default();
                containers.insert(place, (at.clone(), Rc::clone(&known)));
                known
            }
        }
    }

    /// The container's entry, made if it is not there and there is room for it.
    pub(super) fn entry_if_room(&self, at: &ContainerRef) -> Option<Rc<Known>> {
        let full = self.known.borrow().len() >= MAX_CONTAINERS;
        (!full || self.definition_of(at).is_some()).then(|| self.entry(at))
    }

    /// All of them, by name. They must not change meanwhile.
    pub(super) fn all(&self) -> Ref<'_, Vec<(ContainerRef, Rc<Known>)>> {
        self.known.borrow()
    }

    /// The definition, if it has been read.
    pub(super) fn definition_of(&self, at: &ContainerRef) -> Option<Rc<Container>> {
        let containers = self.known.borrow();
        let place = containers.binary_search_by(|(name, _)| name.cmp(at)).ok()?;
        let (_, known) = containers.get(place)?;
        known.definition.ready()
    }

    /// The partition key ranges, if they have been read.
    pub(super) fn ranges_of(&self, at: &ContainerRef) -> Option<Rc<RangeMap>> {
        let containers = self.known.borrow();
        let place = containers.binary_search_by(|(name, _)| name.cmp(at)).ok()?;
        let (_, known) = containers.get(place)?;
        known.ranges.borrow().ready()
    }

    /// The container's entry, if somebody missed its ranges and nobody has fetched them.
    pub(super) fn missing_ranges(&self, at: &ContainerRef) -> Option<Rc<Known>> {
        if !self.missed.get() {
            return None;
        }
        let containers = self.known.borrow();
        let place = containers.binary_search_by(|(name, _)| name.cmp(at)).ok()?;
        let (_, known) = containers.get(place)?;
        known.ranges_missed.get().then(|| Rc::clone(known))
    }

    /// Whether the ranges are still to be read; not right after that failed, because operations find their way without.
    pub(super) fn lacks_ranges(&self, at: &ContainerRef, now: Nanos) -> bool {
        let known = self.entry(at);
        let failed = known.ranges_failed.get();
        let tried = failed.is_some_and(|failed| now.saturating_sub(failed) < RANGES_PAUSE);
        !tried && known.ranges.borrow().ready().is_none()
    }

    /// Reading the ranges failed at `now`.
    pub(super) fn ranges_failed(&self, at: &ContainerRef, now: Nanos) {
        self.entry(at).ranges_failed.set(Some(now));
    }

    /// An operation would have fared better with the ranges.
    pub(super) fn miss_ranges(&self, at: &ContainerRef) {
        self.missed.set(true);
        self.entry(at).ranges_missed.set(true);
    }

    /// Drops the ranges, which have moved.
    pub(super) fn forget_ranges(&self, at: &ContainerRef) {
        self.entry(at).ranges.replace(Rc::default());
    }

    /// Drops what may be outdated or is gone.
    pub(super) fn forget(&self, at: &ContainerRef) {
        self.known.borrow_mut().retain(|(name, _)| name != at);
    }

    /// Drops all containers of a database.
    pub(super) fn forget_database(&self, id: &str) {
        self.known
            .borrow_mut()
            .retain(|(name, _)| name.database != id);
    }
}
