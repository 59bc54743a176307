//! Where a partition key lies among the partition key ranges (spec data-plane §1.4, `Hash` version 2).
//!
//! Written apart from the driver's own hash, so that the one checks the other.

use serde_json::Value;

/// The end of the key space; every hash is below it.
pub(crate) const END: u128 = 1 << 126;

/// The effective partition key of a partition key's components, as a number.
pub(crate) fn hash(components: &[Value]) -> u128 {
    let mut bytes = Vec::new();
    for component in components {
        append(&mut bytes, component);
    }
    murmur3(&bytes) % END
}

/// A bound as the service writes it.
pub(crate) fn text(bound: u128) -> String {
    match bound {
        0 => String::new(),
        END => "FF".to_owned(),
        _ => format!("{bound:032X}"),
    }
}

/// The type and the value of a component. `{}` stands for a property that is missing.
fn append(bytes: &mut Vec<u8>, component: &Value) {
    match component {
        Value::Null => bytes.push(1),
        Value::Bool(value) => bytes.push(2 + u8::from(*value)),
        Value::Number(value) => {
            bytes.push(5);
            let value = value.as_f64().unwrap_or_default();
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        Value::String(value) => {
            bytes.push(8);
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0xFF);
        }
        Value::Array(_) | Value::Object(_) => bytes.push(0),
    }
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// MurmurHash3 x64 with 128 bits and seed 0; the second half of the result comes first.
fn murmur3(bytes: &[u8]) -> u128 {
    let (mut h1, mut h2) = (0_u64, 0_u64);
    let mut blocks = bytes.chunks_exact(16);
    for block in blocks.by_ref() {
        h1 = (h1 ^ scramble1(word(&block[..8]))).rotate_left(27);
        h1 = h1
            .wrapping_add(h2)
            .wrapping_mul(5)
            .wrapping_add(0x52dc_e729);
        h2 = (h2 ^ scramble2(word(&block[8..]))).rotate_left(31);
        h2 = h2
            .wrapping_add(h1)
            .wrapping_mul(5)
            .wrapping_add(0x3849_5ab5);
    }
    let tail = blocks.remainder();
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= scramble2(word(high));
    h1 ^= scramble1(word(low));

    let length = bytes.len() as u64;
    (h1, h2) = (h1 ^ length, h2 ^ length);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (h1, h2) = (finish(h1), finish(h2));
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    u128::from(h2) << 64 | u128::from(h1)
}

fn scramble1(word: u64) -> u64 {
    word.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn scramble2(word: u64) -> u64 {
    word.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn finish(mut word: u64) -> u64 {
    word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

/// Up to eight bytes, the lowest first.
fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{END, hash, text};

    #[test]
    fn keys_hash_as_published() {
        let cases = [
            (json!([""]), "32E9366E637A71B4E710384B2F4970A0"),
            (json!(["partitionKey"]), "013AEFCF77FA271571CF665A58C933F1"),
            (json!(["redmond"]), "22E342F38A486A088463DFF7838A5963"),
            (json!([null]), "378867E4430E67857ACE5C908374FE16"),
            (json!([{}]), "11622DAA78F835834610ABE56EFF5CB5"),
            (json!([true]), "0E711127C5B5A8E4726AC6DD306A3E59"),
            (json!([false]), "2FE1BE91E90A3439635E0E9E37361EF2"),
            (json!([5]), "19C08621B135968252FB34B4CF66F811"),
            (json!([-128]), "01DAEDABF913540367FE219B2AD06148"),
            (json!(["a".repeat(100)]), "0DBD7D229437BB665DE6417747994D57"),
            (json!(["a".repeat(101)]), "08042541D30C8BF90D7092B1519AE0BC"),
            (json!(["café 東京 🚀"]), "389ED563F219577470F42691A5234A68"),
            (
                json!([5, "redmond", true, null]),
                "3032DECBE2AB1768D8E0AEDEA35881DF",
            ),
        ];
        for (key, expected) in cases {
            let components = key.as_array().unwrap();
            assert_eq!(text(hash(components)), expected, "{key}");
        }
    }

    #[test]
    fn the_ends_of_the_key_space_have_short_names() {
        assert_eq!((text(0).as_str(), text(END).as_str()), ("", "FF"));
        assert_eq!(text(END / 2), "20000000000000000000000000000000");
    }
}
