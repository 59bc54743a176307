//! Connection strings as the portal shows them (spec driver-core §2.5).

use super::Invalid;
use super::secret::Secret;

/// An account's endpoint and key.
#[derive(Debug, Clone)]
pub struct ConnectionString {
    /// The URL as written; not checked.
    pub endpoint: String,
    /// The account key as written; not checked.
    pub key: Secret,
}

/// Reads `AccountEndpoint=https://…;AccountKey=…;`. Names in any case of letters and any order; other names are
/// ignored, as are empty parts and space around names and values.
///
/// Errors: empty; a part that is not `name=value`; endpoint or key missing, empty or given twice.
pub fn parse(text: &str) -> Result<ConnectionString, Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::new(
            "the connection string is empty: copy it from the account's keys page",
        ));
    }
    let (mut endpoint, mut key) = (None, None);
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            Invalid::new(
                "a part of the connection string is not name=value: copy the whole string from the account's keys page",
            )
        })?;
        let name = name.trim();
        let slot = if name.eq_ignore_ascii_case("AccountEndpoint") {
            &mut endpoint
        } else if name.eq_ignore_ascii_case("AccountKey") {
            &mut key
        } else {
            continue;
        };
        if slot.replace(value.trim()).is_some() {
            return Err(Invalid::new(
                "the connection string gives AccountEndpoint or AccountKey twice: keep one of each",
            ));
        }
    }
    Ok(ConnectionString {
        endpoint: required(
            endpoint,
            "the connection string has no AccountEndpoint: add AccountEndpoint=https://…;",
        )?
        .to_owned(),
        key: Secret::new(required(
            key,
            "the connection string has no AccountKey: add AccountKey=…;",
        )?),
    })
}

fn required<'a>(value: Option<&'a str>, missing: &'static str) -> Result<&'a str, Invalid> {
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Invalid::new(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::Random;

    #[test]
    fn endpoint_and_key_are_found() {
        for text in [
            "AccountEndpoint=https://a:443/;AccountKey=k+/==;",
            "AccountEndpoint=https://a:443/;AccountKey=k+/==",
            "accountkey=k+/==;ACCOUNTENDPOINT=https://a:443/",
            " AccountEndpoint = https://a:443/ ;; AccountKey = k+/== ;\n",
            "Database=x;AccountEndpoint=https://a:443/;AccountKey=k+/==;DisableServerCertificateValidation=",
        ] {
            let read = parse(text).unwrap();
            assert_eq!(
                (read.endpoint.as_str(), read.key.expose()),
                ("https://a:443/", "k+/==")
            );
            assert!(!format!("{read:?}").contains("k+/"), "{read:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, said) in [
            ("", "is empty"),
            (" \n", "is empty"),
            (";", "no AccountEndpoint"),
            ("secret", "not name=value"),
            ("AccountEndpoint=secret;secret", "not name=value"),
            ("AccountKey=secret", "no AccountEndpoint"),
            ("AccountEndpoint=;AccountKey=secret", "no AccountEndpoint"),
            ("AccountEndpoint=secret", "no AccountKey"),
            ("AccountEndpoint=secret;AccountKey= ;", "no AccountKey"),
            (
                "AccountKey=secret;AccountEndpoint=a;accountkey=secret",
                "twice",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn any_text_is_read_or_refused() {
        let mut random = Random::new(7);
        let pieces = [
            "AccountEndpoint",
            "accountkey",
            "=",
            ";",
            " ",
            "é",
            "x",
            "Account",
        ];
        for _ in 0..4000 {
            if let Ok(read) = parse(&random.text(&pieces, 12)) {
                let again = format!(
                    "AccountKey={};AccountEndpoint={}",
                    read.key.expose(),
                    read.endpoint
                );
                let again = parse(&again).unwrap();
                assert_eq!(again.endpoint, read.endpoint);
                assert_eq!(again.key.expose(), read.key.expose());
            }
        }
    }
}
