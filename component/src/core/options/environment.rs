//! The environment, the lowest layer: names and values that the host hands in when it creates the runtime. They are
//! read once; a value that is malformed or out of range counts as absent (spec driver-core §8.1 to §8.4).
//!
//! Known, each documented at the option that it sets; all begin with `AZURE_COSMOS_`:
//!
//! | Layer | Names |
//! |---|---|
//! | operation | `READ_CONSISTENCY_STRATEGY`, `CONTENT_RESPONSE_ON_WRITE`, `MAX_FAILOVER_RETRY_COUNT`, `MAX_SESSION_RETRY_COUNT`, `MAX_THROTTLE_RETRY_COUNT`, `ENDPOINT_UNAVAILABLE_TTL_MS`, `HEDGING_ENABLED`, `HEDGING_ENABLED_OVERRIDE` |
//! | account | `PARTITION_TOPOLOGY_CACHE_MODE`, `PPCB_ENABLED`, `PPCB_ENABLED_OVERRIDE`, `PPCB_READ_FAILURE_THRESHOLD`, `PPCB_WRITE_FAILURE_THRESHOLD`, `PPCB_COUNTER_RESET_WINDOW_MS`, `PPCB_PARTITION_UNAVAILABILITY_DURATION_MS`, `PPCB_FAILBACK_SWEEP_INTERVAL_MS`, `PPCB_CONSECUTIVE_HEDGE_WIN_THRESHOLD` |
//! | runtime | `EMULATOR_HOST`, `DIAGNOSTICS_MAX_REQUEST_DIAGNOSTICS`, `DIAGNOSTICS_MAX_SUMMARY_SIZE_BYTES`, `DIAGNOSTICS_DEFAULT_VERBOSITY`, `CONNECTION_POOL_MAX_CONNECT_TIMEOUT_MS`, `CONNECTION_POOL_MAX_DATAPLANE_REQUEST_TIMEOUT_MS`, `CONNECTION_POOL_MAX_METADATA_REQUEST_TIMEOUT_MS`, `E2E_BACKGROUND_ACCOUNT_REFRESH_INTERVAL_MS` |
//!
//! The two `_OVERRIDE`s beat all layers.
//!
//! Accepted and ignored:
//!
//! | Names | Why |
//! |---|---|
//! | `CONNECTION_POOL_IS_PROXY_ALLOWED`, `…_IS_HTTP2_ALLOWED`, `…_MAX_IDLE_CONNECTIONS_PER_ENDPOINT`, `…_IDLE_CONNECTION_TIMEOUT_MS`, `…_HTTP2_*`, `…_{MIN,MAX}_HTTP2_*`, `…_IDLE_HTTP2_CLIENT_TIMEOUT_MS`, `…_TCP_KEEPALIVE_*`, `LOCAL_ADDRESS`, `EMULATOR_SERVER_CERT_VALIDATION_DISABLED` | connections, and whom to trust, are the host's |
//! | `CONNECTION_POOL_MIN_*_TIMEOUT_MS` | timeouts are fixed, not chosen between two bounds |
//! | `CONNECTION_POOL_GATEWAY_V2_DISABLED`, `…_OVERRIDE` | there is one gateway protocol here |
//! | `CPU_REFRESH_INTERVAL_MS`, `BACKTRACE_CAPTURES_PER_SECOND`, `BACKTRACE_RESOLUTIONS_PER_SECOND` | a component sees neither processor load nor native stacks |
//! | `PATCH_STRATEGY` | patches are applied by the service; there is no other way yet |
//!
//! Options of other drivers that do not exist here for the same reasons: the patch strategy; binary encoding and lossy
//! decoding of UTF-8 (bodies are opaque bytes); sizes of connection pools; processor monitoring, backtraces, the local
//! address.

use super::OperationOptions;
use crate::core::consistency::ReadConsistency;

/// What all names begin with.
const PREFIX: &str = "AZURE_COSMOS_";

const SWITCHES: [(&str, bool); 10] = [
    ("true", true),
    ("false", false),
    ("enabled", true),
    ("disabled", false),
    ("1", true),
    ("0", false),
    ("on", true),
    ("off", false),
    ("yes", true),
    ("no", false),
];

/// The pairs of names and values.
#[derive(Clone, Copy)]
pub struct Environment<'a>(pub &'a [(String, String)]);

impl<'a> Environment<'a> {
    /// The value of a name, which is given without its prefix.
    pub fn text(self, name: &str) -> Option<&'a str> {
        let named = |(key, _): &&(String, String)| key.strip_prefix(PREFIX) == Some(name);
        let found = self.0.iter().find(named);
        found.map(|(_, value)| value.trim())
    }

    /// On or off, in the words that people use, in any case.
    pub fn switch(self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        let among = SWITCHES.iter();
        let found = among
            .copied()
            .find(|(word, _)| word.eq_ignore_ascii_case(text));
        found.map(|(_, on)| on)
    }

    /// A whole number from `low` to `high`.
    pub fn number(self, name: &str, low: u64, high: u64) -> Option<u64> {
        let text = self.text(name)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits)?;
        (low <= number && number <= high).then_some(number)
    }

    /// A count of at least `low`.
    pub fn count(self, name: &str, low: u32) -> Option<u32> {
        let number = self.number(name, low.into(), u32::MAX.into())?;
        u32::try_from(number).ok()
    }

    /// The layer that it makes of the operations' options.
    pub fn options(self) -> OperationOptions {
        OperationOptions {
            content_response_on_write: self.switch("CONTENT_RESPONSE_ON_WRITE"),
            read_consistency: self
                .text("READ_CONSISTENCY_STRATEGY")
                .and_then(ReadConsistency::parse),
            max_failover_retries: self.count("MAX_FAILOVER_RETRY_COUNT", 0),
            max_session_retries: self.count("MAX_SESSION_RETRY_COUNT", 0),
            max_throttle_retries: self.count("MAX_THROTTLE_RETRY_COUNT", 0),
            endpoint_unavailability_ttl_ms: self.number("ENDPOINT_UNAVAILABLE_TTL_MS", 0, u64::MAX),
            hedging_enabled: self.switch("HEDGING_ENABLED"),
            ..OperationOptions::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(value: &str, read: impl Fn(Environment<'_>) -> T) -> T {
        let pairs = [
            ("X".to_owned(), "true".to_owned()),
            ("AZURE_COSMOS_X".to_owned(), value.to_owned()),
            ("AZURE_COSMOS_X".to_owned(), "1".to_owned()),
        ];
        read(Environment(&pairs))
    }

    #[test]
    fn switches_know_the_usual_words() {
        for (value, expected) in [
            ("true", Some(true)),
            ("Enabled", Some(true)),
            (" ON\n", Some(true)),
            ("yes", Some(true)),
            ("1", Some(true)),
            ("FALSE", Some(false)),
            ("disabled", Some(false)),
            ("off", Some(false)),
            ("no", Some(false)),
            ("0", Some(false)),
            ("perhaps", None),
            ("", None),
            ("2", None),
            ("tru", None),
        ] {
            assert_eq!(with(value, |e| e.switch("X")), expected, "{value:?}");
        }
        assert_eq!(with("true", |e| e.switch("Y")), None);
        assert_eq!(with("true", |e| e.switch("AZURE_COSMOS_X")), None);
    }

    #[test]
    fn numbers_are_whole_and_in_their_range() {
        for (value, expected) in [
            ("5", Some(5)),
            (" 9 ", Some(9)),
            ("4", None),
            ("10", None),
            ("", None),
            ("+7", None),
            ("-7", None),
            ("7.0", None),
            ("7ms", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(with(value, |e| e.number("X", 5, 9)), expected, "{value:?}");
        }
        assert_eq!(with("0", |e| e.count("X", 0)), Some(0));
        assert_eq!(with("0", |e| e.count("X", 1)), None);
        assert_eq!(with("4294967295", |e| e.count("X", 1)), Some(u32::MAX));
        assert_eq!(with("4294967296", |e| e.count("X", 1)), None);
    }
}
