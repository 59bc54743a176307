//! Feed ranges as texts that other drivers understand (spec data-plane §5.2).
//!
//! `{"Range":{"min":"","max":"FF","isMinInclusive":true,"isMaxInclusive":false}}`, or the base64 of it.

use super::Invalid;
use super::base64::{self, Form};
use super::epk::Epk;
use super::json;

/// Longer texts are refused.
const MAX_BYTES: usize = 4096;

/// The JSON of the range from `min` to `max` (exclusive).
pub fn to_json(min: &Epk, max: &Epk) -> String {
    format!(
        r#"{{"Range":{{"min":"{min}","max":"{max}","isMinInclusive":true,"isMaxInclusive":false}}}}"#
    )
}

/// The base64 of the JSON.
pub fn to_text(min: &Epk, max: &Epk) -> String {
    base64::encode(Form::Standard, to_json(min, max).as_bytes())
}

/// Reads either form.
///
/// # Errors
/// No such text; a range that includes its end or not its beginning, is empty, or reaches beyond the hash space.
pub fn parse(text: &str) -> Result<(Epk, Epk), Invalid> {
    let refused = || {
        Invalid::new(
            "the feed range is no text of a range from an inclusive to an exclusive point: pass it as a driver gave it",
        )
    };
    if text.len() > MAX_BYTES {
        return Err(refused());
    }
    let decoded = if text.trim_ascii_start().starts_with('{') {
        text.as_bytes().to_vec()
    } else {
        base64::decode(Form::Standard, text.trim_ascii().as_bytes()).ok_or_else(refused)?
    };
    range(&decoded).ok_or_else(refused)
}

fn range(json: &[u8]) -> Option<(Epk, Epk)> {
    let mut range = None;
    json::members(json, &mut |name, value| {
        if name == "Range" {
            range = Some(value);
        }
    })?;
    let (mut min, mut max, mut from, mut to) = (None, None, true, false);
    json::members(range?.get().as_bytes(), &mut |name, value| match name {
        "min" => min = json::text(value),
        "max" => max = json::text(value),
        "isMinInclusive" => from = json::is_true(value),
        "isMaxInclusive" => to = json::is_true(value),
        _ => {}
    })?;
    let (min, max): (Epk, Epk) = (min?.parse().ok()?, max?.parse().ok()?);
    (from && !to && min < max && max <= Epk::MAX).then_some((min, max))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    const ALL: &str =
        r#"{"Range":{"min":"","max":"FF","isMinInclusive":true,"isMaxInclusive":false}}"#;

    #[test]
    fn both_forms_come_back() {
        assert_eq!(to_json(&Epk::MIN, &Epk::MAX), ALL);
        let points = ["", "05C1CF33970FF80800", "1000", "3FFF", "FF"];
        for (place, min) in points.iter().enumerate() {
            for max in points.iter().skip(place + 1) {
                let (min, max): (Epk, Epk) = (min.parse().unwrap(), max.parse().unwrap());
                for text in [to_json(&min, &max), to_text(&min, &max)] {
                    let (from, to) = parse(&text).unwrap();
                    assert_eq!((from.to_hex(), to.to_hex()), (min.to_hex(), max.to_hex()));
                }
            }
        }
        assert!(
            parse(&format!(
                " {}\n",
                base64::encode(Form::Standard, ALL.as_bytes())
            ))
            .is_ok()
        );
        assert!(parse(r#"{"Range":{"min":"10","max":"1a"},"other":1}"#).is_ok());
    }

    #[test]
    fn only_half_open_ranges_are_taken() {
        for text in [
            "",
            "{}",
            "7",
            "AAAA",
            "%%%",
            r#"{"Range":7}"#,
            r#"{"Range":{"min":"10"}}"#,
            r#"{"Range":{"min":10,"max":"20"}}"#,
            r#"{"Range":{"min":"1","max":"20"}}"#,
            r#"{"Range":{"min":"20","max":"20"}}"#,
            r#"{"Range":{"min":"20","max":"10"}}"#,
            r#"{"Range":{"min":"20","max":"FF01"}}"#,
            r#"{"Range":{"min":"10","max":"20","isMinInclusive":false}}"#,
            r#"{"Range":{"min":"10","max":"20","isMaxInclusive":true}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&" ".repeat(5000)).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused() {
        let mut random = Random::new(9);
        for _ in 0..4000 {
            let _ = parse(&random.unicode(40));
            let _ = parse(&base64::encode(Form::Standard, &random.bytes(40)));
        }
    }
}
