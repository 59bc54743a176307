//! Session consistency: which tokens to remember, and which to send (spec driver-core §6.3 to §6.5).

use std::rc::Rc;

use super::consistency::{AccountConsistency, ReadConsistency};
use super::operation::ContainerRef;
use super::snapshot::Fate;
use crate::wire::ranges::PartitionKeyRange;
use crate::wire::session_token::{Refused, SessionToken};

#[cfg(test)]
mod tests;

/// Containers whose tokens are kept.
pub const MAX_CONTAINERS: usize = 1024;

/// The longest token that is sent by itself, in bytes: all headers of a request together have to stay below what
/// gateways and hosts take.
pub const MAX_TOKEN_BYTES: usize = 24 << 10;

/// The session tokens of all containers, one collection for each driver.
///
/// At most [`MAX_CONTAINERS`] containers: one more makes that go whose last capture is the longest ago. At most 4096
/// ranges of a container: one more makes the lowest-numbered go.
#[derive(Debug, Default)]
pub struct Sessions {
    /// By name, in ascending order.
    entries: Vec<Entry>,
    /// Counts captures: the age of an entry.
    captures: u64,
}

#[derive(Debug)]
struct Entry {
    at: ContainerRef,
    /// Whose tokens these are; absent as long as no response said.
    rid: Option<Box<str>>,
    /// The number of its last capture.
    captured: u64,
    token: SessionToken,
}

/// The physical partition that a request goes to, as far as its session token depends on it.
#[derive(Debug, Clone, Copy)]
pub struct RangeRef<'a> {
    /// The id of the partition key range.
    pub id: &'a str,
    /// The ids of the ranges that it came from by splits and merges.
    pub parents: &'a [Rc<str>],
}

/// The token of all partitions would be longer than [`MAX_TOKEN_BYTES`]. A part of it would weaken the guarantee
/// unnoticed: resolve the request's partition key range first, and ask with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl Sessions {
    /// Remembers the token of a response, if [`captures`] says so.
    ///
    /// `known_rid` is the container's resource id in the cache, now rather than when the request left; absent if the
    /// container was never read. `response_rid` is `x-ms-content-path`. A response of another container than the
    /// cached one is late: the container was created anew meanwhile, and the token means nothing to the new one.
    /// Without a cached container the response is believed, and what was known of another container is dropped.
    pub fn capture(
        &mut self,
        at: &ContainerRef,
        known_rid: Option<&str>,
        response_rid: Option<&str>,
        token: &str,
    ) {
        if differ(known_rid, response_rid) {
            return;
        }
        self.captures = self.captures.saturating_add(1);
        let now = self.captures;
        let place = match self.find(at) {
            Ok(place) => place,
            Err(_) => self.insert(at),
        };
        if let Some(entry) = self.entries.get_mut(place) {
            entry.captured = now;
            entry.belong_to(known_rid.or(response_rid));
            entry.advance(token);
        }
    }

    /// Takes over what another instance knew, so that this one is as recent as both were.
    pub fn restore(
        &mut self,
        at: &ContainerRef,
        known_rid: Option<&str>,
        rid: Option<&str>,
        token: &str,
    ) -> Fate {
        if differ(known_rid, rid) || differ(self.rid(at), rid) {
            return Fate::Known;
        }
        let place = match self.find(at) {
            Ok(place) => place,
            Err(_) if self.entries.len() >= MAX_CONTAINERS => return Fate::Full,
            Err(_) => self.insert(at),
        };
        if let Some(entry) = self.entries.get_mut(place) {
            if entry.rid.is_none() {
                entry.rid = rid.map(Box::from);
            }
            entry.token.merge(SessionToken::parse_lenient(token));
        }
        Fate::Taken
    }

    /// All containers: the name, the resource id, the token.
    pub fn iter(&self) -> impl Iterator<Item = (&ContainerRef, Option<&str>, &SessionToken)> {
        self.entries
            .iter()
            .map(|entry| (&entry.at, entry.rid.as_deref(), &entry.token))
    }

    /// Of which container the tokens are, if that is known.
    pub fn rid(&self, at: &ContainerRef) -> Option<&str> {
        let entry = self.entries.get(self.find(at).ok()?)?;
        entry.rid.as_deref()
    }

    /// The token for a request, if [`sends`] says so; none if nothing is known of where it goes.
    ///
    /// For a known physical partition its own token, exactly as it was captured; a partition that has none yet gets
    /// what its parents had reached. For an unknown one the tokens of all partitions.
    ///
    /// # Errors
    /// The tokens of all partitions are too large together.
    pub fn token(
        &self,
        at: &ContainerRef,
        known_rid: Option<&str>,
        range: Option<RangeRef<'_>>,
    ) -> Result<Option<String>, TooLarge> {
        let entry = self.find(at).ok().and_then(|place| self.entries.get(place));
        let Some(entry) = entry else {
            return Ok(None);
        };
        if entry.token.is_empty() || differ(known_rid, entry.rid.as_deref()) {
            return Ok(None);
        }
        match range {
            Some(range) => Ok(of_range(&entry.token, range)),
            None if entry.token.text_len() > MAX_TOKEN_BYTES => Err(TooLarge),
            None => Ok(Some(entry.token.to_string())),
        }
    }

    /// The container turned out to be another one under the same name: the tokens of the old one go (§12.4). Those
    /// that the new one has given already stay.
    pub fn recreated(&mut self, at: &ContainerRef, new_rid: &str) {
        if let Ok(place) = self.find(at)
            && let Some(entry) = self.entries.get_mut(place)
            && entry.rid.as_deref() != Some(new_rid)
        {
            entry.rid = Some(new_rid.into());
            entry.token = SessionToken::default();
        }
    }

    /// The container was deleted.
    pub fn forget(&mut self, at: &ContainerRef) {
        if let Ok(place) = self.find(at) {
            self.entries.remove(place);
        }
    }

    /// The database was deleted, and its containers with it.
    pub fn forget_database(&mut self, database: &str) {
        self.entries.retain(|entry| entry.at.database != database);
    }

    fn find(&self, at: &ContainerRef) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.at.cmp(at))
    }

    /// Makes the container's entry, which is missing; says where it is.
    #[cold]
    #[inline(never)]
    fn insert(&mut self, at: &ContainerRef) -> usize {
        if self.entries.len() >= MAX_CONTAINERS {
            self.forget_oldest();
        }
        let (Ok(place) | Err(place)) = self.find(at);
        let entry = Entry {
            at: at.clone(),
            rid: None,
            captured: self.captures,
            token: SessionToken::default(),
        };
        self.entries.insert(place, entry);
        place
    }

    fn forget_oldest(&mut self) {
        let (mut oldest, mut captured) = (0, u64::MAX);
        for (place, entry) in self.entries.iter().enumerate() {
            if entry.captured < captured {
                (oldest, captured) = (place, entry.captured);
            }
        }
        self.entries.remove(oldest);
    }
}

impl Entry {
    fn belong_to(&mut self, rid: Option<&str>) {
        if self.rid.as_deref() == rid || rid.is_none() {
            return;
        }
        if self.rid.is_some() {
            self.token = SessionToken::default();
        }
        self.rid = rid.map(Box::from);
    }

    fn advance(&mut self, token: &str) {
        for part in token.split(',') {
            if self.token.advance_part(part) == Err(Refused::Full) {
                self.token.forget_lowest();
                self.token.advance_part(part).ok();
            }
        }
    }
}

/// `id:progress` for one range: its own progress, else that of its parents under its id.
fn of_range(token: &SessionToken, range: RangeRef<'_>) -> Option<String> {
    if let Some(progress) = token.progress(range.id) {
        return Some([range.id, ":", progress].concat());
    }
    let mut inherited = SessionToken::default();
    for parent in range.parents {
        if let Some(progress) = token.progress(parent) {
            inherited.advance(range.id, progress).ok();
        }
    }
    (!inherited.is_empty()).then(|| inherited.to_string())
}

fn differ(one: Option<&str>, other: Option<&str>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

impl<'a> From<&'a PartitionKeyRange> for RangeRef<'a> {
    fn from(range: &'a PartitionKeyRange) -> Self {
        Self {
            id: &range.id,
            parents: &range.parents,
        }
    }
}

/// What decides whether an item request carries the driver's own token.
#[derive(Debug, Clone, Copy)]
pub struct SendFacts {
    /// The option `session_capturing_disabled`.
    pub capturing_disabled: bool,
    /// The caller gave a token, which is sent as it is.
    pub user_token: bool,
    /// The operation is read-only, or a batch, which may hold reads.
    pub read_or_batch: bool,
    /// The account takes writes in several regions.
    pub multi_write: bool,
    /// The strategy in effect for the operation. Writes ignore it.
    pub strategy: ReadConsistency,
    /// The account's default level.
    pub account: AccountConsistency,
}

/// Whether an item request carries the driver's own token (§6.4). Writes to a single write region need none: that
/// region has seen all of them.
pub fn sends(facts: &SendFacts) -> bool {
    if facts.capturing_disabled || facts.user_token {
        return false;
    }
    let by_account = facts.account == AccountConsistency::Session;
    match facts.strategy {
        _ if !facts.read_or_batch => facts.multi_write && by_account,
        ReadConsistency::Default => by_account,
        strategy => strategy == ReadConsistency::Session,
    }
}

/// Whether the token of a response to an item request is remembered, whatever the consistency level (§6.4): after
/// success, and after errors of a replica that was recent enough to know. Tokens of other requests (account, databases,
/// containers and their feeds, throughput, partition key ranges) never are, nor any if capturing is disabled.
pub fn captures(status: u16, sub_status: Option<u32>) -> bool {
    match status {
        200..=299 | 304 | 409 | 412 => true,
        404 => sub_status != Some(1002),
        _ => false,
    }
}
