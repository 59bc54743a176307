//! The account's regions, and which endpoint an operation goes to (spec driver-core §3.4).

use super::request::Request;
use crate::wire::account::{AccountDocument, Location};
use crate::wire::endpoint::Endpoint;
use crate::wire::headers::name;
use crate::wire::region;

/// A place to send requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The region in canonical form; none for the configured endpoint of an account not yet read.
    pub region: Option<String>,
    /// Its endpoint.
    pub endpoint: Endpoint,
}

/// An account's topology. Order is the account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    read: Target,
    write: Target,
    multi_write: bool,
}

impl Account {
    /// From the account document. Regions whose endpoint is malformed, or plain HTTP while the configured one is not, are
    /// left out; where none
    /// remains, the configured endpoint serves.
    pub fn new(document: &AccountDocument, configured: &Endpoint, emulator: Option<&str>) -> Self {
        let first = |locations: &[Location]| {
            locations
                .iter()
                .filter_map(|location| target(location, emulator))
                // Never from encrypted to plain.
                .find(|target| target.endpoint.is_https() || !configured.is_https())
                .unwrap_or_else(|| Target {
                    region: None,
                    endpoint: configured.clone(),
                })
        };
        Self {
            read: first(&document.readable_locations),
            write: first(&document.writable_locations),
            multi_write: document.enable_multiple_write_locations,
        }
    }

    /// Fits a request to this account: where every region takes writes, a write says that it knows (spec §1.4).
    pub fn bind(&self, request: &mut Request) {
        if self.multi_write && !request.read {
            request.set_header(name::ALLOW_TENTATIVE_WRITES, "true");
        }
    }

    /// Where an operation goes: the first region that takes it.
    pub fn target(&self, read: bool) -> &Target {
        if read { &self.read } else { &self.write }
    }
}

fn target(location: &Location, emulator: Option<&str>) -> Option<Target> {
    Some(Target {
        endpoint: Endpoint::parse(&location.database_account_endpoint, emulator).ok()?,
        region: Some(region::canonical(&location.name)),
    })
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

    #[test]
    fn reads_and_writes_go_to_the_first_usable_region() {
        let document = AccountDocument {
            writable_locations: vec![location("West US 2", "https://a-westus2.example.com:443/")],
            readable_locations: vec![
                location("East US", "http://plain.example.com/"),
                location("North Europe", "https://a-ne.example.com:443/"),
            ],
            enable_multiple_write_locations: false,
        };
        let configured = Endpoint::parse("https://a.example.com", None).unwrap();
        let account = Account::new(&document, &configured, None);
        assert_eq!(account.target(false).region.as_deref(), Some("westus2"));
        assert_eq!(account.target(true).region.as_deref(), Some("northeurope"));
        assert_eq!(
            account.target(true).endpoint.authority(),
            "a-ne.example.com"
        );

        let plain = AccountDocument {
            readable_locations: vec![location("East US", "http://127.0.0.1:1/")],
            ..AccountDocument::default()
        };
        assert_eq!(
            Account::new(&plain, &configured, None)
                .target(true)
                .endpoint,
            configured
        );

        let empty = Account::new(&AccountDocument::default(), &configured, None);
        assert_eq!(empty.target(true).endpoint, configured);
        assert_eq!(empty.target(true).region, None);
    }
}
