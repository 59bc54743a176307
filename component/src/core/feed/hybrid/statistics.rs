//! Counts of documents and words over all partitions, and the places in queries that want them.

use std::rc::Rc;

use super::super::error::{FeedError, Result};
use crate::wire::json::{self, Json};
use crate::wire::value::{elements, members};

/// Sums of the partitions' counts.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    documents: u64,
    /// One for each full-text score of the query.
    texts: Vec<TextStatistics>,
    /// Whether a partition has answered, so that the lengths are known.
    known: bool,
}

#[derive(Debug, Default)]
struct TextStatistics {
    words: u64,
    /// How many documents hit each of the words searched for.
    hits: Vec<u64>,
}

const BEGIN: &str = "{documentdb-format";
const ORDER_BY_FILTER: &str = "tableorderbyquery-filter";
const HYBRID: &str = "tablehybridsearchquery-";

impl Statistics {
    /// Adds what one partition counted: `{"documentCount":n,"fullTextStatistics":[{"totalWordCount":w,"hitCounts":[…]}]}`.
    pub(super) fn add(&mut self, row: &[u8]) -> Result<()> {
        let mut texts = Vec::new();
        for (name, value) in members(row) {
            match &*name {
                b"documentCount" => self.documents = self.documents.saturating_add(number(value)?),
                b"fullTextStatistics" => {
                    for text in elements(value) {
                        texts.push(TextStatistics::read(text)?);
                    }
                }
                _ => (),
            }
        }
        if !self.known {
            self.known = true;
            self.texts = texts;
            return Ok(());
        }
        let same = self.texts.len() == texts.len();
        let lengths = self
            .texts
            .iter()
            .zip(&texts)
            .all(|(one, other)| one.hits.len() == other.hits.len());
        if !same || !lengths {
            return Err(FeedError::Malformed("the partitions count different words"));
        }
        for (sum, text) in self.texts.iter_mut().zip(&texts) {
            sum.words = sum.words.saturating_add(text.words);
            for (sum, hits) in sum.hits.iter_mut().zip(&text.hits) {
                *sum = sum.saturating_add(*hits);
            }
        }
        Ok(())
    }

    /// The queries with their placeholders filled in, but in texts, quoted names and comments.
    ///
    /// Some gateways number placeholders by component, and leave out the numbers of those without words; the statistics
    /// have no such gaps. So the lowest number of all queries is the first of the statistics, and so on.
    pub(super) fn fill(&self, queries: &[&str]) -> Result<Vec<Rc<str>>> {
        let mut numbers = Vec::new();
        for query in queries {
            for piece in pieces(query) {
                if let Piece::Placeholder(name) = piece
                    && let Some((_, number)) = numbered(name)
                    && let Err(place) = numbers.binary_search(&number)
                {
                    numbers.insert(place, number);
                }
            }
        }
        let mut filled = Vec::with_capacity(queries.len());
        for query in queries {
            filled.push(self.filled(query, &numbers)?);
        }
        Ok(filled)
    }

    fn filled(&self, query: &str, numbers: &[u32]) -> Result<Rc<str>> {
        let mut out = String::with_capacity(query.len());
        for piece in pieces(query) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Placeholder(name) => out.push_str(&self.value(name, numbers)?),
            }
        }
        Ok(out.into())
    }

    fn value(&self, name: &str, numbers: &[u32]) -> Result<String> {
        const UNKNOWN: FeedError =
            FeedError::Unsupported("a hybrid search with unknown placeholders");
        if name == ORDER_BY_FILTER {
            return Ok("true".to_owned());
        }
        if name.strip_prefix(HYBRID) == Some("totaldocumentcount") {
            return Ok(self.documents.to_string());
        }
        let (kind, number) = numbered(name).ok_or(UNKNOWN)?;
        let place = numbers.binary_search(&number).ok();
        let text = place.and_then(|place| self.texts.get(place));
        let text = text.ok_or(FeedError::Malformed(
            "statistics of a full-text search are missing",
        ))?;
        if kind == Kind::Words {
            return Ok(text.words.to_string());
        }
        let hits: Vec<String> = text.hits.iter().map(u64::to_string).collect();
        Ok(["[", &hits.join(","), "]"].concat())
    }
}

impl TextStatistics {
    fn read(json: &[u8]) -> Result<Self> {
        let mut text = Self::default();
        for (name, value) in members(json) {
            match &*name {
                b"totalWordCount" => text.words = number(value)?,
                b"hitCounts" => {
                    for hits in elements(value) {
                        text.hits.push(number(hits)?);
                    }
                }
                _ => (),
            }
        }
        Ok(text)
    }
}

/// A count, written with a point or without.
fn number(json: &[u8]) -> Result<u64> {
    let number = Json::parse(json).and_then(|json| json::number(json.get()));
    let count = number.map(|number| number as u64);
    count.ok_or(FeedError::Malformed("a count of words is no number"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Words,
    Hits,
}

/// The kind and number of a placeholder that has one.
fn numbered(name: &str) -> Option<(Kind, u32)> {
    let name = name.strip_prefix(HYBRID)?;
    let (kind, number) = match name.strip_prefix("totalwordcount-") {
        Some(number) => (Kind::Words, number),
        None => (Kind::Hits, name.strip_prefix("hitcountsarray-")?),
    };
    Some((kind, number.parse().ok()?))
}

enum Piece<'a> {
    Text(&'a str),
    /// What stands between [`BEGIN`] and the closing brace.
    Placeholder(&'a str),
}

/// A query cut at its placeholders.
fn pieces(query: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0_usize, 0_usize);
    while let Some(rest) = query.get(at..)
        && !rest.is_empty()
    {
        let placeholder = rest
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.split_once('}'));
        if let Some((name, _)) = placeholder {
            pieces.push(Piece::Text(query.get(from..at).unwrap_or_default()));
            pieces.push(Piece::Placeholder(name));
            at = at
                .saturating_add(BEGIN.len())
                .saturating_add(name.len())
                .saturating_add(1);
            from = at;
        } else {
            at = at.saturating_add(opaque_length(rest));
        }
    }
    pieces.push(Piece::Text(query.get(from..).unwrap_or_default()));
    pieces
}

/// The length of the literal, quoted name, comment or character that the query begins with.
fn opaque_length(query: &str) -> usize {
    let bytes = query.as_bytes();
    match bytes.first() {
        Some(quote @ (b'\'' | b'"')) => quoted_length(bytes, *quote),
        Some(b'-') if query.starts_with("--") => query.find('\n').unwrap_or(query.len()),
        Some(b'/') if query.starts_with("/*") => {
            let inside = bytes.get(2..).unwrap_or_default();
            let end = inside.windows(2).position(|pair| pair == b"*/");
            end.map_or(query.len(), |at| at.saturating_add(4))
        }
        _ => query.chars().next().map_or(1, char::len_utf8),
    }
}

/// A backslash escapes. A doubled quote ends one text and begins the next.
fn quoted_length(query: &[u8], quote: u8) -> usize {
    let mut at = 1_usize;
    while let Some(byte) = query.get(at) {
        at = at.saturating_add(if *byte == b'\\' { 2 } else { 1 });
        if *byte == quote {
            break;
        }
    }
    at.min(query.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTS: &str = "{documentdb-formattablehybridsearchquery-totaldocumentcount}";
    const FILTER: &str = "{documentdb-formattableorderbyquery-filter}";

    fn words(number: u32) -> String {
        format!("{{documentdb-formattablehybridsearchquery-totalwordcount-{number}}}")
    }

    fn hits(number: u32) -> String {
        format!("{{documentdb-formattablehybridsearchquery-hitcountsarray-{number}}}")
    }

    fn statistics() -> Statistics {
        let mut statistics = Statistics::default();
        for row in [
            r#"{"documentCount":5,"fullTextStatistics":[{"totalWordCount":100,"hitCounts":[1,2]},{"totalWordCount":7,"hitCounts":[]}]}"#,
            r#"{"documentCount":6.0,"fullTextStatistics":[{"totalWordCount":1,"hitCounts":[9,20]},{"totalWordCount":1,"hitCounts":[]}]}"#,
        ] {
            statistics.add(row.as_bytes()).unwrap();
        }
        statistics
    }

    #[test]
    fn counts_are_summed_and_filled_in() {
        for (first, second) in [(0, 1), (1, 3)] {
            let one = format!("{DOCUMENTS} {} {} {FILTER}", words(first), hits(first));
            let other = format!("{}{}", hits(second), words(second));
            let queries = statistics().fill(&[&one, &other]).unwrap();
            assert_eq!(queries, ["11 101 [10,22] true".into(), "[]8".into()]);
        }
    }

    #[test]
    fn quoted_placeholders_stay() {
        for quoted in [
            format!("'{FILTER}'"),
            format!("\"{FILTER}\""),
            format!("'it\\'s {FILTER}'"),
            format!("'it''s {FILTER}'"),
            format!("/* {FILTER} */"),
            format!("/*/ {FILTER} */"),
            format!("-- {FILTER}\n"),
            format!("'é{FILTER}"),
            "{documentdb-format".to_owned(),
        ] {
            let query = format!("{FILTER}é{quoted}");
            let queries = statistics().fill(&[&query]).unwrap();
            assert_eq!(*queries[0], format!("trueé{quoted}"));
        }
    }

    #[test]
    fn counts_that_make_no_sense() {
        for row in [
            r#"{"fullTextStatistics":[{"totalWordCount":1,"hitCounts":[1,2]}]}"#,
            r#"{"fullTextStatistics":[{"hitCounts":[1]},{"hitCounts":[]}]}"#,
            r#"{"documentCount":"x"}"#,
        ] {
            assert!(statistics().add(row.as_bytes()).is_err(), "{row}");
        }
        let three = format!("{}{}{}", words(0), words(1), words(2));
        assert!(matches!(
            statistics().fill(&[&three]),
            Err(FeedError::Malformed(_))
        ));
        let unknown = "{documentdb-formattablehybridsearchquery-new}";
        assert!(matches!(
            statistics().fill(&[unknown]),
            Err(FeedError::Unsupported(_))
        ));
    }
}
