//! Does the steps of `hosts/cases` in a plugin, each in a run of its own: input is the step, the answer what came of it.

use plugin_sdk::cosmosdb::driver::driver::Driver;
use plugin_sdk::cosmosdb::driver::types;
use plugin_sdk::exports::example::plugins::job::{Guest, Place};
use plugin_sdk::{feed_options as no_feed_options, open, options as no_options};
use serde_json::{Value, json};

use steps::answer::{self, Rows};
use steps::operation;

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic over a wrong case"
)]
#[allow(dead_code, reason = "a plugin takes no snapshots")]
#[path = "../../src/steps/mod.rs"]
mod steps;

struct Steps;

impl Guest for Steps {
    fn run(place: Place, input: String) -> Result<String, String> {
        let step: Value = serde_json::from_str(&input).map_err(|error| error.to_string())?;
        let driver = open(&place).map_err(|rejection| rejection.message)?;
        let told = match run(&driver, &step) {
            Ok(ok) => json!({ "ok": ok }),
            Err(error) => json!({ "error": error }),
        };
        Ok(told.to_string())
    }
}

fn run(driver: &Driver, step: &Value) -> Result<Value, Value> {
    let feeds = ["query", "read-feed", "change-feed", "read-many"];
    if feeds.iter().any(|name| step["do"] == *name) {
        return feed(driver, step);
    }
    let response = driver.execute(&operation::operation(step), &operation::options(step));
    let response = response.map_err(|error| answer::error(&error))?;
    Ok(answer::response(&response))
}

fn feed(driver: &Driver, step: &Value) -> Result<Value, Value> {
    let (operation, options) = operation::feed(step);
    let feed = driver.open_feed(&operation, &options, &operation::options(step));
    let feed = feed.map_err(|refused| answer::rejection(refused.kind))?;
    let mut found = Rows::default();
    for _ in 0..step["pages"].as_u64().unwrap_or(u64::MAX) {
        let page = feed.next_page();
        let page = page.map_err(|error| answer::error(&error))?;
        if page.status != 200 {
            break;
        }
        found.add(&page);
    }
    Ok(found.told(feed.continuation().ok().flatten().as_deref()))
}

#[allow(unsafe_code)] // the macro makes the component's entry points
mod export {
    use super::Steps;

    plugin_sdk::export!(Steps with_types_in plugin_sdk);
}
