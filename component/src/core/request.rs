//! From an operation to the request that carries it (spec driver-core §1.1 to §1.4).

mod batch;
mod control;
pub mod query;

use std::rc::Rc;

use http::Method;

use super::error::{Error, ErrorKind, Result};
use super::operation::{Conditions, ContainerRef, ItemRef, Operation, PartitionKey, Precondition};
use super::retry::Class;
use super::routing::topology::Purpose;
use super::timeouts::RequestClass;
use crate::wire::headers::{HeaderList, is_header_text, name};
use crate::wire::key;
use crate::wire::link::{self, Link};
use crate::wire::patch::{self, PatchOperation};

/// Item bodies over this are refused before they are sent: the service takes 2 MB.
pub const MAX_ITEM_BYTES: usize = 2 << 20;

// All texts of a request together stay below what hosts take of headers, 128 KiB in wasmtime, which traps beyond it.
const MAX_ETAG_BYTES: usize = 8 << 10;
const MAX_SESSION_TOKEN_BYTES: usize = 32 << 10;

/// What a container's definition has a say in.
#[derive(Debug)]
pub struct Scope {
    /// The container of the item.
    pub container: ContainerRef,
    /// The item's partition key value.
    pub key: PartitionKey,
    /// The paths that a patch touches.
    pub patched: Vec<String>,
}

/// What an operation needs on the wire, whatever the attempt.
#[derive(Debug)]
pub struct Request {
    /// The operation's name in diagnostics.
    pub name: &'static str,
    /// What it may be repeated for.
    pub class: Class,
    /// The verb.
    pub method: Method,
    /// Path, and what the signature covers.
    pub link: Link,
    /// Headers that belong to the operation.
    pub headers: HeaderList,
    /// The body. Shared, because an attempt that is under way holds on to it.
    pub body: Option<Rc<Vec<u8>>>,
    /// The container, for item operations.
    pub scope: Option<Scope>,
    /// How many operations a batch holds, transactional or of a bulk; 0 for everything else.
    pub operations: usize,
}

impl Request {
    /// The request for an operation, checked as far as it can be without metadata. `content_response` makes item
    /// writes return the item.
    ///
    /// # Errors
    /// `invalid-argument`: ids, keys, etags, tokens, patches or batches that cannot be sent; `payload-too-large`.
    pub fn new(operation: Operation, content_response: bool) -> Result<Self> {
        let (name, class) = (operation.name(), class_of(&operation));
        let minimal = !content_response;
        let request = match operation {
            Operation::CreateItem {
                container,
                key,
                body,
                conditions,
            } => Self::on_items(container, key, conditions)?.with_item(body, minimal),
            Operation::UpsertItem {
                container,
                key,
                body,
                conditions,
            } => {
                let request = Self::on_items(container, key, conditions)?;
                request
                    .with(name::IS_UPSERT, "true")
                    .with_item(body, minimal)
            }
            Operation::ReadItem { item, conditions } => {
                Self::on_item(Method::GET, item, conditions)
            }
            Operation::ReplaceItem {
                item,
                body,
                conditions,
            } => Self::on_item(Method::PUT, item, conditions)?.with_item(body, minimal),
            Operation::DeleteItem { item, conditions } => {
                Self::on_item(Method::DELETE, item, conditions)
            }
            Operation::PatchItem {
                item,
                operations,
                condition,
                conditions,
                ..
            } => {
                let body = patch::body(&operations, condition.as_deref())?;
                let request = Self::on_item(Method::PATCH, item, conditions)?;
                request
                    .with_item(body, minimal)
                    .map(|request| request.patching(&operations))
            }
            Operation::CreateDatabase { id, throughput } => {
                let request = Self::bare(Method::POST, link::databases());
                Ok(request
                    .with_throughput(throughput)?
                    .with_body(control::id_document(&id)?))
            }
            Operation::ReadDatabase { id } => Ok(Self::bare(Method::GET, link::database(&id)?)),
            Operation::DeleteDatabase { id } => {
                Ok(Self::bare(Method::DELETE, link::database(&id)?))
            }
            Operation::CreateContainer {
                database,
                definition,
                throughput,
            } => {
                let request = Self::bare(Method::POST, link::containers(&database)?);
                Ok(request.with_throughput(throughput)?.with_body(definition))
            }
            Operation::ReadContainer(at) => Ok(Self::bare(Method::GET, container_link(&at)?)),
            Operation::DeleteContainer(at) => Ok(Self::bare(Method::DELETE, container_link(&at)?)),
            Operation::ExecuteBatch {
                container,
                key,
                operations,
                session_token,
            } => Self::batch(container, key, &operations, session_token, content_response),
            Operation::ExecuteBulk(_) => Err(Error::invalid(
                "a bulk is no single request: report it as a bug",
            )),
            other => return Ok(*Self::control(other)?),
        };
        Ok(Self {
            name,
            class,
            ..request?
        })
    }

    /// Reads a container's definition on behalf of another operation.
    ///
    /// # Errors
    /// Its names cannot be sent.
    pub fn container(at: &ContainerRef) -> Result<Self> {
        Ok(Self {
            name: "read_container",
            class: Class::Read,
            ..Self::bare(Method::GET, container_link(at)?)
        })
    }

    /// Reads a page of a container's partition key ranges on behalf of another operation: what changed since `etag`, or
    /// all.
    ///
    /// # Errors
    /// Its names cannot be sent.
    pub fn partition_key_ranges(at: &ContainerRef, etag: Option<&str>) -> Result<Self> {
        let link = link::partition_key_ranges(&at.database, &at.container)?;
        let mut request = Self {
            name: "read_partition_key_ranges",
            class: Class::Read,
            ..Self::bare(Method::GET, link)
        };
        request.set_header(name::A_IM, "Incremental Feed");
        request.set_header(name::MAX_ITEM_COUNT, "-1");
        if let Some(etag) = etag {
            request.set_header(name::IF_NONE_MATCH, etag);
        }
        Ok(request)
    }

    /// Reads the account document on behalf of another operation.
    pub fn account() -> Self {
        Self {
            name: "read_account",
            class: Class::Read,
            ..Self::bare(Method::GET, link::account())
        }
    }

    /// Whether it changes nothing on the server.
    pub fn is_read(&self) -> bool {
        self.class == Class::Read
    }

    /// Whether it is a batch, transactional or of a bulk.
    pub fn is_batch(&self) -> bool {
        self.operations > 0
    }

    /// Whether it goes where reads go. To the service every batch is a write, also one that only reads.
    pub fn goes_to_readers(&self) -> bool {
        self.is_read() && !self.is_batch()
    }

    /// Whether it goes to items, rather than to databases, containers or the account.
    pub fn is_data_plane(&self) -> bool {
        self.scope.is_some()
    }

    /// What it is to the regions.
    #[inline]
    pub fn purpose(&self) -> Purpose {
        match (self.goes_to_readers(), self.is_data_plane()) {
            (true, _) => Purpose::Read,
            (false, true) => Purpose::Write,
            (false, false) => Purpose::MetadataWrite,
        }
    }

    /// What kind of request it is to the timeouts.
    pub fn timeout_class(&self) -> RequestClass {
        match (self.is_data_plane(), self.goes_to_readers()) {
            (true, true) => RequestClass::ItemRead,
            (true, false) => RequestClass::ItemWrite,
            (false, false) => RequestClass::ControlPlaneWrite,
            (false, true) if self.link.path() == "/" => RequestClass::Account,
            (false, true) => RequestClass::Metadata,
        }
    }

    /// The value of one of the operation's headers.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_slice())
    }

    /// Replaces the value of one of the operation's headers, or adds it.
    pub fn set_header(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        match self.headers.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value.into(),
            None => self.headers.push((name.to_owned(), value.into())),
        }
    }

    /// Takes one of the operation's headers away.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(other, _)| other != name);
    }

    pub(super) fn bare(method: Method, link: Link) -> Self {
        Self {
            name: "",
            class: Class::Write,
            method,
            link,
            headers: Vec::new(),
            body: None,
            scope: None,
            operations: 0,
        }
    }

    fn on_item(method: Method, item: ItemRef, conditions: Conditions) -> Result<Self> {
        let at = &item.container;
        let link = link::item(&at.database, &at.container, &item.id)?;
        Self::bare(method, link)
            .with_scope(item.container, item.key)?
            .with_conditions(conditions)
    }

    fn on_items(at: ContainerRef, key: PartitionKey, conditions: Conditions) -> Result<Self> {
        let link = link::items(&at.database, &at.container)?;
        Self::bare(Method::POST, link)
            .with_scope(at, key)?
            .with_conditions(conditions)
    }

    fn with_scope(self, container: ContainerRef, key: PartitionKey) -> Result<Self> {
        if key.is_empty() {
            return Err(no_key());
        }
        let text = key::header_value(&key)?;
        let mut request = self.with(name::PARTITION_KEY, text);
        request.scope = Some(Scope {
            container,
            key,
            patched: Vec::new(),
        });
        Ok(request)
    }

    fn with_conditions(self, conditions: Conditions) -> Result<Self> {
        let request = match conditions.precondition {
            None => self,
            Some(Precondition::IfMatch(etag)) => {
                self.with(name::IF_MATCH, checked("etag", etag, MAX_ETAG_BYTES)?)
            }
            Some(Precondition::IfNoneMatch(etag)) => {
                self.with(name::IF_NONE_MATCH, checked("etag", etag, MAX_ETAG_BYTES)?)
            }
        };
        Ok(match conditions.session_token {
            None => request,
            Some(token) => request.with(
                name::SESSION_TOKEN,
                checked("session token", token, MAX_SESSION_TOKEN_BYTES)?,
            ),
        })
    }

    fn with_item(self, body: Vec<u8>, minimal: bool) -> Result<Self> {
        if body.len() > MAX_ITEM_BYTES {
            return Err(Error::new(
                ErrorKind::PayloadTooLarge,
                format!(
                    "the body has {} bytes, the service takes items of at most {MAX_ITEM_BYTES}: split the item or keep the \
                     large part elsewhere",
                    body.len()
                ),
            ));
        }
        let request = self.with_body(body);
        Ok(if minimal {
            request.with(name::PREFER, "return=minimal")
        } else {
            request
        })
    }

    fn patching(mut self, operations: &[PatchOperation]) -> Self {
        if let Some(scope) = &mut self.scope {
            scope.patched = operations
                .iter()
                .flat_map(|step| step.paths().map(str::to_owned))
                .collect();
        }
        self.with(name::CONTENT_TYPE, "application/json_patch+json")
    }

    fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = Some(Rc::new(body));
        self
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers
            .push((name.to_owned(), value.into().into_bytes()));
        self
    }
}

fn class_of(operation: &Operation) -> Class {
    match operation {
        _ if operation.is_read() => Class::Read,
        Operation::ExecuteBatch { operations, .. } => super::batch::class_of(operations),
        Operation::PatchItem {
            operations,
            condition,
            conditions,
            ..
        } => {
            let guarded = matches!(conditions.precondition, Some(Precondition::IfMatch(_)));
            if patch::is_repeatable(operations, condition.is_some(), guarded) {
                Class::Write
            } else {
                Class::UnsafeWrite
            }
        }
        _ => Class::Write,
    }
}

fn no_key() -> Box<Error> {
    Error::invalid(
        "the partition key has no component: give one for each path of the container's key, undefined for an item without \
         the property",
    )
}

fn container_link(at: &ContainerRef) -> Result<Link> {
    Ok(link::container(&at.database, &at.container)?)
}

/// Texts that come from responses go back as they are, but a caller may have made them up.
pub(super) fn checked(what: &str, text: String, limit: usize) -> Result<String> {
    if text.is_empty() || text.len() > limit || !is_header_text(&text) {
        return Err(Error::invalid(format!(
            "the {what} is empty, longer than {limit} bytes or holds characters that no header may hold: pass it exactly as a \
             response delivered it"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
