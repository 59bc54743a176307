//! Comma-separated values (RFC 4180, with plain line feeds).

use std::io::{self, Write};

use serde_json::value::RawValue;

use super::row::{add_columns, cells, plain};

/// The columns are named, or those of the first page that has rows: what is printed cannot get another one later.
pub(super) struct Csv {
    columns: Vec<String>,
    named: bool,
    started: bool,
    left_out: Vec<String>,
}

impl Csv {
    pub(super) fn new(columns: Vec<String>) -> Self {
        Self {
            named: !columns.is_empty(),
            columns,
            started: false,
            left_out: Vec::new(),
        }
    }

    /// Properties that came too late to become columns.
    pub(super) fn left_out(&self) -> &[String] {
        &self.left_out
    }

    pub(super) fn print(&mut self, to: &mut impl Write, rows: &[&RawValue]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        if !self.started {
            self.started = true;
            if !self.named {
                rows.iter()
                    .for_each(|row| add_columns(&mut self.columns, row));
            }
            line(to, self.columns.iter().map(String::as_str))?;
        }
        for row in rows {
            if !self.named {
                let mut all = [self.columns.as_slice(), &self.left_out].concat();
                add_columns(&mut all, row);
                self.left_out = all.split_off(self.columns.len());
            }
            let cells = cells(&self.columns, row);
            let text = |cell: &Option<&RawValue>| match cell {
                Some(value) if value.get() != "null" => plain(value),
                _ => String::new(),
            };
            let texts: Vec<String> = cells.iter().map(text).collect();
            line(to, texts.iter().map(String::as_str))?;
        }
        Ok(())
    }
}

fn line<'a>(to: &mut impl Write, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
    let quoted = |cell: &str| {
        if cell.contains([',', '"', '\n', '\r']) {
            return format!("\"{}\"", cell.replace('"', "\"\""));
        }
        cell.to_owned()
    };
    let cells: Vec<String> = cells.map(quoted).collect();
    writeln!(to, "{}", cells.join(","))
}
