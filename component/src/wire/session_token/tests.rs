use super::*;
use crate::wire::testing::Random;

fn token(text: &str) -> SessionToken {
    SessionToken::parse(text).unwrap()
}

fn merged(a: &SessionToken, b: &SessionToken) -> SessionToken {
    let mut token = a.clone();
    token.merge(b.clone());
    token
}

#[test]
fn tokens_print_in_one_form() {
    for (given, printed) in [
        ("0:42", "0:42"),
        ("0:-1", "0:-1"),
        ("0:1#100", "0:1#100"),
        ("0:1#100#", "0:1#100"),
        ("0:1#100#1=20#2=5", "0:1#100#1=20#2=5"),
        ("0:1#100#10=1#2=5#", "0:1#100#2=5#10=1"),
        ("0:-1#42", "0:-1#42"),
        ("0:1#100#1=-7", "0:1#100#1=-1"),
        ("0:1#100#1=3#1=5#1=4", "0:1#100#1=5"),
        ("2:5,10:6, 1:7", "1:7,10:6,2:5"),
        ("0:1#7,0:1#9", "0:1#9"),
        (
            "0:1#18446744073709551615#0=9223372036854775807",
            "0:1#18446744073709551615#0=9223372036854775807",
        ),
    ] {
        assert_eq!(token(given).to_string(), printed);
        assert_eq!(SessionToken::parse_lenient(given).to_string(), printed);
    }
}

#[test]
fn malformed_parts_are_refused_or_skipped() {
    for part in [
        "",
        "0",
        ":1",
        "0:",
        "0:x",
        "0:1#",
        "0:#1",
        "0:1#x",
        "0:1#-5",
        "0:1#5##",
        "0:1#5#1",
        "0:1#5#1=",
        "0:1#5#=1",
        "0:1#5#-1=1",
        "0:1#5#1=1=1",
        "0:1#5##1=1",
        "0:1:2",
        "a b:1",
        "é:1",
        "\n0\n:1",
        "0:9223372036854775808",
        "0:1#18446744073709551616",
    ] {
        let error = SessionToken::parse(part).unwrap_err().to_string();
        assert!(error.contains("malformed"), "{part}");
        assert!(SessionToken::parse_lenient(part).is_empty(), "{part}");
        let text = format!("7:1,{part},8:2");
        assert!(SessionToken::parse(&text).is_err(), "{text}");
        assert_eq!(SessionToken::parse_lenient(&text).to_string(), "7:1,8:2");
    }
}

#[test]
fn merging_takes_the_most_recent_of_each() {
    for (a, b, expected) in [
        ("0:1#100#1=20#2=5", "0:1#105#1=18#2=9", "0:1#105#1=20#2=9"),
        ("0:1#100#1=20#2=5", "0:2#90#1=22#3=7", "0:2#90#1=22#3=7"),
        ("0:2#90#1=22#3=7", "0:1#400#1=50#2=80", "0:2#90#1=50#3=7"),
        ("0:1#100#1=20", "0:1#100#1=20#4=-1", "0:1#100#1=20#4=-1"),
        ("0:1#100#1=-1", "0:1#90#1=4", "0:1#100#1=4"),
        ("0:-1#42", "0:0#7#1=3", "0:0#7#1=3"),
        ("0:42", "0:17", "0:42"),
        ("0:42", "0:1#10#1=3", "0:1#10#1=3"),
        (
            "0:1#10#1=5,1:1#7#1=2",
            "1:1#9#1=1,2:1#3#1=3",
            "0:1#10#1=5,1:1#9#1=2,2:1#3#1=3",
        ),
    ] {
        let (a, b) = (token(a), token(b));
        assert_eq!(merged(&a, &b).to_string(), expected);
        assert_eq!(merged(&b, &a).to_string(), expected);
    }
}

#[test]
fn recency_is_a_partial_order() {
    for (a, b, recent) in [
        ("0:2#1", "0:1#100#1=5", true),
        ("0:1#100#1=5", "0:2#1", false),
        ("0:1#100#1=5", "0:1#100#1=5", true),
        ("0:1#100#1=5#2=1", "0:1#99#1=5", true),
        ("0:1#100#1=5", "0:1#99#1=5#2=-1", false),
        ("0:1#99#1=5", "0:1#100#1=5", false),
        ("0:1#100#1=4", "0:1#99#1=5", false),
        ("0:5", "0:4", true),
        ("0:4", "0:5", false),
        ("0:1#1", "0:500", true),
        ("0:500", "0:1#1", false),
        ("0:1,1:1", "1:1", true),
        ("1:1", "0:1,1:1", false),
    ] {
        assert_eq!(token(a).is_as_recent_as(&token(b)), recent, "{a} {b}");
    }
    assert!(token("0:1").is_as_recent_as(&SessionToken::default()));
}

#[test]
fn any_tokens_merge_and_round_trip() {
    let mut random = Random::new(10);
    let part = |random: &mut Random| {
        let mut text = format!(
            "{}:{}#{}",
            random.below(3),
            random.below(3) as i64 - 1,
            random.below(5)
        );
        for _ in 0..random.below(4) {
            text += &format!("#{}={}", random.below(3), random.below(5) as i64 - 1);
        }
        match random.below(4) {
            0 => format!("{}:{}", random.below(3), random.below(5)),
            _ => text,
        }
    };
    for _ in 0..4000 {
        let [a, b] =
            [(); 2].map(|()| token(&format!("{},{}", part(&mut random), part(&mut random))));
        let both = merged(&a, &b);
        assert_eq!(both, merged(&b, &a), "{a} {b}");
        assert!(
            both.is_as_recent_as(&a) && both.is_as_recent_as(&b),
            "{a} {b}"
        );
        assert_eq!(merged(&both, &both), both);
        assert_eq!(merged(&both, &a), both, "{a} {b}");
        assert_eq!(token(&both.to_string()), both);
    }
}

#[test]
fn any_text_is_read_or_refused() {
    let mut random = Random::new(11);
    let pieces = ["0", "1", "12", "-", ":", "#", "=", ",", " ", "é", "+"];
    for _ in 0..8000 {
        let text = random.text(&pieces, 14);
        let lenient = SessionToken::parse_lenient(&text);
        assert_eq!(SessionToken::parse_lenient(&lenient.to_string()), lenient);
        if let Ok(strict) = SessionToken::parse(&text) {
            assert_eq!(strict, lenient, "{text}");
        }
    }
}

#[test]
fn one_range_is_read_and_keyed_anew() {
    let parents = token("0:1#50#1=9,1:1#40#1=11");
    assert_eq!(parents.progress("1"), Some("1#40#1=11"));
    assert_eq!(parents.progress("2"), None);
    let mut child = SessionToken::default();
    for id in ["0", "1"] {
        child.advance("2", parents.progress(id).unwrap()).unwrap();
    }
    assert_eq!(child.to_string(), "2:1#50#1=11");
    for id in ["", "a:b", "a,b", "a b", "é"] {
        assert_eq!(child.advance(id, "1"), Err(Refused::Malformed), "{id}");
    }
    assert_eq!(child.advance("2", "x"), Err(Refused::Malformed));
    assert_eq!(child.to_string(), "2:1#50#1=11");
}

#[test]
fn a_part_names_at_most_64_regions() {
    let part = |regions: std::ops::Range<u32>| {
        let regions = regions.map(|region| format!("#{region}={region}"));
        format!("0:1#7{}", regions.collect::<String>())
    };
    assert_eq!(token(&part(0..64)).to_string(), part(0..64));
    assert!(SessionToken::parse(&part(0..65)).is_err());
    assert!(SessionToken::parse_lenient(&part(0..65)).is_empty());
    let both = merged(&token(&part(0..64)), &token(&part(32..96)));
    assert_eq!(both.to_string(), part(0..64));
}

#[test]
fn a_token_names_at_most_4096_ranges() {
    let text = |ranges: u32| {
        let parts = (0..ranges).map(|id| format!("{id}:7"));
        parts.collect::<Vec<_>>().join(",")
    };
    let full = token(&text(4096));
    assert_eq!(full.progress("4095"), Some("7"));
    assert!(SessionToken::parse(&text(4097)).is_err());
    assert_eq!(SessionToken::parse_lenient(&text(4097)), full);
    assert_eq!(merged(&full, &token("4096:1")), full);

    let mut token = full;
    assert_eq!(token.advance_part("5000:1"), Err(Refused::Full));
    assert_eq!(token.advance_part("5000:x"), Err(Refused::Malformed));
    assert_eq!(token.advance_part("9:8"), Ok(()));
    token.forget_lowest();
    assert_eq!(token.advance_part("5000:1"), Ok(()));
    assert_eq!(token.progress("0"), None);
    for (id, progress) in [("1", "7"), ("9", "8"), ("10", "7"), ("5000", "1")] {
        assert_eq!(token.progress(id), Some(progress), "{id}");
    }
}

#[test]
fn the_lowest_number_goes_first() {
    let mut token = token("10:1,9:1,100:1,2:1");
    for left in ["10:1,100:1,9:1", "10:1,100:1", "100:1", "", ""] {
        token.forget_lowest();
        assert_eq!(token.to_string(), left);
        assert_eq!(token.text_len(), left.len());
    }
}
