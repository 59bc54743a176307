use super::*;

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

fn slice(min: &str, max: &str, continuation: Option<&str>) -> Slice {
    Slice {
        range: range(min, max),
        continuation: continuation.map(str::to_owned),
        boundary: None,
        chunk: 0,
    }
}

fn bounded(slice: Slice, values: &[&str]) -> Slice {
    Slice {
        boundary: Some(Boundary {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            rid: "qN9RAI0IAAA=".to_owned(),
            skip: u64::MAX,
        }),
        ..slice
    }
}

fn token(kind: FeedKind, root: Node) -> FeedToken {
    FeedToken {
        kind,
        container: "qN9RAI0IAAA=".to_owned(),
        fingerprint: Fingerprint::of(&[b"SELECT * FROM c"]),
        root,
    }
}

fn ordered() -> Node {
    Node::OrderedMerge {
        directions: vec![Direction::Ascending, Direction::Descending],
        slices: vec![
            bounded(slice("", "40", Some("+RID:~#RT:1")), &["[]", "null"]),
            slice("40", "8000", None),
            bounded(slice("A0", "FF", None), &["-1.50e3", r#""a\"\u00e9é[""#]),
        ],
    }
}

/// A token of every kind.
fn samples() -> Vec<FeedToken> {
    let drain = Node::SequentialDrain {
        cursor: "10".parse().unwrap(),
        slices: vec![
            slice("10", "40", Some("\"quoted\" {}")),
            slice("80", "FF", Some("b")),
        ],
    };
    let changes = |start, turn: &str| Node::Changes {
        start,
        turn: turn.parse().unwrap(),
        slices: vec![slice("", "80", Some("\"12\"")), slice("80", "FF", None)],
    };
    let chunk = |slice: Slice, chunk: u64| Slice { chunk, ..slice };
    let units = Node::ReadMany {
        slices: vec![
            slice("", "40", None),
            chunk(slice("", "40", Some("x")), 2),
            slice("40", "80", None),
        ],
    };
    let distinct = Node::Distinct {
        last: Some(0xAB),
        child: Box::new(ordered()),
    };
    let window = Node::SkipTake {
        skip: u64::MAX,
        take: Some(0),
        child: Box::new(distinct.clone()),
    };
    let unlimited = Node::SkipTake {
        skip: 0,
        take: None,
        child: Box::new(Node::Distinct {
            last: None,
            child: Box::new(Node::Drained),
        }),
    };
    let request = |continuation: Option<&str>| Node::Request {
        continuation: continuation.map(str::to_owned),
    };
    use FeedKind::{AllVersionsChangeFeed, ChangeFeed, Query, ReadFeed, ReadMany};
    [
        (Query, Node::Drained),
        (Query, request(None)),
        (ReadFeed, request(Some("next"))),
        (ReadFeed, drain.clone()),
        (Query, drain),
        (
            Query,
            Node::SequentialDrain {
                cursor: Epk::MIN,
                slices: Vec::new(),
            },
        ),
        (Query, ordered()),
        (Query, distinct),
        (Query, window),
        (Query, unlimited),
        (ChangeFeed, changes(Start::Beginning, "80")),
        (AllVersionsChangeFeed, changes(Start::Now, "")),
        (ChangeFeed, changes(Start::At(1_751_373_296), "")),
        (ReadMany, units),
    ]
    .map(|(kind, root)| token(kind, root))
    .into()
}

#[test]
fn every_node_goes_out_and_comes_back() {
    for token in samples() {
        let text = token.encode().unwrap();
        assert!(text.starts_with("c1."));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!(text.bytes().all(plain), "{text}");
        assert_eq!(parse(&text), Ok(Continuation::Driver(token)), "{text}");
    }
}

#[test]
fn the_format_is_fixed() {
    use base64::Engine as _;
    let decoded = |token: &FeedToken| {
        let text = token.encode().unwrap();
        let json = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(&text[PREFIX.len()..]);
        let json = String::from_utf8(json.unwrap()).unwrap();
        json.split_at(json.len() - 44).0.to_owned()
    };
    let head = |op: &str| {
        let fingerprint = Fingerprint::of(&[b"SELECT * FROM c"]).to_hex();
        format!(r#"{{"op":{op},"rid":"qN9RAI0IAAA=","fingerprint":"{fingerprint}","root":"#)
    };
    let samples = samples();
    for (sample, op, root) in [
        (0, "\"Query\"", r#"{"kind":"drained"}"#),
        (
            2,
            "\"ReadFeed\"",
            r#"{"kind":"request","server_continuation":"next"}"#,
        ),
        (
            4,
            "\"Query\"",
            r#"{"kind":"sequential_drain","left_most_undrained_epk":"10","active_tokens":[{"min_epk":"10","max_epk":"40","server_continuation":"\"quoted\" {}"},{"min_epk":"80","max_epk":"FF","server_continuation":"b"}]}"#,
        ),
        (
            8,
            "\"Query\"",
            r#"{"kind":"skip_take","remaining_skip":18446744073709551615,"remaining_take":0,"child":{"kind":"distinct","distinct_type":"Ordered","last_hash":"000000000000000000000000000000ab","child":{"kind":"streaming_ordered_merge","directions":["Ascending","Descending"],"ranges":[{"min_epk":"","max_epk":"40","server_continuation":"+RID:~#RT:1","boundary":{"resume_values":[[],null],"last_rid":"qN9RAI0IAAA=","skip_count":18446744073709551615}},{"min_epk":"40","max_epk":"8000"},{"min_epk":"A0","max_epk":"FF","boundary":{"resume_values":[-1.50e3,"a\"\u00e9é["],"last_rid":"qN9RAI0IAAA=","skip_count":18446744073709551615}}]}}}"#,
        ),
        (
            11,
            "\"ChangeFeed\",\"cfm\":true",
            r#"{"kind":"unordered_merge","active_tokens":[{"min_epk":"","max_epk":"80","server_continuation":"\"12\""},{"min_epk":"80","max_epk":"FF"}],"start_from":{"kind":"now"}}"#,
        ),
        (
            12,
            "\"ChangeFeed\"",
            r#"{"kind":"unordered_merge","active_tokens":[{"min_epk":"","max_epk":"80","server_continuation":"\"12\""},{"min_epk":"80","max_epk":"FF"}],"start_from":{"kind":"point_in_time","value":"2025-07-01T12:34:56Z"}}"#,
        ),
        (
            13,
            "\"ReadMany\"",
            r#"{"kind":"read_many","units":[{"min_epk":"","max_epk":"40"},{"min_epk":"","max_epk":"40","chunk":2,"server_continuation":"x"},{"min_epk":"40","max_epk":"80"}]}"#,
        ),
    ] {
        let head = match op.split_once(',') {
            None => head(op),
            Some((op, mode)) => head(op).replace(op, &format!("{op},{mode}")),
        };
        assert_eq!(decoded(&samples[sample]), head + root);
    }
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
        let opened = token(made, Node::Drained).open(kind, container, fingerprint);
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
        ("c0.e30", Refused::Newer),
        ("c2.e30", Refused::Newer),
        ("c01.e30", Refused::Newer),
        ("c99999999999999999999.", Refused::Newer),
        ("c1.", Refused::Damaged),
        ("c1.e30", Refused::Damaged),
        ("c1.e30=", Refused::Damaged),
        ("c1.!", Refused::Damaged),
        ("c1.\u{e9}", Refused::Damaged),
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
        let continuation = Some("x".repeat(length));
        token(FeedKind::Query, Node::Request { continuation }).encode()
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
        Refused::Newer,
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
