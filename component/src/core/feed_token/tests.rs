use super::*;
use crate::core::feed::Boundary;
use crate::wire::epk_range::EpkRange;

mod forged;
mod mutation;
mod resume;

/// Splitmix: the same numbers on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next().checked_rem(bound as u64).unwrap_or(0) as usize
    }
}

fn range(min: &str, max: &str) -> EpkRange {
    EpkRange {
        min: min.parse().unwrap(),
        max: max.parse().unwrap(),
    }
}

fn slice(min: &str, max: &str, continuation: Option<&str>) -> SliceState {
    SliceState {
        continuation: continuation.map(str::to_owned),
        ..SliceState::fresh(range(min, max))
    }
}

fn bounded(slice: SliceState, values: &[&str]) -> SliceState {
    SliceState {
        boundary: Some(Boundary {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            rid: "qN9RAI0IAAA=".to_owned(),
            skip: u64::MAX,
        }),
        ..slice
    }
}

fn place(walk: Walk, slices: Vec<SliceState>) -> Place {
    Place {
        walk,
        skip: 0,
        take: None,
        last: None,
        slices,
    }
}

fn token(kind: FeedKind, place: Place) -> FeedToken {
    FeedToken {
        kind,
        container: "qN9RAI0IAAA=".to_owned(),
        fingerprint: Fingerprint::of(&[b"SELECT * FROM c"]),
        place,
    }
}

fn drained() -> Place {
    place(Walk::Drained, Vec::new())
}

fn drain(cursor: &str, slices: Vec<SliceState>) -> Place {
    let cursor = cursor.parse().unwrap();
    place(Walk::Drain { cursor }, slices)
}

fn merge(slices: Vec<SliceState>) -> Place {
    let directions = vec![Direction::Ascending];
    place(Walk::Merge { directions }, slices)
}

fn changes(start: Start, turn: &str, slices: Vec<SliceState>) -> Place {
    let turn = turn.parse().unwrap();
    place(Walk::Changes { start, turn }, slices)
}

/// A token of every kind.
fn samples() -> Vec<FeedToken> {
    let two = vec![
        slice("10", "40", Some("\"quoted\" {}")),
        slice("80", "FF", Some("b")),
    ];
    let halves = || vec![slice("", "80", Some("\"12\"")), slice("80", "FF", None)];
    let ordered = Place {
        walk: Walk::Merge {
            directions: vec![Direction::Ascending, Direction::Descending],
        },
        ..merge(vec![
            bounded(slice("", "40", Some("+RID:~#RT:1")), &["[]", "null"]),
            slice("40", "8000", None),
            bounded(slice("A0", "FF", None), &["-1.50e3", r#""a\"\u00e9é[""#]),
        ])
    };
    let distinct = Place {
        last: Some(0xAB),
        ..ordered.clone()
    };
    let window = Place {
        skip: u64::MAX,
        take: Some(0),
        ..distinct.clone()
    };
    let unlimited = Place {
        skip: 300,
        ..drain("10", two.clone())
    };
    use FeedKind::{AllVersionsChangeFeed, ChangeFeed, Query, ReadFeed};
    [
        (Query, drained()),
        (ReadFeed, drain("10", two.clone())),
        (Query, drain("10", two)),
        (Query, drain("", Vec::new())),
        (Query, ordered),
        (Query, distinct),
        (Query, window),
        (Query, unlimited),
        (ChangeFeed, changes(Start::Beginning, "80", halves())),
        (AllVersionsChangeFeed, changes(Start::Now, "", halves())),
        (ChangeFeed, changes(Start::At(1_751_373_296), "", halves())),
    ]
    .map(|(kind, place)| token(kind, place))
    .into()
}

#[test]
fn every_place_goes_out_and_comes_back() {
    for token in samples() {
        let text = token.encode().unwrap();
        assert!(text.starts_with("c2."));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!(text.bytes().all(plain), "{text}");
        assert_eq!(parse(&text), Ok(Continuation::Driver(token)), "{text}");
    }
}

/// Before the checksum.
fn bytes_of(token: &FeedToken) -> Vec<u8> {
    use ::base64::Engine as _;
    let text = token.encode().unwrap();
    let bytes = ::base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(&text[PREFIX.len()..]);
    let bytes = bytes.unwrap();
    let (bytes, _) = bytes.split_last_chunk::<FINGERPRINT_BYTES>().unwrap();
    bytes.to_vec()
}

#[test]
fn the_format_is_fixed() {
    let head = |kind: u8| {
        let fingerprint = Fingerprint::of(&[b"SELECT * FROM c"]).to_bytes();
        [&[kind, 12][..], b"qN9RAI0IAAA=", &fingerprint].concat()
    };
    let zeros = [0; 16];
    let samples = samples();
    let unlimited = [
        &[1, 1, 0x10, 0xAC, 2, 0, 0, 0][..],
        &zeros,
        &[2, 1, 0x10, 1, 0x40, 11],
        b"\"quoted\" {}",
        &[0, 1, 0x80, 1, 0xFF, 1, b'b', 0],
    ];
    assert_eq!(
        bytes_of(&samples[7]),
        [head(0), unlimited.concat()].concat()
    );
    let merge = [
        &[2, 2, 0, 1][..],
        &[0xFF; 9],
        &[1, 1, 0, 1, 0xAB],
        &zeros[1..],
        &[3, 0, 1, 0x40, 11],
        b"+RID:~#RT:1",
        &[1, 2],
        b"[]",
        &[4],
        b"null",
        &[12],
        b"qN9RAI0IAAA=",
        &[0xFF; 9],
        &[1, 1, 0x40, 2, 0x80, 0, 0, 0],
    ]
    .concat();
    let window = bytes_of(&samples[6]);
    assert_eq!(window[..30 + merge.len()], [head(0), merge].concat());
    let since = [
        &[3, 2, 0xF0, 0xAB, 0x8F, 0xC3, 6, 0, 0, 0, 0, 0][..],
        &zeros,
        &[2, 0, 1, 0x80, 4],
        b"\"12\"",
        &[0, 1, 0x80, 1, 0xFF, 0, 0],
    ];
    assert_eq!(bytes_of(&samples[10]), [head(2), since.concat()].concat());
}

#[test]
fn a_token_opens_its_own_feed_only() {
    use FeedKind::{AllVersionsChangeFeed, ChangeFeed, Query, ReadFeed};
    let same = Fingerprint::of(&[b"SELECT * FROM c"]);
    let other = Fingerprint::of(&[b"SELECT * FROM d"]);
    let rid = "qN9RAI0IAAA=";
    for (made, kind, container, fingerprint, expected) in [
        (Query, Query, rid, same, None),
        (Query, ReadFeed, rid, same, Some(Refused::OtherKind)),
        (
            ChangeFeed,
            AllVersionsChangeFeed,
            rid,
            same,
            Some(Refused::OtherKind),
        ),
        (
            Query,
            Query,
            "qN9RAI0IAAB=",
            same,
            Some(Refused::OtherContainer),
        ),
        (Query, Query, rid, other, Some(Refused::OtherQuery)),
    ] {
        let opened = token(made, drained()).open(kind, container, fingerprint);
        assert_eq!(opened.err(), expected);
    }
}

#[test]
fn other_texts_are_told_apart() {
    let server = |text: &str| Ok(Continuation::Server(text.to_owned()));
    for text in [
        "{\"token\":\"+RID:~x#RT:1\"}",
        "c1",
        "c.",
        "cx.y",
        "C1.e30",
        "c1,e30",
        "~",
    ] {
        assert_eq!(parse(text), server(text));
        assert_eq!(parse(text).unwrap().driver(), Err(Refused::Server));
    }
    for (text, refused) in [
        ("", Refused::Damaged),
        ("a\r\nx-injected: 1", Refused::Damaged),
        ("é", Refused::Damaged),
        ("c0.e30", Refused::OtherVersion),
        ("c1.e30", Refused::OtherVersion),
        ("c3.e30", Refused::OtherVersion),
        ("c01.e30", Refused::OtherVersion),
        ("c99999999999999999999.", Refused::OtherVersion),
        ("c2.", Refused::Damaged),
        ("c2.e30", Refused::Damaged),
        ("c2.e30=", Refused::Damaged),
        ("c2.!", Refused::Damaged),
        ("c2.\u{e9}", Refused::Damaged),
    ] {
        assert_eq!(parse(text), Err(refused), "{text:?}");
    }
    assert_eq!(
        parse(&"a".repeat(MAX_TOKEN_BYTES)),
        server(&"a".repeat(MAX_TOKEN_BYTES))
    );
    assert_eq!(
        parse(&"a".repeat(MAX_TOKEN_BYTES + 1)),
        Err(Refused::TooLong)
    );
}

#[test]
fn a_token_is_never_longer_than_can_be_read() {
    let with = |length: usize| {
        let next = "x".repeat(length);
        let place = drain("", vec![slice("", "FF", Some(&next))]);
        token(FeedKind::Query, place).encode()
    };
    let longest = (48_000..).take_while(|length| with(*length).is_ok()).last();
    let text = with(longest.unwrap()).unwrap();
    assert!(text.len() > MAX_TOKEN_BYTES - 4 && parse(&text).is_ok());
    assert_eq!(with(longest.unwrap() + 1), Err(Refused::TooLong));
}

#[test]
fn every_refusal_says_what_to_do() {
    for refused in [
        Refused::TooLong,
        Refused::OtherVersion,
        Refused::Damaged,
        Refused::Server,
        Refused::OtherKind,
        Refused::OtherContainer,
        Refused::OtherQuery,
        Refused::Uncovered,
    ] {
        let error = Box::<Error>::from(refused);
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(':') && !error.retryable, "{error}");
    }
}
