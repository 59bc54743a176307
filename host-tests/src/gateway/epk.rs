//! Effective partition keys and slices of their space (spec data-plane §1.4).

use serde_json::Value;

use crate::cluster::epk::hash;

/// An effective partition key or a bound of a slice: bytes without the zeros at their end, so that bounds of any
/// width compare as the service compares them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Epk(Vec<u8>);

/// The keys from `min` on and below `max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) min: Epk,
    pub(super) max: Epk,
}

impl Epk {
    /// From hexadecimal digits of either case; none if they are anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.len().is_multiple_of(2) || !text.is_ascii() {
            return None;
        }
        let pairs = (0..text.len()).step_by(2);
        let bytes: Option<Vec<u8>> = pairs
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
            .collect();
        bytes.map(Self::new)
    }

    /// The first sixteen bytes as a number.
    pub(super) fn from_number(number: u128) -> Self {
        Self::new(number.to_be_bytes().to_vec())
    }

    /// Behind the last key.
    pub(super) fn end() -> Self {
        Self(vec![0xFF])
    }

    /// The key of all components: one hash of all of them, or one for each.
    pub(super) fn of(key: &[Value], is_hierarchical: bool) -> Self {
        if !is_hierarchical {
            return Self::from_number(hash(key));
        }
        let hashes = key
            .iter()
            .map(|component| hash(std::slice::from_ref(component)));
        Self::new(hashes.flat_map(u128::to_be_bytes).collect())
    }

    /// As the service writes it: nothing, `FF`, or a multiple of 32 digits.
    pub(super) fn text(&self) -> String {
        if *self == Self::end() {
            return "FF".to_owned();
        }
        let mut bytes = self.0.clone();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn new(mut bytes: Vec<u8>) -> Self {
        let length = bytes.iter().rposition(|byte| *byte != 0);
        bytes.truncate(length.map_or(0, |last| last + 1));
        Self(bytes)
    }
}

impl Slice {
    /// Whether the key lies in it.
    pub(super) fn has(&self, key: &Epk) -> bool {
        self.min <= *key && *key < self.max
    }

    /// Whether all of it lies in the other.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        other.min <= self.min && self.max <= other.max
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Epk, Slice};

    #[test]
    fn bounds_of_any_width_compare() {
        let [short, long, more] = ["80", "8000", "8001"].map(|text| Epk::parse(text).unwrap());
        assert!(short == long && long < more);
        assert_eq!(Epk::parse(""), Some(Epk::default()));
        assert_eq!(Epk::parse("ff"), Some(Epk::end()));
        assert_eq!((Epk::parse("8"), Epk::parse("8G")), (None, None));
        let slice = Slice {
            min: short,
            max: more,
        };
        assert!(slice.has(&long) && !slice.has(&slice.max) && slice.is_within(&slice));
    }

    #[test]
    fn keys_hash_as_published() {
        let flat = Epk::of(&[json!("redmond")], false);
        assert_eq!(flat.text(), "22E342F38A486A088463DFF7838A5963");
        let deep = Epk::of(&[json!(""), json!(true)], true);
        assert_eq!(
            deep.text(),
            "32E9366E637A71B4E710384B2F4970A00E711127C5B5A8E4726AC6DD306A3E59"
        );
        assert_eq!(
            (Epk::default().text(), Epk::end().text()),
            (String::new(), "FF".to_owned())
        );
    }
}
