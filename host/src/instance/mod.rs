//! Instances of the component: the layer below the clients, for hosts that manage instances themselves.
//!
//! Instances share nothing but the host's connections: each has its own metadata and credential. Within an instance,
//! several drivers may share a runtime: [`BlockingInstance::runtime`], [`AsyncInstance::runtime`].

mod blocking;
mod concurrent;

pub use blocking::{BlockingInstance, Driver, Feed, OnDriver, Runtime, Task};
pub use concurrent::{AsyncFeed, AsyncInstance, AsyncRuntime};

use crate::error::Error;
use crate::face::Face;

fn wrong_face(needed: Face) -> Error {
    let file = match needed {
        Face::Blocking => "cosmosdb-driver.wasm",
        Face::Async => "cosmosdb-driver-async.wasm",
    };
    Error::Load(format!(
        "this host holds the component's other face, which cannot run these calls: load {file}"
    ))
}

fn stranger() -> Error {
    Error::Options(
        "the runtime or driver belongs to another instance: use it with the one that made it"
            .to_owned(),
    )
}
