//! Rows on standard output.

mod csv;
pub(crate) mod jsonl;
mod row;
mod table;

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use cosmosdb_driver_host::Page;
use serde_json::value::RawValue;

pub(crate) use row::{Members, members};

use crate::failure::Failure;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people; without the service's own properties.
    Table,
    /// One JSON text a line, to the byte as the service sent it.
    Jsonl,
    /// Comma-separated values with a head; without the service's own properties.
    Csv,
}

/// Prints pages of rows in one format.
pub(crate) struct Rows<W> {
    to: W,
    writer: Writer,
}

enum Writer {
    Table(table::Table),
    Jsonl,
    Csv(csv::Csv),
}

impl Rows<io::BufWriter<io::Stdout>> {
    /// Rows for standard output: in this format, or in a table on a terminal and JSON lines elsewhere.
    pub(crate) fn stdout(format: Option<Format>, columns: Vec<String>) -> Self {
        let usual = if io::stdout().is_terminal() {
            Format::Table
        } else {
            Format::Jsonl
        };
        Self::new(
            io::BufWriter::new(io::stdout()),
            format.unwrap_or(usual),
            columns,
        )
    }
}

impl<W: Write> Rows<W> {
    /// No columns: those of the first page that has rows.
    pub(crate) fn new(to: W, format: Format, columns: Vec<String>) -> Self {
        let writer = match format {
            Format::Table => Writer::Table(table::Table::new(columns)),
            Format::Jsonl => Writer::Jsonl,
            Format::Csv => Writer::Csv(csv::Csv::new(columns)),
        };
        Self { to, writer }
    }

    /// Prints the rows of a page, the first `most` of them. Returns how many. What is printed has left this program.
    pub(crate) fn page(&mut self, page: &Page, most: u64) -> Result<u64, Failure> {
        let mut rows: Vec<&RawValue> = page.items()?;
        rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        self.print(&rows).map_err(Failure::output)?;
        Ok(rows.len() as u64)
    }

    /// Warns of what has not found a place.
    pub(crate) fn end(&self) {
        if let Writer::Csv(csv) = &self.writer
            && !csv.left_out().is_empty()
        {
            eprintln!(
                "warning: the first page has no such properties, so they are left out: {}. Name the columns with --columns",
                csv.left_out().join(", ")
            );
        }
    }

    fn print(&mut self, rows: &[&RawValue]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Table(table) => table.print(&mut self.to, rows)?,
            Writer::Jsonl => jsonl::print(&mut self.to, rows)?,
            Writer::Csv(csv) => csv.print(&mut self.to, rows)?,
        }
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What pages of rows become.
    fn printed(format: Format, columns: &[&str], pages: &[&[&str]]) -> String {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        let mut rows = Rows::new(Vec::new(), format, columns);
        for page in pages {
            let page: Vec<Box<RawValue>> = page
                .iter()
                .map(|&row| RawValue::from_string(row.to_owned()).unwrap())
                .collect();
            let page: Vec<&RawValue> = page.iter().map(AsRef::as_ref).collect();
            rows.print(&page).unwrap();
        }
        String::from_utf8(rows.to).unwrap()
    }

    #[test]
    fn json_lines_are_the_rows_to_the_byte() {
        let text = printed(Format::Jsonl, &[], &[&["{\"n\" : 1.50}"], &["7", "\"a\""]]);
        assert_eq!(text, "{\"n\" : 1.50}\n7\n\"a\"\n");
    }

    #[test]
    fn a_row_with_line_breaks_stays_one_line() {
        let text = printed(Format::Jsonl, &[], &[&["{\n  \"a\": \"x\\ny\"\r\n}"]]);
        assert_eq!(text, "{   \"a\": \"x\\ny\"  }\n");
    }

    #[test]
    fn a_table_has_the_columns_of_its_first_page() {
        let text = printed(
            Format::Table,
            &[],
            &[
                &[],
                &[
                    r#"{"id":"1","n":9.5,"_ts":1}"#,
                    r#"{"id":"zwölf","tags":["a", "b"],"n":12}"#,
                ],
                &[r#"{"id":"3","n":null}"#],
                &[r#"{"id":"4","more":true}"#],
            ],
        );
        let expected = "\
id       n  tags
-----  ---  ---------
1      9.5
zwölf   12  [\"a\",\"b\"]
3      null

id  more
--  ----
4   true
";
        assert_eq!(text, expected);
    }

    #[test]
    fn cells_of_a_table_are_short_and_without_control_characters() {
        let long = format!("{{\"a\":\"\\u001b[31m{}\"}}", "x".repeat(60));
        let text = printed(Format::Table, &[], &[&[&long]]);
        let cell = text.lines().nth(2).unwrap();
        assert!(cell.starts_with("\\u{1b}[31mxxx"), "{cell}");
        assert!(cell.ends_with("xxx…"), "{cell}");
        assert_eq!(cell.chars().count(), 48);
        assert_eq!(
            printed(Format::Table, &[], &[&["\"a\\tb\"", "2"]]),
            "value\n-----\na\\tb\n    2\n"
        );
    }

    #[test]
    fn csv_quotes_where_it_must() {
        let text = printed(
            Format::Csv,
            &[],
            &[
                &[r#"{"id":"1","n":1.50,"_etag":"x"}"#],
                &[
                    r#"{"id":"a,\"b\"","n":null}"#,
                    r#"{"id":"two\nlines","n":{"x": [1, 2]}}"#,
                ],
            ],
        );
        assert_eq!(
            text,
            "id,n\n1,1.50\n\"a,\"\"b\"\"\",\n\"two\nlines\",\"{\"\"x\"\":[1,2]}\"\n"
        );
    }

    #[test]
    fn csv_takes_the_columns_that_are_named() {
        let text = printed(
            Format::Csv,
            &["n", "id", "_ts"],
            &[&[r#"{"id":"1","_ts":5,"x":1}"#]],
        );
        assert_eq!(text, "n,id,_ts\n,1,5\n");
    }

    #[test]
    fn csv_tells_what_it_left_out() {
        let row = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let mut csv = csv::Csv::new(Vec::new());
        let mut to = Vec::new();
        csv.print(&mut to, &[&row("{\"a\":1}")]).unwrap();
        csv.print(&mut to, &[&row("{\"a\":1,\"b\":2,\"_ts\":3}")])
            .unwrap();
        assert_eq!(csv.left_out(), ["b"]);
    }
}
