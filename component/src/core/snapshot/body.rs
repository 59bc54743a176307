//! The bodies of the parts.

use std::rc::Rc;

use super::{Cursor, Writer};
use crate::core::container::Container;
use crate::core::ranges::{MAX_RANGES, RangeMap};
use crate::core::routing::topology::Topology;
use crate::wire::account::{AccountDocument, Consistency, Location};
use crate::wire::container::PartitionKeyDefinition;
use crate::wire::epk::{Epk, KeyHash};
use crate::wire::ranges::{PartitionKeyRange, Status};

const MULTI_WRITE: u8 = 1;
const PARTITION_FAILOVER: u8 = 2;
const HEDGING_DISABLED: u8 = 4;

const HASHES: [KeyHash; 3] = [KeyHash::V1, KeyHash::V2, KeyHash::Multi];

impl Writer {
    /// The account's regions. Without the etag: that is of the service's own order, and preferred regions come first here.
    pub fn account(&mut self, topology: &Topology) {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        self.bytes.push(
            flag(topology.multi_write, MULTI_WRITE)
                | flag(topology.per_partition_failover, PARTITION_FAILOVER)
                | flag(topology.hedging_disabled, HEDGING_DISABLED),
        );
        let level = |(_, level): &(&str, Consistency)| *level == topology.consistency;
        self.place(Consistency::ALL.iter().position(level));
        for targets in [&topology.hubs, &topology.reads] {
            self.number(targets.len() as u64);
            for target in targets {
                // The configured endpoint, which fills in where there is none, has no region.
                self.text(target.region.as_deref().unwrap_or_default());
                self.text(target.endpoint.url());
            }
        }
    }

    /// How a container forms its keys.
    pub fn container(&mut self, container: &Container) {
        let definition = &container.definition;
        let hash = |hash: &KeyHash| *hash == definition.hash;
        self.place(HASHES.iter().position(hash));
        self.bytes.push(u8::from(definition.system_key));
        self.number(definition.paths.len() as u64);
        for path in &definition.paths {
            self.text(path);
        }
    }

    /// Partition key ranges. Without the etag, which means something to one region alone, and without what the service
    /// does with them at the moment. Each ends where the next one begins.
    pub fn ranges(&mut self, map: &RangeMap) {
        self.number(map.ranges().len() as u64);
        for range in map.ranges() {
            self.text(&range.id);
            self.bytes(range.min.as_bytes());
            self.number(range.parents.len() as u64);
            for parent in &range.parents {
                self.text(parent);
            }
        }
    }

    /// A place in a table, of which there are few.
    fn place(&mut self, found: Option<usize>) {
        self.number(found.unwrap_or_default() as u64);
    }
}

/// Reads what [`Writer::account`] wrote.
pub fn account(mut body: Cursor<'_>) -> Option<AccountDocument> {
    let flags = body.byte();
    let (_, consistency) = *Consistency::ALL.get(usize::from(body.byte()))?;
    let document = AccountDocument {
        enable_multiple_write_locations: flags & MULTI_WRITE != 0,
        per_partition_failover: flags & PARTITION_FAILOVER != 0,
        hedging_disabled: Some(flags & HEDGING_DISABLED != 0),
        consistency,
        writable_locations: locations(&mut body),
        readable_locations: locations(&mut body),
        etag: None,
    };
    body.is_whole().then_some(document)
}

#[inline(never)]
fn locations(body: &mut Cursor<'_>) -> Vec<Location> {
    let mut locations = Vec::new();
    let mut left = body.number();
    while left > 0 && body.is_whole() {
        let (name, endpoint) = (body.id(), body.text());
        if !name.is_empty() {
            locations.push(Location {
                name: name.to_owned(),
                database_account_endpoint: endpoint.to_owned(),
            });
        }
        left = left.saturating_sub(1);
    }
    locations
}

/// Reads what [`Writer::container`] wrote of the container with this resource id.
pub fn container(rid: &str, mut body: Cursor<'_>) -> Option<Container> {
    let hash = *HASHES.get(usize::from(body.byte()))?;
    let system_key = body.byte() != 0;
    let mut paths = Vec::new();
    let mut left = body.number();
    while left > 0 && body.is_whole() {
        paths.push(body.text().to_owned());
        left = left.saturating_sub(1);
    }
    let container = Container {
        rid: rid.to_owned(),
        definition: PartitionKeyDefinition {
            paths,
            system_key,
            hash,
        },
    };
    body.is_whole().then_some(container)
}

/// Reads what [`Writer::ranges`] wrote; none if it is no complete map.
pub fn ranges(mut body: Cursor<'_>) -> Option<RangeMap> {
    let mut rows: Vec<PartitionKeyRange> = Vec::new();
    let mut left = body.number();
    while left > 0 && rows.len() < MAX_RANGES && body.is_whole() {
        let (id, min) = (name(&mut body), body.bytes());
        if let Some(last) = rows.last_mut() {
            last.max = point(min);
        }
        let mut parents = Vec::new();
        let mut parents_left = body.number();
        while parents_left > 0 && body.is_whole() {
            parents.push(name(&mut body));
            parents_left = parents_left.saturating_sub(1);
        }
        rows.push(PartitionKeyRange {
            id,
            min: point(min),
            max: Epk::MAX,
            parents,
            status: Status::Online,
        });
        left = left.saturating_sub(1);
    }
    if left > 0 || !body.is_whole() {
        return None;
    }
    RangeMap::build(rows, None).ok()
}

#[inline(never)]
fn name(body: &mut Cursor<'_>) -> Rc<str> {
    body.id().into()
}

#[inline(never)]
fn point(bytes: &[u8]) -> Epk {
    Epk::from(bytes.to_vec())
}
