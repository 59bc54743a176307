//! Out of one instance, into the next: what is worth keeping, and what of it still holds.

use std::rc::Rc;

use super::state::State;
use super::{Driver, World};
use crate::core::MetadataMode;
use crate::core::clock::{Nanos, SECOND, since};
use crate::core::operation::ContainerRef;
use crate::core::snapshot::{self, Fate, Kind, Part, Reader, Refused, Restored, Writer};
use crate::wire::endpoint::Endpoint;

/// How far the clocks of two machines may be apart, in seconds.
const SKEW: u64 = 60;

/// Nothing is older than this many seconds: a hundred years.
const OLDEST: u64 = 100 * 365 * 86_400;

impl<W: World> Driver<W> {
    /// What has been learned, for another instance to begin with; empty if the driver is closed. Sends nothing.
    pub fn snapshot(&self) -> Vec<u8> {
        let state = self.state.borrow();
        state
            .as_ref()
            .map(|state| state.snapshot())
            .unwrap_or_default()
    }

    /// Takes over what another instance has learned, as far as this one does not know better. Sends nothing.
    ///
    /// # Errors
    /// Nothing of it could be used.
    pub fn restore(&self, snapshot: &[u8]) -> Result<Restored, Refused> {
        let state = self.state.borrow();
        state.as_ref().ok_or(Refused::Closed)?.restore(snapshot)
    }
}

impl<W: World> State<W> {
    fn snapshot(&self) -> Vec<u8> {
        let world = &self.transport.world;
        let age = |at: Nanos| since(world.now(), at).div_ceil(SECOND);
        let mut snapshot = Writer::new(self.configured.endpoint.url(), world.unix_seconds());
        if let Some((topology, read)) = self.account.ready().zip(self.refresh.borrow().read()) {
            snapshot.begin(Kind::Account, age(read), [""; 4]);
            snapshot.account(&topology);
            snapshot.end();
        }
        for (endpoint, writes_only, at) in self.router.borrow().avoided() {
            let who = if writes_only { "writes" } else { "" };
            snapshot.begin(Kind::Avoided, age(at), [endpoint.url(), who, "", ""]);
            snapshot.end();
        }
        for (at, rid, token) in self.sessions.borrow().iter() {
            let (rid, token) = (rid.unwrap_or_default(), &*token.to_string());
            snapshot.begin(Kind::Session, 0, [&at.database, &at.container, rid, token]);
            snapshot.end();
        }
        // The ranges last, because they are large and easily read again.
        for kind in [Kind::Container, Kind::Ranges] {
            for (at, known) in self.containers.all().iter() {
                let Some(container) = known.definition.ready() else {
                    continue;
                };
                let ranges = known.ranges.borrow().ready();
                if kind == Kind::Ranges && ranges.is_none() {
                    continue;
                }
                let rid = &container.rid;
                snapshot.begin(kind, 0, [&at.database, &at.container, rid, ""]);
                match ranges {
                    Some(ranges) if kind == Kind::Ranges => snapshot.ranges(&ranges),
                    _ => snapshot.container(&container),
                }
                snapshot.end();
            }
        }
        snapshot.finish()
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Restored, Refused> {
        let mut snapshot = Reader::open(snapshot, self.configured.endpoint.url())?;
        let now = self.transport.world.unix_seconds();
        // From the future: nobody knows how old it is.
        let passed = if snapshot.created() > now.saturating_add(SKEW) {
            OLDEST
        } else {
            now.saturating_sub(snapshot.created())
        };
        // Who has read the account has seen for himself how the endpoints fare.
        let knows_health = self.account.ready().is_some();
        let mut restored = Restored::default();
        while let Some(part) = snapshot.next_part() {
            let fate = match part {
                Some(part) if part.kind == Kind::Avoided && knows_health => Some(Fate::Known),
                Some(part) => {
                    let age = part.age.saturating_add(passed).min(OLDEST);
                    self.take(part, age.wrapping_mul(SECOND))
                }
                None => None,
            };
            restored.count(fate.unwrap_or(Fate::Unreadable));
        }
        Ok(restored)
    }

    /// None if it makes no sense.
    fn take(&self, part: Part<'_>, age: Nanos) -> Option<Fate> {
        match part.kind {
            Kind::Account => self.take_account(part, age),
            Kind::Avoided => self.take_mark(&part, age),
            kind => {
                let [database, container, ..] = part.texts;
                let at = ContainerRef {
                    database: database.to_owned(),
                    container: container.to_owned(),
                };
                match kind {
                    Kind::Session => Some(self.take_session(&at, &part)),
                    Kind::Container => self.take_container(&at, part),
                    _ => self.take_ranges(&at, part),
                }
            }
        }
    }

    fn take_account(&self, part: Part<'_>, age: Nanos) -> Option<Fate> {
        if self.account.ready().is_some() {
            return Some(Fate::Known);
        }
        let old = age >= self.runtime.account_refresh_interval;
        // A lean driver would have to read it again, which it never has to if it does not know it.
        if old && self.metadata == MetadataMode::Lean && !self.needs_topology() {
            return Some(Fate::Outdated);
        }
        let document = snapshot::account(part.body)?;
        let read = self.transport.world.now().wrapping_sub(age);
        self.account.put(self.install(&document, read));
        Some(Fate::Taken)
    }

    fn take_mark(&self, part: &Part<'_>, age: Nanos) -> Option<Fate> {
        let [url, who, ..] = part.texts;
        let endpoint = Endpoint::parse(url, self.emulator_host.as_deref()).ok()?;
        if age >= self.layers.resolved().endpoint_unavailability_ttl {
            return Some(Fate::Outdated);
        }
        let at = self.transport.world.now().wrapping_sub(age);
        let writes_only = !who.is_empty();
        let mut router = self.router.borrow_mut();
        Some(if router.avoid(&endpoint, writes_only, at) {
            Fate::Taken
        } else {
            Fate::Known
        })
    }

    fn take_session(&self, at: &ContainerRef, part: &Part<'_>) -> Fate {
        let [_, _, rid, token] = part.texts;
        let known = self.containers.definition_of(at);
        let known = known.as_ref().map(|known| known.rid.as_str());
        let rid = Some(rid).filter(|rid| !rid.is_empty());
        let mut sessions = self.sessions.borrow_mut();
        sessions.restore(at, known, rid, token)
    }

    fn take_container(&self, at: &ContainerRef, part: Part<'_>) -> Option<Fate> {
        let [_, _, rid, _] = part.texts;
        if self.sessions.borrow().rid(at).is_some_and(|own| own != rid) {
            return Some(Fate::Known);
        }
        let Some(known) = self.containers.entry_if_room(at) else {
            return Some(Fate::Full);
        };
        if known.definition.ready().is_some() {
            return Some(Fate::Known);
        }
        let container = snapshot::container(rid, part.body)?;
        known.definition.put(Rc::new(container));
        Some(Fate::Taken)
    }

    fn take_ranges(&self, at: &ContainerRef, part: Part<'_>) -> Option<Fate> {
        let [_, _, rid, _] = part.texts;
        let Some(container) = self.containers.definition_of(at) else {
            return Some(Fate::Full);
        };
        if container.rid != rid || self.containers.ranges_of(at).is_some() {
            return Some(Fate::Known);
        }
        let ranges = Rc::new(snapshot::ranges(part.body)?);
        self.containers.entry(at).ranges.borrow().put(ranges);
        Some(Fate::Taken)
    }
}
