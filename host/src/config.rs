//! What a client needs to know of its account.

use std::fmt;

use cosmosdb_driver::wire::connection_string;
use cosmosdb_driver::wire::secret::Secret;
use zeroize::Zeroize;

use crate::bindings::wit;
use crate::types::{MetadataMode, OperationOptions};

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
    environment: Vec<(String, String)>,
    defaults: OperationOptions,
}

impl Config {
    /// An account by its endpoint, like `https://my-account.documents.azure.com:443/`. `http://` is for emulators on
    /// this machine, or on the host that `AZURE_COSMOS_EMULATOR_HOST` names (see
    /// [`environment`](Self::environment)). Checked when a client is opened.
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
            environment: Vec::new(),
            defaults: OperationOptions::default(),
        }
    }

    /// When account and container are looked up. Default: [`MetadataMode::Eager`].
    #[must_use]
    pub fn metadata(mut self, mode: MetadataMode) -> Self {
        self.metadata = mode;
        self
    }

    /// Hands one environment variable to the component, which sees no others. Known: `AZURE_COSMOS_EMULATOR_HOST`,
    /// `AZURE_COSMOS_CONTENT_RESPONSE_ON_WRITE`; others are ignored.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Whether writes return the item as the service stored it. An operation's own option goes first. Default:
    /// false, which saves bandwidth.
    #[must_use]
    pub fn content_response(mut self, enabled: bool) -> Self {
        self.defaults.content_response_on_write = Some(enabled);
        self
    }

    /// Adds a header to every request of an operation. Those that the driver owns keep the driver's value.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.defaults
            .custom_headers
            .push((name.into(), value.into()));
        self
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

    pub(crate) fn to_wit(&self) -> wit::Config {
        wit::Config {
            endpoint: self.endpoint.clone(),
            credential: self.credential.to_wit(),
            metadata: self.metadata,
            environment: self.environment.clone(),
            defaults: self.defaults.clone(),
        }
    }
}

/// Values of headers and environment variables may be secrets too.
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
            let config = config
                .environment("KEY", "secret")
                .header("x-key", "secret");
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
