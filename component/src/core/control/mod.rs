//! Requests for everything but items: the control plane (spec data-plane §8).
//!
//! Resources of a kind below one parent are a [`Collection`], with the same six verbs for all. [`resource`] is one of those
//! that a container or database holds, [`script`] runs stored procedures, [`raw`] takes any request, and a [`sequence`] is
//! an operation of several requests.

mod names;
pub mod raw;
pub mod resource;
pub mod script;
pub mod sequence;

use std::rc::Rc;

use http::Method;

use self::names::Verb;
use super::error::{Error, Result};
use super::operation::ContainerRef;
use super::request::{Request, checked};
use super::retry::Class;
use crate::wire::headers::name;
use crate::wire::link::{self, Link, ResourceType};

#[cfg(test)]
mod tests;

/// Longer continuations are refused: with all other headers they would be more than hosts and gateways take.
const MAX_CONTINUATION_BYTES: usize = 64 << 10;

/// All resources of a kind below one parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection<'a> {
    /// Of the account. They cannot be replaced.
    Databases,
    /// Of a database.
    Containers(&'a str),
    /// Of a container.
    StoredProcedures(&'a ContainerRef),
    /// Of a container.
    Triggers(&'a ContainerRef),
    /// Of a container.
    UserDefinedFunctions(&'a ContainerRef),
    /// Of a container, found by replication. They can be read and deleted, with the partition key of the item.
    Conflicts(&'a ContainerRef),
    /// Of a database.
    Users(&'a str),
    /// Of a user.
    Permissions {
        /// The user's database.
        database: &'a str,
        /// The user's id.
        user: &'a str,
    },
    /// Of the account. They can be read and replaced; their ids are system ids.
    Offers,
}

/// Which page of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paging {
    /// How many rows at most; a page may hold fewer, or none, and not be the last. The service decides by default.
    pub max_item_count: Option<u32>,
    /// Where the page before ended.
    pub continuation: Option<String>,
}

impl Collection<'_> {
    /// A page of all of them. `GET` on the feed.
    ///
    /// # Errors
    /// Names that no URL can carry, a continuation that no header can.
    pub fn list(&self, paging: Paging) -> Result<Request> {
        paged(self.request(Verb::List, Method::GET, self.feed()?)?, paging)
    }

    /// A page of those that a query selects. `POST` on the feed; `body` is the query's JSON.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn query(&self, body: Vec<u8>, paging: Paging) -> Result<Request> {
        let mut request = self.request(Verb::Query, Method::POST, self.feed()?)?;
        request.body = Some(Rc::new(body));
        request.set_header(name::CONTENT_TYPE, "application/query+json");
        request.set_header(name::IS_QUERY, "True");
        paged(request, paging)
    }

    /// Creates one from its definition, JSON. `POST` on the feed.
    ///
    /// # Errors
    /// `invalid-argument`: names that no URL can carry; offers and conflicts, which nobody can create.
    pub fn create(&self, definition: Vec<u8>) -> Result<Request> {
        let mut request = self.request(Verb::Create, Method::POST, self.feed()?)?;
        request.body = Some(Rc::new(definition));
        Ok(request)
    }

    /// Reads one. `GET` on its own path.
    ///
    /// # Errors
    /// Names that no URL can carry.
    pub fn read(&self, id: &str) -> Result<Request> {
        self.request(Verb::Read, Method::GET, self.point(id)?)
    }

    /// Replaces one with a complete definition: what it leaves out is gone. To change a part, read it, change that part of
    /// the JSON and keep the rest, with the etag so that nothing else is lost. A container's partition key cannot change.
    /// `PUT` on its own path.
    ///
    /// # Errors
    /// `invalid-argument`: names that no URL can carry; databases and conflicts, which nobody can replace.
    pub fn replace(&self, id: &str, definition: Vec<u8>) -> Result<Request> {
        let mut request = self.request(Verb::Replace, Method::PUT, self.point(id)?)?;
        request.body = Some(Rc::new(definition));
        Ok(request)
    }

    /// Deletes one. `DELETE` on its own path.
    ///
    /// # Errors
    /// As [`Self::replace`]; of all kinds only offers cannot be deleted.
    pub fn delete(&self, id: &str) -> Result<Request> {
        self.request(Verb::Delete, Method::DELETE, self.point(id)?)
    }

    /// The name of the array in its pages.
    pub fn array(&self) -> &'static str {
        self.row().array
    }

    fn request(&self, verb: Verb, method: Method, link: Link) -> Result<Request> {
        let class = match verb {
            Verb::List | Verb::Query | Verb::Read => Class::Read,
            _ => Class::Write,
        };
        let name = self.row().name(verb);
        if name.is_empty() {
            return Err(Error::invalid(
                "the service has no such operation on resources of this kind: offers belong to their database or container, \
                 conflicts are found by the service, and databases have nothing to replace",
            ));
        }
        Ok(Request {
            name,
            class,
            ..Request::bare(method, link)
        })
    }

    fn feed(&self) -> Result<Link> {
        let kind = self.row().resource;
        Ok(match *self {
            Self::Databases => link::databases(),
            Self::Offers => link::offers(),
            Self::Containers(database) | Self::Users(database) => {
                Link::feed(&[(ResourceType::Database, database)], kind)?
            }
            Self::Permissions { database, user } => {
                let parent = [
                    (ResourceType::Database, database),
                    (ResourceType::User, user),
                ];
                Link::feed(&parent, kind)?
            }
            Self::StoredProcedures(at)
            | Self::Triggers(at)
            | Self::UserDefinedFunctions(at)
            | Self::Conflicts(at) => Link::feed(&container(at), kind)?,
        })
    }

    fn point(&self, id: &str) -> Result<Link> {
        let own = (self.row().resource, id);
        Ok(match *self {
            Self::Databases => link::database(id)?,
            Self::Offers => link::offer(id)?,
            Self::Containers(database) | Self::Users(database) => {
                Link::point(&[(ResourceType::Database, database), own])?
            }
            Self::Permissions { database, user } => {
                let database = (ResourceType::Database, database);
                Link::point(&[database, (ResourceType::User, user), own])?
            }
            Self::StoredProcedures(at)
            | Self::Triggers(at)
            | Self::UserDefinedFunctions(at)
            | Self::Conflicts(at) => {
                let [database, container] = container(at);
                Link::point(&[database, container, own])?
            }
        })
    }
}

fn container(at: &ContainerRef) -> [link::Step<'_>; 2] {
    [
        (ResourceType::Database, &at.database),
        (ResourceType::Container, &at.container),
    ]
}

fn paged(mut request: Request, paging: Paging) -> Result<Request> {
    let count = paging.max_item_count;
    let count = count.map_or_else(|| "-1".to_owned(), |count| count.to_string());
    request.set_header(name::MAX_ITEM_COUNT, count);
    if let Some(text) = paging.continuation {
        let text = checked("continuation", text, MAX_CONTINUATION_BYTES)?;
        request.set_header(name::CONTINUATION, text);
    }
    Ok(request)
}
