//! Seeded choices, and JSON scalars whose order is worked out in another way than the driver's.

use std::cmp::Ordering;

use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Less than `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Once in so many.
    pub(super) fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub(super) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }

    /// A point of the hash space, of which there are few, so that cuts fall between documents and on them.
    pub(super) fn point(&mut self) -> Epk {
        let point = format!("{:02X}", 1 + self.below(63));
        let zeros = if self.chance(4) { "00" } else { "" };
        (point + zeros).parse().unwrap()
    }

    /// Cuts a slice into at most so many.
    pub(super) fn cut(&mut self, slice: &EpkRange, most: usize) -> Vec<EpkRange> {
        let mut cuts: Vec<Epk> = (0..self.below(most)).map(|_| self.point()).collect();
        cuts.retain(|cut| *cut > slice.min && *cut < slice.max);
        cuts.sort();
        cuts.dedup();
        let mut slices = Vec::new();
        let mut min = slice.min.clone();
        for max in cuts.into_iter().chain([slice.max.clone()]) {
            slices.push(EpkRange {
                min,
                max: max.clone(),
            });
            min = max;
        }
        slices
    }

    pub(super) fn scalar(&mut self) -> Scalar {
        match self.below(8) {
            0 => Scalar::Undefined,
            1 => Scalar::Null,
            2 => Scalar::Boolean(self.chance(2)),
            3 => Scalar::Halves(2 * ((1 << 53) + self.below(3) as i128)),
            4 | 5 => Scalar::Halves(self.below(9) as i128 - 4),
            _ => Scalar::Text(self.pick(&["", "a", "ab", "b", "é", "😀", "\u{e000}", "\u{ffff}"])),
        }
    }
}

/// Where a point lies, as a number.
pub(super) fn number(point: &Epk) -> u64 {
    u64::from_str_radix(&format!("{:0<8}", point.to_hex()), 16).unwrap()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Undefined,
    Null,
    Boolean(bool),
    /// A number, doubled.
    Halves(i128),
    Text(&'static str),
}

impl Scalar {
    /// As JSON, in one of several spellings; none if undefined.
    pub(super) fn json(&self, random: &mut Random) -> Option<String> {
        Some(match self {
            Self::Undefined => return None,
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Halves(halves) if halves % 2 == 0 => {
                let tail = random.pick(&["", ".0", "e0", ".00E+0"]);
                format!("{}{tail}", halves / 2)
            }
            Self::Halves(halves) => {
                let sign = if *halves < 0 { "-" } else { "" };
                format!("{sign}{}.5", halves.abs() / 2)
            }
            Self::Text(text) if random.chance(2) => {
                let unit = |unit| format!("\\u{unit:04x}");
                format!("\"{}\"", text.encode_utf16().map(unit).collect::<String>())
            }
            Self::Text(text) => format!("\"{text}\""),
        })
    }

    /// `{"item":…}`, or `{}` if undefined.
    pub(super) fn item(&self, random: &mut Random) -> String {
        let item = self.json(random).map(|json| format!("\"item\":{json}"));
        format!("{{{}}}", item.unwrap_or_default())
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |scalar: &Self| match scalar {
            Self::Undefined => (0, 0, vec![]),
            Self::Null => (1, 0, vec![]),
            Self::Boolean(value) => (2, i128::from(*value), vec![]),
            Self::Halves(halves) => (3, *halves, vec![]),
            Self::Text(text) => (4, 0, text.encode_utf16().collect()),
        };
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
