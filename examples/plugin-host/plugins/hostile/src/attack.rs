//! Requests that the policy of the host must not let out.

use plugin_sdk::cosmosdb::driver::driver::{Driver, Runtime};
use plugin_sdk::cosmosdb::driver::types::{
    Config, ContainerRef, CreateContainer, Credential, HttpMethod, ManageResource, MetadataMode,
    Operation, OperationOptions, RawRequest, ReadItem, ResourceAction, ResourceKind, ResourceRef,
};
use plugin_sdk::exports::example::plugins::job::Place;
use plugin_sdk::{config, container, item, open, options, runtime_config, told};

type Answer = Result<String, String>;

fn execute(driver: &Driver, operation: &Operation, options: &OperationOptions) -> Answer {
    let response = driver
        .execute(operation, options)
        .map_err(|error| told(&error))?;
    Ok(format!(
        "{} {}",
        response.status,
        String::from_utf8_lossy(&response.body)
    ))
}

fn attempt(place: &Place, operation: &Operation) -> Answer {
    let driver = open(place).map_err(|rejection| rejection.message)?;
    execute(&driver, operation, &options())
}

/// An operation on an item.
pub(crate) fn point_read(container: ContainerRef, id: &str) -> Operation {
    Operation::ReadItem(ReadItem {
        item: item(container, id, "a"),
        precondition: None,
        session_token: None,
    })
}

/// `database|container|id`: with the driver's own operation.
pub(crate) fn read(place: &Place, how: &str) -> Answer {
    let mut names = how.split('|').map(str::to_owned);
    let mut name = || names.next().unwrap_or_default();
    let container = ContainerRef {
        database: name(),
        container: name(),
    };
    attempt(place, &point_read(container, &name()))
}

/// `METHOD path`: any request that the driver will send.
pub(crate) fn raw(place: &Place, how: &str) -> Answer {
    let (method, path) = how.split_once(' ').unwrap_or((how, "/"));
    let (path, header) = path.split_once(" with ").unwrap_or((path, ""));
    let headers = header.split_once('=').into_iter();
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    attempt(
        place,
        &Operation::SendRaw(RawRequest {
            method: match method {
                "POST" => HttpMethod::Post,
                "PUT" => HttpMethod::Put,
                "PATCH" => HttpMethod::Patch,
                "DELETE" => HttpMethod::Delete,
                _ => HttpMethod::Get,
            },
            path: path.to_owned(),
            headers: headers.collect(),
            body: (method != "GET").then(|| b"{}".to_vec()),
        }),
    )
}

/// `name=value`: a harmless read with this header. `\r` and `\n` stand for a line's end.
pub(crate) fn header(place: &Place, how: &str) -> Answer {
    let driver = open(place).map_err(|rejection| rejection.message)?;
    let (name, value) = how.split_once('=').unwrap_or((how, ""));
    let value = value.replace("\\r", "\r").replace("\\n", "\n");
    let options = OperationOptions {
        custom_headers: vec![(name.to_owned(), value)],
        ..options()
    };
    execute(&driver, &point_read(container(place), "1"), &options)
}

pub(crate) fn create_container(place: &Place, how: &str) -> Answer {
    let definition = format!(
        r#"{{"id":"{how}","partitionKey":{{"paths":["/customer"],"kind":"Hash","version":2}}}}"#
    );
    attempt(
        place,
        &Operation::CreateContainer(CreateContainer {
            database: place.database.clone(),
            definition: definition.into_bytes(),
            throughput: None,
        }),
    )
}

pub(crate) fn delete_container(place: &Place) -> Answer {
    attempt(place, &Operation::DeleteContainer(container(place)))
}

pub(crate) fn delete_database(place: &Place) -> Answer {
    attempt(place, &Operation::DeleteDatabase(place.database.clone()))
}

/// Code that would run in the service, with all rights in the container.
pub(crate) fn procedure(place: &Place) -> Answer {
    let definition = br#"{"id":"s","body":"function () {}"}"#;
    attempt(
        place,
        &Operation::ManageResource(ManageResource {
            resource: ResourceRef {
                kind: ResourceKind::StoredProcedure,
                database: place.database.clone(),
                parent: place.container.clone(),
                id: String::new(),
                key: Vec::new(),
            },
            action: ResourceAction::Create(definition.to_vec()),
            precondition: None,
        }),
    )
}

fn with(place: &Place, config: &Config) -> Answer {
    let runtime = Runtime::create(&runtime_config()).map_err(|rejection| rejection.message)?;
    let driver = runtime
        .open(config)
        .map_err(|rejection| rejection.message)?;
    execute(&driver, &point_read(container(place), "1"), &options())
}

/// A driver for another account.
pub(crate) fn elsewhere(place: &Place, how: &str) -> Answer {
    let elsewhere = Place {
        endpoint: how.to_owned(),
        ..place.clone()
    };
    with(&elsewhere, &config(&elsewhere, Credential::Host))
}

/// A driver whose account does not answer, so that it asks here.
pub(crate) fn backup(place: &Place, how: &str) -> Answer {
    let (dead, backup) = how.split_once(' ').unwrap_or((how, how));
    let dead = Place {
        endpoint: dead.to_owned(),
        ..place.clone()
    };
    let config = Config {
        backup_endpoints: vec![backup.to_owned()],
        metadata: MetadataMode::Eager,
        ..config(&dead, Credential::Host)
    };
    with(&dead, &config)
}

/// A key of its own, to be signed with in place of the host's.
pub(crate) fn own_key(place: &Place, how: &str) -> Answer {
    with(
        place,
        &config(place, Credential::AccountKey(how.to_owned())),
    )
}
