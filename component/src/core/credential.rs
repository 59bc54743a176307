//! Who signs. Secrets are wiped on drop and never printed.

use std::cell::RefCell;

use http::Method;

use super::error::{Error, Result};
use crate::wire::link::Link;
use crate::wire::secret::Secret;
use crate::wire::sign::{self, MasterKey};

/// A credential as the caller gives it.
#[derive(Debug)]
pub enum CredentialConfig {
    /// Account key in base64.
    AccountKey(Secret),
    /// Endpoint and key in one text.
    ConnectionString(Secret),
    /// A resource token.
    ResourceToken(Secret),
    /// A Microsoft Entra access token.
    BearerToken(Secret),
    /// The host signs.
    Host,
}

/// A credential ready for use.
#[derive(Debug)]
pub enum Credential {
    /// Signs every request.
    AccountKey(MasterKey),
    /// A header value, the same for every request.
    ResourceToken(Secret),
    /// A header value that can be replaced.
    BearerToken(RefCell<Secret>),
    /// Nothing is added.
    Host,
}

impl Credential {
    /// A resource token, encoded for its header.
    ///
    /// # Errors
    /// The text is no resource token.
    pub fn resource_token(text: &Secret) -> Result<Self> {
        Ok(Self::ResourceToken(Secret::new(sign::token(
            text.expose(),
        )?)))
    }

    /// A bearer token, encoded for its header.
    ///
    /// # Errors
    /// The text is no token.
    pub fn bearer_token(text: &Secret) -> Result<Self> {
        Ok(Self::BearerToken(RefCell::new(encoded_bearer(text)?)))
    }

    /// Puts another bearer token in the place of the present one.
    ///
    /// # Errors
    /// This is no bearer credential, or the text is no token.
    pub fn replace_bearer(&self, text: &Secret) -> Result<()> {
        let Self::BearerToken(current) = self else {
            return Err(Error::invalid(
                "this driver has no bearer token to replace: open one with a bearer token",
            ));
        };
        current.replace(encoded_bearer(text)?);
        Ok(())
    }

    /// The `authorization` value of a request, unless the host signs.
    pub fn authorization(&self, method: &Method, link: &Link, date: &str) -> Option<String> {
        match self {
            Self::AccountKey(key) => Some(key.authorization(method, link, date)),
            Self::ResourceToken(token) => Some(token.expose().to_owned()),
            Self::BearerToken(token) => Some(token.borrow().expose().to_owned()),
            Self::Host => None,
        }
    }

    /// Removes the credential from a text of the service, should it have been echoed.
    pub fn redact(&self, text: String) -> String {
        let hide = |secret: &str| text.replace(secret, "REDACTED");
        match self {
            Self::ResourceToken(token) => hide(token.expose()),
            Self::BearerToken(token) => hide(token.borrow().expose()),
            Self::AccountKey(_) | Self::Host => text,
        }
    }
}

fn encoded_bearer(text: &Secret) -> Result<Secret> {
    Ok(Secret::new(sign::bearer(text.expose())?))
}
