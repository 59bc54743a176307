//! `cargo xtask bench`: what operations cost, beside other clients.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::build;
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
    /// Only see that it runs: the figures mean nothing.
    #[arg(long)]
    quick: bool,
}

/// Builds the components and the program in `bench`, then runs it. Writes `target/bench.json`, or `bench-scale.json`, or
/// `bench-cold.json`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    build::run(workspace)?;
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
