//! An account with the orders of a shop, and plugins for them.

use std::cell::Cell;

use cosmosdb_driver_host::{Config, ContainerDefinition, Credential, Host, Options, blocking};
use host_tests::emulator::{Emulator, Recorded};
use http::Method;
use plugin_host::{Account, Limits, Outcome, Plugin, PluginHost, Report};
use serde_json::json;
use tokio::runtime::Runtime;

pub(crate) const DRIVER: &str = "cosmosdb-driver.wasm";
pub(crate) const ORDERS: &str = "plugin-orders.wasm";
pub(crate) const HOSTILE: &str = "plugin-hostile.wasm";

/// Of ada, all open.
const OF_ADA: u32 = 99;

/// A component's bytes.
pub(crate) fn component(file: &str) -> Vec<u8> {
    let path = host_tests::component(file);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{} ({error}): run `cargo xtask build` and `cargo xtask guests` first",
            path.display()
        )
    })
}

/// An account whose compiled plugins are kept beside the components.
pub(crate) fn account(endpoint: &str, key: &str) -> Account {
    let mut account = Account::new(endpoint, key, "shop", "orders").unwrap();
    let driver = host_tests::component(DRIVER);
    account.options.cache_dir = driver.parent().map(Into::into);
    account
}

pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) runtime: Runtime,
    paid: Cell<u32>,
}

impl Scene {
    /// The containers `shop/orders`, with orders 1 to 99 of ada and order 1 of a, and `shop/other`.
    pub(crate) fn new() -> Self {
        let emulator = Emulator::builder().start_blocking().unwrap();
        fill(&emulator);
        emulator.take_requests();
        let runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            emulator,
            runtime: { runtime }.enable_all().build().unwrap(),
            paid: Cell::new(0),
        }
    }

    pub(crate) fn host(&self, limits: Limits) -> PluginHost {
        let account = account(&self.emulator.endpoint(), self.emulator.key());
        PluginHost::new(&component(DRIVER), account, limits).unwrap()
    }

    pub(crate) fn load(&self, plugin: &str, limits: Limits) -> Plugin {
        self.host(limits).load(&component(plugin)).unwrap()
    }

    pub(crate) fn run(&self, plugin: &Plugin, input: &str) -> Report {
        self.runtime.block_on(plugin.run(input))
    }

    /// A good plugin does its work.
    pub(crate) fn serves(&self, orders: &Plugin) {
        self.paid.set(self.paid.get() + 1);
        let (id, next) = (self.paid.get(), self.paid.get() + 1);
        let report = self.run(orders, &format!("ada {id}"));
        let Outcome::Done(answer) = &report.outcome else {
            panic!("{report:?}");
        };
        assert!(
            answer.starts_with(&format!("{id} is paid; open: ")),
            "{answer}"
        );
        assert!(answer.contains(&format!(" {next},")), "{answer}");
        assert_eq!((report.usage.requests, report.usage.refused), (3, 0));
        assert_eq!(self.clean_requests().len(), 3);
    }

    /// What the server saw since the last time: requests for the container's items, signed with the account's key.
    pub(crate) fn clean_requests(&self) -> Vec<Recorded> {
        let seen = self.emulator.take_requests();
        for request in &seen {
            let path = request.path.as_str();
            let metadata = [
                "/",
                "/dbs/shop/colls/orders",
                "/dbs/shop/colls/orders/pkranges",
            ];
            let items = path.strip_prefix("/dbs/shop/colls/orders/docs");
            let id = items.map(|items| items.strip_prefix('/').unwrap_or(items));
            let allowed = match id {
                None => request.method == Method::GET && metadata.contains(&path),
                Some(id) => !id.contains(['/', '?', '\\']) && id != "..",
            };
            assert!(allowed, "{} {path}", request.method);
            assert!(request.header("x-http-method").is_none());
            let authorization = request.header("authorization").unwrap_or_default();
            assert!(
                authorization.starts_with("type%3Dmaster%26"),
                "{authorization}"
            );
            assert_ne!(request.status, 401, "not signed with the account's key");
        }
        seen
    }
}

fn fill(emulator: &Emulator) {
    let host = Host::from_file(host_tests::component(DRIVER), Options::default()).unwrap();
    let key = Credential::account_key(emulator.key());
    let client = blocking::Client::open(&host, Config::new(emulator.endpoint(), key)).unwrap();
    let shop = client.database("shop");
    shop.create(None).unwrap();
    for container in ["orders", "other"] {
        let definition = ContainerDefinition::new(container, ["/customer"]);
        shop.create_container(&definition, None).unwrap();
    }
    let orders = shop.container("orders");
    let order = |customer: &str, id: u32| {
        let order = json!({ "id": id.to_string(), "customer": customer, "status": "open" });
        orders.create_item(customer, &order).unwrap();
    };
    order("a", 1);
    (1..=OF_ADA).for_each(|id| order("ada", id));
}
