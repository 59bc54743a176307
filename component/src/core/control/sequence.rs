//! Operations of several requests (spec data-plane §8): each answer leads to the next request, the last answer is the
//! operation's.

use super::{Collection, Paging, Verb};
use crate::core::error::{Error, ErrorKind, Outcome, Result};
use crate::core::explain;
use crate::core::modify::Modify;
use crate::core::operation::{ContainerRef, Operation, Precondition};
use crate::core::request::Request;
use crate::core::routing::topology::Purpose;
use crate::wire::headers::{ResponseHeaders, name};
use crate::wire::json_edit::merged;
use crate::wire::offer::{self, Offer, Throughput};

/// How often a container is read again that somebody else has just changed.
const MAX_CONFLICTS: u32 = 5;

/// An operation on its way.
#[derive(Debug)]
pub enum Sequence {
    /// The throughput of a resource is read, or set to a target.
    Throughput(Stage, Option<Throughput>),
    /// A container's definition is read, changed in part, and replaced.
    Merge(Merge),
    /// So is an item.
    Modify(Box<Modify>),
}

/// What the next answer of the search for an offer, or of its replacement, is about.
#[derive(Debug)]
pub enum Stage {
    /// The database or container.
    Resource,
    /// The offers of the resource with this id.
    Offers(String),
    /// The change between manual and autoscale.
    Migration,
    /// The rate that follows a migration.
    Rate,
    /// The offer; nothing follows.
    Offer,
}

/// A replacement that keeps what it does not name.
#[derive(Debug)]
pub struct Merge {
    at: ContainerRef,
    definition: Vec<u8>,
    /// The caller's own guard.
    if_match: Option<String>,
    /// Whether the container is being read.
    reading: bool,
    conflicts: u32,
}

impl Sequence {
    /// Begins an operation of which [`Operation::is_several`] is true.
    ///
    /// # Errors
    /// `invalid-argument`: throughput that the service does not sell; names, an etag or a definition that cannot be sent.
    pub fn begin(operation: Operation, content_response: bool) -> Result<(Self, Box<Request>)> {
        match operation {
            patch @ Operation::PatchItem { .. } => {
                let mut modify = Modify::new(patch, content_response)?;
                let request = modify.read()?;
                Ok((Self::Modify(modify), Box::new(request)))
            }
            Operation::ManageThroughput {
                database,
                container,
                throughput,
            } => {
                if let Some(throughput) = throughput {
                    throughput.check()?;
                }
                let request = match &container {
                    None => read(Collection::Databases, &database),
                    Some(container) => read(Collection::Containers(&database), container),
                };
                Ok((Self::Throughput(Stage::Resource, throughput), request?))
            }
            Operation::ReplaceContainer {
                container,
                definition,
                if_match,
                ..
            } => {
                let merge = Merge {
                    at: container,
                    definition,
                    if_match,
                    reading: true,
                    conflicts: 0,
                };
                // What cannot be merged or sent is found before anything is.
                merge.replacement(b"{}", None)?;
                let request = merge.read()?;
                Ok((Self::Merge(merge), request))
            }
            other => Err(Error::invalid([other.name(), " is one request"].concat())),
        }
    }

    /// What follows a successful answer; none if it was the last one.
    ///
    /// # Errors
    /// `not-found`: no throughput is provisioned for the resource. `service`: the answer makes no sense.
    pub fn answered(
        &mut self,
        status: u16,
        headers: &ResponseHeaders,
        body: &[u8],
    ) -> Result<Option<Box<Request>>> {
        match self {
            Self::Throughput(stage, target) => stage.follow(*target, status, headers, body),
            Self::Merge(merge) if merge.reading => {
                merge.reading = false;
                merge.replacement(body, headers.etag.as_ref()).map(Some)
            }
            Self::Modify(modify) if modify.is_reading() => {
                let request = modify.replace(body, headers)?;
                Ok(Some(Box::new(request)))
            }
            Self::Merge(_) | Self::Modify(_) => Ok(None),
        }
    }

    /// Where the next request goes: what is read to be replaced is read where it is replaced.
    pub fn purpose(&self, request: &Request) -> Purpose {
        match self {
            Self::Modify(_) => Purpose::Write,
            _ => request.purpose(),
        }
    }

    /// What follows a failure; `unsure` if an earlier attempt may have been carried out.
    ///
    /// # Errors
    /// The same, if that is the end.
    pub fn failed(&mut self, mut error: Box<Error>, unsure: bool) -> Result<Box<Request>> {
        match self {
            Self::Throughput(Stage::Rate, _) => {
                error.outcome = Outcome::Unknown;
                error.message.push_str(
                    " The throughput has changed between manual and autoscale, but not yet to this rate: call again.",
                );
            }
            Self::Merge(merge)
                if error.kind == ErrorKind::PreconditionFailed
                    && merge.if_match.is_none()
                    && merge.conflicts < MAX_CONFLICTS =>
            {
                merge.conflicts = merge.conflicts.saturating_add(1);
                merge.reading = true;
                return merge.read();
            }
            Self::Modify(modify) => return modify.again(error, unsure).map(Box::new),
            Self::Throughput(..) | Self::Merge(_) => {}
        }
        Err(error)
    }
}

impl Merge {
    fn read(&self) -> Result<Box<Request>> {
        read(
            Collection::Containers(&self.at.database),
            &self.at.container,
        )
    }

    /// The container's document with the caller's members in it, unless it has changed since it was read.
    fn replacement(&self, document: &[u8], etag: Option<&String>) -> Result<Box<Request>> {
        let merged = merged(document, &self.definition).ok_or_else(|| {
            Error::invalid(
                "the container's definition is no JSON object: give the properties to change",
            )
        })?;
        let etag = self.if_match.as_ref().or(etag);
        replace_container(&self.at, merged.into_bytes(), etag.cloned())
    }
}

/// Replaces a container's definition as a whole.
///
/// # Errors
/// `invalid-argument`: names or an etag that cannot be sent.
pub fn replace_container(
    at: &ContainerRef,
    definition: Vec<u8>,
    if_match: Option<String>,
) -> Result<Box<Request>> {
    let containers = Collection::Containers(&at.database);
    let mut request = containers.one(Verb::Replace, &at.container, Some(definition))?;
    request.only_if(if_match.map(Precondition::IfMatch))?;
    Ok(request)
}

impl Stage {
    /// The next request about an offer.
    fn follow(
        &mut self,
        target: Option<Throughput>,
        status: u16,
        headers: &ResponseHeaders,
        body: &[u8],
    ) -> Result<Option<Box<Request>>> {
        match self {
            Self::Resource => {
                let rid = offer::rid(body).ok_or_else(unreadable)?;
                let request = search(&rid, None)?;
                *self = Self::Offers(rid);
                Ok(Some(request))
            }
            Self::Offers(rid) => {
                let offer = match offer::find(body, rid).ok_or_else(unreadable)? {
                    Some(offer) => offer,
                    None if headers.continuation.is_some() => {
                        return search(rid, headers.continuation.clone()).map(Some);
                    }
                    None => return Err(nothing()),
                };
                match target {
                    Some(target) if target != offer.throughput => self.replace(&offer, target),
                    // What is being done about it is only told of the offer itself.
                    _ => {
                        *self = Self::Offer;
                        read(Collection::Offers, &offer.id).map(Some)
                    }
                }
            }
            Self::Migration => match target {
                Some(target) if !is_pending(status, headers) => {
                    let offer = Offer::parse(body).ok_or_else(unreadable)?;
                    if !offer.throughput.is_same_kind(target) {
                        return Err(unchanged());
                    }
                    if offer.throughput == target {
                        return Ok(None);
                    }
                    let request = self.replace(&offer, target);
                    *self = Self::Rate;
                    request
                }
                _ => Ok(None),
            },
            Self::Rate | Self::Offer => Ok(None),
        }
    }

    /// A rate of the same kind is set at once. From manual to autoscale or back, the first request only changes the kind, and
    /// the service chooses the rate.
    fn replace(&mut self, offer: &Offer, target: Throughput) -> Result<Option<Box<Request>>> {
        let is_same_kind = offer.throughput.is_same_kind(target);
        let document = match is_same_kind {
            true => offer.with_rate(target.value()),
            false => offer.migrating(),
        };
        let document = document.ok_or_else(unreadable)?;
        let mut request = Collection::Offers.one(Verb::Replace, &offer.id, Some(document))?;
        *self = Self::Offer;
        if !is_same_kind {
            let header = match target {
                Throughput::Manual(_) => name::MIGRATE_TO_MANUAL,
                Throughput::Autoscale(_) => name::MIGRATE_TO_AUTOSCALE,
            };
            request.set_header(header, "true");
            *self = Self::Migration;
        }
        Ok(Some(request))
    }
}

fn read(collection: Collection<'_>, id: &str) -> Result<Box<Request>> {
    collection.one(Verb::Read, id, None)
}

fn search(rid: &str, continuation: Option<String>) -> Result<Box<Request>> {
    let paging = Paging {
        max_item_count: None,
        continuation,
    };
    Collection::Offers
        .query(offer::query(rid), paging)
        .map(Box::new)
}

/// Whether the service is still at it.
fn is_pending(status: u16, headers: &ResponseHeaders) -> bool {
    let said = headers.other(name::OFFER_REPLACE_PENDING);
    said.map_or(status == 202, |text| text.eq_ignore_ascii_case("true"))
}

fn nothing() -> Box<Error> {
    Error::new(
        ErrorKind::NotFound,
        "no throughput is provisioned for this: a container without its own shares that of its database, which can be read \
         instead, and a serverless account has none",
    )
}

fn unchanged() -> Box<Error> {
    let mut error = Error::new(
        ErrorKind::Service,
        "the service has not changed between manual and autoscale throughput: read the throughput, then try again",
    );
    error.outcome = Outcome::Unknown;
    error
}

fn unreadable() -> Box<Error> {
    explain::nonsense("throughput", "offer")
}
