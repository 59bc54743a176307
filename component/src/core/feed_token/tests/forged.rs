use super::*;

/// A token with this JSON, its check made right.
pub(super) fn forged(json: &str) -> String {
    use base64::Engine as _;
    let check = Fingerprint::of(&[json.as_bytes()]).to_hex();
    let json = format!("{json},\"check\":\"{check}\"}}");
    let encoded = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{PREFIX}{encoded}")
}

fn forged_root(kind: &str, root: &str) -> String {
    let fingerprint = "0".repeat(32);
    forged(&format!(
        r#"{{"op":{kind},"rid":"r","fingerprint":"{fingerprint}","root":{root}"#
    ))
}

#[test]
fn forged_tokens_are_checked_all_the_same() {
    let (query, changes) = ("\"Query\"", "\"ChangeFeed\"");
    let drain = r#"{"kind":"sequential_drain","left_most_undrained_epk":"10","active_tokens":"#;
    let merge = r#"{"kind":"streaming_ordered_merge","directions":["Ascending"],"ranges":"#;
    let feed = r#"{"kind":"unordered_merge","start_from":{"kind":"now"},"active_tokens":"#;
    let boundary =
        |inner: &str| format!(r#"{merge}[{{"min_epk":"","max_epk":"FF","boundary":{inner}}}]}}"#);
    let good = [
        (query, r#"{ "kind" : "drained" }"#.to_owned()),
        (
            query,
            format!(r#"{drain}[{{"max_epk":"20","min_epk":"10","server_continuation":"x"}}]}}"#),
        ),
        (
            query,
            boundary(r#"{"resume_values":[1],"last_rid":"r","skip_count":1}"#),
        ),
        (
            changes,
            format!(r#"{feed}[{{"min_epk":"","max_epk":"FF00"}}]}}"#),
        ),
    ];
    for (kind, root) in good {
        assert!(parse(&forged_root(kind, &root)).is_ok(), "{root}");
    }
    let bad = [
        (query, "7".to_owned()),
        (query, "{}".to_owned()),
        (query, r#"{"kind":"other"}"#.to_owned()),
        (query, r#"{"kind":"drained","kind":"drained"}"#.to_owned()),
        (query, r#"{"kind":"drained","new":1}"#.to_owned()),
        (changes, r#"{"kind":"drained"}"#.to_owned()),
        ("\"ReadFeed\"", format!(r#"{merge}[{{"min_epk":"","max_epk":"FF"}}]}}"#)),
        ("\"Other\"", r#"{"kind":"drained"}"#.to_owned()),
        ("\"Query\",\"cfm\":true", r#"{"kind":"drained"}"#.to_owned()),
        ("\"ChangeFeed\",\"cfm\":false", format!(r#"{feed}[{{"min_epk":"","max_epk":"FF"}}]}}"#)),
        (query, r#"{"kind":"request","server_continuation":""}"#.to_owned()),
        (query, r#"{"kind":"request","server_continuation":"a\nb"}"#.to_owned()),
        (query, r#"{"kind":"request","server_continuation":1}"#.to_owned()),
        (
            changes,
            format!(r#"{feed}[{{"min_epk":"","max_epk":"FF","chunk":1}}]}}"#),
        ),
        // Slices: without continuation, below the cursor, empty, upside down, beyond the end, overlapping, out of order.
        (query, format!(r#"{drain}[{{"min_epk":"10","max_epk":"20"}}]}}"#)),
        (query, format!(r#"{drain}[{{"min_epk":"0F","max_epk":"20","server_continuation":"x"}}]}}"#)),
        (changes, format!(r#"{feed}[]}}"#)),
        (changes, format!(r#"{feed}[{{"min_epk":"10","max_epk":"1000"}}]}}"#)),
        (changes, format!(r#"{feed}[{{"min_epk":"20","max_epk":"10"}}]}}"#)),
        (changes, format!(r#"{feed}[{{"min_epk":"","max_epk":"FF01"}}]}}"#)),
        (changes, format!(r#"{feed}[{{"min_epk":"","max_epk":"F"}}]}}"#)),
        (
            changes,
            format!(r#"{feed}[{{"min_epk":"","max_epk":"20"}},{{"min_epk":"10","max_epk":"30"}}]}}"#),
        ),
        (
            changes,
            format!(r#"{feed}[{{"min_epk":"20","max_epk":"30"}},{{"min_epk":"10","max_epk":"20"}}]}}"#),
        ),
        (
            changes,
            format!(
                r#"{feed}[{{"min_epk":"","max_epk":"FF","boundary":{{"resume_values":[],"last_rid":"r","skip_count":1}}}}]}}"#
            ),
        ),
        (query, r#"{"kind":"sequential_drain","left_most_undrained_epk":"FF","active_tokens":[]}"#.to_owned()),
        (query, boundary(r#"{"resume_values":[1],"last_rid":"r","skip_count":0}"#)),
        (query, boundary(r#"{"resume_values":[1],"last_rid":"r","skip_count":-1}"#)),
        (query, boundary(r#"{"resume_values":[1],"last_rid":"r","skip_count":1.0}"#)),
        (query, boundary(r#"{"resume_values":[1],"last_rid":"","skip_count":1}"#)),
        (query, boundary(r#"{"resume_values":[1],"skip_count":1}"#)),
        (query, boundary(r#"{"resume_values":[],"last_rid":"r","skip_count":1}"#)),
        (query, boundary(r#"{"resume_values":[1,2],"last_rid":"r","skip_count":1}"#)),
        (query, boundary(r#"{"resume_values":[[1]],"last_rid":"r","skip_count":1}"#)),
        (query, boundary(r#"{"resume_values":[{}],"last_rid":"r","skip_count":1}"#)),
        (
            query,
            r#"{"kind":"streaming_ordered_merge","directions":[],"ranges":[{"min_epk":"","max_epk":"FF"}]}"#.to_owned(),
        ),
        (
            query,
            r#"{"kind":"streaming_ordered_merge","directions":["Up"],"ranges":[{"min_epk":"","max_epk":"FF"}]}"#
                .to_owned(),
        ),
        (query, format!("{merge}[]}}")),
        (
            query,
            r#"{"kind":"distinct","distinct_type":"Unordered","child":{"kind":"drained"}}"#.to_owned(),
        ),
        (
            query,
            r#"{"kind":"distinct","distinct_type":"Ordered","last_hash":"AB","child":{"kind":"drained"}}"#.to_owned(),
        ),
        (query, r#"{"kind":"skip_take","remaining_skip":0}"#.to_owned()),
        (
            changes,
            r#"{"kind":"unordered_merge","start_from":{"kind":"point_in_time"},"active_tokens":[{"min_epk":"","max_epk":"FF"}]}"#
                .to_owned(),
        ),
        ("\"ReadMany\"", r#"{"kind":"read_many","units":[]}"#.to_owned()),
        (
            "\"ReadMany\"",
            r#"{"kind":"read_many","units":[{"min_epk":"","max_epk":"40","chunk":1},{"min_epk":"","max_epk":"40","chunk":1}]}"#
                .to_owned(),
        ),
        (
            "\"ReadMany\"",
            r#"{"kind":"read_many","units":[{"min_epk":"","max_epk":"40","chunk":1},{"min_epk":"","max_epk":"50","chunk":2}]}"#
                .to_owned(),
        ),
    ];
    for (kind, root) in bad {
        assert_eq!(
            parse(&forged_root(kind, &root)),
            Err(Refused::Damaged),
            "{kind} {root}"
        );
    }
}

#[test]
fn nodes_within_nodes_are_bounded() {
    let nested = |depth: usize| {
        let open = r#"{"kind":"skip_take","remaining_skip":0,"child":"#.repeat(depth);
        let close = "}".repeat(depth);
        parse(&forged_root(
            "\"Query\"",
            &format!(r#"{open}{{"kind":"drained"}}{close}"#),
        ))
        .is_ok()
    };
    assert!(nested(MAX_DEPTH - 1) && !nested(MAX_DEPTH) && !nested(900));
    let brackets = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    for root in [
        brackets(20_000),
        "[".repeat(40_000),
        "{\"a\":".repeat(9_000),
    ] {
        assert!(parse(&forged_root("\"Query\"", &root)).is_err());
    }
}
