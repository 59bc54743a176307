use super::KeyHash::{Multi, V1, V2};
use super::*;
use crate::wire::key::KeyComponent::{Boolean, Null, Number, Text, Undefined};
use crate::wire::testing::Random;

fn text(text: &str) -> KeyComponent {
    Text(text.to_owned())
}

fn hex(components: &[KeyComponent], hash: KeyHash) -> String {
    effective_partition_key(components, hash).unwrap().to_hex()
}

fn epk(hex: &str) -> Epk {
    hex.parse().unwrap()
}

#[test]
fn single_values_have_the_published_keys() {
    for (value, v2, v1) in [
        (
            text(""),
            "32E9366E637A71B4E710384B2F4970A0",
            "05C1CF33970FF80800",
        ),
        (
            text("a"),
            "3A5381E1114EB8D3FCC90795045B49B7",
            "05C1D78593652C086200",
        ),
        (
            text("item 1"),
            "1984358C795FBF42A3B98DA1801BE515",
            "05C1DF4903C308086A75666E213200",
        ),
        (
            text("partitionKey"),
            "013AEFCF77FA271571CF665A58C933F1",
            "05C1E1B3D9CD2608716273756A756A706F4C667A00",
        ),
        (
            text("café 東京 🚀"),
            "389ED563F219577470F42691A5234A68",
            "05C1DF0501C73008646267C4AA21E79EB2E5BBAD21F1A09B8100",
        ),
        (
            Number(0.0),
            "155B95BEDAC4B1E9EC1CDC9BB0DDDE58",
            "05C1BF6DA11560058000",
        ),
        (
            Number(-0.0),
            "155B95BEDAC4B1E9EC1CDC9BB0DDDE58",
            "05C1BF6DA11560058000",
        ),
        (
            Number(1.0),
            "20CD98B339BA78A5D0CF6953B87070B0",
            "05C1ED172B6B2605BFF0",
        ),
        (
            Number(-1.0),
            "19938E7A936C1C5B9E3AE842BBC16839",
            "05C1D1A5BDDF9C054010",
        ),
        (
            Number(3.5),
            "36C2C55EB8A8B912C03DC8B074F298D7",
            "05C1E321B369D805C00C",
        ),
        (
            Number(-128.0),
            "01DAEDABF913540367FE219B2AD06148",
            "05C1D73349F54C053FA0",
        ),
        (
            Number(127.0),
            "0C507ACAC853ECA7977BF4CEFB562A25",
            "05C1DD539DDFCC05C05FE0",
        ),
        (
            Boolean(true),
            "0E711127C5B5A8E4726AC6DD306A3E59",
            "05C1D7C5A903D803",
        ),
        (
            Boolean(false),
            "2FE1BE91E90A3439635E0E9E37361EF2",
            "05C1DB857D857C02",
        ),
        (Null, "378867E4430E67857ACE5C908374FE16", "05C1ED45D7475601"),
        (
            Undefined,
            "11622DAA78F835834610ABE56EFF5CB5",
            "05C1D529E345DC00",
        ),
    ] {
        let value = [value];
        assert_eq!(hex(&value, V2), v2, "{value:?}");
        assert_eq!(hex(&value, Multi), v2, "{value:?}");
        assert_eq!(hex(&value, V1), v1, "{value:?}");
    }
}

#[test]
fn version_2_hashes_whole_texts() {
    for (value, expected) in [
        (text("redmond"), "22E342F38A486A088463DFF7838A5963"),
        (Number(5.0), "19C08621B135968252FB34B4CF66F811"),
        (text(&"a".repeat(100)), "0DBD7D229437BB665DE6417747994D57"),
        (text(&"a".repeat(101)), "08042541D30C8BF90D7092B1519AE0BC"),
    ] {
        assert_eq!(hex(&[value], V2), expected);
    }
    let several = [Number(5.0), text("redmond"), Boolean(true), Null];
    assert_eq!(hex(&several, V2), "3032DECBE2AB1768D8E0AEDEA35881DF");
}

#[test]
fn version_1_keeps_extreme_numbers() {
    for (value, expected) in [
        (9_223_372_036_854_775_807.0, "05C1B799AB2DD005C3E0"),
        (2_147_483_647.0, "05C1E1F503DFB205C1DFFFFFFFFC"),
        (5e-324, "05C1E5C91F4D3005800101010101010102"),
        (f64::MAX, "05C1CBE367C53005FFEFFFFFFFFFFFFFFE"),
    ] {
        assert_eq!(hex(&[Number(value)], V1), expected);
    }
}

#[test]
fn version_1_truncates_texts_by_units_and_bytes() {
    let cut = format!("05C1EB5921F70608{}00", "62".repeat(100));
    for length in [100, 101, 1024] {
        assert_eq!(hex(&[text(&"a".repeat(length))], V1), cut);
    }
    let a = "a".repeat(99);
    let kept = "62".repeat(99);
    for (last, expected) in [
        ("\u{1F600}", format!("05C1E153DB455808{kept}F0C0")),
        ("€", format!("05C1D747E54D9008{kept}E383")),
    ] {
        assert_eq!(hex(&[text(&format!("{a}{last}"))], V1), expected);
    }
}

#[test]
fn version_1_hashes_components_together_and_lists_them() {
    // The hash covers 00 01 03; the values follow in order.
    let hash = f64::from(murmur::x86_32(&[0, 1, 3]));
    let mut expected = Vec::new();
    push_v1_number(&mut expected, hash);
    expected.extend([0, 1, 3]);
    let key = effective_partition_key(&[Undefined, Null, Boolean(true)], V1).unwrap();
    assert_eq!(&*key.0, expected);
}

#[test]
fn version_1_numbers_keep_their_order() {
    for (number, expected) in [
        (0.0, "058000"),
        (1.0, "05BFF0"),
        (-1.0, "054010"),
        (f64::from(0x3CCC_B0FF), "05C1CF33970FF8"),
    ] {
        let mut bytes = Vec::new();
        push_v1_number(&mut bytes, number);
        assert_eq!(Epk(bytes.into()).to_hex(), expected);
    }
    let mut random = Random::new(2);
    for _ in 0..4000 {
        let [a, b] = [random.next(), random.next()].map(f64::from_bits);
        let [x, y] = [a, b].map(|number| {
            let mut bytes = Vec::new();
            push_v1_number(&mut bytes, number);
            bytes
        });
        if let Some(order) = a.partial_cmp(&b) {
            assert_eq!(x.cmp(&y), order, "{a} {b}");
        }
    }
}

#[test]
fn hierarchical_keys_hash_each_component() {
    let tenant = "0DAE0B8467B011E957BC0B8B0DEB5ACA";
    let user = "236A5BE3329A7AD57D4B998E8602BD7B";
    assert_eq!(
        hex(&[text("tenant1"), text("user1")], Multi),
        [tenant, user].concat()
    );
    for (key, expected) in [
        (
            vec![text(""), Boolean(true)],
            "32E9366E637A71B4E710384B2F4970A00E711127C5B5A8E4726AC6DD306A3E59",
        ),
        (
            vec![text("partitionKey"), Null, Boolean(false)],
            "013AEFCF77FA271571CF665A58C933F1378867E4430E67857ACE5C908374FE16\
             2FE1BE91E90A3439635E0E9E37361EF2",
        ),
    ] {
        assert_eq!(hex(&key, Multi), expected);
    }
}

#[test]
fn prefixes_are_ranges() {
    let (from, to) = prefix_range(&[text("tenant1")]).unwrap();
    assert_eq!(from.to_hex(), "0DAE0B8467B011E957BC0B8B0DEB5ACA");
    assert_eq!(to.to_hex(), "0DAE0B8467B011E957BC0B8B0DEB5ACAFF");
    let (from, to) = prefix_range(&[]).unwrap();
    assert_eq!((from, to), (Epk::MIN, Epk::MAX));

    let mut random = Random::new(3);
    for _ in 0..500 {
        let prefix = [Text(random.unicode(8)), Text(random.unicode(8))];
        let (from, to) = prefix_range(&prefix[..1]).unwrap();
        let inside = effective_partition_key(&prefix, Multi).unwrap();
        assert!(from <= inside && inside < to && to < Epk::MAX);
    }
}

#[test]
fn no_components_are_the_lowest_key_and_no_number_the_highest() {
    for hash in [V1, V2, Multi] {
        assert_eq!(effective_partition_key(&[], hash).unwrap(), Epk::MIN);
        for number in [f64::NAN, f64::INFINITY] {
            assert!(effective_partition_key(&[Null, Number(number)], hash).is_err());
        }
    }
    assert!(prefix_range(&[Number(f64::NAN)]).is_err());
}

#[test]
fn trailing_zero_bytes_do_not_count() {
    use std::hash::BuildHasher;
    let state = std::hash::RandomState::new();
    for (less, more) in [
        ("80", "8001"),
        ("8000", "8001"),
        ("", "FF"),
        ("3F", "3F0001"),
        ("3F0001", "40"),
        ("0DAE", "0DAEFF"),
    ] {
        assert!(epk(less) < epk(more), "{less} {more}");
        assert_ne!(epk(less), epk(more));
    }
    for (a, b) in [("80", "8000"), ("", "000000"), ("3f00", "3F")] {
        assert_eq!(epk(a), epk(b));
        assert_eq!(epk(a).cmp(&epk(b)), Ordering::Equal);
        assert_eq!(state.hash_one(epk(a)), state.hash_one(epk(b)));
    }
}

#[test]
fn successors_carry() {
    for (key, width, expected) in [
        ("3AFF", 2, "3B00"),
        ("3A", 2, "3A01"),
        ("3AFF", 0, "3B00"),
        ("05C1", 0, "05C2"),
        ("", 1, "01"),
        ("", 16, "00000000000000000000000000000001"),
        ("FFFF", 2, "FF"),
    ] {
        let next = epk(key).successor(width);
        assert_eq!(next.to_hex(), expected, "{key}");
    }
}

#[test]
fn texts_round_trip_and_others_are_refused() {
    for (given, printed) in [("", ""), ("ff", "FF"), ("0aB1", "0AB1"), ("8000", "8000")] {
        assert_eq!(epk(given).to_string(), printed);
    }
    for wrong in ["F", "0", "0G", "+1", " FF", "FF ", "ÿÿ", "0x"] {
        assert!(wrong.parse::<Epk>().is_err(), "{wrong}");
    }
    let mut random = Random::new(4);
    for _ in 0..4000 {
        let bytes = random.bytes(40);
        let key = Epk(bytes.into());
        assert_eq!(&*epk(&key.to_hex()).0, &*key.0);
        let near = random.text(&["0", "f", "A", "9", "g", " ", "é"], 6);
        if let Ok(key) = near.parse::<Epk>() {
            assert_eq!(key.to_hex(), near.to_uppercase());
        }
    }
}
