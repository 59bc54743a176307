//! From steps to values of the contract.

use super::types::{
    Batch, BatchAction, BatchOperation, BatchPatch, BatchReplace, Bulk, BulkOperation, ChangeFeed,
    ChangeFeedMode, ChangeFeedStart, ContainerRef, CreateContainer, CreateDatabase, DeleteItem,
    FeedOperation, FeedOptions, FeedScope, ItemId, ItemRef, KeyComponent, Operation,
    OperationOptions, PatchItem, PatchMove, PatchOperation, PatchValue, Precondition, QueryItems,
    QueryParameter, ReadFeed, ReadItem, ReadMany, ReadManyInput, ReplaceItem, WriteItem,
};
use serde_json::{Value, json};

pub(crate) fn operation(step: &Value) -> Operation {
    match step["do"].as_str().unwrap_or_default() {
        "create-database" => Operation::CreateDatabase(CreateDatabase {
            id: text(step, "database"),
            throughput: None,
        }),
        "delete-database" => Operation::DeleteDatabase(text(step, "database")),
        "create-container" => Operation::CreateContainer(CreateContainer {
            database: text(step, "database"),
            definition: definition(step).to_string().into(),
            throughput: None,
        }),
        "delete-container" => Operation::DeleteContainer(container(step)),
        "create" => Operation::CreateItem(write(step)),
        "upsert" => Operation::UpsertItem(write(step)),
        "read" => Operation::ReadItem(ReadItem {
            item: item(step),
            precondition: precondition(step),
            session_token: None,
        }),
        "replace" => Operation::ReplaceItem(ReplaceItem {
            item: item(step),
            body: body(step),
            precondition: precondition(step),
            session_token: None,
        }),
        "delete" => Operation::DeleteItem(DeleteItem {
            item: item(step),
            precondition: precondition(step),
            session_token: None,
        }),
        "patch" => Operation::PatchItem(PatchItem {
            item: item(step),
            operations: patches(step),
            read_modify_write: false,
            condition: optional(step, "condition"),
            precondition: precondition(step),
            session_token: None,
        }),
        "batch" => Operation::ExecuteBatch(Batch {
            container: container(step),
            key: key(&step["key"]),
            operations: actions(step).map(batch_operation).collect(),
            session_token: None,
        }),
        "bulk" => Operation::ExecuteBulk(Bulk {
            container: container(step),
            operations: actions(step).map(bulk_operation).collect(),
            max_concurrency: None,
        }),
        other => panic!("`{other}` is no step"),
    }
}

/// The definition of a container with the paths of a step.
fn definition(step: &Value) -> Value {
    let paths = &step["paths"];
    let several = paths.as_array().is_some_and(|paths| paths.len() > 1);
    let kind = if several { "MultiHash" } else { "Hash" };
    let key = json!({ "paths": paths, "kind": kind, "version": 2 });
    json!({ "id": text(step, "container"), "partitionKey": key })
}

pub(crate) fn feed(step: &Value) -> (FeedOperation, FeedOptions) {
    let scope = match &step["key"] {
        Value::Null => FeedScope::Container,
        value => FeedScope::Key(key(value)),
    };
    let container = container(step);
    let operation = match step["do"].as_str().unwrap_or_default() {
        "query" => FeedOperation::QueryItems(QueryItems {
            container,
            scope,
            text: text(step, "text"),
            parameters: parameters(step),
            query_metrics: false,
            index_metrics: false,
        }),
        "read-feed" => FeedOperation::ReadFeed(ReadFeed { container, scope }),
        "change-feed" => FeedOperation::ChangeFeed(ChangeFeed {
            container,
            scope,
            mode: ChangeFeedMode::LatestVersion,
            start: ChangeFeedStart::Beginning,
            with_metadata: false,
        }),
        _ => FeedOperation::ReadMany(ReadMany {
            container,
            input: ReadManyInput::Items(items(step)),
            in_order: step["inOrder"] == true,
        }),
    };
    let size = step["pageSize"].as_u64();
    let options = FeedOptions {
        max_item_count: size.and_then(|size| u32::try_from(size).ok()),
        continuation: optional(step, "continuation"),
        ..super::no_feed_options()
    };
    (operation, options)
}

pub(crate) fn options(step: &Value) -> OperationOptions {
    let number = |name: &str| step["options"][name].as_u64();
    let small = |name: &str| number(name).and_then(|number| u32::try_from(number).ok());
    OperationOptions {
        content_response_on_write: step["options"]["contentResponseOnWrite"].as_bool(),
        end_to_end_timeout_ms: number("endToEndTimeoutMs"),
        max_throttle_retries: small("maxThrottleRetries"),
        ..super::no_options()
    }
}

fn parameters(step: &Value) -> Vec<QueryParameter> {
    let parameters = step["parameters"].as_object();
    let parameters = parameters.into_iter().flatten();
    parameters
        .map(|(name, value)| QueryParameter {
            name: name.clone(),
            value: value.to_string().into(),
        })
        .collect()
}

fn items(step: &Value) -> Vec<ItemId> {
    let items = step["items"].as_array().into_iter().flatten();
    items
        .map(|item| ItemId {
            id: text(item, "id"),
            key: key(&item["key"]),
        })
        .collect()
}

fn actions(step: &Value) -> impl Iterator<Item = &Value> {
    step["actions"].as_array().into_iter().flatten()
}

fn batch_operation(step: &Value) -> BatchOperation {
    BatchOperation {
        action: action(step),
        precondition: precondition(step),
    }
}

fn bulk_operation(step: &Value) -> BulkOperation {
    BulkOperation {
        key: key(&step["key"]),
        action: action(step),
        precondition: precondition(step),
    }
}

fn action(step: &Value) -> BatchAction {
    let id = text(step, "id");
    match step["do"].as_str().unwrap_or_default() {
        "create" => BatchAction::Create(body(step)),
        "upsert" => BatchAction::Upsert(body(step)),
        "replace" => BatchAction::Replace(BatchReplace {
            id,
            body: body(step),
        }),
        "delete" => BatchAction::Delete(id),
        "patch" => BatchAction::Patch(BatchPatch {
            id,
            operations: patches(step),
            condition: optional(step, "condition"),
        }),
        _ => BatchAction::Read(id),
    }
}

fn patches(step: &Value) -> Vec<PatchOperation> {
    let operations = step["operations"].as_array().into_iter().flatten();
    operations.map(patch).collect()
}

fn patch(operation: &Value) -> PatchOperation {
    let path = text(operation, "path");
    let value = || PatchValue {
        path: path.clone(),
        value: operation["value"].to_string().into(),
    };
    match operation["op"].as_str().unwrap_or_default() {
        "add" => PatchOperation::Add(value()),
        "set" => PatchOperation::Set(value()),
        "replace" => PatchOperation::Replace(value()),
        "increment" => PatchOperation::Increment(value()),
        "move" => PatchOperation::Move(PatchMove {
            from: text(operation, "from"),
            path,
        }),
        _ => PatchOperation::Remove(path),
    }
}

fn write(step: &Value) -> WriteItem {
    WriteItem {
        container: container(step),
        key: key(&step["key"]),
        body: body(step),
        precondition: precondition(step),
        session_token: None,
    }
}

fn item(step: &Value) -> ItemRef {
    ItemRef {
        container: container(step),
        id: text(step, "id"),
        key: key(&step["key"]),
    }
}

fn container(step: &Value) -> ContainerRef {
    ContainerRef {
        database: text(step, "database"),
        container: text(step, "container"),
    }
}

fn key(components: &Value) -> Vec<KeyComponent> {
    let components = components.as_array().into_iter().flatten();
    components
        .map(|component| match component {
            Value::String(text) => KeyComponent::Text(text.clone()),
            Value::Bool(value) => KeyComponent::Boolean(*value),
            Value::Number(number) => KeyComponent::Number(number.as_f64().unwrap_or_default()),
            _ => KeyComponent::Null,
        })
        .collect()
}

fn precondition(step: &Value) -> Option<Precondition> {
    let matching = optional(step, "ifMatch").map(Precondition::IfMatch);
    matching.or_else(|| optional(step, "ifNoneMatch").map(Precondition::IfNoneMatch))
}

fn body(step: &Value) -> Vec<u8> {
    step["item"].to_string().into()
}

fn text(step: &Value, name: &str) -> String {
    optional(step, name).unwrap_or_default()
}

fn optional(step: &Value, name: &str) -> Option<String> {
    step[name].as_str().map(str::to_owned)
}
