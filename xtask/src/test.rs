//! `cargo xtask test`: everything that can fail.

use std::ffi::OsString;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::workspace::{FEATURES, Workspace, exit_code};
use crate::{browser, build, guests, node, python};

/// Builds the components, then runs the doc tests and all other tests with `args`; without `args` also those in JavaScript
/// and Python, as far as the machine has the tools.
///
/// The summary of the last runner comes last.
pub(crate) fn run(workspace: &Workspace, args: &[OsString]) -> Result<ExitCode> {
    build::run(workspace)?;
    guests::run(workspace)?;
    let tests = in_rust(workspace, args)?;
    if !args.is_empty() {
        return Ok(tests);
    }
    let node = node::run(workspace)?;
    let browser = browser::run(workspace)?;
    let python = python::run(workspace)?;
    let ends = [tests, node, browser, python];
    let failed = ends.into_iter().find(|end| *end != ExitCode::SUCCESS);
    Ok(failed.unwrap_or(ExitCode::SUCCESS))
}

fn in_rust(workspace: &Workspace, args: &[OsString]) -> Result<ExitCode> {
    if !has_nextest(workspace) {
        // Includes the doc tests.
        return cargo(workspace, &["test", "--workspace", FEATURES], args);
    }
    let docs = cargo(workspace, &["test", "--doc", "--workspace", FEATURES], &[])?;
    let tests = cargo(
        workspace,
        &["nextest", "run", "--workspace", FEATURES],
        args,
    )?;
    Ok(if tests == ExitCode::SUCCESS {
        docs
    } else {
        tests
    })
}

fn cargo(workspace: &Workspace, command: &[&str], args: &[OsString]) -> Result<ExitCode> {
    let status = workspace
        .cargo(command)
        .args(args)
        .status()
        .context("cannot run cargo")?;
    Ok(exit_code(status))
}

fn has_nextest(workspace: &Workspace) -> bool {
    let mut probe = workspace.cargo(["nextest", "--version"]);
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
