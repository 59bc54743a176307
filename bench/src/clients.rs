//! The clients under test: the floor, the native ones, ours.

mod native;
mod raw;

use std::path::Path;

use anyhow::{Result, bail};
use cosmosdb_driver_host::Options;

use crate::guest;
use crate::load::Client;

/// All of them, in the order of the tables.
pub(crate) const ALL: [&str; 9] = [
    RAW[0],
    RAW[1],
    NATIVE[0],
    NATIVE[1],
    "sdk-h2",
    "sdk-h1",
    "wasi-0.2",
    "wasi-0.2-tasks",
    "wasi-0.3",
];

/// The floor: the pooled client of hyper-util, which sends the same requests and reads nothing of the answers.
pub(crate) const RAW: [&str; 2] = ["raw-h1", "raw-h2"];

/// The native driver: HTTP/2 is its default.
pub(crate) const NATIVE: [&str; 2] = ["native-h2", "native-h1"];

/// One of [`ALL`]; with `-metered` behind its name, ours count fuel.
pub(crate) async fn open(name: &str, endpoint: &str, components: &Path) -> Result<Box<dyn Client>> {
    let http2 = name.ends_with("-h2");
    let metered = name.strip_suffix("-metered");
    let options = Options {
        metered: metered.is_some(),
        ..Options::default()
    };
    Ok(match metered.unwrap_or(name) {
        "raw-h1" | "raw-h2" => Box::new(raw::Raw::new(endpoint, http2)?),
        "native-h1" | "native-h2" => Box::new(native::Driver::open(endpoint, http2).await?),
        "sdk-h1" | "sdk-h2" => Box::new(native::Sdk::open(endpoint, http2).await?),
        "wasi-0.2" => Box::new(guest::Pool::open(endpoint, components, options)?),
        "wasi-0.2-tasks" => Box::new(guest::Tasks::open(endpoint, components, options).await?),
        "wasi-0.3" => Box::new(guest::Async::open(endpoint, components, options).await?),
        _ => bail!("there is no client {name:?}"),
    })
}
