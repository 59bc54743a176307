//! A component that is nothing but a text.

use std::fmt::Write as _;

use anyhow::{Context, Result};

/// A component that exports `example:middleware/settings`: a text for one layer, written into the composition. Who reads
/// the composed file reads the text; a host that implements the interface itself keeps it to itself.
///
/// Errors: the text is larger than a gigabyte.
pub fn settings(text: &str) -> Result<Vec<u8>> {
    const START: usize = 8;
    const PAGE: usize = 64 << 10;
    let pages = text.len().saturating_add(START).div_ceil(PAGE);
    let data = escaped(text.as_bytes());
    let place = [u32::try_from(START)?, u32::try_from(text.len())?].map(u32::to_le_bytes);
    let place = escaped(place.as_flattened());
    let component = format!(
        r#"(component
            (core module $text
                (memory (export "memory") {pages})
                (data (i32.const 0) "{place}{data}")
                (func (export "get") (result i32) (i32.const 0)))
            (core instance $text (instantiate $text))
            (func $get (result string) (canon lift (core func $text "get") (memory (core memory $text "memory"))))
            (instance $settings (export "get" (func $get)))
            (export "example:middleware/settings@0.1.0" (instance $settings)))"#
    );
    wat::parse_str(component).context("no component can hold this text")
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(3));
    for byte in bytes {
        // Writing into a string does not fail.
        let _ = write!(text, "\\{byte:02x}");
    }
    text
}
