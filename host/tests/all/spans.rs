//! Spans and metrics through `tracing`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use cosmosdb_driver_host::{Client, Credential, Face, Options, TracingObserver, blocking};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{KEY, Server, config, host};

/// Keeps the fields of every span, and of every event of ours.
#[derive(Default, Clone)]
struct Keep(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    spans: Vec<Fields>,
    events: Vec<Fields>,
    closed: usize,
}

#[derive(Default, Debug)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("cosmosdb_driver")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut kept = self.0.lock().unwrap();
        kept.spans.push(fields);
        Id::from_u64(kept.spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let place = usize::try_from(span.into_u64()).unwrap() - 1;
        values.record(&mut self.0.lock().unwrap().spans[place]);
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().events.push(fields);
    }

    fn try_close(&self, _: Id) -> bool {
        self.0.lock().unwrap().closed += 1;
        true
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Kept {
    fn assert_span(&self, place: usize, expected: &[(&str, &str)]) {
        let fields = &self.spans[place].0;
        for (name, value) in expected {
            assert_eq!(
                fields.get(*name).map(String::as_str),
                Some(*value),
                "{name} in {fields:?}"
            );
        }
    }
}

fn options() -> Options {
    Options {
        observer: Some(Arc::new(TracingObserver)),
        ..Options::default()
    }
}

#[test]
fn operations_are_spans_and_metrics() {
    let server = Server::start();
    let host = host(Face::Blocking, options());
    let client = blocking::Client::open(&host, config(&server, Credential::account_key(KEY)));
    let items = client.unwrap().container("db", "c");
    let keep = Keep::default();
    tracing::subscriber::with_default(keep.clone(), || {
        items
            .create_item(
                "hidden-key",
                &json!({ "id": "hidden-id", "s": "hidden-text" }),
            )
            .unwrap();
        items
            .read_item::<Value>("missing", "hidden-key")
            .unwrap_err();
    });
    let kept = keep.0.lock().unwrap();
    assert_eq!(
        (kept.spans.len(), kept.closed, kept.events.len()),
        (2, 2, 2)
    );
    let port = server.origin.rsplit(':').next().unwrap();
    kept.assert_span(
        0,
        &[
            ("otel.name", "create_item c"),
            ("otel.kind", "client"),
            ("db.system.name", "azure.cosmosdb"),
            ("db.operation.name", "create_item"),
            ("db.namespace", "db"),
            ("db.collection.name", "c"),
            ("server.address", "127.0.0.1"),
            ("server.port", port),
            ("azure.cosmosdb.connection.mode", "gateway"),
            ("azure.cosmosdb.operation.request_charge", "2.5"),
            ("db.response.status_code", "201"),
        ],
    );
    assert!(!kept.spans[0].0.contains_key("error.type"));
    assert!(kept.spans[0].0["azure.client.id"].starts_with("cosmosdb-client-"));
    kept.assert_span(
        1,
        &[
            ("db.operation.name", "read_item"),
            ("db.response.status_code", "404"),
            ("error.type", "404"),
            ("otel.status_code", "ERROR"),
        ],
    );
    let metrics = &kept.events[0].0;
    assert_eq!(
        metrics["histogram.azure.cosmosdb.client.operation.request_charge"],
        "2.5"
    );
    assert!(
        metrics["histogram.db.client.operation.duration"]
            .parse::<f64>()
            .unwrap()
            > 0.0
    );
    assert_eq!(kept.events[1].0["error.type"], "404");
    let all = format!("{:?} {:?}", kept.spans, kept.events);
    assert!(!all.contains("hidden"), "{all}");
}

#[tokio::test]
async fn the_span_of_a_dropped_call_ends() {
    let server = Server::start();
    let host = host(Face::Async, options());
    let client = Client::open(&host, config(&server, Credential::account_key(KEY))).await;
    let items = client.unwrap().container("db", "c");
    let keep = Keep::default();
    let _default = tracing::subscriber::set_default(keep.clone());
    {
        let mut read = std::pin::pin!(items.read_item::<Value>("never", "k"));
        while server.seen().is_empty() {
            let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
            assert!(read.as_mut().poll(context).is_pending());
            tokio::task::yield_now().await;
        }
    }
    let kept = keep.0.lock().unwrap();
    assert_eq!((kept.spans.len(), kept.closed), (1, 1));
    kept.assert_span(
        0,
        &[("error.type", "cancelled"), ("otel.status_code", "ERROR")],
    );
}
