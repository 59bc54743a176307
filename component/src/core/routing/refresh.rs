//! When, and from where, the account document is read again (spec driver-core §3.3). Nothing runs between calls: an
//! operation that finds the document old reads it on its way.

use std::rc::Rc;

use super::topology::Topology;
use crate::core::account::Target;
use crate::core::clock::{Nanos, SECOND, since};

/// How old the document may become.
pub const INTERVAL: Nanos = 300 * SECOND;

/// Between two refreshes that answers ask for, and after one that failed.
const PAUSE: Nanos = 5 * SECOND;

/// When the document was read, and when it was last asked for.
#[derive(Debug, Default)]
pub struct Refresh {
    /// Nothing is due before; none while the document was never read.
    read: Option<Nanos>,
    failed: Option<Nanos>,
    event: Option<Nanos>,
}

/// The right to an event refresh. Give it back if the refresh fails.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    at: Nanos,
    before: Option<Nanos>,
}

impl Refresh {
    /// Whether the document is so old that the next operation reads it again; not right after that failed.
    pub fn is_due(&self, now: Nanos, interval: Nanos) -> bool {
        let old = self.read.is_some_and(|read| since(now, read) >= interval);
        old && self.failed.is_none_or(|failed| since(now, failed) >= PAUSE)
    }

    /// When the document was read, perhaps before the clock began; none if it never was.
    pub fn read(&self) -> Option<Nanos> {
        self.read
    }

    /// The document was read at `now`.
    pub fn done(&mut self, now: Nanos) {
        (self.read, self.failed) = (Some(now), None);
    }

    /// Reading it did not succeed, or has only begun: others wait a while before they try.
    pub fn failed(&mut self, now: Nanos) {
        self.failed = Some(now);
    }

    /// An answer says that the account has changed. None if that was looked into only just now.
    pub fn claim(&mut self, now: Nanos) -> Option<Claim> {
        if self.event.is_some_and(|event| since(now, event) < PAUSE) {
            return None;
        }
        let before = self.event.replace(now);
        Some(Claim { at: now, before })
    }

    /// The claimed refresh did not succeed: the next answer may ask again.
    pub fn release(&mut self, claim: &Claim) {
        if self.event == Some(claim.at) {
            self.event = claim.before;
        }
    }
}

/// Where to read the document, one after the other: at the configured endpoint; in the regions that were known, if any,
/// each once; at the backup endpoints.
pub fn sources(
    known: Option<&Topology>,
    configured: &Rc<Target>,
    backups: &[Rc<Target>],
) -> Vec<Rc<Target>> {
    let regional = known.map_or(&[][..], |topology| &topology.reads);
    let mut sources: Vec<Rc<Target>> = vec![Rc::clone(configured)];
    for target in regional.iter().chain(backups) {
        if sources
            .iter()
            .all(|source| source.endpoint != target.endpoint)
        {
            sources.push(Rc::clone(target));
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::account::{AccountDocument, Location};
    use crate::wire::endpoint::Endpoint;

    #[test]
    fn the_document_is_read_again_when_it_is_old() {
        let mut refresh = Refresh::default();
        assert!(!refresh.is_due(u64::MAX, INTERVAL));
        refresh.done(100);
        assert!(!refresh.is_due(99 + INTERVAL, INTERVAL));
        assert!(refresh.is_due(100 + INTERVAL, INTERVAL));
        // Events do not delay it.
        assert!(refresh.claim(50 + INTERVAL).is_some());
        assert!(refresh.is_due(100 + INTERVAL, INTERVAL));
        refresh.failed(100 + INTERVAL);
        assert!(!refresh.is_due(99 + INTERVAL + PAUSE, INTERVAL));
        assert!(refresh.is_due(100 + INTERVAL + PAUSE, INTERVAL));
        refresh.done(200 + INTERVAL);
        assert!(!refresh.is_due(300 + INTERVAL, INTERVAL));
    }

    #[test]
    fn events_count_every_five_seconds_unless_they_came_to_nothing() {
        let mut refresh = Refresh::default();
        let first = refresh.claim(1_000).unwrap();
        assert_eq!(refresh.claim(999 + PAUSE), None);
        refresh.release(&first);
        assert!(refresh.claim(2_000).is_some());
        // What was given back too late gives nothing back.
        refresh.release(&first);
        assert_eq!(refresh.claim(2_001), None);
        let third = refresh.claim(2_000 + PAUSE).unwrap();
        refresh.release(&third);
        assert_eq!(refresh.event, Some(2_000));
    }

    #[test]
    fn every_source_is_asked_once() {
        let target = |name: &str| {
            Rc::new(Target {
                region: None,
                endpoint: Endpoint::parse(&format!("https://{name}.example.com"), None).unwrap(),
            })
        };
        let (configured, backups) = (target("a"), [target("b"), target("a-east")]);
        let hosts = |known: Option<&Topology>| -> Vec<String> {
            let sources = sources(known, &configured, &backups);
            sources
                .iter()
                .map(|source| source.endpoint.authority().to_owned())
                .collect()
        };
        assert_eq!(
            hosts(None),
            ["a.example.com", "b.example.com", "a-east.example.com"]
        );
        let location = |name: &str| Location {
            name: name.to_owned(),
            database_account_endpoint: format!("https://a-{name}.example.com"),
        };
        let document = AccountDocument {
            readable_locations: vec![location("east"), location("west")],
            ..AccountDocument::default()
        };
        let topology = Topology::new(&document, &configured, None, &[], None);
        assert_eq!(
            hosts(Some(&topology)),
            [
                "a.example.com",
                "a-east.example.com",
                "a-west.example.com",
                "b.example.com"
            ]
        );
    }
}
