//! Tables for people.

use std::io::{self, Write};

use serde_json::value::RawValue;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::row::{add_columns, cells, plain};

/// The widest cell, in columns of the terminal.
const WIDEST: usize = 48;

/// Columns and their widths are those of the first page that has rows: later pages are printed as they come. A page
/// with other properties begins a new table.
pub(super) struct Table {
    columns: Vec<String>,
    named: bool,
    widths: Vec<usize>,
}

/// A cell, and whether it is a number.
type Cell = (String, bool);

impl Table {
    pub(super) fn new(columns: Vec<String>) -> Self {
        Self {
            named: !columns.is_empty(),
            columns,
            widths: Vec::new(),
        }
    }

    pub(super) fn print(&mut self, to: &mut impl Write, rows: &[&RawValue]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let begun = !self.widths.is_empty();
        let changed = self.update(rows);
        let lines: Vec<Vec<Cell>> = rows.iter().map(|row| line(&self.columns, row)).collect();
        if changed {
            if begun {
                writeln!(to)?;
            }
            self.head(to, &lines)?;
        }
        for cells in &lines {
            self.write(to, cells)?;
        }
        Ok(())
    }

    /// Whether the rows need a table of their own; its columns.
    fn update(&mut self, rows: &[&RawValue]) -> bool {
        if self.named {
            return self.widths.is_empty();
        }
        let mut columns = Vec::new();
        rows.iter().for_each(|row| add_columns(&mut columns, row));
        let known = columns.iter().all(|column| self.columns.contains(column));
        if known && !self.widths.is_empty() {
            return false;
        }
        self.columns = columns;
        true
    }

    fn head(&mut self, to: &mut impl Write, lines: &[Vec<Cell>]) -> io::Result<()> {
        self.widths = self
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let cells = lines.iter().filter_map(|cells| cells.get(place));
                let widest = cells.map(|(text, _)| text.width()).max().unwrap_or(0);
                widest.max(short(column).width())
            })
            .collect();
        // The name of a column of numbers stands above their ends.
        let first = lines.first().map(Vec::as_slice).unwrap_or_default();
        let names = self.columns.iter().enumerate().map(|(place, column)| {
            let number = first.get(place).is_some_and(|(_, number)| *number);
            (short(column), number)
        });
        let names: Vec<Cell> = names.collect();
        self.write(to, &names)?;
        let rules = self.widths.iter().map(|&width| ("-".repeat(width), false));
        let rules: Vec<Cell> = rules.collect();
        self.write(to, &rules)
    }

    fn write(&self, to: &mut impl Write, cells: &[Cell]) -> io::Result<()> {
        let mut text = String::new();
        for ((cell, number), width) in cells.iter().zip(&self.widths) {
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let (before, after) = if *number {
                (padding.as_str(), "")
            } else {
                ("", padding.as_str())
            };
            text.push_str(&[before, cell, after, "  "].concat());
        }
        writeln!(to, "{}", text.trim_end())
    }
}

fn line(columns: &[String], row: &RawValue) -> Vec<Cell> {
    let cell = |value: Option<&RawValue>| {
        let Some(value) = value else {
            return (String::new(), false);
        };
        let first = value.get().as_bytes().first();
        let number = first.is_some_and(|first| first.is_ascii_digit() || *first == b'-');
        (short(&plain(value)), number || value.get() == "null")
    };
    cells(columns, row).into_iter().map(cell).collect()
}

/// No longer than a cell may be, and harmless: control characters would reach the terminal.
fn short(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let escape = c.is_control().then(|| c.escape_default());
        let plain = (!c.is_control()).then_some(c);
        escape.into_iter().flatten().chain(plain)
    });
    let (mut short, mut width) = (String::new(), 0_usize);
    for c in escaped {
        let wide = c.width().unwrap_or(0);
        if width.saturating_add(wide) > WIDEST {
            while short.width() >= WIDEST {
                short.pop();
            }
            short.push('…');
            return short;
        }
        width = width.saturating_add(wide);
        short.push(c);
    }
    short
}
