//! The bodies of the parts.

use super::cursor::{Cursor, push_bytes, push_number};
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
const STATUSES: [Status; 4] = [
    Status::Online,
    Status::Splitting,
    Status::Offline,
    Status::Split,
];

/// The account's regions. Without the etag: that is of the service's own order, and preferred regions come first here.
pub fn of_account(topology: &Topology) -> Vec<u8> {
    let mut body = Vec::new();
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    body.push(
        flag(topology.multi_write, MULTI_WRITE)
            | flag(topology.per_partition_failover, PARTITION_FAILOVER)
            | flag(topology.hedging_disabled, HEDGING_DISABLED),
    );
    let level = |(_, level): &(&str, Consistency)| *level == topology.consistency;
    body.push(place(Consistency::ALL.iter().position(level)));
    for targets in [&topology.hubs, &topology.reads] {
        push_number(&mut body, targets.len() as u64);
        for target in targets {
            // The configured endpoint, which fills in where there is none, has no region.
            let region = target.region.as_deref().unwrap_or_default();
            push_bytes(&mut body, region.as_bytes());
            push_bytes(&mut body, target.endpoint.url().as_bytes());
        }
    }
    body
}

/// Reads what [`of_account`] wrote.
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

/// How a container forms its keys.
pub fn of_container(container: &Container) -> Vec<u8> {
    let definition = &container.definition;
    let mut body = Vec::new();
    let hash = |hash: &KeyHash| *hash == definition.hash;
    body.push(place(HASHES.iter().position(hash)));
    body.push(u8::from(definition.system_key));
    push_number(&mut body, definition.paths.len() as u64);
    for path in &definition.paths {
        push_bytes(&mut body, path.as_bytes());
    }
    body
}

/// Reads what [`of_container`] wrote of the container with this resource id.
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

/// Partition key ranges, without the etag, which means something to one region alone. Each ends where the next one
/// begins.
pub fn of_ranges(map: &RangeMap) -> Vec<u8> {
    let mut body = Vec::new();
    push_number(&mut body, map.ranges().len() as u64);
    for range in map.ranges() {
        push_bytes(&mut body, range.id.as_bytes());
        push_bytes(&mut body, range.min.as_bytes());
        let status = |status: &Status| *status == range.status;
        body.push(place(STATUSES.iter().position(status)));
        push_number(&mut body, range.parents.len() as u64);
        for parent in &range.parents {
            push_bytes(&mut body, parent.as_bytes());
        }
    }
    body
}

/// Reads what [`of_ranges`] wrote; none if it is no complete map.
pub fn ranges(mut body: Cursor<'_>) -> Option<RangeMap> {
    let mut rows: Vec<PartitionKeyRange> = Vec::new();
    let mut left = body.number();
    while left > 0 && rows.len() < MAX_RANGES && body.is_whole() {
        let id = body.id().into();
        let min = Epk::from(body.bytes().to_vec());
        if let Some(last) = rows.last_mut() {
            last.max = min.clone();
        }
        let status = *STATUSES.get(usize::from(body.byte()))?;
        let mut parents = Vec::new();
        let mut parents_left = body.number();
        while parents_left > 0 && body.is_whole() {
            parents.push(body.id().into());
            parents_left = parents_left.saturating_sub(1);
        }
        rows.push(PartitionKeyRange {
            id,
            min,
            max: Epk::MAX,
            parents,
            status,
        });
        left = left.saturating_sub(1);
    }
    if left > 0 || !body.is_whole() {
        return None;
    }
    RangeMap::build(rows, None).ok()
}

fn place(found: Option<usize>) -> u8 {
    found
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(0)
}
