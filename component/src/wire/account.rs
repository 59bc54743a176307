//! The account document that `GET /` answers (spec driver-core §3.1).

use super::json::{self, Json};

/// What the driver uses of the account document. Unknown members are ignored, missing lists are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountDocument {
    /// Regions that take writes, in the account's order.
    pub writable_locations: Vec<Location>,
    /// Regions that take reads, in the account's order.
    pub readable_locations: Vec<Location>,
    /// Whether every region takes writes.
    pub enable_multiple_write_locations: bool,
    /// What reads are promised unless they say otherwise.
    pub consistency: Consistency,
    /// Whether the service moves the writes of single partitions between regions.
    pub per_partition_failover: bool,
    /// Whether clients must not hedge; none if the document does not say.
    pub hedging_disabled: Option<bool>,
    /// Changes with the document.
    pub etag: Option<String>,
}

/// A consistency level, from the strongest to the weakest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Reads see every acknowledged write, in all regions.
    Strong,
    /// Reads lag by a bounded number of writes or time.
    BoundedStaleness,
    /// Reads see the writes of their own session. The service's default.
    #[default]
    Session,
    /// Reads never see writes out of order.
    ConsistentPrefix,
    /// Reads see what happens to be there.
    Eventual,
}

impl Consistency {
    /// Every level and its name.
    pub const ALL: [(&str, Self); 5] = [
        ("Strong", Self::Strong),
        ("BoundedStaleness", Self::BoundedStaleness),
        ("Session", Self::Session),
        ("ConsistentPrefix", Self::ConsistentPrefix),
        ("Eventual", Self::Eventual),
    ];

    /// The level of this name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let named = |(name, _): &&(&str, Self)| text.eq_ignore_ascii_case(name);
        Self::ALL.iter().find(named).map(|(_, level)| *level)
    }
}

/// One region of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The region's name as people write it: `West US 2`.
    pub name: String,
    /// Its endpoint as a URL.
    pub database_account_endpoint: String,
}

/// Reads the account document; none if the body is no JSON object.
pub fn parse(body: &[u8]) -> Option<AccountDocument> {
    let mut account = AccountDocument::default();
    let read = json::members(body, &mut |name, value| match name {
        "writableLocations" => account.writable_locations = locations(value),
        "readableLocations" => account.readable_locations = locations(value),
        "enableMultipleWriteLocations" => {
            account.enable_multiple_write_locations = json::is_true(value);
        }
        "userConsistencyPolicy" => account.consistency = consistency(value).unwrap_or_default(),
        "enablePerPartitionFailoverBehavior" => {
            account.per_partition_failover = json::is_true(value);
        }
        "disableCrossRegionalHedging" => account.hedging_disabled = switch(value),
        "_etag" => account.etag = json::text(value),
        _ => {}
    });
    read.map(|()| account)
}

fn consistency(policy: Json<'_>) -> Option<Consistency> {
    let mut level = None;
    json::members(policy.get().as_bytes(), &mut |name, value| {
        if name == "defaultConsistencyLevel" {
            level = json::text(value);
        }
    })?;
    Consistency::parse(&level?)
}

/// A boolean; none for null and everything else.
fn switch(value: Json<'_>) -> Option<bool> {
    match value.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn locations(list: Json<'_>) -> Vec<Location> {
    let regions = json::elements(list).unwrap_or_default();
    regions.into_iter().filter_map(location).collect()
}

fn location(region: Json<'_>) -> Option<Location> {
    let (mut name, mut endpoint) = (None, None);
    let read = json::members(region.get().as_bytes(), &mut |member, value| match member {
        "name" => name = json::text(value),
        "databaseAccountEndpoint" => endpoint = json::text(value),
        _ => {}
    });
    read?;
    Some(Location {
        name: name?,
        database_account_endpoint: endpoint?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_shape_and_ignores_the_rest() {
        let body = br#"{"_self":"","id":"acc","media":"//media/","_dbs":"//dbs/",
            "writableLocations":[{"name":"East US","databaseAccountEndpoint":"https://a-eastus.documents.azure.com:443/"}],
            "readableLocations":[{"name":"East US","databaseAccountEndpoint":"https://a-eastus.documents.azure.com:443/"},
                                 {"name":"West US 2","databaseAccountEndpoint":"https://a-westus2.documents.azure.com:443/","new":1}],
            "enableMultipleWriteLocations":true,"userConsistencyPolicy":{"defaultConsistencyLevel":"Eventual"},
            "enablePerPartitionFailoverBehavior":true,"disableCrossRegionalHedging":false,"_etag":"\"7\""}"#;
        let account = parse(body).unwrap();
        assert_eq!(account.consistency, Consistency::Eventual);
        assert!(account.per_partition_failover);
        assert_eq!(account.hedging_disabled, Some(false));
        assert_eq!(account.etag.as_deref(), Some("\"7\""));
        assert!(account.enable_multiple_write_locations);
        assert_eq!(account.writable_locations.len(), 1);
        assert_eq!(account.readable_locations[1].name, "West US 2");
    }

    #[test]
    fn missing_members_are_empty_and_garbage_is_none() {
        assert_eq!(parse(b"{}"), Some(AccountDocument::default()));
        let odd = br#"{"writableLocations":7,"readableLocations":[{"name":"x"},3],"disableCrossRegionalHedging":null,
            "userConsistencyPolicy":{"defaultConsistencyLevel":"Odd"},"_etag":3}"#;
        assert_eq!(parse(odd), Some(AccountDocument::default()));
        for body in [
            &b""[..],
            b"<html>",
            b"[]",
            b"{\"writableLocations\":",
            b"\xFF",
        ] {
            assert_eq!(parse(body), None);
        }
    }
}
