//! Connections through an HTTP proxy.

use std::env;
use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// An HTTP proxy through which connections to `https` origins go, for [`Options::proxy`](crate::Options::proxy).
///
/// The proxy is asked for a tunnel (`CONNECT`); TLS is spoken with the service itself, so the proxy sees neither requests
/// nor answers. A proxy that does not give the tunnel is a connection that could not be opened: nothing was sent. `http`
/// origins, which only emulators have, are reached directly. The allow-list is not about the proxy.
///
/// ```
/// use cosmosdb_driver_host::{Options, Proxy};
///
/// # fn main() -> Result<(), cosmosdb_driver_host::Error> {
/// let proxy = Proxy::new("http://proxy.example:3128")?
///     .basic_auth("svc-orders", "secret")
///     .bypass("localhost, 10.0.0.0/8, .internal.example");
/// let options = Options { proxy: Some(proxy), ..Options::default() };
/// # drop(options);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Proxy {
    /// Host and port.
    address: String,
    /// As it stands in a URL, with its `@`.
    credentials: String,
    bypass: String,
}

impl Proxy {
    /// A proxy by its URL, `http://host:port`, or `host:port`; `http://user:password@host:port` with percent-encoded
    /// credentials. The connection to the proxy itself is not encrypted.
    ///
    /// Errors: [`Error::Options`] for anything else.
    pub fn new(url: &str) -> Result<Self, Error> {
        Self::parse(url.trim()).ok_or_else(|| {
            // Without the text: it may hold a password.
            Error::Options(
                "the proxy is no URL like http://host:port (or http://user:password@host:port): correct it; https and \
                 SOCKS proxies are not supported"
                    .to_owned(),
            )
        })
    }

    /// The proxy of this process's environment: `HTTPS_PROXY`, or else `ALL_PROXY`, with `NO_PROXY` as
    /// [`bypass`](Self::bypass); each in capitals or not. None if neither is set.
    ///
    /// Errors: as [`new`](Self::new).
    pub fn from_environment() -> Result<Option<Self>, Error> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        let first = |names: [&str; 2]| {
            let values = names.into_iter().filter_map(&variable);
            values.into_iter().find(|value| !value.trim().is_empty())
        };
        let url = first(["HTTPS_PROXY", "https_proxy"]);
        let Some(url) = url.or_else(|| first(["ALL_PROXY", "all_proxy"])) else {
            return Ok(None);
        };
        let bypass = first(["NO_PROXY", "no_proxy"]).unwrap_or_default();
        Ok(Some(Self::new(&url)?.bypass(bypass)))
    }

    /// What the proxy is told of who asks. Replaces what the URL said. Never printed.
    #[must_use]
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        self.credentials = [&encoded(user), ":", &encoded(password), "@"].concat();
        self
    }

    /// Hosts that are reached directly, separated by commas: names (with all their subdomains), IP addresses, networks
    /// like `10.0.0.0/8`, or `*` for all. Replaces what was there. Default: none, not even this machine.
    #[must_use]
    pub fn bypass(mut self, hosts: impl Into<String>) -> Self {
        self.bypass = hosts.into();
        self
    }

    fn parse(url: &str) -> Option<Self> {
        let rest = match url.split_once("://") {
            Some((scheme, rest)) => rest_of_http(scheme, rest)?,
            None => url,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, address) = match rest.rsplit_once('@') {
            Some((credentials, address)) => ([credentials, "@"].concat(), address),
            None => (String::new(), rest),
        };
        let uri: Uri = ["http://", &credentials, address, "/"]
            .concat()
            .parse()
            .ok()?;
        let complete = uri.path() == "/" && uri.host().is_some_and(|host| !host.is_empty());
        complete.then(|| Self {
            address: address.to_owned(),
            credentials,
            bypass: String::new(),
        })
    }

    pub(super) fn rules(&self) -> Rules {
        let url = ["http://", &self.credentials, &self.address].concat();
        let matcher = Matcher::builder()
            .https(url)
            .no(self.bypass.clone())
            .build();
        Rules(Arc::new(matcher))
    }
}

fn rest_of_http<'a>(scheme: &str, rest: &'a str) -> Option<&'a str> {
    scheme.eq_ignore_ascii_case("http").then_some(rest)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .field("bypass", &self.bypass)
            .finish_non_exhaustive()
    }
}

/// Which connections go through the proxy.
#[derive(Debug, Clone)]
pub(super) struct Rules(Arc<Matcher>);

impl Rules {
    pub(super) fn intercept(&self, to: &Uri) -> Option<Intercept> {
        self.0.intercept(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(proxy: &Proxy, url: &str) -> Option<(String, Option<String>)> {
        let intercept = proxy.rules().intercept(&url.parse().unwrap())?;
        let auth = intercept.basic_auth();
        let auth = auth.map(|auth| auth.to_str().unwrap().to_owned());
        Some((intercept.uri().to_string(), auth))
    }

    #[test]
    fn only_https_goes_through_it_and_not_what_is_left_out() {
        let proxy = Proxy::new("proxy.example:3128").unwrap();
        let proxy = proxy.bypass("localhost, 10.0.0.0/8,.internal.example");
        let address = "http://proxy.example:3128/".to_owned();
        for (url, expected) in [
            ("https://acct.documents.azure.com:443/dbs", true),
            ("https://11.0.0.1:8081/", true),
            ("https://notinternal.example/", true),
            ("http://acct.documents.azure.com/", false),
            ("https://localhost:8081/", false),
            ("https://10.1.2.3/", false),
            ("https://a.internal.example/", false),
        ] {
            let expected = expected.then(|| (address.clone(), None));
            assert_eq!(through(&proxy, url), expected, "{url}");
        }
        assert_eq!(through(&proxy.bypass("*"), "https://a.example/"), None);
    }

    #[test]
    fn credentials_come_from_the_url_or_apart() {
        // "me:p@ss/w:rd" in base64.
        let expected = Some("Basic bWU6cEBzcy93OnJk".to_owned());
        for proxy in [
            Proxy::new("http://me:p%40ss%2Fw%3Ard@proxy.example:3128/").unwrap(),
            Proxy::new("HTTP://other:one@proxy.example:3128")
                .unwrap()
                .basic_auth("me", "p@ss/w:rd"),
        ] {
            let (_, auth) = through(&proxy, "https://a.example/").unwrap();
            assert_eq!(auth, expected);
            let printed = format!("{proxy:?} {:?}", proxy.rules());
            assert!(
                !printed.contains("p@ss") && !printed.contains("p%40"),
                "{printed}"
            );
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_printed() {
        for url in [
            "",
            "https://me:secret@a:1",
            "socks5://me:secret@a:1",
            "http://me:secret@",
            "http://a/secret",
            "a b",
        ] {
            let error = Proxy::new(url).unwrap_err().to_string();
            assert!(
                error.contains("http://host:port") && !error.contains("secret"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn the_environment_is_read_when_asked() {
        let proxy = |variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(own, _)| *own == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            Proxy::from_variables(variable)
        };
        assert!(proxy(&[]).unwrap().is_none());
        assert!(
            proxy(&[("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "")])
                .unwrap()
                .is_none()
        );
        assert!(proxy(&[("ALL_PROXY", "socks5://a:1")]).is_err());
        let both = [
            ("ALL_PROXY", "b:2"),
            ("https_proxy", "a:1"),
            ("NO_PROXY", "c.example"),
        ];
        let both = proxy(&both).unwrap().unwrap();
        assert_eq!(
            through(&both, "https://d.example/").unwrap().0,
            "http://a:1/"
        );
        assert_eq!(through(&both, "https://c.example/"), None);
        let all = proxy(&[("all_proxy", "b:2")]).unwrap().unwrap();
        assert_eq!(
            through(&all, "https://c.example/").unwrap().0,
            "http://b:2/"
        );
    }
}
