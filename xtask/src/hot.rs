//! Which functions of a component are compiled for speed; all others are compiled for size.
//!
//! A warm operation runs a small part of the driver; `hot.txt` names it. The compiler takes attributes by the names of
//! compiled functions, which hold hashes, and generic code has many: so a first build lists them all.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::Result;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// Modules with their crates, or `module: function function`.
const RULES: &str = include_str!("hot.txt");

/// What every other function becomes: small, and part of no other unless that is smaller.
const ATTRIBUTES: [&str; 2] = ["minsize", "function-inline-threshold=0"];

/// And what is generic, which hot functions are made of too: they may take it in while it is tiny. A fortieth of the fuel.
const GENERIC: [&str; 2] = ["minsize", "function-inline-threshold=25"];

/// The cold functions of a component that has their names, as lines `function,attribute` for the compiler.
pub(crate) fn cold(component: &[u8]) -> Result<String> {
    let rules: Vec<Rule> = rules().collect();
    let mut lines = String::new();
    for function in functions(component)? {
        // What has a plain name is an entry or the C library's.
        let is_rust = function.starts_with("_ZN") || function.starts_with("_R");
        if is_rust && !rules.iter().any(|rule| rule.covers(function)) {
            let own = Path::new("cosmosdb_driver").begins(function);
            for attribute in if own { ATTRIBUTES } else { GENERIC } {
                lines.push_str(&[function, ",", attribute, "\n"].concat());
            }
        }
    }
    Ok(lines)
}

/// A name by its content: cargo builds again when a flag changes, and does not see the file behind it.
pub(crate) fn file_name(list: &str) -> String {
    let mut hasher = DefaultHasher::new();
    list.hash(&mut hasher);
    format!("cold-{:016x}.csv", hasher.finish())
}

/// What cargo said, but for the compiler's notes that functions of the list are inlined already.
pub(crate) fn without_notes(said: &str) -> impl Iterator<Item = &str> {
    said.lines()
        .filter(|line| !line.starts_with("Function in CSV file at line "))
}

/// The names of all functions, as far as the component keeps them.
fn functions(component: &[u8]) -> Result<BTreeSet<&str>> {
    let mut names = BTreeSet::new();
    for payload in Parser::new(0).parse_all(component) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        let KnownCustom::Name(subsections) = section.as_known() else {
            continue;
        };
        for subsection in subsections {
            if let Name::Function(functions) = subsection? {
                for function in functions {
                    names.insert(function?.name);
                }
            }
        }
    }
    Ok(names)
}

/// A line of the rules.
struct Rule {
    module: Path,
    /// Empty: all of the module.
    functions: Vec<Path>,
}

impl Rule {
    fn parse(line: &str) -> Self {
        let (module, functions) = line.split_once(": ").unwrap_or((line, ""));
        Self {
            module: Path::new(module),
            functions: functions.split_whitespace().map(Path::new).collect(),
        }
    }

    fn covers(&self, symbol: &str) -> bool {
        let functions = &self.functions;
        self.module.find(symbol).is_some_and(|rest| {
            functions.is_empty() || functions.iter().any(|name| name.find(rest).is_some())
        })
    }
}

/// A path as compiled names spell it.
struct Path {
    /// Of what is defined there: `5alloc3vec`.
    counted: String,
    /// Of what is defined for a type: `alloc..vec`.
    dotted: String,
}

impl Path {
    fn new(path: &str) -> Self {
        let parts = path.split("::");
        Self {
            counted: parts.map(|part| format!("{}{part}", part.len())).collect(),
            dotted: path.replace("::", ".."),
        }
    }

    /// Whether it is defined there, not only made for a type from there.
    fn begins(&self, symbol: &str) -> bool {
        let path = symbol.strip_prefix("_ZN").unwrap_or_default();
        // An implementation is named after its type.
        let implementation = path.trim_start_matches(|c: char| c.is_ascii_digit());
        path.starts_with(&self.counted)
            || implementation.starts_with("_$LT$") && path.contains(&self.dotted)
    }

    /// What follows the path.
    fn find<'a>(&self, symbol: &'a str) -> Option<&'a str> {
        let counted = symbol.split_once(&self.counted).map(|(_, rest)| rest);
        counted.or_else(|| {
            let (_, rest) = symbol.split_once(&self.dotted)?;
            let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            ends.then_some(rest)
        })
    }
}

/// The lines of [`RULES`] that are no comments.
fn rules() -> impl Iterator<Item = Rule> {
    let lines = RULES.lines().filter(|line| !line.starts_with('#'));
    lines.map(Rule::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(rule: &str, symbol: &str) -> bool {
        Rule::parse(rule).covers(symbol)
    }

    #[test]
    fn a_rule_covers_what_is_defined_there_and_what_is_made_for_its_types() {
        let own = "_ZN15cosmosdb_driver4wire5patch4body17h0E";
        let of_a_type = "_ZN4core3ptr9drop$LT$cosmosdb_driver..core..error..Error$GT$17h0E";
        let of_std = "_RNvMs_NtCs5cOc_5alloc3vecINtB6_3VecppE7reserveB4_";
        let table = [
            ("cosmosdb_driver::wire::patch", own, true),
            ("cosmosdb_driver::wire::pat", own, false),
            ("other::wire::patch", own, false),
            ("cosmosdb_driver::core::error", of_a_type, true),
            ("cosmosdb_driver::core::err", of_a_type, false),
            ("cosmosdb_driver::wire::patch: body step", own, true),
            ("cosmosdb_driver::wire::patch: step", own, false),
            ("alloc::vec: reserve", of_std, true),
            ("alloc::vec: push", of_std, false),
        ];
        for (rule, symbol, expected) in table {
            assert_eq!(covers(rule, symbol), expected, "{rule}: {symbol}");
        }
    }

    #[test]
    fn every_rule_is_in_order_and_names_functions() {
        let lines: Vec<&str> = RULES
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert!(lines.is_sorted(), "keep hot.txt sorted");
        for line in lines {
            assert!(line.contains("::") || line.contains(": "), "{line}");
        }
    }

    #[test]
    fn the_functions_of_inner_modules_are_listed() -> Result<()> {
        // A component with one core module whose name section calls function 0 as given.
        let name = b"_ZN15cosmosdb_driver4wire5patch4body17h0E";
        let length = |n: usize| u8::try_from(n).map_err(anyhow::Error::from);
        let map = [&[1, 0, length(name.len())?][..], name].concat();
        let section = [&b"\x04name\x01"[..], &[length(map.len())?], &map].concat();
        let module = [
            b"\0asm\x01\0\0\0\0",
            &[length(section.len())?][..],
            &section,
        ]
        .concat();
        let component = [
            b"\0asm\x0d\0\x01\0\x01",
            &[length(module.len())?][..],
            &module,
        ]
        .concat();
        let [first, second] = ATTRIBUTES;
        let name = std::str::from_utf8(name)?;
        assert_eq!(
            cold(&component)?,
            format!("{name},{first}\n{name},{second}\n")
        );
        assert!(cold(b"no wasm").is_err());
        Ok(())
    }
}
