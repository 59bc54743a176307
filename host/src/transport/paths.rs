//! Which resources may be reached.

use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

/// Headers by which some servers take a request for one of another method.
const METHOD_OVERRIDES: [&str; 3] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// The requests that may leave, by method and path: for guests that are not to do all that their credential may.
/// What no rule allows is refused before it is signed and before any network access.
///
/// Paths are compared segment by segment, decoded, letter for letter. Refused whatever the rules say: paths with an empty
/// segment, with `.` or `..`, or with `/`, `\`, `?`, `#` or a control character inside of a segment, escaped or not; URLs
/// with a query; and headers that name another method (`x-http-method` and the like).
///
/// ```
/// use cosmosdb_driver_host::{Options, Paths};
///
/// let options = Options { paths: Some(Paths::items_of("shop", "orders")), ..Options::default() };
/// # drop(options);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Paths(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    methods: Vec<Method>,
    segments: Vec<String>,
    /// Whether it is about the resources one segment below, and not the path itself.
    below: bool,
}

impl Paths {
    /// No request at all; add what may be.
    pub fn none() -> Self {
        Self::default()
    }

    /// The items of one container: everything that can be done to them, and the three reads that the driver needs for it
    /// (the account, the container and its partition key ranges). No scripts, no other container, no change of this one.
    pub fn items_of(database: &str, container: &str) -> Self {
        let container = ["dbs", database, "colls", container];
        let within = |last| [container.as_slice(), &[last]].concat();
        Self::none()
            .allow([Method::GET], &[])
            .allow([Method::GET], &container)
            .allow([Method::GET], &within("pkranges"))
            .allow([Method::GET, Method::POST], &within("docs"))
            .allow_below(
                [Method::GET, Method::PUT, Method::PATCH, Method::DELETE],
                &within("docs"),
            )
    }

    /// Also these methods on this very path, given as its segments, unescaped: `["dbs", "shop"]`. No segments are the account.
    #[must_use]
    pub fn allow(self, methods: impl IntoIterator<Item = Method>, segments: &[&str]) -> Self {
        self.with(methods, segments, false)
    }

    /// Also these methods on whatever is one segment below this path.
    #[must_use]
    pub fn allow_below(self, methods: impl IntoIterator<Item = Method>, segments: &[&str]) -> Self {
        self.with(methods, segments, true)
    }

    fn with(
        mut self,
        methods: impl IntoIterator<Item = Method>,
        segments: &[&str],
        below: bool,
    ) -> Self {
        self.0.push(Rule {
            methods: methods.into_iter().collect(),
            segments: segments.iter().map(|&segment| segment.to_owned()).collect(),
            below,
        });
        self
    }

    pub(super) fn permits(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let overridden = METHOD_OVERRIDES
            .iter()
            .any(|&name| headers.contains_key(name));
        if overridden || uri.query().is_some() {
            return false;
        }
        let Some(segments) = segments(uri.path()) else {
            return false;
        };
        self.0
            .iter()
            .any(|rule| rule.methods.contains(method) && rule.is_about(&segments))
    }
}

impl Rule {
    fn is_about(&self, segments: &[String]) -> bool {
        if self.below {
            segments
                .split_last()
                .is_some_and(|(_, above)| above == self.segments)
        } else {
            segments == self.segments
        }
    }
}

/// The decoded segments; none of a path that servers might read in another way than this.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/').map(segment).collect()
}

fn segment(escaped: &str) -> Option<String> {
    let text = percent_decode_str(escaped).decode_utf8().ok()?;
    let ambiguous = text.is_empty()
        || text == "."
        || text == ".."
        || text.contains(|c: char| matches!(c, '/' | '\\' | '?' | '#') || c.is_control());
    (!ambiguous).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(method: &str, url: &str) -> bool {
        let paths = Paths::items_of("shop", "a b");
        let uri = format!("https://a.example{url}").parse().unwrap();
        paths.permits(&method.parse().unwrap(), &uri, &HeaderMap::new())
    }

    #[test]
    fn the_items_of_one_container_and_what_the_driver_needs() {
        for (method, url) in [
            ("GET", ""),
            ("GET", "/"),
            ("GET", "/dbs/shop/colls/a%20b"),
            ("GET", "/dbs/shop/colls/%61%20b"),
            ("GET", "/dbs/shop/colls/a%20b/pkranges"),
            ("GET", "/dbs/shop/colls/a%20b/docs"),
            ("POST", "/dbs/shop/colls/a%20b/docs"),
            ("GET", "/dbs/shop/colls/a%20b/docs/1"),
            ("PUT", "/dbs/shop/colls/a%20b/docs/%25"),
            ("PATCH", "/dbs/shop/colls/a%20b/docs/%C3%A4"),
            ("DELETE", "/dbs/shop/colls/a%20b/docs/..%252f"),
        ] {
            assert!(permits(method, url), "{method} {url}");
        }
    }

    #[test]
    fn nothing_else() {
        for (method, url) in [
            ("POST", "/"),
            ("GET", "/dbs"),
            ("GET", "/offers"),
            ("DELETE", "/dbs/shop"),
            ("GET", "/dbs/shop/colls"),
            ("POST", "/dbs/shop/colls"),
            ("PUT", "/dbs/shop/colls/a%20b"),
            ("DELETE", "/dbs/shop/colls/a%20b"),
            ("HEAD", "/dbs/shop/colls/a%20b"),
            ("GET", "/dbs/shop/colls/A%20b"),
            ("GET", "/dbs/shop/colls/a%20b%20"),
            ("GET", "/dbs/shop/colls/other/docs/1"),
            ("GET", "/dbs/other/colls/a%20b/docs/1"),
            ("POST", "/dbs/shop/colls/a%20b/pkranges"),
            ("POST", "/dbs/shop/colls/a%20b/sprocs/s"),
            ("PUT", "/dbs/shop/colls/a%20b/docs"),
            ("POST", "/dbs/shop/colls/a%20b/docs/1"),
            ("GET", "/dbs/shop/colls/a%20b/docs/1/attachments"),
            ("GET", "/x/dbs/shop/colls/a%20b/docs/1"),
        ] {
            assert!(!permits(method, url), "{method} {url}");
        }
    }

    #[test]
    fn what_servers_may_read_in_another_way() {
        for url in [
            "//",
            "//dbs/shop/colls/a%20b/docs/1",
            "/dbs/shop/colls/a%20b/docs/",
            "/dbs/shop/colls/a%20b//docs",
            "/dbs/shop/colls/a%20b/docs/.",
            "/dbs/shop/colls/a%20b/docs/..",
            "/dbs/shop/colls/a%20b/docs/%2e%2E",
            "/dbs/shop/colls/a%20b/docs/..%2fother",
            "/dbs/shop/colls/a%20b/docs/..%5cother",
            "/dbs/shop/colls/a%20b/docs/1%3Fx",
            "/dbs/shop/colls/a%20b/docs/1%23",
            "/dbs/shop/colls/a%20b/docs/1%00",
            "/dbs/shop/colls/a%20b/docs/1%0D%0A",
            "/dbs/shop/colls/a%20b/docs/%FF",
            "/dbs/shop/colls/a%20b/docs/1?x=y",
            "/dbs/shop/colls/a%20b/docs/1?",
            "/dbs/shop/colls/other/../a%20b/docs/1",
        ] {
            assert!(!permits("GET", url), "{url}");
        }
    }

    #[test]
    fn a_header_cannot_name_another_method() {
        let paths = Paths::items_of("d", "c");
        let uri = "https://a.example/dbs/d/colls/c/docs/1".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert!(paths.permits(&Method::GET, &uri, &headers));
        headers.insert("x-http-method", "DELETE".parse().unwrap());
        assert!(!paths.permits(&Method::GET, &uri, &headers));
    }
}
