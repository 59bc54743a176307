//! The types of the contract, as `wit/types.wit` defines and documents them.
//!
//! Without its `config` and `credential`: what the macro generates for those prints secrets. Use
//! [`Config`](crate::Config) and [`Credential`](crate::Credential).

pub use crate::bindings::wit::{
    Attempt, ContainerRef, CreateContainer, CreateDatabase, DeleteItem, Diagnostics, Error,
    ErrorKind, ItemRef, KeyComponent, MetadataMode, Operation, OperationOptions, Outcome,
    PatchItem, PatchMove, PatchOperation, PatchValue, Precondition, ReadItem, ReplaceItem,
    RequestSent, Response, ResponseHeaders, Throughput, WriteItem,
};

/// Nothing set: everything falls back to the client's defaults.
impl Default for OperationOptions {
    fn default() -> Self {
        Self {
            content_response_on_write: None,
            custom_headers: Vec::new(),
            activity_id: None,
        }
    }
}
