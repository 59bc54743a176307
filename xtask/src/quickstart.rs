//! `cargo xtask quickstart`: from a fresh clone to a first item.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::build;
use crate::progress::run_shown;
use crate::workspace::{Workspace, exit_code};

/// Builds the components and the example, then runs it with `args`.
pub(crate) fn run(workspace: &Workspace, args: &[OsString]) -> Result<ExitCode> {
    build::run(workspace)?;
    run_shown(
        "building the quickstart",
        workspace.cargo(["build", "-p", "quickstart"]),
    )?;
    let mut example = workspace.cargo(["run", "--quiet", "-p", "quickstart", "--"]);
    Ok(exit_code(example.args(args).status()?))
}
