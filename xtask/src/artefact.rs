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
