//! `cargo xtask guests`: the components beside the driver: plugins, middleware and apps of the examples.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::build::{TARGET, ensure_target, write_if_changed};
use crate::progress::{self, Output};
use crate::workspace::Workspace;

/// The packages, each a component; the file is named like the package.
const GUESTS: [&str; 9] = [
    "cart",
    "compose-caller",
    "hosts-app",
    "hosts-plugin",
    "middleware-faults",
    "middleware-recorder",
    "middleware-signer",
    "plugin-hostile",
    "plugin-orders",
];

/// Builds them all into target/components.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    ensure_target(workspace)?;
    let folder = workspace.target.join("guests");
    let mut cargo = command(workspace, "build");
    cargo
        .args(["--profile", "guest", "--target-dir"])
        .arg(&folder);
    let finished = progress::run("building the examples' components", cargo, Output::Keep)?;
    if !finished.success {
        finished.said.lines().for_each(|line| eprintln!("{line}"));
        bail!("the examples' components could not be built; the messages above say why");
    }
    let built = folder.join(TARGET).join("guest");
    for package in GUESTS {
        let file = built.join(package.replace('-', "_")).with_extension("wasm");
        let component =
            std::fs::read(&file).with_context(|| format!("cargo left no {}", file.display()))?;
        let to = workspace.components().join(package).with_extension("wasm");
        write_if_changed(&component, &to)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `cargo <verb>` for their libraries, without further arguments.
pub(crate) fn command(workspace: &Workspace, verb: &str) -> Command {
    let mut cargo = workspace.cargo([verb, "--lib", "--target", TARGET]);
    cargo.args(GUESTS.iter().flat_map(|package| ["-p", package]));
    cargo
}
