//! Does the steps of `hosts/cases` in an app: a component that the driver's WASI 0.3 face was composed with.
#![cfg(target_family = "wasm")]

use std::cell::RefCell;
use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use driver_guest::types::{
    Config, Credential, FeedOptions, MetadataMode, OperationOptions, RuntimeConfig,
};
use driver_guest::{Driver, Runtime, types};
use serde_json::{Value, json};

use bindings::Guest;
use steps::answer::{self, Rows};
use steps::operation;

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic over a wrong case"
)]
#[path = "../../src/steps/mod.rs"]
mod steps;

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wasip3::wit_bindgen::generate!({ path: "wit", runtime_path: "wasip3::wit_bindgen::rt" });
}

thread_local!(static DRIVER: RefCell<Option<Rc<Driver>>> = const { RefCell::new(None) });

struct App;

impl Guest for App {
    async fn step(step: String) -> String {
        let step: Value = serde_json::from_str(&step).unwrap_or_default();
        let told = match run(&step).await {
            Ok(ok) => json!({ "ok": ok }),
            Err(error) => json!({ "error": error }),
        };
        told.to_string()
    }
}

async fn run(step: &Value) -> Result<Value, Value> {
    let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
    if text("do") == "open" {
        let credential = Credential::AccountKey(text("key"));
        let config = Config::new(text("endpoint"), credential, MetadataMode::Lean);
        let runtime = Runtime::create(&RuntimeConfig::default());
        let driver = runtime.and_then(|runtime| runtime.open(&config));
        let driver = driver.map_err(|refused| answer::rejection(refused.kind))?;
        DRIVER.replace(Some(Rc::new(driver)));
        return Ok(json!({}));
    }
    let Some(driver) = DRIVER.with_borrow(Clone::clone) else {
        return Ok(json!({ "wrong": "no client is open" }));
    };
    match text("do").as_str() {
        "close" => {
            driver.close();
            Ok(json!({}))
        }
        "snapshot" => Ok(json!({ "snapshot": BASE64_STANDARD.encode(driver.snapshot()) })),
        "restore" => {
            let snapshot = BASE64_STANDARD.decode(text("snapshot")).unwrap_or_default();
            let refused = driver.restore(&snapshot).err().map(answer::refusal);
            Ok(json!({ "refused": refused }))
        }
        "query" | "read-feed" | "change-feed" | "read-many" => feed(&driver, step).await,
        _ => {
            let (operation, options) = (operation::operation(step), operation::options(step));
            let response = driver.execute(operation, options).await;
            let response = response.map_err(|error| answer::error(&error))?;
            Ok(answer::response(&response))
        }
    }
}

async fn feed(driver: &Driver, step: &Value) -> Result<Value, Value> {
    let (operation, options) = operation::feed(step);
    let feed = driver.open_feed(&operation, &options, &operation::options(step));
    let feed = feed.map_err(|refused| answer::rejection(refused.kind))?;
    let mut found = Rows::default();
    for _ in 0..step["pages"].as_u64().unwrap_or(u64::MAX) {
        let page = feed.next_page().await;
        let page = page.map_err(|error| answer::error(&error))?;
        if page.status != 200 {
            break;
        }
        found.add(&page);
    }
    Ok(found.told(feed.continuation().ok().flatten().as_deref()))
}

fn no_options() -> OperationOptions {
    OperationOptions::default()
}

fn no_feed_options() -> FeedOptions {
    FeedOptions::default()
}

#[allow(unsafe_code)] // the macro makes the component's entry points
mod export {
    use super::{App, bindings};

    bindings::export!(App with_types_in bindings);
}
