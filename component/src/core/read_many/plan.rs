//! From things to look for to requests (spec data-plane §4.2, steps 3 to 5; §4.5).

use std::rc::Rc;

use super::super::error::{Error, ErrorKind, Result};
use super::super::ranges::RangeMap;
use super::input::{Entry, ItemId};
use super::{Ask, Pending, ReadMany, Unit, UnitId};
use crate::wire::epk_range::EpkRange;
use crate::wire::id;
use crate::wire::link::ResourceType;
use crate::wire::ranges::PartitionKeyRange;
use crate::wire::read_many_query::Wanted;

/// A query asks for at most so many things.
const MAX_ENTRIES: usize = 1000;

/// A query's body ends at about this many bytes. The service takes 512 KiB of text.
const MAX_BODY_BYTES: usize = 256 << 10;

/// What lies in one physical partition.
struct Group {
    range: Rc<PartitionKeyRange>,
    entries: Vec<u32>,
}

impl ReadMany {
    /// Adds the requests for entries, as far as they lie in the slice.
    pub(super) fn plan(
        &mut self,
        entries: &[u32],
        within: &EpkRange,
        ranges: &RangeMap,
    ) -> Result<()> {
        for Group { range, entries } in self.group(entries, within, ranges)? {
            let mut slice = EpkRange {
                min: range.min.clone(),
                max: range.max.clone(),
            };
            if self.sliced
                && let Some(part) = slice.intersection(within)
            {
                slice = part;
            }
            if let Some(item) = self.alone(&entries) {
                self.add(slice, Ask::Item(item), entries);
                continue;
            }
            let mut rest = entries.as_slice();
            while !rest.is_empty() {
                let (chunk, after) = self.chunk(rest);
                let body = Rc::new(self.fields.body(&self.texts(chunk))?);
                let continuation = None;
                self.add(
                    slice.clone(),
                    Ask::Query { body, continuation },
                    chunk.to_vec(),
                );
                rest = after;
            }
        }
        Ok(())
    }

    /// Lets the parts of a slice go on where the whole was.
    pub(super) fn divide(&mut self, unit: &Unit, entries: &[u32], ranges: &RangeMap) {
        for tile in ranges.tiles(&unit.slice) {
            let part = tile.slice;
            let lies_in = |place: &u32| {
                let entry = self.entry(*place);
                entry.is_some_and(|entry| entry.reaches_into(&part))
            };
            let entries: Vec<u32> = entries.iter().copied().filter(lies_in).collect();
            if !entries.is_empty() {
                self.add(part, unit.ask.clone(), entries);
            }
        }
    }

    /// Entries by physical partition. Those of whole beginnings of keys are in each partition that they reach into.
    fn group(&self, entries: &[u32], within: &EpkRange, ranges: &RangeMap) -> Result<Vec<Group>> {
        let mut groups: Vec<Group> = Vec::new();
        for place in entries {
            let Some(entry) = self.entry(*place) else {
                continue;
            };
            let found = if entry.is_point() {
                ranges.lookup(&entry.slice.min).map(std::slice::from_ref)
            } else {
                let part = entry.slice.intersection(within);
                part.map(|part| ranges.overlapping(&part.min, &part.max))
            };
            let unplaced = || {
                Error::new(
                    ErrorKind::Service,
                    "no partition holds a key that was asked for",
                )
            };
            for range in found.ok_or_else(unplaced)? {
                // Entries and partitions are in the same order, so that the group is the last one, or a new one.
                match groups
                    .iter_mut()
                    .rev()
                    .find(|group| group.range.id == range.id)
                {
                    Some(group) => group.entries.push(*place),
                    None => groups.push(Group {
                        range: Rc::clone(range),
                        entries: vec![*place],
                    }),
                }
            }
        }
        Ok(groups)
    }

    /// The item, if it is only one, and has an id that a URL can carry.
    fn alone(&self, entries: &[u32]) -> Option<ItemId> {
        let [only] = entries else { return None };
        let entry = self.entry(*only)?;
        let id = entry.id.clone()?;
        id::check(ResourceType::Item, &id).ok()?;
        let key = entry.key.clone();
        Some(ItemId { id, key })
    }

    /// As many entries as one query takes, and the rest.
    fn chunk<'a>(&self, entries: &'a [u32]) -> (&'a [u32], &'a [u32]) {
        let (mut count, mut bytes) = (0_usize, 0_usize);
        for wanted in self.texts(entries.get(..MAX_ENTRIES).unwrap_or(entries)) {
            bytes = bytes.saturating_add(self.fields.cost(&wanted));
            if count > 0 && bytes > MAX_BODY_BYTES {
                break;
            }
            count = count.saturating_add(1);
        }
        // At least one, so that this ends.
        entries
            .split_at_checked(count.max(1))
            .unwrap_or((entries, &[]))
    }

    fn texts(&self, entries: &[u32]) -> Vec<Wanted<'_>> {
        let mut texts = Vec::with_capacity(entries.len());
        for entry in entries.iter().filter_map(|place| self.entry(*place)) {
            texts.push(Wanted {
                id: entry.id.as_deref(),
                key: &entry.key,
            });
        }
        texts
    }

    fn entry(&self, place: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(place).ok()?)
    }

    fn add(&mut self, slice: EpkRange, ask: Ask, entries: Vec<u32>) {
        let id = UnitId(self.next_unit);
        self.next_unit = self.next_unit.saturating_add(1);
        let unit = Unit { id, slice, ask };
        let repairs = 0;
        self.units.push(Pending {
            unit,
            entries,
            repairs,
        });
    }
}
