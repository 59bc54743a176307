//! Licences and sources of all dependencies, with cargo-deny.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::progress::{self, Output};
use crate::workspace::Workspace;

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// The check itself. Advisories need a database from the network; `deny.toml` says who checks them.
///
/// # Errors
/// cargo-deny is not installed and cannot be.
pub(crate) fn command(workspace: &Workspace) -> Result<Command> {
    let tool = tool(workspace)?;
    Ok(workspace.command(
        tool,
        ["--all-features", "check", "bans", "licenses", "sources"],
    ))
}

fn tool(workspace: &Workspace) -> Result<PathBuf> {
    let root = workspace.target.join("tools");
    let own = root
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let installed = [PathBuf::from("cargo-deny"), own.clone()];
    if let Some(found) = installed
        .into_iter()
        .find(|tool| is_wanted(workspace, tool))
    {
        return Ok(found);
    }
    eprintln!(
        "cargo-deny {VERSION} is missing: installing it into {}",
        root.display()
    );
    let mut install = workspace.cargo(["install", "cargo-deny", "--locked", "--version", VERSION]);
    // Unoptimised it installs three times faster, and still checks within seconds.
    install
        .args(["--no-default-features", "--debug", "--root"])
        .arg(&root);
    let finished = progress::run("installing cargo-deny", install, Output::Keep)?;
    ensure!(
        finished.success,
        "cargo could not install cargo-deny:\n{}",
        finished.said
    );
    Ok(own)
}

fn is_wanted(workspace: &Workspace, tool: &PathBuf) -> bool {
    let output = workspace.command(tool, ["--version"]).output();
    let wanted = format!("cargo-deny {VERSION}");
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == wanted)
}
