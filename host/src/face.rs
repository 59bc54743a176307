//! Which of the driver's two components a file holds.

use wasmparser::{Parser, Payload};

use crate::bindings::{ASYNC_DRIVER, DRIVER};
use crate::error::Error;

/// The two faces of the driver: one component each, built from the same code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// WASI 0.2: blocking calls, and tasks. One call at a time in one instance.
    Blocking,
    /// WASI 0.3: async calls. Hundreds at once in one instance.
    Async,
}

impl Face {
    /// Reads the component's exports. Errors: not a component, or not this driver.
    pub(crate) fn of(wasm: &[u8]) -> Result<Self, Error> {
        exported_face(wasm)
            .map_err(|error| Error::Load(format!(
                "these bytes are not a WebAssembly component ({error}): \
                 pass the file cosmosdb-driver.wasm or cosmosdb-driver-async.wasm"
            )))?
            .ok_or_else(|| Error::Load(format!(
                "the component exports neither {DRIVER} nor {ASYNC_DRIVER}, so it is not a driver \
                 that this host knows: use component and host of the same version"
            )))
    }
}

fn exported_face(wasm: &[u8]) -> wasmparser::Result<Option<Face>> {
    // Nested components have exports of their own, which do not count.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    match export?.name.name {
                        DRIVER => return Ok(Some(Face::Blocking)),
                        ASYNC_DRIVER => return Ok(Some(Face::Async)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(wat: &str) -> Result<Face, Error> {
        Face::of(&wat::parse_str(wat).unwrap())
    }

    #[test]
    fn faces_are_told_by_their_exports() {
        for (interface, expected) in [(DRIVER, Face::Blocking), (ASYNC_DRIVER, Face::Async)] {
            let wat = format!(r#"(component (instance $i) (export "{interface}" (instance $i)))"#);
            assert_eq!(face(&wat).unwrap(), expected);
        }
    }

    #[test]
    fn others_are_refused() {
        let nested =
            format!(r#"(component (component (instance $i) (export "{DRIVER}" (instance $i))))"#);
        for wat in ["(component)", "(module)", nested.as_str()] {
            let error = face(wat).unwrap_err().to_string();
            assert!(error.contains(ASYNC_DRIVER), "{wat}: {error}");
        }
        let error = Face::of(b"not wasm").unwrap_err().to_string();
        assert!(error.contains("not a WebAssembly component"), "{error}");
    }
}
