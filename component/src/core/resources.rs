//! Lists of what is no item: databases, containers, scripts and so on (spec data-plane §8).

use std::rc::Rc;

use super::control::{self, Paging};
use super::error::Result;
use super::operation::ContainerRef;
use super::request::Request;
use crate::wire::query_body::{self, Parameter};

/// All resources of a kind below one parent, or those that a query selects. Pages are the service's own; requests have no
/// session.
#[derive(Debug, Clone, PartialEq)]
pub struct Resources {
    /// Which of them.
    pub collection: ResourceCollection,
    /// A query's text with its parameters, sent as it is: without a plan, so that what it asks for has to be what the
    /// service can do by itself. None lists all.
    pub query: Option<(String, Vec<Parameter>)>,
}

/// All resources of a kind below one parent. In pages they are in an array whose name depends on the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceCollection {
    /// Of the account, in `Databases`.
    Databases,
    /// Of a database, in `DocumentCollections`.
    Containers(String),
    /// Of a container, in `StoredProcedures`.
    StoredProcedures(ContainerRef),
    /// Of a container, in `Triggers`.
    Triggers(ContainerRef),
    /// Of a container, in `UserDefinedFunctions`.
    UserDefinedFunctions(ContainerRef),
    /// Of a container, in `Conflicts`.
    Conflicts(ContainerRef),
    /// Of a database, in `Users`.
    Users(String),
    /// Of a user, in `Permissions`. Each holds a resource token: a secret.
    Permissions {
        /// The user's database.
        database: String,
        /// The user's id.
        user: String,
    },
    /// Provisioned throughputs of the account's databases and containers, in `Offers`.
    Offers,
}

impl Resources {
    /// The name of its requests in diagnostics, and of the feed.
    pub fn name(&self) -> &'static str {
        self.collection().feed_name(self.query.is_some())
    }

    /// The query as a request body; nothing without one.
    ///
    /// # Errors
    /// `invalid-argument`: a parameter that is no JSON.
    pub fn body(&self) -> Result<Vec<u8>> {
        Ok(match &self.query {
            Some((text, parameters)) => query_body::body(text, parameters, None)?,
            None => Vec::new(),
        })
    }

    /// The request for a page; the body is that of [`body`](Self::body).
    ///
    /// # Errors
    /// `invalid-argument`: names that no URL can carry, a continuation that no header can.
    pub fn page(&self, body: &Rc<Vec<u8>>, paging: Paging) -> Result<Request> {
        match self.query {
            Some(_) => self.collection().query(body.to_vec(), paging),
            None => self.collection().list(paging),
        }
    }

    fn collection(&self) -> control::Collection<'_> {
        use ResourceCollection as Own;
        use control::Collection;
        match &self.collection {
            Own::Databases => Collection::Databases,
            Own::Containers(database) => Collection::Containers(database),
            Own::StoredProcedures(at) => Collection::StoredProcedures(at),
            Own::Triggers(at) => Collection::Triggers(at),
            Own::UserDefinedFunctions(at) => Collection::UserDefinedFunctions(at),
            Own::Conflicts(at) => Collection::Conflicts(at),
            Own::Users(database) => Collection::Users(database),
            Own::Permissions { database, user } => Collection::Permissions { database, user },
            Own::Offers => Collection::Offers,
        }
    }
}
