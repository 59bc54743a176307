//! Ranges of effective partition keys (spec data-plane §1.4).

use super::epk::Epk;
use super::sort::sort;

/// The points from `min` (inclusive) to `max` (exclusive).
///
/// Compared as points are: trailing zero bytes of a bound do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpkRange {
    /// The lowest point.
    pub min: Epk,
    /// The end, which is no part of it.
    pub max: Epk,
}

impl EpkRange {
    /// The whole space.
    pub const ALL: Self = Self {
        min: Epk::MIN,
        max: Epk::MAX,
    };

    /// Whether there is no point in it.
    pub fn is_empty(&self) -> bool {
        !is_below(&self.min, &self.max)
    }

    /// Whether all of the other one lies in this.
    pub fn contains(&self, other: &Self) -> bool {
        !is_below(&other.min, &self.min) && !is_below(&self.max, &other.max)
    }

    /// Whether this point lies in it.
    pub fn holds(&self, point: &Epk) -> bool {
        !is_below(point, &self.min) && is_below(point, &self.max)
    }

    /// What both have in common, none if that is nothing.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let min = later(&self.min, &other.min);
        let max = earlier(&self.max, &other.max);
        is_below(min, max).then(|| Self {
            min: min.clone(),
            max: max.clone(),
        })
    }
}

/// The greater point, the first if they are equal.
pub fn later<'a>(one: &'a Epk, other: &'a Epk) -> &'a Epk {
    if is_below(one, other) { other } else { one }
}

/// The smaller point, the first if they are equal.
pub fn earlier<'a>(one: &'a Epk, other: &'a Epk) -> &'a Epk {
    if is_below(other, one) { other } else { one }
}

/// Comparing points is many instructions, which would be repeated wherever it is done.
#[inline(never)]
fn is_below(one: &Epk, other: &Epk) -> bool {
    one < other
}

/// The same points in ascending order, each once: ranges that overlap or touch become one, empty ones go.
pub fn disjoint(mut ranges: Vec<EpkRange>) -> Vec<EpkRange> {
    if !ranges.is_sorted_by(|one, other| !is_below(&other.min, &one.min)) {
        sort(&mut ranges, &|one, other| is_below(&one.min, &other.min));
    }
    let mut kept: Vec<EpkRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match kept.last_mut() {
            _ if range.is_empty() => {}
            Some(last) if !is_below(&last.max, &range.min) => {
                if is_below(&last.max, &range.max) {
                    last.max = range.max;
                }
            }
            _ => kept.push(range),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    fn range(min: &str, max: &str) -> EpkRange {
        EpkRange {
            min: min.parse().unwrap(),
            max: max.parse().unwrap(),
        }
    }

    #[test]
    fn ranges_meet_where_both_are() {
        let middle = range("40", "80");
        for (other, expected) in [
            (EpkRange::ALL, Some(range("40", "80"))),
            (range("50", "60"), Some(range("50", "60"))),
            (range("", "41"), Some(range("40", "41"))),
            (range("7F", "FF"), Some(range("7F", "80"))),
            (range("4000", "8000"), Some(range("40", "80"))),
            (range("80", "FF"), None),
            (range("", "4000"), None),
            (range("60", "50"), None),
        ] {
            assert_eq!(middle.intersection(&other), expected, "{other:?}");
            assert_eq!(other.intersection(&middle), expected, "{other:?}");
            let whole = expected.as_ref() == Some(&other);
            assert_eq!(middle.contains(&other), whole || other.is_empty());
        }
        assert!(range("40", "4000").is_empty() && !range("40", "400001").is_empty());
    }

    #[test]
    fn disjoint_ranges_hold_the_same_points() {
        for (ranges, expected) in [
            (vec![], vec![]),
            (vec![range("41", "41"), range("50", "40")], vec![]),
            (
                vec![range("80", "FF"), range("", "40")],
                vec![range("", "40"), range("80", "FF")],
            ),
            (
                vec![range("40", "60"), range("", "4000"), range("50", "55")],
                vec![range("", "60")],
            ),
            (
                vec![range("40", "41"), range("42", "43"), range("40", "41")],
                vec![range("40", "41"), range("42", "43")],
            ),
        ] {
            assert_eq!(disjoint(ranges.clone()), expected, "{ranges:?}");
        }
    }

    #[test]
    fn any_ranges_are_sorted_and_joined() {
        let mut random = Random::new(7);
        for _ in 0..2000 {
            let ranges: Vec<_> = (0..random.below(30))
                .map(|_| {
                    let min = random.below(0xF8);
                    let max = min + random.below(6);
                    range(&format!("{min:02X}"), &format!("{max:02X}"))
                })
                .collect();
            let joined = disjoint(ranges.clone());
            assert!(joined.is_sorted_by(|one, other| one.max < other.min));
            for point in 0..0xFF {
                let point = range(&format!("{point:02X}"), &format!("{point:02X}80"));
                let holds = |ranges: &[EpkRange]| ranges.iter().any(|r| r.contains(&point));
                assert_eq!(holds(&ranges), holds(&joined), "{ranges:?}");
            }
        }
    }
}
