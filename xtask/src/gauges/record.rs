//! The flat list of gauges in `gauges.toml`.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};

/// All gauges by name, such as `fuel.blocking.read`.
pub(crate) type Gauges = BTreeMap<String, Value>;

/// What a gauge shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Bytes, units of fuel, or requests.
    Number(u64),
    /// Imports, sorted.
    Names(Vec<String>),
}

/// Reads `gauges.toml`.
///
/// # Errors
/// It is not TOML, or a value is neither a natural number nor a list of strings.
pub(super) fn parse(text: &str) -> Result<Gauges> {
    let table: toml::Table = text.parse()?;
    let gauge = |(key, value): (String, toml::Value)| {
        let value = match &value {
            toml::Value::Integer(number) => u64::try_from(*number).ok().map(Value::Number),
            toml::Value::Array(names) => strings(names).map(Value::Names),
            _ => None,
        };
        let value =
            value.with_context(|| format!("`{key}` is neither a number nor a list of names"))?;
        Ok((key, value))
    };
    table.into_iter().map(gauge).collect()
}

fn strings(values: &[toml::Value]) -> Option<Vec<String>> {
    values
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect()
}

/// Writes `gauges.toml`, sorted by name.
pub(super) fn render(gauges: &Gauges) -> String {
    let mut text = String::from(
        "# What the components cost: bytes, imports, units of fuel, requests on the wire.\n\
         # Written by `cargo xtask gauges --accept`; README.md says what the gauges mean.\n",
    );
    for (key, value) in gauges {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Number(number) => writeln!(text, "{key:?} = {number}"),
            Value::Names(names) => writeln!(text, "{key:?} = {names:#?}"),
        };
    }
    text
}

/// Reads lines of the form `name number`.
///
/// # Errors
/// A line has another form, or a name comes twice.
pub(super) fn parse_lines(text: &str) -> Result<Gauges> {
    let mut gauges = Gauges::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let pair = line.trim().split_once(' ');
        let pair = pair.and_then(|(name, value)| Some((name, value.trim().parse().ok()?)));
        let Some((name, number)) = pair else {
            bail!("`{line}` is not a name and a number")
        };
        let old = gauges.insert(name.to_owned(), Value::Number(number));
        ensure!(old.is_none(), "the gauge `{name}` was measured twice");
    }
    Ok(gauges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let gauges = Gauges::from([
            ("fuel.blocking.read".to_owned(), Value::Number(12_345)),
            (
                "p2.imports".to_owned(),
                Value::Names(vec!["wasi:http/types@0.2.12".to_owned()]),
            ),
            ("p3.imports".to_owned(), Value::Names(Vec::new())),
        ]);
        assert_eq!(parse(&render(&gauges)).unwrap(), gauges);
    }

    #[test]
    fn other_values_are_refused() {
        for text in [
            "\"a\" = \"text\"",
            "\"a\" = -1",
            "\"a\" = [1]",
            "a.b = 1",
            "a",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_names_and_numbers() {
        let gauges = parse_lines("wire.cold.read 3\n\nfuel.blocking.read 12345\n").unwrap();
        assert_eq!(gauges.get("wire.cold.read"), Some(&Value::Number(3)));
        assert_eq!(gauges.len(), 2);
        for text in ["alone", "a b", "a 1 2", "a -1", "a 1\na 1"] {
            assert!(parse_lines(text).is_err(), "{text}");
        }
    }
}
