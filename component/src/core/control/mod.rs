//! Requests for everything but items: the control plane (spec data-plane §8).
//!
//! Resources of a kind below one parent are a [`Collection`], with the same six [`Verb`]s for all. [`resource`] is one of
//! those that a container or database holds, [`raw`] takes any request, and a [`sequence`] is an operation of several
//! requests.

mod names;
pub mod raw;
pub mod resource;
pub mod sequence;

use std::rc::Rc;

use http::Method;

pub use self::names::Verb;
use super::error::{Error, Result};
use super::operation::ContainerRef;
use super::request::{Request, checked};
use super::retry::Class;
use crate::wire::headers::name;
use crate::wire::link::{self, Link, ResourceType, Step};

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

    /// Creates, reads, replaces or deletes one. `POST` on the feed, `GET`, `PUT` or `DELETE` on its own path. What a definition
    /// that replaces leaves out is gone.
    ///
    /// # Errors
    /// `invalid-argument`: names that no URL can carry; what the service does not do with resources of this kind.
    pub fn one(&self, verb: Verb, id: &str, definition: Option<Vec<u8>>) -> Result<Box<Request>> {
        let method = match verb {
            Verb::Create => Method::POST,
            Verb::Replace => Method::PUT,
            Verb::Delete => Method::DELETE,
            _ => Method::GET,
        };
        let link = match verb {
            Verb::Create => self.feed()?,
            _ => self.point(id)?,
        };
        let mut request = Box::new(self.request(verb, method, link)?);
        request.body = definition.map(Rc::new);
        Ok(request)
    }

    /// What requests for its pages are called in diagnostics: those of a query, or those that list all.
    pub fn feed_name(&self, query: bool) -> &'static str {
        self.row()
            .name(if query { Verb::Query } else { Verb::List })
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
        let (steps, length) = self.parents();
        let parents = steps.get(..length).unwrap_or_default();
        Ok(Link::feed(parents, self.row().resource)?)
    }

    fn point(&self, id: &str) -> Result<Link> {
        if *self == Self::Offers {
            return Ok(link::offer(id)?);
        }
        let (mut steps, length) = self.parents();
        if let Some(own) = steps.get_mut(length) {
            *own = (self.row().resource, id);
        }
        let steps = steps.get(..=length).unwrap_or_default();
        Ok(Link::point(steps)?)
    }

    /// What is above, from the outermost on, and how many those are.
    fn parents<'a>(&'a self) -> ([Step<'a>; 3], usize) {
        let none = (ResourceType::Account, "");
        let database = |id: &'a str| (ResourceType::Database, id);
        match *self {
            Self::Databases | Self::Offers => ([none; 3], 0),
            Self::Containers(id) | Self::Users(id) => ([database(id), none, none], 1),
            Self::Permissions { database: id, user } => {
                ([database(id), (ResourceType::User, user), none], 2)
            }
            Self::StoredProcedures(at)
            | Self::Triggers(at)
            | Self::UserDefinedFunctions(at)
            | Self::Conflicts(at) => {
                let container = (ResourceType::Container, at.container.as_str());
                ([database(&at.database), container, none], 2)
            }
        }
    }
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
