//! `cargo xtask browser`: the data explorer, built, and tested in the machine's Chromium.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::js;
use crate::node;
use crate::workspace::Workspace;

/// What Chromium is called, by distribution.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Builds the package for JavaScript, then the page, and runs its tests without a screen. Says `skipped` and why, and
/// succeeds, on a machine without Node, npm or Chromium.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    js::or_skipped("the data explorer", test(workspace))
}

fn test(workspace: &Workspace) -> Result<ExitCode> {
    let chromium = prepare(workspace)?;
    let mut settings = node::prepare(workspace)?;
    settings.push(("CHROMIUM", chromium));
    js::build(&folder(workspace), "build", &settings)?;
    js::script(&folder(workspace), &["test"], &settings)
}

/// Where the page is.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("examples").join("browser")
}

/// Installs what the page is made with. Returns the machine's Chromium. Errors: Node, npm or Chromium is missing
/// ([`js::Skipped`]).
pub(crate) fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    js::check_tools()?;
    let chromium = chromium().ok_or_else(|| js::lacking("chromium"))?;
    js::install(&folder(workspace))?;
    Ok(chromium)
}

/// The program that CHROMIUM names, or the first one found.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut files = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.find(|file| file.is_file())
}
