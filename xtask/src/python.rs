//! `cargo xtask python`: the package for Python, tested with the machine's Python.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::build;
use crate::js::{self, Skipped};
use crate::progress::run_shown;
use crate::workspace::{Workspace, exit_code};

/// The oldest Python that the package works on: 3.11.
const OLDEST: u32 = 11;

/// Builds what is missing and runs the tests. Says `skipped` and why, and succeeds, on a machine without Python.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    js::or_skipped("the package for Python", test(workspace))
}

fn test(workspace: &Workspace) -> Result<ExitCode> {
    let python = prepare(workspace)?;
    run_shown(
        "building the servers of the tests",
        workspace.cargo(["build", "--workspace", "--bin", "serve"]),
    )?;
    let mut tests = Command::new(&python);
    tests.args(["-m", "unittest", "discover", "-t", ".", "-s", "tests"]);
    tests.current_dir(folder(workspace));
    tests.env("COSMOSDB_DRIVER_WASM", component(workspace));
    tests.env(
        "COSMOSDB_TEST_SERVERS",
        workspace.target.join("debug").join("serve"),
    );
    Ok(exit_code(tests.status()?))
}

/// A Python that has wasmtime, in a virtual environment below target, and the component. Errors: there is no Python, or
/// wasmtime cannot be installed ([`Skipped`]).
pub(crate) fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(reason) = missing() {
        return Err(Skipped(reason).into());
    }
    if !component(workspace).is_file() {
        build::run(workspace)?;
    }
    let environment = workspace.target.join("python");
    let python = environment.join("bin").join("python");
    if !installed(&python) {
        let mut make = Command::new("python3");
        let mut install = Command::new(&python);
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            WASMTIME,
        ]);
        if !succeeds(make.args(["-m", "venv"]).arg(&environment)) || !succeeds(&mut install) {
            let reason = format!("{WASMTIME} could not be installed; the messages above say why");
            return Err(Skipped(reason).into());
        }
    }
    Ok(python)
}

/// The folder of the package.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("examples").join("python")
}

fn component(workspace: &Workspace) -> PathBuf {
    workspace.components().join("cosmosdb-driver.wasm")
}

/// What `pyproject.toml` asks for.
const WASMTIME: &str = "wasmtime==50.0.1";

fn missing() -> Option<String> {
    let output = Command::new("python3").arg("--version").output().ok();
    let Some(output) = output.filter(|output| output.status.success()) else {
        return Some("there is no `python3`".to_owned());
    };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    minor(&version)
        .is_none_or(|minor| minor < OLDEST)
        .then(|| format!("python3 is {version}, and 3.{OLDEST} is needed"))
}

/// The second number of `Python 3.11.7`.
fn minor(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("Python 3.")?;
    minor.split('.').next()?.parse().ok()
}

/// Whether the environment has the wasmtime that is wanted.
fn installed(python: &Path) -> bool {
    let wanted = WASMTIME.rsplit('=').next().unwrap_or_default();
    let print = "from importlib.metadata import version; print(version('wasmtime'))";
    let output = Command::new(python).args(["-c", print]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == wanted)
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn versions_have_a_second_number() {
        assert_eq!(minor("Python 3.11.7"), Some(11));
        assert_eq!(minor("Python 3.14"), Some(14));
        for text in ["", "Python 2.7.18", "Python 3.", "3.11"] {
            assert_eq!(minor(text), None, "{text}");
        }
    }
}
