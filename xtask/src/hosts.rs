//! `cargo xtask hosts`: one suite of cases in every host of the component that is on this machine.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::js::Skipped;
use crate::progress::run_shown;
use crate::workspace::{Workspace, exit_code};
use crate::{browser, build, guests, node, python};

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
        install(workspace);
    }
    run_shown(
        "building the suite",
        workspace.cargo(["build", "--workspace", "--bin", "hosts"]),
    )?;
    let program = workspace.target.join("debug").join("hosts");
    let mut hosts = workspace.command(program, [""; 0]);
    hosts.env("CARGO_TARGET_DIR", &workspace.target);
    hosts.args(options.only.iter().flat_map(|text| ["--only", text]));
    add(&mut hosts, "Node", node_agent(workspace, "node".into()))?;
    add(&mut hosts, "newer Node", newer_node_agent(workspace))?;
    add(&mut hosts, "Chromium", chromium_agent(workspace))?;
    add(&mut hosts, "Python", python_agent(workspace))?;
    let component = workspace.components().join("cosmosdb-driver.wasm");
    hosts.env("COSMOSDB_DRIVER_WASM", component);
    Ok(exit_code(hosts.status().context("cannot run the suite")?))
}

/// The command of an agent.
type Agent = Vec<PathBuf>;

/// Adds a host, or the reason why it is not there.
fn add(hosts: &mut Command, name: &str, agent: Result<Agent>) -> Result<()> {
    match agent {
        Ok(command) => hosts.args(["--agent", name]).args(command),
        Err(error) => {
            let Skipped(reason) = error.downcast()?;
            hosts.args(["--skipped", name, &reason])
        }
    };
    Ok(())
}

fn node_agent(workspace: &Workspace, program: PathBuf) -> Result<Agent> {
    node::prepare(workspace)?;
    let script = node::folder(workspace).join("test/agent/node.mjs");
    Ok(vec![program, script])
}

fn newer_node_agent(workspace: &Workspace) -> Result<Agent> {
    let program = newer_node(workspace);
    if !program.is_file() {
        return Err(Skipped(format!("{NEWER_NODE} is not installed (--install does it)")).into());
    }
    node_agent(workspace, program)
}

fn chromium_agent(workspace: &Workspace) -> Result<Agent> {
    node::prepare(workspace)?;
    let chromium = browser::prepare(workspace)?;
    let script = browser::folder(workspace).join("test/agent.mjs");
    Ok(vec!["node".into(), script, chromium])
}

fn python_agent(workspace: &Workspace) -> Result<Agent> {
    let python = python::prepare(workspace)?;
    let script = python::folder(workspace).join("tests").join("agent.py");
    Ok(vec![python, script])
}

fn newer_node(workspace: &Workspace) -> PathBuf {
    let modules = workspace.target.join("newer-node").join("node_modules");
    modules.join("node").join("bin").join("node")
}

fn install(workspace: &Workspace) {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]);
    npm.arg(workspace.target.join("newer-node")).arg(NEWER_NODE);
    let mut lists = Command::new("apt-get");
    lists.args(["update", "--quiet"]);
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--yes", "--quiet", "chromium"]);
    for (what, mut tool) in [
        (NEWER_NODE, npm),
        ("Debian's lists", lists),
        ("chromium", apt),
    ] {
        // Without it its host is skipped, and the matrix says so.
        if !tool.status().is_ok_and(|status| status.success()) {
            eprintln!("{what} could not be installed; the messages above say why");
        }
    }
}
