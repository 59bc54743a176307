//! Provisioned throughput: finding the offer of a database or container, and replacing it (spec data-plane §8).

use super::super::clock::{Nanos, SECOND};
use super::super::error::{Error, ErrorKind, Result};
use super::super::request::Request;
use super::{Collection, Paging};
use crate::wire::headers::{ResponseHeaders, name};
use crate::wire::offer::{self, Offer, Rate};

/// The longest pause between two looks at a replacement that is under way.
pub const MAX_POLL_DELAY: Nanos = 30 * SECOND;

/// How often an offer may still be of the old kind although the service says that nothing is under way.
const MAX_UNCHANGED: u32 = 5;

/// What a response about an offer says besides the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notes {
    /// The lowest rate that the service would take now, in RU per second.
    pub minimum: Option<u32>,
    /// Whether a replacement is under way.
    pub pending: bool,
}

impl Notes {
    /// Reads them.
    pub fn of(status: u16, headers: &ResponseHeaders) -> Self {
        let minimum = headers.other(name::MIN_THROUGHPUT);
        let pending = headers.other(name::OFFER_REPLACE_PENDING);
        Self {
            minimum: minimum.and_then(|text| text.trim().parse().ok()),
            pending: pending.map_or(status == 202, |text| text.eq_ignore_ascii_case("true")),
        }
    }
}

/// The search for the offer of a database or container.
#[derive(Debug)]
pub struct Search {
    rid: String,
    /// Whether the resource id may be that of a container that was deleted and created anew since.
    cached: bool,
}

/// What a page of offers means for a search.
#[derive(Debug)]
pub enum Found {
    /// The offer.
    Offer(Box<Offer>),
    /// Nothing on this page; here is the next one.
    Ask(Box<Request>),
    /// Nothing, but the resource id may be an old one: read the database or container, and see [`Search::refresh`].
    ReadResource,
    /// It has no throughput of its own: a container shares its database's, or the account is serverless.
    Nothing,
}

impl Search {
    /// Looks for the offer of the resource with this id (`_rid`). `cached`: it was not read just now.
    ///
    /// # Errors
    /// None in practice.
    pub fn begin(rid: &str, cached: bool) -> Result<(Self, Request)> {
        let rid = rid.to_owned();
        let search = Self { rid, cached };
        let request = search.page(None)?;
        Ok((search, request))
    }

    /// A page of the answer.
    ///
    /// # Errors
    /// `service`: it is no page of offers.
    pub fn accept(&self, body: &[u8], continuation: Option<String>) -> Result<Found> {
        let found = offer::find(body, &self.rid).ok_or_else(|| {
            Error::new(
                ErrorKind::Service,
                "the answer about throughput is no page of offers",
            )
        })?;
        Ok(match (found, continuation) {
            (Some(offer), _) => Found::Offer(Box::new(offer)),
            (None, Some(more)) => Found::Ask(Box::new(self.page(Some(more))?)),
            (None, None) if self.cached => Found::ReadResource,
            (None, None) => Found::Nothing,
        })
    }

    /// The resource id, read just now. None if it is the one that was asked for: then there is no offer.
    ///
    /// # Errors
    /// None in practice.
    pub fn refresh(&mut self, rid: &str) -> Result<Option<Request>> {
        self.cached = false;
        if rid == self.rid {
            return Ok(None);
        }
        rid.clone_into(&mut self.rid);
        self.page(None).map(Some)
    }

    fn page(&self, continuation: Option<String>) -> Result<Request> {
        let paging = Paging {
            max_item_count: None,
            continuation,
        };
        Collection::Offers.query(offer::query(&self.rid), paging)
    }
}

/// A replacement of a rate.
///
/// A rate of the same kind is one request. From manual to autoscale or back are two: the first only changes the kind, and
/// the service chooses the rate; the second sets it, if it is another one. The service may take its time for each:
/// between them, and after the last one, the offer is looked at again and again.
#[derive(Debug)]
pub struct Replacement {
    id: String,
    target: Rate,
    /// Whether the kind still has to change.
    migrating: bool,
    unchanged: u32,
    delay: Nanos,
}

/// What follows an answer about the offer.
#[derive(Debug)]
pub enum Step {
    /// Send this, after the delay.
    Ask {
        /// The request.
        request: Box<Request>,
        /// How long to wait before.
        delay: Nanos,
    },
    /// The rate is in effect.
    Done(Box<Offer>),
}

impl Replacement {
    /// Replaces the offer's rate. None if it has this rate already.
    ///
    /// # Errors
    /// `service`: an offer that cannot be edited.
    pub fn begin(offer: &Offer, target: Rate) -> Result<Option<(Self, Request)>> {
        if offer.rate == target {
            return Ok(None);
        }
        let mut replacement = Self {
            id: offer.id.clone(),
            target,
            migrating: !offer.rate.is_same_kind(target),
            unchanged: 0,
            delay: SECOND,
        };
        let request = if replacement.migrating {
            replacement.migrate(offer)
        } else {
            replacement.set(offer)
        };
        Ok(Some((replacement, request?)))
    }

    /// An answer to the replacement, or to a look at it. `retry_after` is what the service asks to wait.
    ///
    /// # Errors
    /// `service`: no offer, or still one of the old kind.
    pub fn accept(
        &mut self,
        body: &[u8],
        pending: bool,
        retry_after: Option<Nanos>,
    ) -> Result<Step> {
        if pending {
            return self.look(retry_after);
        }
        let offer = Offer::parse(body).ok_or_else(unreadable)?;
        if !self.migrating || offer.rate == self.target {
            return Ok(Step::Done(Box::new(offer)));
        }
        if !offer.rate.is_same_kind(self.target) {
            self.unchanged = self.unchanged.saturating_add(1);
            if self.unchanged < MAX_UNCHANGED {
                return self.look(retry_after);
            }
            return Err(Error::new(
                ErrorKind::Service,
                "the service has not changed between manual and autoscale throughput: read the throughput, then try again",
            ));
        }
        let request = Box::new(self.set(&offer)?);
        Ok(Step::Ask { request, delay: 0 })
    }

    fn look(&mut self, retry_after: Option<Nanos>) -> Result<Step> {
        let delay = self.delay.max(retry_after.unwrap_or_default());
        self.delay = self.delay.saturating_mul(2).min(MAX_POLL_DELAY);
        let request = Box::new(Collection::Offers.read(&self.id)?);
        Ok(Step::Ask { request, delay })
    }

    fn migrate(&self, offer: &Offer) -> Result<Request> {
        let body = offer.migrating().ok_or_else(unreadable)?;
        let mut request = Collection::Offers.replace(&self.id, body, None)?;
        let header = match self.target {
            Rate::Manual(_) => name::MIGRATE_TO_MANUAL,
            Rate::Autoscale(_) => name::MIGRATE_TO_AUTOSCALE,
        };
        request.set_header(header, "true");
        Ok(request)
    }

    fn set(&mut self, offer: &Offer) -> Result<Request> {
        self.migrating = false;
        self.delay = SECOND;
        let body = offer
            .with_rate(self.target.value())
            .ok_or_else(unreadable)?;
        Collection::Offers.replace(&self.id, body, None)
    }
}

fn unreadable() -> Box<Error> {
    Error::new(
        ErrorKind::Service,
        "the answer about throughput is no offer",
    )
}
