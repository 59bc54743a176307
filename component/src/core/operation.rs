//! The singleton operations: one answer, no paging.

use std::fmt;

use super::batch;
pub use super::control::raw::RawRequest;
pub use super::control::resource::{ResourceAction, ResourceKind, ResourceRef};
use crate::wire::batch::BatchOperation;
use crate::wire::key::KeyComponent;
pub use crate::wire::offer::Throughput;
use crate::wire::patch::PatchOperation;

/// A complete partition key value, one component for each path.
pub type PartitionKey = Vec<KeyComponent>;

/// Names a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerRef {
    /// The database's id.
    pub database: String,
    /// The container's id.
    pub container: String,
}

/// Names an item.
#[derive(Clone, PartialEq)]
pub struct ItemRef {
    /// Where it lives.
    pub container: ContainerRef,
    /// Its id.
    pub id: String,
    /// Its complete partition key value.
    pub key: PartitionKey,
}

/// Ties an operation to the item's etag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Only if the item still has this etag.
    IfMatch(String),
    /// Only if the item has another etag.
    IfNoneMatch(String),
}

/// What a single item operation depends on besides the item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The etag condition.
    pub precondition: Option<Precondition>,
    /// A session token, sent as it is.
    pub session_token: Option<String>,
}

/// A singleton operation. Names and semantics are those of `wit/types.wit`.
#[derive(Clone, PartialEq)]
#[allow(missing_docs)] // the fields say what they are
pub enum Operation {
    /// Creates an item.
    CreateItem {
        container: ContainerRef,
        key: PartitionKey,
        body: Vec<u8>,
        conditions: Conditions,
    },
    /// Reads an item.
    ReadItem {
        item: ItemRef,
        conditions: Conditions,
    },
    /// Creates or replaces an item.
    UpsertItem {
        container: ContainerRef,
        key: PartitionKey,
        body: Vec<u8>,
        conditions: Conditions,
    },
    /// Replaces an item.
    ReplaceItem {
        item: ItemRef,
        body: Vec<u8>,
        conditions: Conditions,
    },
    /// Deletes an item.
    DeleteItem {
        item: ItemRef,
        conditions: Conditions,
    },
    /// Changes parts of an item: on the server, or here between a read and a replace.
    PatchItem {
        item: ItemRef,
        operations: Vec<PatchOperation>,
        condition: Option<String>,
        conditions: Conditions,
        read_modify_write: bool,
    },
    /// Creates a database.
    CreateDatabase {
        id: String,
        throughput: Option<Throughput>,
    },
    /// Reads a database.
    ReadDatabase { id: String },
    /// Deletes a database.
    DeleteDatabase { id: String },
    /// Creates a container.
    CreateContainer {
        database: String,
        definition: Vec<u8>,
        throughput: Option<Throughput>,
    },
    /// Reads a container.
    ReadContainer(ContainerRef),
    /// Deletes a container.
    DeleteContainer(ContainerRef),
    /// Carries out all operations on items of one key, or none of them.
    ExecuteBatch {
        container: ContainerRef,
        key: PartitionKey,
        operations: Vec<BatchOperation>,
        session_token: Option<String>,
    },
    /// Carries out many operations, each for itself.
    ExecuteBulk(BulkOperations),
    /// Replaces a container's definition; `merge` keeps what the new one does not name.
    ReplaceContainer {
        container: ContainerRef,
        definition: Vec<u8>,
        if_match: Option<String>,
        merge: bool,
    },
    /// Creates, reads, replaces or deletes a script, a user or the like, or runs a stored procedure.
    ManageResource {
        resource: ResourceRef,
        action: ResourceAction,
        precondition: Option<Precondition>,
    },
    /// Reads or replaces the throughput of a database, or of a container of it.
    ManageThroughput {
        database: String,
        container: Option<String>,
        throughput: Option<Throughput>,
    },
    /// Tells how a container is divided, or where a key lies; an empty key stands for all of it.
    ReadFeedRanges {
        container: ContainerRef,
        key: PartitionKey,
    },
    /// Sends any request.
    SendRaw(RawRequest),
}

/// Many operations on items of any keys, each for itself.
#[derive(Clone, PartialEq)]
pub struct BulkOperations {
    /// The container of all.
    pub container: ContainerRef,
    /// Each with its item's complete key.
    pub operations: Vec<(PartitionKey, BatchOperation)>,
    /// Batches under way at one time; none means the scheduler's default.
    pub max_concurrency: Option<u32>,
}

impl Operation {
    /// The operation's name in diagnostics and telemetry (spec driver-core §1.10).
    #[inline(always)]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateItem { .. } => "create_item",
            Self::ReadItem { .. } => "read_item",
            Self::UpsertItem { .. } => "upsert_item",
            Self::ReplaceItem { .. } => "replace_item",
            Self::DeleteItem { .. } => "delete_item",
            Self::PatchItem { .. } => "patch_item",
            Self::CreateDatabase { .. } => "create_database",
            Self::ReadDatabase { .. } => "read_database",
            Self::DeleteDatabase { .. } => "delete_database",
            Self::CreateContainer { .. } => "create_container",
            Self::ReadContainer(_) => "read_container",
            Self::DeleteContainer(_) => "delete_container",
            Self::ExecuteBatch { .. } => batch::NAME,
            Self::ExecuteBulk(_) => batch::BULK_NAME,
            Self::ReplaceContainer { .. } => "replace_container",
            Self::ManageResource {
                resource, action, ..
            } => resource.name(action),
            Self::ManageThroughput { throughput, .. } => match throughput {
                None => "read_throughput",
                Some(_) => "replace_throughput",
            },
            Self::ReadFeedRanges { .. } => "read_feed_ranges",
            Self::SendRaw(_) => "raw_request",
        }
    }

    /// Whether it is more than one request, or none: see [`super::control::sequence`].
    pub fn is_several(&self) -> bool {
        matches!(
            self,
            Self::PatchItem {
                read_modify_write: true,
                ..
            } | Self::ManageThroughput { .. }
                | Self::ReadFeedRanges { .. }
                | Self::ReplaceContainer { merge: true, .. }
        )
    }

    /// Whether it changes nothing on the server. Of a raw request only the request itself knows.
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            Self::ReadItem { .. }
                | Self::ReadDatabase { .. }
                | Self::ReadContainer(_)
                | Self::ReadFeedRanges { .. }
                | Self::ManageThroughput {
                    throughput: None,
                    ..
                }
        )
    }
}

// Partition key values and bodies are the user's data: they stay out of logs.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ItemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemRef")
            .field("container", &self.container)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
