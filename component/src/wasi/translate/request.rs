//! What comes in.

use crate::core::credential::CredentialConfig;
use crate::core::operation::{
    Conditions, ContainerRef, ItemRef, Operation, PartitionKey, Precondition, Throughput,
};
use crate::core::{Config, MetadataMode, OperationOptions};
use crate::wasi::bindings::types as wit;
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};
use crate::wire::secret::Secret;

/// A secret text, wiped when it goes.
pub(in crate::wasi) fn secret(text: String) -> Secret {
    Secret::new(text)
}

pub(in crate::wasi) fn config(config: wit::Config) -> Config {
    Config {
        endpoint: config.endpoint,
        credential: match config.credential {
            wit::Credential::AccountKey(key) => CredentialConfig::AccountKey(secret(key)),
            wit::Credential::ConnectionString(text) => {
                CredentialConfig::ConnectionString(secret(text))
            }
            wit::Credential::ResourceToken(token) => CredentialConfig::ResourceToken(secret(token)),
            wit::Credential::BearerToken(token) => CredentialConfig::BearerToken(secret(token)),
            wit::Credential::Host => CredentialConfig::Host,
        },
        metadata: match config.metadata {
            wit::MetadataMode::Eager => MetadataMode::Eager,
            wit::MetadataMode::Lean => MetadataMode::Lean,
        },
        environment: config.environment,
        defaults: options(config.defaults),
    }
}

pub(in crate::wasi) fn options(options: wit::OperationOptions) -> OperationOptions {
    OperationOptions {
        content_response_on_write: options.content_response_on_write,
        custom_headers: options.custom_headers,
        activity_id: options.activity_id,
    }
}

pub(in crate::wasi) fn operation(operation: wit::Operation) -> Operation {
    match operation {
        wit::Operation::CreateItem(write) => {
            let (container, key, body, conditions) = write_item(write);
            Operation::CreateItem {
                container,
                key,
                body,
                conditions,
            }
        }
        wit::Operation::UpsertItem(write) => {
            let (container, key, body, conditions) = write_item(write);
            Operation::UpsertItem {
                container,
                key,
                body,
                conditions,
            }
        }
        wit::Operation::ReadItem(read) => Operation::ReadItem {
            item: item(read.item),
            conditions: conditions(read.precondition, read.session_token),
        },
        wit::Operation::ReplaceItem(replace) => Operation::ReplaceItem {
            item: item(replace.item),
            body: replace.body,
            conditions: conditions(replace.precondition, replace.session_token),
        },
        wit::Operation::DeleteItem(delete) => Operation::DeleteItem {
            item: item(delete.item),
            conditions: conditions(delete.precondition, delete.session_token),
        },
        wit::Operation::PatchItem(patch) => Operation::PatchItem {
            item: item(patch.item),
            operations: patch.operations.into_iter().map(step).collect(),
            condition: patch.condition,
            conditions: conditions(patch.precondition, patch.session_token),
        },
        wit::Operation::CreateDatabase(create) => Operation::CreateDatabase {
            id: create.id,
            throughput: create.throughput.map(throughput),
        },
        wit::Operation::ReadDatabase(id) => Operation::ReadDatabase { id },
        wit::Operation::DeleteDatabase(id) => Operation::DeleteDatabase { id },
        wit::Operation::CreateContainer(create) => Operation::CreateContainer {
            database: create.database,
            definition: create.definition,
            throughput: create.throughput.map(throughput),
        },
        wit::Operation::ReadContainer(at) => Operation::ReadContainer(container(at)),
        wit::Operation::DeleteContainer(at) => Operation::DeleteContainer(container(at)),
    }
}

fn write_item(write: wit::WriteItem) -> (ContainerRef, PartitionKey, Vec<u8>, Conditions) {
    let conditions = conditions(write.precondition, write.session_token);
    (
        container(write.container),
        key(write.key),
        write.body,
        conditions,
    )
}

fn container(at: wit::ContainerRef) -> ContainerRef {
    ContainerRef {
        database: at.database,
        container: at.container,
    }
}

fn item(item: wit::ItemRef) -> ItemRef {
    ItemRef {
        container: container(item.container),
        id: item.id,
        key: key(item.key),
    }
}

fn key(key: wit::PartitionKey) -> PartitionKey {
    let component = |part| match part {
        wit::KeyComponent::Undefined => KeyComponent::Undefined,
        wit::KeyComponent::Null => KeyComponent::Null,
        wit::KeyComponent::Boolean(value) => KeyComponent::Boolean(value),
        wit::KeyComponent::Number(value) => KeyComponent::Number(value),
        wit::KeyComponent::Text(value) => KeyComponent::Text(value),
    };
    key.into_iter().map(component).collect()
}

fn conditions(
    precondition: Option<wit::Precondition>,
    session_token: Option<String>,
) -> Conditions {
    let precondition = precondition.map(|precondition| match precondition {
        wit::Precondition::IfMatch(etag) => Precondition::IfMatch(etag),
        wit::Precondition::IfNoneMatch(etag) => Precondition::IfNoneMatch(etag),
    });
    Conditions {
        precondition,
        session_token,
    }
}

fn step(step: wit::PatchOperation) -> PatchOperation {
    let value = |value: wit::PatchValue| PatchValue {
        path: value.path,
        value: value.value,
    };
    match step {
        wit::PatchOperation::Add(step) => PatchOperation::Add(value(step)),
        wit::PatchOperation::Set(step) => PatchOperation::Set(value(step)),
        wit::PatchOperation::Replace(step) => PatchOperation::Replace(value(step)),
        wit::PatchOperation::Remove(path) => PatchOperation::Remove(path),
        wit::PatchOperation::Increment(step) => PatchOperation::Increment(value(step)),
        wit::PatchOperation::Move(step) => PatchOperation::Move {
            from: step.from,
            path: step.path,
        },
    }
}

fn throughput(throughput: wit::Throughput) -> Throughput {
    match throughput {
        wit::Throughput::Manual(rate) => Throughput::Manual(rate),
        wit::Throughput::Autoscale(rate) => Throughput::Autoscale(rate),
    }
}
