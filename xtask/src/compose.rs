//! `cargo xtask compose`: puts components together.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::progress::run_shown;
use crate::workspace::{Workspace, exit_code};

/// Builds the tool in `examples/compose`, then runs it with `args`.
pub(crate) fn run(workspace: &Workspace, args: &[OsString]) -> Result<ExitCode> {
    run_shown(
        "building what composes",
        workspace.cargo(["build", "-p", "compose"]),
    )?;
    let mut compose = workspace.cargo(["run", "--quiet", "-p", "compose", "--"]);
    // Files are named as seen from where the caller stands.
    compose.args(args).current_dir(std::env::current_dir()?);
    Ok(exit_code(compose.status()?))
}
