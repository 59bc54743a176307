//! Which requests may leave.

use std::sync::Arc;

use http::uri::Scheme;
use http::{Request, Uri};

use super::Paths;
use crate::error::Error;
use crate::options::Options;

/// The allow-list of one instance: origins (scheme, host and port) and, if there are any, rules about paths.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allow {
    accounts: Vec<Origin>,
    backups: Vec<Origin>,
    others: Arc<[Origin]>,
    paths: Option<Arc<Paths>>,
}

impl Allow {
    /// What the options allow whichever the account is.
    pub(crate) fn of(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            paths: options.paths.clone().map(Arc::new),
            ..Self::origins(&options.allow)?
        })
    }

    /// These origins, given as URLs or, for https, as `host` or `host:port`.
    fn origins(texts: &[String]) -> Result<Self, Error> {
        let others = texts.iter().map(|text| {
            Origin::parse(text).ok_or_else(|| {
                Error::Options(format!(
                    "the allowed origin {text:?} is neither a URL like https://host:port nor host:port: correct it"
                ))
            })
        });
        Ok(Self {
            others: others.collect::<Result<_, _>>()?,
            ..Self::default()
        })
    }

    /// Also an account and its regions, and the backups of its endpoint. What is no URL allows nothing: the driver
    /// refuses it too, and says why.
    pub(crate) fn add_account(&mut self, endpoint: Option<&str>, backups: &[String]) {
        add(&mut self.accounts, endpoint);
        for backup in backups {
            add(&mut self.backups, Some(backup));
        }
    }

    pub(crate) fn permits<B>(&self, request: &Request<B>) -> bool {
        self.reaches(request.uri())
            && self.paths.as_ref().is_none_or(|paths| {
                paths.permits(request.method(), request.uri(), request.headers())
            })
    }

    fn reaches(&self, uri: &Uri) -> bool {
        let Some(origin) = Origin::of(uri) else {
            return false;
        };
        let own = self
            .accounts
            .iter()
            .any(|account| *account == origin || account.has_region(&origin));
        own || self.backups.contains(&origin) || self.others.contains(&origin)
    }
}

fn add(origins: &mut Vec<Origin>, url: Option<&str>) {
    let origin = url.and_then(Origin::parse);
    origins.extend(origin.filter(|origin| !origins.contains(origin)));
}

#[derive(Debug, Clone, PartialEq)]
struct Origin {
    https: bool,
    host: String,
    port: u16,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let uri = if text.contains("://") {
            text.parse()
        } else {
            format!("https://{text}").parse()
        };
        Self::of(&uri.ok()?)
    }

    fn of(uri: &Uri) -> Option<Self> {
        let https = *uri.scheme()? == Scheme::HTTPS;
        if !https && *uri.scheme()? != Scheme::HTTP {
            return None;
        }
        let authority = uri
            .authority()
            .filter(|authority| !authority.as_str().contains('@'))?;
        let default_port = if https { 443 } else { 80 };
        Some(Self {
            https,
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or(default_port),
        })
    }

    /// Whether the other is `{account}-{region}.documents.*` where this is `{account}.documents.*`.
    fn has_region(&self, other: &Self) -> bool {
        let Some((account, suffix)) = self.host.split_once('.') else {
            return false;
        };
        let region = other
            .host
            .split_once('.')
            .filter(|(_, other_suffix)| *other_suffix == suffix)
            .and_then(|(label, _)| label.strip_prefix(account)?.strip_prefix('-'));
        suffix.starts_with("documents.")
            && (self.https, self.port) == (other.https, other.port)
            && region.is_some_and(|region| {
                !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(endpoint: &str) -> Allow {
        let mut allow = Allow::default();
        allow.add_account(Some(endpoint), &[]);
        allow
    }

    fn permits(allow: &Allow, url: &str) -> bool {
        allow.permits(&Request::get(url).body(()).unwrap())
    }

    #[test]
    fn the_account_and_its_regions_are_allowed() {
        let allow = account("https://acct.documents.azure.com:443/");
        for url in [
            "https://acct.documents.azure.com/",
            "https://ACCT.documents.azure.com:443/dbs/d",
            "https://acct-westus2.documents.azure.com/dbs",
            "https://acct-eastasia.documents.azure.com:443/",
        ] {
            assert!(permits(&allow, url), "{url}");
        }
        for url in [
            "http://acct.documents.azure.com/",
            "https://acct.documents.azure.com:444/",
            "https://acct-westus2.documents.azure.com:444/",
            "http://acct-westus2.documents.azure.com:443/",
            "https://acct-.documents.azure.com/",
            "https://acct-a-b.documents.azure.com/",
            "https://other.documents.azure.com/",
            "https://acctx.documents.azure.com/",
            "https://acct-westus2.documents.azure.com.evil.example/",
            "https://acct.documents.azure.com@evil.example/",
            "https://user@acct.documents.azure.com/",
            "https://acct-westus2.documents.azure.cn/",
            "https://documents.azure.com/",
            "ftp://acct.documents.azure.com/",
            "/dbs",
        ] {
            assert!(!permits(&allow, url), "{url}");
        }
    }

    #[test]
    fn other_endpoints_have_no_regions() {
        let allow = account("http://127.0.0.1:8081");
        assert!(permits(&allow, "http://127.0.0.1:8081/dbs"));
        assert!(!permits(&allow, "http://127.0.0.1:8082/dbs"));
        assert!(!permits(&allow, "http://127-a.0.0.1:8081/dbs"));

        let allow = account("https://acct.proxy.example");
        assert!(!permits(&allow, "https://acct-westus.proxy.example/"));
    }

    #[test]
    fn several_accounts_and_their_backups_are_allowed() {
        let mut allow = account("https://one.documents.azure.com");
        let backups = ["https://two-westus.documents.azure.com", "nonsense://"];
        allow.add_account(
            Some("https://two.documents.azure.cn"),
            &backups.map(str::to_owned),
        );
        for url in [
            "https://one-eastus.documents.azure.com/",
            "https://two-chinaeast.documents.azure.cn/",
            "https://two-westus.documents.azure.com/",
        ] {
            assert!(permits(&allow, url), "{url}");
        }
        // A backup has no regions of its own.
        assert!(!permits(
            &allow,
            "https://two-westus-x.documents.azure.com/"
        ));
    }

    #[test]
    fn more_origins_can_be_allowed() {
        let allow = [
            "https://proxy.example:8443",
            "http://emulator:8081/",
            "[::1]:9",
            "bare.example",
        ];
        let allow = Allow::origins(&allow.map(str::to_owned)).unwrap();
        for url in [
            "https://proxy.example:8443/x",
            "http://emulator:8081/",
            "https://[::1]:9/",
            "https://bare.example/",
        ] {
            assert!(permits(&allow, url), "{url}");
        }
        for url in [
            "https://emulator:8081/",
            "https://proxy.example/",
            "http://bare.example/",
        ] {
            assert!(!permits(&allow, url), "{url}");
        }
    }

    #[test]
    fn a_wrong_origin_is_named() {
        for text in ["", "ftp://a", "a b", "https://user@a"] {
            let error = Allow::origins(&[text.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn nothing_is_allowed_without_an_account() {
        let allow = account("nonsense://");
        assert!(!permits(&allow, "https://acct.documents.azure.com/"));
    }
}
