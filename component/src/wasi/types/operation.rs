//! Operations with one answer.

use crate::core::Operation;
use crate::core::operation::{
    BulkOperations, Conditions, ContainerRef, ItemRef, PartitionKey, Precondition, RawRequest,
    ResourceAction, ResourceRef, Throughput,
};
use crate::wire::batch::{Action, BatchOperation};
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};

variant!(KeyComponent {
    0 => (): () => Self::Undefined,
    1 => (): () => Self::Null,
    2 => value: bool => Self::Boolean(value),
    3 => value: f64 => Self::Number(value),
    _ => value: String => Self::Text(value),
});

record!(ContainerRef {
    database: String,
    container: String,
});

record!(ItemRef {
    container: ContainerRef,
    id: String,
    key: PartitionKey,
});

variant!(Precondition {
    0 => etag: String => Self::IfMatch(etag),
    _ => etag: String => Self::IfNoneMatch(etag),
});

// The last fields of operations on an item.
record!(Conditions {
    precondition: Option<Precondition>,
    session_token: Option<String>,
});

variant!(PatchOperation {
    0 => value: PatchValue => Self::Add(value),
    1 => value: PatchValue => Self::Set(value),
    2 => value: PatchValue => Self::Replace(value),
    3 => path: String => Self::Remove(path),
    4 => value: PatchValue => Self::Increment(value),
    _ => (from, path): (String, String) => Self::Move { from, path },
});

record!(PatchValue {
    path: String,
    value: Vec<u8>,
});

variant!(Action {
    0 => item: Vec<u8> => Self::Create(item),
    1 => item: Vec<u8> => Self::Upsert(item),
    2 => (id, item): (String, Vec<u8>) => Self::Replace(id, item),
    3 => id: String => Self::Read(id),
    4 => id: String => Self::Delete(id),
    _ => (id, steps, condition): (String, Vec<PatchOperation>, Option<String>) =>
        Self::Patch(id, steps, condition),
});

record!(BatchOperation {
    action: Action,
    precondition: Option<Precondition>,
} => {
    let (if_match, if_none_match) = match precondition {
        None => (None, None),
        Some(Precondition::IfMatch(etag)) => (Some(etag), None),
        Some(Precondition::IfNoneMatch(etag)) => (None, Some(etag)),
    };
    Self { action, if_match, if_none_match }
});

record!(BulkOperations {
    container: ContainerRef,
    operations: Vec<(PartitionKey, BatchOperation)>,
    max_concurrency: Option<u32>,
});

variant!(Throughput {
    0 => rate: u32 => Self::Manual(rate),
    _ => rate: u32 => Self::Autoscale(rate),
});

variant!(Operation {
    0 => (container, key, body, conditions): (ContainerRef, PartitionKey, Vec<u8>, Conditions) =>
        Self::CreateItem { container, key, body, conditions },
    1 => (item, conditions): (ItemRef, Conditions) => Self::ReadItem { item, conditions },
    2 => (container, key, body, conditions): (ContainerRef, PartitionKey, Vec<u8>, Conditions) =>
        Self::UpsertItem { container, key, body, conditions },
    3 => (item, body, conditions): (ItemRef, Vec<u8>, Conditions) =>
        Self::ReplaceItem { item, body, conditions },
    4 => (item, conditions): (ItemRef, Conditions) => Self::DeleteItem { item, conditions },
    5 => (item, operations, read_modify_write, condition, conditions):
        (ItemRef, Vec<PatchOperation>, bool, Option<String>, Conditions) =>
        Self::PatchItem { item, operations, condition, conditions, read_modify_write },
    6 => (id, throughput): (String, Option<Throughput>) => Self::CreateDatabase { id, throughput },
    7 => id: String => Self::ReadDatabase { id },
    8 => id: String => Self::DeleteDatabase { id },
    9 => (database, definition, throughput): (String, Vec<u8>, Option<Throughput>) =>
        Self::CreateContainer { database, definition, throughput },
    10 => container: ContainerRef => Self::ReadContainer(container),
    11 => container: ContainerRef => Self::DeleteContainer(container),
    12 => (container, key, operations, session_token):
        (ContainerRef, PartitionKey, Vec<BatchOperation>, Option<String>) =>
        Self::ExecuteBatch { container, key, operations, session_token },
    13 => bulk: BulkOperations => Self::ExecuteBulk(bulk),
    14 => (container, definition, if_match, merge): (ContainerRef, Vec<u8>, Option<String>, bool) =>
        Self::ReplaceContainer { container, definition, if_match, merge },
    15 => (resource, action, precondition): (ResourceRef, ResourceAction, Option<Precondition>) =>
        Self::ManageResource { resource, action, precondition },
    16 => (database, container, throughput): (String, Option<String>, Option<Throughput>) =>
        Self::ManageThroughput { database, container, throughput },
    17 => (container, key): (ContainerRef, PartitionKey) => Self::ReadFeedRanges { container, key },
    _ => request: RawRequest => Self::SendRaw(request),
});
