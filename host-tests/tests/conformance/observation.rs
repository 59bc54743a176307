//! What an observer hears of operations, on both clients.

use std::any::Any;
use std::sync::{Arc, Mutex};

use cosmosdb_driver_host::types::{FeedOptions, ResourceCollection};
use cosmosdb_driver_host::{
    Bulk, Client, Config, Host, Observer, OperationInfo, OperationRecord, Options, Query, blocking,
};
use host_tests::gateway::{self, Gateway};
use serde_json::{Value, json};

use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;
use crate::scene::config;

/// Keeps what it hears.
#[derive(Debug, Default)]
struct Recorder {
    heard: Mutex<Vec<Heard>>,
    /// All that it was given, as text.
    text: Mutex<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Heard {
    name: String,
    container: Option<String>,
    batch_size: Option<usize>,
    status: Option<u16>,
    rows: Option<usize>,
    error_type: Option<String>,
}

impl Observer for Recorder {
    fn began(&self, operation: &OperationInfo<'_>) -> Option<Box<dyn Any + Send>> {
        self.text
            .lock()
            .unwrap()
            .push_str(&format!("{operation:?}"));
        Some(Box::new(operation.name.to_owned()))
    }

    fn ended(&self, record: &OperationRecord<'_>, kept: Option<Box<dyn Any + Send>>) {
        let OperationInfo {
            name,
            container,
            batch_size,
            ..
        } = record.operation;
        assert_eq!(*kept.unwrap().downcast::<String>().unwrap(), name);
        self.text.lock().unwrap().push_str(&format!("{record:?}"));
        if record
            .diagnostics
            .is_some_and(|known| known.request_count > 0)
        {
            assert!(!record.contacted_regions().is_empty(), "{record:?}");
        }
        if record.error_type.is_none() {
            assert!(
                record.request_charge > 0.0 && !record.duration.is_zero(),
                "{record:?}"
            );
        }
        self.heard.lock().unwrap().push(Heard {
            name: name.to_owned(),
            container: container.map(str::to_owned),
            batch_size,
            status: record.status,
            rows: record.returned_rows(),
            error_type: record.error_type.as_deref().map(str::to_owned),
        });
    }
}

fn heard(name: &str, status: u16) -> Heard {
    Heard {
        name: name.to_owned(),
        container: Some(CONTAINER.to_owned()),
        batch_size: None,
        status: Some(status),
        rows: None,
        error_type: None,
    }
}

fn scene(face: Face) -> (Gateway, Arc<Recorder>, Host, Config) {
    let options = gateway::Options {
        database: DATABASE,
        container: CONTAINER,
        ..gateway::Options::default()
    };
    let gateway = Gateway::start(options).unwrap();
    let recorder = Arc::new(Recorder::default());
    let options = Options {
        observer: Some(recorder.clone()),
        ..Options::default()
    };
    let config = config(&gateway.endpoint());
    (gateway, recorder, face.host(options), config)
}

fn assert_heard(recorder: &Recorder) {
    let row = |rows| Heard {
        rows: Some(rows),
        ..heard("query_items", 200)
    };
    let expected = [
        heard("create_item", 201),
        heard("read_item", 200),
        Heard {
            error_type: Some("404".to_owned()),
            ..heard("read_item", 404)
        },
        Heard {
            batch_size: Some(2),
            ..heard("execute_bulk", 200)
        },
        row(2),
        row(1),
        heard("read_stored_procedure", 404).failed("404"),
        Heard {
            container: None,
            rows: Some(1),
            ..heard("read_all_databases", 200)
        },
        Heard {
            status: None,
            ..heard("read_item", 0)
        }
        .failed("invalid_argument"),
    ];
    let seen = recorder.heard.lock().unwrap().clone();
    for (seen, expected) in seen.iter().zip(&expected) {
        assert_eq!(seen, expected);
    }
    assert_eq!(seen.len(), expected.len());
    let text = recorder.text.lock().unwrap();
    assert!(!text.contains("hidden"), "{text}");
    assert!(text.contains("127.0.0.1") && text.contains("cosmosdb-client-"));
}

impl Heard {
    fn failed(mut self, error_type: &str) -> Self {
        self.error_type = Some(error_type.to_owned());
        self
    }
}

/// Written once for both clients: `[async] [.await]`, or `[] []`.
macro_rules! suite {
    ([$($async:ident)?] [$($await:tt)*] $client:ty) => {
        $($async)? fn operate(client: &$client) {
            let items = client.container(DATABASE, CONTAINER);
            let item = |n: i64| json!({ "id": format!("hidden-{n}"), "pk": "hidden-key", "n": n });
            items.create_item("hidden-key", &item(0))$($await)*.unwrap();
            items.read_item::<Value>("hidden-0", "hidden-key")$($await)*.unwrap();
            items.read_item::<Value>("hidden-9", "hidden-key")$($await)*.unwrap_err();
            let mut bulk = Bulk::new();
            bulk.upsert("hidden-key", &item(1)).upsert("hidden-key", &item(2));
            items.execute_bulk(bulk)$($await)*.unwrap();
            let query = Query::new("SELECT * FROM c").parameter("@p", &"hidden-value");
            let query = query.in_key("hidden-key").max_item_count(2);
            let mut rows = items.query_as::<Value>(query)$($await)*.unwrap();
            while let Some(row) = rows.next()$($await)* {
                row.unwrap();
            }
            items.stored_procedure("hidden-procedure").read()$($await)*.unwrap_err();
            let databases = client.read_resources(ResourceCollection::Databases, FeedOptions::default());
            databases$($await)*.unwrap().next_page()$($await)*.unwrap().unwrap();
            items.read_item::<Value>("hidden/wrong", "hidden-key")$($await)*.unwrap_err();
        }
    };
}

mod of_async {
    use super::*;

    suite!([async] [.await] Client);

    #[tokio::test]
    async fn the_async_client_is_observed() {
        let (_gateway, recorder, host, config) = scene(Face::Concurrent);
        operate(&Client::open(&host, config).await.unwrap()).await;
        assert_heard(&recorder);
    }
}

mod of_blocking {
    use super::*;

    suite!([] [] blocking::Client);

    #[test]
    fn the_blocking_client_is_observed() {
        let (_gateway, recorder, host, config) = scene(Face::Blocking);
        operate(&blocking::Client::open(&host, config).unwrap());
        assert_heard(&recorder);
    }
}
