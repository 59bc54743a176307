//! What `open` is given, and what the driver makes of it.

use super::credential::{Credential, CredentialConfig};
use super::error::{Error, Result};
use super::options::{OperationOptions, lookup};
use crate::wire::connection_string;
use crate::wire::endpoint::Endpoint;
use crate::wire::sign::MasterKey;

/// When the driver fetches what it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataMode {
    /// Account and container first.
    Eager,
    /// Point operations go out at once.
    Lean,
}

/// What `open` is given.
#[derive(Debug)]
pub struct Config {
    /// The account's endpoint; absent only with a connection string.
    pub endpoint: Option<String>,
    /// Who signs.
    pub credential: CredentialConfig,
    /// When metadata is fetched.
    pub metadata: MetadataMode,
    /// Environment variables that the host hands in.
    pub environment: Vec<(String, String)>,
    /// Options for all operations.
    pub defaults: OperationOptions,
}

/// A checked configuration.
#[derive(Debug)]
pub struct Settings {
    /// The account's endpoint.
    pub endpoint: Endpoint,
    /// Who signs.
    pub credential: Credential,
    /// When metadata is fetched.
    pub metadata: MetadataMode,
    /// Emulator host for which `http://` is allowed.
    pub emulator_host: Option<String>,
    /// The driver's layer over the environment's.
    pub defaults: OperationOptions,
}

impl Config {
    /// Checks everything that can be checked without a request.
    ///
    /// # Errors
    /// Malformed endpoint, key, token, connection string, option.
    pub fn checked(self) -> Result<Settings> {
        let environment = OperationOptions::from_environment(&self.environment);
        let emulator_host = lookup(&self.environment, "AZURE_COSMOS_EMULATOR_HOST");
        let (endpoint, credential) = credentials(self.endpoint, &self.credential)?;
        Ok(Settings {
            endpoint: Endpoint::parse(&endpoint, emulator_host)?,
            credential,
            metadata: self.metadata,
            emulator_host: emulator_host.map(str::to_owned),
            defaults: self.defaults.checked()?.over(&environment),
        })
    }
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
