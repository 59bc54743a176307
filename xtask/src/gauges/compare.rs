//! Recorded against measured: sizes may wander a little, everything else is exact.

use std::collections::BTreeSet;
use std::fmt;

use super::record::{Gauges, Value};

/// The most that a component may weigh, in bytes.
const RAW_LIMIT: u64 = 600_000;

/// The most fuel that a warm point read may burn in a blocking call.
const READ_LIMIT: u64 = 74_903;

/// How far a size may be from the recorded one, in percent: compilers and paths move it without a cause in the code.
const SIZE_TOLERANCE: u64 = 2;

/// What the comparison of one gauge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Changed,
    /// Measured, but not recorded.
    New,
    /// Recorded, but not measured.
    Gone,
    /// Over its limit, whatever is recorded.
    OverLimit,
}

/// One gauge, for the table.
pub(super) struct Row<'a> {
    name: &'a str,
    recorded: Option<&'a Value>,
    measured: Option<&'a Value>,
    pub(super) verdict: Verdict,
}

/// Compares all gauges that either side knows, in the order of their names.
pub(super) fn compare<'a>(recorded: &'a Gauges, measured: &'a Gauges) -> Vec<Row<'a>> {
    let names: BTreeSet<&String> = recorded.keys().chain(measured.keys()).collect();
    let row = |name: &'a String| {
        let (recorded, measured) = (recorded.get(name), measured.get(name));
        Row {
            name,
            recorded,
            measured,
            verdict: judge(name, recorded, measured),
        }
    };
    names.into_iter().map(row).collect()
}

fn limit(name: &str) -> u64 {
    match name {
        "fuel.blocking.read" => READ_LIMIT,
        _ if name.ends_with(".size.raw") => RAW_LIMIT,
        _ => u64::MAX,
    }
}

fn judge(name: &str, recorded: Option<&Value>, measured: Option<&Value>) -> Verdict {
    match (recorded, measured) {
        (_, Some(Value::Number(measured))) if *measured > limit(name) => Verdict::OverLimit,
        (None, _) => Verdict::New,
        (_, None) => Verdict::Gone,
        (Some(Value::Number(old)), Some(Value::Number(new))) if name.contains(".size.") => {
            let tolerated = old.saturating_mul(SIZE_TOLERANCE) / 100;
            if old.abs_diff(*new) <= tolerated {
                Verdict::Same
            } else {
                Verdict::Changed
            }
        }
        (Some(old), Some(new)) if old == new => Verdict::Same,
        _ => Verdict::Changed,
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Same => "",
            Verdict::Changed => "CHANGED",
            Verdict::New => "NEW",
            Verdict::Gone => "GONE",
            Verdict::OverLimit => "OVER THE LIMIT",
        };
        let (recorded, measured) = (cell(self.recorded), cell(self.measured));
        let line = format!("{:<34} {recorded:>10} {measured:>10}  {verdict}", self.name);
        f.write_str(line.trim_end())?;
        let (old, new) = (names(self.recorded), names(self.measured));
        old.iter()
            .filter(|name| !new.contains(name))
            .try_for_each(|name| write!(f, "\n  - {name}"))?;
        new.iter()
            .filter(|name| !old.contains(name))
            .try_for_each(|name| write!(f, "\n  + {name}"))
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Names(names)) => format!("{} names", names.len()),
    }
}

fn names(value: Option<&Value>) -> &[String] {
    match value {
        Some(Value::Names(names)) => names,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, recorded: Option<u64>, measured: Option<u64>) -> Verdict {
        let value = |number: Option<u64>| number.map(Value::Number);
        judge(name, value(recorded).as_ref(), value(measured).as_ref())
    }

    #[test]
    fn counts_are_exact() {
        assert_eq!(
            verdict("fuel.blocking.read", Some(12_345), Some(12_345)),
            Verdict::Same
        );
        assert_eq!(
            verdict("fuel.blocking.read", Some(12_345), Some(12_344)),
            Verdict::Changed
        );
        assert_eq!(
            verdict("wire.cold.read", Some(3), Some(4)),
            Verdict::Changed
        );
    }

    #[test]
    fn sizes_may_wander_by_two_percent() {
        assert_eq!(
            verdict("p2.size.raw", Some(100_000), Some(102_000)),
            Verdict::Same
        );
        assert_eq!(
            verdict("p2.size.raw", Some(100_000), Some(98_000)),
            Verdict::Same
        );
        assert_eq!(
            verdict("p2.size.raw", Some(100_000), Some(102_001)),
            Verdict::Changed
        );
        assert_eq!(
            verdict("p2.size.gzip", Some(100_000), Some(97_999)),
            Verdict::Changed
        );
    }

    #[test]
    fn the_limit_holds_whatever_is_recorded() {
        assert_eq!(
            verdict("p3.size.raw", Some(RAW_LIMIT), Some(RAW_LIMIT)),
            Verdict::Same
        );
        let over = RAW_LIMIT + 1;
        assert_eq!(
            verdict("p3.size.raw", Some(over), Some(over)),
            Verdict::OverLimit
        );
        assert_eq!(verdict("p3.size.raw", None, Some(over)), Verdict::OverLimit);
        let fuel = Some(READ_LIMIT + 1);
        assert_eq!(
            verdict("fuel.blocking.read", fuel, fuel),
            Verdict::OverLimit
        );
        assert_eq!(verdict("fuel.tasks.read", fuel, fuel), Verdict::Same);
    }

    #[test]
    fn a_gauge_cannot_appear_or_vanish_unseen() {
        assert_eq!(verdict("fuel.new", None, Some(1)), Verdict::New);
        assert_eq!(verdict("fuel.old", Some(1), None), Verdict::Gone);
    }

    #[test]
    fn imports_are_exact_and_the_difference_is_shown() {
        let gauges = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Gauges::from([("p2.imports".to_owned(), Value::Names(names))])
        };
        let recorded = gauges(&["wasi:http/types@0.2.12", "wasi:io/poll@0.2.12"]);
        let measured = gauges(&["wasi:cli/environment@0.2.12", "wasi:http/types@0.2.12"]);
        let rows = compare(&recorded, &measured);
        let [row] = rows.as_slice() else {
            panic!("one row, not {}", rows.len())
        };
        assert_eq!(row.verdict, Verdict::Changed);
        let text = row.to_string();
        assert!(text.contains("\n  + wasi:cli/environment@0.2.12"), "{text}");
        assert!(text.contains("\n  - wasi:io/poll@0.2.12"), "{text}");
        assert!(!text.contains("wasi:http/types"), "{text}");
    }
}
