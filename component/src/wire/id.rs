//! Ids inside URLs (spec driver-core §1.1, data-plane §9).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Invalid;
use super::link::ResourceType;

/// What RFC 3986 forbids in a path segment, and `%`, which the service decodes once. Non-ASCII is always escaped.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Checks that the id can name a resource of this type in a URL.
///
/// Errors: empty; longer than 255 bytes (1023 for items); `/`, `\`, `?`, `#` or a control character in it; a space
/// at the end; `.` or `..`, which HTTP clients take for the current and the parent folder even when escaped, so
/// that the request would go to another resource.
pub fn check(resource: ResourceType, id: &str) -> Result<(), Invalid> {
    let limit = if resource == ResourceType::Item {
        1023
    } else {
        255
    };
    let problem = if id.is_empty() {
        "is empty: give the id of an existing resource"
    } else if id.len() > limit {
        let noun = resource.noun();
        return Err(Invalid::new(format!(
            "the {noun} is longer than {limit} bytes, the service's limit: use a shorter one"
        )));
    } else if id.contains(['/', '\\', '?', '#']) {
        "holds one of / \\ ? #, which cannot be addressed in a URL: use an id without them"
    } else if id.contains(char::is_control) {
        "holds a control character, which cannot be addressed in a URL: use an id without it"
    } else if id.ends_with(' ') {
        "ends with a space, which the service does not keep: remove it"
    } else if id == "." || id == ".." {
        "is . or .., which HTTP clients remove from URLs so that another resource would be addressed: \
         use another id, or query the item instead of reading it by id"
    } else {
        return Ok(());
    };
    Err(Invalid::new(format!("the {} {problem}", resource.noun())))
}

/// Appends the id as one path segment. Returns whether anything was escaped.
pub(super) fn push_escaped(path: &mut String, id: &str) -> bool {
    let plain = path.len().saturating_add(id.len());
    path.extend(utf8_percent_encode(id, ESCAPED));
    path.len() != plain
}

#[cfg(test)]
mod tests {
    use super::ResourceType::{Container, Item};
    use super::*;

    #[test]
    fn ids_that_a_url_cannot_carry_are_refused() {
        for (id, said) in [
            ("", "empty"),
            ("a/b", "/ \\ ? #"),
            ("a\\b", "/ \\ ? #"),
            ("a?", "/ \\ ? #"),
            ("#", "/ \\ ? #"),
            ("a\nb", "control"),
            ("\0", "control"),
            ("a\u{7f}", "control"),
            ("a\u{85}b", "control"),
            ("a ", "space"),
            (" ", "space"),
            (".", "HTTP clients"),
            ("..", "HTTP clients"),
        ] {
            let error = check(Item, id).unwrap_err().to_string();
            assert!(error.starts_with("the item id "), "{error}");
            assert!(error.contains(said), "{id:?}: {error}");
        }
    }

    #[test]
    fn limits_count_bytes() {
        for (resource, limit) in [(Item, 1023), (Container, 255)] {
            assert!(check(resource, &"a".repeat(limit)).is_ok());
            assert!(check(resource, &"a".repeat(limit + 1)).is_err());
            assert!(check(resource, &"é".repeat(limit / 2 + 1)).is_err());
        }
    }

    #[test]
    fn ids_are_escaped_once() {
        for (id, expected) in [
            ("item", "item"),
            ("a@b+c=d", "a@b+c=d"),
            ("-._~!$&'()*,;:", "-._~!$&'()*,;:"),
            ("...", "..."),
            (" a", "%20a"),
            ("50%", "50%25"),
            ("%2e", "%252e"),
            ("%25", "%2525"),
            ("a\"<>[]^`{|}", "a%22%3C%3E%5B%5D%5E%60%7B%7C%7D"),
            (
                "café 東京 🚀",
                "caf%C3%A9%20%E6%9D%B1%E4%BA%AC%20%F0%9F%9A%80",
            ),
        ] {
            check(Item, id).unwrap();
            let mut path = String::from("/");
            assert_eq!(push_escaped(&mut path, id), id != expected);
            assert_eq!(path, format!("/{expected}"));
        }
    }
}
