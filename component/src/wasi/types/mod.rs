//! The types of `wit/types.wit` as the driver's own: fields and cases in the order of the WIT.

mod config;
mod control;
mod diagnostics;
mod fault;
mod feed;
mod operation;
mod options;
mod response;
mod snapshot;
#[cfg(test)]
mod tests;

pub(super) use fault::from_now;
pub(super) use response::Rejection;
