//! What a built component is made of: size and imports.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasmparser::{Parser, Payload};

/// Facts about one component file.
pub(crate) struct Artefact {
    /// Size in bytes.
    pub(crate) raw: usize,
    /// Size in bytes after gzip at its best level.
    pub(crate) gzip: usize,
    /// The names of its imports with their versions, sorted.
    pub(crate) imports: Vec<String>,
}

impl Artefact {
    /// Measures a file.
    ///
    /// # Errors
    /// The file cannot be read, or it is not a component.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = || format!("{} is not a readable component", path.display());
        let bytes = std::fs::read(path).with_context(name)?;
        Ok(Self {
            raw: bytes.len(),
            gzip: gzip_size(&bytes)?,
            imports: imports(&bytes).with_context(name)?,
        })
    }
}

/// The component without the sections that name its parts for people: nothing reads them, and they are 8 KB. What
/// produced it stays.
pub(crate) fn without_names(component: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(component.len());
    // Where the last section ended: one begins with its kind and length, which nobody reports.
    let (mut end, mut depth) = (0, 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        let outside = depth == 1;
        let (names, range) = match &payload {
            Payload::Version { range, .. } => {
                depth = depth.saturating_add(1);
                (false, (depth == 1).then(|| range.clone()))
            }
            Payload::End(_) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Payload::CustomSection(section) => (
                section.name() == "component-name",
                outside.then(|| section.range()),
            ),
            other => {
                let section = other.as_section().filter(|_| outside);
                (false, section.map(|(_, range)| range))
            }
        };
        if let Some(range) = range {
            let begin = std::mem::replace(&mut end, usize::try_from(range.end)?);
            if !names {
                kept.extend_from_slice(component.get(begin..end).unwrap_or_default());
            }
        }
    }
    Ok(kept)
}

fn gzip_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// The component's own imports: those of the modules and components inside it are wired up by it.
fn imports(bytes: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(component (component (import "inner" (instance))) (import "b" (instance)) (import "a" (instance)))`
    const NESTED: &[u8] = b"\0asm\x0d\0\x01\0\
        \x04\x19\0asm\x0d\0\x01\0\x07\x03\x01\x42\0\x0a\x0a\x01\0\x05inner\x05\0\
        \x07\x03\x01\x42\0\x0a\x0b\x02\0\x01b\x05\0\0\x01a\x05\0";

    #[test]
    fn names_go_and_everything_else_stays() -> Result<()> {
        // Names of an inner component stay, its length says so; the length of the outer section is padded.
        let inner = b"\0asm\x0d\0\x01\0\0\x11\x0ecomponent-name\x01\x02";
        let inner_section = [&[4, inner.len() as u8][..], inner].concat();
        let names = b"\0\x92\x80\0\x0ecomponent-name\x01\x02\x03";
        let producers = b"\0\x0b\x09producers\0";
        let head = b"\0asm\x0d\0\x01\0";
        let with = [&head[..], &inner_section, names, producers].concat();
        let without = [&head[..], &inner_section, producers].concat();
        assert_eq!(without_names(&with)?, without);
        assert_eq!(without_names(&without)?, without);
        assert_eq!(without_names(NESTED)?, NESTED);
        assert!(without_names(b"no wasm").is_err());
        Ok(())
    }

    #[test]
    fn only_the_outer_imports_count() -> Result<()> {
        assert_eq!(imports(NESTED)?, ["a", "b"]);
        Ok(())
    }

    #[test]
    fn what_is_not_wasm_is_an_error() {
        assert!(imports(b"plain text").is_err());
    }

    #[test]
    fn gzip_shrinks_repetition() -> Result<()> {
        assert!(gzip_size(&[7; 10_000])? < 100);
        Ok(())
    }
}
