//! The bodies of the parts.

use std::rc::Rc;

use super::Part;
use super::cursor::{Cursor, push_bytes, push_number};
use crate::core::container::Container;
use crate::core::operation::ContainerRef;
use crate::core::ranges::{MAX_RANGES, RangeMap};
use crate::wire::account::{AccountDocument, Consistency, Location};
use crate::wire::container::PartitionKeyDefinition;
use crate::wire::epk::{Epk, KeyHash};
use crate::wire::ranges::{PartitionKeyRange, Status};

const ACCOUNT: u8 = 1;
const AVOIDED: u8 = 2;
const SESSION: u8 = 3;
const CONTAINER: u8 = 4;
const RANGES: u8 = 5;

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

impl Part {
    /// Tag and body.
    pub(super) fn written(&self) -> (u8, Vec<u8>) {
        let mut body = Vec::new();
        let to = &mut body;
        let tag = match self {
            Self::Account { age, document } => {
                push_number(to, *age);
                push_account(to, document);
                ACCOUNT
            }
            Self::Avoided {
                age,
                writes_only,
                endpoint,
            } => {
                push_number(to, *age);
                to.push(u8::from(*writes_only));
                push_bytes(to, endpoint.as_bytes());
                AVOIDED
            }
            Self::Session { at, rid, token } => {
                push_name(to, at);
                push_bytes(to, rid.as_deref().unwrap_or_default().as_bytes());
                push_bytes(to, token.as_bytes());
                SESSION
            }
            Self::Container { at, container } => {
                push_name(to, at);
                push_container(to, container);
                CONTAINER
            }
            Self::Ranges { at, rid, ranges } => {
                push_name(to, at);
                push_bytes(to, rid.as_bytes());
                push_ranges(to, ranges);
                RANGES
            }
        };
        (tag, body)
    }

    /// None if the tag is not known or the body makes no sense.
    pub(super) fn read(tag: u8, mut body: Cursor<'_>) -> Option<Self> {
        let from = &mut body;
        Some(match tag {
            ACCOUNT => Self::Account {
                age: from.number()?,
                document: account(from)?,
            },
            AVOIDED => Self::Avoided {
                age: from.number()?,
                writes_only: from.byte()? != 0,
                endpoint: from.text()?.to_owned(),
            },
            SESSION => Self::Session {
                at: name(from)?,
                rid: Some(from.id()?.to_owned()).filter(|rid| !rid.is_empty()),
                token: from.id()?.to_owned(),
            },
            CONTAINER => Self::Container {
                at: name(from)?,
                container: Rc::new(container(from)?),
            },
            RANGES => Self::Ranges {
                at: name(from)?,
                rid: from.id()?.to_owned(),
                ranges: Rc::new(ranges(from)?),
            },
            _ => return None,
        })
    }
}

fn push_name(to: &mut Vec<u8>, at: &ContainerRef) {
    push_bytes(to, at.database.as_bytes());
    push_bytes(to, at.container.as_bytes());
}

fn name(from: &mut Cursor<'_>) -> Option<ContainerRef> {
    Some(ContainerRef {
        database: from.text()?.to_owned(),
        container: from.text()?.to_owned(),
    })
}

fn push_account(to: &mut Vec<u8>, document: &AccountDocument) {
    let mut flags = 0;
    for (flag, set) in [
        (MULTI_WRITE, document.enable_multiple_write_locations),
        (PARTITION_FAILOVER, document.per_partition_failover),
        (HEDGING_DISABLED, document.hedging_disabled == Some(true)),
    ] {
        if set {
            flags |= flag;
        }
    }
    to.push(flags);
    let mut levels = Consistency::ALL.iter();
    let level = levels.position(|(_, level)| *level == document.consistency);
    to.push(level.unwrap_or_default() as u8);
    for locations in [&document.writable_locations, &document.readable_locations] {
        push_number(to, locations.len() as u64);
        for location in locations {
            push_bytes(to, location.name.as_bytes());
            push_bytes(to, location.database_account_endpoint.as_bytes());
        }
    }
}

fn account(from: &mut Cursor<'_>) -> Option<AccountDocument> {
    let flags = from.byte()?;
    let (_, consistency) = Consistency::ALL.get(usize::from(from.byte()?))?;
    Some(AccountDocument {
        enable_multiple_write_locations: flags & MULTI_WRITE != 0,
        per_partition_failover: flags & PARTITION_FAILOVER != 0,
        hedging_disabled: Some(flags & HEDGING_DISABLED != 0),
        consistency: *consistency,
        writable_locations: locations(from)?,
        readable_locations: locations(from)?,
        etag: None,
    })
}

fn locations(from: &mut Cursor<'_>) -> Option<Vec<Location>> {
    let mut locations = Vec::new();
    for _ in 0..from.number()? {
        locations.push(Location {
            name: from.id()?.to_owned(),
            database_account_endpoint: from.text()?.to_owned(),
        });
    }
    Some(locations)
}

fn push_container(to: &mut Vec<u8>, container: &Container) {
    let definition = &container.definition;
    push_bytes(to, container.rid.as_bytes());
    to.push(place(&HASHES, &definition.hash));
    to.push(u8::from(definition.system_key));
    push_number(to, definition.paths.len() as u64);
    for path in &definition.paths {
        push_bytes(to, path.as_bytes());
    }
}

fn container(from: &mut Cursor<'_>) -> Option<Container> {
    let rid = from.id()?.to_owned();
    let hash = *HASHES.get(usize::from(from.byte()?))?;
    let system_key = from.byte()? != 0;
    let mut paths = Vec::new();
    for _ in 0..from.number()? {
        paths.push(from.text()?.to_owned());
    }
    Some(Container {
        rid,
        definition: PartitionKeyDefinition {
            paths,
            system_key,
            hash,
        },
    })
}

/// Each range ends where the next one begins.
fn push_ranges(to: &mut Vec<u8>, map: &RangeMap) {
    push_number(to, map.ranges().len() as u64);
    for range in map.ranges() {
        push_bytes(to, range.id.as_bytes());
        push_bytes(to, range.min.as_bytes());
        to.push(place(&STATUSES, &range.status));
        push_number(to, range.parents.len() as u64);
        for parent in &range.parents {
            push_bytes(to, parent.as_bytes());
        }
    }
}

fn ranges(from: &mut Cursor<'_>) -> Option<RangeMap> {
    let count = from.number()?;
    if count > MAX_RANGES as u64 {
        return None;
    }
    let mut rows: Vec<PartitionKeyRange> = Vec::new();
    for _ in 0..count {
        let id = from.id()?.into();
        let min = Epk::from(from.bytes()?.to_vec());
        let status = *STATUSES.get(usize::from(from.byte()?))?;
        let mut parents = Vec::new();
        for _ in 0..from.number()? {
            parents.push(from.id()?.into());
        }
        if let Some(last) = rows.last_mut() {
            last.max = min.clone();
        }
        rows.push(PartitionKeyRange {
            id,
            min,
            max: Epk::MAX,
            parents,
            status,
        });
    }
    RangeMap::build(rows, None).ok()
}

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let place = all.iter().position(|other| other == one);
    place.unwrap_or_default() as u8
}
