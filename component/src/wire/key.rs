//! Partition keys as a header carries them (spec driver-core §1.5, data-plane §1.2).

use std::fmt::{self, Write};

use super::Invalid;
use super::json;

/// The header's limit of hierarchical levels.
const MAX_COMPONENTS: usize = 3;

/// The service's limit for a partition key value, in bytes of UTF-8.
const MAX_TEXT_BYTES: usize = 2048;

/// What hosts send in headers is limited; three texts of mere control characters would take the half of it.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// Whole numbers below this print without exponent and without fraction (2^63).
const INTEGER_LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// One component of a partition key: the value at one of the container's partition key paths.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyComponent {
    /// The property is missing; not the same as null.
    Undefined,
    /// JSON's `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A finite number.
    Number(f64),
    /// Text of at most 2048 bytes.
    Text(String),
}

/// The value of `x-ms-documentdb-partitionkey`: an ASCII JSON array with one element per component.
///
/// Errors: no component or more than three, NaN or infinity, a text over 2048 bytes, more than 16 KiB in all when
/// escaped.
pub fn header_value(components: &[KeyComponent]) -> Result<String, Invalid> {
    if components.is_empty() {
        return Err(Invalid::new(
            "the partition key has no component: give at least one, or leave the key out",
        ));
    }
    if components.len() > MAX_COMPONENTS {
        return Err(Invalid::new(
            "the partition key has more than 3 components, the service's limit: \
             give one per partition key path of the container",
        ));
    }
    let mut header = String::with_capacity(64);
    for component in components {
        header.push(if header.is_empty() { '[' } else { ',' });
        push_component(&mut header, component)?;
    }
    header.push(']');
    if header.len() > MAX_HEADER_BYTES {
        return Err(Invalid::new(
            "the partition key is longer than 16 KiB when its characters are escaped, more than hosts send in a header: \
             use shorter texts, or fewer control characters",
        ));
    }
    Ok(header)
}

/// The number as the service stores and hashes it: `-0.0` is `0.0`. Errors: NaN or infinity.
pub(super) fn normalized(number: f64) -> Result<f64, Invalid> {
    if !number.is_finite() {
        return Err(Invalid::new(
            "a number in the partition key is NaN or infinite, which JSON cannot express: give a finite number",
        ));
    }
    Ok(if number == 0.0 { 0.0 } else { number })
}

fn push_component(header: &mut String, component: &KeyComponent) -> Result<(), Invalid> {
    match component {
        KeyComponent::Undefined => header.push_str("{}"),
        KeyComponent::Null => header.push_str("null"),
        KeyComponent::Boolean(true) => header.push_str("true"),
        KeyComponent::Boolean(false) => header.push_str("false"),
        KeyComponent::Number(number) => push_number(header, normalized(*number)?),
        KeyComponent::Text(text) if text.len() > MAX_TEXT_BYTES => {
            return Err(Invalid::new(
                "a text in the partition key is longer than 2048 bytes, the service's limit: use a shorter value",
            ));
        }
        KeyComponent::Text(text) => json::push_ascii(header, text),
    }
    Ok(())
}

/// Writes a finite number as the service does: whole ones without a point.
pub(super) fn push_number(header: &mut String, number: f64) {
    if number.fract() == 0.0 && number.abs() < INTEGER_LIMIT {
        append(header, format_args!("{}", number as i64));
    } else {
        header.push_str(ryu::Buffer::new().format_finite(number));
    }
}

fn append(header: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = header.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::KeyComponent::{Boolean, Null, Number, Text, Undefined};
    use super::*;
    use crate::wire::testing::Random;
    use serde_json::value::RawValue;

    fn text(text: &str) -> KeyComponent {
        Text(text.to_owned())
    }

    #[test]
    fn components_have_one_spelling() {
        for (component, expected) in [
            (Undefined, "[{}]"),
            (Null, "[null]"),
            (Boolean(true), "[true]"),
            (Boolean(false), "[false]"),
            (Number(0.0), "[0]"),
            (Number(-0.0), "[0]"),
            (Number(1.0), "[1]"),
            (Number(-128.0), "[-128]"),
            (Number(3.5), "[3.5]"),
            (Number(0.1), "[0.1]"),
            (Number(1e-7), "[1e-7]"),
            (Number(9_007_199_254_740_993.0), "[9007199254740992]"),
            (
                Number(-9_223_372_036_854_774_784.0),
                "[-9223372036854774784]",
            ),
            (
                Number(9_223_372_036_854_775_808.0),
                "[9.223372036854776e18]",
            ),
            (Number(1e21), "[1e21]"),
            (Number(f64::MAX), "[1.7976931348623157e308]"),
            (Number(5e-324), "[5e-324]"),
            (text(""), r#"[""]"#),
            (text("item 1"), r#"["item 1"]"#),
            (text(r#"a"b\c/d"#), r#"["a\"b\\c/d"]"#),
            (text("\u{8}\u{c}\n\r\t"), r#"["\b\f\n\r\t"]"#),
            (text("\0\u{1f}\u{7f}"), r#"["\u0000\u001f\u007f"]"#),
            (
                text("café 東京 🚀!"),
                r#"["caf\u00e9 \u6771\u4eac \ud83d\ude80!"]"#,
            ),
        ] {
            assert_eq!(header_value(&[component]).unwrap(), expected);
        }
    }

    #[test]
    fn hierarchical_keys_are_arrays() {
        let key = [text("tenant"), Undefined, Number(7.0)];
        assert_eq!(header_value(&key).unwrap(), r#"["tenant",{},7]"#);
    }

    #[test]
    fn what_the_service_would_refuse_is_refused() {
        for (components, said) in [
            (vec![], "no component"),
            (vec![Null; 4], "more than 3"),
            (vec![Number(f64::NAN)], "NaN"),
            (vec![Number(f64::INFINITY)], "infinite"),
            (vec![Null, Number(f64::NEG_INFINITY)], "infinite"),
            (vec![text(&"é".repeat(1025))], "2048 bytes"),
            (
                vec![text(&"\u{1}".repeat(2048)), text(&"\u{1}".repeat(2048))],
                "16 KiB",
            ),
        ] {
            let error = header_value(&components).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(header_value(&[text(&"é".repeat(1024))]).is_ok());
    }

    #[test]
    fn any_key_is_ascii_json_of_the_same_value() {
        let mut random = Random::new(1);
        for _ in 0..4000 {
            let number = f64::from_bits(random.next());
            let number = if number.is_finite() { number } else { 0.5 };
            let key = [Text(random.unicode(40)), Number(number)];
            let header = header_value(&key).unwrap();
            assert!(
                header.bytes().all(|b| matches!(b, b' '..=b'~')),
                "{header:?}"
            );
            // Numbers as text: not every JSON parser reads them to the last bit.
            let (text, number): (String, &RawValue) = serde_json::from_str(&header).unwrap();
            let number = Number(number.get().parse().unwrap());
            assert_eq!([Text(text), number], key);
        }
    }
}
