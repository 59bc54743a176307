//! JSON lines.

use std::io::{self, Write};

use serde_json::value::RawValue;

/// Each row to the byte, but on one line.
pub(crate) fn print(to: &mut impl Write, rows: &[&RawValue]) -> io::Result<()> {
    for row in rows {
        to.write_all(&line(row.get().as_bytes()))?;
    }
    Ok(())
}

/// A JSON text as a line: a line break in it can only stand between tokens, where a space says the same.
pub(crate) fn line(json: &[u8]) -> Vec<u8> {
    let space = |byte: &u8| match byte {
        b'\n' | b'\r' => b' ',
        byte => *byte,
    };
    json.iter().map(space).chain([b'\n']).collect()
}
