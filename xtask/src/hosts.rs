//! `cargo xtask hosts`: one suite of cases in every host of the component that is on this machine.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace::{Workspace, exit_code};
use crate::{build, guests, node, python};

/// What to do before, and which cases to run.
#[derive(Args)]
pub(crate) struct Options {
    /// First install what hosts need and is missing: a newer Node through npm, Chromium through apt-get.
    #[arg(long)]
    install: bool,
    /// Only the cases with this text in their names.
    #[arg(long)]
    only: Option<String>,
}

/// The newer Node: its package of npm brings the program itself.
const NEWER_NODE: &str = "node@24";

/// Runs the cases and prints the matrix. A host that is missing is named as skipped, with the reason.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    build::run(workspace)?;
    guests::run(workspace)?;
    if options.install {
        install(workspace)?;
    }
    let mut hosts = workspace.cargo(["run", "--quiet", "--workspace", "--bin", "hosts", "--"]);
    hosts.args(options.only.iter().flat_map(|text| ["--only", text]));
    add(&mut hosts, "Node", node_agent(workspace, "node".into())?);
    let newer = newer_node(workspace);
    let newer = if newer.is_file() {
        node_agent(workspace, newer)?
    } else {
        Err(format!("{NEWER_NODE} is not installed: --install"))
    };
    add(&mut hosts, "newer Node", newer);
    add(&mut hosts, "Python", python_agent(workspace)?);
    let component = workspace.components().join("cosmosdb-driver.wasm");
    hosts.env("COSMOSDB_DRIVER_WASM", component);
    Ok(exit_code(hosts.status().context("cannot run cargo")?))
}

/// The command of an agent, or why there is none.
type Agent = Result<Vec<PathBuf>, String>;

fn add(hosts: &mut Command, name: &str, agent: Agent) {
    match agent {
        Ok(command) => hosts.args(["--agent", name]).args(command),
        Err(reason) => hosts.args(["--skipped", name, &reason]),
    };
}

fn node_agent(workspace: &Workspace, program: PathBuf) -> Result<Agent> {
    let script = node::folder(workspace).join("test/agent/node.mjs");
    Ok(node::prepare(workspace)?.map(|()| vec![program, script]))
}

fn python_agent(workspace: &Workspace) -> Result<Agent> {
    let agent = python::folder(workspace).join("tests").join("agent.py");
    Ok(python::prepare(workspace)?.map(|python| vec![python, agent]))
}

fn newer_node(workspace: &Workspace) -> PathBuf {
    let modules = workspace.target.join("newer-node").join("node_modules");
    modules.join("node").join("bin").join("node")
}

fn install(workspace: &Workspace) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]);
    npm.arg(workspace.target.join("newer-node")).arg(NEWER_NODE);
    let status = npm.status().context("cannot run npm")?;
    if !status.success() {
        eprintln!("{NEWER_NODE} could not be installed");
    }
    Ok(())
}
