//! Who signs. Secrets are wiped on drop and never printed.

use std::cell::RefCell;

use http::Method;

use super::error::{Error, Result};
use crate::wire::Invalid;
use crate::wire::link::Link;
use crate::wire::secret::Secret;
use crate::wire::sign::{self, MasterKey};
use crate::wire::text::replaced;

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
    /// The same for every request.
    ResourceToken(Token),
    /// Can be replaced.
    BearerToken(RefCell<Bearer>),
    /// Nothing is added.
    Host,
}

/// The bearer token in force, and the one before: requests with it may be under way.
#[derive(Debug)]
pub struct Bearer {
    current: Token,
    previous: Option<Token>,
}

/// A token and the header value that it makes.
#[derive(Debug)]
pub struct Token {
    text: Secret,
    header: Secret,
}

impl Token {
    fn new(
        text: &Secret,
        encode: fn(&str) -> std::result::Result<String, Invalid>,
    ) -> Result<Self> {
        let header = Secret::new(encode(text.expose())?);
        Ok(Self {
            text: text.clone(),
            header,
        })
    }

    fn hide(&self, text: &mut String) {
        for secret in [self.header.expose(), self.text.expose()] {
            // Most texts are shorter than a token.
            if text.len() >= secret.len() {
                *text = replaced(text, secret, "REDACTED");
            }
        }
    }
}

impl Credential {
    /// A resource token, encoded for its header.
    ///
    /// # Errors
    /// The text is no resource token.
    pub fn resource_token(text: &Secret) -> Result<Self> {
        Token::new(text, sign::token).map(Self::ResourceToken)
    }

    /// A bearer token, encoded for its header.
    ///
    /// # Errors
    /// The text is no token.
    pub fn bearer_token(text: &Secret) -> Result<Self> {
        let token = Token::new(text, sign::bearer)?;
        Ok(Self::BearerToken(RefCell::new(Bearer {
            current: token,
            previous: None,
        })))
    }

    /// Puts another bearer token in the place of the present one.
    ///
    /// # Errors
    /// This is no bearer credential, or the text is no token.
    pub fn replace_bearer(&self, text: &Secret) -> Result<()> {
        let Self::BearerToken(bearer) = self else {
            return Err(Error::invalid(
                "this driver has no bearer token to replace: open one with a bearer token",
            ));
        };
        let current = Token::new(text, sign::bearer)?;
        let mut bearer = bearer.borrow_mut();
        let previous = std::mem::replace(&mut bearer.current, current);
        bearer.previous = Some(previous);
        Ok(())
    }

    /// The `authorization` value of a request, unless the host signs.
    pub fn authorization(&self, method: &Method, link: &Link, date: &str) -> Option<String> {
        match self {
            Self::AccountKey(key) => Some(key.authorization(method, link, date)),
            Self::ResourceToken(token) => Some(token.header.expose().to_owned()),
            Self::BearerToken(bearer) => Some(bearer.borrow().current.header.expose().to_owned()),
            Self::Host => None,
        }
    }

    /// Whether texts of the service have to be searched: those who see the header see the token.
    pub fn is_token(&self) -> bool {
        matches!(self, Self::ResourceToken(_) | Self::BearerToken(_))
    }

    /// Removes the token from a text of the service, should it have been sent back.
    pub fn hide(&self, text: &mut String) {
        match self {
            Self::ResourceToken(token) => token.hide(text),
            Self::BearerToken(bearer) => {
                let bearer = bearer.borrow();
                bearer.current.hide(text);
                if let Some(previous) = &bearer.previous {
                    previous.hide(text);
                }
            }
            Self::AccountKey(_) | Self::Host => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_hidden_in_both_spellings() {
        let token = "type=resource&ver=1&sig=a+b/c==;";
        let credential = Credential::resource_token(&Secret::new(token)).unwrap();
        let header = credential
            .authorization(&Method::GET, &crate::wire::link::account(), "")
            .unwrap();
        assert_ne!(header, token);
        let mut text = format!("you sent {header}, that is {token}.");
        credential.hide(&mut text);
        assert_eq!(text, "you sent REDACTED, that is REDACTED.");
        let mut text = "nothing secret".to_owned();
        credential.hide(&mut text);
        assert_eq!(text, "nothing secret");
    }

    #[test]
    fn a_replaced_token_is_hidden_as_long_as_requests_may_carry_it() {
        let credential = Credential::bearer_token(&Secret::new("first.token")).unwrap();
        credential
            .replace_bearer(&Secret::new("second.token"))
            .unwrap();
        let mut text = "first.token, second.token".to_owned();
        credential.hide(&mut text);
        assert_eq!(text, "REDACTED, REDACTED");
        assert!(!format!("{credential:?}").contains("token."));
    }
}
