//! Scripts, users, permissions and conflicts: what a container or database holds besides items, one at a time.

use super::Collection;
use super::names::Verb;
use crate::core::error::Result;
use crate::core::operation::{Conditions, ContainerRef, PartitionKey, Precondition};
use crate::core::request::Request;

/// The kinds of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the service's own terms
pub enum ResourceKind {
    StoredProcedure,
    Trigger,
    UserDefinedFunction,
    Conflict,
    User,
    Permission,
}

/// Names one of them.
#[derive(Clone, PartialEq)]
pub struct ResourceRef {
    /// What it is.
    pub kind: ResourceKind,
    /// Where it is: in this database, and this container of it. Of a permission it is a user instead; of a user nothing.
    pub parent: ContainerRef,
    /// Its id.
    pub id: String,
    /// The partition key of the item that a conflict is about; empty for all other kinds.
    pub key: PartitionKey,
}

/// What is done to it. Definitions are JSON, whole.
#[derive(Clone, PartialEq)]
#[allow(missing_docs)] // they say it
pub enum ResourceAction {
    Create(Vec<u8>),
    Read,
    Replace(Vec<u8>),
    Delete,
}

impl ResourceRef {
    /// What the operation is called.
    pub fn name(&self, action: &ResourceAction) -> &'static str {
        self.collection().row().name(match action {
            ResourceAction::Create(_) => Verb::Create,
            ResourceAction::Read => Verb::Read,
            ResourceAction::Replace(_) => Verb::Replace,
            ResourceAction::Delete => Verb::Delete,
        })
    }

    fn collection(&self) -> Collection<'_> {
        let parent = &self.parent;
        match self.kind {
            ResourceKind::StoredProcedure => Collection::StoredProcedures(parent),
            ResourceKind::Trigger => Collection::Triggers(parent),
            ResourceKind::UserDefinedFunction => Collection::UserDefinedFunctions(parent),
            ResourceKind::Conflict => Collection::Conflicts(parent),
            ResourceKind::User => Collection::Users(&parent.database),
            ResourceKind::Permission => Collection::Permissions {
                database: &parent.database,
                user: &parent.container,
            },
        }
    }
}

/// The request for an action on a resource.
///
/// # Errors
/// `invalid-argument`: ids, a key or an etag that cannot be sent; what the service does not do with this kind.
pub fn request(
    resource: ResourceRef,
    action: ResourceAction,
    precondition: Option<Precondition>,
) -> Result<Request> {
    let (collection, id) = (resource.collection(), resource.id.as_str());
    let request = match action {
        ResourceAction::Create(definition) => collection.create(definition),
        ResourceAction::Read => collection.read(id),
        ResourceAction::Replace(definition) => collection.replace(id, definition),
        ResourceAction::Delete => collection.delete(id),
    };
    let request = request?.with_conditions(Conditions {
        precondition,
        session_token: None,
    })?;
    if resource.kind == ResourceKind::Conflict {
        return request.with_scope(resource.parent, resource.key);
    }
    Ok(request)
}
