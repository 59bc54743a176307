//! Endpoints: the scheme, host and port that requests go to (spec driver-core §2.5).

use std::fmt;

use super::Invalid;

/// Hosts that may be reached without TLS, because emulators run there.
const LOOPBACK: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]"];

/// Scheme, host and port, in one spelling each: lower case, no default port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    https: bool,
    /// `https://host[:port]/`
    url: String,
    host_length: usize,
}

impl Endpoint {
    /// Reads a URL like `https://my-account.documents.azure.com:443/`.
    ///
    /// Errors: a scheme other than `https`, or `http` for a host that is neither the local machine nor
    /// `emulator_host`; user info, query, fragment or a path; a host that is no DNS name (in ASCII) or address; a
    /// port out of 1 to 65535.
    pub fn parse(text: &str, emulator_host: Option<&str>) -> Result<Self, Invalid> {
        let (scheme, rest) = text
            .trim()
            .split_once(':')
            .and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)))
            .ok_or_else(|| Invalid::new(NOT_A_URL))?;
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return Err(Invalid::new(NOT_A_URL));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '\\', '?', '#', '@']) {
            return Err(Invalid::new(
                "the endpoint holds more than scheme, host and port: remove user name, path, query and fragment",
            ));
        }
        let (host, port) = split_port(authority)?;
        if !is_host(host) {
            return Err(Invalid::new(
                "the endpoint's host is not a DNS name or address: write it as the portal shows it \
                 (international names in their xn-- form)",
            ));
        }
        let mut authority = host.to_ascii_lowercase();
        let is_emulator = LOOPBACK.contains(&authority.as_str())
            || emulator_host.is_some_and(|emulator| emulator.eq_ignore_ascii_case(host));
        if !https && !is_emulator {
            return Err(Invalid::new(
                "the endpoint begins with http://, which would send data unencrypted: use https:// \
                 (http:// is for emulators on this machine, or on the host that AZURE_COSMOS_EMULATOR_HOST names)",
            ));
        }
        let host_length = authority.len();
        let (scheme, default_port) = if https { (HTTPS, 443) } else { (HTTP, 80) };
        if let Some(port) = port.filter(|port| *port != default_port) {
            authority.extend([":", &port.to_string()]);
        }
        let url = [scheme, &authority, "/"].concat();
        Ok(Self {
            https,
            url,
            host_length,
        })
    }

    /// The whole: `https://host[:port]/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the scheme is `https`, not `http`.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host and port; without the port if it is the scheme's default.
    pub fn authority(&self) -> &str {
        let scheme = if self.https { HTTPS } else { HTTP };
        let authority = self
            .url
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_suffix('/'));
        authority.unwrap_or_default()
    }

    /// The host; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        self.authority().get(..self.host_length).unwrap_or_default()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

const HTTPS: &str = "https://";
const HTTP: &str = "http://";

const NOT_A_URL: &str = "the endpoint is not an https:// URL: \
    write it as the portal shows it, like https://my-account.documents.azure.com:443/";

fn split_port(authority: &str) -> Result<(&str, Option<u16>), Invalid> {
    match authority.rsplit_once(':') {
        // Not the colon inside `[::1]`.
        Some((host, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port != 0);
            let port = port.ok_or_else(|| {
                Invalid::new("the endpoint's port is not a number from 1 to 65535: correct it, or leave :port out")
            })?;
            Ok((host, Some(port)))
        }
        _ => Ok((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let (text, extra): (&str, &[u8]) = match address {
        Some(address) => (address, b":."),
        None => (host, b"-._"),
    };
    !text.is_empty()
        && text.len() <= 253
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::Random;

    fn printed(text: &str) -> String {
        Endpoint::parse(text, Some("cosmos.test"))
            .unwrap()
            .to_string()
    }

    #[test]
    fn endpoints_have_one_spelling() {
        for (given, expected) in [
            (
                "https://a.documents.azure.com:443/",
                "https://a.documents.azure.com/",
            ),
            (
                "https://a.documents.azure.com",
                "https://a.documents.azure.com/",
            ),
            (
                " HTTPS://My-Account.Documents.Azure.COM/\n",
                "https://my-account.documents.azure.com/",
            ),
            ("https://localhost:8081", "https://localhost:8081/"),
            ("https://a:080/", "https://a:80/"),
            ("http://localhost:80/", "http://localhost/"),
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081/"),
            ("http://[::1]", "http://[::1]/"),
            ("http://[::1]:8081/", "http://[::1]:8081/"),
            (
                "http://[0:0:0:0:0:0:0:1]:443",
                "http://[0:0:0:0:0:0:0:1]:443/",
            ),
            ("http://Cosmos.Test:8081/", "http://cosmos.test:8081/"),
        ] {
            assert_eq!(printed(given), expected, "{given}");
        }
        let endpoint = Endpoint::parse("https://[FE80::A]:9/", None).unwrap();
        assert_eq!(
            (endpoint.host(), endpoint.authority()),
            ("[fe80::a]", "[fe80::a]:9")
        );
        assert!(endpoint.is_https());
        assert!(
            !Endpoint::parse("http://localhost", None)
                .unwrap()
                .is_https()
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for (given, said) in [
            ("", "not an https:// URL"),
            ("a.documents.azure.com", "not an https:// URL"),
            ("ftp://a/", "not an https:// URL"),
            ("://a/", "not an https:// URL"),
            ("https:/a/", "not an https:// URL"),
            ("https://", "host is not"),
            ("https:///", "host is not"),
            ("https://:443/", "host is not"),
            ("https://a b/", "host is not"),
            ("https://münchen.example/", "host is not"),
            ("https://::1/", "host is not"),
            ("https://[]/", "host is not"),
            ("https://[::1/", "host is not"),
            ("https://[::1]x/", "port"),
            ("https://%61/", "host is not"),
            (&format!("https://{}/", "a".repeat(254)), "host is not"),
            ("https://a:b/", "port"),
            ("https://a:/", "port"),
            ("https://a:0/", "port"),
            ("https://a:+443/", "port"),
            ("https://a:65536/", "port"),
            ("https://user:secret@a/", "more than"),
            ("https://a/dbs", "more than"),
            ("https://a//", "more than"),
            ("https://a/?secret", "more than"),
            ("https://a#secret", "more than"),
            ("https://a\\b/", "more than"),
            ("http://a.documents.azure.com/", "unencrypted"),
            ("http://localhost.example/", "unencrypted"),
            ("http://cosmos.test.example/", "unencrypted"),
        ] {
            let error = Endpoint::parse(given, Some("cosmos.test"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{given}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Endpoint::parse("http://cosmos.test/", None).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused() {
        let mut random = Random::new(8);
        let pieces = [
            "https",
            "http",
            "://",
            "localhost",
            ":",
            "443",
            "/",
            "[",
            "::1",
            "]",
            "@",
            "A.b",
            "é",
        ];
        for _ in 0..8000 {
            let text = random.text(&pieces, 7);
            if let Ok(endpoint) = Endpoint::parse(&text, None) {
                let printed = endpoint.to_string();
                assert_eq!(Endpoint::parse(&printed, None).unwrap(), endpoint, "{text}");
                assert!(endpoint.authority().starts_with(endpoint.host()));
                assert!(printed.parse::<http::Uri>().is_ok(), "{printed}");
            }
        }
    }
}
