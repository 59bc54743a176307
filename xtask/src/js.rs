//! What the packages for JavaScript share: which tools there are, and how npm is called.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use crate::workspace::exit_code;

/// The oldest Node that the packages work on.
const OLDEST: u32 = 20;

/// What npm says when it cannot reach its registry.
const UNREACHABLE: [&str; 6] = [
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENETUNREACH",
    "ENOTFOUND",
    "ETIMEDOUT",
];

/// Why something was left out that this machine cannot do. As an error it ends whatever needs it; see [`or_skipped`].
#[derive(Debug)]
pub(crate) struct Skipped(pub(crate) String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Skipped {}

/// Says `skipped` and why, and takes it for a success. All other errors stay what they are.
pub(crate) fn or_skipped(what: &str, result: Result<ExitCode>) -> Result<ExitCode> {
    result.or_else(|error| {
        let Skipped(reason) = error.downcast()?;
        println!("{what}: skipped: {reason}");
        Ok(ExitCode::SUCCESS)
    })
}

/// Environment variables for npm's scripts.
pub(crate) type Settings = Vec<(&'static str, PathBuf)>;

/// Errors: there is no Node that is new enough, or no npm ([`Skipped`]).
pub(crate) fn check_tools() -> Result<()> {
    let version = said("node", "--version").ok_or_else(|| lacking("node"))?;
    if major(&version).is_none_or(|major| major < OLDEST) {
        let reason = format!("node is {}, and {OLDEST} is needed", version.trim());
        return Err(Skipped(reason).into());
    }
    said("npm", "--version").ok_or_else(|| lacking("npm"))?;
    Ok(())
}

/// A tool that is not there.
pub(crate) fn lacking(tool: &str) -> Skipped {
    Skipped(format!("there is no `{tool}`"))
}

/// What a tool says to one argument; none if there is no such tool.
pub(crate) fn said(tool: &str, argument: &str) -> Option<String> {
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

/// Installs what the lock file says, unless it is there. Errors: npm cannot reach its registry ([`Skipped`]), or it fails
/// for another reason.
pub(crate) fn install(folder: &Path) -> Result<()> {
    if is_installed(folder) {
        return Ok(());
    }
    println!("installing the packages of {}", folder.display());
    let mut install = Command::new("npm");
    install.args(["ci", "--no-audit", "--no-fund", "--fetch-retries=1"]);
    let output = install.current_dir(folder).stdout(Stdio::inherit());
    let output = output.output().context("`npm ci`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && UNREACHABLE.iter().any(|code| said.contains(code)) {
        let reason = format!(
            "npm cannot reach its registry, and {} needs it",
            folder.display()
        );
        return Err(Skipped(reason).into());
    }
    eprint!("{said}");
    ensure!(
        output.status.success(),
        "`npm ci` failed; its output is above"
    );
    Ok(())
}

/// Whether npm has installed what the lock file says: it leaves a copy of it, which is younger.
fn is_installed(folder: &Path) -> bool {
    let changed = |file: PathBuf| file.metadata().and_then(|file| file.modified()).ok();
    let installed = changed(folder.join("node_modules").join(".package-lock.json"));
    installed.is_some_and(|installed| {
        changed(folder.join("package-lock.json")).is_some_and(|wanted| wanted <= installed)
    })
}

/// Runs a script of a package, and passes on how it ended.
pub(crate) fn script(folder: &Path, args: &[&str], settings: &Settings) -> Result<ExitCode> {
    let mut command = Command::new("npm");
    command.args(["run", "--silent"]).args(args);
    command.current_dir(folder);
    let settings = settings.iter().map(|(name, value)| (name, value));
    let status = command.envs(settings).status().context("cannot run npm")?;
    Ok(exit_code(status))
}

/// Runs a script that must succeed.
pub(crate) fn build(folder: &Path, name: &str, settings: &Settings) -> Result<()> {
    let ended = script(folder, &[name], settings)?;
    ensure!(
        ended == ExitCode::SUCCESS,
        "`npm run {name}` failed; its output is above"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use anyhow::anyhow;

    use super::{Skipped, major, or_skipped};

    #[test]
    fn versions_begin_with_their_major_number() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        for text in ["", "20.1", "v", "vx.1"] {
            assert_eq!(major(text), None, "{text}");
        }
    }

    #[test]
    fn what_this_machine_lacks_is_no_failure() {
        let skipped = || Err(Skipped("there is no `node`".to_owned()).into());
        assert_eq!(or_skipped("x", skipped()).ok(), Some(ExitCode::SUCCESS));
        let failed = or_skipped("x", Ok(ExitCode::FAILURE));
        assert_eq!(failed.ok(), Some(ExitCode::FAILURE));
        assert!(or_skipped("x", Err(anyhow!("broken"))).is_err());
    }
}
