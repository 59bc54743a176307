//! Attempts grouped by region (spec driver-core §9.4).

use super::{Attempt, Diagnostics, ExecutionContext, Rollup, Tally};

/// What went to one region.
#[derive(Debug, PartialEq)]
pub struct Region<'a> {
    /// Canonical name, if known.
    pub name: Option<&'a str>,
    /// How many requests; without those that no roll-up counts any more.
    pub request_count: u32,
    /// Their sum, in RU.
    pub request_charge: f64,
    /// The first one; none if all were left out.
    pub first: Option<&'a Attempt>,
    /// The last one, if it is another.
    pub last: Option<&'a Attempt>,
    /// Those in between, alike ones together, in the order of their first.
    pub groups: Vec<Group<'a>>,
}

/// Requests of one region that were alike.
#[derive(Debug, PartialEq)]
pub struct Group<'a> {
    /// Where they went.
    pub endpoint: &'a str,
    /// HTTP status.
    pub status: Option<u16>,
    /// The service's sub-status.
    pub sub_status: Option<u32>,
    /// Why they were made.
    pub context: ExecutionContext,
    /// How many there were, and what they cost.
    pub tally: Tally,
}

impl Diagnostics {
    /// The attempts by region, sorted by name; what went to no known region comes first.
    pub fn summary(&self) -> Vec<Region<'_>> {
        let mut regions = Vec::new();
        for attempt in &self.attempts {
            if let Some(region) = region(&mut regions, attempt.region.as_deref()) {
                region.take(attempt);
            }
        }
        for run in self.compaction.iter().flat_map(|c| &c.runs) {
            if let Some(region) = region(&mut regions, run.region.as_deref()) {
                region.take_rollup(run);
            }
        }
        regions
    }
}

/// The place of a region; always there.
fn region<'r, 'a>(
    regions: &'r mut Vec<Region<'a>>,
    name: Option<&'a str>,
) -> Option<&'r mut Region<'a>> {
    let place = regions.partition_point(|region| region.name < name);
    if regions.get(place).is_none_or(|region| region.name != name) {
        let region = Region {
            name,
            request_count: 0,
            request_charge: 0.0,
            first: None,
            last: None,
            groups: Vec::new(),
        };
        regions.insert(place, region);
    }
    regions.get_mut(place)
}

impl<'a> Region<'a> {
    fn take(&mut self, attempt: &'a Attempt) {
        self.request_count = self.request_count.saturating_add(1);
        self.request_charge += attempt.request_charge;
        if self.first.is_none() {
            self.first = Some(attempt);
        } else if let Some(between) = self.last.replace(attempt) {
            let group = Group {
                endpoint: &between.endpoint,
                status: between.status,
                sub_status: between.sub_status,
                context: between.context,
                tally: Tally::default(),
            };
            if let Some(tally) = self.tally(group) {
                tally.add(between.duration_ms, between.request_charge);
            }
        }
    }

    fn take_rollup(&mut self, run: &'a Rollup) {
        self.request_count = self.request_count.saturating_add(run.tally.count);
        self.request_charge += run.tally.request_charge;
        let group = Group {
            endpoint: &run.endpoint,
            status: run.status,
            sub_status: run.sub_status,
            context: run.context,
            tally: Tally::default(),
        };
        if let Some(tally) = self.tally(group) {
            tally.absorb(&run.tally);
        }
    }

    /// The tally of the group that is like this one, which becomes the group if there is none; always there.
    fn tally(&mut self, group: Group<'a>) -> Option<&mut Tally> {
        let alike = |other: &Group<'_>| {
            (other.status, other.sub_status) == (group.status, group.sub_status)
                && other.context == group.context
                && other.endpoint == group.endpoint
        };
        let place = self.groups.iter().position(alike);
        let place = place.unwrap_or(self.groups.len());
        if place == self.groups.len() {
            self.groups.push(group);
        }
        self.groups.get_mut(place).map(|group| &mut group.tally)
    }
}
