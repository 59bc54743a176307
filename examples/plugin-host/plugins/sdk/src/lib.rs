//! What a plugin is written with: the bindings of its world, made of the WIT files, and a little to say less.

// The generated code: what is documented comes from the WIT files.
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../../wit", "../../wit"],
        world: "example:plugins/plugin",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "plugin_sdk",
    });
}

pub use bindings::*;

/// What says nothing, so that the driver's own defaults apply: as in `examples/guest`, for these bindings.
#[path = "../../../../guest/src/defaults.rs"]
mod defaults;

use cosmosdb::driver::driver::{Driver, Runtime};
use cosmosdb::driver::types::{
    self, Config, ContainerRef, Credential, Error, FeedOptions, ItemRef, KeyComponent,
    MetadataMode, OperationOptions, Rejection, RuntimeConfig,
};
use exports::example::plugins::job::Place;

/// A driver for the account of this place, whose requests the host signs. Sends nothing.
///
/// # Errors
/// The endpoint is none.
pub fn open(place: &Place) -> Result<Driver, Rejection> {
    Runtime::create(&runtime_config())?.open(&config(place, Credential::Host))
}

/// The configuration of [`open`], with another credential maybe. `lean`: a plugin lives for one call.
pub fn config(place: &Place, credential: Credential) -> Config {
    Config::new(place.endpoint.clone(), credential, MetadataMode::Lean)
}

/// A runtime with nothing set.
pub fn runtime_config() -> RuntimeConfig {
    RuntimeConfig::default()
}

/// Options with nothing set.
pub fn options() -> OperationOptions {
    OperationOptions::default()
}

/// Feed options with nothing set.
pub fn feed_options() -> FeedOptions {
    FeedOptions::default()
}

/// The container of this place.
pub fn container(place: &Place) -> ContainerRef {
    ContainerRef {
        database: place.database.clone(),
        container: place.container.clone(),
    }
}

/// An item of a container whose partition key is one text.
pub fn item(container: ContainerRef, id: &str, key: &str) -> ItemRef {
    ItemRef {
        container,
        id: id.to_owned(),
        key: vec![KeyComponent::Text(key.to_owned())],
    }
}

/// An error in one line: its kind, and what it says.
pub fn told(error: &Error) -> String {
    format!("{:?}: {}", error.kind, error.message)
}
