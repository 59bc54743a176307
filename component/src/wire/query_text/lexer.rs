//! The tokens of a query text, as far as literals, comments and words can be told apart.

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword.
    Word(&'a str),
    /// A string, a number or a parameter.
    Literal,
    /// Any other character of ASCII.
    Symbol(u8),
    /// The text has ended.
    End,
    /// A comment, an unterminated string, or characters that are no part of the language.
    Unknown,
}

/// Reads one token after the other. A copy of it looks ahead.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The next token; [`Token::End`] forever after the last.
    pub(super) fn next(&mut self) -> Token<'a> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = self.rest.bytes().next() else {
            return Token::End;
        };
        if let Some(length) = opaque(self.rest) {
            let text = self.take(length);
            return if is_string(text) {
                Token::Literal
            } else {
                Token::Unknown
            };
        }
        match first {
            b'0'..=b'9' => self.number(),
            b'@' => {
                self.take(1);
                match self.word() {
                    "" => Token::Unknown,
                    _ => Token::Literal,
                }
            }
            _ if is_word(first) => Token::Word(self.word()),
            b'!'..=b'~' => {
                self.take(1);
                Token::Symbol(first)
            }
            _ => Token::Unknown,
        }
    }

    /// The token after this one.
    pub(super) fn peek(&self) -> Token<'a> {
        self.clone().next()
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.bytes().position(|byte| !is_word(byte));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Digits with a fraction and an exponent, or in hex.
    fn number(&mut self) -> Token<'a> {
        self.word();
        if let Some(fraction) = self.rest.strip_prefix('.')
            && fraction.bytes().next().is_some_and(|c| c.is_ascii_digit())
        {
            self.take(1);
            self.word();
        }
        Token::Literal
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether what [`opaque`] found is a string with its end.
fn is_string(text: &str) -> bool {
    match text.as_bytes() {
        [b'"' | b'\'', ..] => string(text.as_bytes()).is_some(),
        _ => false,
    }
}

/// How many bytes the string or the comment that the text begins with has; none if it begins with neither. Without an
/// end it takes all of the text.
pub(super) fn opaque(text: &str) -> Option<usize> {
    let found = match text.as_bytes() {
        [b'"' | b'\'', ..] => string(text.as_bytes()),
        [b'-', b'-', ..] => text.find('\n'),
        [b'/', b'*', inner @ ..] => {
            let closed = inner.windows(2).position(|pair| pair == b"*/");
            closed.map(|at| at.saturating_add(4))
        }
        _ => return None,
    };
    Some(found.unwrap_or(text.len()))
}

/// The length of a string with its quotes. A quote within is escaped with a backslash; or doubled, which reads as two
/// strings in a row and covers the same bytes.
fn string(text: &[u8]) -> Option<usize> {
    let (quote, inner) = text.split_first()?;
    let mut escaped = false;
    for (at, byte) in inner.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if *byte == b'\\' {
            escaped = true;
        } else if byte == quote {
            return at.checked_add(2);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        loop {
            match lexer.next() {
                Token::End => return tokens,
                Token::Unknown => {
                    tokens.push(Token::Unknown);
                    return tokens;
                }
                token => tokens.push(token),
            }
        }
    }

    #[test]
    fn texts_fall_into_tokens() {
        use Token::{Literal, Symbol, Unknown, Word};
        for (text, expected) in [
            ("", vec![]),
            (" \t\r\n", vec![]),
            ("c.a_1", vec![Word("c"), Symbol(b'.'), Word("a_1")]),
            ("'a''b'", vec![Literal, Literal]),
            (r#""a\"b" 'c\\'"#, vec![Literal, Literal]),
            ("1 1.5 1.5e10 0x1F", vec![Literal; 4]),
            ("1e-5", vec![Literal, Symbol(b'-'), Literal]),
            ("1.x", vec![Literal, Symbol(b'.'), Word("x")]),
            ("@p1", vec![Literal]),
            ("-1", vec![Symbol(b'-'), Literal]),
            ("'a", vec![Unknown]),
            (r"'a\'", vec![Unknown]),
            ("a--b", vec![Word("a"), Unknown]),
            ("/* */a", vec![Unknown]),
            ("@", vec![Unknown]),
            ("é", vec![Unknown]),
            ("a\u{a0}b", vec![Word("a"), Unknown]),
            ("a\u{0}", vec![Word("a"), Unknown]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_and_comments_have_a_length() {
        for (text, expected) in [
            ("'a' b", Some(3)),
            ("''", Some(2)),
            ("\"'\"'", Some(3)),
            (r"'\'' ", Some(4)),
            ("'é'x", Some(4)),
            ("'open", Some(5)),
            ("--x\ny", Some(3)),
            ("--x", Some(3)),
            ("/*x*/y", Some(5)),
            ("/*/*/", Some(5)),
            ("/*/", Some(3)),
            ("/**/", Some(4)),
            ("/ *", None),
            ("- -", None),
            ("a'b'", None),
            ("", None),
        ] {
            assert_eq!(opaque(text), expected, "{text}");
        }
    }
}
