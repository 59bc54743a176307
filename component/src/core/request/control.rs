//! Requests of the control plane, and raw ones (spec data-plane §8).

use super::{MAX_ETAG_BYTES, Request, Scope, checked, no_key};
use crate::core::control::{raw, resource, sequence};
use crate::core::error::{Error, Result};
use crate::core::operation::{ContainerRef, Operation, PartitionKey, Precondition, Throughput};
use crate::wire::headers::name;
use crate::wire::json::push_text;
use crate::wire::{key, link};

impl Request {
    /// The request for an operation on scripts and the like, or for one that is a request itself.
    #[cold]
    #[inline(never)]
    pub(super) fn control(operation: Operation) -> Result<Box<Self>> {
        match operation {
            Operation::ReplaceContainer {
                container,
                definition,
                if_match,
                merge: false,
            } => sequence::replace_container(&container, definition, if_match),
            Operation::ManageResource {
                resource,
                action,
                precondition,
            } => resource::request(resource, action, precondition),
            Operation::SendRaw(raw) => raw::request(raw),
            other => Err(Error::invalid(
                [other.name(), " is no single request"].concat(),
            )),
        }
    }

    /// Ties it to one partition key of a container.
    #[cold]
    #[inline(never)]
    pub(in crate::core) fn scope_to(
        &mut self,
        container: ContainerRef,
        key: PartitionKey,
    ) -> Result<()> {
        if key.is_empty() {
            return Err(no_key());
        }
        self.set_header(name::PARTITION_KEY, key::header_value(&key)?);
        self.scope = Some(Scope {
            container,
            key,
            patched: Vec::new(),
        });
        Ok(())
    }

    /// Ties it to an etag.
    pub(in crate::core) fn only_if(&mut self, precondition: Option<Precondition>) -> Result<()> {
        let (header, etag) = match precondition {
            None => return Ok(()),
            Some(Precondition::IfMatch(etag)) => (name::IF_MATCH, etag),
            Some(Precondition::IfNoneMatch(etag)) => (name::IF_NONE_MATCH, etag),
        };
        self.set_header(header, checked("etag", etag, MAX_ETAG_BYTES)?);
        Ok(())
    }

    pub(super) fn with_throughput(self, throughput: Option<Throughput>) -> Result<Self> {
        let Some(throughput) = throughput else {
            return Ok(self);
        };
        throughput.check()?;
        Ok(match throughput {
            Throughput::Manual(rate) => self.with(name::OFFER_THROUGHPUT, rate.to_string()),
            Throughput::Autoscale(rate) => {
                let settings = format!("{{\"maxThroughput\":{rate}}}");
                self.with(name::AUTOPILOT_SETTINGS, settings)
            }
        })
    }
}

/// The document of a new database.
pub(super) fn id_document(id: &str) -> Result<Vec<u8>> {
    link::database(id)?;
    let mut document = String::from("{\"id\":");
    push_text(&mut document, id);
    document.push('}');
    Ok(document.into_bytes())
}
