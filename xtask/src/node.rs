//! `cargo xtask node`: the package for JavaScript, built and tested with the machine's Node.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::build;
use crate::js::{self, Settings};
use crate::progress::run_shown;
use crate::workspace::Workspace;

/// Builds what is missing, then the package, and runs its tests. Says `skipped` and why, and succeeds, on a machine
/// without Node or npm.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    js::or_skipped("the package for JavaScript", test(workspace))
}

fn test(workspace: &Workspace) -> Result<ExitCode> {
    let settings = prepare(workspace)?;
    let folder = folder(workspace);
    js::build(&folder, "size", &settings)?;
    js::script(&folder, &["test"], &settings)
}

/// Where the package is.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("examples").join("node")
}

/// Builds the component if there is none, the servers of the tests and the package. Returns what its scripts, and those
/// of what is made from it, need to know. Errors: Node or npm is missing ([`js::Skipped`]).
pub(crate) fn prepare(workspace: &Workspace) -> Result<Settings> {
    js::check_tools()?;
    let folder = folder(workspace);
    js::install(&folder)?;
    let component = workspace.components().join("cosmosdb-driver.wasm");
    if !component.is_file() {
        build::run(workspace)?;
    }
    run_shown(
        "building the servers of the tests",
        workspace.cargo(["build", "--workspace", "--bin", "serve"]),
    )?;
    let settings = vec![
        ("COSMOSDB_DRIVER_WASM", component),
        (
            "COSMOSDB_TEST_SERVERS",
            workspace.target.join("debug").join("serve"),
        ),
    ];
    js::build(&folder, "build", &settings)?;
    Ok(settings)
}
