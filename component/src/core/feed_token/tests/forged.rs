use super::*;

/// A token of these bytes, its checksum made right.
pub(super) fn forged(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    let check = Fingerprint::of(&[bytes]).to_bytes();
    let encoded = ::base64::prelude::BASE64_URL_SAFE_NO_PAD.encode([bytes, &check].concat());
    format!("{PREFIX}{encoded}")
}

fn refused(kind: FeedKind, place: Place) {
    let text = token(kind, place).encode().unwrap();
    assert_eq!(parse(&text), Err(Refused::Damaged), "{text}");
}

#[test]
fn places_that_no_feed_has_are_refused() {
    use FeedKind::{AllVersionsChangeFeed, ChangeFeed, Query, ReadFeed};
    let whole = || vec![slice("", "FF", Some("x"))];
    let now = |slices| changes(Start::Now, "", slices);
    for (kind, place) in [
        // Of another kind.
        (ChangeFeed, drained()),
        (AllVersionsChangeFeed, drain("", whole())),
        (ReadFeed, merge(whole())),
        (Query, now(whole())),
        // Without slices, or with some at the end.
        (Query, merge(Vec::new())),
        (ChangeFeed, now(Vec::new())),
        (Query, place(Walk::Drained, whole())),
        // Not asked, below the cursor, at the end.
        (Query, drain("10", vec![slice("10", "20", None)])),
        (Query, drain("10", vec![slice("0F", "20", Some("x"))])),
        (Query, drain("FF", Vec::new())),
    ] {
        refused(kind, place);
    }
    // Empty, upside down, beyond the end, overlapping, out of order.
    for bounds in [
        &[("10", "1000")][..],
        &[("20", "10")],
        &[("", "FF01")],
        &[("", "20"), ("10", "30")],
        &[("20", "30"), ("10", "20")],
        &[("10", "20"), ("10", "20")],
    ] {
        let slices = || bounds.iter().map(|(min, max)| slice(min, max, Some("x")));
        refused(ChangeFeed, now(slices().collect()));
        refused(Query, merge(slices().collect()));
        refused(Query, drain("", slices().collect()));
    }
    for continuation in ["a\nb", "é", "\u{7f}"] {
        refused(Query, drain("", vec![slice("", "FF", Some(continuation))]));
    }
}

#[test]
fn boundaries_that_no_merge_has_are_refused() {
    let with = |values: &[&str], rid: &str, skip| {
        let mut state = bounded(slice("", "FF", None), values);
        state.boundary = state.boundary.map(|boundary| Boundary {
            rid: rid.to_owned(),
            skip,
            ..boundary
        });
        state
    };
    let good = token(FeedKind::Query, merge(vec![with(&["1"], "r", 1)]));
    assert!(parse(&good.encode().unwrap()).is_ok());
    for state in [
        with(&["1"], "r", 0),
        with(&["1"], "", 1),
        with(&[""], "r", 1),
        with(&[], "r", 1),
        with(&["1", "2"], "r", 1),
    ] {
        refused(FeedKind::Query, merge(vec![state]));
    }
    let elsewhere = || vec![with(&["1"], "r", 1)];
    refused(FeedKind::ChangeFeed, changes(Start::Now, "", elsewhere()));
    for columns in [0, 65, 1000] {
        let directions = vec![Direction::Ascending; columns];
        let slices = vec![slice("", "FF", None)];
        refused(FeedKind::Query, place(Walk::Merge { directions }, slices));
    }
}

#[test]
fn bytes_that_no_driver_writes_are_refused() {
    let good = bytes_of(&token(FeedKind::Query, drained()));
    assert!(parse(&forged(&good)).is_ok());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    // The kind, the length of the container's id, its text, and after the fingerprint the walk, flags and a number without
    // end.
    for (at, byte) in [
        (0, 4),
        (1, 0),
        (1, 255),
        (2, 0xFF),
        (30, 4),
        (32, 2),
        (34, 2),
        (33, 0xFF),
    ] {
        let text = forged(&changed(at, byte));
        assert_eq!(parse(&text), Err(Refused::Damaged), "{at} {byte}");
    }
    let longer = forged(&[&good[..], &[0]].concat());
    assert_eq!(parse(&longer), Err(Refused::Damaged));
    for most in [0x01, 0x7F] {
        // Ten bytes of a number hold 70 bits, of which 64 count.
        let number = [[0xFF; 9].as_slice(), &[most]].concat();
        let bytes = [&good[..31], &number, &good[32..]].concat();
        assert_eq!(parse(&forged(&bytes)).is_ok(), most == 1);
    }
}
