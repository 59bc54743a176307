//! Between the types of `wit/types.wit` and the model. Strings and bodies are moved, never copied.

mod fault;
mod request;
mod response;

pub(super) use fault::fault;
pub(super) use request::{config, operation, options, runtime, secret};
pub(super) use response::{error, rejection, response};
