//! `cargo xtask node`: the package for JavaScript, built and tested with the machine's Node.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::progress::run_shown;
use crate::workspace::{Workspace, exit_code};

/// The oldest Node that the package works on.
const OLDEST: u32 = 20;

/// Builds what is missing, then the package, and runs its tests. Says `skipped` and why, and succeeds, on a machine
/// without Node or npm.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return Ok(ExitCode::SUCCESS);
    }
    let folder = workspace.root.join("examples").join("node");
    let component = workspace.components().join("cosmosdb-driver.wasm");
    if !component.is_file() {
        build::run(workspace)?;
    }
    run_shown(
        "building the servers of the tests",
        workspace.cargo(["build", "--workspace", "--bin", "serve"]),
    )?;
    if !is_installed(&folder) {
        npm(&folder, &["ci", "--no-audit", "--no-fund"], &[])?;
    }
    let server = workspace.target.join("debug").join("serve");
    let settings = [
        ("COSMOSDB_DRIVER_WASM", component),
        ("COSMOSDB_TEST_SERVERS", server),
    ];
    npm(&folder, &["run", "build", "--silent"], &settings)?;
    npm(&folder, &["run", "size", "--silent"], &settings)?;
    let mut tests = Command::new("npm");
    tests.args(["test", "--silent"]).current_dir(&folder);
    Ok(exit_code(tests.envs(settings).status()?))
}

/// Why the package cannot be built here; none if it can.
fn missing() -> Option<String> {
    let Some(version) = said("node", "--version") else {
        return Some("there is no `node`".to_owned());
    };
    if major(&version).is_none_or(|major| major < OLDEST) {
        return Some(format!(
            "node is {}, and {OLDEST} is needed",
            version.trim()
        ));
    }
    said("npm", "--version")
        .is_none()
        .then(|| "there is no `npm`".to_owned())
}

/// What a tool says to one argument; none if there is no such tool.
fn said(tool: &str, argument: &str) -> Option<String> {
    let output = Command::new(tool)
        .arg(argument)
        .stderr(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

/// Whether npm has installed what the lock file says: it leaves a copy of it, which is younger.
fn is_installed(folder: &Path) -> bool {
    let changed = |file: PathBuf| file.metadata().and_then(|file| file.modified()).ok();
    let installed = changed(folder.join("node_modules").join(".package-lock.json"));
    installed.is_some_and(|installed| {
        changed(folder.join("package-lock.json")).is_some_and(|wanted| wanted <= installed)
    })
}

fn npm(folder: &Path, args: &[&str], settings: &[(&str, PathBuf)]) -> Result<()> {
    let title = || format!("`npm {}`", args.join(" "));
    let mut command = Command::new("npm");
    command.args(args).current_dir(folder);
    let settings = settings.iter().map(|(name, value)| (name, value));
    let status = command.envs(settings).status().with_context(title)?;
    ensure!(status.success(), "{} failed; its output is above", title());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_begin_with_their_major_number() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        for text in ["", "20.1", "v", "vx.1"] {
            assert_eq!(major(text), None, "{text}");
        }
    }
}
