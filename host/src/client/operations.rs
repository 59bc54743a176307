//! From arguments to operations: what both clients do before anything is sent.

use serde::Serialize;

use crate::batch::Batch;
use crate::bulk::Bulk;
use crate::error::Error;
use crate::item_options::ItemOptions;
use crate::key::PartitionKey;
use crate::patch::Patch;
use crate::types::{
    self, ContainerRef, CreateContainer, CreateDatabase, DeleteItem, FeedOptions, ItemRef,
    Operation, PatchItem, ReadItem, ReplaceItem, Throughput, WriteItem,
};

/// The container that a handle names, and the options of its operations.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) container: ContainerRef,
    pub(super) options: ItemOptions,
}

impl Target {
    pub(super) fn new(database: String, container: String) -> Self {
        let container = ContainerRef {
            database,
            container,
        };
        Self {
            container,
            options: ItemOptions::new(),
        }
    }

    pub(super) fn read(&self, id: &str, key: PartitionKey) -> Operation {
        Operation::ReadItem(ReadItem {
            item: self.item(id, key),
            precondition: self.options.precondition.clone(),
            session_token: self.options.session_token.clone(),
        })
    }

    pub(super) fn create(&self, key: PartitionKey, body: Vec<u8>) -> Operation {
        Operation::CreateItem(self.write(key, body))
    }

    pub(super) fn upsert(&self, key: PartitionKey, body: Vec<u8>) -> Operation {
        Operation::UpsertItem(self.write(key, body))
    }

    pub(super) fn replace(&self, id: &str, key: PartitionKey, body: Vec<u8>) -> Operation {
        Operation::ReplaceItem(ReplaceItem {
            item: self.item(id, key),
            body,
            precondition: self.options.precondition.clone(),
            session_token: self.options.session_token.clone(),
        })
    }

    pub(super) fn delete(&self, id: &str, key: PartitionKey) -> Operation {
        Operation::DeleteItem(DeleteItem {
            item: self.item(id, key),
            precondition: self.options.precondition.clone(),
            session_token: self.options.session_token.clone(),
        })
    }

    pub(super) fn patch(
        &self,
        id: &str,
        key: PartitionKey,
        patch: Patch,
    ) -> Result<Operation, Error> {
        let read_modify_write = patch.is_read_modify_write();
        let (operations, condition) = patch.into_wit()?;
        Ok(Operation::PatchItem(PatchItem {
            item: self.item(id, key),
            operations,
            condition,
            read_modify_write,
            precondition: self.options.precondition.clone(),
            session_token: self.options.session_token.clone(),
        }))
    }

    pub(super) fn batch(&self, key: PartitionKey, batch: Batch) -> Result<Operation, Error> {
        if self.options.precondition.is_some() {
            return Err(Error::invalid_argument(
                "a batch as a whole has no etag condition: give it to an operation, with Batch::if_match",
            ));
        }
        Ok(Operation::ExecuteBatch(types::Batch {
            container: self.container.clone(),
            key: key.into_wit(),
            operations: batch.into_wit()?,
            session_token: self.options.session_token.clone(),
        }))
    }

    /// The options of a feed with those of the container's handle.
    pub(super) fn feed(&self, mut feed: FeedOptions) -> Result<FeedOptions, Error> {
        if self.options.precondition.is_some() {
            return Err(Error::invalid_argument(
                "a feed has no etag condition: leave it out",
            ));
        }
        feed.session_token.clone_from(&self.options.session_token);
        Ok(feed)
    }

    pub(super) fn bulk(&self, bulk: Bulk) -> Result<Operation, Error> {
        if self.options.precondition.is_some() || self.options.session_token.is_some() {
            return Err(Error::invalid_argument(
                "a bulk as a whole has no etag condition and no session token: give conditions to operations, with \
                 Bulk::if_match",
            ));
        }
        let (operations, max_concurrency) = bulk.into_wit()?;
        Ok(Operation::ExecuteBulk(types::Bulk {
            container: self.container.clone(),
            operations,
            max_concurrency,
        }))
    }

    fn write(&self, key: PartitionKey, body: Vec<u8>) -> WriteItem {
        WriteItem {
            container: self.container.clone(),
            key: key.into_wit(),
            body,
            precondition: self.options.precondition.clone(),
            session_token: self.options.session_token.clone(),
        }
    }

    fn item(&self, id: &str, key: PartitionKey) -> ItemRef {
        ItemRef {
            container: self.container.clone(),
            id: id.to_owned(),
            key: key.into_wit(),
        }
    }
}

pub(super) fn create_database(id: &str, throughput: Option<Throughput>) -> Operation {
    Operation::CreateDatabase(CreateDatabase {
        id: id.to_owned(),
        throughput,
    })
}

pub(super) fn create_container<D: Serialize + ?Sized>(
    database: &str,
    definition: &D,
    throughput: Option<Throughput>,
) -> Result<Operation, Error> {
    let definition = serde_json::to_vec(definition).map_err(Error::unwritable(
        "the container's definition cannot be written as JSON",
    ))?;
    Ok(Operation::CreateContainer(CreateContainer {
        database: database.to_owned(),
        definition,
        throughput,
    }))
}

pub(super) fn item_body<T: Serialize + ?Sized>(item: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(item).map_err(Error::unwritable("the item cannot be written as JSON"))
}
