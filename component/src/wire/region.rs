//! Region names (spec driver-core §3.2).

/// The canonical form of a region's name, the only one to compare: no whitespace, lower case.
/// `West US 2` becomes `westus2`.
pub fn canonical(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn names_become_canonical() {
        for (name, expected) in [
            ("West US 2", "westus2"),
            ("westus2", "westus2"),
            (" East\tAsia\u{a0}", "eastasia"),
            ("", ""),
        ] {
            assert_eq!(canonical(name), expected, "{name:?}");
        }
    }
}
