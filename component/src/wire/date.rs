//! The date of a request, as `x-ms-date` carries it and the signature covers it.

use std::time::{Duration, UNIX_EPOCH};

/// The last second of the year 9999: RFC 7231 dates have four digits for the year.
const LAST_SECOND: u64 = 253_402_300_799;

/// The date in the form of RFC 7231, for example `Tue, 01 Jul 2025 12:34:56 GMT`, from seconds since 1970 (UTC).
/// Seconds past the year 9999 give its last second.
pub fn http_date(unix_seconds: u64) -> String {
    let since_epoch = Duration::from_secs(unix_seconds.min(LAST_SECOND));
    httpdate::fmt_http_date(UNIX_EPOCH.checked_add(since_epoch).unwrap_or(UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_total() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_493_254_272, "Thu, 27 Apr 2017 00:51:12 GMT"),
            (1_751_373_296, "Tue, 01 Jul 2025 12:34:56 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (u64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(seconds), expected);
        }
    }
}
