//! Short ways to write operations.

use cosmosdb_driver_host::types::{
    Batch, BatchOperation, ContainerRef, CreateContainer, CreateDatabase, DeleteItem, ItemRef,
    KeyComponent, Operation, PatchItem, PatchOperation, Precondition, ReadItem, ReplaceItem,
    WriteItem,
};

use crate::account::{CONTAINER, database};

pub(crate) fn container(database: &str, container: &str) -> ContainerRef {
    ContainerRef {
        database: database.to_owned(),
        container: container.to_owned(),
    }
}

pub(crate) fn text(value: &str) -> Vec<KeyComponent> {
    vec![KeyComponent::Text(value.to_owned())]
}

/// Which item, under which conditions: the start of every item operation.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) container: ContainerRef,
    pub(crate) key: Vec<KeyComponent>,
    pub(crate) precondition: Option<Precondition>,
    pub(crate) session_token: Option<String>,
}

/// In the container of the test.
pub(crate) fn at(key: impl Into<Vec<KeyComponent>>) -> At {
    within(&database(), key)
}

/// In the container of the test's name in another database.
pub(crate) fn within(database: &str, key: impl Into<Vec<KeyComponent>>) -> At {
    At {
        container: container(database, CONTAINER),
        key: key.into(),
        precondition: None,
        session_token: None,
    }
}

impl At {
    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        self.precondition = Some(Precondition::IfMatch(etag.to_owned()));
        self
    }

    pub(crate) fn if_none_match(mut self, etag: &str) -> Self {
        self.precondition = Some(Precondition::IfNoneMatch(etag.to_owned()));
        self
    }

    pub(crate) fn session(mut self, token: &str) -> Self {
        self.session_token = Some(token.to_owned());
        self
    }

    fn item(&self, id: &str) -> ItemRef {
        ItemRef {
            container: self.container.clone(),
            id: id.to_owned(),
            key: self.key.clone(),
        }
    }

    fn write(self, body: impl Into<Vec<u8>>) -> WriteItem {
        WriteItem {
            container: self.container,
            key: self.key,
            body: body.into(),
            precondition: self.precondition,
            session_token: self.session_token,
        }
    }

    pub(crate) fn create(self, body: impl Into<Vec<u8>>) -> Operation {
        Operation::CreateItem(self.write(body))
    }

    pub(crate) fn upsert(self, body: impl Into<Vec<u8>>) -> Operation {
        Operation::UpsertItem(self.write(body))
    }

    pub(crate) fn read(self, id: &str) -> Operation {
        Operation::ReadItem(ReadItem {
            item: self.item(id),
            precondition: self.precondition,
            session_token: self.session_token,
        })
    }

    pub(crate) fn replace(self, id: &str, body: impl Into<Vec<u8>>) -> Operation {
        Operation::ReplaceItem(ReplaceItem {
            item: self.item(id),
            body: body.into(),
            precondition: self.precondition,
            session_token: self.session_token,
        })
    }

    pub(crate) fn delete(self, id: &str) -> Operation {
        Operation::DeleteItem(DeleteItem {
            item: self.item(id),
            precondition: self.precondition,
            session_token: self.session_token,
        })
    }

    pub(crate) fn patch(
        self,
        id: &str,
        operations: Vec<PatchOperation>,
        condition: Option<&str>,
    ) -> Operation {
        Operation::PatchItem(PatchItem {
            item: self.item(id),
            operations,
            condition: condition.map(str::to_owned),
            read_modify_write: false,
            precondition: self.precondition,
            session_token: self.session_token,
        })
    }

    /// A patch by read-modify-write.
    pub(crate) fn modify(self, id: &str, operations: Vec<PatchOperation>) -> Operation {
        Operation::PatchItem(PatchItem {
            item: self.item(id),
            operations,
            condition: None,
            read_modify_write: true,
            precondition: self.precondition,
            session_token: self.session_token,
        })
    }
}

impl At {
    pub(crate) fn batch(self, operations: Vec<BatchOperation>) -> Operation {
        Operation::ExecuteBatch(Batch {
            container: self.container,
            key: self.key,
            operations,
            session_token: self.session_token,
        })
    }
}

pub(crate) fn create_database(id: &str) -> Operation {
    Operation::CreateDatabase(CreateDatabase {
        id: id.to_owned(),
        throughput: None,
    })
}

pub(crate) fn create_container(
    database: &str,
    id: &str,
    paths: &[&str],
    version: u32,
) -> Operation {
    let kind = if paths.len() > 1 { "MultiHash" } else { "Hash" };
    let definition = serde_json::json!({
        "id": id,
        "partitionKey": { "paths": paths, "kind": kind, "version": version },
    });
    Operation::CreateContainer(CreateContainer {
        database: database.to_owned(),
        definition: serde_json::to_vec(&definition).unwrap(),
        throughput: None,
    })
}

pub(crate) fn database_and_container(
    database: &str,
    container: &str,
    paths: &[&str],
    version: u32,
) -> [Operation; 2] {
    [
        create_database(database),
        create_container(database, container, paths, version),
    ]
}

/// A JSON document from the answer.
pub(crate) fn json(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).expect("JSON")
}
