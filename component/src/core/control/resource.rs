//! Scripts, users, permissions and conflicts: what a container or database holds besides items, one at a time.

use http::Method;

use super::{Collection, Verb};
use crate::core::error::{Error, Result};
use crate::core::operation::{ContainerRef, PartitionKey, Precondition};
use crate::core::request::Request;
use crate::core::retry::Class;

const EXECUTE: &str = "execute_stored_procedure";

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
    /// Of a conflict the key of the item, of a stored procedure that is run the key that it works on; not used otherwise.
    pub key: PartitionKey,
}

/// What is done to it. Definitions are JSON, whole; parameters a JSON array.
#[derive(Clone, PartialEq)]
#[allow(missing_docs)] // they say it
pub enum ResourceAction {
    Create(Vec<u8>),
    Read,
    Replace(Vec<u8>),
    Delete,
    Execute(Vec<u8>),
}

impl ResourceRef {
    /// What the operation is called.
    #[cold]
    #[inline(never)]
    pub fn name(&self, action: &ResourceAction) -> &'static str {
        let verb = match action {
            ResourceAction::Create(_) => Verb::Create,
            ResourceAction::Read => Verb::Read,
            ResourceAction::Replace(_) => Verb::Replace,
            ResourceAction::Delete => Verb::Delete,
            ResourceAction::Execute(_) => return EXECUTE,
        };
        self.collection().row().name(verb)
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
/// `invalid-argument`: ids, a key, an etag or parameters that cannot be sent; what the service does not do with this kind.
pub fn request(
    resource: ResourceRef,
    action: ResourceAction,
    precondition: Option<Precondition>,
) -> Result<Box<Request>> {
    let (verb, body, executes) = match action {
        ResourceAction::Create(definition) => (Verb::Create, Some(definition), false),
        ResourceAction::Read => (Verb::Read, None, false),
        ResourceAction::Replace(definition) => (Verb::Replace, Some(definition), false),
        ResourceAction::Delete => (Verb::Delete, None, false),
        ResourceAction::Execute(parameters) => (Verb::Replace, Some(parameters), true),
    };
    let mut request = resource.collection().one(verb, &resource.id, body)?;
    request.only_if(precondition)?;
    if executes {
        if resource.kind != ResourceKind::StoredProcedure {
            return Err(Error::invalid(
                "only stored procedures can be executed: triggers run with the writes that name them, functions in queries",
            ));
        }
        // It is sent again only if the service certainly did not run it.
        request.class = Class::UnsafeWrite;
        request.name = EXECUTE;
        request.method = Method::POST;
    }
    if executes || resource.kind == ResourceKind::Conflict {
        request.scope_to(resource.parent, resource.key)?;
    }
    Ok(request)
}
