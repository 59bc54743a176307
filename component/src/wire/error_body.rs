//! What the service says about an error (spec data-plane §9).

use super::json::{self, Json};
use super::text::find;

/// Larger bodies are not parsed: they are no error envelopes, and reading them would cost the caller.
const MAX_JSON_BYTES: usize = 64 * 1024;

const MAX_CODE_BYTES: usize = 128;
const MAX_DETAIL_BYTES: usize = 512;

/// The useful parts of an error response's body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ErrorBody {
    /// The service's name for the error, for example `NotFound`. At most 128 bytes.
    pub code: Option<String>,
    /// What went wrong, for people: one line of at most 512 bytes, without control characters.
    pub detail: Option<String>,
}

/// Reads any body: the service's `{"code", "message"}`, with the errors nested in its message unwrapped; else the
/// body's beginning as text. Looks at no more than 64 KiB. `hide` takes secrets out of the texts before they are cut.
pub fn parse(body: &[u8], hide: &dyn Fn(&mut String)) -> ErrorBody {
    let line = |mut text: String, limit| {
        hide(&mut text);
        one_line(&text, limit)
    };
    match envelope(body) {
        Some(Envelope { code, message }) if code.is_some() || message.is_some() => ErrorBody {
            code: code.and_then(|code| line(text(code), MAX_CODE_BYTES)),
            detail: message.and_then(|message| line(detail(text(message)), MAX_DETAIL_BYTES)),
        },
        _ => {
            let beginning = body.get(..MAX_JSON_BYTES).unwrap_or(body);
            let text = String::from_utf8_lossy(beginning).into_owned();
            ErrorBody {
                code: None,
                detail: line(text, MAX_DETAIL_BYTES),
            }
        }
    }
}

#[derive(Default)]
struct Envelope<'a> {
    code: Option<Json<'a>>,
    message: Option<Json<'a>>,
}

fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    if body.len() > MAX_JSON_BYTES {
        return None;
    }
    let mut envelope = Envelope::default();
    let read = json::members(body, &mut |name, value| match name {
        _ if value.get() == "null" => {}
        "code" => envelope.code = Some(value),
        "message" => envelope.message = Some(value),
        _ => {}
    });
    read.map(|()| envelope)
}

/// A JSON string's text; any other value as it is written.
fn text(raw: Json<'_>) -> String {
    json::text(raw).unwrap_or_else(|| raw.get().to_owned())
}

fn detail(message: String) -> String {
    if let Some(errors) = nested_errors(&message) {
        return errors;
    }
    // What follows the activity id (which travels in a header too) is about the service's inner working.
    let useful = find(&message, "ActivityId:").and_then(|at| message.get(..at));
    let useful = useful.map(|useful| useful.trim_end_matches([',', '\r', '\n', ' ']));
    match useful.filter(|useful| !useful.is_empty()) {
        Some(useful) => useful.to_owned(),
        None => message,
    }
}

/// What a message holds after `Message: `: a list of errors, each a text or an object with a message, and mostly a code
/// that people look for (`SC2001`).
fn nested_errors(message: &str) -> Option<String> {
    let nested = message.get(message.find('{')?..)?;
    // More text follows the JSON.
    let object = Json::first(nested)?;
    let mut errors = None;
    json::members(object.get().as_bytes(), &mut |name, value| {
        if name.eq_ignore_ascii_case("errors") {
            errors = json::elements(value);
        }
    })?;
    let texts: Vec<String> = errors?.into_iter().map(error_text).collect();
    Some(texts.join("; ")).filter(|text| !text.is_empty())
}

fn error_text(raw: Json<'_>) -> String {
    match envelope(raw.get().as_bytes()) {
        Some(Envelope {
            code: Some(code),
            message: Some(message),
        }) => [&*text(code), ": ", &*text(message)].concat(),
        found => text(found.and_then(|found| found.message).unwrap_or(raw)),
    }
}

/// The text with every run of whitespace and control characters made one space, cut at a character's end.
fn one_line(text: &str, limit: usize) -> Option<String> {
    let mut line = String::new();
    let mut gap = false;
    for c in text.chars() {
        if c.is_control() || c.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        let added = c.len_utf8().saturating_add(gap.into());
        if line.len().saturating_add(added) > limit {
            break;
        }
        if gap {
            line.push(' ');
            gap = false;
        }
        line.push(c);
    }
    Some(line).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::Random;

    fn parts(body: &[u8]) -> (Option<String>, Option<String>) {
        let ErrorBody { code, detail } = parse(body, &|_| {});
        (code, detail)
    }

    #[test]
    fn the_useful_text_is_found() {
        for (body, code, detail) in [
            (
                r#"{"code":"NotFound","message":"no such item"}"#,
                "NotFound",
                "no such item",
            ),
            (
                r#"{"code":"NotFound","message":"Message: {\"Errors\":[\"Resource Not Found. See https://aka.ms/x\"]}\r\nActivityId: 1-2, Request URI: /apps/3, RequestStats: \r\n"}"#,
                "NotFound",
                "Resource Not Found. See https://aka.ms/x",
            ),
            (
                r#"{"code":"BadRequest","message":"Query failed: Message: {\"errors\":[{\"severity\":\"Error\",\"code\":\"SC2001\",\"message\":\"Identifier 'x' could not be resolved.\"},\"second\"]}\r\nActivityId: 1"}"#,
                "BadRequest",
                "SC2001: Identifier 'x' could not be resolved.; second",
            ),
            (
                r#"{"code":"Conflict","message":"Entity exists already., \r\nActivityId: 1-2, Windows/10"}"#,
                "Conflict",
                "Entity exists already.",
            ),
            (
                r#"{"code":"X","message":"ActivityId: 1"}"#,
                "X",
                "ActivityId: 1",
            ),
            (
                r#"{"code":"X","message":"set {a} of {\"Errors\":[]}"}"#,
                "X",
                r#"set {a} of {"Errors":[]}"#,
            ),
            (
                r#"{"code":"X","message":"a\u0000\r\n\tb\u2028c "}"#,
                "X",
                "a b c",
            ),
            (r#"{"code":1004,"message":{"a":1}}"#, "1004", r#"{"a":1}"#),
            (r#"{"code":"X","message":null,"more":[1]}"#, "X", ""),
            (r#"{"message":"only"}"#, "", "only"),
            (r#"{"Errors":["odd"]}"#, "", r#"{"Errors":["odd"]}"#),
            (
                r#"{"code":"X","message":"cut of"#,
                "",
                r#"{"code":"X","message":"cut of"#,
            ),
            (
                "<html>\r\n  502 Bad Gateway</html>",
                "",
                "<html> 502 Bad Gateway</html>",
            ),
            (r#""text""#, "", r#""text""#),
            (" \r\n", "", ""),
            ("", "", ""),
        ] {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            assert_eq!(parts(body.as_bytes()), (some(code), some(detail)), "{body}");
        }
        assert_eq!(parts(b"\xff\xfe").1.unwrap(), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let body = serde_json::json!({"code": "c".repeat(1000), "message": "é".repeat(1000)});
        let (code, detail) = parts(body.to_string().as_bytes());
        assert_eq!(code.unwrap(), "c".repeat(128));
        assert_eq!(detail.unwrap(), "é".repeat(256));
        let odd = serde_json::json!({"message": format!("x{}", "é".repeat(1000))});
        assert_eq!(parts(odd.to_string().as_bytes()).1.unwrap().len(), 511);
    }

    #[test]
    fn huge_and_deep_bodies_are_text() {
        let huge = serde_json::json!({"code": "X", "message": "m".repeat(70_000)}).to_string();
        let (code, detail) = parts(huge.as_bytes());
        assert_eq!((code, detail.unwrap().len()), (None, 512));
        let deep = format!(r#"{{"message":{}"#, "[".repeat(60_000));
        assert_eq!(parts(deep.as_bytes()).0, None);
    }

    #[test]
    fn any_body_gives_one_short_line() {
        let mut random = Random::new(9);
        let pieces = [
            "{",
            "}",
            "\"code\":",
            "\"message\":",
            "\"Errors\":",
            "[",
            "]",
            ",",
            "\"a\"",
            "\"Message: {\\\"",
            "\\r\\n",
            "ActivityId:",
            "\"",
            "\\",
            "1",
            "null",
            "é",
            "\u{0}",
            " ",
        ];
        for round in 0..8000 {
            let body = match round % 2 {
                0 => random.text(&pieces, 14).into_bytes(),
                _ => random.bytes(700),
            };
            let (code, detail) = parts(&body);
            for (text, limit) in [(code, 128), (detail, 512)] {
                let text = text.unwrap_or_default();
                assert!(
                    text.len() <= limit && !text.contains(char::is_control),
                    "{body:?}"
                );
                assert_eq!(text.trim(), text);
            }
        }
    }
}
