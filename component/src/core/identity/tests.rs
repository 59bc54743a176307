use super::*;
use crate::core::error::ErrorKind;

const PLATFORM: &str = concat!("drv=", env!("CARGO_PKG_VERSION"), "; wasi; wasm32");
const PRODUCT: &str = concat!("cosmosdb-driver/", env!("CARGO_PKG_VERSION"));

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn properties(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn the_whole_form() {
    assert_eq!(
        Identity::default().user_agent(0),
        format!("{PRODUCT} ({PLATFORM})")
    );
    let identity = Identity {
        suffix: text("orders-1"),
        wrapping_sdk_identifier: text(" my-sdk/1.2.3 "),
        properties: properties(&[("rt", ".NET 8.0.1"), ("b", "2")]),
        ..Identity::default()
    };
    assert_eq!(
        identity.user_agent(PARTITION_FAILOVER | CIRCUIT_BREAKER),
        format!("my-sdk/1.2.3 ({PLATFORM}; ft=Aw; rt=.NET 8.0.1; b=2) orders-1")
    );
}

#[test]
fn flags_are_minimal_big_endian_bytes() {
    let cases = [
        (1, "AQ"),
        (2, "Ag"),
        (3, "Aw"),
        (16, "EA"),
        (18, "Eg"),
        (27, "Gw"),
        (0xFF, "_w"),
        (0x100, "AQA"),
        (0x1_0000, "AQAA"),
        (u32::MAX, "_____w"),
    ];
    for (flags, expected) in cases {
        assert_eq!(encode(flags), expected);
        let whole = format!("{PRODUCT} ({PLATFORM}; ft={expected})");
        assert_eq!(Identity::default().user_agent(flags), whole);
    }
}

#[test]
fn the_suffix_is_the_first_of_suffix_workload_and_correlation() {
    let cases = [
        (text("s"), Some(7), text("c"), " s"),
        (text(""), Some(7), text("c"), " w7"),
        (None, Some(50), text("c"), " w50"),
        (None, None, text("c"), " c"),
        (None, None, text(""), ""),
        (None, None, None, ""),
    ];
    for (suffix, workload_id, correlation_id, expected) in cases {
        let identity = Identity {
            suffix,
            workload_id,
            correlation_id,
            ..Identity::default()
        };
        let whole = format!("{PRODUCT} ({PLATFORM}){expected}");
        assert_eq!(identity.checked().unwrap().user_agent(0), whole);
    }
}

#[test]
fn what_may_not_stand_in_a_product_becomes_underscores() {
    let cases = [
        ("a b/1(x);é\r\n", "a_b/1_x___"),
        ("a\r\nb: c", "a__b__c"),
        (" \t ", PRODUCT),
        ("", PRODUCT),
    ];
    for (given, product) in cases {
        let identity = Identity {
            wrapping_sdk_identifier: text(given),
            ..Identity::default()
        };
        assert_eq!(identity.user_agent(0), format!("{product} ({PLATFORM})"));
    }
}

#[test]
fn too_long_it_loses_entries_from_the_right_then_suffix_then_product() {
    let suffix = "s".repeat(25);
    let version = format!("drv={VERSION}");
    // The whole is "{product} (drv=…; wasi; wasm32; ft=Ag; k=v) {suffix}".
    let with = |product: usize, kept: &[&str], suffix: &str| {
        let mut expected = "p".repeat(product);
        if !kept.is_empty() {
            expected = format!("{expected} ({})", kept.join("; "));
        }
        if suffix.is_empty() {
            expected
        } else {
            format!("{expected} {suffix}")
        }
    };
    let all = [version.as_str(), "wasi", "wasm32", "ft=Ag", "k=v"];
    // The longest product for which so many entries remain: 255 bytes exactly.
    for kept in 1..=all.len() {
        let fixed = with(0, &all[..kept], &suffix).len();
        for (product, kept) in [(255 - fixed, kept), (256 - fixed, kept - 1)] {
            let identity = Identity {
                suffix: Some(suffix.clone()),
                wrapping_sdk_identifier: Some("p".repeat(product)),
                properties: properties(&[("k", "v")]),
                ..Identity::default()
            };
            let expected = with(product, &all[..kept], &suffix);
            assert_eq!(identity.user_agent(CIRCUIT_BREAKER), expected);
        }
    }
    for (product, left) in [(229, 25), (230, 24), (253, 1), (254, 0), (255, 0), (300, 0)] {
        let identity = Identity {
            suffix: Some(suffix.clone()),
            wrapping_sdk_identifier: Some("p".repeat(product)),
            ..Identity::default()
        };
        let expected = with(product.min(255), &[], &suffix[..left]);
        assert_eq!(identity.user_agent(0), expected);
    }
}

#[test]
fn an_unchecked_identity_does_no_harm() {
    let identity = Identity {
        suffix: text(&"é ".repeat(300)),
        properties: properties(&[("é", "ü")]),
        ..Identity::default()
    };
    let expected = format!("{PRODUCT} {}", "_".repeat(254 - PRODUCT.len()));
    assert_eq!(identity.user_agent(0), expected);
}

#[test]
fn tags_and_workloads_have_limits() {
    let suffix = |tag: &str| Identity {
        suffix: text(tag),
        ..Identity::default()
    };
    let correlation = |tag: &str| Identity {
        correlation_id: text(tag),
        ..Identity::default()
    };
    let workload = |id| Identity {
        workload_id: Some(id),
        ..Identity::default()
    };
    let good = [
        suffix("Az09-_.~"),
        suffix(&"s".repeat(25)),
        correlation(&"c".repeat(50)),
        workload(1),
        workload(50),
    ];
    for identity in good {
        assert_eq!(identity.clone().checked().unwrap(), identity);
    }
    let bad = [
        (suffix(&"s".repeat(26)), "at most 25"),
        (suffix("a b"), "at most 25"),
        (suffix("é"), "has 1 characters"),
        (correlation(&"c".repeat(51)), "at most 50"),
        (correlation("a\r\n"), "at most 50"),
        (workload(0), "1 to 50"),
        (workload(51), "1 to 50"),
    ];
    for (identity, says) in bad {
        let error = identity.checked().unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(says), "{}", error.message);
    }
}

#[test]
fn properties_have_limits_and_the_last_of_a_key_counts() {
    let check = |pairs: &[(&str, &str)]| {
        let identity = Identity {
            properties: properties(pairs),
            ..Identity::default()
        };
        identity.checked()
    };
    let (long_key, long_value) = ("k".repeat(17), "v".repeat(33));
    for key in [
        "", "A", "1a", "-a", "aB", "a.b", "é", "drv", "ft", &long_key,
    ] {
        let error = check(&[(key, "v")]).unwrap_err();
        assert!(error.message.contains("1 to 16"), "{}", error.message);
    }
    for value in [
        "",
        " a",
        "a ",
        "a;b",
        "(a",
        "a)",
        "é",
        "a\n",
        "\t",
        &long_value,
    ] {
        let error = check(&[("k", value)]).unwrap_err();
        assert!(error.message.contains("1 to 32"), "{}", error.message);
    }
    for (key, value) in [("a1-_", "a b=c"), (&long_key[1..], &long_value[1..])] {
        assert!(check(&[(key, value)]).is_ok(), "{key} {value}");
    }
    let last = check(&[("a", "1"), ("b", "2"), ("a", "3")]).unwrap();
    assert_eq!(last.properties, properties(&[("a", "3"), ("b", "2")]));
}
