//! What can be told of a query without the service: whether it needs a plan (spec data-plane §3.3), and where its
//! placeholders are (§3.6).

mod lexer;
mod plain;

pub use plain::{Analysis, analyse};

/// Replaces every occurrence of a placeholder, which begins with a brace, outside strings, quoted identifiers and
/// comments. Strings may be quoted either way, with backslash escapes or doubled quotes in them.
pub fn fill(query: &str, placeholder: &str, value: &str) -> String {
    let mut filled = String::with_capacity(query.len());
    let mut rest = query;
    let special = |byte| matches!(byte, b'\'' | b'"' | b'-' | b'/' | b'{');
    while let Some(at) = rest.bytes().position(special) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        filled.push_str(plain);
        if let Some(after) = special.strip_prefix(placeholder)
            && !placeholder.is_empty()
        {
            filled.push_str(value);
            rest = after;
            continue;
        }
        let length = lexer::opaque(special).unwrap_or(1);
        let (kept, after) = special.split_at_checked(length).unwrap_or((special, ""));
        filled.push_str(kept);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    #[test]
    fn a_placeholder_is_filled_outside_literals_and_comments() {
        for (query, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("({p})", "(true)"),
            ("{p}{p}", "truetrue"),
            ("{p } {q} { {p}", "{p } {q} { true"),
            ("'{p}' AND {p}", "'{p}' AND true"),
            ("c[\"{p}\"] = {p}", "c[\"{p}\"] = true"),
            (r"'it\'s {p}' {p}", r"'it\'s {p}' true"),
            ("'it''s {p}' {p}", "'it''s {p}' true"),
            (r"'\\' {p} '\\'", r"'\\' true '\\'"),
            (r#""'" {p} "'""#, r#""'" true "'""#),
            ("-- {p}\n{p}", "-- {p}\ntrue"),
            ("/* {p} ' */ {p} /* ' */", "/* {p} ' */ true /* ' */"),
            ("1 - 2 / 3 {p}", "1 - 2 / 3 true"),
            ("'{p}", "'{p}"),
            ("é{p}é", "étrueé"),
        ] {
            assert_eq!(fill(query, "{p}", "true"), expected);
            assert_eq!(fill(query, "", "true"), query);
        }
    }

    #[test]
    fn any_text_keeps_what_is_no_placeholder() {
        let pieces = ["{p}", "'", "\"", "\\", "--", "\n", "/*", "*/", "a ", "é"];
        let mut random = Random::new(5);
        for _ in 0..4000 {
            let text = random.text(&pieces, 16);
            assert_eq!(fill(&text, "{p}", "{p}"), text);
            let filled = fill(&text, "{p}", "");
            let left = filled.matches("{p}").count();
            assert_eq!(
                text.len() - filled.len(),
                3 * (text.matches("{p}").count() - left)
            );
            analyse(&text);
        }
    }
}
