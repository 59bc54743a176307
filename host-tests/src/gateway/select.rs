//! The few queries that are understood without being registered: `SELECT * FROM c`, and with a `WHERE` of
//! comparisons, `IN`, `IS_NULL`, `IS_DEFINED`, `AND`, `OR`, `NOT` and parentheses.

use std::cmp::Ordering;

use serde_json::Value;

use super::path::{self, Segments};
use super::value::compare;

/// A condition. None: undefined, which is not true.
#[derive(Debug)]
pub(super) enum Condition {
    /// Nothing is said.
    Always,
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    Compare(Operand, &'static str, Operand),
    In(Operand, Vec<Operand>),
    IsDefined(Operand),
    IsNull(Operand),
}

#[derive(Debug)]
pub(super) enum Operand {
    Path(Segments),
    Value(Value),
}

/// The condition of `SELECT * FROM c` or `SELECT * FROM c WHERE …`; none: it is another query. `parameters` is the
/// body's array.
pub(super) fn select(text: &str, parameters: &Value) -> Option<Condition> {
    let mut parser = Parser::new(text, parameters)?;
    parser.word("SELECT")?;
    parser.symbol("*")?;
    parser.from()
}

/// The condition of `from c where …`.
pub(super) fn condition(text: &str, parameters: &Value) -> Option<Condition> {
    Parser::new(text, parameters)?.from()
}

impl Condition {
    /// Whether it is true of a document.
    pub(super) fn holds(&self, document: &Value) -> bool {
        self.of(document) == Some(true)
    }

    fn of(&self, document: &Value) -> Option<bool> {
        match self {
            Self::Always => Some(true),
            Self::Or(parts) => any(parts.iter().map(|part| part.of(document)), true),
            Self::And(parts) => any(parts.iter().map(|part| part.of(document)), false),
            Self::Not(part) => part.of(document).map(|value| !value),
            Self::Compare(left, operator, right) => {
                related(left.of(document)?, operator, right.of(document)?)
            }
            Self::In(operand, list) => {
                let value = operand.of(document)?;
                let mut others = list.iter().filter_map(|other| other.of(document));
                Some(others.any(|other| compare(Some(value), Some(other)).is_eq()))
            }
            Self::IsDefined(operand) => Some(operand.of(document).is_some()),
            Self::IsNull(operand) => Some(operand.of(document) == Some(&Value::Null)),
        }
    }
}

impl Operand {
    fn of<'a>(&'a self, document: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Path(segments) => path::get(document, segments),
            Self::Value(value) => Some(value),
        }
    }
}

/// `decisive` if one of them is; else undefined if one of them is; else the contrary.
fn any(values: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let values: Vec<Option<bool>> = values.collect();
    if values.contains(&Some(decisive)) {
        return Some(decisive);
    }
    (!values.contains(&None)).then_some(!decisive)
}

fn related(left: &Value, operator: &str, right: &Value) -> Option<bool> {
    let order = compare(Some(left), Some(right));
    let is_same_type = std::mem::discriminant(left) == std::mem::discriminant(right);
    match operator {
        "=" => Some(order.is_eq()),
        "!=" => Some(order.is_ne()),
        _ if !is_same_type => None,
        "<" => Some(order == Ordering::Less),
        "<=" => Some(order != Ordering::Greater),
        ">" => Some(order == Ordering::Greater),
        _ => Some(order != Ordering::Less),
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    /// A word, or a path.
    Word(String),
    Value(Value),
    Parameter(String),
    Symbol(&'static str),
}

struct Parser<'a> {
    /// The next one last.
    tokens: Vec<Token>,
    parameters: &'a Value,
    alias: String,
}

const SYMBOLS: [&str; 10] = ["<=", ">=", "!=", "=", "<", ">", "(", ")", ",", "*"];

impl<'a> Parser<'a> {
    fn new(text: &str, parameters: &'a Value) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (token, behind) = token(rest)?;
            tokens.push(token);
            rest = behind.trim_start();
        }
        tokens.reverse();
        Some(Self {
            tokens,
            parameters,
            alias: String::new(),
        })
    }

    /// `FROM c`, or `FROM container c`, and what follows to the end.
    fn from(mut self) -> Option<Condition> {
        self.word("FROM")?;
        self.alias = self.any_word()?;
        let is_where = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case("WHERE"));
        if self.tokens.last().is_some_and(|token| !is_where(token)) {
            self.alias = self.any_word()?;
        }
        if self.tokens.is_empty() {
            return Some(Condition::Always);
        }
        self.word("WHERE")?;
        let condition = self.or()?;
        self.tokens.is_empty().then_some(condition)
    }

    fn or(&mut self) -> Option<Condition> {
        let mut parts = vec![self.and()?];
        while self.word("OR").is_some() {
            parts.push(self.and()?);
        }
        Some(if parts.len() == 1 {
            parts.pop()?
        } else {
            Condition::Or(parts)
        })
    }

    fn and(&mut self) -> Option<Condition> {
        let mut parts = vec![self.term()?];
        while self.word("AND").is_some() {
            parts.push(self.term()?);
        }
        Some(if parts.len() == 1 {
            parts.pop()?
        } else {
            Condition::And(parts)
        })
    }

    fn term(&mut self) -> Option<Condition> {
        if self.word("NOT").is_some() {
            return Some(Condition::Not(Box::new(self.term()?)));
        }
        if self.symbol("(").is_some() {
            let inner = self.or()?;
            self.symbol(")")?;
            return Some(inner);
        }
        for (name, make) in [
            (
                "IS_DEFINED",
                Condition::IsDefined as fn(Operand) -> Condition,
            ),
            ("IS_NULL", Condition::IsNull),
        ] {
            if self.word(name).is_some() {
                self.symbol("(")?;
                let operand = self.operand()?;
                self.symbol(")")?;
                return Some(make(operand));
            }
        }
        let left = self.operand()?;
        if self.word("IN").is_some() {
            self.symbol("(")?;
            let mut list = vec![self.operand()?];
            while self.symbol(",").is_some() {
                list.push(self.operand()?);
            }
            self.symbol(")")?;
            return Some(Condition::In(left, list));
        }
        let operator = SYMBOLS[..6]
            .iter()
            .find(|known| self.symbol(known).is_some())?;
        Some(Condition::Compare(left, operator, self.operand()?))
    }

    fn operand(&mut self) -> Option<Operand> {
        match self.tokens.pop()? {
            Token::Value(value) => Some(Operand::Value(value)),
            Token::Parameter(name) => {
                let mut known = self.parameters.as_array()?.iter();
                let found = known.find(|parameter| parameter["name"] == name.as_str())?;
                Some(Operand::Value(found["value"].clone()))
            }
            Token::Word(word) => match word.as_str() {
                "true" | "false" | "null" => serde_json::from_str(&word).ok().map(Operand::Value),
                _ => {
                    let (alias, segments) = path::parse(&word)?;
                    (alias == self.alias).then_some(Operand::Path(segments))
                }
            },
            Token::Symbol(_) => None,
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.tokens.pop_if(
            |token| matches!(token, Token::Word(known) if known.eq_ignore_ascii_case(word)),
        )?;
        Some(())
    }

    fn any_word(&mut self) -> Option<String> {
        match self.tokens.pop()? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn symbol(&mut self, symbol: &'static str) -> Option<()> {
        self.tokens
            .pop_if(|token| *token == Token::Symbol(symbol))?;
        Some(())
    }
}

/// The token at the start of a text, and what is behind it.
fn token(text: &str) -> Option<(Token, &str)> {
    let first = text.chars().next()?;
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| text.starts_with(**symbol)) {
        return Some((Token::Symbol(symbol), &text[symbol.len()..]));
    }
    if first == '\'' {
        let end = text[1..].find('\'')? + 1;
        return Some((Token::Value(Value::from(&text[1..end])), &text[end + 1..]));
    }
    if first == '"' || first == '-' || first.is_ascii_digit() {
        let end = value_end(text);
        let value = serde_json::from_str(&text[..end]).ok()?;
        return Some((Token::Value(value), &text[end..]));
    }
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '@');
    if !is_word(first) {
        return None;
    }
    let mut end = 0;
    while let Some(letter) = text[end..].chars().next() {
        if is_word(letter) {
            end += letter.len_utf8();
        } else if letter == '[' {
            end += 1 + value_end(&text[end + 1..]);
            end += text[end..].find(']')? + 1;
        } else {
            break;
        }
    }
    let (word, behind) = text.split_at(end);
    let token = if first == '@' {
        Token::Parameter(word.to_owned())
    } else {
        Token::Word(word.to_owned())
    };
    Some((token, behind))
}

/// The end of the JSON string or number at the start of a text.
fn value_end(text: &str) -> usize {
    if text.starts_with('"') {
        let mut escaped = true;
        let closing = text.char_indices().find(|(_, letter)| {
            let closes = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            closes
        });
        return closing.map_or(text.len(), |(at, _)| at + 1);
    }
    let is_number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    text.find(|letter| !is_number(letter)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{condition, select};

    #[test]
    fn conditions_hold_as_the_service_says() {
        let document = json!({"id": "a\"b", "n": 5, "z": null, "o": {"x y": [1]}});
        let parameters = json!([{"name": "@p0", "value": 5.0}, {"name": "@p1", "value": "q"}]);
        let cases = [
            ("c.n = @p0", true),
            ("c.n IN (1, @p1, @p0)", true),
            ("c[\"id\"] = \"a\\\"b\" AND c.n >= 5", true),
            ("c.n = 4 OR (c.n < 6 AND NOT IS_DEFINED(c.q))", true),
            ("IS_NULL(c.z) and not is_null(c.n)", true),
            ("c[\"o\"][\"x y\"][0] = 1", true),
            ("c.q = 1", false),
            ("NOT c.q = 1", false),
            ("c.q = 1 OR true = true", true),
            ("c.n != 'a'", true),
            ("c.n > 'a'", false),
            ("c.n IN (-5, 1.5e1)", false),
        ];
        for (text, expected) in cases {
            let parsed = select(&format!("SELECT * FROM root c WHERE {text}"), &parameters);
            assert_eq!(parsed.unwrap().holds(&document), expected, "{text}");
        }
        assert!(
            condition("from c where c.n = @p0", &parameters)
                .unwrap()
                .holds(&document)
        );
    }

    #[test]
    fn everything_else_is_not_understood() {
        for text in [
            "",
            "SELECT c.id FROM c",
            "SELECT * FROM c ORDER BY c.a",
            "SELECT * FROM c WHERE",
            "SELECT * FROM c WHERE c.n",
            "SELECT * FROM c WHERE d.n = 1",
            "SELECT * FROM c WHERE c.n = @p",
            "SELECT * FROM c WHERE c.n = 1 OFFSET 0 LIMIT 1",
            "SELECT * FROM c WHERE UPPER(c.a) = 'A'",
            "SELECT * FROM c WHERE c.s = \"open",
        ] {
            assert!(select(text, &Value::Null).is_none(), "{text}");
        }
    }
}
