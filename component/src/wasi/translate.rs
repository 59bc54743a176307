//! Between the types of `wit/types.wit` and the model. Strings and bodies are moved, never copied.

mod fault;
mod feed;
mod request;
mod response;
mod snapshot;

pub(super) use fault::fault;
pub(super) use feed::{feed_operation, feed_options};
pub(super) use request::{config, operation, options, runtime, secret};
pub(super) use response::{error, rejection, response};
pub(super) use snapshot::restored;
