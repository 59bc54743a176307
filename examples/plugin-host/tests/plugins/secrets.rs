//! The account's key is in no memory of any guest: not the plugin's, not the driver's, not after a run, not in one that
//! was stopped in the middle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_tests::gateway::{Gateway, Options};
use plugin_host::{Limit, Limits, Outcome, Plugin, PluginHost};
use serde_json::json;

use crate::recorder::Recorder;
use crate::scene::{DRIVER, HOSTILE, ORDERS, Scene, account, component};

/// 64 bytes that look like nothing else.
fn key() -> Vec<u8> {
    (0_u8..64)
        .map(|place| place.wrapping_mul(167) ^ 0x5a)
        .collect()
}

/// Something of the key: windows of it, as text and decoded, so that a part of it is a find too.
fn parts() -> Vec<Vec<u8>> {
    let (text, decoded) = (STANDARD.encode(key()).into_bytes(), key());
    let parts = |bytes: Vec<u8>| {
        bytes
            .chunks_exact(16)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    [parts(text), parts(decoded)].concat()
}

struct Searched {
    gateway: Gateway,
    recorder: Recorder,
    scene: Scene,
}

impl Searched {
    fn new() -> Self {
        let options = Options {
            database: "shop",
            container: "orders",
            key: &["/customer"],
            ranges: 2,
        };
        let gateway = Gateway::start(options).unwrap();
        let container = gateway.container("shop", "orders");
        for (customer, id) in [("a", "1"), ("ada", "1"), ("ada", "2")] {
            container
                .put(json!({ "id": id, "customer": customer, "status": "open", "note": MARK }));
        }
        Self {
            gateway,
            recorder: Recorder::default(),
            scene: Scene::new(),
        }
    }

    fn load(&self, plugin: &str, limits: Limits) -> Plugin {
        let account = account(&self.gateway.endpoint(), &STANDARD.encode(key()));
        let config = self.recorder.config();
        let host = PluginHost::with_engine(config, &component(DRIVER), account, limits);
        host.unwrap().load(&component(plugin)).unwrap()
    }

    /// The server saw signatures, and the guests saw the item.
    fn is_clean(&self) {
        let requests = self.gateway.requests();
        assert!(!requests.is_empty());
        assert!(
            requests
                .iter()
                .all(|request| request.header("authorization").is_some())
        );
        assert!(
            self.recorder.holding(MARK.as_bytes()) >= 2,
            "in the driver and in the plugin"
        );
        for part in parts() {
            assert_eq!(self.recorder.holding(&part), 0, "{part:?}");
        }
    }
}

/// A text of the items.
const MARK: &str = "a note that both guests see";

#[test]
fn no_guest_holds_the_key() {
    let searched = Searched::new();
    let orders = searched.load(ORDERS, Limits::default());
    let report = searched.scene.run(&orders, "ada 1");
    assert_eq!(
        report.outcome,
        Outcome::Done("1 is paid; open: 2".to_owned())
    );
    searched.is_clean();
    assert!(searched.recorder.memories() >= 2);
}

#[test]
fn nor_does_one_that_was_stopped() {
    let searched = Searched::new();
    let mut limits = Limits::default();
    limits.network.requests = 3;
    let hostile = searched.load(HOSTILE, limits);
    let report = searched.scene.run(&hostile, "calls");
    assert_eq!(
        report.outcome,
        Outcome::Refused {
            by: Limit::Requests
        }
    );
    searched.is_clean();
}

#[test]
fn a_plugin_that_searches_its_memory_finds_nothing() {
    let searched = Searched::new();
    let hostile = searched.load(
        HOSTILE,
        Limits {
            fuel: u64::MAX,
            ..Limits::default()
        },
    );
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    let search = |text: &str| {
        let input = format!("search {}", backwards(text));
        searched.scene.run(&hostile, &input).outcome
    };
    assert_eq!(
        search(&STANDARD.encode(key())),
        Outcome::Done("0".to_owned())
    );
    // It does find what is there: a text of its own.
    let found = search("is none of the attacks");
    assert!(
        matches!(&found, Outcome::Done(times) if times != "0"),
        "{found:?}"
    );
}

/// With the key inside, the search finds it.
#[test]
fn the_search_finds_a_key_that_is_inside() {
    let searched = Searched::new();
    let hostile = searched.load(HOSTILE, Limits::default());
    let text = STANDARD.encode(key());
    let report = searched.scene.run(&hostile, &format!("own-key {text}"));
    assert!(matches!(report.outcome, Outcome::Done(_)), "{report:?}");
    let found = parts()
        .iter()
        .filter(|part| searched.recorder.holding(part) > 0)
        .count();
    assert!(found >= text.len() / 16, "all of the text: {found}");
}
