use super::*;

fn at(container: &str) -> ContainerRef {
    ContainerRef {
        database: "d".to_owned(),
        container: container.to_owned(),
    }
}

fn rcs(ids: &[&str]) -> Vec<Rc<str>> {
    ids.iter().map(|id| Rc::from(*id)).collect()
}

/// Sessions that know the tokens of the container `c`.
fn sessions(tokens: &[&str]) -> Sessions {
    let mut sessions = Sessions::default();
    for token in tokens {
        sessions.capture(&at("c"), Some("rid"), Some("rid"), token);
    }
    sessions
}

fn all(sessions: &Sessions, container: &str) -> Option<String> {
    sessions.token(&at(container), None, None).unwrap()
}

fn of(sessions: &Sessions, id: &str, parents: &[&str]) -> Option<String> {
    let parents = rcs(parents);
    let range = RangeRef {
        id,
        parents: &parents,
    };
    sessions.token(&at("c"), Some("rid"), Some(range)).unwrap()
}

#[test]
fn nothing_is_known_at_first() {
    let sessions = Sessions::default();
    assert_eq!(all(&sessions, "c"), None);
    assert_eq!(of(&sessions, "0", &["1"]), None);
}

#[test]
fn captures_merge_by_range_and_containers_stay_apart() {
    let mut sessions = sessions(&[
        "0:1#10#1=5",
        "1:1#7#1=2",
        "0:1#12#1=4",
        "0:1#11#1=5",
        "0:1#12#1=5",
        "broken,2:1#3,,x:y",
        "",
    ]);
    sessions.capture(&at("b"), None, None, "0:1#99");
    let composite = "0:1#12#1=5,1:1#7#1=2,2:1#3";
    assert_eq!(all(&sessions, "c").as_deref(), Some(composite));
    assert_eq!(all(&sessions, "b").as_deref(), Some("0:1#99"));
    assert_eq!(all(&sessions, "a"), None);
    assert_eq!(of(&sessions, "1", &["0"]).as_deref(), Some("1:1#7#1=2"));
}

#[test]
fn a_response_without_a_readable_token_leaves_nothing_to_send() {
    for token in ["", "x", "0:1#"] {
        assert_eq!(all(&sessions(&[token]), "c"), None, "{token}");
    }
}

#[test]
fn a_split_hands_the_token_down_until_the_child_has_its_own() {
    let mut sessions = sessions(&["0:1#50#1=9"]);
    assert_eq!(of(&sessions, "2", &["0"]).as_deref(), Some("2:1#50#1=9"));
    sessions.capture(&at("c"), Some("rid"), Some("rid"), "2:2#55#1=11");
    assert_eq!(of(&sessions, "2", &["0"]).as_deref(), Some("2:2#55#1=11"));
    assert_eq!(of(&sessions, "1", &["0"]).as_deref(), Some("1:1#50#1=9"));
    assert_eq!(
        all(&sessions, "c").as_deref(),
        Some("0:1#50#1=9,2:2#55#1=11")
    );
}

#[test]
fn parents_are_asked_only_for_a_range_without_a_token() {
    // Stored, range, parents, sent.
    for (stored, id, parents, sent) in [
        (
            "1:1#5#1=9,2:1#7#1=3",
            "3",
            &["1", "2"][..],
            Some("3:1#7#1=9"),
        ),
        ("1:1#5#1=9,2:2#7#1=3", "3", &["1", "2"], Some("3:2#7#1=9")),
        ("0:1#5,1:1#9", "3", &["0", "1"], Some("3:1#9")),
        ("1:1#9", "3", &["0", "1"], Some("3:1#9")),
        ("3:1#4,1:1#9", "3", &["1"], Some("3:1#4")),
        ("1:1#9", "3", &["2"], None),
        ("1:1#9", "3", &[], None),
        ("1:42,2:1#3", "3", &["1", "2"], Some("3:1#3")),
    ] {
        let sent = sent.map(str::to_owned);
        assert_eq!(of(&sessions(&[stored]), id, parents), sent, "{stored}");
    }
}

#[test]
fn a_range_of_the_map_is_what_a_token_depends_on() {
    let range = PartitionKeyRange {
        id: "2".into(),
        min: crate::wire::epk::Epk::MIN,
        max: crate::wire::epk::Epk::MAX,
        parents: rcs(&["0"]),
        status: crate::wire::ranges::Status::Online,
    };
    let token = sessions(&["0:7"]).token(&at("c"), None, Some((&range).into()));
    assert_eq!(token, Ok(Some("2:7".to_owned())));
}

#[test]
fn tokens_belong_to_one_incarnation_of_a_container() {
    // Before: the entry's rid and token. Then: known rid, response's rid, token; what is there afterwards.
    for (entry, known, response, after) in [
        // A late response of the old container.
        (Some("new"), Some("new"), Some("old"), "0:7"),
        // The cache has moved on: so does the entry.
        (Some("old"), Some("new"), Some("new"), "0:1"),
        (Some("old"), Some("new"), None, "0:1"),
        // Nothing contradicts.
        (Some("new"), Some("new"), Some("new"), "0:7"),
        (Some("new"), Some("new"), None, "0:7"),
        (None, Some("new"), Some("new"), "0:7"),
        // Without a cached container the response is believed.
        (Some("old"), None, Some("new"), "0:1"),
        (Some("new"), None, Some("new"), "0:7"),
        (Some("old"), None, None, "0:7"),
        (None, None, Some("new"), "0:7"),
    ] {
        let mut sessions = Sessions::default();
        sessions.capture(&at("c"), None, entry, "0:7");
        sessions.capture(&at("c"), known, response, "0:1");
        assert_eq!(
            all(&sessions, "c").as_deref(),
            Some(after),
            "{entry:?} {known:?} {response:?}"
        );
    }
}

#[test]
fn a_token_of_another_incarnation_is_not_sent() {
    let mut sessions = sessions(&["0:7"]);
    let token = |sessions: &Sessions, known| sessions.token(&at("c"), known, None).unwrap();
    assert_eq!(token(&sessions, Some("new")), None);
    assert_eq!(token(&sessions, Some("rid")).as_deref(), Some("0:7"));
    assert_eq!(token(&sessions, None).as_deref(), Some("0:7"));
    sessions.capture(&at("lean"), None, None, "0:8");
    let unnamed = sessions.token(&at("lean"), Some("new"), None).unwrap();
    assert_eq!(unnamed.as_deref(), Some("0:8"));
}

#[test]
fn a_container_created_anew_starts_without_tokens() {
    let mut sessions = sessions(&["0:1#100"]);
    sessions.recreated(&at("c"), "new");
    assert_eq!(all(&sessions, "c"), None);
    // Late: of the old container.
    sessions.capture(&at("c"), Some("new"), Some("rid"), "0:1#101");
    assert_eq!(all(&sessions, "c"), None);
    sessions.capture(&at("c"), Some("new"), Some("new"), "0:1#1");
    // A second operation notices the same.
    sessions.recreated(&at("c"), "new");
    assert_eq!(all(&sessions, "c").as_deref(), Some("0:1#1"));
    sessions.recreated(&at("unknown"), "new");
    assert_eq!(all(&sessions, "unknown"), None);
}

#[test]
fn deleted_containers_and_databases_are_forgotten() {
    let mut sessions = Sessions::default();
    let elsewhere = ContainerRef {
        database: "e".to_owned(),
        container: "a".to_owned(),
    };
    for at in [&at("a"), &at("b"), &elsewhere] {
        sessions.capture(at, None, None, "0:7");
    }
    sessions.forget(&at("a"));
    sessions.forget(&at("unknown"));
    assert_eq!(all(&sessions, "a"), None);
    assert_eq!(all(&sessions, "b").as_deref(), Some("0:7"));
    sessions.forget_database("d");
    assert_eq!(all(&sessions, "b"), None);
    assert!(sessions.token(&elsewhere, None, None).unwrap().is_some());
}

#[test]
fn the_container_captured_longest_ago_goes_first() {
    let name = |number: usize| at(&format!("{number:04}"));
    let mut sessions = Sessions::default();
    for number in 0..MAX_CONTAINERS {
        sessions.capture(&name(number), None, None, "0:7");
    }
    let knows = |sessions: &Sessions, number| {
        let token = sessions.token(&name(number), None, None).unwrap();
        token.is_some()
    };
    sessions.capture(&name(0), None, None, "0:7");
    // Takes a place after, then before the one that goes.
    sessions.capture(&at("x"), None, None, "0:8");
    assert_eq!(
        [0, 1, 2, 1023].map(|n| knows(&sessions, n)),
        [true, false, true, true]
    );
    sessions.capture(&at("0"), None, None, "0:9");
    assert_eq!(
        [0, 2, 3, 1023].map(|n| knows(&sessions, n)),
        [true, false, true, true]
    );
    assert_eq!(all(&sessions, "x").as_deref(), Some("0:8"));
    assert_eq!(all(&sessions, "0").as_deref(), Some("0:9"));
    assert_eq!(sessions.entries.len(), MAX_CONTAINERS);
    assert!(
        sessions
            .entries
            .is_sorted_by(|one, other| one.at < other.at)
    );
}

#[test]
fn a_container_full_of_ranges_forgets_the_lowest() {
    let text: Vec<_> = (0..4096).map(|id| format!("{id}:7")).collect();
    let mut sessions = sessions(&[&text.join(",")]);
    for malformed_or_known in ["4096:x", "17:9"] {
        sessions.capture(&at("c"), None, None, malformed_or_known);
        assert_eq!(of(&sessions, "0", &[]).as_deref(), Some("0:7"));
    }
    sessions.capture(&at("c"), None, None, "4096:8");
    assert_eq!(of(&sessions, "0", &[]), None);
    assert_eq!(of(&sessions, "1", &[]).as_deref(), Some("1:7"));
    assert_eq!(of(&sessions, "4096", &[]).as_deref(), Some("4096:8"));
}

#[test]
fn a_composite_too_large_to_send_asks_for_the_range() {
    let mut sessions = Sessions::default();
    // Twelve bytes each, with the comma: 2048 of them are one byte short of 24 KiB.
    for id in 1000..3048 {
        let part = format!("{id}:1#4444");
        sessions.capture(&at("c"), None, None, &part);
    }
    let token = sessions.token(&at("c"), None, None);
    let length =
        |token: &Result<Option<String>, TooLarge>| token.clone().map(|t| t.map(|t| t.len()));
    assert_eq!(length(&token), Ok(Some(2048 * 12 - 1)));
    sessions.capture(&at("c"), None, None, "1000:1#44444");
    let token = sessions.token(&at("c"), None, None);
    assert_eq!(length(&token), Ok(Some(MAX_TOKEN_BYTES)));
    sessions.capture(&at("c"), None, None, "1001:1#44444");
    assert_eq!(sessions.token(&at("c"), None, None), Err(TooLarge));
    assert_eq!(of(&sessions, "1001", &[]).as_deref(), Some("1001:1#44444"));
}

/// Whatever arrives in whatever order, the tokens are those of one merge of everything.
#[test]
fn any_order_of_captures_gives_the_same_tokens() {
    let mut state = 7_u64;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    for _ in 0..500 {
        let mut tokens = Vec::new();
        for _ in 0..6 {
            let (id, global, region) = (below(3), below(50), below(3));
            tokens.push(format!("{id}:1#{global}#{region}={}", below(50)));
        }
        let mut expected = SessionToken::default();
        for token in &tokens {
            expected.merge(SessionToken::parse(token).unwrap());
        }
        let expected = Some(expected.to_string());
        let mut sessions = Sessions::default();
        for _ in 0..2 {
            let swap = below(6) as usize;
            tokens.swap(0, swap);
            for token in &tokens {
                sessions.capture(&at("c"), Some("rid"), None, token);
            }
            assert_eq!(all(&sessions, "c"), expected, "{tokens:?}");
        }
    }
}

#[test]
fn what_decides_whether_the_token_is_sent() {
    use AccountConsistency as Account;
    use ReadConsistency as Read;
    let accounts = [
        Account::Strong,
        Account::BoundedStaleness,
        Account::Session,
        Account::ConsistentPrefix,
        Account::Eventual,
    ];
    // Strategy, account; whether a read sends it.
    for (strategy, by_account) in [
        (Read::Default, [false, false, true, false, false]),
        (Read::Session, [true; 5]),
        (Read::Eventual, [false; 5]),
        (Read::LatestCommitted, [false; 5]),
        (Read::GlobalStrong, [false; 5]),
    ] {
        for (account, expected) in accounts.into_iter().zip(by_account) {
            for multi_write in [false, true] {
                let read = SendFacts {
                    capturing_disabled: false,
                    user_token: false,
                    read_or_batch: true,
                    multi_write,
                    strategy,
                    account,
                };
                assert_eq!(sends(&read), expected, "{read:?}");
                let write = SendFacts {
                    read_or_batch: false,
                    ..read
                };
                let expected = multi_write && account == Account::Session;
                assert_eq!(sends(&write), expected, "{write:?}");
                for facts in [read, write] {
                    assert!(!sends(&SendFacts {
                        capturing_disabled: true,
                        ..facts
                    }));
                    assert!(!sends(&SendFacts {
                        user_token: true,
                        ..facts
                    }));
                }
            }
        }
    }
}

#[test]
fn which_responses_are_captured() {
    for (status, sub_status, captured) in [
        (200, None, true),
        (201, None, true),
        (204, None, true),
        (207, None, true),
        (304, None, true),
        (404, None, true),
        (404, Some(0), true),
        (404, Some(1003), true),
        (404, Some(1002), false),
        (409, None, true),
        (412, None, true),
        (412, Some(1002), true),
        (400, None, false),
        (401, None, false),
        (403, Some(3), false),
        (408, None, false),
        (410, Some(1002), false),
        (413, None, false),
        (429, Some(3200), false),
        (449, None, false),
        (500, None, false),
        (503, None, false),
    ] {
        assert_eq!(
            captures(status, sub_status),
            captured,
            "{status} {sub_status:?}"
        );
    }
}
