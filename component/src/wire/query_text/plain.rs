//! Which queries are plain filters, so that their answer is what the partitions answer, one after the other.

use super::lexer::{Lexer, Token};

/// What a query text needs to run over several partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Analysis {
    /// Nothing: sent to every partition as it is, the rows of all of them together are the answer.
    Plain,
    /// A plan of the gateway's.
    NeedsPlan,
}

/// Brackets within brackets that are followed; a text with more needs a plan.
const MAX_DEPTH: usize = 64;

/// Words that mean more than a name does, outside property names.
const RESERVED: &str = "SELECT VALUE DISTINCT TOP ALL AS FROM JOIN WHERE ORDER GROUP BY HAVING OFFSET LIMIT RANK ASC \
    DESC UNION INTERSECT EXCEPT EXISTS ARRAY ANY FIRST LAST LET WITH OVER PARTITION UDF AND OR \
    NOT IN LIKE BETWEEN ESCAPE COUNT COUNTIF DCOUNT SUM MIN MAX AVG MAKELIST MAKESET";

/// Functions of one item's values.
const SCALARS: &str = "IS_DEFINED IS_NULL IS_BOOL IS_NUMBER IS_INTEGER IS_STRING IS_ARRAY IS_OBJECT IS_PRIMITIVE \
    CONTAINS STARTSWITH ENDSWITH STRINGEQUALS REGEXMATCH LOWER UPPER LENGTH CONCAT SUBSTRING \
    INDEX_OF REPLACE LEFT RIGHT TRIM LTRIM RTRIM TOSTRING ARRAY_CONTAINS ARRAY_LENGTH \
    ARRAY_SLICE ARRAY_CONCAT ABS CEILING FLOOR ROUND ST_DISTANCE ST_WITHIN ST_INTERSECTS";

/// Tells whether a text is provably `SELECT … FROM … [WHERE …]` with nothing in it that looks at more than one item.
///
/// An aggregate, DISTINCT, TOP, ORDER BY, GROUP BY, OFFSET, a join, a subquery, a function that is not known, a comment
/// and everything else that is not understood needs a plan; so does a query without FROM, which each partition would
/// answer. A text that is no valid query may be either: the service refuses it both ways.
///
/// A plan may also narrow a query to few partitions, which this does not do: see [`Analysis::Plain`] as "allowed".
pub fn analyse(text: &str) -> Analysis {
    let mut parser = Parser {
        tokens: Lexer::new(text),
        open: Vec::new(),
    };
    match parser.query() {
        Some(()) => Analysis::Plain,
        None => Analysis::NeedsPlan,
    }
}

struct Parser<'a> {
    tokens: Lexer<'a>,
    /// The brackets that are open.
    open: Vec<u8>,
}

/// What may come next in an expression. Two values side by side are a sign of a clause that is not known.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    Operator,
}

impl Parser<'_> {
    /// None: needs a plan.
    fn query(&mut self) -> Option<()> {
        self.keyword("SELECT")?;
        if self.tokens.peek() == Token::Symbol(b'*') {
            self.tokens.next();
            self.keyword("FROM")?;
        } else {
            self.skip_value();
            self.expressions(true)?;
        }
        self.source()
    }

    fn keyword(&mut self, keyword: &str) -> Option<()> {
        match self.tokens.next() {
            Token::Word(word) if word.eq_ignore_ascii_case(keyword) => Some(()),
            _ => None,
        }
    }

    /// `VALUE`, the keyword.
    fn skip_value(&mut self) {
        let mut ahead = self.tokens.clone();
        if matches!(ahead.next(), Token::Word(word) if word.eq_ignore_ascii_case("VALUE")) {
            self.tokens = ahead;
        }
    }

    /// Expressions with commas between them, up to `FROM` or to the end of the text.
    fn expressions(&mut self, up_to_from: bool) -> Option<()> {
        let mut expect = Expect::Value;
        loop {
            expect = match (self.tokens.next(), expect) {
                (Token::Word(word), Expect::Value) => self.name(word)?,
                (Token::Literal, Expect::Value) => Expect::Operator,
                (Token::Symbol(symbol), Expect::Value) => self.before_value(symbol)?,
                (Token::Word(word), Expect::Operator) => {
                    if self.open.is_empty() && word.eq_ignore_ascii_case("FROM") {
                        return up_to_from.then_some(());
                    }
                    self.after_value(word)?
                }
                (Token::Symbol(symbol), Expect::Operator) => self.operator(symbol)?,
                (Token::End, Expect::Operator) if self.open.is_empty() && !up_to_from => {
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A word where a value may stand: a name, `NOT`, or a function with its bracket.
    fn name(&mut self, word: &str) -> Option<Expect> {
        if word.eq_ignore_ascii_case("NOT") {
            return Some(Expect::Value);
        }
        if is_one_of(word, RESERVED) {
            return None;
        }
        if self.tokens.peek() != Token::Symbol(b'(') {
            return Some(Expect::Operator);
        }
        if !is_one_of(word, SCALARS) {
            return None;
        }
        self.tokens.next();
        self.open(b'(')
    }

    /// A word between values.
    fn after_value(&mut self, word: &str) -> Option<Expect> {
        if word.eq_ignore_ascii_case("NOT") {
            return Some(Expect::Operator);
        }
        if word.eq_ignore_ascii_case("AS") {
            self.plain_name()?;
            return Some(Expect::Operator);
        }
        is_one_of(word, "AND OR IN LIKE BETWEEN ESCAPE").then_some(Expect::Value)
    }

    fn before_value(&mut self, symbol: u8) -> Option<Expect> {
        match symbol {
            b'(' | b'[' | b'{' => self.open(symbol),
            b')' | b']' | b'}' => self.close(symbol),
            b'+' | b'-' | b'~' | b'!' | b'=' | b'<' | b'>' | b'|' | b'&' | b'?' | b':' => {
                Some(Expect::Value)
            }
            _ => None,
        }
    }

    fn operator(&mut self, symbol: u8) -> Option<Expect> {
        match symbol {
            b'[' => self.open(symbol),
            b')' | b']' | b'}' => self.close(symbol),
            b'.' => match self.tokens.next() {
                Token::Word(_) => Some(Expect::Operator),
                _ => None,
            },
            b',' | b'*' | b'/' | b'%' | b'^' | b'+' | b'-' | b'!' | b'=' | b'<' | b'>' | b'|'
            | b'&' | b'?' | b':' => Some(Expect::Value),
            _ => None,
        }
    }

    fn open(&mut self, bracket: u8) -> Option<Expect> {
        self.open.push(bracket);
        (self.open.len() <= MAX_DEPTH).then_some(Expect::Value)
    }

    fn close(&mut self, bracket: u8) -> Option<Expect> {
        let matches = match self.open.pop()? {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        (matches == bracket).then_some(Expect::Operator)
    }

    /// What follows `FROM`: a container or a path into it, an alias, the filter.
    fn source(&mut self) -> Option<()> {
        self.plain_name()?;
        loop {
            match self.tokens.next() {
                Token::End => return Some(()),
                Token::Word(word) if word.eq_ignore_ascii_case("WHERE") => {
                    return self.expressions(false);
                }
                Token::Word(word) if is_one_of(word, "AS IN") => self.plain_name()?,
                Token::Word(word) if !is_one_of(word, RESERVED) => {
                    // An alias without AS: nothing but the filter may follow.
                    return match self.tokens.next() {
                        Token::End => Some(()),
                        Token::Word(word) if word.eq_ignore_ascii_case("WHERE") => {
                            self.expressions(false)
                        }
                        _ => None,
                    };
                }
                Token::Symbol(b'.') => match self.tokens.next() {
                    Token::Word(_) => {}
                    _ => return None,
                },
                Token::Symbol(b'[') => {
                    let index = (self.tokens.next(), self.tokens.next());
                    if index != (Token::Literal, Token::Symbol(b']')) {
                        return None;
                    }
                }
                _ => return None,
            }
        }
    }

    fn plain_name(&mut self) -> Option<()> {
        match self.tokens.next() {
            Token::Word(word) if !is_one_of(word, RESERVED) => Some(()),
            _ => None,
        }
    }
}

/// The words with spaces between them.
fn is_one_of(word: &str, words: &str) -> bool {
    let mut words = words.split(' ');
    words.any(|other| word.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Random;
    use super::Analysis::{NeedsPlan, Plain};
    use super::*;

    #[test]
    fn filters_are_plain() {
        for text in [
            "SELECT * FROM c",
            "select\t*\r\nfrom c",
            "SELECT * FROM root r",
            "SELECT * FROM container AS c WHERE c.a = 1",
            "SELECT * FROM c IN items.list WHERE c > 1",
            "SELECT * FROM c.list[0][\"a b\"] AS x",
            "SELECT VALUE c.a FROM c",
            "SELECT VALUE {\"n\": c.a, m: [c.b, 1]} FROM c",
            "SELECT c.a, c.b AS b, c[\"order\"] FROM c WHERE c.x = 'ORDER BY c.y'",
            "SELECT c.order, c.group, c.count, c.top FROM c WHERE c.limit > 3",
            "SELECT c[\"GROUP BY\"] FROM c WHERE c['DISTINCT'] = \"TOP\"",
            r#"SELECT * FROM c WHERE c.a = 'it\'s -- no /* comment' AND c.b = "\" ORDER BY c.x""#,
            "SELECT * FROM c WHERE c.a IN (1, 2, @p) OR NOT (c.b NOT LIKE 'x%' ESCAPE '!')",
            "SELECT * FROM c WHERE c.a BETWEEN 1 AND 2 AND c.b != null AND c.c <> -1.5e3",
            "SELECT * FROM c WHERE IS_DEFINED(c.a) AND contains(lower(c.b), 'x', true)",
            "SELECT c.a ?? 'none', c.b ? 1 : 2, c.a || 'x', (c.a + 1) * 2 FROM c WHERE c.a >= 1 ",
            "SELECT * FROM c WHERE ARRAY_CONTAINS([1, 2], c.a) AND c.list[c.n].x = {}",
            "SELECT * FROM c WHERE c[\"a\"][\"b\"][0] = @order",
        ] {
            assert_eq!(analyse(text), Plain, "{text}");
        }
    }

    #[test]
    fn everything_else_needs_a_plan() {
        for text in [
            "",
            "SELECT",
            "SELECT 5",
            "SELECT VALUE 1 + 1",
            "SELECT * FROM",
            "SELECT FROM c",
            "SELECT c.a, FROM c",
            "SELECT * FROM c ORDER BY c.a",
            "SELECT * FROM c\nORDER\nBY c.a",
            "SELECT * FROM c x ORDER BY x.a",
            "SELECT * FROM c WHERE c.a = 1 ORDER BY c.a DESC",
            "SELECT * FROM c WHERE c.a = 1ORDER BY c.a",
            "SELECT * FROM c WHERE c.a = 'x'ORDER BY c.a",
            "SELECT * FROM c WHERE (c.a)ORDER BY c.a",
            "SELECT * FROM c OFFSET 1 LIMIT 2",
            "SELECT * FROM c WHERE true OFFSET 1 LIMIT 2",
            "SELECT * FROM c WHERE c.a = 1 LIMIT 2",
            "SELECT c.a FROM c GROUP BY c.a",
            "SELECT TOP 5 * FROM c",
            "SELECT TOP @n * FROM c",
            "SELECT TOP (5) c.a FROM c",
            "SELECT TOP -5 FROM c",
            "SELECT DISTINCT c.a FROM c",
            "SELECT DISTINCT -c.a FROM c",
            "SELECT DISTINCT [c.a] FROM c",
            "SELECT DISTINCT (c.a) FROM c",
            "SELECT VALUE DISTINCT -c.a FROM c",
            "SELECT DISTINCT VALUE c.a FROM c",
            "SELECT ALL -c.a FROM c",
            "SELECT COUNT(1) FROM c",
            "SELECT VALUE count (1) FROM c",
            "SELECT VALUE {\"n\": Sum(c.a)} FROM c",
            "SELECT [AVG(c.a)] FROM c",
            "SELECT VALUE MAKESET(c.a) FROM c",
            "SELECT * FROM c WHERE COUNT(1) > 1",
            "SELECT udf.f(c.a) FROM c",
            "SELECT c.f(1) FROM c",
            "SELECT NEW_FUNCTION(c.a) FROM c",
            "SELECT VectorDistance(c.v, [1]) FROM c",
            "SELECT * FROM c JOIN x IN c.list",
            "SELECT * FROM (SELECT * FROM c)",
            "SELECT (SELECT VALUE 1) FROM c",
            "SELECT ARRAY(SELECT VALUE x FROM x IN c.a) FROM c",
            "SELECT * FROM c WHERE EXISTS(SELECT VALUE 1 FROM x IN c.a)",
            "SELECT * FROM c, d",
            "SELECT * FROM c -- all",
            "SELECT * /* all */ FROM c",
            "SELECT * FROM c WHERE c.a = 1 --1 ORDER BY c.b",
            "SELECT * FROM c;",
            "SELECT * FROM c; SELECT * FROM c",
            "SELECT * FROM c WHERE c.a = 'x",
            "SELECT * FROM c WHERE c.a = 'a\\' ORDER BY c.b",
            "SELECT * FROM c WHERE (c.a = 1",
            "SELECT * FROM c WHERE c.a = 1)",
            "SELECT * FROM c WHERE [c.a)",
            "SELECT * FROM c\u{a0}WHERE c.a = 1",
            "SELECT * FROM c QUALIFY c.a",
            "SELECT * FROM c x y",
            "SELECT c.a alias FROM c",
            "SELECT c.*, 1 FROM c",
            "SELECT *, 1 FROM c",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "DELETE FROM c",
        ] {
            assert_eq!(analyse(text), NeedsPlan, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            let (open, close) = ("(".repeat(depth), ")".repeat(depth));
            analyse(&format!("SELECT {open}1{close} FROM c"))
        };
        assert_eq!(nested(MAX_DEPTH), Plain);
        assert_eq!(nested(MAX_DEPTH + 1), NeedsPlan);
        assert_eq!(nested(100_000), NeedsPlan);
    }

    /// A clause that looks at several items is found wherever it is put.
    #[test]
    fn no_clause_hides_in_a_plain_text() {
        let plain = [
            "c", ".a", "[\"a\"]", "(", ")", "[", "]", "{", "}", ",", "1", "'x'", "@p", "AND", "=",
            "-", "NOT", "IN", "?", ":", "AS", "x", "LOWER(", "VALUE", "*", "FROM", "c", "WHERE",
            " ",
        ];
        let clauses = [
            "ORDER BY c.a",
            "GROUP BY c.a",
            "OFFSET 1 LIMIT 1",
            "COUNT(1)",
            "DISTINCT c.a",
            "TOP 1",
            "JOIN x IN c.a",
            "udf.f(1)",
            "(SELECT 1)",
        ];
        let mut random = Random::new(11);
        let mut found_plain = 0;
        for _ in 0..20_000 {
            let mut words = vec!["SELECT"];
            let mut append = |words: &mut Vec<_>, bound| {
                for _ in 0..random.below(bound) {
                    words.push(random.pick(&plain));
                }
            };
            append(&mut words, 4);
            words.extend(["c", "FROM", "c", "WHERE"]);
            append(&mut words, 8);
            let with_clause = words.join(" ");
            if analyse(&with_clause) == Plain {
                found_plain += 1;
            }
            let at = 1 + random.below(words.len());
            words.insert(at, random.pick(&clauses));
            let with_clause = words.join(" ");
            assert_eq!(analyse(&with_clause), NeedsPlan, "{with_clause}");
        }
        assert!(found_plain > 20, "{found_plain}");
    }
}
