//! What a client needs to know of its account.

use std::fmt;

use cosmosdb_driver::wire::connection_string;
use cosmosdb_driver::wire::secret::Secret;
use zeroize::Zeroize;

use crate::bindings::wit;
use crate::error::Error;
use crate::gate::Limits;
use crate::runtime_config::RuntimeConfig;
use crate::setters::option_setters;
use crate::types::{MetadataMode, OperationOptions, PartitionFailover};

/// The account, the credential, and defaults for all operations of a client.
///
/// ```
/// use cosmosdb_driver_host::{Config, Credential};
///
/// let config = Config::new(
///     "https://my-account.documents.azure.com:443/",
///     Credential::bearer_token("eyJ0eXAiOiJKV1Qi…"),
/// )
/// .content_response(true);
/// assert!(!format!("{config:?}").contains("eyJ0"));
/// ```
#[derive(Clone)]
pub struct Config {
    endpoint: Option<String>,
    credential: Credential,
    metadata: MetadataMode,
    defaults: OperationOptions,
    preferred_regions: Vec<String>,
    application_region: Option<String>,
    backup_endpoints: Vec<String>,
    user_agent_suffix: Option<String>,
    max_concurrent_metadata_hedges: Option<u32>,
    partition_failover: PartitionFailover,
    runtime: Option<RuntimeConfig>,
    limits: Limits,
}

impl Config {
    /// An account by its endpoint, like `https://my-account.documents.azure.com:443/`. `http://` is for emulators on
    /// this machine, or on the host that `AZURE_COSMOS_EMULATOR_HOST` names (see
    /// [`RuntimeConfig::environment`]). Checked when a client is opened.
    pub fn new(endpoint: impl Into<String>, credential: Credential) -> Self {
        Self::with(Some(endpoint.into()), credential)
    }

    /// An account by its connection string, `AccountEndpoint=https://…;AccountKey=…;`, as the portal shows it.
    pub fn from_connection_string(text: impl Into<String>) -> Self {
        Self::with(None, Credential(Kind::ConnectionString(Secret::new(text))))
    }

    fn with(endpoint: Option<String>, credential: Credential) -> Self {
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
            partition_failover: PartitionFailover::default(),
            runtime: None,
            limits: Limits::new(),
        }
    }

    /// When account and container are looked up. Default: [`MetadataMode::Eager`].
    #[must_use]
    pub fn metadata(mut self, mode: MetadataMode) -> Self {
        self.metadata = mode;
        self
    }

    option_setters!(defaults);

    /// Regions in the order in which they shall be used, as the portal names them. Default: the account's order.
    #[must_use]
    pub fn preferred_regions<R: Into<String>>(
        mut self,
        regions: impl IntoIterator<Item = R>,
    ) -> Self {
        self.preferred_regions = regions.into_iter().map(Into::into).collect();
        self
    }

    /// The region that the program runs in: regions are used by their distance from it. Not together with
    /// [`preferred_regions`](Self::preferred_regions).
    #[must_use]
    pub fn application_region(mut self, region: impl Into<String>) -> Self {
        self.application_region = Some(region.into());
        self
    }

    /// Adds an endpoint at which the account's topology is read when its own does not answer. At most 16.
    #[must_use]
    pub fn backup_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.backup_endpoints.push(endpoint.into());
        self
    }

    /// Ends the user agent of this client's requests: at most 25 characters of letters, digits, `-`, `_`, `.` and `~`.
    /// Default: the runtime's.
    #[must_use]
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Metadata requests that may be hedged at one time; 0: none is. Default: 32.
    #[must_use]
    pub fn max_concurrent_metadata_hedges(mut self, hedges: u32) -> Self {
        self.max_concurrent_metadata_hedges = Some(hedges);
        self
    }

    /// How failures of single partitions are handled.
    #[must_use]
    pub fn partition_failover(mut self, options: PartitionFailover) -> Self {
        self.partition_failover = options;
        self
    }

    /// The runtime that is created with the driver. For several drivers on one runtime see [`crate::instance`].
    /// Default: one with nothing set.
    #[must_use]
    pub fn runtime(mut self, runtime: RuntimeConfig) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// How much a client does at a time, and what becomes of the calls beyond. No meaning for instances without a client.
    /// Default: no limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn client_limits(&self) -> Limits {
        self.limits
    }

    /// Where the account is, from wherever it was given. None if that is not readable: the driver says what is wrong.
    pub(crate) fn endpoint(&self) -> Option<String> {
        match (&self.endpoint, &self.credential.0) {
            (Some(endpoint), _) => Some(endpoint.clone()),
            (None, Kind::ConnectionString(text)) => connection_string::parse(text.expose())
                .ok()
                .map(|parts| parts.endpoint),
            (None, _) => None,
        }
    }

    /// From now on with this token, for instances that are opened later.
    pub(crate) fn replace_bearer_token(&mut self, token: &str) {
        self.credential = Credential::bearer_token(token);
    }

    pub(crate) fn backups(&self) -> &[String] {
        &self.backup_endpoints
    }

    pub(crate) fn to_wit(&self) -> wit::Config {
        wit::Config {
            endpoint: self.endpoint.clone(),
            credential: self.credential.to_wit(),
            metadata: self.metadata,
            defaults: self.defaults.clone(),
            preferred_regions: self.preferred_regions.clone(),
            application_region: self.application_region.clone(),
            backup_endpoints: self.backup_endpoints.clone(),
            user_agent_suffix: self.user_agent_suffix.clone(),
            max_concurrent_metadata_hedges: self.max_concurrent_metadata_hedges,
            partition_failover: self.partition_failover,
        }
    }

    /// The runtime of its own.
    pub(crate) fn runtime_to_wit(&self) -> wit::RuntimeConfig {
        self.runtime.clone().unwrap_or_default().to_wit()
    }

    /// For a driver on a runtime that exists. Errors: [`Error::Options`] if this names another.
    pub(crate) fn without_runtime(&self) -> Result<(), Error> {
        if self.runtime.is_some() {
            return Err(Error::Options(
                "the configuration brings a runtime of its own, but the driver is opened on another one: leave \
                 Config::runtime out"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Values of headers may be secrets too.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("endpoint", &self.endpoint)
            .field("credential", &self.credential)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// Who signs requests, and with what. Secrets are never printed. They are wiped from memory when this value goes,
/// and so is the copy that opens an instance; the copy by which an async client's `set_bearer_token` reaches its
/// instance is freed without.
#[derive(Debug, Clone)]
pub struct Credential(Kind);

#[derive(Debug, Clone)]
enum Kind {
    AccountKey(Secret),
    ConnectionString(Secret),
    ResourceToken(Secret),
    BearerToken(Secret),
    Host,
}

impl Credential {
    /// An account key, primary or secondary, in base64. Every request is signed with it, inside of the component.
    pub fn account_key(key: impl Into<String>) -> Self {
        Self(Kind::AccountKey(Secret::new(key)))
    }

    /// A resource token, `type=resource&ver=1&sig=…`, that a trusted service issued for one user's permissions.
    pub fn resource_token(token: impl Into<String>) -> Self {
        Self(Kind::ResourceToken(Secret::new(token)))
    }

    /// A Microsoft Entra access token for `https://cosmos.azure.com/.default`, without the word `Bearer`. Replace it
    /// with the client's `set_bearer_token` before it expires.
    pub fn bearer_token(token: impl Into<String>) -> Self {
        Self(Kind::BearerToken(Secret::new(token)))
    }

    /// Requests leave the component unsigned, and [`Options::signer`](crate::Options::signer) signs them: the key
    /// never enters the component.
    pub fn host() -> Self {
        Self(Kind::Host)
    }

    fn to_wit(&self) -> wit::Credential {
        let text = |secret: &Secret| secret.expose().to_owned();
        match &self.0 {
            Kind::AccountKey(key) => wit::Credential::AccountKey(text(key)),
            Kind::ConnectionString(string) => wit::Credential::ConnectionString(text(string)),
            Kind::ResourceToken(token) => wit::Credential::ResourceToken(text(token)),
            Kind::BearerToken(token) => wit::Credential::BearerToken(text(token)),
            Kind::Host => wit::Credential::Host,
        }
    }
}

/// The copy that goes into an instance, whichever way the call ends.
impl Drop for wit::Credential {
    fn drop(&mut self) {
        match self {
            Self::AccountKey(secret)
            | Self::ConnectionString(secret)
            | Self::ResourceToken(secret)
            | Self::BearerToken(secret) => secret.zeroize(),
            Self::Host => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        for config in [
            Config::new("https://a/", Credential::account_key("secret")),
            Config::new("https://a/", Credential::resource_token("secret")),
            Config::new("https://a/", Credential::bearer_token("secret")),
            Config::from_connection_string("AccountEndpoint=https://a/;AccountKey=secret;"),
        ] {
            let runtime = RuntimeConfig::new().environment("KEY", "secret");
            let config = config.runtime(runtime).header("x-key", "secret");
            let printed = format!("{config:?} {config:#?}");
            assert!(
                !printed.contains("secret") && printed.contains("REDACTED"),
                "{printed}"
            );
        }
    }

    #[test]
    fn the_endpoint_is_found_in_a_connection_string() {
        let config = Config::from_connection_string("AccountEndpoint=https://a/;AccountKey=k;");
        assert_eq!(config.endpoint().as_deref(), Some("https://a/"));
        assert_eq!(Config::from_connection_string("nonsense").endpoint(), None);
    }
}
