//! Between steps and values of the contract. Only names of the contract's types are used: the components that take part as
//! agents are made of the same two files.

pub(crate) mod answer;
pub(crate) mod operation;

use cosmosdb_driver_host::types;

fn no_options() -> types::OperationOptions {
    types::OperationOptions::default()
}

fn no_feed_options() -> types::FeedOptions {
    types::FeedOptions::default()
}
