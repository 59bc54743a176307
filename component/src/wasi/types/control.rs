//! Operations on everything but items.

use http::Method;

use crate::core::operation::{
    ContainerRef, PartitionKey, RawRequest, ResourceAction, ResourceKind, ResourceRef,
};

enumerations! {
    ResourceKind { StoredProcedure, Trigger, UserDefinedFunction, Conflict, User, Permission }
}

record!(ResourceRef {
    kind: ResourceKind,
    database: String,
    container: String,
    id: String,
    key: PartitionKey,
} => Self { kind, parent: ContainerRef { database, container }, id, key });

variant!(ResourceAction {
    0 => definition: Vec<u8> => Self::Create(definition),
    1 => (): () => Self::Read,
    2 => definition: Vec<u8> => Self::Replace(definition),
    3 => (): () => Self::Delete,
    _ => parameters: Vec<u8> => Self::Execute(parameters),
});

variant!(Method {
    0 => (): () => Self::GET,
    1 => (): () => Self::POST,
    2 => (): () => Self::PUT,
    3 => (): () => Self::PATCH,
    _ => (): () => Self::DELETE,
});

record!(RawRequest {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
});
