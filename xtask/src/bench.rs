//! `cargo xtask bench`: what operations cost, beside other clients.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::build;
use crate::js;
use crate::node;
use crate::progress::run_shown;
use crate::workspace::{Workspace, exit_code};

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Cost by operations in flight, containers and key ranges, instead of the comparison.
    #[arg(long)]
    scale: bool,
    /// Compiling, loading, instantiating, and memory, instead of the comparison.
    #[arg(long, conflicts_with = "scale")]
    cold: bool,
    /// The package for JavaScript beside `@azure/cosmos`, instead of the comparison. Needs Node and npm.
    #[arg(long, conflicts_with_all = ["scale", "cold"])]
    js: bool,
    /// Only see that it runs: the figures mean nothing.
    #[arg(long)]
    quick: bool,
}

/// Builds the components and the program in `bench`, then runs it. Writes `target/bench.json`, or `bench-scale.json`, or
/// `bench-cold.json`; what is about JavaScript only prints a table.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    build::run(workspace)?;
    if options.js {
        return js::or_skipped("the benchmark", in_node(workspace, options.quick));
    }
    let target = workspace.target.join("bench");
    let mut build = workspace.cargo(["build", "--release", "--locked", "--manifest-path"]);
    build.arg(workspace.root.join("bench/Cargo.toml"));
    build.env("CARGO_TARGET_DIR", &target);
    run_shown("building the benchmark", build)?;
    let (mode, json) = match options {
        Options { scale: true, .. } => ("--scale", "bench-scale.json"),
        Options { cold: true, .. } => ("--cold", "bench-cold.json"),
        _ => ("--compare", "bench.json"),
    };
    let program = target.join("release").join("bench");
    let mut bench = workspace.command(program, [mode, "--components"]);
    bench.arg(workspace.components());
    bench.arg("--json").arg(workspace.target.join(json));
    if options.quick {
        bench.arg("--quick");
    }
    Ok(exit_code(
        bench.status().context("cannot run the benchmark")?,
    ))
}

/// Builds the package for JavaScript and measures it. Errors: Node or npm is missing, or the registry ([`js::Skipped`]).
fn in_node(workspace: &Workspace, quick: bool) -> Result<ExitCode> {
    let settings = node::prepare(workspace)?;
    let folder = node::folder(workspace);
    js::install(&folder.join("bench"))?;
    let args: &[&str] = if quick {
        &["bench", "--", "--quick"]
    } else {
        &["bench"]
    };
    js::script(&folder, args, &settings)
}
