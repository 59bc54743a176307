//! Out of one instance, into the next: what is worth keeping, and what of it still holds.

use std::rc::Rc;

use super::state::State;
use super::{Driver, World};
use crate::core::MetadataMode;
use crate::core::clock::{MILLI, Nanos, millis, since};
use crate::core::container::Container;
use crate::core::operation::ContainerRef;
use crate::core::ranges::RangeMap;
use crate::core::snapshot::{Fate, Part, Reader, Refused, Restored, Writer};
use crate::wire::account::AccountDocument;
use crate::wire::endpoint::Endpoint;

/// How far the clocks of two machines may be apart, in seconds.
const SKEW: u64 = 60;

/// Nothing is older than this: a hundred years.
const OLDEST: Nanos = millis(100 * 365 * 86_400_000);

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
        let age = |at: Nanos| since(world.now(), at) / MILLI;
        let mut snapshot = Writer::new(self.configured.endpoint.url(), world.unix_seconds());
        let read = self.refresh.borrow().age(world.now());
        if let Some((topology, read)) = self.account.ready().zip(read) {
            snapshot.push(&Part::Account {
                age: read / MILLI,
                document: topology.document(),
            });
        }
        for (endpoint, writes_only, at) in self.router.borrow().avoided() {
            snapshot.push(&Part::Avoided {
                age: age(at),
                writes_only,
                endpoint: endpoint.url().to_owned(),
            });
        }
        for (at, rid, token) in self.sessions.borrow().iter() {
            snapshot.push(&Part::Session {
                at: at.clone(),
                rid: rid.map(str::to_owned),
                token: token.to_string(),
            });
        }
        let containers = self.containers.known();
        for (at, container) in &containers {
            snapshot.push(&Part::Container {
                at: at.clone(),
                container: Rc::clone(container),
            });
        }
        // Last, because they are large and easily read again.
        for (at, container) in containers {
            if let Some(ranges) = self.containers.ranges_of(&at) {
                snapshot.push(&Part::Ranges {
                    at,
                    rid: container.rid.clone(),
                    ranges,
                });
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
            millis(now.saturating_sub(snapshot.created()).saturating_mul(1000))
        };
        let ages = |age: u64| millis(age).saturating_add(passed).min(OLDEST);
        // Who has read the account has seen for himself how the endpoints fare.
        let knows_health = self.account.ready().is_some();
        let mut restored = Restored::default();
        while let Some(part) = snapshot.next_part() {
            restored.count(match part {
                None => Fate::Unreadable,
                Some(Part::Account { age, document }) => self.take_account(&document, ages(age)),
                Some(Part::Avoided { .. }) if knows_health => Fate::Known,
                Some(Part::Avoided {
                    age,
                    writes_only,
                    endpoint,
                }) => self.take_mark(&endpoint, writes_only, ages(age)),
                Some(Part::Session { at, rid, token }) => {
                    let known = self.containers.definition_of(&at);
                    let known = known.as_ref().map(|known| known.rid.as_str());
                    let mut sessions = self.sessions.borrow_mut();
                    sessions.restore(&at, known, rid.as_deref(), &token)
                }
                Some(Part::Container { at, container }) => self.take_container(&at, container),
                Some(Part::Ranges { at, rid, ranges }) => self.take_ranges(&at, &rid, ranges),
            });
        }
        Ok(restored)
    }

    fn take_account(&self, document: &AccountDocument, age: Nanos) -> Fate {
        if self.account.ready().is_some() {
            return Fate::Known;
        }
        let old = age >= self.runtime.account_refresh_interval;
        // A lean driver would have to read it again, which it never has to if it does not know it.
        if old && self.metadata == MetadataMode::Lean && !self.needs_topology() {
            return Fate::Outdated;
        }
        let read = self.transport.world.now().wrapping_sub(age);
        let topology = self.install(document, read);
        self.account.put(topology);
        Fate::Taken
    }

    fn take_mark(&self, endpoint: &str, writes_only: bool, age: Nanos) -> Fate {
        let Ok(endpoint) = Endpoint::parse(endpoint, self.emulator_host.as_deref()) else {
            return Fate::Unreadable;
        };
        if age >= self.layers.resolved().endpoint_unavailability_ttl {
            return Fate::Outdated;
        }
        let at = self.transport.world.now().wrapping_sub(age);
        match self.router.borrow_mut().avoid(&endpoint, writes_only, at) {
            true => Fate::Taken,
            false => Fate::Known,
        }
    }

    fn take_container(&self, at: &ContainerRef, container: Rc<Container>) -> Fate {
        let elsewhere = |rid| rid != container.rid;
        if self.sessions.borrow().rid(at).is_some_and(elsewhere) {
            return Fate::Known;
        }
        match self.containers.entry_if_room(at) {
            None => Fate::Full,
            Some(known) if known.definition.ready().is_some() => Fate::Known,
            Some(known) => {
                known.definition.put(container);
                Fate::Taken
            }
        }
    }

    fn take_ranges(&self, at: &ContainerRef, rid: &str, ranges: Rc<RangeMap>) -> Fate {
        let Some(container) = self.containers.definition_of(at) else {
            return Fate::Full;
        };
        let known = self.containers.ranges_of(at).is_some();
        if known || container.rid != rid {
            return Fate::Known;
        }
        self.containers.entry(at).ranges.borrow().put(ranges);
        Fate::Taken
    }
}
