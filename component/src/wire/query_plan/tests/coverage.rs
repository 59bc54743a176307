use super::super::super::epk::{Epk, effective_partition_key};
use super::super::super::key::KeyComponent;
use super::*;

/// `min-max`, separated by spaces.
fn hex(coverage: &Coverage) -> String {
    let Coverage::Ranges(ranges) = coverage else {
        return "first".to_owned();
    };
    let text = |range: &EpkRange| format!("{}-{}", range.min, range.max);
    ranges.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn point(components: &[KeyComponent], keys: KeyShape) -> String {
    effective_partition_key(components, keys.hash)
        .unwrap()
        .to_hex()
}

#[test]
fn ranges_come_as_hex() {
    let x = "22E342F38A486A088463DFF7838A5963";
    for (ranges, keys, expected) in [
        ("[]".to_owned(), V2, "-FF".to_owned()),
        ("null".to_owned(), V2, "-FF".to_owned()),
        (
            r#"[{"min":"","max":"FF"}]"#.to_owned(),
            V2,
            "-FF".to_owned(),
        ),
        (
            r#"[{"min":"80","max":"FF"},{"min":"","max":"40"}]"#.to_owned(),
            V2,
            "-40 80-FF".to_owned(),
        ),
        (
            format!(r#"[{{"min":"{x}","max":"{x}","isMinInclusive":true,"isMaxInclusive":1}}]"#),
            V2,
            format!("{x}-22E342F38A486A088463DFF7838A5964"),
        ),
        // The same point twice.
        (
            r#"[{"min":"3AFF","max":"3aff"},{"min":"3AFF","max":"3AFF"}]"#.to_owned(),
            V1,
            "3AFF-3B00".to_owned(),
        ),
        (
            r#"[{"min":"3AFF","max":"3AFF"}]"#.to_owned(),
            V2,
            "3AFF-3AFF0000000000000000000000000001".to_owned(),
        ),
        (
            r#"[{"min":"3A","max":"3A"}]"#.to_owned(),
            TWO,
            format!("3A-3A{}01", "0".repeat(60)),
        ),
        // The prefix of a hierarchical key: closed, but no point.
        (
            format!(
                r#"[{{"min":"{x}","max":"{x}FF","isMinInclusive":true,"isMaxInclusive":true}}]"#
            ),
            TWO,
            format!("{x}-{x}FF"),
        ),
        (
            r#"[{"min":"","max":""}]"#.to_owned(),
            V2,
            "first".to_owned(),
        ),
        (
            r#"[{"min":"","max":""},{"min":"10","max":"20"}]"#.to_owned(),
            V2,
            "10-20".to_owned(),
        ),
    ] {
        assert_eq!(hex(&coverage(&ranges, keys).unwrap()), expected, "{ranges}");
    }
}

#[test]
fn ranges_come_as_keys() {
    let text = |text: &str| KeyComponent::Text(text.to_owned());
    let five = point(&[KeyComponent::Number(5.0)], V2);
    let precise = point(&[KeyComponent::Number(-0.1)], V2);
    let (tenant, both) = (
        point(&[text("t")], TWO),
        point(&[text("t"), KeyComponent::Boolean(false)], TWO),
    );
    let undefined = point(&[KeyComponent::Undefined], V2);
    let next = |hex: &str, width| hex.parse::<Epk>().unwrap().successor(width).to_hex();
    for (min, max, keys, expected) in [
        ("[]", "\"Infinity\"", V2, "-FF".to_owned()),
        ("[]", "[{\"type\":\"Infinity\"}]", V2, "-FF".to_owned()),
        ("[]", "[]", V2, "first".to_owned()),
        ("[5.0]", "[5]", V2, format!("{five}-{}", next(&five, 16))),
        (
            "[-0.1]",
            "[-0.10]",
            V2,
            format!("{precise}-{}", next(&precise, 16)),
        ),
        (
            "[{\"type\":\"Undefined\"}]",
            "[{}]",
            V2,
            format!("{undefined}-{}", next(&undefined, 16)),
        ),
        (
            "[\"t\",false]",
            "[\"t\",false]",
            TWO,
            format!("{both}-{}", next(&both, 32)),
        ),
        ("[\"t\"]", "[\"t\"]", TWO, format!("{tenant}-{tenant}FF")),
        (
            "[\"t\"]",
            "[\"t\",{\"type\":\"Infinity\"}]",
            TWO,
            format!("{tenant}-{tenant}FF"),
        ),
        ("[0.30000000000000004]", "[0.30000000000000004]", V2, {
            let hex = point(&[KeyComponent::Number(0.1 + 0.2)], V2);
            format!("{hex}-{}", next(&hex, 16))
        }),
        ("[9007199254740993]", "[9007199254740993]", V2, {
            let hex = point(&[KeyComponent::Number(9_007_199_254_740_992.0)], V2);
            format!("{hex}-{}", next(&hex, 16))
        }),
        (
            "[null]",
            "[null]",
            V1,
            format!("05C1ED45D7475601-{}", next("05C1ED45D7475601", 0)),
        ),
        ("[\"Infinity\"]", "[\"Infinity\"]", V2, {
            let hex = point(&[text("Infinity")], V2);
            format!("{hex}-{}", next(&hex, 16))
        }),
    ] {
        let ranges = format!(r#"[{{"min":{min},"max":{max}}}]"#);
        assert_eq!(hex(&coverage(&ranges, keys).unwrap()), expected, "{ranges}");
    }
}

#[test]
fn other_ranges_are_refused() {
    for range in [
        "7",
        "{}",
        r#"{"min":""}"#,
        r#"{"max":"FF"}"#,
        r#"{"min":null,"max":"FF"}"#,
        r#"{"min":"0","max":"FF"}"#,
        r#"{"min":"G0","max":"FF"}"#,
        r#"{"min":"40","max":"3F"}"#,
        r#"{"min":5,"max":"FF"}"#,
        r#"{"min":[[]],"max":"FF"}"#,
        r#"{"min":[1e999],"max":"FF"}"#,
        r#"{"min":[{"type":"Other"}],"max":"FF"}"#,
        r#"{"min":[{"type":"Infinity"},1],"max":"FF"}"#,
        r#"{"min":[1],"max":[1,{"type":"Infinity"}]}"#,
        r#"{"min":"","max":"FF","isMinInclusive":"yes"}"#,
    ] {
        assert_eq!(
            coverage(&format!("[{range}]"), V2),
            Err(Malformed("queryRanges")),
            "{range}"
        );
    }
    assert_eq!(coverage("{}", V2), Err(Malformed("queryRanges")));
}

#[test]
fn a_feed_range_narrows_a_query() {
    let all = coverage(r#"[{"min":"","max":"40"},{"min":"80","max":"FF"}]"#, V2).unwrap();
    for (min, max, expected) in [
        ("", "FF", "-40 80-FF"),
        ("20", "90", "20-40 80-90"),
        ("40", "80", ""),
        ("A0", "B0", "A0-B0"),
    ] {
        let scope = EpkRange {
            min: min.parse().unwrap(),
            max: max.parse().unwrap(),
        };
        assert_eq!(hex(&all.within(&scope)), expected);
        assert_eq!(
            Coverage::FirstPartition.within(&scope),
            Coverage::FirstPartition
        );
    }
}
