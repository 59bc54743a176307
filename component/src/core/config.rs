//! What `open` is given, and what the driver makes of it (spec driver-core §8.3).

mod partition_failover;

use std::rc::Rc;

pub use partition_failover::{PartitionFailoverConfig, TopologyCache};

use super::account::Target;
use super::circuit_breaker;
use super::credential::{Credential, CredentialConfig};
use super::error::{Error, Result};
use super::identity::Identity;
use super::options::{Layers, OperationOptions, canonical_region, canonical_regions};
use super::routing::proximity;
use super::runtime::Runtime;
use crate::wire::connection_string;
use crate::wire::endpoint::Endpoint;
use crate::wire::sign::MasterKey;

/// Hedged metadata requests at one time.
const METADATA_HEDGES: u32 = 32;

const MAX_BACKUP_ENDPOINTS: usize = 16;

/// When the driver fetches what it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataMode {
    /// Account and container first.
    Eager,
    /// Point operations go out at once.
    Lean,
}

/// What `open` is given: the account's layer.
#[derive(Debug)]
pub struct Config {
    /// The account's endpoint; absent only with a connection string.
    pub endpoint: Option<String>,
    /// Who signs.
    pub credential: CredentialConfig,
    /// When metadata is fetched.
    pub metadata: MetadataMode,
    /// Options for all operations of this driver.
    pub defaults: OperationOptions,
    /// Regions to prefer, the best first (spec §3.5). Empty: the account's order.
    pub preferred_regions: Vec<String>,
    /// The region that the program runs in: regions are preferred by their distance from it (spec §3.5). Not together
    /// with `preferred_regions`.
    pub application_region: Option<String>,
    /// Where else the account can be read when its endpoint does not answer (spec §3.3), at most 16.
    pub backup_endpoints: Vec<String>,
    /// Ends the user agent, instead of the runtime's (spec §11.2).
    pub user_agent_suffix: Option<String>,
    /// Hedged metadata requests at one time; 0: none is hedged (spec §7.1). Built-in default: 32.
    pub max_concurrent_metadata_hedges: Option<u32>,
    /// How failures of single partitions are handled.
    pub partition_failover: PartitionFailoverConfig,
}

/// A checked configuration: what the engine works with.
#[derive(Debug)]
pub struct Settings {
    /// The account's endpoint.
    pub endpoint: Endpoint,
    /// Who signs.
    pub credential: Credential,
    /// When metadata is fetched.
    pub metadata: MetadataMode,
    /// The layers below an operation's options.
    pub options: Layers,
    /// Regions to prefer in canonical form, the best first; empty: the account's order.
    pub preferred_regions: Vec<String>,
    /// Where else the account can be read.
    pub backup_endpoints: Vec<Rc<Target>>,
    /// What the user agent says.
    pub identity: Identity,
    /// Hedged metadata requests at one time; 0: none is hedged.
    pub max_concurrent_metadata_hedges: u32,
    /// When a partition counts as failed in a region.
    pub circuit_breaker: circuit_breaker::Settings,
    /// When partition key ranges are read.
    pub topology_cache: TopologyCache,
}

impl Config {
    /// An account with this credential, and nothing else said.
    pub fn new(endpoint: Option<String>, credential: CredentialConfig) -> Self {
        Self {
            endpoint,
            credential,
            metadata: MetadataMode::Eager,
            defaults: OperationOptions::default(),
            preferred_regions: Vec::new(),
            application_region: None,
            backup_endpoints: Vec::new(),
            user_agent_suffix: None,
            max_concurrent_metadata_hedges: None,
            partition_failover: PartitionFailoverConfig::default(),
        }
    }

    /// Checks everything that can be checked without a request.
    ///
    /// # Errors
    /// `invalid-argument`: malformed endpoint, key, token, connection string, option.
    pub fn checked(self, runtime: &Runtime) -> Result<Settings> {
        let emulator_host = runtime.emulator_host.as_deref();
        let (circuit_breaker, topology_cache) = self.partition_failover.checked(runtime)?;
        let (endpoint, credential) = credentials(self.endpoint, &self.credential)?;
        Ok(Settings {
            endpoint: Endpoint::parse(&endpoint, emulator_host)?,
            credential,
            metadata: self.metadata,
            options: Layers::new(self.defaults, runtime)?,
            preferred_regions: preferred(self.preferred_regions, self.application_region)?,
            backup_endpoints: backups(&self.backup_endpoints, emulator_host)?,
            identity: identity(self.user_agent_suffix, runtime)?,
            max_concurrent_metadata_hedges: self
                .max_concurrent_metadata_hedges
                .unwrap_or(METADATA_HEDGES),
            circuit_breaker,
            topology_cache,
        })
    }
}

/// The regions that are listed, or all by their distance from the application's.
fn preferred(listed: Vec<String>, application: Option<String>) -> Result<Vec<String>> {
    let Some(region) = application else {
        return canonical_regions("preferred-regions", listed);
    };
    if !listed.is_empty() {
        return Err(Error::invalid(
            "both preferred-regions and application-region are given: the first is an order of your own, the second lets the \
             driver order by distance; leave one of them out",
        ));
    }
    let region = canonical_region("application-region", &region)?;
    let nearest = proximity::by_distance(&region);
    if nearest.is_empty() {
        // Not in the table, but if the account has it, it is the nearest.
        return Ok(vec![region]);
    }
    Ok(nearest.into_iter().map(str::to_owned).collect())
}

fn backups(texts: &[String], emulator_host: Option<&str>) -> Result<Vec<Rc<Target>>> {
    if texts.len() > MAX_BACKUP_ENDPOINTS {
        return Err(Error::invalid(format!(
            "there are {} backup endpoints, at most {MAX_BACKUP_ENDPOINTS} are taken: leave some out",
            texts.len()
        )));
    }
    let mut endpoints = Vec::with_capacity(texts.len());
    for text in texts {
        let endpoint = Endpoint::parse(text, emulator_host)
            .map_err(|error| Error::invalid(format!("backup-endpoints: {error}")))?;
        endpoints.push(Rc::new(Target {
            region: None,
            endpoint,
        }));
    }
    Ok(endpoints)
}

/// The runtime's, with the driver's own suffix if it has one.
fn identity(suffix: Option<String>, runtime: &Runtime) -> Result<Identity> {
    let mut identity = runtime.identity.clone();
    if suffix.is_some() {
        identity.suffix = suffix;
        identity = identity.checked()?;
    }
    Ok(identity)
}

fn credentials(
    endpoint: Option<String>,
    credential: &CredentialConfig,
) -> Result<(String, Credential)> {
    if let CredentialConfig::ConnectionString(text) = credential {
        if endpoint.is_some() {
            return Err(Error::invalid(
                "a connection string names the endpoint itself: leave config.endpoint out",
            ));
        }
        let parsed = connection_string::parse(text.expose())?;
        let key = MasterKey::from_base64(parsed.key.expose())?;
        return Ok((parsed.endpoint, Credential::AccountKey(key)));
    }
    let endpoint = endpoint.ok_or_else(|| {
        Error::invalid("config.endpoint is missing: give the account's URL, as in https://my-account.documents.azure.com/")
    })?;
    let credential = match credential {
        CredentialConfig::AccountKey(key) => {
            Credential::AccountKey(MasterKey::from_base64(key.expose())?)
        }
        CredentialConfig::ResourceToken(token) => Credential::resource_token(token)?,
        CredentialConfig::BearerToken(token) => Credential::bearer_token(token)?,
        CredentialConfig::Host | CredentialConfig::ConnectionString(_) => Credential::Host,
    };
    Ok((endpoint, credential))
}

#[cfg(test)]
mod tests;
