//! Where the components are.

use std::path::{Path, PathBuf};

/// The path of a component that `cargo xtask build` made: `cosmosdb-driver.wasm` or `cosmosdb-driver-async.wasm`.
///
/// They lie in `target/components` of the workspace, or of `CARGO_TARGET_DIR`.
pub fn component(file: &str) -> PathBuf {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|target| !target.is_empty());
    let target = target.map_or_else(|| "target".into(), PathBuf::from);
    workspace.join(target).join("components").join(file)
}
