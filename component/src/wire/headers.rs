//! Header names, and the response headers as typed values (spec driver-core §1.3, §1.4, §1.9).

use super::base64::{self, Form};
use super::json;

/// Headers in wire order: lower-case names, raw values. The shape that HTTP imports take and give, so that one host
/// call moves them all.
pub type HeaderList = Vec<(String, Vec<u8>)>;

/// The version of the service's REST protocol that this driver speaks, sent as `x-ms-version`.
pub const API_VERSION: &str = "2020-07-15";

/// Names of the headers that the driver sends or reads.
#[allow(missing_docs)] // each says itself
pub mod name {
    pub const A_IM: &str = "a-im";
    pub const ACCEPT: &str = "accept";
    pub const ACTIVITY_ID: &str = "x-ms-activity-id";
    pub const ALLOW_TENTATIVE_WRITES: &str = "x-ms-cosmos-allow-tentative-writes";
    pub const AUTHORIZATION: &str = "authorization";
    pub const AUTOPILOT_SETTINGS: &str = "x-ms-cosmos-offer-autopilot-settings";
    pub const CACHE_CONTROL: &str = "cache-control";
    pub const CHANGE_FEED_FORMAT: &str = "x-ms-cosmos-changefeed-wire-format-version";
    pub const CLIENT_ID: &str = "x-ms-client-id";
    pub const CONSISTENCY_LEVEL: &str = "x-ms-consistency-level";
    pub const CONTENT_LENGTH: &str = "content-length";
    pub const CONTENT_PATH: &str = "x-ms-content-path";
    pub const CONTENT_TYPE: &str = "content-type";
    pub const CONTINUATION: &str = "x-ms-continuation";
    pub const DATE: &str = "x-ms-date";
    pub const ETAG: &str = "etag";
    pub const HUB_REGION_ONLY: &str = "x-ms-cosmos-hub-region-processing-only";
    pub const IF_MATCH: &str = "if-match";
    pub const IF_MODIFIED_SINCE: &str = "if-modified-since";
    pub const IF_NONE_MATCH: &str = "if-none-match";
    pub const INDEX_METRICS: &str = "x-ms-cosmos-index-utilization";
    pub const INTENDED_CONTAINER_RID: &str = "x-ms-cosmos-intended-collection-rid";
    pub const IS_QUERY: &str = "x-ms-documentdb-isquery";
    pub const IS_UPSERT: &str = "x-ms-documentdb-is-upsert";
    pub const ITEM_COUNT: &str = "x-ms-item-count";
    pub const MAX_ITEM_COUNT: &str = "x-ms-max-item-count";
    pub const MIGRATE_TO_AUTOSCALE: &str = "x-ms-cosmos-migrate-offer-to-autopilot";
    pub const MIGRATE_TO_MANUAL: &str = "x-ms-cosmos-migrate-offer-to-manual-throughput";
    pub const NO_RETRY_449: &str = "x-ms-noretry-449";
    pub const OFFER_REPLACE_PENDING: &str = "x-ms-offer-replace-pending";
    pub const OFFER_THROUGHPUT: &str = "x-ms-offer-throughput";
    pub const PARTITION_KEY: &str = "x-ms-documentdb-partitionkey";
    pub const PREFER: &str = "prefer";
    pub const PRIORITY_LEVEL: &str = "x-ms-cosmos-priority-level";
    pub const QUERY_METRICS: &str = "x-ms-documentdb-query-metrics";
    pub const READ_CONSISTENCY_STRATEGY: &str = "x-ms-cosmos-read-consistency-strategy";
    pub const REQUEST_CHARGE: &str = "x-ms-request-charge";
    pub const REQUEST_DURATION: &str = "x-ms-request-duration-ms";
    pub const RETRY_AFTER_MS: &str = "x-ms-retry-after-ms";
    pub const SDK_CAPABILITIES: &str = "x-ms-cosmos-sdk-supportedcapabilities";
    pub const SESSION_TOKEN: &str = "x-ms-session-token";
    pub const SUB_STATUS: &str = "x-ms-substatus";
    pub const THROUGHPUT_BUCKET: &str = "x-ms-cosmos-throughput-bucket";
    pub const USER_AGENT: &str = "user-agent";
    pub const VERSION: &str = "x-ms-version";
}

/// A response's headers: the ten that the driver understands, and the rest as it came.
///
/// A malformed value counts as absent, never as an error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResponseHeaders {
    /// `x-ms-activity-id`.
    pub activity_id: Option<String>,
    /// `x-ms-request-charge` in RU, 0 if absent.
    pub request_charge: f64,
    /// `x-ms-session-token`.
    pub session_token: Option<String>,
    /// `etag`, quotes included.
    pub etag: Option<String>,
    /// `x-ms-continuation`; an empty one counts as absent.
    pub continuation: Option<String>,
    /// `x-ms-item-count`.
    pub item_count: Option<u32>,
    /// `x-ms-substatus`.
    pub sub_status: Option<u32>,
    /// `x-ms-request-duration-ms`.
    pub server_duration_ms: Option<f64>,
    /// `x-ms-cosmos-index-utilization`, decoded to its JSON text (as it came if it is no base64).
    pub index_metrics: Option<String>,
    /// `x-ms-documentdb-query-metrics`.
    pub query_metrics: Option<String>,
    /// All other headers in order of arrival, names in lower case.
    pub others: Vec<(String, String)>,
}

impl ResponseHeaders {
    /// Sorts a response's headers into the typed ones and the others.
    pub fn from_list(list: HeaderList) -> Self {
        let mut headers = Self {
            others: Vec::with_capacity(list.len()),
            ..Self::default()
        };
        for (mut name, value) in list {
            if has_capital(name.as_bytes()) {
                name.make_ascii_lowercase();
            }
            headers.insert(name, text(value));
        }
        headers
    }

    /// The value of one of the other headers; `name` in lower case.
    pub fn other(&self, name: &str) -> Option<&str> {
        let found = self.others.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Shows every text to `change`.
    pub fn each_text(&mut self, mut change: impl FnMut(&mut String)) {
        let typed = [
            &mut self.activity_id,
            &mut self.session_token,
            &mut self.etag,
            &mut self.continuation,
            &mut self.index_metrics,
            &mut self.query_metrics,
        ];
        typed.into_iter().flatten().for_each(&mut change);
        self.others.iter_mut().for_each(|(_, value)| change(value));
    }

    /// `x-ms-retry-after-ms`: how long the service asks to wait.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.other(name::RETRY_AFTER_MS)?.parse().ok()
    }

    fn insert(&mut self, name: String, value: String) {
        match name.as_str() {
            name::ACTIVITY_ID => self.activity_id = Some(value),
            name::REQUEST_CHARGE => self.request_charge = duration(&value).unwrap_or(0.0),
            name::SESSION_TOKEN => self.session_token = Some(value),
            name::ETAG => self.etag = Some(value),
            name::CONTINUATION if value.is_empty() => {}
            name::CONTINUATION => self.continuation = Some(value),
            name::ITEM_COUNT => self.item_count = value.parse().ok(),
            name::SUB_STATUS => self.sub_status = value.parse().ok(),
            name::REQUEST_DURATION => self.server_duration_ms = duration(&value),
            name::INDEX_METRICS => self.index_metrics = Some(decoded(value)),
            name::QUERY_METRICS => self.query_metrics = Some(value),
            _ => self.others.push((name, value)),
        }
    }
}

/// Whether a name holds a capital letter. Hosts deliver names in lower case, so this is all that most names need; it
/// looks at eight bytes at a time because it looks at every name of every response.
fn has_capital(name: &[u8]) -> bool {
    let (words, rest) = name.as_chunks::<8>();
    let capital = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let ascii = word & 0x7F7F_7F7F_7F7F_7F7F;
        // The top bit of each byte: set by the first sum from `A` on, by the second one from `[` on.
        let from_a = ascii.wrapping_add(0x3F3F_3F3F_3F3F_3F3F);
        let beyond_z = ascii.wrapping_add(0x2525_2525_2525_2525);
        from_a & !beyond_z & !word & 0x8080_8080_8080_8080 != 0
    };
    words.iter().any(capital) || rest.iter().any(u8::is_ascii_uppercase)
}

/// Whether a text can be a header's name: a token of RFC 9110.
pub fn is_header_name(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

/// Whether a text can be a header value: visible ASCII, spaces and tabs, so that nothing breaks out of its line.
pub fn is_header_text(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// Header values are bytes; the few that are not UTF-8 are decoded with replacement characters.
fn text(value: Vec<u8>) -> String {
    String::from_utf8(value)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A finite number that is not negative.
fn duration(value: &str) -> Option<f64> {
    json::number(value).filter(|number| *number >= 0.0)
}

fn decoded(value: String) -> String {
    let json = base64::decode(Form::Standard, value.as_bytes());
    let json = json.and_then(|bytes| String::from_utf8(bytes).ok());
    json.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &[(&str, &[u8])]) -> ResponseHeaders {
        let owned = list
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_vec()));
        ResponseHeaders::from_list(owned.collect())
    }

    #[test]
    fn the_ten_are_typed_and_the_rest_is_kept_in_order() {
        let headers = parse(&[
            ("X-MS-Activity-Id", b"a-1"),
            ("x-ms-request-charge", b"2.85"),
            ("lsn", b"17"),
            ("x-ms-session-token", b"0:1#2"),
            ("etag", b"\"e\""),
            ("x-ms-continuation", b"next"),
            ("x-ms-item-count", b"3"),
            ("x-ms-substatus", b"1002"),
            ("x-ms-request-duration-ms", b"0.5"),
            ("x-ms-cosmos-index-utilization", b"eyJhIjoxfQ=="),
            ("x-ms-documentdb-query-metrics", b"a=1;b=2"),
            ("Date", b"today"),
        ]);
        assert_eq!(headers.activity_id.as_deref(), Some("a-1"));
        assert_eq!(headers.request_charge, 2.85);
        assert_eq!(headers.session_token.as_deref(), Some("0:1#2"));
        assert_eq!(headers.etag.as_deref(), Some("\"e\""));
        assert_eq!(headers.continuation.as_deref(), Some("next"));
        assert_eq!(headers.item_count, Some(3));
        assert_eq!(headers.sub_status, Some(1002));
        assert_eq!(headers.server_duration_ms, Some(0.5));
        assert_eq!(headers.index_metrics.as_deref(), Some("{\"a\":1}"));
        assert_eq!(headers.query_metrics.as_deref(), Some("a=1;b=2"));
        let others: Vec<_> = headers
            .others
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(others, ["lsn", "date"]);
    }

    #[test]
    fn malformed_values_count_as_absent() {
        let headers = parse(&[
            ("x-ms-request-charge", b"much"),
            ("x-ms-item-count", b"-1"),
            ("x-ms-substatus", b""),
            ("x-ms-request-duration-ms", b"NaN"),
            ("x-ms-continuation", b""),
            ("x-ms-retry-after-ms", b"soon"),
            ("x-ms-cosmos-index-utilization", b"%%%"),
        ]);
        assert_eq!(headers.request_charge, 0.0);
        assert_eq!(headers.item_count, None);
        assert_eq!(headers.sub_status, None);
        assert_eq!(headers.server_duration_ms, None);
        assert_eq!(headers.continuation, None);
        assert_eq!(headers.retry_after_ms(), None);
        assert_eq!(headers.index_metrics.as_deref(), Some("%%%"));
    }

    #[test]
    fn capitals_are_found_wherever_they_stand() {
        for at in 0..20 {
            for byte in 0..=255_u8 {
                let mut name = [b'-'; 20];
                name[at] = byte;
                assert_eq!(
                    has_capital(&name),
                    byte.is_ascii_uppercase(),
                    "{byte:#x} at {at}"
                );
            }
        }
    }

    #[test]
    fn header_names_are_tokens() {
        assert!(is_header_name("x-ms-a_1!") && is_header_name("X"));
        for text in ["", "a b", "a:", "a\n", "\u{e9}", "a\0", "(a)"] {
            assert!(!is_header_name(text), "{text:?}");
        }
    }

    #[test]
    fn header_text_is_visible_ascii() {
        assert!(is_header_text("") && is_header_text("a b\t\"~\""));
        for text in ["a\n", "a\r", "\0", "\x7F", "\u{e9}", "\u{1F600}"] {
            assert!(!is_header_text(text), "{text:?}");
        }
    }

    #[test]
    fn values_that_are_not_utf8_survive_as_text() {
        let headers = parse(&[("x-odd", b"a\xFFb"), ("x-ms-retry-after-ms", b"120")]);
        assert_eq!(headers.other("x-odd"), Some("a\u{FFFD}b"));
        assert_eq!(headers.retry_after_ms(), Some(120));
    }
}
