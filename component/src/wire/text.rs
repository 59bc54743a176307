//! Texts in texts. The standard library's search is for long ones, and costs the component four kilobytes.

/// Where `needle`, which is not empty, begins in a text.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(needle.len().max(1));
    windows.position(|window| window == needle.as_bytes())
}

/// The text with `with` in place of every `needle`, which is not empty.
pub fn replaced(text: &str, needle: &str, with: &str) -> String {
    let (mut rest, mut replaced) = (text, String::with_capacity(text.len()));
    while let Some(at) = find(rest, needle) {
        let (before, found) = rest.split_at_checked(at).unwrap_or((rest, ""));
        replaced.push_str(before);
        replaced.push_str(with);
        rest = found.get(needle.len()..).unwrap_or_default();
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::Random;

    #[test]
    fn it_agrees_with_the_standard_library() {
        let mut random = Random::new(3);
        for _ in 0..20_000 {
            let text = random.text(&["a", "b", "ab", "é", "~1", "~"], 8);
            let needle = *["a", "ab", "aab", "é", "~1", "b~"]
                .get(random.below(6))
                .unwrap();
            assert_eq!(find(&text, needle), text.find(needle), "{text} {needle}");
            assert_eq!(replaced(&text, needle, "a~"), text.replace(needle, "a~"));
        }
        assert_eq!(
            (find("abc", ""), find("", "a"), find("", "")),
            (None, None, None)
        );
        assert_eq!(replaced("abc", "", "x"), "abc");
    }
}
