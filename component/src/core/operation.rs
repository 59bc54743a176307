//! The singleton operations: one answer, no paging.

use std::fmt;

use super::batch;
use super::error::{Error, Result};
use crate::wire::batch::BatchOperation;
use crate::wire::key::KeyComponent;
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

/// Provisioned throughput of a new database or container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throughput {
    /// Fixed RU per second.
    Manual(u32),
    /// At most this many RU per second.
    Autoscale(u32),
}

impl Throughput {
    /// Whether the service sells it (spec data-plane §9): manual from 400 in steps of 100, autoscale from 1 000 in steps
    /// of 1 000.
    ///
    /// # Errors
    /// `invalid-argument`.
    pub fn check(self) -> Result<()> {
        let (kind, rate, least, step) = match self {
            Self::Manual(rate) => ("manual", rate, 400, 100),
            Self::Autoscale(rate) => ("autoscale", rate, 1000, 1000),
        };
        if rate >= least && rate.is_multiple_of(step) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "the service has no {kind} throughput of {rate} RU/s: give {least} or more, a multiple of {step}"
        )))
    }
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
}

impl Operation {
    /// The operation's name in diagnostics and telemetry (spec driver-core §1.10).
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
        }
    }

    /// Whether it changes nothing on the server.
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            Self::ReadItem { .. } | Self::ReadDatabase { .. } | Self::ReadContainer(_)
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
