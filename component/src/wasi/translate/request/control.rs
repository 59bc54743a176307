//! Operations on everything but items.

use http::Method;

use super::{key, precondition};
use crate::core::Operation;
use crate::core::operation::{ContainerRef, RawRequest, ResourceAction, ResourceKind, ResourceRef};
use crate::wasi::bindings::types as wit;

pub(super) fn manage(manage: wit::ManageResource) -> Operation {
    let resource = manage.resource;
    Operation::ManageResource {
        resource: ResourceRef {
            kind: match resource.kind {
                wit::ResourceKind::StoredProcedure => ResourceKind::StoredProcedure,
                wit::ResourceKind::Trigger => ResourceKind::Trigger,
                wit::ResourceKind::UserDefinedFunction => ResourceKind::UserDefinedFunction,
                wit::ResourceKind::Conflict => ResourceKind::Conflict,
                wit::ResourceKind::User => ResourceKind::User,
                wit::ResourceKind::Permission => ResourceKind::Permission,
            },
            parent: ContainerRef {
                database: resource.database,
                container: resource.parent,
            },
            id: resource.id,
            key: key(resource.key),
        },
        action: match manage.action {
            wit::ResourceAction::Create(definition) => ResourceAction::Create(definition),
            wit::ResourceAction::Read => ResourceAction::Read,
            wit::ResourceAction::Replace(definition) => ResourceAction::Replace(definition),
            wit::ResourceAction::Delete => ResourceAction::Delete,
            wit::ResourceAction::Execute(parameters) => ResourceAction::Execute(parameters),
        },
        precondition: manage.precondition.map(precondition),
    }
}

pub(super) fn raw(request: wit::RawRequest) -> RawRequest {
    RawRequest {
        method: match request.method {
            wit::HttpMethod::Get => Method::GET,
            wit::HttpMethod::Post => Method::POST,
            wit::HttpMethod::Put => Method::PUT,
            wit::HttpMethod::Patch => Method::PATCH,
            wit::HttpMethod::Delete => Method::DELETE,
        },
        path: request.path,
        headers: request.headers,
        body: request.body,
    }
}
