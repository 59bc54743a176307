//! Instants as RFC 3339 writes them, in UTC and whole seconds: `2025-07-01T12:34:56Z`.

use super::date::http_date;

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// The instant as text, from seconds since 1970 (UTC). Seconds past the year 9999 give its last second.
pub fn format(unix_seconds: u64) -> String {
    let date = http_date(unix_seconds);
    // `Tue, 01 Jul 2025 12:34:56 GMT`
    let part = |range| date.get(range).unwrap_or_default();
    let month = match part(8..11) {
        "Jan" => "01",
        "Feb" => "02",
        "Mar" => "03",
        "Apr" => "04",
        "May" => "05",
        "Jun" => "06",
        "Jul" => "07",
        "Aug" => "08",
        "Sep" => "09",
        "Oct" => "10",
        "Nov" => "11",
        _ => "12",
    };
    [
        part(12..16),
        "-",
        month,
        "-",
        part(5..7),
        "T",
        part(17..25),
        "Z",
    ]
    .concat()
}

/// Seconds since 1970 of an instant as [`format()`] writes it; none for any other text.
pub fn parse(text: &str) -> Option<u64> {
    // Later instants have greater texts, so that the one is found by halving: no calendar is needed.
    let (mut seconds, mut step) = (0_u64, 1_u64 << 37);
    while step > 0 {
        let later = seconds.saturating_add(step);
        if later <= LAST && *format(later) <= *text {
            seconds = later;
        }
        step /= 2;
    }
    (format(seconds) == text).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_one_spelling() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1, "1970-01-01T00:00:01Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_493_254_272, "2017-04-27T00:51:12Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_751_373_296, "2025-07-01T12:34:56Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(format(seconds), text);
            assert_eq!(parse(text), Some(seconds));
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "2025-07-01",
            "2025-07-01T12:34:56",
            "2025-07-01T12:34:56z",
            "2025-07-01T12:34:56.0Z",
            "2025-07-01T12:34:56+00:00",
            "2025-07-01 12:34:56Z",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-07-01T24:00:00Z",
            "1969-12-31T23:59:59Z",
            "9999-12-31T23:59:60Z",
            "99999-01-01T00:00:00Z",
            "zzzz",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
