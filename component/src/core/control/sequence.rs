//! Operations of several requests (spec data-plane §8): each answer leads to the next request, the last answer is the
//! operation's.

use super::Collection;
use super::Paging;
use crate::core::error::{Error, ErrorKind, Outcome, Result};
use crate::core::explain;
use crate::core::operation::{Conditions, ContainerRef, Operation, Precondition, ThroughputScope};
use crate::core::request::Request;
use crate::wire::headers::{ResponseHeaders, name};
use crate::wire::json_edit::merged;
use crate::wire::offer::{self, Offer, Throughput};

/// How often a container is read again that somebody else has just changed.
const MAX_CONFLICTS: u32 = 5;

/// An operation on its way.
#[derive(Debug)]
pub enum Sequence {
    /// One request is all.
    Single,
    /// The throughput of a resource is read, or set to a target.
    Throughput {
        /// What was asked last.
        stage: Stage,
        /// What shall be provisioned; none: it is only read.
        target: Option<Throughput>,
    },
    /// A container's definition is read, changed in part, and replaced.
    Merge(Merge),
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
    /// Begins an operation; `content_response` as in [`Request::new`].
    ///
    /// # Errors
    /// As [`Request::new`].
    pub fn begin(operation: Operation, content_response: bool) -> Result<(Self, Request)> {
        let (scope, target) = match operation {
            Operation::ReadThroughput(scope) => (scope, None),
            Operation::ReplaceThroughput { scope, throughput } => {
                throughput.check()?;
                (scope, Some(throughput))
            }
            Operation::ReplaceContainer {
                container,
                definition,
                if_match,
                merge: true,
            } => {
                let merge = Merge {
                    at: container,
                    definition,
                    if_match,
                    reading: true,
                    conflicts: 0,
                };
                // What cannot be merged or sent is found before anything is.
                merge.replacement(b"{}", &ResponseHeaders::default())?;
                let request = merge.read()?;
                return Ok((Self::Merge(merge), request));
            }
            other => return Ok((Self::Single, Request::new(other, content_response)?)),
        };
        let request = resource(&scope)?;
        let stage = Stage::Resource;
        Ok((Self::Throughput { stage, target }, request))
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
    ) -> Result<Option<Request>> {
        match self {
            Self::Single => Ok(None),
            Self::Throughput { stage, target } => {
                let answer = (status, headers, body);
                let (next, request) = follow(stage, *target, answer)?.unzip();
                if let Some(next) = next {
                    *stage = next;
                }
                Ok(request)
            }
            Self::Merge(merge) if merge.reading => {
                merge.reading = false;
                merge.replacement(body, headers).map(Some)
            }
            Self::Merge(_) => Ok(None),
        }
    }

    /// What follows a failure.
    ///
    /// # Errors
    /// The same, if that is the end.
    pub fn failed(&mut self, mut error: Box<Error>) -> Result<Request> {
        match self {
            Self::Throughput {
                stage: Stage::Rate, ..
            } => {
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
            _ => {}
        }
        Err(error)
    }
}

impl Merge {
    fn read(&self) -> Result<Request> {
        Collection::Containers(&self.at.database).read(&self.at.container)
    }

    /// The container's document with the caller's members in it, unless it has changed since it was read.
    fn replacement(&self, document: &[u8], headers: &ResponseHeaders) -> Result<Request> {
        let merged = merged(document, &self.definition).ok_or_else(|| {
            Error::invalid(
                "the container's definition is no JSON object: give the properties to change",
            )
        })?;
        let etag = self.if_match.as_ref().or(headers.etag.as_ref());
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
) -> Result<Request> {
    let request = Collection::Containers(&at.database).replace(&at.container, definition)?;
    request.with_conditions(Conditions {
        precondition: if_match.map(Precondition::IfMatch),
        session_token: None,
    })
}

fn resource(scope: &ThroughputScope) -> Result<Request> {
    match &scope.container {
        None => Collection::Databases.read(&scope.database),
        Some(container) => Collection::Containers(&scope.database).read(container),
    }
}

/// The next request about an offer, and what its answer will be.
fn follow(
    stage: &Stage,
    target: Option<Throughput>,
    (status, headers, body): (u16, &ResponseHeaders, &[u8]),
) -> Result<Option<(Stage, Request)>> {
    match (stage, target) {
        (Stage::Resource, _) => {
            let rid = offer::rid(body).ok_or_else(unreadable)?;
            search(rid, None).map(Some)
        }
        (Stage::Offers(rid), target) => {
            let offer = match offer::find(body, rid).ok_or_else(unreadable)? {
                Some(offer) => offer,
                None if headers.continuation.is_some() => {
                    return search(rid.clone(), headers.continuation.clone()).map(Some);
                }
                None => return Err(nothing()),
            };
            match target {
                Some(target) if target != offer.throughput => replace(&offer, target).map(Some),
                // What is being done about it is only told of the offer itself.
                _ => Ok(Some((Stage::Offer, Collection::Offers.read(&offer.id)?))),
            }
        }
        (Stage::Migration, Some(target)) if !is_pending(status, headers) => {
            let offer = Offer::parse(body).ok_or_else(unreadable)?;
            if offer.throughput == target {
                return Ok(None);
            }
            if !offer.throughput.is_same_kind(target) {
                return Err(unchanged());
            }
            let (_, request) = replace(&offer, target)?;
            Ok(Some((Stage::Rate, request)))
        }
        _ => Ok(None),
    }
}

fn search(rid: String, continuation: Option<String>) -> Result<(Stage, Request)> {
    let paging = Paging {
        max_item_count: None,
        continuation,
    };
    let request = Collection::Offers.query(offer::query(&rid), paging)?;
    Ok((Stage::Offers(rid), request))
}

/// A rate of the same kind is set at once. From manual to autoscale or back, the first request only changes the kind, and the
/// service chooses the rate.
fn replace(offer: &Offer, target: Throughput) -> Result<(Stage, Request)> {
    if offer.throughput.is_same_kind(target) {
        let body = offer.with_rate(target.value()).ok_or_else(unreadable)?;
        return Ok((Stage::Offer, Collection::Offers.replace(&offer.id, body)?));
    }
    let body = offer.migrating().ok_or_else(unreadable)?;
    let mut request = Collection::Offers.replace(&offer.id, body)?;
    let header = match target {
        Throughput::Manual(_) => name::MIGRATE_TO_MANUAL,
        Throughput::Autoscale(_) => name::MIGRATE_TO_AUTOSCALE,
    };
    request.set_header(header, "true");
    Ok((Stage::Migration, request))
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
