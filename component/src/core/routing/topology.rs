//! An account's regions in the order in which they are used (spec driver-core §3.4).

use std::rc::Rc;

use crate::core::account::Target;
use crate::wire::account::{AccountDocument, Consistency, Location};
use crate::wire::endpoint::Endpoint;
use crate::wire::region;

/// What an operation needs a region for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To read.
    Read,
    /// To write items.
    Write,
    /// To write databases and containers, which begins at the hub.
    MetadataWrite,
}

/// What is known of an account. Made anew, never changed, whenever its document changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Regions to read from: preferred ones first, in the order of preference, then the others in the account's.
    pub reads: Vec<Rc<Target>>,
    /// Regions to write to, in the same order.
    pub writes: Vec<Rc<Target>>,
    /// Regions to write to, in the account's order: the first is the hub.
    pub hubs: Vec<Rc<Target>>,
    /// Whether every region takes writes.
    pub multi_write: bool,
    /// Whether the service moves the writes of single partitions between regions.
    pub per_partition_failover: bool,
    /// Whether the account turns hedging off.
    pub hedging_disabled: bool,
    /// What reads are promised by default.
    pub consistency: Consistency,
    /// Counts the changes of the lists: places in them are good for one generation.
    pub generation: u32,
    etag: Option<String>,
}

impl Topology {
    /// From the account document. Regions whose endpoint is malformed, or plain HTTP while the configured one is not, are
    /// left out; where none remains, the configured endpoint serves. What the document does not say about hedging stays
    /// as it was. `preferred` holds canonical names.
    pub fn new(
        document: &AccountDocument,
        configured: &Rc<Target>,
        emulator_host: Option<&str>,
        preferred: &[String],
        previous: Option<&Self>,
    ) -> Self {
        let usable = |locations: &[Location]| {
            let targets = locations.iter().filter_map(|at| target(at, emulator_host));
            // Never from encrypted to plain.
            let safe =
                |target: &Target| target.endpoint.is_https() || !configured.endpoint.is_https();
            let mut targets: Vec<_> = targets.filter(safe).map(Rc::new).collect();
            if targets.is_empty() {
                targets.push(Rc::clone(configured));
            }
            targets
        };
        let hubs = usable(&document.writable_locations);
        let (reads, writes) = (
            ordered(usable(&document.readable_locations), preferred),
            ordered(hubs.clone(), preferred),
        );
        let generation = match previous {
            None => 1,
            Some(known) if known.reads == reads && known.hubs == hubs => known.generation,
            Some(known) => known.generation.wrapping_add(1),
        };
        Self {
            reads,
            writes,
            hubs,
            multi_write: document.enable_multiple_write_locations,
            per_partition_failover: document.per_partition_failover,
            hedging_disabled: document
                .hedging_disabled
                .unwrap_or_else(|| previous.is_some_and(|previous| previous.hedging_disabled)),
            consistency: document.consistency,
            generation,
            etag: document.etag.clone(),
        }
    }

    /// Whether the document says nothing new.
    pub fn is_current(&self, document: &AccountDocument) -> bool {
        let hedging = document.hedging_disabled.unwrap_or(self.hedging_disabled);
        document.etag.is_some() && self.etag == document.etag && self.hedging_disabled == hedging
    }

    /// The regions for a purpose, the best first.
    pub fn list(&self, purpose: Purpose) -> &[Rc<Target>] {
        match purpose {
            Purpose::Read => &self.reads,
            Purpose::Write => &self.writes,
            Purpose::MetadataWrite => &self.hubs,
        }
    }
}

fn target(location: &Location, emulator_host: Option<&str>) -> Option<Target> {
    Some(Target {
        endpoint: Endpoint::parse(&location.database_account_endpoint, emulator_host).ok()?,
        region: Some(region::canonical(&location.name)),
    })
}

/// Preferred regions first, in the order of preference.
fn ordered(targets: Vec<Rc<Target>>, preferred: &[String]) -> Vec<Rc<Target>> {
    let rank = |target: &Rc<Target>| {
        let is = |name: &String| target.region.as_ref() == Some(name);
        preferred.iter().position(is).unwrap_or(usize::MAX)
    };
    let mut ordered = Vec::with_capacity(targets.len());
    for target in targets {
        let place = ordered.partition_point(|other| rank(other) <= rank(&target));
        ordered.insert(place, target);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(name: &str, endpoint: &str) -> Location {
        Location {
            name: name.to_owned(),
            database_account_endpoint: endpoint.to_owned(),
        }
    }

    fn locations(names: &[&str]) -> Vec<Location> {
        let at = |name: &&str| {
            location(
                name,
                &format!("https://a-{}.example.com:443/", region::canonical(name)),
            )
        };
        names.iter().map(at).collect()
    }

    fn configured(endpoint: &str) -> Rc<Target> {
        Rc::new(Target {
            region: None,
            endpoint: Endpoint::parse(endpoint, None).unwrap(),
        })
    }

    fn topology(
        document: &AccountDocument,
        preferred: &[&str],
        previous: Option<&Topology>,
    ) -> Topology {
        let preferred: Vec<_> = preferred
            .iter()
            .map(|name| region::canonical(name))
            .collect();
        Topology::new(
            document,
            &configured("https://a.example.com"),
            None,
            &preferred,
            previous,
        )
    }

    fn names(list: &[Rc<Target>]) -> Vec<&str> {
        list.iter()
            .map(|target| target.region.as_deref().unwrap_or("-"))
            .collect()
    }

    fn account(writable: &[&str], readable: &[&str]) -> AccountDocument {
        AccountDocument {
            writable_locations: locations(writable),
            readable_locations: locations(readable),
            ..AccountDocument::default()
        }
    }

    #[test]
    fn preferred_regions_come_first_and_the_others_after_them() {
        let document = account(
            &["East US", "West US 2"],
            &["East US", "West US 2", "North Europe"],
        );
        for (preferred, reads, writes) in [
            (
                &[][..],
                ["eastus", "westus2", "northeurope"],
                ["eastus", "westus2"],
            ),
            (
                &["North Europe"],
                ["northeurope", "eastus", "westus2"],
                ["eastus", "westus2"],
            ),
            (
                &["west us 2", "NorthEurope"],
                ["westus2", "northeurope", "eastus"],
                ["westus2", "eastus"],
            ),
            (
                &["Atlantis", "westus2"],
                ["westus2", "eastus", "northeurope"],
                ["westus2", "eastus"],
            ),
        ] {
            let topology = topology(&document, preferred, None);
            assert_eq!(names(topology.list(Purpose::Read)), reads, "{preferred:?}");
            assert_eq!(
                names(topology.list(Purpose::Write)),
                writes,
                "{preferred:?}"
            );
            assert_eq!(
                names(topology.list(Purpose::MetadataWrite)),
                ["eastus", "westus2"]
            );
        }
    }

    #[test]
    fn unusable_regions_are_left_out_and_the_configured_endpoint_fills_in() {
        let mut document = account(&[], &["East US"]);
        document
            .readable_locations
            .insert(0, location("Plain", "http://127.0.0.1:1/"));
        document
            .readable_locations
            .insert(0, location("Broken", "no url"));
        let topology = topology(&document, &[], None);
        assert_eq!(names(&topology.reads), ["eastus"]);
        assert_eq!(
            topology.reads[0].endpoint.authority(),
            "a-eastus.example.com"
        );
        assert_eq!(names(&topology.writes), ["-"]);
        assert_eq!(topology.writes[0].endpoint.authority(), "a.example.com");
        assert_eq!(topology.hubs, topology.writes);

        let plain = Topology::new(
            &document,
            &configured("http://127.0.0.1:8081"),
            None,
            &[],
            None,
        );
        assert_eq!(names(&plain.reads), ["plain", "eastus"]);
    }

    #[test]
    fn what_is_not_said_about_hedging_stays_as_it_was() {
        let mut document = account(&["East US"], &["East US"]);
        document.etag = Some("1".to_owned());
        document.hedging_disabled = Some(true);
        let first = topology(&document, &[], None);
        assert!(first.hedging_disabled && first.is_current(&document));
        document.hedging_disabled = None;
        assert!(first.is_current(&document));
        document.etag = Some("2".to_owned());
        assert!(!first.is_current(&document));
        let second = topology(&document, &[], Some(&first));
        assert!(second.hedging_disabled);
        assert_eq!(second.generation, first.generation);
        document.hedging_disabled = Some(false);
        assert!(!second.is_current(&document));
        assert!(!topology(&document, &[], Some(&second)).hedging_disabled);
        document.etag = None;
        assert!(!topology(&document, &[], None).is_current(&document));
    }

    #[test]
    fn one_write_region_becomes_many() {
        let mut document = account(&["East US"], &["East US", "West US"]);
        let single = topology(&document, &["West US"], None);
        assert_eq!(
            (names(&single.writes), single.multi_write),
            (vec!["eastus"], false)
        );
        document.writable_locations = locations(&["East US", "West US"]);
        document.enable_multiple_write_locations = true;
        let multi = topology(&document, &["West US"], Some(&single));
        assert_eq!(
            (names(&multi.writes), multi.multi_write),
            (vec!["westus", "eastus"], true)
        );
        assert_eq!(names(&multi.hubs), ["eastus", "westus"]);
        assert_eq!(multi.generation, single.generation + 1);
    }
}
