//! Accounts for the program.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cosmosdb_driver_host::{Config, ContainerDefinition, Credential, Host, Options, blocking};
use host_tests::emulator::Emulator;
use host_tests::gateway::{self, Gateway};
use host_tests::scripted::{Seen, Step};
use serde_json::{Value, json};

use crate::process::{Cosmos, KEY};

/// The embedded emulator with the container `shop/orders`, partitioned by `/tenant`.
pub(crate) fn emulator() -> (Emulator, Cosmos) {
    let emulator = Emulator::builder().start_blocking().unwrap();
    let file = host_tests::component("cosmosdb-driver.wasm");
    let host = Host::from_file(file, Options::default()).unwrap();
    let config = Config::new(emulator.endpoint(), Credential::account_key(emulator.key()));
    let client = blocking::Client::open(&host, config).unwrap();
    let database = client.database("shop");
    database.create(None).unwrap();
    let orders = ContainerDefinition::new("orders", ["/tenant"]);
    database.create_container(&orders, None).unwrap();
    emulator.take_requests();
    let cosmos = Cosmos::new(&emulator.endpoint(), emulator.key(), "shop", "orders");
    (emulator, cosmos)
}

/// Three orders in it, written by the program.
pub(crate) fn shop() -> (Emulator, Cosmos) {
    let (emulator, cosmos) = emulator();
    for order in [
        r#"{"id":"1","tenant":"contoso","price":9.99,"note":"a, \"b\""}"#,
        r#"{"id":"2","tenant":"contoso","price":120,"tags":["x","y"]}"#,
        r#"{"id":"3","tenant":"fabrikam","price":7.5,"note":null}"#,
    ] {
        let done = cosmos.run_with(&["upsert"], order);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    (emulator, cosmos)
}

/// The simulated gateway with the container `d/c` of four partitions, partitioned by `/pk`.
pub(crate) fn gateway() -> (Gateway, Cosmos) {
    let options = gateway::Options {
        ranges: 4,
        ..gateway::Options::default()
    };
    let gateway = Gateway::start(options).unwrap();
    let cosmos = Cosmos::new(&gateway.endpoint(), KEY, "d", "c");
    (gateway, cosmos)
}

/// Lines of items with the numbers from 1 on.
pub(crate) fn lines(count: u64) -> String {
    let line = |number| {
        format!(
            "{{\"id\":\"{number}\",\"pk\":\"{}\",\"n\":1}}\n",
            number % 100
        )
    };
    (1..=count).map(line).collect()
}

/// How often each id is in the container.
pub(crate) fn ids(gateway: &Gateway) -> BTreeMap<String, u64> {
    let mut ids = BTreeMap::new();
    for item in gateway.container("d", "c").items() {
        let id = item["id"].as_str().unwrap().to_owned();
        *ids.entry(id).or_insert(0) += 1;
    }
    ids
}

/// Each of the numbers from 1 to `count`, once.
pub(crate) fn once(count: u64) -> BTreeMap<String, u64> {
    (1..=count).map(|number| (number.to_string(), 1)).collect()
}

pub(crate) fn is_bulk(request: &Seen) -> bool {
    request.header("x-ms-cosmos-is-batch-request").is_some()
}

/// How often each id was in the operations that the account saw.
pub(crate) fn sent(gateway: &Gateway) -> BTreeMap<String, u64> {
    let mut sent = BTreeMap::new();
    for request in gateway.requests().iter().filter(|request| is_bulk(request)) {
        let operations: Vec<Value> = serde_json::from_slice(&request.body).unwrap();
        for operation in operations {
            let id = operation["resourceBody"]["id"].as_str().unwrap();
            *sent.entry(id.to_owned()).or_insert(0) += 1;
        }
    }
    sent
}

/// An account that answers some requests, and then none, until it is woken.
pub(crate) struct Stall(Arc<AtomicBool>);

impl Stall {
    /// The first `answered` of the requests that `about` is about are answered.
    pub(crate) fn after(
        gateway: &Gateway,
        answered: u64,
        about: impl Fn(&Seen) -> bool + Send + 'static,
    ) -> Self {
        let asleep = Arc::new(AtomicBool::new(true));
        let (shared, seen) = (asleep.clone(), AtomicU64::new(0));
        let stalls = move |request: &Seen| {
            about(request)
                && shared.load(Ordering::Relaxed)
                && seen.fetch_add(1, Ordering::Relaxed) >= answered
        };
        gateway.on(u64::MAX, stalls, Step::silent());
        Self(asleep)
    }

    pub(crate) fn wake(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A document for the gateway.
pub(crate) fn document(number: u64) -> Value {
    json!({ "id": number.to_string(), "pk": (number % 100).to_string(), "n": number })
}
