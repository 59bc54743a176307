//! What happens: operations of the contract, in order.

use cosmosdb_driver_host::types::{
    ContainerRef, CreateContainer, CreateDatabase, DeleteItem, ItemRef, KeyComponent, Operation,
    PatchItem, PatchOperation, PatchValue, Precondition, ReadItem, ReplaceItem, WriteItem,
};
use cosmosdb_driver_host::{ContainerDefinition, Error};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::report::Report;

const CONTAINER: &str = "orders";

/// Runs all steps, printing a line for each, and the last read's diagnostics in full. Removes the database, also after
/// a failure.
///
/// # Errors
/// The first step that failed.
pub(crate) fn tell(mut caller: Caller, database: &str) -> Result<(), Error> {
    let mut report = Report::begin();
    report.step(caller.execute(create_database(database)))?;
    let told = inside(&mut caller, &mut report, database);
    let removed = report.step(caller.execute(Operation::DeleteDatabase(database.to_owned())));
    told?;
    removed?;
    report.end();
    Ok(())
}

fn inside(caller: &mut Caller, report: &mut Report, database: &str) -> Result<(), Error> {
    report.step(caller.execute(create_container(database)))?;
    let order = Order { database };
    report.step(caller.execute(order.create(&json!({ "stock": 3, "note": "grüße 🚀" }))))?;
    let read = report.step(caller.execute(order.read()))?;
    report.step(caller.execute(order.upsert(&json!({ "stock": 4 }))))?;
    // The etag of the read is outdated by now: the service refuses, which is the point.
    let outdated = read.headers.etag.unwrap_or_default();
    report.refusal(caller.execute(order.replace(&json!({ "stock": 9 }), Some(outdated))))?;
    report.step(caller.execute(order.replace(&json!({ "stock": 5 }), None)))?;
    report.step(caller.execute(order.patch("-2")))?;
    let read = report.step(caller.execute(order.read()))?;
    report.keep(&read);
    report.step(caller.execute(order.delete())).map(drop)
}

fn create_database(id: &str) -> Operation {
    Operation::CreateDatabase(CreateDatabase {
        id: id.to_owned(),
        throughput: None,
    })
}

fn create_container(database: &str) -> Operation {
    let definition = ContainerDefinition::new(CONTAINER, ["/tenant"]);
    Operation::CreateContainer(CreateContainer {
        database: database.to_owned(),
        definition: serde_json::to_vec(&definition).unwrap_or_default(),
        throughput: None,
    })
}

/// The item of the story.
struct Order<'a> {
    database: &'a str,
}

impl Order<'_> {
    fn create(&self, fields: &Value) -> Operation {
        Operation::CreateItem(self.write(fields))
    }

    fn upsert(&self, fields: &Value) -> Operation {
        Operation::UpsertItem(self.write(fields))
    }

    fn read(&self) -> Operation {
        Operation::ReadItem(ReadItem {
            item: self.item(),
            precondition: None,
            session_token: None,
        })
    }

    fn replace(&self, fields: &Value, etag: Option<String>) -> Operation {
        Operation::ReplaceItem(ReplaceItem {
            item: self.item(),
            body: body(fields),
            precondition: etag.map(Precondition::IfMatch),
            session_token: None,
        })
    }

    fn patch(&self, by: &str) -> Operation {
        let value = PatchValue {
            path: "/stock".to_owned(),
            value: by.as_bytes().to_vec(),
        };
        Operation::PatchItem(PatchItem {
            item: self.item(),
            operations: vec![PatchOperation::Increment(value)],
            condition: Some("from c where c.stock > 2".to_owned()),
            read_modify_write: false,
            precondition: None,
            session_token: None,
        })
    }

    fn delete(&self) -> Operation {
        Operation::DeleteItem(DeleteItem {
            item: self.item(),
            precondition: None,
            session_token: None,
        })
    }

    fn write(&self, fields: &Value) -> WriteItem {
        WriteItem {
            container: self.container(),
            key: key(),
            body: body(fields),
            precondition: None,
            session_token: None,
        }
    }

    fn item(&self) -> ItemRef {
        ItemRef {
            container: self.container(),
            id: "order-1".to_owned(),
            key: key(),
        }
    }

    fn container(&self) -> ContainerRef {
        ContainerRef {
            database: self.database.to_owned(),
            container: CONTAINER.to_owned(),
        }
    }
}

fn key() -> Vec<KeyComponent> {
    vec![KeyComponent::Text("contoso".to_owned())]
}

fn body(fields: &Value) -> Vec<u8> {
    let mut item = json!({ "id": "order-1", "tenant": "contoso" });
    if let (Some(item), Some(fields)) = (item.as_object_mut(), fields.as_object()) {
        item.extend(fields.clone());
    }
    serde_json::to_vec(&item).unwrap_or_default()
}
